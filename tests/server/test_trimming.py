"""What the log lets go of while the server runs: sessions that nobody uses, in slices, and never one in use."""

from __future__ import annotations

import time

import pytest

from server_parts import trimming
from server_parts.message_log import TRIM_SLICE, MemoryLog, StorageError, hashed
from server_parts.search_query import DAY
from server_parts.settings import Settings
from server_parts.trimming import SESSION_DAYS, Trimming
from tests.conftest import ChatLog, Serve
from tests.peers import wait_until


class Days:
    """A clock that is set by days."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, book: MemoryLog) -> None:
        self.today = time.time()
        self._trimming = Trimming(book, Settings())
        self._slices = 0.0
        monkeypatch.setattr(trimming.time, "time", lambda: self.today)  # type: ignore[attr-defined]

    def pass_by(self, days: int, *connected: str, used: str | None = None) -> None:
        """Live through days one by one; `used` comes in on each."""
        for _ in range(days):
            self.today += DAY
            if used is not None:
                self._trimming.use(used)
            self._trimming.run(0.0, connected)
            while self._trimming.due == trimming.PAUSE:
                self._trimming.run(0.0, connected)


def test_a_session_goes_after_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before, whether messages are kept for ever or not; one that is connected or comes in now and then stays."""
    book = MemoryLog()
    book.append([], {"left": 1, "connected": 2, "returning": 3})
    days = Days(monkeypatch, book)
    days.pass_by(SESSION_DAYS, "connected", used="returning")
    assert book.accepted("left") == 1
    days.pass_by(1, "connected", used="returning")
    assert [book.accepted(session) for session in ("left", "connected", "returning")] == [0, 2, 3]


def test_all_go_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub has its turn after each; more than a slice in use is noted before any is forgotten."""
    book = MemoryLog()
    in_use = [f"in-use-{number}" for number in range(TRIM_SLICE + 7)]
    book.append([], dict.fromkeys(["left", *in_use], 1))
    days = Days(monkeypatch, book)
    days.pass_by(SESSION_DAYS + 1, *in_use)
    assert book.accepted("left") == 0
    assert all(book.accepted(session) for session in in_use)


def test_a_log_that_cannot_be_written_is_tried_again(monkeypatch: pytest.MonkeyPatch, chat_log: ChatLog) -> None:
    """One record, and what was in use is not forgotten meanwhile."""
    chat_log.expects_errors = True
    book = MemoryLog()
    book.append([], {"in use": 1})
    now = Trimming(book, Settings())
    now.use("in use")

    def fail(*_: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(book, "note_use", fail)
        now.run(0.0, ())
    assert now.due == trimming.INTERVAL
    assert [record.getMessage() for record in chat_log.records] == [
        "old messages and sessions cannot be trimmed: the disk is full"
    ]
    noted: list[str] = []
    monkeypatch.setattr(book, "note_use", lambda sessions, day: noted.extend(sessions))
    now.run(0.0, ())
    assert noted == ["in use"]


def test_a_running_server_forgets_what_nobody_uses(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is connected keeps the session, and who comes back after all begins anew, without an error."""
    monkeypatch.setattr(trimming, "INTERVAL", 0.01)
    book = MemoryLog()
    chat = serve(book=book)
    alice, bob = chat.native("alice"), chat.native("bob")
    for peer in (alice, bob):
        peer.tell("hello")
    bob.leave()
    later = time.time() + (SESSION_DAYS + 1) * DAY
    monkeypatch.setattr(trimming.time, "time", lambda: later)  # type: ignore[attr-defined]
    assert wait_until(lambda: not book.accepted(hashed(bob.session)))
    assert book.accepted(hashed(alice.session)) == 1
    again = chat.native("bob", session=bob.session, epoch=bob.welcome["epoch"])
    assert again.welcome["accepted"] == 0
    assert again.tell("here again")["seq"] == 1
    assert alice.tell("good")["seq"] == 2
