"""Clients that stop reading hurt only themselves.

    python -m tests.faults.slow_readers [--quick] [--seed N]

A hundred clients in one room, at a steady rate. First all read; then some stop. The others' slowest hundredth must not
take twice as long as before, whoever stopped must be let go of in time, and must not have cost more memory than his
backlog may. Needs Linux and a C compiler, for the load generator.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from server_parts.settings import Settings
from tests.bench.contestants import Server
from tests.bench.generator import Load, NoCompiler, build
from tests.bench.protocols import NATIVE, crowd, ring_for
from tests.faults import finding
from tests.faults.finding import Finding, NotAllowed
from tests.faults.odd_server import serving

CLIENTS, SENDERS = 100, 5
TEXT: Final = 800  # bytes of each
MOST_SECONDS: Final = 10.0
LEAST_P99: Final = 5.0  # ms: below that, noise decides
NOISE: Final = 4 << 20  # bytes that an allocator may keep to itself


class Shape(NamedTuple):
    """How hard, and how strictly."""

    rate: int
    seconds: float
    backlog: int
    most_ratio: float  # of the others' slowest hundredth to what it was before


FULL: Final = Shape(1_000, 10.5, Settings().backlog, 2.0)
QUICK: Final = Shape(400, 6.0, 65_536, 6.0)  # beside other tests, noise alone may double a figure


class Stall(NamedTuple):
    """What it was like while some did not read."""

    shape: Shape
    problem: str
    stopped: int
    p99_before: float  # ms
    p99: float
    gone_after: float | None
    growth: int  # bytes of memory beyond what the time before had taken

    def __str__(self) -> str:
        gone = "never" if self.gone_after is None else f"after {self.gone_after:.1f} s"
        return (
            f"{self.stopped} of {CLIENTS} stopped: others' p99 {self.p99_before:.1f} → {self.p99:.1f} ms, "
            f"let go {gone}, memory +{self.growth / 1e6:.1f} MB"
        )

    def wrong(self) -> list[str]:
        found = [self.problem] if self.problem else []
        if self.p99 > self.shape.most_ratio * max(self.p99_before, LEAST_P99):
            found.append(f"others waited {self.p99:.1f} ms, {self.p99 / self.p99_before:.1f} times as long as before")
        if self.gone_after is None or self.gone_after > MOST_SECONDS:
            found.append(f"{self.stopped} who did not read were not let go within {MOST_SECONDS:.0f} s")
        if self.growth > self.stopped * self.shape.backlog + NOISE:
            found.append(f"they cost {self.growth / 1e6:.1f} MB")
        return found


class Watch:
    """Memory, and when the stalled are gone."""

    def __init__(self, server: Server, stopped: int) -> None:
        self._server = server
        self._goal = server.descriptors() - stopped
        self._begun, self._resident = time.monotonic(), server.resident()
        self.growth = 0
        self.gone_after: float | None = None

    def look(self) -> None:
        self.growth = max(self.growth, self._server.resident() - self._resident)
        if self.gone_after is None and self._server.descriptors() <= self._goal:
            self.gone_after = time.monotonic() - self._begun

    def look_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look()
            time.sleep(0.02)


def stall(generator: Path, stopped: int, shape: Shape, habit: Callable[[], None] | None = None) -> Stall:
    members = list(crowd(NATIVE, 1, CLIENTS, SENDERS))
    with (
        serving("--backlog", str(shape.backlog), habit=habit) as server,
        Load(generator, server.port, NATIVE.echo, NATIVE.id_key) as load,
    ):
        load.tell(f"texts {TEXT}")
        load.add_rooms(1, ring_for(members, 4_096))
        who = load.add(members)
        load.connect(who, NATIVE.at_once)
        load.sync()
        load.drip(shape.rate, 1.0, shape.seconds / 2)
        load.wait_measuring()
        usual = Watch(server, 0)
        usual.look_for(shape.seconds / 2)
        before = load.wait_drained(load.wait_measured())
        load.stop_reading(who[-stopped:])
        watch = Watch(server, stopped)
        load.drip(shape.rate, 0.0, shape.seconds)
        load.wait_measuring()
        watch.look_for(shape.seconds)
        during = load.wait_drained(load.wait_measured())
        watch.look()
    growth = max(watch.growth - usual.growth, 0)
    return Stall(shape, before.problem or during.problem, stopped, before.p99, during.p99, watch.gone_after, growth)


def best(generator: Path, stopped: int, shape: Shape) -> Stall:
    """Tried again if it seems wrong: whatever else the machine does can only make it seem worse."""
    first = stall(generator, stopped, shape)
    return (
        first if not first.wrong() else min(first, stall(generator, stopped, shape), key=lambda one: len(one.wrong()))
    )


def run(quick: bool, seed: int) -> Finding:
    counts = [1, CLIENTS // 10]
    random.Random(seed).shuffle(counts)
    try:
        with tempfile.TemporaryDirectory() as folder:
            generator = generator_in(Path(folder))
            stalls = [best(generator, n, QUICK if quick else FULL) for n in (counts[:1] if quick else counts)]
    except NotAllowed as reason:
        return Finding(7, PROPERTY, TARGET, str(reason), None)
    return finding.found(7, PROPERTY, TARGET, "; ".join(map(str, stalls)), [w for one in stalls for w in one.wrong()])


def generator_in(folder: Path) -> Path:
    if not sys.platform.startswith("linux"):
        raise NotAllowed("the load generator needs Linux (epoll)")
    try:
        return build(folder)["load"]
    except NoCompiler as error:
        raise NotAllowed(str(error)) from error


PROPERTY: Final = "slow readers hurt only themselves"
TARGET: Final = "others' p99 ≤ 2 × without, let go within 10 s, memory within their backlog"

if __name__ == "__main__":
    sys.exit(finding.main(run))
