"""How far somebody has read, on the wire: one person's connections are in step, at every backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server_parts.protocol import events
from server_parts.protocol.plain_encoder import PLAIN
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.conftest import Chat, Serve
from tests.peers import Native, of_type
from tests.server.account_holders import holder_of_alice

pytestmark = pytest.mark.usefixtures("both_ways")

BY: dict[str, Any] = {"token": "0123456789abcdef0123456789abcdef", "features": ["by"]}


@pytest.fixture
def chat(serve: Serve, store: Store) -> Chat:
    return serve(store=store)


def position(peer: Native) -> Any:
    """What the client was told about the lobby when it came in."""
    return of_type(peer.passed, "joined")[-1]["read"]


def test_terminals_are_in_step(chat: Chat) -> None:
    """What was read at one is told to the other, and to the next one that comes."""
    first = holder_of_alice(chat)
    assert "read" in first.welcome["features"]
    second = chat.native("alice", **BY)
    assert position(second) is None
    first.tell("two")
    first.send("read", room="lobby", id=2)
    read = second.until("read")
    assert (read["room"], read["id"]) == ("lobby", 2)
    assert position(chat.native("alice", **BY)) == 2
    assert of_type(first.pending(), "read") == []


def test_a_position_outlives_the_server(serve: Serve, tmp_path: Path) -> None:
    """It is stored at the latest when the server ends."""
    chat = serve(store=SqliteLog(tmp_path / "data"))
    first = holder_of_alice(chat)
    first.tell("two")
    first.send("read", room="lobby", id=1)
    first.pending()
    chat.stop()
    again = serve(store=SqliteLog(tmp_path / "data"))
    assert position(again.native("alice", **BY)) == 1


def test_guests_and_the_plain_door_hear_nothing_of_it(chat: Chat) -> None:
    """A guest's `joined` has no position, and its `read` does nothing; nc has neither the request nor the event."""
    guest = chat.native("carol")
    guest.tell("one")
    guest.send("read", room="lobby", id=1)
    assert guest.pending() == []
    assert "read" not in of_type(guest.passed, "joined")[-1]
    assert PLAIN.frame(events.read("lobby", 1)) == b""
    plain = chat.plain()
    plain.say("/read lobby 1")
    assert "there is no command /read" in plain.until("/read")


def test_what_is_wrong_with_it_is_said(chat: Chat) -> None:
    """A room without a name, an id that is none, somebody else's conversation."""
    alice = holder_of_alice(chat)
    wrong: list[dict[str, Any]] = [{"room": "No Room", "id": 1}, {"room": "lobby"}, {"room": "lobby", "id": -1}]
    codes = [alice.ask("read", **fields)[-1]["code"] for fields in (*wrong, {"room": "@bob+carol", "id": 1})]
    assert codes == ["bad_room", "bad_field", "bad_field", "denied"]
