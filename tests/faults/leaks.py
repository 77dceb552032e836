"""However many come and go, in whatever way, the server is afterwards as it was before.

    python -m tests.faults.leaks [--quick] [--seed N]

Some say hello and goodbye, some only hello, some hang up in the middle of a line, some with a reset, some are a guest
of the plain door, some come in twice; one of eight encrypts. A first tenth warms the server up. After that threads and
descriptors must be back to the start at every rest, and memory must not rise from rest to rest.
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
TARGET: Final = "100,000 connects and leaves: threads and descriptors back to the start, memory flat"
FULL, QUICK = 100_000, 3_000
RESTS: Final = 8
HANDS: Final = 4  # threads that come and go
ENCRYPTED: Final = 0.125
TLS: Final = trusting_context()
MOST_GROWTH: Final = 20.0  # bytes of memory a connection, from the first rest to the last
# Bytes, whatever the number: what thousands are the first to need is kept, and of everybody something for a minute.
NOISE: Final = 7 << 20


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
    connections: int, seed: int, *, rests: int = RESTS, habit: Callable[[], None] | None = None
) -> list[Footprint]:
    """One at each rest; the first one after the warming up."""
    rng = random.Random(seed)
    with serving(habit=habit) as server:
        prints: list[Footprint] = []
        done = 0
        for share in [connections // 10] + [connections * 9 // 10 // rests] * rests:
            _visit(server.port, share, rng)
            done += share
            prints.append(_at_rest(server, done, prints[0] if prints else None))
    return prints


def _visit(port: int, times: int, rng: random.Random) -> None:
    threads = [
        threading.Thread(target=Visitors(port, rng.randrange(10**9), ENCRYPTED).come_and_go, args=(times // HANDS,))
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
    growth, connections = last.resident - first.resident, last.connections - first.connections
    if growth > MOST_GROWTH * connections + NOISE:
        found.append(f"memory grew by {growth / connections:.0f} bytes a connection")
    return found


def tell(prints: Sequence[Footprint]) -> str:
    first, last = prints[0], prints[-1]
    slope = (last.resident - first.resident) / (last.connections - first.connections)
    return (
        f"{last.connections:,} came and went: threads {first.threads} → {last.threads}, descriptors "
        f"{first.descriptors} → {last.descriptors}, memory {first.resident / 1e6:.1f} → {last.resident / 1e6:.1f} MB "
        f"({slope:+.1f} bytes a connection)"
    )


def run(quick: bool, seed: int) -> Finding:
    if not sys.platform.startswith("linux"):
        return Finding(18, PROPERTY, TARGET, "only Linux shows threads, descriptors and memory in /proc", None)
    prints = footprints(QUICK if quick else FULL, seed)
    return finding.found(18, PROPERTY, TARGET, tell(prints), wrong(prints))


if __name__ == "__main__":
    sys.exit(finding.main(run))
