"""One address that takes as much as it can costs little, and nobody else notices.

    python -m tests.faults.abuse [--quick] [--seed N]

A hundred clients talk quietly in the lobby; beside them one address floods the server, in each way of abusers.py.
Meanwhile the owner of a claimed name comes in again and again and says something. Where somebody waited too long it is
tried again, for whatever else the machine does can only make times seem worse; what the address takes is judged by the
worst of all tries. Needs Linux and a C compiler.
"""

from __future__ import annotations

import secrets
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from server_parts.hub.dispatcher import HEARERS
from server_parts.people.new_rooms import MOST as MOST_ROOMS
from server_parts.people.rate_limit import BURST, SHARED
from server_parts.settings import Settings
from server_parts.storage.records import Draft
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.wire import turning_away
from tests.bench.contestants import Server, data_folder
from tests.bench.generator import Load
from tests.bench.protocols import NATIVE
from tests.faults import abusers, finding, odd_server
from tests.faults.finding import Finding, NotAllowed
from tests.faults.flood import CLIENTS, LEAST_P99, Lobby, storming
from tests.faults.flood import Shape as LobbyShape
from tests.faults.odd_server import connections_of, serving
from tests.faults.own_key import give_key
from tests.faults.slow_readers import generator_in
from tests.peers import WAIT, Native

PROPERTY: Final = "abuse by one address"
TARGET: Final = (
    "memory ≤ 64 MB more, others' p99 ≤ 2 × without, where that is under 5 ms ≤ 10 ms; an owner is in and heard ≤ 1 s; "
    "connections, texts, rooms and new names bounded"
)
RATE: Final = 10  # of requests a second
MOST_GROWTH: Final = 64 << 20  # bytes, at any moment
MOST_WAIT: Final = 1.0  # seconds in which the owner is in and has a receipt
VISIT_PAUSE: Final = 0.3
ROOMS: Final = 1_000  # in the log, for lists to be long
LONG_TEXTS: Final = ["needle " + "\U0001f600" * 4_900] * 600  # of 20 KB each


class Shape(NamedTuple):
    seconds: float
    most_ratio: float
    tries: int = 5

    def limit(self, usual: float) -> float:
        return self.most_ratio * max(usual, LEAST_P99)


FULL: Final = Shape(5.0, 2.0)
QUICK: Final = Shape(2.0, 8.0, tries=3)  # beside other tests, noise alone may double a figure


class Watch:
    """Looks at the server while something goes on: its memory and its connections, at their most."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._resident, self._connections = server.resident(), connections_of(server)
        self.growth = self.connections = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")

    def _run(self) -> None:
        while not self._over.wait(0.01):
            self.growth = max(self.growth, self._server.resident() - self._resident)
            self.connections = max(self.connections, connections_of(self._server) - self._connections)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(2 * WAIT)
        assert not self._thread.is_alive(), "looking at the server does not end"


class Owner:
    """The owner of a claimed name, who comes in, says something and goes, again and again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._token = secrets.token_hex(16)
        self._visits = 0
        self.slowest = 0.0
        self.problem = ""
        self._visit()

    def _visit(self) -> None:
        begun = time.monotonic()
        try:
            with Native(self._port, "ada", token=self._token, rooms={"hall": None}, history=0) as here:
                here.tell("here I am", "hall")
                here.leave()
        except Exception as problem:  # whatever it was: it was noticed
            self.problem = self.problem or f"the owner noticed: {type(problem).__name__} {problem}"
        self._visits += 1
        self.slowest = max(self.slowest, time.monotonic() - begun)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="owner")
        self.slowest, self.problem = 0.0, ""
        self._thread.start()
        return self

    def _run(self) -> None:
        while not self._over.wait(VISIT_PAUSE):
            self._visit()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(4 * WAIT)
        assert not self._thread.is_alive(), "the owner's visit does not end"


class Abuse(NamedTuple):
    """What one kind of it came to."""

    kind: str
    rate: float  # of whatever it consists of, a second
    seconds: float
    p99: float  # ms, of the others
    growth: int  # bytes
    connections: int
    texts: int  # stored beyond those of the others
    rooms: int  # begun
    slowest: float  # seconds, of the owner's visits
    problem: str
    limit: float  # ms: what others may wait, by what they waited without it
    tries: int = 1

    def __str__(self) -> str:
        kept = dict.fromkeys(("connect", "half_open", "held"), f"{self.connections} held")
        kept |= {"reconnect": f"{self.texts / self.seconds:,.0f} texts/s stored", "rooms": f"{self.rooms} kept"}
        more = f", {kept[self.kind]}" if self.kind in kept else ""
        return (
            f"{self.kind} ({self.rate:,.0f}/s{more}) {self.p99:.1f} ms, memory {self.growth / 1e6:+.1f} MB, "
            f"owner {self.slowest:.2f} s" + (f" (try {self.tries})" if self.tries > 1 else "")
        )

    def wrong(self) -> list[str]:
        return [f"{self.kind}: {problem}" for problem in [*self.waits(), *self.takes()]]

    def waits(self) -> list[str]:
        """What others notice."""
        found = [self.problem] if self.problem else []
        if self.p99 > self.limit:
            found.append(f"others waited {self.p99:.1f} > {self.limit:.1f} ms")
        if self.slowest > MOST_WAIT:
            found.append(f"the owner waited {self.slowest:.1f} s")
        return found

    def takes(self) -> list[str]:
        """Of what the address takes too much."""
        found = []
        if self.growth > MOST_GROWTH:
            found.append(f"memory grew by {self.growth / 1e6:.0f} MB")
        # Besides its own there are the owner's, one just refused, those that wait to be told so, and one that is told.
        most = Settings().per_address + 3 + turning_away.MOST
        if self.kind in ("connect", "half_open") and self.connections > most:
            found.append(f"one address holds {self.connections} connections")
        if self.kind == "reconnect" and self.texts > self.most_texts():
            found.append(f"too many texts were stored: {self.texts} > {self.most_texts():.0f}")
        if self.kind == "rooms" and self.rooms > MOST_ROOMS:
            found.append(f"one address began {self.rooms} rooms")
        if self.kind == "renames" and self.rate * self.seconds > self.most_renames():
            found.append(f"too many new names: {self.rate * self.seconds:.0f} > {self.most_renames():.0f}")
        return found

    def most_texts(self) -> float:
        """What an address may say under new names: their shared bursts, and of each loop the rate besides."""
        return SHARED * BURST + (SHARED + abusers.LOOPS) * RATE * (self.seconds + 1)

    def most_renames(self) -> float:
        """One of each at once; and then one whenever as many requests could be made as the last one has cost."""
        hearers = abusers.RENAMERS * len(abusers.RENAMERS_ROOMS)
        return abusers.RENAMERS * (1 + RATE * (self.seconds + 1) / (1 + hearers / HEARERS))


class Place:
    """A server with people who must not notice anything."""

    def __init__(self, server: Server, database: Path, load: Load, shape: Shape) -> None:
        self._server, self._database, self._shape = server, database, shape
        self._lobby = Lobby(server, load, LobbyShape(shape.seconds, CLIENTS, shape.most_ratio))
        self._owner = Owner(server.port)

    def calm(self) -> float:
        return min(self._lobby.calm().p99 for _ in range(min(self._shape.tries, 2)))

    def beside(self, kind: str, seed: int, limit: float) -> Abuse:
        """The try in which others waited least, with the most memory of all; but any that took too much, as it was.

        Whether a wait was the machine's own, the time right after it tells.
        """
        found: list[Abuse] = []
        while len(found) < self._shape.tries and (not found or found[-1].waits()):
            one = self._beside(kind, seed + len(found), limit)
            if one.takes():
                return one
            if one.waits():
                limit = max(limit, self._shape.limit(self._lobby.calm().p99))
            found.append(one._replace(limit=limit))
        best = min(found, key=lambda one: (len(one.waits()), one.p99))
        return best._replace(growth=max(one.growth for one in found), tries=len(found))

    def _beside(self, kind: str, seed: int, limit: float) -> Abuse:
        texts, rooms = self._count("messages", "sender LIKE 'a-%'"), self._count("rooms", "name LIKE 'room-%'")
        begun = time.monotonic()
        with (
            Watch(self._server) as watch,
            self._owner as owner,
            storming(kind, self._server.port, seed, abusers.__name__) as storm,
        ):
            during = self._lobby.calm()
        seconds = time.monotonic() - begun
        return Abuse(
            kind, storm.rate, seconds, during.p99, watch.growth, watch.connections,
            self._count("messages", "sender LIKE 'a-%'") - texts,
            self._count("rooms", "name LIKE 'room-%'") - rooms,
            owner.slowest, owner.problem or during.problem, limit,
        )  # fmt: skip

    def _count(self, table: str, condition: str) -> int:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()[0])


def endure(
    shape: Shape,
    seed: int,
    kinds: Sequence[str] = tuple(abusers.KINDS),
    habit: Callable[[], None] = odd_server.far_from_home,
) -> tuple[str, list[str]]:
    """What was found, and what of it is wrong."""
    with tempfile.TemporaryDirectory(prefix="chat-abuse-", dir=data_folder()) as temporary:
        folder = Path(temporary)
        give_key(folder / "data")
        _fill(folder / "data")
        with (
            serving("--rate", str(RATE), "--plain", "everyone", habit=habit, folder=folder) as server,
            Load(generator_in(folder), server.port, NATIVE.echo) as load,
        ):
            place = Place(server, folder / "data" / "chat.db", load, shape)
            usual = place.calm()
            limit = shape.limit(usual)
            abuses = [place.beside(kind, seed, limit) for kind in kinds]
    figure = f"others' p99 {usual:.1f} ms; {', '.join(map(str, abuses))}"
    return figure, [wrong for abuse in abuses for wrong in abuse.wrong()]


def _fill(folder: Path) -> None:
    store = SqliteLog(folder)
    store.append([Draft(abusers.BIG, time.time(), "writer", "blue", LONG_TEXTS, "", 0)], {})
    store.append([Draft(f"kept-{n}", time.time(), "writer", "blue", ["first"], "", 0) for n in range(ROOMS)], {})
    store.close()


def run(quick: bool, seed: int) -> Finding:
    try:
        figure, wrong = endure(QUICK if quick else FULL, seed)
    except NotAllowed as reason:
        return Finding(23, PROPERTY, TARGET, str(reason), None)
    return finding.found(23, PROPERTY, TARGET, figure, wrong)


if __name__ == "__main__":
    sys.exit(finding.main(run))
