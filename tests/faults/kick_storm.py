"""Throw clients out again and again while others speak; everyone must end with the complete sequence.

    python -m tests.faults.kick_storm [--quick] [--seed N]

Four ways out: a reset and a FIN from the client's side, a kick by the operator, and the same session coming in twice.
Every second client encrypts.
"""

from __future__ import annotations

import json
import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.faults.actors import Client, Report, ServerProcess, judge, settle, start_crowd
from tests.faults.finding import Finding, NotAllowed, found, main
from tests.faults.mind import Frame, Mind
from tests.peers import WAIT, wait_until
from tests.tls.certificates import trusting_context

try:
    import pty
    import termios
except ImportError:  # Windows
    pty = termios = None  # type: ignore[assignment]

PROPERTY: Final = "exact resume"
TARGET: Final = "0 gaps, 0 repeats for 200 clients × 50 kicks"
SPEAKERS: Final = 3
SPEAKERS_PACE: Final = 15.0  # texts a second each
VICTIMS_PACE: Final = 30.0  # texts a second of all victims together


class AttendedServer(ServerProcess):
    """A server with an operator at its terminal."""

    def __init__(self, folder: Path, *, lie: str | None = None) -> None:
        super().__init__(folder, lie=lie)
        if pty is None:
            raise NotAllowed("needs a terminal at which a program can type")
        self.options.remove("--no-console")
        self._fingers, self.stdin = pty.openpty()
        modes = termios.tcgetattr(self.stdin)
        modes[3] &= ~termios.ECHO  # nobody reads what the terminal shows of it
        termios.tcsetattr(self.stdin, termios.TCSANOW, modes)

    def type(self, line: str) -> None:
        os.write(self._fingers, line.encode() + b"\n")

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        os.close(self._fingers)
        os.close(self.stdin)


class Speaker:
    """Says something now and then, and hangs up when ordered to."""

    def __init__(self, seed: int, rate_limit: float, load: threading.Event) -> None:
        self.orders: deque[bool] = deque()  # whether to reset
        self._random = random.Random(seed)
        self._rate_limit = rate_limit
        self._load = load
        self._next = time.monotonic() + self._random.expovariate(rate_limit)
        self._count = 0

    def __call__(self, client: Client) -> None:
        mind = client.mind
        if self._load.is_set() and time.monotonic() >= self._next and len(mind.pending) < mind.window:
            self._next = time.monotonic() + self._random.expovariate(self._rate_limit)
            self._count += 1
            mind.say("lobby", f"{mind.name}#{self._count}")
        if self.orders and mind.online:
            client.hang_up(hard=self.orders.popleft())


class Storm:
    def __init__(self, server: AttendedServer, rng: random.Random) -> None:
        self._server, self._random = server, rng
        self.ways: Counter[str] = Counter()

    def kick(self, client: Client, speaker: Speaker) -> None:
        """Out with one client, which must have come back since the last time."""
        assert wait_until(lambda: client.mind.online or client.error is not None), f"{client.mind.name} stays away"
        way = self._random.choice(("reset", "FIN", "kicked", "replaced"))
        self.ways[way] += 1
        before = client.connections
        if way in ("reset", "FIN"):
            speaker.orders.append(way == "reset")
        elif way == "kicked":
            self._server.type(f"/kick {client.mind.name} a storm")
        else:
            _come_in_again(self._server.port, client.mind.hello())
        back = wait_until(lambda: client.connections > before or client.error is not None)
        assert back, f"{client.mind.name} does not come back after: {way}"


def _come_in_again(port: int, hello: Frame) -> None:
    """The same session, from elsewhere, for a moment."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as twin:
        twin.sendall(json.dumps(hello).encode() + b"\n")
        twin.recv(64)


def storm_over(folder: Path, victims: int, kicks: int, seed: int, *, lie: str | None = None, hands: int = 4) -> Report:
    """`hands` clients are thrown out at a time."""
    rng = random.Random(seed)
    report = Report(seed)
    begun = time.monotonic()
    load = threading.Event()
    load.set()
    with AttendedServer(folder / "data", lie=lie) as server:
        speakers, clients = [], []
        for number in range(SPEAKERS + victims):
            rate_limit = SPEAKERS_PACE if number < SPEAKERS else VICTIMS_PACE / victims
            speakers.append(Speaker(rng.randrange(10**9), rate_limit, load))
            clients.append(Client(server.port, Mind(f"k{number}"), speakers[-1]))
            clients[-1].tls = trusting_context() if number % 2 else None
        start_crowd(clients)
        pairs = list(zip(clients, speakers, strict=True))[SPEAKERS:]
        storms = [Storm(server, random.Random(rng.randrange(10**9))) for _ in range(hands)]
        _rage([(storm, pairs[hand::hands]) for hand, storm in enumerate(storms)], kicks)
        load.clear()
        report.wrong += settle(clients)
        log = {"lobby": server.export("lobby")}
        if (code := server.stop()) != 0:
            report.wrong.append(f"exit: code {code} when asked to stop")
    judge(report, [client.mind for client in clients], log)
    report.wrong += [f"complaint: {line}" for line in server.complaints]
    ways = sum((storm.ways for storm in storms), Counter())
    if ways.total() != victims * kicks:
        report.wrong.append(f"kicks: {ways.total()} were carried out, not {victims * kicks}")
    kinds = report.kinds()
    report.figures |= {"victims": victims, "kicks": ways.total(), **ways}
    report.figures |= {"gaps": kinds["gap"] + kinds["hole"], "repeats": kinds["repeat"]}
    report.figures["different hashes"] = len({client.mind.tracks["lobby"].digest for client in clients})
    report.figures["seconds"] = time.monotonic() - begun
    return report


def _rage(shares: Sequence[tuple[Storm, Sequence[tuple[Client, Speaker]]]], kicks: int) -> None:
    """Every storm over its share of the clients, all at once."""
    threads = [threading.Thread(target=_take_turns, args=(storm, pairs, kicks)) for storm, pairs in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _take_turns(storm: Storm, pairs: Sequence[tuple[Client, Speaker]], kicks: int) -> None:
    for _ in range(kicks):
        for client, speaker in pairs:
            storm.kick(client, speaker)


def run(quick: bool, seed: int) -> Finding:
    victims, kicks = (20, 15) if quick else (200, 50)
    try:
        with tempfile.TemporaryDirectory() as folder:
            report = storm_over(Path(folder), victims, kicks, seed)
    except NotAllowed as reason:
        return Finding(5, PROPERTY, TARGET, str(reason), None)
    figures = report.figures
    figure = f"{figures['gaps']:.0f} gaps, {figures['repeats']:.0f} repeats; {victims} clients × {kicks} kicks"
    return found(5, PROPERTY, TARGET, figure, report.wrong)


if __name__ == "__main__":
    sys.exit(main(run))
