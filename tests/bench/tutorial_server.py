"""The server of the tutorials, made correct: a thread per client, and a loop of `sendall` under a lock.

    python tests/bench/tutorial_server.py PORT

Whole lines, no time-outs, no names, nothing stored. It is what server.py is compared with, so it does no more work for
a message than that design needs.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import sys
import threading

GREETING = b"* hello client *\n"


class TutorialServer:
    def __init__(self, port: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self.clients: list[socket.socket] = []
        self.lock = threading.Lock()  # guards the list, and that a line goes out whole

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
            for client in list(self.clients):
                try:
                    client.sendall(line)
                except OSError:
                    self.clients.remove(client)


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    TutorialServer(int(sys.argv[1])).run()
