"""Several servers on one PostgreSQL: kill, stop and cut them and the database at random; then compare all stories.

    python -m tests.faults.several [--quick] [--seed N]

A seed replays the choices (what is said, what is done to whom), not the machine's timing.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from tests.faults.actors import Report, ServerProcess, slowly
from tests.faults.finding import Finding, found, main
from tests.faults.several_servers import DATABASE, Listener, Several, log_of
from tests.peers import WAIT, wait_until
from tests.postgres import Cluster, why_not

PROPERTY: Final = "several servers"
TARGET: Final = (
    "0 lost, 0 twice, one order everywhere in 300 faults; clients of a dead server back ≤ 1 s, all live ≤ 2 s after "
    "the database accepts, a name free ≤ 1 s after kill -9"
)
LIMITS: Final = {"back": 1.0, "live": 2.0, "free": 1.0}
QUICK_MARGIN: Final = 3.0  # times as long for the short form, which runs on machines that do other things too
FAULTS, QUICK_FAULTS = 300, 6
STATEMENT, ANSWER = 1_200, 160  # bytes: a little more than most appends have, and their answers
STOPPED: Final = (2.1, 4.0)  # seconds for which a server stands still
QUIET: Final = 3.0  # seconds within which a single text has reached all servers, whatever happened to its notification
ALONE: Final = 0.7  # the share of faults that are not close behind another; of others no times are judged
CALM: Final = 2.5  # seconds after which a fault is over for the servers, too
# As often as it stands here, and in a short run at least once.
KINDS: Final = (
    "kill a server", "kill a server", "kill a server", "kill the database", "quit the database", "stop a server",
    "give up a server", "lose a server", "cut a statement", "cut a statement", "cut a statement", "cut an answer",
    "cut an answer", "cut an answer", "cut all", "end a writer", "end an exchange", "end the feeds",
)  # fmt: skip
QUICK: Final = (
    "kill a server",
    "kill the database",
    "cut a statement",
    "cut an answer",
    "lose a server",
    "end the feeds",
)


class Faults:
    """What can be done to a chat of several servers."""

    def __init__(self, chat: Several, cluster: Cluster) -> None:
        self._chat, self._cluster = chat, cluster
        self._random = chat.random
        self.kinds: Counter[str] = Counter()
        self.times: dict[str, list[float]] = {}
        self.wrong: list[str] = []
        self._do: dict[str, Callable[[], None]] = {
            "kill a server": self._kill_server,
            "kill the database": lambda: self._restart_database(cluster.crash),
            "quit the database": lambda: self._restart_database(lambda: cluster.stop(signal.SIGQUIT)),
            "stop a server": lambda: self._stop_server(lambda at: None),
            "give up a server": lambda: self._stop_server(self._give_up),
            "lose a server": lambda: self._stop_server(self._lose),
            "cut a statement": lambda: self._cut_append(STATEMENT, upward=True),
            "cut an answer": lambda: self._cut_append(ANSWER, upward=False),
            "cut all": lambda: self._random.choice(chat.links).cut_all(),
            "end a writer": lambda: self._end_one("chat writer"),
            "end an exchange": lambda: self._end_one("chat exchange"),
            "end the feeds": self._end_feeds,
        }

    def happen(self, kind: str) -> None:
        self.kinds[kind] += 1
        begun = time.monotonic()
        self._do[kind]()
        if self._random.random() < ALONE:
            self._await_life(kind, begun)
        time.sleep(self._random.uniform(0, 0.3))

    def _await_life(self, kind: str, since: float) -> None:
        if not wait_until(self._chat.lives_since(since), 2 * WAIT):
            dead = [client.mind.name for client in self._chat.clients if not client.lives_since(since)]
            self.wrong.append(f"dead: {', '.join(dead)} after: {kind}")

    def _measure(self, what: str, since: float, condition: Callable[[], bool]) -> None:
        if not wait_until(condition, WAIT):
            self.wrong.append(f"late: not {what} within {WAIT} s")
        self.times.setdefault(what, []).append(time.monotonic() - since)

    # --- servers ---

    def _any(self) -> ServerProcess:
        return self._random.choice(self._chat.servers)

    def _kill_server(self) -> None:
        server, chat = self._any(), self._chat
        is_alone = self._random.random() < ALONE
        if is_alone:
            self._await_life("before", time.monotonic())
            time.sleep(CALM)
        lost = [client for client in chat.clients if client.port == server.port and client.mind.online]
        borne = [bears[0] for one in chat.contenders if (bears := one.bears) and bears[1] == server.port]
        killed = time.monotonic()
        server.kill()
        server.start(wait=False)
        behind = "" if is_alone else " close behind another fault"
        self._measure(f"back{behind}", killed, lambda: all(client.connected_at > killed for client in lost))
        for name in borne:
            self._measure(f"free{behind}", killed, partial(self._was_got, name, killed))
        server.wait_ready()

    def _was_got(self, name: str, since: float) -> bool:
        return any(got == name and at > since for one in self._chat.contenders for got, at in one.got[-3:])

    def _stop_server(self, meanwhile: Callable[[int], None]) -> None:
        """It stands still for longer than the others wait. What it has not read is read by it later."""
        at = self._random.randrange(len(self._chat.servers))
        server = self._chat.servers[at]
        server.wait_ready()
        os.kill(server.pid, signal.SIGSTOP)
        stopped = time.monotonic()
        try:
            time.sleep(self._random.uniform(*STOPPED) / 2)
            meanwhile(at)
            time.sleep(self._random.uniform(*STOPPED) / 2)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        if meanwhile in (self._give_up, self._lose):
            self._expect_farewell(server, stopped)

    def _expect_farewell(self, server: ServerProcess, since: float) -> None:
        """Whoever has stayed with a server that the others have given up has to come in again."""
        stayed = [one for one in self._chat.listeners if one.port == server.port and one.connected_at < since]
        if not wait_until(lambda: all(client.connected_at > since for client in stayed)):
            self.wrong.append("kept: a server that was given up keeps its clients")

    def _number(self, at: int) -> int:
        """Of a server, as the others know it."""
        label = f"%:{self._chat.servers[at].port}"
        ((number,),) = self._cluster.execute(f"SELECT max(id) FROM chat.servers WHERE address LIKE '{label}'", DATABASE)
        return int(number or 0)

    def _give_up(self, at: int) -> None:
        """Its connections are there still, and go on when it does."""
        number = self._number(at)
        forget = f"DELETE FROM chat.servers WHERE id = {number}"
        over = f"INSERT INTO chat.posts (server, kind, data) VALUES ({number}, 'over', '{{}}')"
        self._cluster.execute(
            f"SELECT pg_advisory_lock({0x63686174}, 4); {forget}; {over}; NOTIFY chat, 'posts'", DATABASE
        )

    def _lose(self, at: int) -> None:
        """As if its machine were gone: the others find that out."""
        number = self._number(at)
        self._chat.links[at].cut_all()
        is_over = f"SELECT 1 FROM chat.posts WHERE server = {number} AND kind = 'over'"
        if number and not wait_until(lambda: bool(self._cluster.execute(is_over, DATABASE))):
            self.wrong.append(f"unnoticed: server {number} is lost, and the others count on it")

    # --- the database ---

    def _restart_database(self, end: Callable[[], None]) -> None:
        end()
        time.sleep(self._random.choice((0, 0, 1, 3)) * self._random.random())
        self._cluster.start()
        accepted = time.monotonic()
        self._measure("live", accepted, self._chat.lives_since(accepted))

    def _cut_append(self, most: int, *, upward: bool) -> None:
        link = self._random.choice(self._chat.links)
        cuts = link.cuts
        if wait_until(lambda: link.cut_after("chat writer", self._random.randrange(most), upward=upward), 2.0):
            wait_until(lambda: link.cuts > cuts, 2.0)

    def _end(self, name: str, number: int = 100) -> None:
        """End connections as an operator may."""
        some = f"SELECT pid FROM pg_stat_activity WHERE application_name = '{name}' ORDER BY random() LIMIT {number}"
        self._cluster.execute(f"SELECT pg_terminate_backend(pid) FROM ({some}) AS chosen")

    def _end_one(self, name: str) -> None:
        self._end(name, 1)

    def _end_feeds(self) -> None:
        """Nobody hears the notification of a text that is said meanwhile."""
        self._chat.load.clear()
        self._await_quiet()
        talk = self._random.choice(self._chat.listeners).talk
        assert isinstance(talk, Listener)
        text = f"a single text, {self.kinds.total()}"
        self._end("chat feed")
        talk.orders.put(text)
        if not wait_until(lambda: self._is_everywhere(text), WAIT):
            self.wrong.append("silenced: a text is stored and confirmed, but not everybody hears it")
        elif not wait_until(self._is_level, slowly(QUIET)):
            self.wrong.append("unheard: a text whose notification was lost is not heard everywhere")
        self._chat.load.set()

    def _await_quiet(self) -> None:
        wait_until(lambda: not any(client.mind.pending for client in self._chat.clients) and self._is_level())

    def _is_everywhere(self, text: str) -> bool:
        return any(text in client.mind.stored for client in self._chat.listeners)

    def _is_level(self) -> bool:
        return len({client.mind.tracks["lobby"].last for client in self._chat.clients}) == 1


def break_repeatedly(
    folder: Path,
    kinds: Sequence[str],
    seed: int,
    *,
    lie: str | None = None,
    prepare: Callable[[Cluster], object] = lambda cluster: None,
) -> Report:
    """Let these faults happen, one after the other."""
    report = Report(seed)
    begun = time.monotonic()
    cluster = Cluster()
    try:
        cluster.execute(f"CREATE DATABASE {DATABASE}")
        with Several(folder, random.Random(seed), lie=lie).open([cluster.port], lambda: prepare(cluster)) as chat:
            faults = Faults(chat, cluster)
            for kind in kinds:
                faults.happen(kind)
            report.wrong += faults.wrong + chat.settle()
            chat.judge(report, log_of(cluster))
    finally:
        cluster.close()
    report.figures |= {"faults": len(kinds), **faults.kinds, "seconds": time.monotonic() - begun}
    for what, times in faults.times.items():
        report.figures |= {f"{what}, median": sorted(times)[len(times) // 2], f"{what}, slowest": max(times)}
    return report


def late(report: Report, margin: float = 1.0) -> list[str]:
    """The times that are over their limits."""
    slowest = {limit: report.figures.get(f"{limit}, slowest", 0.0) for limit in LIMITS}
    return [
        f"late: {limit} after {slowest[limit]:.2f} s"
        for limit, most in LIMITS.items()
        if slowest[limit] > slowly(most) * margin
    ]


def choose(number: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [rng.choice(KINDS) for _ in range(number)]


def run(quick: bool, seed: int) -> Finding:
    if reason := why_not():
        return Finding(19, PROPERTY, TARGET, reason, None)
    with tempfile.TemporaryDirectory() as folder:
        report = break_repeatedly(Path(folder), QUICK if quick else choose(FAULTS, seed), seed)
    figures = report.figures
    times = ", ".join(
        f"{limit} {figures.get(f'{limit}, median', 0):.2f} to {figures.get(f'{limit}, slowest', 0):.2f} s"
        for limit in LIMITS
    )
    figure = (
        f"{figures['lost']:.0f} lost, {figures['doubled']:.0f} twice, {figures['hashes that differ']:.0f} hashes "
        f"differ in {figures['faults']:.0f} faults; {figures['receipts']:,.0f} receipts; median to slowest: {times}"
    )
    return found(19, PROPERTY, TARGET, figure, report.wrong + late(report, QUICK_MARGIN if quick else 1.0))


if __name__ == "__main__":
    sys.exit(main(run))
