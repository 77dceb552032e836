"""The line that is typed stays whole, whatever happens around it at the same time."""

from __future__ import annotations

import re
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from tests.client.conftest import Open
from tests.client.programs import Terminal
from tests.client.server_in_process import ServerInProcess


def test_the_prompt_follows_every_change_however_fast(person: Open) -> None:
    """Typed ahead or one after the other, the last change is what stands there, complete."""
    ann = person("ann")
    for number in range(15):
        ann.type(f"/switch @p{number}{'x' * number}\r/switch lobby\r/switch @bobby\r")
        ann.wait_for_prompt("@bobby>")
        ann.settle()
        ann.wait_for_prompt("@bobby>")


@pytest.mark.parametrize("columns", [24, 80, 200])
def test_a_burst_of_keys_during_a_storm_arrives_as_it_was_typed(person: Open, columns: int) -> None:
    """Far beyond the width, cut in pieces, with the cursor in the middle: no sequence is mixed with another."""
    ann, bob = person("ann", "--style", "short", columns=columns), person("bob", "--style", "short")
    for number in range(60):
        bob.type(f"storm {number}\r")
    ann.wait_for("bob: storm")
    for keys in ("a" * 150, "b" * 150, "\x1b[D" * 100, "\x1b[D" * 50):
        ann.type(keys)
        ann.watch(0.01)
    ann.wait_for("bob: storm 59")
    ann.wait_until(lambda: re.fullmatch(r"lobby> a+b+", "".join(map(text_of, ann.typed))) is not None)
    ann.wait_until(lambda: at_the_first_b(ann))
    ann.type("MID\r")
    ann.wait_for_prompt("lobby>")
    bob.wait_until(lambda: "a" * 150 + "MID" + "b" * 150 in "".join(bob.messages).replace(" ", ""))
    assert not mixed(ann.output)


def text_of(row: str) -> str:
    """Without what stands before it and behind it."""
    return row.removeprefix(" " * len("lobby> ")).rstrip("↑↓ ")


def at_the_first_b(ann: Terminal) -> bool:
    row, column = ann.typing_at
    before = "".join(map(text_of, [*ann.typed[:row], ann.typed[row][:column]]))
    return before.endswith("a") and text_of(ann.typed[row][column:]).startswith("b")


def mixed(output: bytes) -> list[bytes]:
    """The places where one escape sequence begins inside another."""
    return re.findall(rb"\x1b(?:\[[0-9;?]*|\][^\x07\x1b]*)?\x1b(?!\\)", output)


def test_mixed_sequences_are_seen() -> None:
    """As two writers on one terminal make them."""
    assert mixed(b"x\x1b\x1b7\x1b[5;1Hhello\x1b8[3Cy")
    assert mixed(b"x\x1b[\x1b7")
    assert not mixed(b"\x1b]2;title\x1b\\\x1b[5;1H\x1b[0mhello\x1b[0m\x1b[24;1H")


def test_a_new_prompt_leaves_the_cursor_where_it_is(person: Open, server: ServerInProcess) -> None:
    """The link goes, comes back, the target changes: typing goes on in the middle of the draft."""
    ann, bob = person("ann", "--style", "short"), person("bob", "--style", "short")
    bob.type("hi\r")  # from now on that name is his, also for those who come back after a restart
    ann.wait_for("bob: hi")
    ann.type("/switch @bob\r/color red\rhello world" + "\x1b[D" * 5)
    ann.wait_until(lambda: ann.prompt == "@bob> hello world" and ann.column == len("@bob> hello "))
    server.stop()
    ann.wait_for_status("reconnecting")
    server.start()
    ann.wait_for("Connected again to server")
    ann.wait_until(lambda: ann.prompt == "@bob> hello world" and ann.column == len("@bob> hello "))
    ann.type("dear \r")
    bob.wait_for("ann: hello dear world")


def test_a_resize_in_the_middle_of_a_line_keeps_it(person: Open) -> None:
    """The status moves to the new last row but one, and typing goes on where it was."""
    ann, bob = person("ann"), person("bob")
    ann.type("hello world" + "\x1b[D" * 5)
    ann.wait_for_prompt("lobby> hello world")
    for rows, columns in ((30, 100), (12, 50)):
        ann.resize(rows, columns)
        ann.wait_until(lambda: "online" in ann.status_row and ann.prompt == "lobby> hello world")
    ann.type("dear \r")
    bob.wait_for("hello dear world")


def test_a_storm_of_sizes_and_messages_ends_in_order(person: Open) -> None:
    """Down to one row and one column and back, while messages arrive: the draft and the last messages stand there."""
    ann, bob = person("ann", "--style", "short"), person("bob", "--style", "short")
    ann.type("hello world" + "\x1b[D" * 5)
    ann.wait_for_prompt("lobby> hello world")
    sizes = [(rows, columns) for rows in (1, 2, 3, 4, 5, 30) for columns in (1, 2, 3, 7, 10, 20, 100)]
    for number, (rows, columns) in enumerate([*sizes, (24, 80)]):
        bob.type(f"storm {number}\r")
        ann.resize(rows, columns)
        ann.watch(0.01)
    ann.wait_for(f"bob: storm {len(sizes)}")
    ann.wait_until(lambda: ann.prompt == "lobby> hello world" and ann.column == len("lobby> hello "))
    assert "online" in ann.status_row
    shown = [row.split("storm ")[1] for row in ann.messages if "storm " in row]
    assert shown == [str(number) for number in range(len(sizes) + 1)][-len(shown) :]
    assert not mixed(ann.output)


def test_ctrl_l_draws_everything_again(person: Open) -> None:
    """The draft, the status and the last messages stand there as before."""
    ann = person("ann")
    ann.wait_for("you are in #lobby")
    ann.wait_for_status("(1 here)")
    ann.type("draft")
    ann.wait_for_prompt("lobby> draft")
    before, seen = ann.rows, len(ann.output)
    ann.type("\x0c")
    ann.wait_until(lambda: len(ann.output) > seen)
    ann.settle()
    assert ann.rows == before
