"""The database's machine dies, and its standby takes over: what was confirmed before is there, once.

    python -m tests.faults.fail_over [--quick] [--seed N]

The standby is cut off a moment before: a process that is killed proves little, as the kernel still delivers what it has
sent. Three servers find whichever of the two can be written. A seed replays the choices, not the machine's timing.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from tests.faults.actors import Report
from tests.faults.database_link import DatabaseLink
from tests.faults.finding import Finding, found, main
from tests.faults.several_servers import DATABASE, SERVERS, Several, log_of
from tests.peers import WAIT, wait_until
from tests.postgres import OPERATOR, STARTING, Cluster, why_not

PROPERTY: Final = "fail-over"
TARGET: Final = "0 acknowledged lost, 0 twice, in 20 fail-overs"
TIMES, QUICK_TIMES = 20, 1
CUT_OFF: Final = 0.3  # seconds from the last thing that the standby hears to the end of the primary


class Databases:
    """A primary, and a standby that takes its place; then the next standby is made."""

    def __init__(self, opened: ExitStack, *, synchronous: bool) -> None:
        self._opened = opened
        self._synchronous = synchronous
        self.primary = opened.enter_context(closing(Cluster()))
        self.primary.execute(f"CREATE DATABASE {DATABASE}")
        self._line: DatabaseLink | None = None  # from the standby to the primary
        self.standby: Cluster | None = None

    def follow(self) -> Cluster:
        """There is a standby, and it has all that the primary has."""
        self._line = self._opened.enter_context(DatabaseLink(self.primary.port))
        conninfo = f"host=127.0.0.1 port={self._line.port} user={OPERATOR} sslmode=disable gssencmode=disable"
        standby = self._opened.enter_context(closing(Cluster({"primary_conninfo": conninfo}, self.primary)))
        standby.start()
        self.primary.configure("synchronous_standby_names", "*" if self._synchronous else "")
        wanted = "sync" if self._synchronous else "async"
        is_so = f"SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = '{wanted}'"
        assert wait_until(lambda: bool(self.primary.execute(is_so)), STARTING), "the standby does not follow"
        self.standby = standby
        return standby

    def fail(self) -> float:
        """The standby hears nothing any more, the primary dies, and the standby takes over; when that was so."""
        assert self._line is not None
        assert self.standby is not None
        self._line.freeze()
        time.sleep(CUT_OFF)
        self.primary.crash()
        self.standby.promote()
        promoted = time.monotonic()
        self.primary, self.standby = self.standby, None
        return promoted


@contextmanager
def databases(*, synchronous: bool) -> Iterator[Databases]:
    with ExitStack() as opened:
        yield Databases(opened, synchronous=synchronous)


def fail_repeatedly(folder: Path, times: int, seed: int, *, synchronous: bool = True) -> Report:
    report = Report(seed)
    begun = time.monotonic()
    rng = random.Random(seed)
    back = []
    with databases(synchronous=synchronous) as both, Several(folder, rng) as chat:
        chat.open([both.primary.port, both.primary.port])
        for number in range(times):
            point_to(chat, 1 - number % 2, both.follow())
            time.sleep(rng.uniform(0.3, 1.0))
            promoted = both.fail()
            if not synchronous:  # the servers find that their database has lost something, and stop storing
                break
            everybody_lives = chat.lives_since(promoted)
            if not wait_until(everybody_lives, 2 * WAIT):
                report.wrong.append(f"dead: not everybody is back after fail-over {number + 1}")
            back.append(time.monotonic() - promoted)
        report.wrong += chat.settle(4 * WAIT if synchronous else 1.0)
        chat.judge(report, log_of(both.primary))
    report.figures |= {"fail-overs": times, "seconds": time.monotonic() - begun}
    report.figures |= {"slowest": max(back)} if back else {}
    return report


def point_to(chat: Several, which: int, cluster: Cluster) -> None:
    """One of the two addresses that each server knows leads to that database."""
    for number in range(SERVERS):
        chat.links[2 * number + which].target = cluster.port


def run(quick: bool, seed: int) -> Finding:
    if reason := why_not():
        return Finding(20, PROPERTY, TARGET, reason, None)
    with tempfile.TemporaryDirectory() as folder:
        report = fail_repeatedly(Path(folder), QUICK_TIMES if quick else TIMES, seed)
    figures = report.figures
    figure = (
        f"{figures['lost']:.0f} lost, {figures['doubled']:.0f} twice in {figures['fail-overs']:.0f} fail-overs; "
        f"{figures['receipts']:,.0f} receipts; all talk again {figures['slowest']:.1f} s after it at the latest"
    )
    return found(20, PROPERTY, TARGET, figure, report.wrong)


if __name__ == "__main__":
    sys.exit(main(run))
