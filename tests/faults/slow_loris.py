"""Connections that never finish what they begin hold no place, and keep nobody out.

    python -m tests.faults.slow_loris [--quick] [--seed N]

Thousands of them at once: half a hello, a hello byte by byte (in clear and encrypted), a line byte by byte, a TLS hello
and no more, a web request without its end. Silent ones are among them too; silence is what the plain door takes for a
guest who listens, so those stay, and must keep nobody out either. The quick form has a server with less patience.
"""

from __future__ import annotations

import json
import random
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Final, NamedTuple, Self

from tests.bench.contestants import Server
from tests.faults import finding, odd_server
from tests.faults.actors import slowly
from tests.faults.finding import Finding
from tests.peers import WAIT, Native
from tests.tls.certificates import trusting_context

PROPERTY: Final = "slow-loris"
TARGET: Final = "2,000 dripping: all cut ≤ 15 s, a new login meanwhile ≤ 1 s"
ROUND: Final = 0.08  # seconds between two bytes of a line: less than the silence that would end it
HELLO_ROUNDS: Final = 10  # between two bytes of a hello
LOOK_ROUNDS: Final = 5  # between two looks at who is left
ARRIVALS: Final = 40  # a round
LOGIN_PAUSE: Final = 0.2
MOST_LOGIN: Final = 1.0


class Shape(NamedTuple):
    connections: int
    most_seconds: float
    habit: Callable[[], None] | None


FULL: Final = Shape(2_000, 15.0, None)
QUICK: Final = Shape(200, 5.0, odd_server.hurry)


def half_a_hello() -> Iterator[bytes]:
    yield b'{"type":"hello",'


def a_hello_in_drops() -> Iterator[bytes]:
    hello = json.dumps({"type": "hello", "protocol": 1, "name": "x" * 3_000, "session": secrets.token_hex(16)})
    for character in hello:
        yield character.encode()
        yield from [b""] * HELLO_ROUNDS


def a_line_in_drops() -> Iterator[bytes]:
    yield from (b"x" for _ in range(100_000))


def a_web_request_in_drops() -> Iterator[bytes]:
    yield from (character.encode() for character in "GET /" + "x" * 100_000)


def half_a_tls_hello() -> Iterator[bytes]:
    yield b"\x16\x03\x01\x02\x00\x01"


def an_encrypted_hello_in_drops() -> Iterator[bytes]:
    return a_hello_in_drops()


def silence() -> Iterator[bytes]:
    yield from ()


DRIPPING: Final = {
    half_a_hello: 8,
    a_hello_in_drops: 8,
    a_line_in_drops: 1,
    a_web_request_in_drops: 1,
    half_a_tls_hello: 2,
    an_encrypted_hello_in_drops: 2,
}  # and how many of 22 do so
SILENT_SHARE: Final = 10  # one in so many


class Crowd:
    """Connections that drip, each in its own way, and never close of their own accord."""

    def __init__(self, port: int, rng: random.Random, count: int) -> None:
        self._port = port
        self.silent = count // SILENT_SHARE
        self.dripping = count - self.silent
        self._ways = [silence] * self.silent + rng.choices([*DRIPPING], [*DRIPPING.values()], k=self.dripping)
        rng.shuffle(self._ways)
        self._connections: list[socket.socket] = []
        self._dripping: dict[int, tuple[socket.socket, Iterator[bytes]]] = {}

    def arrive(self) -> None:
        while self._ways:
            next_round = time.monotonic() + ROUND
            for _ in range(min(ARRIVALS, len(self._ways))):
                self._connect(len(self._connections), self._ways.pop())
            self.drip()
            time.sleep(max(next_round - time.monotonic(), 0.0))

    def _connect(self, number: int, way: Callable[[], Iterator[bytes]]) -> None:
        source = (f"127.0.1.{1 + number % 8}", 0)
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=WAIT, source_address=source)
        if way is an_encrypted_hello_in_drops:
            connection = trusting_context().wrap_socket(connection)
        connection.setblocking(False)
        self._connections.append(connection)
        self._dripping[number] = connection, way()

    def drip(self) -> None:
        for number, (connection, drops) in list(self._dripping.items()):
            try:
                drop = next(drops)
                if drop:
                    connection.send(drop)
            except BlockingIOError:
                pass  # its window is full
            except (OSError, StopIteration):
                del self._dripping[number]  # cut, or there is nothing more to come

    def close(self) -> None:
        for connection in self._connections:
            connection.close()


class Logins:
    """Somebody comes in again and again, and how long it took each time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.seconds: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="logins")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(2 * WAIT)
        assert not self._thread.is_alive(), "a login does not end"

    def _run(self) -> None:
        while not self._over.wait(LOGIN_PAUSE):
            begun = time.monotonic()
            try:
                with Native(self._port, f"n-{secrets.token_hex(4)}") as newcomer:
                    self.seconds.append(time.monotonic() - begun)
                    newcomer.leave()
            except Exception:  # whatever it was: nobody came in
                self.seconds.append(time.monotonic() - begun + WAIT)


class Siege(NamedTuple):
    shape: Shape
    dripping: int
    silent: int
    cut_after: float | None  # seconds from the last connect until the last that drips is gone
    logins: Sequence[float]
    guests: int  # of the silent ones, still there

    def __str__(self) -> str:
        cut = "never" if self.cut_after is None else f"within {self.cut_after:.1f} s"
        return (
            f"{self.dripping:,} dripping cut {cut}; {len(self.logins)} logins meanwhile, the slowest "
            f"{max(self.logins):.2f} s; {self.guests} of {self.silent} silent ones stay as listening guests"
        )

    def wrong(self) -> list[str]:
        found = []
        if self.cut_after is None or self.cut_after > slowly(self.shape.most_seconds):
            found.append(f"not all were cut within {self.shape.most_seconds:.0f} s")
        if max(self.logins) > slowly(MOST_LOGIN):
            found.append(f"a login took {max(self.logins):.2f} s")
        if self.guests != self.silent:
            found.append(f"{self.guests} guests of {self.silent} are there")
        return found


def besiege(shape: Shape, seed: int, habit: Callable[[], None] | None = None) -> Siege:
    with odd_server.serving(habit=habit or shape.habit) as server, Native(server.port, "witness") as witness:
        inside = odd_server.connections_of(server)
        with Logins(server.port) as logins:
            crowd = Crowd(server.port, random.Random(seed), shape.connections)
            try:
                crowd.arrive()
                Native(server.port, "latecomer").close()  # who is accepted after all of them
                begun = time.monotonic()
                cut = _drip_until_cut(server, crowd, inside + crowd.silent, begun + slowly(shape.most_seconds) + 1)
                guests = sum(m["name"].startswith("guest") for f in witness.ask("who") for m in f.get("members", ()))
            finally:
                crowd.close()
    after = None if cut is None else cut - begun
    return Siege(shape, crowd.dripping, crowd.silent, after, logins.seconds, guests)


def _drip_until_cut(server: Server, crowd: Crowd, goal: int, until: float) -> float | None:
    """When only those are left who may stay."""
    while time.monotonic() < until:
        for _ in range(LOOK_ROUNDS):
            next_round = time.monotonic() + ROUND
            crowd.drip()
            time.sleep(max(next_round - time.monotonic(), 0.0))
        if odd_server.connections_of(server) <= goal:
            return time.monotonic()
    return None


def run(quick: bool, seed: int) -> Finding:
    siege = besiege(QUICK if quick else FULL, seed)
    return finding.found(11, PROPERTY, TARGET, str(siege), siege.wrong())


if __name__ == "__main__":
    sys.exit(finding.main(run))
