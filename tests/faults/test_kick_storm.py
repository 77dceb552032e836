"""Whoever is thrown out comes back to exactly what was missed, and nobody else notices."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

import pytest

from server_parts.storage.records import Draft
from server_parts.storage.sqlite.log import SqliteLog
from tests.faults import kick_storm
from tests.faults.actors import Client, ServerProcess, chosen_seed, slowly
from tests.faults.mind import Frame, Mind
from tests.peers import WAIT, Native, wait_until

AWAY = 15_000
LONG_AWAY = 100_000


@pytest.mark.parametrize(
    ("victims", "kicks"), [(12, 8), pytest.param(20, 15, marks=[pytest.mark.thorough, pytest.mark.timeout(60)])]
)
def test_a_storm_of_kicks(tmp_path: Path, victims: int, kicks: int) -> None:
    """Many clients thrown out many times each, in four ways, all end with one complete sequence."""
    report = kick_storm.storm_over(tmp_path, victims, kicks, seed=chosen_seed())
    print(report)
    assert not report.wrong, str(report)
    assert (report.figures["different hashes"], report.figures["kicks"]) == (1, victims * kicks), str(report)


@pytest.mark.thorough
def test_a_leak_is_found_out(tmp_path: Path) -> None:
    """A log that leaves one message out of a resume is reported for holes."""
    report = kick_storm.storm_over(tmp_path, victims=5, kicks=20, seed=chosen_seed(), lie="leaky")
    print(report)
    assert report.kinds()["hole"] + report.kinds()["gap"] > 0, str(report)


# --- Away for a long time ---------------------------------------------------------------------------------------


class Absentee:
    """Comes back after a long time, through a socket of its own. What arrives is kept as bytes and judged later."""

    def __init__(self, port: int) -> None:
        self.received: list[bytes] = []
        self.caught_up_after = 0.0
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT)
        self._thread = threading.Thread(target=self._read, name="absentee")
        self._begun = time.monotonic()
        hello: Frame = {"type": "hello", "protocol": 1, "name": "absentee", "session": "absentee-session-1"}
        self._socket.sendall(json.dumps(hello | {"rooms": {"lobby": 0}}).encode() + b"\n")
        self._thread.start()

    def _read(self) -> None:
        tail = b""
        while data := self._next():
            self.received.append(data)
            if not self.caught_up_after and b'"more":false' in tail + data:
                self.caught_up_after = time.monotonic() - self._begun
            tail = data[-20:]

    def _next(self) -> bytes:
        try:
            return self._socket.recv(262_144)
        except ConnectionResetError:  # the server was killed; whether all had come by then is judged later
            return b""

    def frames(self) -> list[Frame]:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(WAIT)
        self._socket.close()
        return [json.loads(line) for line in b"".join(self.received).split(b"\n")[:-1]]


def fill(folder: Path, count: int) -> None:
    log = SqliteLog(folder)
    for start in range(1, count + 1, 5_000):
        seqs = range(start, start + 5_000)
        session = "those-who-stayed-1"
        drafts = [Draft("lobby", 1e9 + s, "bob", "blue", [f"text {s}"], session, s) for s in seqs]
        log.append(drafts, {session: seqs[-1]})
    log.close()


@pytest.mark.usefixtures("at_its_pace")
@pytest.mark.timeout(60)
@pytest.mark.parametrize("away", [AWAY, pytest.param(LONG_AWAY, marks=pytest.mark.thorough)])
def test_away_for_many_messages(tmp_path: Path, away: int) -> None:
    """They come page by page, then what was said meanwhile; others' words and pings are not held up by it."""
    fill(tmp_path / "data", away)
    load = threading.Event()
    load.set()
    with ServerProcess(tmp_path / "data") as server:
        speaker = Client(server.port, Mind("bob", after=away), kick_storm.Speaker(1, 200.0, load)).start()
        with Native(server.port, "neighbour", history=0) as neighbour:
            assert wait_until(lambda: speaker.mind.tracks["lobby"].last > away + 20)
            absentee = Absentee(server.port)
            waits: list[float] = []
            while not absentee.caught_up_after and len(waits) < 5_000:
                waits.append(_wait_for(neighbour))
            load.clear()
            assert wait_until(lambda: not speaker.mind.pending)
            last = neighbour.tell("the end")["id"]
            assert wait_until(lambda: b'"the end"' in b"".join(absentee.received[-3:]))
        frames = absentee.frames()
        speaker.finish()
    waits.sort()
    p99, worst = waits[len(waits) * 99 // 100], waits[-1]
    print(
        f"{away} messages in {absentee.caught_up_after:.2f} s; meanwhile {len(waits)} says and pings of another:"
        f" median {waits[len(waits) // 2] * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, worst {worst * 1000:.1f} ms"
    )
    judge_return(frames, away, last)
    assert p99 < slowly(0.25)


def _wait_for(neighbour: Native) -> float:
    begun = time.perf_counter()
    neighbour.tell("are you there?")
    neighbour.pending()
    return (time.perf_counter() - begun) / 2


def judge_return(frames: list[Frame], away: int, last: int) -> None:
    """One history in many pages, only its last without `more`, nothing live among them, no number missing or twice."""
    kinds = [frame["type"] for frame in frames]
    joined = frames[kinds.index("joined")]
    pages = [frame for frame in frames if frame["type"] == "history"]
    assert "message" not in kinds[: len(kinds) - kinds[::-1].index("history")]
    assert [page["more"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert not any(page["gap"] for page in pages)
    assert all(len(json.dumps(page)) < 80_000 for page in pages[::50])
    old = [message["id"] for page in pages for message in page["messages"]]
    live = [frame["id"] for frame in frames if frame["type"] == "message"]
    assert old[-1] == joined["last"] > away
    assert len(live) > 0
    assert old + live == list(range(1, last + 1))
