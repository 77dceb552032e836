"""client.py at one of several servers, which is killed or given up by the others: when it is back, what it has said.

    python -m tests.faults.real_client [--quick] [--seed N]

Item 19 has clients of its own, which trust nothing. This is the one that people use. While its server goes, it is given
something to say.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.client.programs import ROOT, environment
from tests.faults.actors import Report, ServerProcess, slowly
from tests.faults.database_link import DatabaseLink
from tests.faults.finding import Finding, found, main
from tests.faults.several_servers import DATABASE, log_of, url
from tests.peers import WAIT, wait_until
from tests.postgres import Cluster, why_not

PROPERTY: Final = "client.py and several servers"
TARGET: Final = "back ≤ 1 s after its server is killed, or goes on and is given up; 0 lost, 0 twice"
LIMIT, QUICK_LIMIT = 1.0, 3.0  # the short form runs on machines that do other things too
KILLED, GIVEN_UP = "killed", "given up"
WAYS: Final = (KILLED, GIVEN_UP) * 10
QUICK: Final = (KILLED, GIVEN_UP, KILLED)


class Program:
    """client.py in a pipe, which tells each change of its connection as an event."""

    def __init__(self, ports: Sequence[int], folder: Path) -> None:
        places = [f"127.0.0.1:{port}" for port in ports]
        self._process = subprocess.Popen(
            [sys.executable, "client.py", *places, "--json", "--name", "person"],
            cwd=ROOT,
            env=environment(folder / "token"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = 0  # where it is online
        self.online_at = 0.0
        self.waiting: set[str] = set()  # texts without a receipt
        self._thread = threading.Thread(target=self._read, name="client.py")
        self._thread.start()

    def say(self, text: str) -> None:
        assert self._process.stdin is not None
        self.waiting.add(text)
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            if event["type"] == "link" and event["state"] == "online":
                self.online_at, self.port = time.monotonic(), int(event["server"].rpartition(":")[2])
            elif event["type"] == "message":
                self.waiting.discard(event["text"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._thread.join(WAIT)
        self._process.communicate(timeout=WAIT)


class Chat:
    """Two servers with a link each, and the client."""

    def __init__(self, opened: ExitStack, folder: Path) -> None:
        self.cluster = opened.enter_context(closing(Cluster()))
        self.cluster.execute(f"CREATE DATABASE {DATABASE}")
        self._links = [opened.enter_context(DatabaseLink(self.cluster.port)) for _ in range(2)]
        self._servers = [
            opened.enter_context(ServerProcess(folder / f"server-{number}", store=url(link.port)))
            for number, link in enumerate(self._links)
        ]
        self.client = opened.enter_context(Program([server.port for server in self._servers], folder))
        assert wait_until(lambda: bool(self.client.port)), "client.py does not come in"

    def lose_its_server(self, way: str, text: str) -> float | None:
        """Seconds until the client is at the other one; None: it does not come."""
        at = [server.port for server in self._servers].index(self.client.port)
        server = self._servers[at]
        lost = self._kill(server, text) if way == KILLED else self._give_up(server, self._links[at], text)
        came = wait_until(lambda: self.client.online_at > lost)
        if way == KILLED:
            server.start()
        return self.client.online_at - lost if came else None

    def _kill(self, server: ServerProcess, text: str) -> float:
        self.client.say(text)
        lost = time.monotonic()
        server.kill()
        return lost

    def _give_up(self, server: ServerProcess, link: DatabaseLink, text: str) -> float:
        """It stands still and loses its connections until the others have given it up."""
        number = f"SELECT max(id) FROM chat.servers WHERE address LIKE '%:{server.port}'"
        ((known_as,),) = self.cluster.execute(number, DATABASE)
        is_over = f"SELECT 1 FROM chat.posts WHERE server = {known_as} AND kind = 'over'"
        os.kill(server.pid, signal.SIGSTOP)
        try:
            link.cut_all()
            assert wait_until(lambda: bool(self.cluster.execute(is_over, DATABASE))), "nobody gives it up"
            self.client.say(text)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        return time.monotonic()


def lose_repeatedly(folder: Path, ways: Sequence[str], seed: int, limit: float = LIMIT) -> Report:
    report = Report(seed)
    pause = random.Random(seed)
    times: dict[str, list[float]] = {way: [] for way in ways}
    texts = []
    with ExitStack() as opened:
        chat = Chat(opened, folder)
        for number, way in enumerate(ways):
            time.sleep(pause.uniform(2.5, 3.5))  # until the others look for lost servers again
            texts.append(f"text {number}")
            back = chat.lose_its_server(way, texts[-1])
            if back is None:
                report.wrong.append(f"away: client.py does not come back, its server was {way}")
                break
            times[way].append(back)
        if not wait_until(lambda: not chat.client.waiting, 2 * WAIT):
            report.wrong.append(f"unanswered: {len(chat.client.waiting)} texts without a receipt")
        stored = [text for _, _, _, text, _ in log_of(chat.cluster)]
    report.wrong += [f"stored {stored.count(text)} times: {text}" for text in texts if stored.count(text) != 1]
    report.figures |= {way: max(each) for way, each in times.items() if each}
    report.wrong += [
        f"late: back after {seconds:.2f} s, {way}"
        for way, each in times.items()
        for seconds in each
        if seconds > slowly(limit)
    ]
    return report


def run(quick: bool, seed: int) -> Finding:
    if reason := why_not():
        return Finding(19, PROPERTY, TARGET, reason, None)
    ways = QUICK if quick else WAYS
    with tempfile.TemporaryDirectory() as folder:
        report = lose_repeatedly(Path(folder), ways, seed, QUICK_LIMIT if quick else LIMIT)
    slowest = ", ".join(f"{way} {seconds:.2f} s" for way, seconds in report.figures.items())
    return found(19, PROPERTY, TARGET, f"{len(ways)} losses; the slowest return: {slowest}", report.wrong)


if __name__ == "__main__":
    sys.exit(main(run))
