"""The server of the tutorials, made correct: a thread per client, and a loop of `sendall` under a lock.

    python tests/bench/tutorial_server.py PORT [FILE]

Whole lines, no time-outs, no names, nothing stored. It is what server.py is compared with, so it does no more work for
a message than that design needs. With a FILE each line is on disk there before anybody is told, as cheaply as a disk
allows: what a server must at least cost that promises this. Nothing could read it again.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import sys
import threading

GREETING = b"* hello client *\n"
JOURNAL_SIZE = 1 << 22  # bytes that are there from the start, and written over: a file that grows takes longer to sync


class TutorialServer:
    def __init__(self, port: int, file: str | None = None) -> None:
        self.listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self.clients: list[socket.socket] = []
        self.lock = threading.Lock()  # guards the list, and that a line goes out whole
        self.service_log = None if file is None else _make_journal(file)
        self.written = 0

    def run(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection: socket.socket) -> None:
        with self.lock:
            self.clients.append(connection)
            connection.sendall(GREETING)
        buffer = b""
        with contextlib.suppress(OSError):
            while data := connection.recv(65_536):
                *lines, buffer = (buffer + data).split(b"\n")
                for line in lines:
                    self.broadcast(line + b"\n")
        with self.lock:
            if connection in self.clients:
                self.clients.remove(connection)
        connection.close()

    def broadcast(self, line: bytes) -> None:
        with self.lock:
            if self.service_log is not None:
                self.write_down(self.service_log, line)
            for client in list(self.clients):
                try:
                    client.sendall(line)
                except OSError:
                    self.clients.remove(client)

    def write_down(self, service_log: int, line: bytes) -> None:
        os.pwrite(service_log, line, self.written % (JOURNAL_SIZE - len(line)))
        os.fdatasync(service_log)
        self.written += len(line)


def _make_journal(file: str) -> int:
    service_log = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    os.write(service_log, bytes(JOURNAL_SIZE))
    os.fsync(service_log)
    return service_log


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    TutorialServer(int(sys.argv[1]), *sys.argv[2:]).run()
