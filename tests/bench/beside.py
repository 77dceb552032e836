"""Two ways to this project's server beside each other: in the clear and over TLS, or this copy of it and another.

Both servers run at the same time and are loaded in turn, round by round, so that whatever else the machine does meets
both. Owns what is compared like that; must not know what a contestant is made of.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.bench import protocols
from tests.bench.contestants import Contestant
from tests.bench.generator import STORM_SECONDS, Member, Round
from tests.bench.measure import Bench, Session, Wrong, find_window, possible_windows
from tests.bench.report import Cell, Row, median_cell
from tests.bench.workloads import FAILURES, QUIET_RATE, SENDERS, STORM, latency_rows

WINDOWS: Final = (16, 64, 256, 1_024)
SIZES: Final = (10, 100, 1_000)
ROOMS, ROOM_SIZE = 100, 10
TRAFFIC_WINDOW, TRAFFIC = 32, 2.0  # so that what is sent fills the largest records; seconds
REST: Final = 2.0  # seconds until all have been told of all
CROWDS: Final = {1_000: 1_000, 10_000: 256}  # clients that come back, and how many of them at a time
PORTION: Final = 500
CALM: Final = 4.0  # seconds in which others are listened to before a crowd comes

Members = Callable[[Contestant], Sequence[Member]]
Workload = Callable[[Bench], Iterator[Row]]


@dataclass
class _Rounds:
    """What the rounds of one side came to."""

    window: int
    done: list[Round]
    shares: list[float]  # of a processor, for the server

    def rate(self) -> Cell:
        return median_cell([one.rate for one in self.done], 1e-6)

    def server_cost(self) -> Cell:
        """µs of processor time for each delivery."""
        return median_cell([share / one.rate for share, one in zip(self.shares, self.done, strict=True)], 1e6)

    def load_cost(self) -> Cell:
        return median_cell([one.cpu / one.rate for one in self.done], 1e6)


def _alternate(bench: Bench, members: Members, windows: Sequence[int]) -> dict[str, _Rounds]:
    # Two copies are given the same window, which is the first one's best: a choice made twice is noise.
    chosen: dict[str, int] = {}
    for each in bench.contestants:
        if each.load not in chosen:
            chosen[each.load] = _window(bench, each, members(each), windows)
    with ExitStack() as stack:
        sides: list[tuple[_Rounds, Session]] = []
        for each in bench.contestants:
            window = chosen[each.load]
            session = stack.enter_context(bench.session(each, members(each), window))
            sides.append((_Rounds(window, [], []), session))
        for _ in range(bench.rounds):
            for rounds, session in sides:
                done, share = session.flood(rounds.window, 0.3 * session.patience, bench.seconds * session.patience)
                rounds.done.append(done)
                rounds.shares.append(share)
    return {each.key: rounds for each, (rounds, _) in zip(bench.contestants, sides, strict=True)}


def _window(bench: Bench, contestant: Contestant, members: Sequence[Member], windows: Sequence[int]) -> int:
    """The one that suits it best."""
    possible = possible_windows(members, windows)
    if len(possible) == 1:
        return possible[0]
    with bench.session(contestant, members, possible[-1]) as session:
        return find_window(session, possible)[0]


def floods(bench: Bench, name: str, members: Members, windows: Sequence[int] | None = None) -> Iterator[Row]:
    bench.tell(f"measuring {name} …")
    try:
        sides = _alternate(bench, members, windows or bench.windows)
    except FAILURES as error:
        yield _failed(name, bench, error)
        return
    yield Row(name, "M deliveries/s", {key: one.rate() for key, one in sides.items()}, compared=True)
    yield Row("  server CPU", "µs each", {key: one.server_cost() for key, one in sides.items()}, compared=True)
    yield Row("  load generator CPU", "µs each", {key: one.load_cost() for key, one in sides.items()}, compared=True)
    yield Row("  window of each sender", "messages", {key: Cell(one.window) for key, one in sides.items()})


def _failed(name: str, bench: Bench, error: BaseException) -> Row:
    return Row(name, "", {each.key: Cell(None, note=f"failed: {error}") for each in bench.contestants})


def room(size: int, contestant: Contestant) -> list[Member]:
    return list(protocols.crowd(contestant.protocol, 1, size, SENDERS))


def _counted_room(size: int, contestant: Contestant) -> list[Member]:
    """Only the senders are looked at."""
    return [*room(SENDERS, contestant), *protocols.newcomers(contestant.protocol, SENDERS, size - SENDERS)]


def _small_rooms(contestant: Contestant) -> list[Member]:
    return list(protocols.crowd(contestant.protocol, ROOMS, ROOM_SIZE, 1))


def singles(bench: Bench) -> Iterator[Row]:
    """Each message is sent alone: there is one at a time in each room."""
    yield from floods(bench, SINGLE, _small_rooms, (1,))


def batches(bench: Bench) -> Iterator[Row]:
    for size in SIZES:
        yield from floods(bench, f"fan-out, {size:,} clients", partial(room, size))


def counted(bench: Bench) -> Iterator[Row]:
    """What the server can do where the others' bytes are thrown away unread, and not decrypted."""
    for size in SIZES[1:]:
        yield from floods(bench, f"the same, {size:,} clients of which {SENDERS} read", partial(_counted_room, size))


# --- one after the other: what is measured once for each ----------------------------------------------------------

Measured = dict[tuple[str, str], float]  # by the names of a row and its unit


def _each(name: str, measure: Callable[[Bench, Contestant], Measured], bench: Bench) -> Iterator[Row]:
    """Rows of what was measured with each."""
    bench.tell(f"measuring {name} …")
    try:
        found = {each.key: measure(bench, each) for each in bench.contestants}
    except FAILURES as error:
        yield _failed(name, bench, error)
        return
    for row, unit in next(iter(found.values())):
        yield Row(row, unit, {key: Cell(values[row, unit]) for key, values in found.items()}, compared=True)


def quiet(bench: Bench) -> Iterator[Row]:
    """In turns too, as a disk is faster at one time than at another."""
    name = f"quiet room, 100 clients, {QUIET_RATE} messages/s"
    bench.tell(f"measuring {name} …")
    done: dict[str, list[Round]] = {each.key: [] for each in bench.contestants}
    try:
        with ExitStack() as stack:
            sessions = {
                each.key: stack.enter_context(bench.session(each, room(100, each))) for each in bench.contestants
            }
            for _ in range(bench.rounds):
                for key, session in sessions.items():
                    done[key].append(session.drip(QUIET_RATE, 0.5, bench.seconds))
    except FAILURES as error:
        yield _failed(name, bench, error)
        return
    p50 = {key: median_cell([one.p50 for one in rounds]) for key, rounds in done.items()}
    p99 = {key: median_cell([one.p99 for one in rounds]) for key, rounds in done.items()}
    yield from latency_rows(name, p50, p99)


def _return(size: int, at_once: int, bench: Bench, contestant: Contestant) -> Measured:
    """A crowd comes to a server that has just started."""
    name = f"{size:,} clients come back, {at_once:,} at a time"
    with bench.session(contestant, []) as session:
        before, used = session.server.resident(), session.server.cpu()
        members = room(size, contestant)
        session.load.add_rooms(1, protocols.ring_for(members, TRAFFIC_WINDOW))
        seconds = session.load.connect(session.load.add(members), at_once)
        session.load.sync()
        time.sleep(REST)
        idle, used = session.server.resident(), session.server.cpu() - used
        session.flood(TRAFFIC_WINDOW, 0.0, TRAFFIC)
        time.sleep(REST)
        after = session.server.resident()
    return {
        (f"{name}: all in after", "s"): seconds,
        ("  server CPU", "ms each"): used / size * 1000,
        ("  memory of each, idle", "kB"): (idle - before) / size / 1000,
        ("  memory of each, after traffic", "kB"): (after - before) / size / 1000,
    }


def _others(bench: Bench, contestant: Contestant) -> Measured:
    """A crowd that comes at once to another room, as far as those feel it who are talking.

    It has a load generator of its own: one that shakes hands a thousand times is late in hearing what others say.
    """
    name = f"{STORM:,} come to another room at once"
    entries = [contestant.protocol.enter(100 + i, "elsewhere") for i in range(STORM)]
    with bench.session(contestant, room(100, contestant)) as session, bench.load(contestant, session.server) as crowd:
        before = session.drip(QUIET_RATE, 0.5, CALM)
        who = crowd.add([Member(one.hello, one.ready, room=-1) for one in entries])
        session.load.drip(QUIET_RATE, 0.0, STORM_SECONDS)
        session.load.wait_measuring()
        seconds = crowd.connect(who, STORM)
        during = session.load.wait_drained(session.load.wait_measured())
    if during.problem:
        raise Wrong(during.problem)
    return {
        (f"{name}: all in after", "s"): seconds,
        ("  p99 of 100 who talk, before", "ms"): before.p99,
        ("  meanwhile", "ms"): during.p99,
    }


def _idle(bench: Bench, contestant: Contestant) -> Measured:
    """Many come in portions, each of which has the load generator's whole patience: so a busy machine does it, too."""
    size = max(CROWDS)
    with bench.session(contestant, []) as session:
        before, used = session.server.resident(), session.server.cpu()
        members = room(size, contestant)
        session.load.add_rooms(1, protocols.ring_for(members, 1))
        for start in range(0, size, PORTION):
            session.load.connect(session.load.add(members[start : start + PORTION]), contestant.protocol.at_once)
        session.load.sync()
        time.sleep(REST)
        memory, used = session.server.resident() - before, session.server.cpu() - used
    return {
        (f"{size:,} clients who say nothing: memory of each", "kB"): memory / size / 1000,
        ("  server CPU for letting it in", "ms each"): used / size * 1000,
    }


memory: Final = partial(_each, "memory", _idle)
others: Final = partial(_each, "what others feel of a crowd", _others)


def returning(bench: Bench) -> Iterator[Row]:
    for size in CROWDS:
        yield from come_back(size, bench)


def come_back(size: int, bench: Bench) -> Iterator[Row]:
    yield from _each(f"{size:,} clients that come back", partial(_return, size, CROWDS[size]), bench)


WORKLOADS: Final[dict[str, Workload]] = {
    "singles": singles,
    "batches": batches,
    "counted": counted,
    "quiet": quiet,
    "returning": returning,
    "others": others,
    "memory": memory,
}
IN_THE_CLEAR: Final = {name: WORKLOADS[name] for name in ("singles", "batches", "quiet", "returning", "memory")}


SINGLE: Final = f"one message at a time, {ROOMS} rooms x {ROOM_SIZE} clients"


# --- all of it ---------------------------------------------------------------------------------------------------


def measure(bench: Bench, names: Sequence[str]) -> list[Row]:
    return [row for name in names for row in WORKLOADS[name](bench)]
