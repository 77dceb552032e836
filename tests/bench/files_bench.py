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
WAIT_TARGET: Final = 25.0  # ms, of 99 in 100
RATE_TARGET: Final = 200.0  # MB a second, all together
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
def transfers(port: int, run: Transfer, urls: Sequence[str]) -> Iterator[None]:
    """All of them at once, each in a process of its own. What is not done at the end is broken off."""
    processes = _started(port, run, urls)
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _started(port: int, run: Transfer, urls: Sequence[str]) -> list[Process]:
    processes = [_FORK.Process(target=run, args=(port, url, LARGE)) for url in urls]
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


def _places(port: int) -> list[str]:
    """Where a large file of each of so many people may be sent."""
    people = [Native(port, f"sender{number}") for number in range(TRANSFERS)]
    return [str(reserve(person, "large.bin", LARGE)["url"]) for person in people]


def _line(what: str, found: Sequence[float]) -> tuple[str, float]:
    middle, most = found[len(found) // 2], found[int(len(found) * 0.99)]
    return f"{what:<34} {middle:8.1f} {most:8.1f}   ms, 50 and 99 %, of {len(found)} texts", most


def beside(folder: Path, seconds: float) -> bool:
    """How long receipts take; whether that is short enough."""
    flags = ("--data", str(folder / "talking"), "--file-size", "1G", "--rate", "0")
    with server_program(*flags) as server, Native(server.port, "talker") as talker:
        text, _ = _line("nothing else", waits(talker, seconds))
        print(text, flush=True)
        with transfers(server.port, send_file, _places(server.port)):
            text, sending = _line(f"{TRANSFERS} files are received", waits(talker, seconds))
        print(text, flush=True)
        files = [_shared(server.port, "giver")] * TRANSFERS
        with transfers(server.port, fetch_file, files):
            text, fetching = _line(f"{TRANSFERS} files are fetched", waits(talker, seconds))
        print(text, flush=True)
    return max(sending, fetching) <= WAIT_TARGET


def _shared(port: int, name: str) -> str:
    """The path of a large file that was said."""
    giver = Native(port, name)
    place = reserve(giver, "large.bin", LARGE)
    send_file(port, str(place["url"]), LARGE)
    giver.until("message", seq=giver.say("", file=place["id"]))
    return f"/files/{place['id']}/large.bin"


def speed(folder: Path) -> bool:
    """How fast files travel without a limit; whether that is fast enough."""
    flags = ("--data", str(folder / "fast"), "--file-size", "1G", "--file-rate", "0", "--rate", "0")
    with server_program(*flags) as server:
        rates = []
        for what, run, urls in (
            ("received", send_file, _places(server.port)),
            ("fetched", fetch_file, [_shared(server.port, "giver")] * TRANSFERS),
        ):
            begun = time.monotonic()
            for process in _started(server.port, run, urls):
                process.join()
            rates.append(TRANSFERS * LARGE / 1e6 / (time.monotonic() - begun))
            print(f"{TRANSFERS} files {what}, no limit {rates[-1]:20.0f}   MB a second, all together", flush=True)
    return min(rates) >= RATE_TARGET


def run(folder: Path, seconds: float) -> int:
    met = [beside(folder, seconds), speed(folder)]
    print(
        f"targets: 99 % within {WAIT_TARGET:.0f} ms, {RATE_TARGET:.0f} MB a second: {'met' if all(met) else 'missed'}"
    )
    return 0 if all(met) else 1
