"""What counts as unread, and until when."""

from __future__ import annotations

import pytest

from tests.client.fakes import message
from tests.client.talk import Talk


@pytest.mark.parametrize("answer", ["/reply yes", "/msg bob yes", "/switch @bob", "/nick anna"])
def test_a_private_conversation_is_unread_until_one_goes_or_writes_there(answer: str) -> None:
    """An answer is a sign that it was read; under another name it cannot be read any more."""
    talk = Talk()
    talk.enter("@ann+bob")
    talk.hear(message(1, "psst", room="@ann+bob"))
    assert talk.unread() == {"@bob": 1}
    talk.type("and you all", "/msg carol psst")
    assert talk.unread() == {"@bob": 1}
    talk.type(answer)
    if answer.startswith("/nick"):
        talk.hear({"type": "presence", "room": None, "renamed": [["ann", "anna"]], "members": 0})
    assert talk.unread() == {}


def test_a_room_that_was_left_is_not_unread() -> None:
    """Nobody could ever go there to read it."""
    talk = Talk("lobby", "builds")
    talk.hear(message(1, "done", room="builds"))
    assert talk.unread() == {"#builds": 1}
    talk.type("/leave builds")
    assert talk.unread() == {}


def test_who_is_here_is_not_known_offline() -> None:
    """Neither how many there are nor that somebody is away, until the server says it again."""
    talk = Talk(rich=True)
    talk.enter("@ann+bob")
    talk.type("/switch @bob")
    talk.hear({"type": "who", "room": "@ann+bob", "members": [{"name": "bob", "away": "lunch"}]})
    assert (talk.status().members, talk.status().away) == (2, "bob")
    talk.it.disconnected()
    assert (talk.status().members, talk.status().away) == (None, "")
    talk.welcome()
    talk.enter("@ann+bob")
    assert talk.status().members == 2
