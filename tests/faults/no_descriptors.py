"""A server that runs out of descriptors stays calm, keeps those who are in, and is back at once.

    python -m tests.faults.no_descriptors [--quick] [--seed N]

Twice: with a limit that the server knows from its start, where it refuses in words, and with one that it does not know,
where the system refuses. A thousand connect, stay for a while, and go all at once, in an order by the seed.
"""

from __future__ import annotations

import contextlib
import math
import random
import secrets
import socket
import sys
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from tests.bench.contestants import Server
from tests.faults import finding
from tests.faults.actors import slowly
from tests.faults.finding import Finding
from tests.faults.odd_server import serving
from tests.faults.pair import Pair
from tests.peers import WAIT, Ended, Native

PROPERTY: Final = "descriptors exhausted"
TARGET: Final = "256 descriptors, 1,000 connects: CPU < 20 %, service back ≤ 2 s"
DESCRIPTORS: Final = 256
MOST_CPU, MOST_SECONDS = 0.2, 2.0
UNDER_A_LIMIT: Final = ("sh", "-c", f'ulimit -n {DESCRIPTORS} && exec "$@"', "sh")


class Shape(NamedTuple):
    connections: int
    seconds: float  # for which they stay


FULL: Final = Shape(1_000, 10.0)
QUICK: Final = Shape(400, 1.5)


class Drought(NamedTuple):
    known: bool
    descriptors: int
    cpu: float  # share of one processor meanwhile
    back_after: float  # seconds from the release until a newcomer is in
    slowest: float  # text of the pair that was in before

    def __str__(self) -> str:
        return (
            f"limit {'known' if self.known else 'unknown'}: {self.descriptors} open, CPU {self.cpu:.1%}, "
            f"back after {self.back_after:.2f} s, others' slowest text {self.slowest * 1000:.0f} ms"
        )

    def wrong(self) -> list[str]:
        found = []
        if self.descriptors < DESCRIPTORS / 2 or self.descriptors > DESCRIPTORS:
            found.append(f"{self.descriptors} descriptors were open: that is no exhaustion")
        if self.cpu >= MOST_CPU:
            found.append(f"CPU {self.cpu:.0%} with nothing to do")
        if self.back_after > slowly(MOST_SECONDS):
            found.append(f"a newcomer came in only after {self.back_after:.1f} s")
        return found


def dry_out(shape: Shape, seed: int, *, known: bool, habit: Callable[[], None] | None = None) -> Drought:
    with (
        serving(habit=habit, prefix=UNDER_A_LIMIT if known else ()) as server,
        Pair(server.port, rate_limit=0.2) as pair,
        contextlib.ExitStack() as stack,
    ):
        if not known:
            _limit(server)
        crowd = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=WAIT))
            for _ in range(shape.connections)
        ]
        time.sleep(min(shape.seconds, 1.0))  # coming in is work; standing there is not
        before, begun = server.cpu(), time.monotonic()
        delays = pair.heard_for(shape.seconds)
        cpu = (server.cpu() - before) / (time.monotonic() - begun)
        descriptors = server.descriptors()
        random.Random(seed).shuffle(crowd)
        for connection in crowd:
            connection.close()
        return Drought(known, descriptors, cpu, _time_to_come_in(server.port), max(delays))


def _limit(server: Server) -> None:
    import resource

    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


def _time_to_come_in(port: int) -> float:
    begun = time.monotonic()
    while time.monotonic() < begun + WAIT:
        with contextlib.suppress(Ended, OSError, KeyError), Native(port) as newcomer:
            newcomer.hello(f"n-{secrets.token_hex(4)}")
            if newcomer.next()["type"] == "welcome":
                return time.monotonic() - begun
    return math.inf


def run(quick: bool, seed: int) -> Finding:
    if not sys.platform.startswith("linux"):
        return Finding(12, PROPERTY, TARGET, "only Linux can limit another process (prlimit)", None)
    shape = QUICK if quick else FULL
    droughts = [dry_out(shape, seed, known=known) for known in (True, False)]
    return finding.found(12, PROPERTY, TARGET, "; ".join(map(str, droughts)), [w for d in droughts for w in d.wrong()])


if __name__ == "__main__":
    sys.exit(finding.main(run))
