"""What the log lets go of while the server runs: unused sessions and accounts, in slices, and never one in use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import pytest

from server_parts.hub import trimming
from server_parts.hub.state import new_state
from server_parts.hub.trimming import ACCOUNT_DAYS, SESSION_DAYS, Trimming
from server_parts.moderation import acts
from server_parts.moderation.acts import Act
from server_parts.people.clients import Client
from server_parts.settings import Settings
from server_parts.storage.account_records import SetRole
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.message_log import TRIM_SLICE
from server_parts.storage.records import StorageError, hashed
from server_parts.storage.search_query import DAY
from tests.conftest import ChatLog, Serve
from tests.peers import wait_until
from tests.server.hub.bench import Remembering


class Days:
    """A clock that is set by days."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: MemoryLog) -> None:
        self.today = time.time()
        state = new_state(store, Settings())
        self._trimming = Trimming(store, Settings(), partial(state.release, "server"))
        self._slices = 0.0
        monkeypatch.setattr(trimming.time, "time", lambda: self.today)  # type: ignore[attr-defined]

    def pass_by(
        self,
        days: int,
        *connected: str,
        used: str | None = None,
        owner: Client | None = None,
        here: Sequence[Client] = (),
    ) -> None:
        """Live through days one by one; `used` and `owner` come in on each."""
        for _ in range(days):
            self.today += DAY
            if used is not None:
                self._trimming.use(used)
            if owner is not None:
                self._trimming.use_account(owner)
            self._trimming.run(0.0, connected, here)
            while self._trimming.due == trimming.PAUSE:
                self._trimming.run(0.0, connected, here)


def test_a_session_goes_after_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before, whether messages are kept for ever or not; one that is connected or comes in now and then stays."""
    store = MemoryLog()
    store.append([], {"left": 1, "connected": 2, "returning": 3})
    days = Days(monkeypatch, store)
    days.pass_by(SESSION_DAYS, "connected", used="returning")
    assert store.accepted("left") == 1
    days.pass_by(1, "connected", used="returning")
    assert [store.accepted(session) for session in ("left", "connected", "returning")] == [0, 2, 3]


def test_all_go_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub has its turn after each; more than a slice in use is noted before any is forgotten."""
    store = MemoryLog()
    in_use = [f"in-use-{number}" for number in range(TRIM_SLICE + 7)]
    store.append([], dict.fromkeys(["left", *in_use], 1))
    days = Days(monkeypatch, store)
    days.pass_by(SESSION_DAYS + 1, *in_use)
    assert store.accepted("left") == 0
    assert all(store.accepted(session) for session in in_use)


def owner_of(store: MemoryLog, name: str) -> Client:
    """A client that has proved to own an account, which is made."""
    store.claim(name, f"token of {name}")
    client = Client(Remembering(), "test")
    account = store.account(name)
    assert account is not None
    client.account, client.token_hash, client.program = account.id, f"token of {name}", "client.py 2"
    return client


def test_an_account_goes_after_a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless its owner comes in now and then, or is here all the time, or is more than a member."""
    store = MemoryLog()
    people = {name: owner_of(store, name) for name in ("left", "returning", "here", "olga")}
    store.change(SetRole(people["olga"].account, "operator"))
    days = Days(monkeypatch, store)
    days.pass_by(ACCOUNT_DAYS, owner=people["returning"], here=[people["here"]])
    assert store.account("left") is not None
    days.pass_by(1, owner=people["returning"], here=[people["here"]])
    assert [store.account(name) is not None for name in people] == [False, True, True, True]
    returning = store.account("returning")
    assert returning is not None
    assert (returning.used, returning.devices[0].label) == (int(days.today // DAY), "client.py 2")


def test_an_account_that_goes_leaves_no_rights_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever claims its name next does not own its rooms, also after a restart."""
    store = MemoryLog()
    owner_of(store, "left")
    store.append([acts.draft_of("left", Act(acts.FOUND, "left", room="tea"), time.time())], {})
    Days(monkeypatch, store).pass_by(ACCOUNT_DAYS + 1)
    assert store.account("left") is None
    assert new_state(store, Settings()).rules.about("tea").roles == {}


def test_a_log_that_cannot_be_written_is_tried_again(monkeypatch: pytest.MonkeyPatch, chat_log: ChatLog) -> None:
    """One record, and what was in use is not forgotten meanwhile."""
    chat_log.expects_errors = True
    store = MemoryLog()
    store.append([], {"in use": 1})
    now = Trimming(store, Settings(), partial(new_state(store, Settings()).release, "server"))
    now.use("in use")

    def fail(*_: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(store, "note_use", fail)
        now.run(0.0, ())
    assert now.due == trimming.INTERVAL
    assert [record.getMessage() for record in chat_log.records] == [
        "old messages, sessions and accounts cannot be trimmed: the disk is full"
    ]
    noted: list[str] = []
    monkeypatch.setattr(store, "note_use", lambda sessions, day: noted.extend(sessions))
    now.run(0.0, ())
    assert noted == ["in use"]


def test_a_running_server_forgets_what_nobody_uses(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is connected keeps the session, and who comes back after all begins anew, without an error."""
    monkeypatch.setattr(trimming, "INTERVAL", 0.01)
    store = MemoryLog()
    chat = serve(store=store)
    alice, bob = chat.native("alice"), chat.native("bob")
    for peer in (alice, bob):
        peer.tell("hello")
    bob.leave()
    later = time.time() + (SESSION_DAYS + 1) * DAY
    monkeypatch.setattr(trimming.time, "time", lambda: later)  # type: ignore[attr-defined]
    assert wait_until(lambda: not store.accepted(hashed(bob.session)))
    assert store.accepted(hashed(alice.session)) == 1
    again = chat.native("bob", session=bob.session, epoch=bob.welcome["epoch"])
    assert again.welcome["accepted"] == 0
    assert again.tell("here again")["seq"] == 1
    assert alice.tell("good")["seq"] == 2
