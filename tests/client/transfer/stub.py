"""A server for files that keeps them in memory, and does what a test tells it to do wrong."""

from __future__ import annotations

import re
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from client_parts.link.dialing import Deadline, Place, connect
from client_parts.link.wire import PlainWire, Wire

SECONDS = 10.0
_RANGE = re.compile(r"bytes=(\d+)-")


class FileServer:
    """One connection at a time. Each request takes one of `faults`: an answer, or how many bytes are let through."""

    def __init__(self) -> None:
        self.stored = bytearray()  # of the file that is being sent
        self.size = 0
        self.file = b""  # the one that is fetched
        self.faults: deque[bytes | int | None] = deque()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def dial(self) -> Callable[[Callable[[socket.socket], None]], Wire]:
        place = Place(socket.AF_INET, self._socket.getsockname())
        return lambda hold: PlainWire(connect(place, Deadline(SECONDS), hold))

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                connection.settimeout(SECONDS)
                with connection, suppress(OSError), connection.makefile("rb") as reader:
                    while self._serve(connection, reader):
                        pass

    def _serve(self, connection: socket.socket, reader: object) -> bool:
        first = reader.readline().decode()  # type: ignore[attr-defined]
        if not first:
            return False
        fields: dict[str, str] = {}
        while (line := reader.readline().decode().strip()) != "":  # type: ignore[attr-defined]
            name, _, value = line.partition(": ")
            fields[name.lower()] = value
        self.asked.append((first.split(" HTTP")[0], fields))
        fault = self.faults.popleft() if self.faults else None
        if isinstance(fault, bytes):
            connection.sendall(fault)
            return False
        if first.startswith("PATCH"):
            return self._take(connection, reader, fields, fault)
        return self._give(connection, fields, fault)

    def _take(self, connection: socket.socket, reader: object, fields: dict[str, str], most: int | None) -> bool:
        offset, length = int(fields["upload-offset"]), int(fields["content-length"])
        if offset != len(self.stored):
            connection.sendall(answer(409, {"Upload-Offset": len(self.stored)}))
            return False
        self.stored += reader.read(length if most is None else most)  # type: ignore[attr-defined]
        if most is not None:
            return False
        if len(self.stored) == self.size:
            connection.sendall(answer(201))
        else:
            connection.sendall(answer(204, {"Upload-Offset": len(self.stored)}))
        return True

    def _give(self, connection: socket.socket, fields: dict[str, str], most: int | None) -> bool:
        found = _RANGE.fullmatch(fields.get("range", ""))
        first = int(found[1]) if found else 0
        data = self.file[first:]
        part = {"Content-Range": f"bytes {first}-{len(self.file) - 1}/{len(self.file)}"} if found else {}
        connection.sendall(answer(206 if found else 200, {**part, "Content-Length": len(data)}))
        connection.sendall(data if most is None else data[:most])
        return most is None


def answer(status: int, fields: dict[str, str | int] | None = None, body: str = "") -> bytes:
    given = {"Content-Length": len(body), "Content-Type": "text/plain", **(fields or {})}
    lines = [f"HTTP/1.1 {status} x", *(f"{name}: {value}" for name, value in given.items()), "", body]
    return "\r\n".join(lines).encode()


@contextmanager
def file_server() -> Iterator[FileServer]:
    server = FileServer()
    try:
        yield server
    finally:
        server.close()
