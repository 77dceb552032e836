"""Messages change where they stand, in a real terminal, whatever is typed below them and whatever its size."""

from __future__ import annotations

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from tests.client.conftest import Open
from tests.client.screen.test_terminal_row import mixed

UP, ESCAPE = "\x1b[A", "\x1b"
THREE = ("lobby> one", "       two", "       three")
SHORT = ("--style", "short")


def test_up_corrects_the_last_message_where_it_stands(person: Open) -> None:
    """Its text comes into the input, Enter sends it, and both see the row change."""
    ann, bob = person("ann", *SHORT), person("bob", *SHORT)
    ann.type("teh end\r")
    bob.wait_for("ann: teh end")
    ann.wait_for("ann: teh end ✓")
    ann.type(UP)
    ann.wait_until(lambda: ann.typed[0].startswith("edit [") and ann.typed[0].endswith("teh end"))
    ann.type("\x01\x0bthe end\r")
    for screen in (ann, bob):
        screen.wait_for("(edited)")
        assert [row for row in screen.messages if "teh" in row] == []
        assert len([row for row in screen.messages if "the end" in row]) == 1
    ann.wait_for_typed("lobby>")


@pytest.mark.parametrize("key", [ESCAPE, "\x03"], ids=["Esc", "Ctrl+C"])
def test_a_correction_can_be_given_up(person: Open, key: str) -> None:
    """Nothing is sent, and the next Ctrl+C still asks nothing of anybody."""
    ann, bob = person("ann", *SHORT), person("bob", *SHORT)
    ann.type("as it is\r")
    ann.wait_for("ann: as it is ✓")
    bob.type("I see\r")
    ann.wait_for("bob: I see")  # with the turn after: by now it is known which message can be corrected
    ann.type("/edit\r")
    ann.wait_until(lambda: ann.typed[0].startswith("edit ["))
    ann.type(" not")
    ann.wait_until(lambda: ann.typed[0].endswith("as it is not"))
    ann.type(key)
    ann.wait_for_typed("lobby>")
    ann.type("next\r")
    bob.wait_for("ann: next")
    assert not any("edited" in row for row in bob.messages)


def test_a_message_changes_while_three_lines_are_typed(person: Open) -> None:
    """The lines and the cursor stay where they are, and rows above and below the message too."""
    ann, bob = person("ann", *SHORT), person("bob", *SHORT)
    bob.type("first\r")
    ann.wait_for("bob: first")
    ann.type("one\x1b\rtwo\x1b\rthree" + UP)
    ann.wait_for_typed(*THREE)
    bob.type("/edit " + "much longer now, " * 12 + "end\r")
    ann.wait_for("(edited)")
    ann.wait_until(lambda: ann.typed == list(THREE) and ann.typing_at[0] == 1)
    bob.type("after it\r")
    ann.wait_for("bob: after it")
    assert ann.messages[-1].endswith("bob: after it") or ann.messages[-1] == ""
    assert not any("bob: first" in row for row in ann.messages)
    assert not mixed(ann.output)
    ann.type("\r")
    bob.wait_for("    three")


@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (5, 20), (8, 30)])
def test_a_reaction_comes_while_the_size_changes(person: Open, rows: int, columns: int) -> None:
    """Whatever comes first, the row has it at the end, once."""
    ann, bob = person("ann", *SHORT), person("bob", *SHORT)
    ann.type("look\r")
    bob.wait_for("ann: look")
    bob.type("/react :+1:\r")
    ann.resize(rows, columns)
    ann.wait_for("👍")
    ann.resize(24, 80)
    ann.wait_until(lambda: sum("ann: look ✓ [👍 1]" in row for row in ann.messages) == 1)
    bob.type("/react\r")
    ann.wait_until(lambda: any(row.endswith("ann: look ✓") for row in ann.messages))
    assert not any("[👍" in row for row in ann.messages)


def test_what_has_scrolled_away_is_told(person: Open) -> None:
    """The scrollback stays as it was."""
    ann, bob = person("ann", *SHORT, rows=8), person("bob", *SHORT)
    bob.type("to be corrected\r")
    ann.wait_for("bob: to be corrected")
    for number in range(8):
        ann.type(f"more {number}\r")
        ann.wait_for(f"more {number} ✓")
    bob.type("/edit corrected\r")
    ann.wait_for("bob corrected [")
    assert any("bob: to be corrected" in row for row in ann.history())


def test_an_answer_and_a_deletion(person: Open) -> None:
    """The quote is a row of its own, and goes with what it quotes."""
    ann, bob = person("ann", *SHORT), person("bob", *SHORT)
    bob.type("where?\r")
    ann.wait_for("bob: where?")
    ann.type("/re here\r")
    bob.wait_for("↪ bob: where?")
    bob.wait_for("ann: here")
    bob.type("/delete\r")
    for screen in (ann, bob):
        screen.wait_until(lambda: sum("(deleted)" in row for row in screen.messages) == 2)  # noqa: B023
        assert not any("where?" in row for row in screen.messages)


def test_several_terminals_are_in_step(person: Open) -> None:
    """What one corrects in one is corrected in the other, and can be corrected there again."""
    here, there = person("ann", *SHORT), person("ann", *SHORT)
    here.type("one\r")
    there.wait_for("ann: one")
    there.type("/edit two\r")
    for screen in (here, there):
        screen.wait_for("two (edited)" if screen is there else "two ✓ (edited)")
    here.type(UP)
    here.wait_until(lambda: here.typed[0].endswith("two"))
