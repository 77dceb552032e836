"""Kill a server at random instants under load, restart it, again and again; then hold everybody's story together.

    python -m tests.faults.crash [--quick] [--seed N]

A seed replays the choices (what is said, when it is killed), not the machine's timing.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.faults.actors import Client, Report, ServerProcess, judge, settle
from tests.faults.finding import Finding, found, main
from tests.faults.mind import Mind
from tests.peers import WAIT, wait_until

MOMENTS = ("under load", "under load", "at a receipt", "at a welcome", "starting", "resuming", "stopping")
START_UP = 0.15  # seconds within which a server that was started may be killed before it is ready
BURSTS = 60.0  # a second and client


class Talker:
    """What one client says and does while there is load: it is in the lobby and the den, and has one friend."""

    def __init__(self, seed: int, friend: str, load: threading.Event, bursts: float = BURSTS) -> None:
        self._random = random.Random(seed)
        self._friend = friend
        self._load = load
        self._bursts = bursts
        self._next = 0.0
        self._count = 0
        self.introduced = False

    def __call__(self, client: Client) -> None:
        mind = client.mind
        if mind.caught_up and not self.introduced:
            # With a first text its name is claimed. What is said in private to a name that nobody has claimed is
            # refused after a restart, as somebody else may bear it then.
            self._count += 1
            mind.say("lobby", f"{mind.name}#{self._count} hello")
            self.introduced = True
        if not self._load.is_set():
            if "den" not in mind.inside and mind.caught_up:
                mind.enter("den")
        elif mind.online and time.monotonic() >= self._next and len(mind.pending) < 2 * mind.window:
            self._next = time.monotonic() + self._random.expovariate(self._bursts)
            for _ in range(self._random.randint(1, 6)):
                self._say(mind)
            if self._random.random() < 0.3:
                self._move(mind)

    def _say(self, mind: Mind) -> None:
        self._count += 1
        text = f"{mind.name}#{self._count} " + "x" * self._random.choice((0, 5, 80, 80, 300, 4000))
        where = self._random.random()
        if where < 0.05:
            mind.say("lobby", self._random.choice(("", "   ")))
        elif where < 0.2:
            mind.say(f"@{self._friend}", text)
        elif where < 0.5 and mind.is_in("den"):
            mind.say("den", text)
        else:
            mind.say("lobby", text)

    def _move(self, mind: Mind) -> None:
        """Out of the den, not while a text is on its way there, which would then be refused; or into it again."""
        if "den" not in mind.inside:
            if mind.caught_up:
                mind.enter("den")
        elif mind.is_in("den") and not any(saying.room == "den" for saying in mind.pending.values()):
            mind.leave("den")


class Killer:
    """Knows the moments at which a server is best killed."""

    def __init__(
        self, rng: random.Random, server: ServerProcess, clients: Sequence[Client], moments: Sequence[str]
    ) -> None:
        self._random, self._server, self._clients, self._moments = rng, server, clients, moments
        self.kinds: Counter[str] = Counter()

    def wait_for_the_moment(self) -> None:
        kind = self._random.choice(self._moments)
        self.kinds[kind] += 1
        if kind == "starting":
            time.sleep(self._random.uniform(0, START_UP))
            return
        self._server.wait_ready()
        if kind == "under load":
            time.sleep(self._random.uniform(0, 0.5))
        elif kind == "resuming":
            time.sleep(self._random.uniform(0, 0.03))
        elif kind == "stopping":
            time.sleep(self._random.uniform(0, 0.2))
            self._server.ask_to_stop()
            time.sleep(self._random.uniform(0, 0.05))
        else:
            self._at_news_of(self._random.choice(self._clients), kind)

    def _at_news_of(self, client: Client, kind: str) -> None:
        assert wait_until(lambda: client.mind.online or client.error is not None), f"{client.mind.name} stays away"
        if kind == "at a welcome":
            time.sleep(self._random.uniform(0, 0.005))
            return
        client.receipt.clear()
        assert client.receipt.wait(WAIT), f"{client.mind.name} hears nothing"


def is_known(client: Client) -> bool:
    return isinstance(client.act, Talker) and client.act.introduced and not client.mind.pending


def kill_repeatedly(
    folder: Path, kills: int, seed: int, *, lie: str | None = None, talkers: int = 6, moments: Sequence[str] = MOMENTS
) -> Report:
    rng = random.Random(seed)
    report = Report(seed)
    begun = time.monotonic()
    load = threading.Event()
    server = ServerProcess(folder / "data", lie=lie)
    clients = []
    for number in range(talkers):
        mind = Mind(f"c{number}", ("lobby", "den"), window=rng.choice((1, 4, 16, 40)))
        talker = Talker(rng.randrange(10**9), f"c{number ^ 1}", load)
        clients.append(Client(server.port, mind, talker))
    killer = Killer(rng, server, clients, moments)
    server.start(wait=False)
    try:
        for client in clients:
            client.start()
        # Nobody can be written to who was never there.
        assert wait_until(lambda: all(is_known(client) or client.error for client in clients)), "not all come in"
        load.set()
        for _ in range(kills):
            killer.wait_for_the_moment()
            server.kill()
            server.start(wait=False)
        server.wait_ready()
        time.sleep(0.3)
        load.clear()
        report.wrong += settle(clients, ("lobby", "den"))
        rooms = sorted({room for client in clients for room in client.mind.tracks})
        log = {room: server.export(room) for room in rooms}
        if (code := server.stop()) != 0:
            report.wrong.append(f"exit: code {code} when asked to stop")
    finally:
        for client in clients:
            client.done.set()
        server.kill()
    judge(report, [client.mind for client in clients], log)
    report.wrong += [f"complaint: {line}" for line in server.complaints]
    report.figures |= {"kills": kills, **killer.kinds, "connections": sum(client.connections for client in clients)}
    report.figures["seconds"] = time.monotonic() - begun
    return report


def run(quick: bool, seed: int) -> Finding:
    with tempfile.TemporaryDirectory() as folder:
        report = kill_repeatedly(Path(folder), 30 if quick else 500, seed)
    figures = report.figures
    figure = (
        f"{figures['lost']:.0f} lost, {figures['doubled']:.0f} doubled in {figures['kills']:.0f} kills; "
        f"{figures['receipts']:,.0f} receipts"
    )
    return found(1, "a receipt means durable", "0 lost in 500 kills", figure, report.wrong)


if __name__ == "__main__":
    sys.exit(main(run))
