"""A server under full load that is asked to stop: in time, with a word to everybody, and with every receipt kept.

    python -m tests.faults.clean_stop [--quick] [--seed N]

Talkers say as much as they can to a room full of listeners, two of whom do not read. At an instant by the seed the
server gets a signal. A second signal must cut short the waiting for those two, and still lose nothing.
"""

from __future__ import annotations

import json
import random
import secrets
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.contestants import data_folder
from tests.faults import finding
from tests.faults.actors import ServerProcess, slowly
from tests.faults.finding import Finding
from tests.peers import WAIT, wait_until

PROPERTY: Final = "clean stop"
TARGET: Final = "SIGTERM and Ctrl+C under load: ≤ 5 s, every receipt in the log, clients told, exit 0"
MOST_SECONDS: Final = 5.0
TALKERS: Final = 4
WINDOW: Final = 50  # texts that each has on their way
TAIL: Final = 400  # bytes: a goodbye and the line before it
SLOW: Final = 2  # who do not read


class Shape(NamedTuple):
    listeners: int
    seconds: float  # of load at most, before the signal
    rounds: int  # of each signal


FULL: Final = Shape(1_000, 2.0, 5)
QUICK: Final = Shape(100, 0.5, 1)


def enter(port: int, name: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=2 * WAIT)
    hello = {"type": "hello", "protocol": 1, "name": name, "session": secrets.token_hex(12), "history": 0}
    connection.sendall(json.dumps(hello).encode() + b"\n")
    while b'"history"' not in connection.recv(65_536):
        pass
    return connection


class Talker:
    """Says as much as it can, and remembers what came back."""

    def __init__(self, port: int, name: str) -> None:
        self._name = name
        self._socket = enter(port, name)
        self.receipts: dict[int, str] = {}  # by the number in the room
        self.tail = b""
        self._thread = threading.Thread(target=self._run, name=name)
        self._thread.start()

    def _run(self) -> None:
        seq, unread = 0, b""
        with self._socket:
            try:
                while True:
                    while seq < len(self.receipts) + WINDOW:
                        seq += 1
                        say = {"type": "say", "room": "lobby", "text": f"{self._name}#{seq}", "seq": seq}
                        self._socket.sendall(json.dumps(say).encode() + b"\n")
                    data = self._socket.recv(262_144)
                    if not data:
                        return
                    self.tail = (self.tail + data)[-TAIL:]
                    *lines, unread = (unread + data).split(b"\n")
                    self._note(lines)
            except OSError:
                return  # the server was faster than the last texts; what it said before counts

    def _note(self, lines: Sequence[bytes]) -> None:
        mine = f'"from":"{self._name}"'.encode()
        for line in lines:
            if mine in line and line.startswith(b'{"type":"message"'):
                frame = json.loads(line)
                self.receipts[frame["id"]] = frame["text"]

    def finish(self) -> None:
        self._thread.join(2 * WAIT)
        assert not self._thread.is_alive(), f"{self._name} waits for ever"


class Listeners:
    """Many who only read."""

    def __init__(self, port: int, count: int) -> None:
        self._selector = selectors.DefaultSelector()
        self.tails: dict[int, bytes] = {}
        for number in range(count):
            connection = enter(port, f"listener{number}")
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ, number)
            self.tails[number] = b""
        self._thread = threading.Thread(target=self._run, name="listeners")
        self._thread.start()

    def _run(self) -> None:
        while self._selector.get_map():
            for key, _ in self._selector.select(0.1):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                try:
                    data = connection.recv(262_144)
                except OSError:
                    data = b""
                self.tails[key.data] = (self.tails[key.data] + data)[-TAIL:]
                if not data:
                    self._selector.unregister(connection)
                    connection.close()

    def finish(self) -> None:
        self._thread.join(2 * WAIT)
        assert not self._thread.is_alive(), "listeners wait for ever"
        self._selector.close()


class Stop(NamedTuple):
    how: str
    seconds: float
    status: int
    receipts: int
    lost: int
    untold: int  # of those who read
    told_of: int
    twice: bool

    def __str__(self) -> str:
        return (
            f"{self.how} {self.seconds:.1f} s, status {self.status}, {self.receipts:,} receipts, {self.lost} lost, "
            f"{self.told_of - self.untold} of {self.told_of} told"
        )

    def wrong(self) -> list[str]:
        found = []
        if self.seconds > slowly(1.0 if self.twice else MOST_SECONDS):
            found.append(f"{self.how} took {self.seconds:.1f} s")
        if self.status != (130 if self.twice else 0):
            found.append(f"{self.how} ended it with {self.status}")
        if self.lost:
            found.append(f"{self.lost} receipts are not in the log")
        if self.untold and not self.twice:
            found.append(f"{self.untold} were not told")
        return found


def stop(shape: Shape, signum: signal.Signals, seed: int, *, twice: bool = False, habit: str | None = None) -> Stop:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(dir=data_folder()) as folder, ServerProcess(Path(folder) / "data") as server:
        if habit is not None:
            server.kill()
            server.program = ["-m", "tests.faults.odd_server", habit]
            server.start()
        slow = [enter(server.port, f"slow{number}") for number in range(SLOW)]
        listeners = Listeners(server.port, shape.listeners)
        talkers = [Talker(server.port, f"talker{number}") for number in range(TALKERS)]
        assert wait_until(lambda: all(talker.receipts for talker in talkers)), "nothing is confirmed"
        time.sleep(rng.uniform(0.1, shape.seconds))
        begun = time.monotonic()
        assert server.process is not None
        server.process.send_signal(signum)
        if twice:
            # Two signals that wait together are one.
            assert wait_until(lambda: not takes_connections(server.port)), "the first signal is not heard"
            time.sleep(rng.uniform(0.05, 0.3))
            begun = time.monotonic()
            server.process.send_signal(signum)
        status = server.process.wait(3 * WAIT)
        seconds = time.monotonic() - begun
        for talker in talkers:
            talker.finish()
        listeners.finish()
        for connection in slow:
            connection.close()
        kept = {frame["id"]: frame["text"] for frame in server.export("lobby")}
    receipts = [receipt for talker in talkers for receipt in talker.receipts.items()]
    tails = [talker.tail for talker in talkers] + [*listeners.tails.values()]
    return Stop(
        how=f"{signum.name}{' twice' if twice else ''}",
        seconds=seconds,
        status=status,
        receipts=len(receipts),
        lost=sum(kept.get(number) != text for number, text in receipts),
        untold=sum(not told(tail) for tail in tails),
        told_of=len(tails),
        twice=twice,
    )


def takes_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=WAIT).close()
    except OSError:
        return False
    return True


def told(tail: bytes) -> bool:
    last = tail.rstrip(b"\n").rpartition(b"\n")[2]
    return last.startswith(b'{"type":"bye"') and b'"shutdown"' in last and tail.endswith(b"\n")


def run(quick: bool, seed: int) -> Finding:
    shape = QUICK if quick else FULL
    signals = [signal.SIGTERM, signal.SIGINT] * shape.rounds
    stops = [stop(shape, signum, seed + number) for number, signum in enumerate(signals)]
    stops.append(stop(shape, signal.SIGINT, seed, twice=True))
    slowest = max(stops[:-1], key=lambda one: one.seconds)
    figure = f"{len(stops) - 1} stops, the slowest: {slowest}; {stops[-1]}"
    return finding.found(16, PROPERTY, TARGET, figure, [sentence for one in stops for sentence in one.wrong()])


if __name__ == "__main__":
    sys.exit(finding.main(run))
