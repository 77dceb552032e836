"""How long one request holds up everybody else: `python -m tests.bench.hub_bench [--clients N] [--rooms N]`.

A crowd is in, and says nothing. One client talks in a room of its own, always as soon as it is answered; another asks
for what gives the hub the most to do at once. Printed is the longest wait of the first meanwhile, its own way through
hub and disk included: the row "nothing" says how much that is.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from server_parts.storage.records import Draft
from server_parts.storage.sqlite.log import SqliteLog
from tests.bench import protocols
from tests.bench.contestants import ARGUMENTS, ROOT, Server
from tests.bench.generator import Load, NoCompiler, build
from tests.bench.log_bench import Row, print_table, row
from tests.bench.protocols import NATIVE
from tests.bench.targets import HELD_UP
from tests.peers import Ended, Native

TIMES: Final = 15
REST: Final = 0.2  # seconds between two requests
SETTLING: Final = 60.0  # seconds at most until a crowd has settled, which it has when …
CALM: Final = 10.0  # … nobody waited for longer in a second; ms
ECHO: Final = 0.05  # seconds after an answer in which its request may still hold somebody up
MANY_ROOMS: Final = 200  # about as many as a hello has room for
MEMBERS: Final = 10  # of each of them
PAST: Final = 25  # messages said in each of them before …
HISTORY: Final = 20  # … and how many a newcomer wants to see


class Talker:
    """Whoever is held up."""

    def __init__(self, port: int) -> None:
        self._peer = Native(port, "talker", rooms={"aside": None})
        self._waits: list[tuple[float, float]] = []  # when an answer came, and after how long
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._talk, name="talker")
        self._thread.start()

    def _talk(self) -> None:
        with self._peer:
            while not self._ending.is_set():
                begun = time.monotonic()
                self._peer.tell("and so on", "aside")
                now = time.monotonic()
                self._waits.append((now, (now - begun) * 1000))

    def longest_since(self, begun: float) -> float:
        now = time.monotonic()
        while not self._waits or self._waits[-1][0] < now:
            if not self._thread.is_alive():
                raise RuntimeError("the server does not answer any more")
            time.sleep(0.001)
        return max(wait for answered, wait in self._waits if answered >= begun)

    def rest(self) -> None:
        """Until everybody in the crowd has been told of everybody."""
        begun = time.monotonic()
        while time.monotonic() < begun + SETTLING:
            time.sleep(1.0)
            if self.longest_since(time.monotonic() - 1.0) < CALM:
                return
        print(f"The crowd has not settled within {SETTLING:.0f} s; it is measured as it is.", file=sys.stderr)

    def close(self) -> None:
        self._ending.set()
        self._thread.join()

    def row(self, name: str, ask: Callable[[], object]) -> Row:
        """The longest wait beside that request: the median of several, and the worst."""
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        waits = []
        for _ in range(TIMES):
            time.sleep(REST)
            begun = time.monotonic()
            ask()
            time.sleep(ECHO)
            waits.append(self.longest_since(begun))
        return row(name, sorted(waits), HELD_UP, f"worst {max(waits):.1f} ms")


def fill(folder: Path, rooms: int) -> None:
    """Rooms in which something was said, some of them more than once."""
    log = SqliteLog(folder)
    names = [
        *protocols.room_names(MANY_ROOMS),
        *(f"{hash((number, rooms)):x}".lstrip("-") for number in range(rooms - MANY_ROOMS)),
    ]
    for start in range(0, len(names), MANY_ROOMS):
        texts = ["something of the past"] * (1 if start else PAST)
        log.append([Draft(name, 1.6e9, "zoe", "blue", texts, "", 0) for name in names[start : start + MANY_ROOMS]], {})
    log.close()


@contextlib.contextmanager
def crowd(folder: Path, generator: Path, rooms: int, members: int) -> Iterator[int]:
    """A server with a crowd that listens; its port."""
    command = [sys.executable, str(ROOT / "server.py"), "--port", "0", "--data", str(folder / "data"), *ARGUMENTS]
    with Server(command, folder) as server, Load(generator, server.port, NATIVE.echo, NATIVE.id_key, b"") as load:
        listeners = list(protocols.crowd(NATIVE, rooms, members, 0))
        load.add_rooms(rooms, 1 << 18)
        load.connect(load.add(listeners), NATIVE.at_once)
        yield server.port


def ask(peer: Native, type: str, **fields: object) -> None:
    """Until it is answered. The answer is hardly looked at: that would hold up this program's talker."""
    peer.send(type, **fields)
    peer.send("ping")
    tail = b""
    while b'"type":"pong"' not in tail:
        data = peer.socket.recv(1 << 20)
        if not data:
            raise Ended
        tail = tail[-20:] + data
        if b'"type":"error"' in tail:
            raise RuntimeError(f"{type} was refused: {tail!r}")


def measure_one_room(port: int, members: int, rooms: int) -> Iterator[Row]:
    def come_and_go() -> None:
        ask(peer, "join", room="lobby")
        ask(peer, "leave", room="lobby")

    names = (f"asker-{number}" for number in itertools.count())
    with contextlib.closing(Talker(port)) as talker, Native(port, next(names), rooms={}) as peer:
        talker.rest()
        yield talker.row("nothing", lambda: None)
        yield talker.row(f"the list of {rooms:,} rooms", lambda: ask(peer, "rooms"))
        yield talker.row(f"the list of {members:,} people", lambda: ask(peer, "who", room="lobby"))
        yield talker.row(f"joining a room of {members:,}, and leaving", come_and_go)
        ask(peer, "join", room="lobby")
        seqs = itertools.count(1)
        say = partial(ask, peer, "say", room="lobby", text="hello")
        yield talker.row(f"a message to {members:,}", lambda: say(seq=next(seqs)))
        yield talker.row(f"another name, before {members:,}", lambda: ask(peer, "nick", name=next(names)))


def measure_many_rooms(port: int) -> Iterator[Row]:
    names = (f"asker-{number}" for number in itertools.count())
    wanted = dict.fromkeys(protocols.room_names(MANY_ROOMS))

    def come_in() -> None:
        with Native(port) as peer:
            who = {"protocol": 1, "name": next(names), "session": peer.session}
            ask(peer, "hello", **who, rooms=wanted, history=HISTORY)

    with contextlib.closing(Talker(port)) as talker:
        talker.rest()
        yield talker.row("nothing", lambda: None)
        yield talker.row(f"joining {MANY_ROOMS:,} rooms with {HISTORY} messages of history, and being cut", come_in)


def measure(folder: Path, generator: Path, rooms: int, crowds: Sequence[int]) -> Iterator[Row]:
    fill(folder / "data", rooms)
    for members in crowds:
        with crowd(folder, generator, 1, members) as port:
            yield from measure_one_room(port, members, rooms)
    with crowd(folder, generator, MANY_ROOMS, MEMBERS) as port:
        yield from measure_many_rooms(port)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--rooms", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, default=None, help="where to make the log (default: a temporary one)")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="hub-bench-", dir=options.folder) as name:
        folder = Path(name)
        try:
            generator = build(folder)["load"]
        except NoCompiler as error:
            print(error, file=sys.stderr)
            return 2
        rows = list(measure(folder, generator, options.rooms, (options.clients // 10, options.clients)))
    print(f"Python {sys.version.split()[0]}; the longest wait of somebody else while one asks for …")
    print_table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
