"""However many come and go, in whatever way, the server is afterwards as it was before.

    python -m tests.faults.leaks [--quick] [--seed N]

Some say hello and goodbye, some only hello, some hang up in the middle of a line, some with a reset, some are a guest
of the plain door, some come in twice; one of eight encrypts, and in a second run all do. A first tenth warms the server
up. After that threads and descriptors must be back to the start at every rest. Memory rises at first: the server
remembers who bore the last 10,000 names, and which 10,000 sessions left last. In the last third of the connections,
when these tables are full, it must not rise any more.
"""

from __future__ import annotations

import json
import random
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final, NamedTuple

from tests.bench.contestants import Server
from tests.faults import finding
from tests.faults.actors import hang_up
from tests.faults.finding import Finding
from tests.faults.odd_server import serving
from tests.peers import WAIT, wait_until
from tests.tls.certificates import trusting_context

PROPERTY: Final = "no leaks"
TARGET: Final = "100,000 connects and leaves: threads and descriptors back to the start, memory flat in the last third"
RESTS: Final = 9  # after the warming up: the last three are a third of all
HANDS: Final = 4  # threads that come and go
TLS: Final = trusting_context()
MOST_GROWTH: Final = 20.0  # bytes of memory a connection, from the first rest to the last
# Bytes, whatever the number: what thousands are the first to need is kept, and of everybody something for a minute.
NOISE: Final = 7 << 20
# The same for the last third, if it comes after so many connections that all tables are full. What rises there without
# a leak is how well memory is used.
FULL_TABLES: Final = 20_000
MOST_LATE_GROWTH: Final = 40.0
LATE_NOISE: Final = 1 << 20


class Course(NamedTuple):
    connections: int
    encrypted: float  # how many of all


FULL: Final = (Course(100_000, 0.125), Course(36_000, 1.0))
QUICK: Final = (Course(3_000, 0.125),)


class Footprint(NamedTuple):
    connections: int  # that ever were
    threads: int
    descriptors: int
    resident: int


class Visitors:
    """Come and go, each in one of several ways."""

    numbers = count()

    def __init__(self, port: int, seed: int, encrypted: float = 0.0) -> None:
        """`encrypted`: how many of all encrypt."""
        self._port, self._random, self._encrypted = port, random.Random(seed), encrypted
        self._ways = (self._polite, self._curt, self._rude, self._half_a_line, self._no_word, self._guest, self._twice)

    def come_and_go(self, times: int) -> None:
        for _ in range(times):
            self._random.choice(self._ways)()

    def _connect(self) -> socket.socket:
        # From many addresses, so that ports do not run out.
        source = (f"127.{self._random.randrange(1, 250)}.{self._random.randrange(250)}.1", 0)
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=WAIT, source_address=source)
        return TLS.wrap_socket(connection) if self._random.random() < self._encrypted else connection

    def _enter(self, session: str = "") -> socket.socket:
        connection = self._connect()
        # Without a token a session is resumed under its own name.
        name = f"s{session[:8]}" if session else f"v{next(self.numbers)}"
        session = session or secrets.token_hex(10)
        hello = {"type": "hello", "protocol": 1, "name": name, "session": session, "history": 0}
        connection.sendall(json.dumps(hello).encode() + b"\n")
        while b'"history"' not in connection.recv(65_536):
            pass
        return connection

    def _polite(self) -> None:
        connection = self._enter()
        connection.sendall(b'{"type":"bye"}\n')
        while connection.recv(65_536):
            pass
        connection.close()

    def _curt(self) -> None:
        hang_up(self._enter(), hard=False)

    def _rude(self) -> None:
        hang_up(self._enter(), hard=True)

    def _half_a_line(self) -> None:
        connection = self._connect()
        connection.sendall(b'{"type":"hello","name":"half')
        hang_up(connection, hard=self._random.random() < 0.5)

    def _no_word(self) -> None:
        hang_up(self._connect(), hard=False)

    def _guest(self) -> None:
        connection = self._connect()
        connection.sendall(b"/who\nover\n")
        while connection.recv(65_536):
            pass
        connection.close()

    def _twice(self) -> None:
        session = secrets.token_hex(10)
        first, second = self._enter(session), self._enter(session)
        first.close()
        second.close()


def footprints(
    course: Course, seed: int, *, rests: int = RESTS, habit: Callable[[], None] | None = None
) -> list[Footprint]:
    """One at each rest; the first one after the warming up."""
    rng = random.Random(seed)
    with serving(habit=habit) as server:
        prints: list[Footprint] = []
        done = 0
        for share in [course.connections // 10] + [course.connections * 9 // 10 // rests] * rests:
            _visit(server.port, share, rng, course.encrypted)
            done += share
            prints.append(_at_rest(server, done, prints[0] if prints else None))
    return prints


def _visit(port: int, times: int, rng: random.Random, encrypted: float) -> None:
    threads = [
        threading.Thread(target=Visitors(port, rng.randrange(10**9), encrypted).come_and_go, args=(times // HANDS,))
        for _ in range(HANDS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _at_rest(server: Server, done: int, wanted: Footprint | None) -> Footprint:
    """When all have left, or will not; a server that is still busy with them is no leak."""
    goal = wanted or Footprint(0, 0, 0, 0)

    def calm() -> bool:
        return server.threads() <= goal.threads and server.descriptors() <= goal.descriptors

    if wanted is None:
        time.sleep(1.0)
    else:
        wait_until(calm, 5.0)
    return Footprint(done, server.threads(), server.descriptors(), server.resident())


def wrong(prints: Sequence[Footprint]) -> list[str]:
    first, last = prints[0], prints[-1]
    found = [
        f"{getattr(last, what)} {what} after {last.connections:,}, {getattr(first, what)} at first"
        for what in ("threads", "descriptors")
        if getattr(last, what) > getattr(first, what)
    ]
    growth, connections = _growth(first, last)
    if growth > MOST_GROWTH * connections + NOISE:
        found.append(f"memory grew by {growth / connections:.0f} bytes a connection")
    growth, connections = _growth(last_third(prints), last)
    if is_late(prints) and growth > MOST_LATE_GROWTH * connections + LATE_NOISE:
        found.append(f"memory goes on growing, by {growth / connections:.0f} bytes a connection in the last third")
    return found


def _growth(first: Footprint, last: Footprint) -> tuple[int, int]:
    """Bytes of memory, and connections."""
    return last.resident - first.resident, last.connections - first.connections


def last_third(prints: Sequence[Footprint]) -> Footprint:
    """Where it begins."""
    return next(one for one in reversed(prints) if one.connections <= prints[-1].connections * 0.71)


def is_late(prints: Sequence[Footprint]) -> bool:
    """Whether all tables are full when the last third begins."""
    return last_third(prints).connections >= FULL_TABLES


def tell(prints: Sequence[Footprint]) -> str:
    first, third, last = prints[0], last_third(prints), prints[-1]
    growth, connections = _growth(third, last)
    return (
        f"{last.connections:,} came and went: threads {first.threads} → {last.threads}, descriptors "
        f"{first.descriptors} → {last.descriptors}, memory {first.resident / 1e6:.1f} MB after {first.connections:,}, "
        f"{third.resident / 1e6:.1f} after {third.connections:,}, {last.resident / 1e6:.1f} at last "
        f"({growth / connections:+.1f} bytes a connection in the last third)"
    )


def run(quick: bool, seed: int) -> Finding:
    if not sys.platform.startswith("linux"):
        return Finding(18, PROPERTY, TARGET, "only Linux shows threads, descriptors and memory in /proc", None)
    runs = [footprints(course, seed) for course in (QUICK if quick else FULL)]
    figure = "; all encrypted: ".join(map(tell, runs))
    return finding.found(18, PROPERTY, TARGET, figure, [problem for prints in runs for problem in wrong(prints)])


if __name__ == "__main__":
    sys.exit(finding.main(run))
