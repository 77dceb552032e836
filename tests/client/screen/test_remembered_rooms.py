"""Coming back in a new run: the same rooms, and what was missed in them."""

from __future__ import annotations

import signal
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from tests.client.conftest import Open


@pytest.mark.parametrize("way", ["/exit\r", signal.SIGHUP])
def test_who_comes_back_is_in_the_same_rooms(person: Open, way: str | int) -> None:
    """The current one first, with what was missed; the others are counted. Also after the window was closed."""
    ann, bob = person("ann", "--style", "short"), person("bob", "--room", "builds", "--room", "lobby")
    ann.type("/join den\r/join builds\rhello\r")
    ann.wait_for("ann: hello ✓")
    ann.type("/leave den\r")
    ann.wait_for("* you left #den")
    ann.leave(way)
    bob.type("missed\r/switch lobby\relsewhere\r")
    bob.wait_for("said -> elsewhere ✓")
    again = person("ann", "--style", "short")
    again.wait_for("bob: elsewhere")
    again.wait_for_prompt("builds>")
    again.wait_for_status("#lobby 1 new")
    rows = again.messages
    missed = next(number for number, row in enumerate(rows) if row.endswith("bob: missed"))
    assert rows[missed - 1] == "── 1 new message ──"
    assert missed < next(number for number, row in enumerate(rows) if row.endswith("bob: elsewhere"))
    again.type("/switch\r")
    again.wait_for("Your rooms: 1 #builds (here) · 2 #lobby (1 new)")


def test_a_client_that_is_killed_comes_back_to_the_same_rooms(person: Open) -> None:
    """They are kept when they change, not at the end."""
    ann = person("ann")
    ann.type("/join builds\rhello\r")
    ann.wait_for("said -> hello ✓")
    ann.signal(signal.SIGKILL)
    ann.status()
    again = person("ann")
    again.wait_for_prompt("builds>")
    again.wait_for("* you are in #lobby")


def test_a_conversation_is_gone_on_with(person: Open) -> None:
    """It was where one talked last; under another name it is not one's own."""
    ann, bob = person("ann", "--style", "short"), person("bob", "--style", "short")
    bob.type("hi\r")
    ann.type("/switch @bob\rpsst\r")
    bob.wait_for("@ann ann: psst")
    ann.leave()
    bob.type("/msg ann are you there\r")
    bob.wait_for("are you there ✓")
    again = person("ann", "--style", "short")
    again.wait_for("@bob bob: are you there")
    again.wait_for_prompt("@bob>")
    other = person("anna")
    other.wait_for_prompt("lobby>")


def test_a_room_that_is_asked_for_comes_first(person: Open) -> None:
    """Beside those of the last run."""
    ann = person("ann")
    ann.type("/join builds\r")
    ann.wait_for("* you are in #builds")
    ann.leave()
    again = person("ann", "--room", "ops")
    again.wait_for_prompt("ops>")
    again.type("/switch\r")
    again.wait_for("Your rooms: 1 #ops (here) · 2 #lobby · 3 #builds")


def test_a_room_that_may_not_be_entered_any_more_is_told_and_left_out(person: Open) -> None:
    """Texts go to another one."""
    bob, ann = person("bob"), person("ann")
    bob.type("/join secret\rmine\r")
    bob.wait_for("said -> mine ✓")
    ann.type("hello\r/join secret\r")
    ann.wait_for("* you are in #secret")
    ann.leave()
    bob.type("/mode invite\r")
    bob.wait_for("only invited people may enter")
    bob.type("/kick ann\r")
    bob.settle()
    again = person("ann")
    again.wait_for_prompt("lobby>")
    again.leave()
    third = person("ann")
    third.type("/switch\r")
    third.wait_for("Your rooms: 1 #lobby (here)")
