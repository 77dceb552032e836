"""Large files: the server's memory stays as it was, and it stops in time in the middle of them.

CHAT_TEST_FILE_MB sets how large: 300 if not set. 2048 is worth a try now and then.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Final

import pytest

from tests.browsers import request_head
from tests.peers import Native
from tests.programs import ServerProgram, server_program
from tests.sending import reserve

MB: Final = 1024**2
SIZE: Final = int(os.environ.get("CHAT_TEST_FILE_MB", "300")) * MB
BLOCK: Final = bytes(MB)
MOST: Final = 40 * MB  # that the server may take more while it sends and receives

pytestmark = [pytest.mark.thorough, pytest.mark.once, pytest.mark.timeout(300)]


class Watch(threading.Thread):
    """The most that a process has in memory while it is watched."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self._path = Path(f"/proc/{pid}/status")
        self._ended = threading.Event()
        self.begun = self.most = self._now()
        self.start()

    def _now(self) -> int:
        found = re.search(r"VmRSS:\s+(\d+)", self._path.read_text())
        assert found is not None
        return int(found[1]) * 1024

    def run(self) -> None:
        while not self._ended.wait(0.02):
            self.most = max(self.most, self._now())

    def grown(self) -> int:
        self._ended.set()
        self.join()
        return self.most - self.begun


def send(port: int, url: str, size: int = SIZE) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request_head(url, "PUT", {"Host": "localhost", "Content-Length": str(SIZE)}))
        for _ in range(size // MB):
            connection.sendall(BLOCK)
        if size == SIZE:
            assert connection.recv(12) == b"HTTP/1.1 201"


def fetch(port: int, url: str) -> int:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request_head(url, fields={"Host": "localhost"}))
        got = 0
        while data := connection.recv(MB):
            got += len(data)
    return got


def program(folder: Path, rate: str = "0") -> tuple[str, ...]:
    return "--data", str(folder / "data"), "--file-size", "4G", "--file-space", "20G", "--file-rate", rate


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
def test_memory_stays_flat(tmp_path: Path) -> None:
    """While a large file is received, fetched, and fetched by somebody who reads slowly."""
    with server_program(*program(tmp_path)) as server, Native(server.port, "alice") as alice:
        place = reserve(alice, "large.bin", SIZE)
        watch = Watch(server.process.pid)
        send(server.port, place["url"])
        alice.until("message", wait=60.0, seq=alice.say("", file=place["id"]))
        path = f"/files/{place['id']}/large.bin"
        with socket.create_connection(("127.0.0.1", server.port)) as slow:
            slow.sendall(request_head(path, fields={"Host": "localhost"}))
            assert fetch(server.port, path) > SIZE
            slow.recv(MB)
        assert watch.grown() < MOST


def test_a_server_that_holds_it_all_is_found_out() -> None:
    """The watch sees what this process takes."""
    watch = Watch(os.getpid())
    held = [os.urandom(MB) for _ in range(2 * MOST // MB)]
    time.sleep(0.1)
    assert watch.grown() > MOST
    assert len(held) == 2 * MOST // MB


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_stops_in_the_middle(tmp_path: Path, number: signal.Signals) -> None:
    """Within 5 seconds, while a file is received and another is fetched; in the end it says so, and nothing else."""
    with server_program(*program(tmp_path, rate="2")) as server, Native(server.port, "alice") as alice:
        first = reserve(alice, "a.bin", SIZE)
        second = reserve(alice, "b.bin", 2 * MB)
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(request_head(second["url"], "PUT", {"Host": "localhost", "Content-Length": str(2 * MB)}))
            connection.sendall(BLOCK * 2)
            assert connection.recv(12) == b"HTTP/1.1 201"
        alice.until("message", seq=alice.say("", file=second["id"]))
        ends = _under_way(server, first["url"], f"/files/{second['id']}/b.bin")
        begun = time.monotonic()
        assert server.stop(number) == 0
        assert time.monotonic() - begun < 5.0
        for end in ends:
            end.close()
    assert "Traceback" not in server.printed.decode()


def _under_way(server: ServerProgram, sending: str, fetching: str) -> list[socket.socket]:
    """An upload that never ends, and a download that is slow."""
    up, down = (socket.create_connection(("127.0.0.1", server.port)) for _ in range(2))
    up.sendall(request_head(sending, "PUT", {"Host": "localhost", "Content-Length": str(SIZE)}) + bytes(1000))
    down.sendall(request_head(fetching, fields={"Host": "localhost"}))
    assert down.recv(12) == b"HTTP/1.1 200"
    return [up, down]
