"""Letting go of old messages: no number is given twice, and whoever asks for what is gone is told of the gap."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from server_parts import hub
from server_parts.message_log import TRIM_SLICE, Draft, MemoryLog, Message, MessageLog
from server_parts.sqlite_log import SqliteLog
from tests.faults.actors import Client, Report, ServerProcess, chosen_seed, settle
from tests.faults.kick_storm import Speaker
from tests.faults.links import LocalServer
from tests.faults.mind import Frame, Mind
from tests.peers import Native, wait_until

SESSION = "a-session-0000001"
DAY = 86_400.0


def fill(log: MessageLog, ages: list[float]) -> None:
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


def trim_fully(log: MessageLog, keep_messages: int) -> None:
    while log.trim(None, keep_messages):
        pass


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_every_number(tmp_path: Path, kind: str) -> None:
    """Of 90 messages 30 are kept: a resume after any of the 90 tells a gap exactly when there is one."""
    book: MessageLog = SqliteLog(tmp_path) if kind == "sqlite" else MemoryLog()
    fill(book, [0.0] * 90)
    trim_fully(book, 30)
    with LocalServer(book) as server, Native(server.port, "alice") as alice:
        assert mistakes(alice, 61, 90) == []


class Exaggerating(MemoryLog):
    """Says that more is gone than is."""

    def first(self, room: str) -> int:
        return super().first(room) + 5


def test_a_wrong_first_number_is_found_out() -> None:
    """A log that is wrong about its first message is reported."""
    book = Exaggerating()
    fill(book, [0.0] * 90)
    trim_fully(book, 30)
    with LocalServer(book) as server, Native(server.port, "alice") as alice:
        found = mistakes(alice, 61, 90)
    print(f"{len(found)} mistakes: {found[:3]}")
    assert len(found) >= 5


class TrimmedMeanwhile(MemoryLog):
    """The hub lets go of everything between a client's `joined` and the reading of page `page`."""

    def __init__(self, page: int) -> None:
        super().__init__()
        self._left = page

    def after(self, room: str, after: int, limit: int) -> list[Message]:
        self._left -= 1
        if not self._left:
            self.trim(None, 0)
            trim_fully(self, 0)
        return super().after(room, after, limit)


@pytest.mark.parametrize("page", [1, 2])
def test_all_is_trimmed_while_somebody_catches_up(page: int) -> None:
    """If nothing is left of what was to come next, there is a gap as well, and it is told."""
    book = TrimmedMeanwhile(page)
    fill(book, [0.0] * 600)
    with LocalServer(book) as server, Native(server.port, "alice", rooms={}) as alice:
        rest = Rest(alice, 0)
    assert rest.last == 600
    assert len(rest.ids) == (page - 1) * 500
    assert rest.gap, f"messages {len(rest.ids) + 1} to 600 are missing, and nobody said so"


def test_numbers_that_mean_nothing() -> None:
    """Whoever resumes by another log's epoch, or from a number that was never given, is told of a gap."""
    book = MemoryLog()
    fill(book, [0.0] * 30)
    with LocalServer(book) as server:
        resumes = ((book.epoch + "0", 10), (book.epoch + "0", 30), (book.epoch, 31), (None, 10**14))
        for number, (epoch, after) in enumerate(resumes):
            with Native(server.port) as comer:
                comer.hello(f"comer{number}", epoch=epoch, rooms={"lobby": after}, history=5)
                frame = comer.until("history")
                assert (frame["gap"], len(frame["messages"])) == (True, 5), (epoch, after)
        with Native(server.port) as comer:
            comer.hello("comer", epoch=book.epoch, rooms={"lobby": 28})
            frame = comer.until("history")
            assert (frame["gap"], len(frame["messages"])) == (False, 2)


# --- While people talk ------------------------------------------------------------------------------------------


def run(seed: int, book: MessageLog, seconds: float) -> Report:
    """Two speak, one listens, one comes back again and again after random numbers; 40 messages are kept."""
    rng = random.Random(seed)
    report = Report(seed)
    load = threading.Event()
    load.set()
    resumed, gaps = 0, 0
    with LocalServer(book, keep_messages=40) as server:
        clients = [
            Client(server.port, Mind(f"t{number}"), Speaker(rng.randrange(10**9), 150, load)).start()
            for number in (0, 1)
        ]
        clients.append(Client(server.port, Mind("witness")).start())
        with Native(server.port, "comer", rooms={}) as comer:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                after = max(book.last("lobby") - rng.randrange(100), 0)
                rest = Rest(comer, after)
                resumed += 1
                gaps += rest.gap
                _judge(rest, after, report)
        load.clear()
        report.wrong += settle(clients)
        last = book.last("lobby")
        for client in clients:
            report.wrong += client.mind.wrong
            if client.mind.tracks["lobby"].last != last:
                report.wrong.append(f"late: {client.mind.name} has not got everything")
        assert wait_until(lambda: book.first("lobby") == last - 39), "it is not trimmed to what is to be kept"
    report.figures |= {"said": last, "kept": 40, "resumed": resumed, "with a gap": gaps}
    return report


def _judge(rest: Rest, after: int, report: Report) -> None:
    missing = rest.ids[0] != after + 1 if rest.ids else after < rest.last
    if rest.gap != missing:
        report.wrong.append(f"gap: {rest.gap} after {after}, {rest.ids[:1]} came first and the room is at {rest.last}")
    if rest.ids and rest.ids != list(range(rest.ids[0], rest.last + 1)):
        report.wrong.append(f"hole: after {after} in {rest.ids}")


def test_trimming_among_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While old messages go and new ones come, listeners miss nothing and every resume tells its gap, or has none."""
    monkeypatch.setattr(hub, "TRIM_INTERVAL", 0.02)
    report = run(chosen_seed(), SqliteLog(tmp_path), 2.0)
    print(report)
    assert not report.wrong, str(report)
    assert report.figures["with a gap"] > 10, str(report)
    assert report.figures["resumed"] - report.figures["with a gap"] > 10, str(report)


# --- The command line -------------------------------------------------------------------------------------------


def test_keep_days(tmp_path: Path) -> None:
    """`--keep 2` lets go of what is older, also of all there is, and numbers go on where they were, over restarts."""
    log = SqliteLog(tmp_path / "data")
    fill(log, [9.0] * (TRIM_SLICE + 30) + [1.0] * 20)
    log.close()
    last = TRIM_SLICE + 50
    server = ServerProcess(tmp_path / "data", options=["--keep", "2"])
    with server, Native(server.port, "alice") as alice:
        assert wait_until(lambda: Rest(alice, 0).ids == list(range(last - 19, last + 1)))
        assert [Rest(alice, after).gap for after in (0, 1, last - 21)] == [True] * 3
        assert [Rest(alice, after).gap for after in (last - 20, last - 1, last)] == [False] * 3
        assert Rest(alice, last + 1).gap, "a number from the future"
        assert alice.tell("new")["id"] == last + 1
    server.options[-1] = "0.000001"
    with server, Native(server.port, "alice") as alice:
        assert wait_until(lambda: Rest(alice, 0).ids == [])
        assert [Rest(alice, after).gap for after in (0, last, last + 1)] == [True, True, False]
    with server, Native(server.port, "alice") as alice:
        assert alice.tell("newer")["id"] == last + 2


def test_keep_messages(tmp_path: Path) -> None:
    """`--keep-messages 10` does the same by number."""
    log = SqliteLog(tmp_path / "data")
    fill(log, [0.0] * 60)
    log.close()
    server = ServerProcess(tmp_path / "data", options=["--keep-messages", "10"])
    with server, Native(server.port, "alice") as alice:
        assert wait_until(lambda: Rest(alice, 0).ids[:1] == [51])
        assert mistakes(alice, 51, 60) == []
        assert alice.tell("new")["id"] == 61
        assert server.export("lobby")[0]["id"] == 51
