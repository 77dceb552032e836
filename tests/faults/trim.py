"""Resume from every number there ever was, and from some there never were: who missed something must be told.

python -m tests.faults.trim [--quick] [--seed N]
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from unittest import mock

from server_parts.hub import trimming
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Draft
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.faults.actors import Client, Report, settle
from tests.faults.finding import Finding, found, main
from tests.faults.kick_storm import Speaker
from tests.faults.links import LocalServer
from tests.faults.mind import Frame, Mind
from tests.peers import WAIT, Native, wait_until

SESSION = "a-session-0000001"
DAY = 86_400.0
ENOUGH = 11  # resumes of each kind, to judge by: a slow machine takes longer for them


def fill(log: Store, ages: list[float]) -> None:
    """One message for each age, in days."""
    now, start = time.time(), log.last("lobby")
    seqs = range(start + 1, start + len(ages) + 1)
    texts = zip(seqs, ages, strict=True)
    drafts = [Draft("lobby", now - age * DAY, "bob", "blue", [f"text {seq}"], SESSION, seq) for seq, age in texts]
    log.append(drafts, {SESSION: seqs[-1]})


class Rest:
    """What a client gets that has seen a room up to `after`."""

    def __init__(self, peer: Native, after: int) -> None:
        peer.send("join", room="lobby", after=after)
        self.last: int = peer.until("joined")["last"]
        self.gap = False
        self.messages: list[Frame] = []
        more = True
        while more:
            page = peer.until("history")
            self.gap = self.gap or page["gap"]
            self.messages += page["messages"]
            more = page["more"]

    @property
    def ids(self) -> list[int]:
        return [message["id"] for message in self.messages]


def mistakes(peer: Native, first: int, last: int) -> list[str]:
    """Resume from every number there ever was: those who missed something that is gone are told, nobody else is."""
    found = []
    for after in range(last + 1):
        rest = Rest(peer, after)
        if rest.gap != (after + 1 < first):
            found.append(f"gap: {rest.gap} after {after}, kept are {first} to {last}")
        if rest.ids != list(range(max(after + 1, first), last + 1)):
            found.append(f"messages: {rest.ids[:1]} to {rest.ids[-1:]} after {after}, kept are {first} to {last}")
    return found


# --- While nothing moves ----------------------------------------------------------------------------------------


def trim_fully(log: Store, keep_messages: int) -> None:
    while log.trim(None, keep_messages):
        pass


def resume_from_every_number(store: Store) -> list[str]:
    """Of 90 messages 30 are kept."""
    fill(store, [0.0] * 90)
    trim_fully(store, 30)
    with LocalServer(store) as server, Native(server.port, "alice") as alice:
        return mistakes(alice, 61, 90)


# --- What means nothing -----------------------------------------------------------------------------------------

GARBAGE: tuple[Any, ...] = (-1, 1.5, True, "12", "", [], {}, 10**15, 10**400)


def resume_from_nonsense() -> tuple[int, list[str]]:
    """Another log's epoch and numbers that were never given mean a gap; what is no number at all is refused."""
    store = MemoryLog()
    fill(store, [0.0] * 30)
    resumes = ((store.epoch + "0", 10), (store.epoch + "0", 30), ("", 30), (store.epoch, 31), (None, 10**14))
    wrong = []
    with LocalServer(store) as server:
        for number, (epoch, after) in enumerate(resumes):
            with Native(server.port) as comer:
                comer.hello(f"comer{number}", epoch=epoch, rooms={"lobby": after}, history=5)
                frame = comer.until("history")
                if (frame["gap"], len(frame["messages"])) != (True, 5):
                    wrong.append(f"gap: not told to who resumes from {after} of epoch {epoch}")
        with Native(server.port) as comer:
            comer.hello("comer", epoch=store.epoch, rooms={"lobby": 28})
            frame = comer.until("history")
            if (frame["gap"], len(frame["messages"])) != (False, 2):
                wrong.append("gap: told where there is none")
            asked = [comer.ask("join", room="lobby", after=garbage) for garbage in GARBAGE]
        with Native(server.port) as comer:
            for garbage in GARBAGE:
                comer.hello("other", rooms={"lobby": garbage})
                asked.append([comer.next()])
    for answers, garbage in zip(asked, GARBAGE * 2, strict=True):
        if [answer.get("code") for answer in answers] != ["bad_field"]:
            wrong.append(f"garbage: {str(garbage)[:20]} was answered {answers}")
    return len(resumes) + 1 + len(asked), wrong


# --- While people talk ------------------------------------------------------------------------------------------


def trim_among_people(seed: int, store: Store, seconds: float) -> Report:
    """Two speak, one listens, one comes back again and again after random numbers; 40 messages are kept."""
    rng = random.Random(seed)
    report = Report(seed)
    load = threading.Event()
    load.set()
    resumed, gaps = 0, 0
    with mock.patch.object(trimming, "INTERVAL", 0.02), LocalServer(store, keep_messages=40) as server:
        clients = [
            Client(server.port, Mind(f"t{number}"), Speaker(rng.randrange(10**9), 150, load)).start()
            for number in (0, 1)
        ]
        clients.append(Client(server.port, Mind("witness")).start())
        with Native(server.port, "comer", rooms={}) as comer:
            until = time.monotonic() + seconds
            while (now := time.monotonic()) < until or (min(gaps, resumed - gaps) < ENOUGH and now < until + WAIT):
                after = max(store.last("lobby") - rng.randrange(100), 0)
                rest = Rest(comer, after)
                resumed += 1
                gaps += rest.gap
                _judge(rest, after, report)
        load.clear()
        report.wrong += settle(clients)
        last = store.last("lobby")
        for client in clients:
            report.wrong += client.mind.wrong
            if client.mind.tracks["lobby"].last != last:
                report.wrong.append(f"late: {client.mind.name} has not got everything")
        assert wait_until(lambda: store.first("lobby") == last - 39), "it is not trimmed to what is to be kept"
    report.figures |= {"said": last, "kept": 40, "resumed": resumed, "with a gap": gaps}
    return report


def _judge(rest: Rest, after: int, report: Report) -> None:
    missing = rest.ids[0] != after + 1 if rest.ids else after < rest.last
    if rest.gap != missing:
        report.wrong.append(f"gap: {rest.gap} after {after}, {rest.ids[:1]} came first and the room is at {rest.last}")
    if rest.ids and rest.ids != list(range(rest.ids[0], rest.last + 1)):
        report.wrong.append(f"hole: after {after} in {rest.ids}")


def run(quick: bool, seed: int) -> Finding:
    with tempfile.TemporaryDirectory() as folder:
        wrong = resume_from_every_number(SqliteLog(Path(folder, "every"))) + resume_from_every_number(MemoryLog())
        number, mistaken = resume_from_nonsense()
        report = trim_among_people(seed, SqliteLog(Path(folder, "people")), 2.0 if quick else 20.0)
    wrong += mistaken + report.wrong
    resumes = 2 * 91 + number + report.figures["resumed"]
    figure = f"{100 * (1 - min(len(wrong), resumes) / resumes):.0f} % of {resumes:,.0f} resumes told as it was"
    return found(6, "a gap is announced", "100 %", figure, wrong)


if __name__ == "__main__":
    sys.exit(main(run))
