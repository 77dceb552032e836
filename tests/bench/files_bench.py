"""Files beside a room where people talk: `python -m tests.bench --files [--seconds N]`.

Measures how long somebody waits for the receipt of a text: while nothing else happens, while four files are received,
and while four are fetched, both at the default rate. Then it measures how fast files travel without that limit. Whoever
sends or fetches is a process of its own, so that only the server is shared.
"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.bench.log_bench import Row, print_table, row
from tests.bench.targets import BESIDE_FILES, FILE_RATE
from tests.peers import Native
from tests.programs import server_program
from tests.sending import reserve

TRANSFERS: Final = 4
LARGE: Final = 256 * 1024**2  # bytes of a file
BLOCK: Final = bytes(1024**2)
TEXT: Final = (
    "A text of about a hundred characters, as people write them when they talk about their day and their work."
)
PAUSE: Final = 0.02  # seconds between two texts
Transfer = Callable[[int, str, int], None]
Process = multiprocessing.context.ForkProcess
_FORK: Final = multiprocessing.get_context("fork")


def _head(port: int, method: str, url: str, fields: str = "") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(f"{method} {url} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode())
    return connection


def send_file(port: int, url: str, size: int) -> None:
    """All of a file; whoever is cut off just ends."""
    with _head(port, "PUT", url, f"Content-Length: {size}\r\n") as connection:
        try:
            for _ in range(size // len(BLOCK)):
                connection.sendall(BLOCK)
            while connection.recv(65_536):
                pass
        except OSError:
            return


def fetch_file(port: int, url: str, size: int) -> None:
    with _head(port, "GET", url) as connection:
        try:
            while connection.recv(1024**2):
                pass
        except OSError:
            return


@contextmanager
def transfers(port: int, run: Transfer, urls: Sequence[str], size: int = LARGE) -> Iterator[None]:
    """All of them at once, each in a process of its own. What is not done at the end is broken off."""
    processes = started(port, run, urls, size)
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def started(port: int, run: Transfer, urls: Sequence[str], size: int = LARGE) -> list[Process]:
    processes = [_FORK.Process(target=run, args=(port, url, size), daemon=True) for url in urls]
    for process in processes:
        process.start()
    return processes


def waits(talker: Native, seconds: float) -> list[float]:
    """Milliseconds until each receipt came, in rising order."""
    found = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        begun = time.monotonic()
        talker.tell(TEXT)
        found.append(1000 * (time.monotonic() - begun))
        time.sleep(PAUSE)
    return sorted(found)


def _places(port: int, size: int = LARGE) -> list[str]:
    """Where a large file of each of so many people may be sent."""
    people = [Native(port, f"sender{number}") for number in range(TRANSFERS)]
    return [str(reserve(person, "large.bin", size)["url"]) for person in people]


def beside(folder: Path, seconds: float, size: int = LARGE) -> Iterator[Row]:
    """How long receipts take."""
    flags = ("--data", str(folder / "talking"), "--file-size", "1G", "--rate", "0")
    with server_program(*flags) as server, Native(server.port, "talker") as talker:
        yield row("nothing else", waits(talker, seconds))
        with transfers(server.port, send_file, _places(server.port, size), size):
            yield row(f"{TRANSFERS} files are received", waits(talker, seconds), BESIDE_FILES)
        files = [_shared(server.port, "giver", size)] * TRANSFERS
        with transfers(server.port, fetch_file, files, size):
            yield row(f"{TRANSFERS} files are fetched", waits(talker, seconds), BESIDE_FILES)


def _shared(port: int, name: str, size: int = LARGE) -> str:
    """The path of a large file that was said."""
    giver = Native(port, name)
    place = reserve(giver, "large.bin", size)
    send_file(port, str(place["url"]), size)
    giver.until("message", seq=giver.say("", file=place["id"]))
    return f"/files/{place['id']}/large.bin"


def speed(folder: Path, size: int = LARGE) -> Iterator[Row]:
    """How many bytes a second travel without a limit, all together."""
    flags = ("--data", str(folder / "fast"), "--file-size", "1G", "--file-rate", "0", "--rate", "0")
    with server_program(*flags) as server:
        for what, run, urls in (
            ("received", send_file, _places(server.port, size)),
            ("fetched", fetch_file, [_shared(server.port, "giver", size)] * TRANSFERS),
        ):
            begun = time.monotonic()
            for process in started(server.port, run, urls, size):
                process.join()
            rate = TRANSFERS * size / (time.monotonic() - begun)
            yield Row(f"{TRANSFERS} files {what}, no limit", f"{rate / 1e6:,.0f} MB/s", rate=rate)


def run(folder: Path, seconds: float) -> int:
    rows = [*beside(folder, seconds), *speed(folder)]
    print_table(rows)
    missed = any(row.is_late or (row.rate or 1e6 * FILE_RATE) < 1e6 * FILE_RATE for row in rows)
    verdict = "missed" if missed else "met"
    print(f"targets: 99 % within {BESIDE_FILES:.0f} ms, {FILE_RATE:.0f} MB a second: {verdict}")
    return 1 if missed else 0
