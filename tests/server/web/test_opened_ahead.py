"""Connections that browsers open ahead, on which they ask for nothing yet, and the doors that greet."""

from __future__ import annotations

import json

import pytest

from server_parts import reading
from server_parts.protocol import doorway
from tests.browsers import ask, request_head
from tests.conftest import Chat
from tests.peers import wait_until


@pytest.fixture(autouse=True)
def greeted_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence for a twentieth of a second makes a plain client."""
    monkeypatch.setattr(doorway, "FIRST_BYTE_WAIT", 0.05)


def test_a_silent_connection_disturbs_nobody(chat: Chat) -> None:
    """It may come, hear everything and go; nobody is told."""
    ann = chat.native("ann")
    ahead = chat.plain()
    name = ahead.enter()
    ann.tell("hello")
    ahead.until("hello")
    assert not [frame for frame in ann.pending() if frame["type"] == "presence"]
    ahead.close()
    assert wait_until(lambda: len(chat.server.clients) == 1)
    ann.tell("alone")
    assert name not in json.dumps([*ann.passed, *ann.pending()])


def test_a_silent_connection_is_announced_when_it_speaks(chat: Chat) -> None:
    """Before what it says, and its going then, too."""
    ann = chat.native("ann")
    guest = chat.plain()
    name = guest.enter()
    guest.say("here I am")
    ann.moved("joined", name)
    assert ann.message_from(name)["text"] == "here I am"
    guest.close()
    ann.moved("left", name)


def test_nobody_listens_unseen(chat: Chat) -> None:
    """Whoever asks who is there is told of silent ones, too, first that they came."""
    ann = chat.native("ann")
    name = chat.plain().enter()
    ann.send("who", room="lobby")
    ann.moved("joined", name)
    assert [member["name"] for member in ann.until("who")["members"]] == ["ann", name]


def test_a_request_on_a_connection_opened_ahead_is_not_said(chat: Chat) -> None:
    """It may hold a cookie. The connection ends, and the browser tries another one."""
    ann = chat.native("ann")
    ahead = chat.plain()
    ahead.enter()
    ahead.send_bytes(request_head("/", fields={"Host": "localhost", "Cookie": "chat-3030=secret"}))
    assert b"HTTP" not in ahead.rest()
    assert ann.tell("only this")["id"] == 1


def test_what_a_browser_opened_ahead_is_not_greeted(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks on it later, as long as it is lately that it asked for something; an early greeting would spoil that."""
    monkeypatch.setattr(doorway, "FIRST_BYTE_WAIT", 0.0)
    assert ask(chat.port, "/").status == 200
    ahead, waiting = chat.plain(), chat.plain()
    assert chat.native("ann").tell("a while later")["id"] == 1
    ahead.send_bytes(request_head("/robots.txt", fields={"Host": "localhost"}))
    assert ahead.rest().startswith(b"HTTP/1.1 200 ")
    waiting.say("")  # who types is a person
    waiting.until("Welcome")


def test_a_silent_client_is_greeted_where_no_browser_was_lately(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorway, "FIRST_BYTE_WAIT", 0.0)
    monkeypatch.setattr(reading, "LATELY", 0.1)
    assert ask(chat.port, "/").status == 200
    chat.plain().until("Welcome")
