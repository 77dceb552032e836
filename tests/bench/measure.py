"""One server under load: a session of both, rounds of it, and the search for the window that suits the server best."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.contestants import Contestant, Server, data_folder
from tests.bench.generator import TEXT, Load, LoadError, Member, Round
from tests.bench.protocols import ring_for

WINDOWS: Final = (1, 4, 16, 64, 256, 1024, 4096)
SHARE_ON_THE_WAY: Final = 0.2  # of the memory, for messages that wait for the generator to read them
TRIAL: Final = 0.6  # seconds of a round that only looks for the best window
WORSE: Final = 0.9  # what is below this share of the best so far is no better
CROWDED: Final = 5_000  # clients for which a round is twice as long
TOO_LONG: Final = 3.0  # seconds until all of a trial's messages have arrived


def add_options(parser: argparse.ArgumentParser, rounds: int) -> None:
    """Where and how thoroughly is measured, as one asks for it; `rounds` if one does not."""
    parser.add_argument("--rounds", type=int, default=rounds, help=f"rounds of each measurement (default: {rounds})")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a round (default: 1)")
    folder = data_folder()
    parser.add_argument("--folder", type=Path, default=Path(folder), help=f"where data goes (default: {folder})")


class Wrong(Exception):
    """What came back was not what was sent."""


class Flood(NamedTuple):
    """Several rounds of a closed loop."""

    rates: list[float]  # deliveries/s
    window: int
    server_cpu: float
    load_cpu: float


@dataclass
class Session:
    server: Server
    load: Load
    who: range
    connect_seconds: float = 0.0

    @property
    def patience(self) -> float:
        """How much longer rounds have to be than among few clients: large rooms are served in long gusts."""
        return 1 + len(self.who) / CROWDED

    def flood(self, window: int, warm_up: float, seconds: float) -> tuple[Round, float]:
        """The round, and the server's share of one processor."""
        self.load.flood(window, warm_up, seconds)
        return self._watch()

    def drip(self, rate: float, warm_up: float, seconds: float, watch: Callable[[], object] | None = None) -> Round:
        """`watch` is called again and again while it is measured."""
        self.load.drip(rate, warm_up, seconds)
        return self._watch(watch, seconds)[0]

    def _watch(self, watch: Callable[[], object] | None = None, seconds: float = 0.0) -> tuple[Round, float]:
        self.load.wait_measuring()
        before, until = self.server.cpu(), time.monotonic() + seconds
        while watch is not None and time.monotonic() < until:
            watch()
            time.sleep(0.02)
        measured = self.load.wait_measured()
        used = self.server.cpu() - before
        done = self.load.wait_drained(measured)
        if done.problem:
            raise Wrong(done.problem)
        return done, used / done.seconds


@dataclass
class Bench:
    """Where and how thoroughly is measured."""

    folder: Path
    programs: dict[str, Path]
    contestants: Sequence[Contestant]
    rounds: int = 5
    seconds: float = 1.0
    windows: Sequence[int] = WINDOWS

    def tell(self, text: str) -> None:
        """How far it has come, for whoever waits."""
        print(text, file=sys.stderr, flush=True)

    def provide(self, build: Callable[[Path], dict[str, Path]], *names: str) -> None:
        """Compile programs that are not there yet. Raises NoCompiler or NoTls."""
        if not all(name in self.programs for name in names):
            self.programs.update(build(self.folder))

    @contextmanager
    def session(
        self, contestant: Contestant, members: Sequence[Member], window: int = WINDOWS[-1], *, receipt: bytes = b""
    ) -> Iterator[Session]:
        """The server, and everyone in it and checked from now on."""
        place = Path(tempfile.mkdtemp(dir=self.folder, prefix=contestant.key))
        try:
            with contestant.start(place) as server, self.load(contestant, server, receipt) as load:
                load.add_rooms(1 + max((member.room for member in members), default=0), ring_for(members, window))
                who = load.add(members)
                session = Session(server, load, who, load.connect(who, contestant.protocol.at_once))
                time.sleep(contestant.protocol.settle)
                if members:
                    load.sync()
                yield session
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def load(self, contestant: Contestant, server: Server, receipt: bytes = b"") -> Load:
        """A load generator for a server that runs."""
        protocol = contestant.protocol
        return Load(self.programs[contestant.load], server.port, protocol.echo, protocol.id_key, receipt)

    def flood(self, contestant: Contestant, members: Sequence[Member], *, receipt: bytes = b"") -> Flood:
        """The best this server can do: its best window first, the same search for everyone, then the rounds."""
        windows = possible_windows(members, self.windows)
        best = 0
        while windows:
            with self.session(contestant, members, windows[-1], receipt=receipt) as session:
                if len(windows) == 1:
                    best = windows[0]
                if not best:
                    best, windows = find_window(session, windows)
                try:
                    return self._rounds(session, best)
                except Wrong:
                    # Perhaps it lets go of clients under that much load: with less it gets another chance.
                    windows = [window for window in windows if window < best]
                    if not windows:
                        raise
                    best = windows[-1]
        raise LoadError("there is no window to try")

    def _rounds(self, session: Session, window: int) -> Flood:
        seconds = self.seconds * session.patience
        rounds, shares = zip(
            *(session.flood(window, 0.3 * session.patience, seconds) for _ in range(self.rounds)),
            strict=True,
        )
        load_cpu = statistics.median(r.cpu for r in rounds)
        return Flood([r.rate for r in rounds], window, statistics.median(shares), load_cpu)


def possible_windows(members: Iterable[Member], windows: Sequence[int]) -> list[int]:
    """Those with which the memory can hold what is on its way."""
    most = SHARE_ON_THE_WAY * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    sizes: dict[int, int] = {}
    senders: dict[int, int] = {}
    for member in members:
        sizes[member.room] = sizes.get(member.room, 0) + 1
        senders[member.room] = senders.get(member.room, 0) + (member.sender >= 0)
    weight = sum(sizes[room] * senders[room] for room in sizes) * (TEXT + 150)
    return [window for window in windows if window == windows[0] or window * weight <= most]


def find_window(session: Session, windows: list[int]) -> tuple[int, list[int]]:
    """The best of the windows, of which the two best are tried twice; and those that may be used at all."""
    rates: dict[int, float] = {}
    length = TRIAL * session.patience
    for window in windows:
        begun = time.monotonic()
        try:
            done, _ = session.flood(window, length / 3, length)
        except Wrong:
            break
        rates[window] = done.rate
        recent = [rates[tried] for tried in list(rates)[-2:]]
        if len(rates) > 2 and max(recent) < WORSE * max(rates.values()):
            break
        if time.monotonic() - begun > length * 4 / 3 + TOO_LONG:
            break
    if not rates:
        raise Wrong("the server does not deliver right even a single message at a time")
    finalists = sorted(rates, key=rates.__getitem__)[-2:]
    try:
        second_look = {window: session.flood(window, length / 3, length)[0].rate for window in finalists}
    except Wrong:
        return max(finalists), list(rates)  # the rounds will go wrong too, and then be tried with less
    return max(finalists, key=lambda window: rates[window] + second_look[window]), list(rates)
