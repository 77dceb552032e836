"""What is measured: each workload makes rows of a table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from tests.bench import protocols
from tests.bench.contestants import SYNCING, THIS, TUTORIAL, Contestant
from tests.bench.generator import LoadError, Member
from tests.bench.measure import Bench, Flood, Session, Wrong
from tests.bench.report import Cell, Row, median_cell

SENDERS: Final = 5
QUIET_RATE, QUIET_SECONDS = 100, 5.0
STALL_RATE, STALL_SECONDS = 5_000, 12.0
STORM: Final = 1_000
CROWD: Final = 10_000
ROOMS, ROOM_SIZE = 1_000, 10
PAIRS: Final = 500
RECEIPT: Final = b"* delivered #"
FAILURES: Final = (Wrong, LoadError, RuntimeError, OSError)

Workload = Callable[[Bench], Iterator[Row]]


def _failed(error: BaseException) -> Cell:
    return Cell(None, note=f"failed: {error}")


# --- as much as possible ----------------------------------------------------------------------------------------


def _flood_rows(name: str, floods: dict[str, Flood | Cell]) -> Iterator[Row]:
    """Deliveries, and beneath what they were reached with."""
    done = {key: flood for key, flood in floods.items() if isinstance(flood, Flood)}
    rates = {
        key: median_cell(flood.rates, 1e-6) if isinstance(flood, Flood) else flood for key, flood in floods.items()
    }
    yield Row(name, "M deliveries/s", rates, compared=True)
    yield Row("  server CPU", "%", {key: Cell(flood.server_cpu * 100) for key, flood in done.items()})
    yield Row("  load generator CPU", "%", {key: Cell(flood.load_cpu * 100) for key, flood in done.items()})
    yield Row("  window of each sender", "messages", {key: Cell(flood.window) for key, flood in done.items()})


def _flood(bench: Bench, contestant: Contestant, members: Sequence[Member], receipt: bytes = b"") -> Flood | Cell:
    bench.tell(f"  {contestant.title} …")
    try:
        return bench.flood(contestant, members, receipt=receipt)
    except FAILURES as error:
        return _failed(error)


def fan_out(size: int, bench: Bench) -> Iterator[Row]:
    """One room."""
    floods: dict[str, Flood | Cell] = {}
    for contestant in bench.contestants:
        members = list(protocols.crowd(contestant.protocol, 1, size, SENDERS))
        floods[contestant.key] = _flood(bench, contestant, members)
    yield from _flood_rows(f"fan-out, {size:,} clients", floods)


def many_rooms(bench: Bench) -> Iterator[Row]:
    """Many small rooms, one sender in each."""
    floods: dict[str, Flood | Cell] = {}
    for contestant in bench.contestants:
        if contestant.protocol.rooms:
            members = list(protocols.crowd(contestant.protocol, ROOMS, ROOM_SIZE, 1))
            floods[contestant.key] = _flood(bench, contestant, members)
    yield from _flood_rows(f"{ROOMS:,} rooms x {ROOM_SIZE} clients", floods)


def private(bench: Bench) -> Iterator[Row]:
    floods = {THIS.key: _flood(bench, THIS, list(protocols.pairs(PAIRS)))}
    yield from _flood_rows(f"private messages, {PAIRS} pairs", floods)


def mixed_doors(bench: Bench) -> Iterator[Row]:
    floods = {THIS.key: _flood(bench, THIS, list(protocols.mixed(100, SENDERS)), RECEIPT)}
    yield from _flood_rows("native and plain doors, 50 each", floods)


# --- how long it takes ------------------------------------------------------------------------------------------


def latency_rows(name: str, p50: dict[str, Cell], p99: dict[str, Cell]) -> Iterator[Row]:
    yield Row(f"{name}: median", "ms", p50, compared=True, less_is_better=True)
    yield Row(f"{name}: p99", "ms", p99, compared=True, less_is_better=True)


def _quiet(bench: Bench, contestant: Contestant, seconds: float) -> tuple[Cell, Cell]:
    members = list(protocols.crowd(contestant.protocol, 1, 100, SENDERS))
    try:
        with bench.session(contestant, members) as session:
            done = [session.drip(QUIET_RATE, 0.5, seconds / bench.rounds) for _ in range(bench.rounds)]
    except FAILURES as error:
        return _failed(error), _failed(error)
    return median_cell([one.p50 for one in done]), median_cell([one.p99 for one in done])


def quiet(bench: Bench, seconds: float = QUIET_SECONDS) -> Iterator[Row]:
    """And what the tutorial server would need if it kept its messages, in the same run."""
    found = {contestant.key: _quiet(bench, contestant, seconds) for contestant in bench.contestants}
    p50, p99 = ({key: cells[i] for key, cells in found.items()} for i in range(2))
    yield from latency_rows(f"quiet room, 100 clients, {QUIET_RATE} messages/s", p50, p99)
    if TUTORIAL in bench.contestants:
        for what, cell in zip(("median", "p99"), _quiet(bench, SYNCING, seconds), strict=True):
            yield Row(f"  with one sync before each message: {what}", "ms", {TUTORIAL.key: cell})


# --- this server alone: people who do not read, who come all at once, and who are simply many -------------------


def _mine(name: str, unit: str, value: float) -> Row:
    return Row(name, unit, {THIS.key: Cell(value)})


def _unless_never(name: str, seconds: float | None, never: str) -> Row:
    return Row(name, "s", {THIS.key: Cell(seconds, note=never if seconds is None else "")})


def _guarded(name: str, make: Callable[[], Iterator[Row]]) -> Iterator[Row]:
    """A failure is a row too."""
    try:
        yield from make()
    except FAILURES as error:
        yield Row(name, "", {THIS.key: _failed(error)})


class _Watch:
    """The server's memory and descriptors while something goes on."""

    def __init__(self, session: Session, leaving: int) -> None:
        self._server = session.server
        self._goal = self._server.descriptors() - leaving
        self._resident = self._server.resident()
        self._begun = time.monotonic()
        self.growth = 0
        self.gone_after: float | None = None

    def __call__(self) -> None:
        self.growth = max(self.growth, self._server.resident() - self._resident)
        if self.gone_after is None and self._server.descriptors() <= self._goal:
            self.gone_after = time.monotonic() - self._begun


def _stalled(count: int, bench: Bench) -> Iterator[Row]:
    name = f"{count} of 100 stopped reading"
    with bench.session(THIS, list(protocols.crowd(THIS.protocol, 1, 100, SENDERS))) as session:
        without = session.drip(STALL_RATE, 0.5, STALL_SECONDS / 2)
        watch = _Watch(session, count)
        session.load.stop_reading(session.who[-count:])
        during = session.drip(STALL_RATE, 0.0, STALL_SECONDS, watch)
    yield _mine(f"{name}: others' p99 before ({STALL_RATE:,} messages/s)", "ms", without.p99)
    yield _mine(f"{name}: others' p99 meanwhile", "ms", during.p99)
    yield _unless_never(f"{name}: let go after", watch.gone_after, f"not within {STALL_SECONDS:.0f} s")
    yield _mine(f"{name}: memory growth", "MB", watch.growth / 1e6)


def stalled(bench: Bench) -> Iterator[Row]:
    for count in (1, 10):
        yield from _guarded(f"{count} of 100 stopped reading", partial(_stalled, count, bench))


def _storm(bench: Bench) -> Iterator[Row]:
    name = f"join storm, {STORM:,} into a room of {STORM:,}"
    with bench.session(THIS, list(protocols.crowd(THIS.protocol, 1, STORM, SENDERS))) as session:
        before = session.drip(QUIET_RATE, 0.5, 3.0)
        newcomers = session.load.add(list(protocols.newcomers(THIS.protocol, STORM, STORM)))
        seconds = session.load.connect_during_drip(newcomers, QUIET_RATE)
        during = session.load.wait_drained(session.load.wait_measured())
        if during.problem:
            raise Wrong(during.problem)
        after = session.drip(QUIET_RATE, 0.5, 3.0)
    yield _mine(f"{name}: all in after", "s", seconds)
    yield _mine(f"{name}: others' p99 before", "ms", before.p99)
    yield _mine(f"{name}: others' p99 meanwhile", "ms", during.p99)
    yield _mine(f"{name}: p99 afterwards, in the room of {2 * STORM:,}", "ms", after.p99)


def storm(bench: Bench) -> Iterator[Row]:
    yield from _guarded("join storm", partial(_storm, bench))


def _crowd(bench: Bench) -> Iterator[Row]:
    name = f"{CROWD:,} clients"
    members = list(protocols.crowd(THIS.protocol, 1, CROWD, SENDERS))
    with bench.session(THIS, []) as empty:
        before, opened = empty.server.resident(), empty.server.descriptors()
    with bench.session(THIS, members) as session:
        time.sleep(2.0)  # until all have been told of all
        server = session.server
        resident, threads, descriptors = server.resident(), server.threads(), server.descriptors()
        chat = session.drip(20, 0.5, 3.0)
        stopped = server.stop(30.0)
    yield _mine(f"{name}: all in after", "s", session.connect_seconds)
    yield _mine(f"{name}: memory of each", "kB", (resident - before) / CROWD / 1000)
    yield _mine(f"{name}: threads", "", threads)
    yield _mine(f"{name}: descriptors", "", descriptors - opened)
    yield _mine(f"{name}: 20 messages/s, median", "ms", chat.p50)
    yield _mine(f"{name}: 20 messages/s, p99", "ms", chat.p99)
    yield _unless_never(f"{name}: SIGTERM to a clean end", stopped, "not clean")


def _leaving(bench: Bench) -> Iterator[Row]:
    members = list(protocols.crowd(THIS.protocol, 1, CROWD, SENDERS))
    with bench.session(THIS, members) as session:
        goal, begun = session.server.descriptors() - CROWD, time.monotonic()
        session.load.end()
        while session.server.descriptors() > goal and time.monotonic() < begun + 60:
            time.sleep(0.02)
        seconds, threads = time.monotonic() - begun, session.server.threads()
    yield _mine(f"{CROWD:,} clients cut off at once: all gone after", "s", seconds)
    yield _mine(f"{CROWD:,} clients cut off at once: threads left", "", threads)


def crowd(bench: Bench) -> Iterator[Row]:
    yield from _guarded(f"{CROWD:,} clients", partial(_crowd, bench))
    yield from _guarded(f"{CROWD:,} clients leaving", partial(_leaving, bench))


WORKLOADS: Final[dict[str, Workload]] = {
    **{f"fan-out-{size}": partial(fan_out, size) for size in (10, 100, 1_000, 10_000)},
    "quiet": quiet,
    "rooms": many_rooms,
    "private": private,
    "mixed": mixed_doors,
    "stalled": stalled,
    "storm": storm,
    "crowd": crowd,
}
