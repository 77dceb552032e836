"""Where somebody at the plain door talks who was removed from a room, or was not let in."""

from __future__ import annotations

import pytest

from server_parts.people.roles import Role
from tests.conftest import Chat
from tests.peers import Native, Plain
from tests.server.moderation.people import record_of

pytestmark = pytest.mark.usefixtures("both_ways")


@pytest.fixture
def guest(chat: Chat, alice: Native) -> Plain:
    """guest-1, and alice knows."""
    guest = chat.plain("")
    assert guest.enter() == "guest-1"
    alice.moved("joined", "guest-1")
    return guest


@pytest.mark.parametrize("order", ["kick", "ban"])
def test_who_is_removed_from_a_room_talks_in_the_lobby(guest: Plain, alice: Native, chat: Chat, order: str) -> None:
    """What was meant for the room is not said to others; the next text is, and so are commands about the room."""
    record_of(chat, alice).role = Role.OPERATOR
    guest.say("/join tea")
    guest.until("you are in tea")
    alice.ask("join", room="tea")
    assert not [frame for frame in alice.ask(order, name="guest-1", room="tea") if frame["type"] == "error"]
    assert "tea" in guest.until("* you were ")
    guest.say("for those in tea\nand more of it")
    told = "you are not in tea; what you type goes to the lobby now"
    assert [guest.until("error") for _ in range(2)] == [f"* error: that was not said: {told} *"] * 2
    guest.say("for all")
    guest.until("delivered")
    assert alice.message_from("guest-1")["text"] == "for all"
    assert not [frame for frame in alice.passed if frame["type"] == "message"]


def test_a_command_tells_too_where_one_is(guest: Plain, alice: Native, chat: Chat) -> None:
    """Who was removed from the lobby is in another room, or in none; to enter one needs no word about that."""
    record_of(chat, alice).role = Role.OPERATOR
    guest.say("/join tea")
    guest.until("you are in tea")
    alice.ask("kick", name="guest-1", room="tea")
    guest.until("you were removed from tea")
    guest.say("/who")
    guest.until("* you are not in tea; what you type goes to the lobby now *")
    guest.until("* here: alice, guest-1 *")
    guest.say("/join tea")
    guest.until("you are in tea")
    guest.say("/join lobby\n/who")
    guest.until("* here: alice, guest-1 *")
    alice.ask("kick", name="guest-1", room="lobby")
    guest.until("you were removed from lobby")
    guest.say("hello?")
    assert "you are not in lobby; what you type goes to #tea now" in guest.until("error")
    alice.ask("kick", name="guest-1", room="tea")
    guest.until("you were removed from tea")
    guest.say("hello?")
    assert "nor in any other room; /join ROOM enters one" in guest.until("error")


def test_a_room_that_one_may_not_enter_is_not_talked_in(guest: Plain, alice: Native, chat: Chat) -> None:
    """In one go with the command or later, nothing of it is said elsewhere but what comes after the word about it."""
    record_of(chat, alice).role = Role.OPERATOR
    alice.ask("ban", name="guest-1", room="tea")
    guest.say("/join tea\nin one go")
    guest.until("you are banned from tea")
    guest.until("you are not in tea: join it first")
    guest.say("later")
    assert "that was not said: you are not in tea" in guest.until("error")
    guest.say("in the lobby")
    guest.until("delivered")
    assert [f["text"] for f in alice.pending() if f["type"] == "message"] == ["in the lobby"]
