"""Every target of speed, in one place: what is looked at, and how good it must be.

A goal names cells of what the parts of `python -m tests.bench.figures` measure, and a limit. Benchmarks that print
verdicts of their own take their limits from here. Must not measure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tests.bench.contestants import FIELD

PAGE, JOIN, SEARCH, START, TRIM = 5.0, 5.0, 50.0, 300.0, 50.0  # ms, 99 %, with 1,000,000 messages
HELD_UP: Final = 50.0  # ms that one request may hold up somebody else
LATER, LATER_SLOWEST = 1.0, 5.0  # ms after a text's own server: median and 99 %
BATCHES: Final = {100: 80_000, 1_000: 180_000}  # texts a second into PostgreSQL, by the size of a batch
BESIDE_FILES, FILE_RATE = 25.0, 200.0  # ms, 99 %; MB a second, all together


@dataclass(frozen=True)
class Cells:
    """Cells of what a part measured. A row's name that ends in `…` stands for all that begin so; the highest counts."""

    part: str
    row: str
    keys: tuple[str, ...] = ("this",)

    def of(self, *keys: str) -> Cells:
        return Cells(self.part, self.row, keys)


@dataclass(frozen=True)
class Goal:
    """A figure and its limit. Without a limit it is told, and not judged."""

    what: str
    cells: Cells
    unit: str
    limit: float | None = None
    at_least: bool = False
    over: Cells | None = None  # what the figure is divided by
    beyond: Cells | None = None  # what is taken from it

    @property
    def target(self) -> str:
        return "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:,g} {self.unit}"

    def is_met_by(self, figure: float) -> bool:
        assert self.limit is not None
        return figure >= self.limit if self.at_least else figure <= self.limit


@dataclass(frozen=True)
class Section:
    """Goals about one thing."""

    key: str
    title: str
    goals: tuple[Goal, ...]


def _times(what: str, limit: float, cells: Cells, over: Cells, *, at_least: bool = True) -> Goal:
    return Goal(what, cells, "×", limit, at_least, over=over)


def _room(size: int) -> Cells:
    return Cells(f"fan-out-{size}", f"fan-out, {size:,} clients")


def _log(part: str, row: str) -> Cells:
    return Cells(part, f"{row}: 99 %")


WINDOW: Final = Cells("window-64", "fan-out, 100 clients, window 64")
QUIET: Final = "quiet room, 100 clients, 100 messages/s"
STORM: Final = "join storm, 1,000 into a room of 1,000"
SINGLE: Final = Cells("tls-singles", "one message at a time, 100 rooms x 10 clients", ("tls",))
THOUSAND: Final = "1,000 clients come back, 1,000 at a time"
CROWD: Final = "10,000 clients come back, 256 at a time"
DELAYS: Final = (
    "the list of 50,000 rooms",
    "the list of 10,000 people",
    "joining a room of 10,000, and leaving",
    "a message to 10,000",
    "another name, before 10,000",
    "joining 200 rooms with 20 messages of history, and being cut",
)
FLOOD: Final = "10,000 messages shown"
OTHERS: Final = "1,000 come to another room at once"


def _one_room() -> Iterable[Goal]:
    yield _times("10 clients: deliveries, over ngircd's", 1.2, _room(10), _room(10).of("ngircd"))
    yield _times("10 clients: deliveries, over Redis's", 0.4, _room(10), _room(10).of("redis"))
    for size, limit in ((100, 1.5), (1_000, 2.5), (10_000, 4.0)):
        what = f"{size:,} clients: deliveries, over the best of ngircd, NATS and Redis"
        yield _times(what, limit, _room(size), _room(size).of(*FIELD))
    yield _times("100 clients, each server with a window of 64: the same", 1.5, WINDOW, WINDOW.of(*FIELD))
    rooms = Cells("rooms", "1,000 rooms x 10 clients")
    yield _times("1,000 rooms of 10 clients: deliveries, over those of one room of 10", 0.3, rooms, _room(10))
    for size in (10, 100, 1_000, 10_000):
        yield Goal(f"{size:,} clients: deliveries", _room(size), "M/s")


def _quiet() -> Iterable[Goal]:
    for what, row in (("median", "median"), ("99 %", "p99")):
        cells = Cells("quiet", f"{QUIET}: {row}")
        yield Goal(f"a message, {what}", cells, "ms")
        over = cells.of("syncing")
        yield _times(
            f"a message, over the tutorial server that syncs each line, {what}", 1.3, cells, over, at_least=False
        )


def _others() -> Iterable[Goal]:
    for count in (1, 10):
        name = f"{count} of 100 stopped reading"
        meanwhile = Cells("stalled", f"{name}: others' p99 meanwhile")
        before = Cells("stalled", f"{name}: others' p99 before (5,000 messages/s)")
        yield _times(f"{name}: the others' 99 %, over before", 2.0, meanwhile, before, at_least=False)
        yield Goal(f"{name}: disconnected after", Cells("stalled", f"{name}: let go after"), "s", 10.0)
    meanwhile, before = (Cells("storm", f"{STORM}: others' p99 {when}") for when in ("meanwhile", "before"))
    what = "1,000 join a room of 1,000: the others' 99 %, over before"
    yield _times(what, 2.0, meanwhile, before, at_least=False)


def _crowd() -> Iterable[Goal]:
    yield Goal("all connected after", Cells("crowd", "10,000 clients: all in after"), "s", 10.0)
    yield Goal("memory of each, idle", Cells("crowd", "10,000 clients: memory of each"), "kB", 27.0)


def _delays() -> Iterable[Goal]:
    for number, what in enumerate(DELAYS):
        of = "the same" if number else "somebody else's longest wait, median"
        yield Goal(f"{what}: {of}", Cells("delays", f"{what}: median"), "ms", HELD_UP)


def _log_of(part: str, *, whole: bool) -> Iterable[Goal]:
    """`whole`: with what is measured over the wire too."""
    yield Goal("search, the slowest of all kinds, 99 %", Cells(part, "search, …: 99 %"), "ms", SEARCH)
    yield Goal("a page of 100 messages, the slowest, 99 %", Cells(part, "page of 100, …: 99 %"), "ms", PAGE)
    yield Goal("opening and closing the log, 99 %", _log(part, "open and close"), "ms", START)
    yield Goal("deleting 500 old messages, 99 %", _log(part, "trim, one slice of 500"), "ms", TRIM)
    if whole:
        yield Goal(
            "start of the server until it is listening, 99 %",
            _log(part, "server listening after its start"),
            "ms",
            START,
        )
        yield Goal("what 20 messages of history add to joining, 99 %", _log(part, "what the history adds"), "ms", JOIN)
        page = _log(part, "page of 100 from the middle, over the wire")
        yield Goal("a page of 100 messages, over the wire, 99 %", page, "ms", PAGE)
        yield Goal("search over the wire, the slowest, 99 %", Cells(part, "search for …: 99 %"), "ms", SEARCH)


def _tls() -> Iterable[Goal]:
    yield _times("messages sent alone: deliveries, over those in the clear", 0.5, SINGLE, SINGLE.of("this"))
    for size, limit in ((100, 4.0), (1_000, 5.0)):
        cells = Cells("tls-batches", f"fan-out, {size:,} clients", ("tls",))
        yield Goal(f"{size:,} clients: deliveries", cells, "M/s", limit, at_least=True)
    for name, people, limit in ((THOUSAND, "1,000", 4.0), (CROWD, "10,000", 25.0)):
        back = Cells("tls-returning", f"{name}: all in after", ("tls",))
        yield Goal(f"{people} clients come back: all connected after", back, "s", limit)
        for when, most in (("idle", 50.0), ("after traffic", 70.0)):
            memory = Cells("tls-returning", f"{name}: memory of each, {when}", ("tls",))
            yield Goal(f"{people} clients: memory of each, {when}", memory, "kB", most)
    before, meanwhile = (
        Cells("tls-others", f"{OTHERS}: {when}", ("tls",)) for when in ("p99 of 100 who talk, before", "meanwhile")
    )
    yield _times(f"{OTHERS}: the others' 99 %, over before", 2.0, meanwhile, before, at_least=False)


def _web() -> Iterable[Goal]:
    cells = Cells("web", "fan-out, 1,000 clients", ("web",))
    yield _times("1,000 clients: deliveries, over those of native clients", 0.65, cells, cells.of("this"))
    for when, most in (("idle", 35.0), ("after traffic", None)):
        memory = Cells("web-returning", f"{CROWD}: memory of each, {when}", ("web",))
        yield Goal(f"10,000 clients: memory of each, {when}", memory, "kB", most)


def _postgres() -> Iterable[Goal]:
    for size, limit in ((10, 0.55), (100, 0.65), (1_000, 0.9)):
        cells = Cells("postgres", f"fan-out, {size:,} clients", ("postgres",))
        yield _times(f"{size:,} clients: deliveries, over those on a folder", limit, cells, cells.of("this"))
    quiet = Cells("postgres", f"{QUIET}: median", ("postgres",))
    yield Goal("a quiet room: median, beyond that on a folder", quiet, "ms", 1.0, beyond=quiet.of("this"))
    for size, limit in BATCHES.items():
        one, own, shared = (
            Cells("elsewhere", f"batches of {size:,}, {who}: rate")
            for who in ("one writer", "three writers, own rooms", "three writers, one room")
        )
        yield Goal(f"batches of {size:,}, of one person", one, "texts/s", limit, at_least=True)
        five = Cells("log-postgres", f"append, batch of {size}: rate")
        yield Goal(f"batches of {size:,}, of five people", five, "texts/s", limit, at_least=True)
        yield _times(f"batches of {size:,}: three writers in rooms of their own, over one", 1.0, own, one)
        yield _times(f"batches of {size:,}: three writers in one room, over one", 1.0, shared, one)


def _elsewhere() -> Iterable[Goal]:
    for what, limit in (("median", LATER), ("99 %", LATER_SLOWEST)):
        cells = Cells("elsewhere", f"seen at another server, later by: {what}")
        yield Goal(f"seen at another server, later than at its own by, {what}", cells, "ms", limit)


def _files() -> Iterable[Goal]:
    for doing in ("received", "fetched"):
        waits = Cells("files", f"4 files are {doing}: 99 %")
        yield Goal(f"four files are {doing}: 99 % of receipts within", waits, "ms", BESIDE_FILES)
    for doing in ("received", "fetched"):
        rate = Cells("files", f"4 files {doing}, no limit")
        yield Goal(f"four files {doing} without a limit, together", rate, "MB/s", FILE_RATE, at_least=True)


def _client() -> Iterable[Goal]:
    prompt = Cells("log", "client connected, prompt shown: 99 %")
    yield Goal("start until it is connected and shows its prompt, 99 %", prompt, "ms", START)
    yield Goal(
        "10,000 messages at once: the last is on screen after", Cells("screen", f"{FLOOD}: slowest"), "ms", 1_000.0
    )
    yield Goal("a key pressed meanwhile is on screen after, 99 %", Cells("screen", "keys meanwhile: 99 %"), "ms")
    yield Goal("a key pressed meanwhile, the slowest of all", Cells("screen", "keys meanwhile: slowest"), "ms", 50.0)


SECTIONS: Final = (
    Section("one-room", "One room and many clients", tuple(_one_room())),
    Section("quiet", "A quiet room of 100 clients", tuple(_quiet())),
    Section("others", "What others feel", tuple(_others())),
    Section("crowd", "10,000 clients", tuple(_crowd())),
    Section("delays", "How long one request delays the others", tuple(_delays())),
    Section("tls", "Over TLS", tuple(_tls())),
    Section("web", "Over WebSockets", tuple(_web())),
    Section("postgres", "On PostgreSQL", tuple(_postgres())),
    Section("elsewhere", "Two servers on one PostgreSQL", tuple(_elsewhere())),
    Section("files", "Files", tuple(_files())),
    Section("log", "A log of 1,000,000 messages on a folder", tuple(_log_of("log", whole=True))),
    Section("log-postgres", "A log of 1,000,000 messages on PostgreSQL", tuple(_log_of("log-postgres", whole=False))),
    Section("client", "The client", tuple(_client())),
)
