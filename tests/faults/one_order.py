"""Ten people talk, leave, enter and rename themselves; any two of them must have seen one order.

python -m tests.faults.one_order [--quick] [--seed N]
"""

from __future__ import annotations

import hashlib
import itertools
import random
import sys
import threading
import time
from collections.abc import Sequence

from server_parts.storage.message_log import everything_in
from tests.faults.actors import Client, Report, settle
from tests.faults.finding import Finding, found, main
from tests.faults.links import LocalServer
from tests.faults.mind import Frame, Mind, Track
from tests.peers import wait_until

ROOMS = ("lobby", "den", "attic")


class Witness(Mind):
    """Remembers every message. It may enter a room anew, without what it missed."""

    def __init__(self, name: str) -> None:
        super().__init__(name, ROOMS)
        self.seen: dict[str, dict[int, tuple[str, str]]] = {room: {} for room in ROOMS}
        self._anew: set[str] = set()

    def enter_anew(self, room: str) -> None:
        self.inside.add(room)
        self._anew.add(room)
        self.ask("join", room=room, history=0)

    def _hear_joined(self, frame: Frame) -> None:
        if frame["room"] in self._anew:
            self._anew.discard(frame["room"])
            self.tracks[frame["room"]] = Track(frame["room"], frame["last"])
        super()._hear_joined(frame)

    def _take(self, track: Track, message: Frame) -> None:
        super()._take(track, message)
        self.seen[track.room][message["id"]] = (message["from"], message["text"])


class Restless:
    """Talks, leaves, enters and renames itself."""

    def __init__(self, seed: int, load: threading.Event) -> None:
        self._random = random.Random(seed)
        self._load = load
        self._next = 0.0
        self._count = itertools.count(1)
        self.turns = 0

    def __call__(self, client: Client) -> None:
        mind = client.mind
        assert isinstance(mind, Witness)
        if not self._load.is_set():
            for room in ROOMS if mind.caught_up else ():
                if room not in mind.inside:
                    mind.enter_anew(room)
        elif mind.caught_up and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._random.expovariate(40)
            inside = sorted(mind.inside)
            for _ in range(self._random.randint(1, 5) if inside and len(mind.pending) < 10 else 0):
                mind.say(self._random.choice(inside), f"{mind.session[:4]}#{next(self._count)}")
            if self._random.random() < 0.3:
                self._turn(mind)

    def _turn(self, mind: Witness) -> None:
        self.turns += 1
        room = self._random.choice(ROOMS)
        if self._random.random() < 0.25:
            mind.ask("nick", name=f"{mind.name.partition('-')[0]}-{next(self._count)}")
        elif room not in mind.inside:
            self._random.choice((mind.enter, mind.enter_anew))(room)
        elif not any(saying.room == room for saying in mind.pending.values()):
            mind.leave(room)


def churn(seed: int, seconds: float, people: int = 10, *, turns: int = 0) -> Report:
    """For so long, and on a slow machine until there were so many comings and goings."""
    rng = random.Random(seed)
    report = Report(seed)
    load = threading.Event()
    load.set()
    with LocalServer() as server:
        restless = [Restless(rng.randrange(10**9), load) for _ in range(people)]
        clients = [Client(server.port, Witness(f"w{n}"), act).start() for n, act in enumerate(restless)]
        time.sleep(seconds)
        wait_until(lambda: sum(act.turns for act in restless) >= turns)
        load.clear()
        report.wrong += settle(clients, ROOMS)
        log = {
            room: {message.id: (message.sender, message.text) for message in everything_in(room, server.store)}
            for room in ROOMS
        }
    minds = [client.mind for client in clients if isinstance(client.mind, Witness)]
    for mind in minds:
        report.wrong += [f"{mind.name} {sentence}" for sentence in mind.wrong]
    sequences = {mind.name: mind.seen for mind in minds} | {"the log": log}
    compared, overlap = compare_all(sequences, report)
    said = sum(mind.said for mind in minds)
    report.figures |= {
        "said": said,
        "comings and goings": sum(act.turns for act in restless),
        "overlaps compared": compared,
        "messages in them": overlap,
    }
    return report


def compare_all(sequences: dict[str, dict[str, dict[int, tuple[str, str]]]], report: Report) -> tuple[int, int]:
    """Hash every two receivers' common range of every room; how many ranges, and how many messages, that were."""
    compared = overlap = 0
    for (one, its), (other, theirs) in itertools.combinations(sequences.items(), 2):
        for room in ROOMS:
            common = sorted(its[room].keys() & theirs[room].keys())
            compared += 1
            overlap += len(common)
            if _digest(room, common, its[room]) != _digest(room, common, theirs[room]):
                first = next(id for id in common if its[room][id] != theirs[room][id])
                report.wrong.append(f"order: {room} {first} is {its[room][first]} to {one}, not so to {other}")
    return compared, overlap


def _digest(room: str, ids: Sequence[int], seen: dict[int, tuple[str, str]]) -> str:
    return hashlib.sha256(repr([(room, id, *seen[id]) for id in ids]).encode()).hexdigest()


def run(quick: bool, seed: int) -> Finding:
    report = churn(seed, 2.5 if quick else 30.0)
    figures = report.figures
    figure = (
        f"{report.kinds()['order']} of {figures['overlaps compared']:,.0f} hashes differ; "
        f"{figures['said']:,.0f} messages, {figures['comings and goings']:,.0f} comings and goings"
    )
    return found(4, "one order", "all hashes equal", figure, report.wrong)


if __name__ == "__main__":
    sys.exit(main(run))
