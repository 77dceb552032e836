"""A text of several lines, typed in a real terminal: it stays whole, whatever happens around it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from tests.client.conftest import Open
from tests.client.programs import Terminal
from tests.client.screen.test_terminal_row import mixed
from tests.client.server_in_process import ServerInProcess

UP, DOWN, LEFT = "\x1b[A", "\x1b[B", "\x1b[D"
NEW_LINES = {"Ctrl+J": "\n", "Alt+Enter": "\x1b\r", "kitty": "\x1b[13;3u", "modifyOtherKeys": "\x1b[27;3;13~"}
THREE = ("lobby> one", "       two", "       three")
INDENT = len("lobby> ")


def three_lines(person: Open, *arguments: str, **options: object) -> Terminal:
    ann = person("ann", "--style", "short", *arguments, **options)
    ann.type("one\x1b\rtwo\x1b\rthree")
    ann.wait_for_typed(*THREE)
    return ann


@pytest.mark.parametrize("key", NEW_LINES.values(), ids=NEW_LINES.keys())
def test_several_lines_are_one_message(person: Open, key: str) -> None:
    """Typed in several rows, sent with Enter, and shown as one message whose later lines are moved in."""
    ann, bob = person("ann", "--style", "short"), person("bob", "--style", "short")
    ann.type(f"one{key}two")
    ann.wait_for_typed("lobby> one", "       two")
    assert "online" in ann.status_row
    ann.type("\r")
    for screen in (ann, bob):
        screen.wait_until(lambda: any(row.startswith("    two") for row in screen.messages))  # noqa: B023
        place = next(number for number, row in enumerate(screen.messages) if row.startswith("    two"))
        assert "ann: one" in screen.messages[place - 1]
    ann.wait_for_typed("lobby>")


def test_up_and_down_move_in_the_lines(person: Open) -> None:
    """And lead to earlier texts only from the first and the last; those come back in all their lines."""
    ann, bob = person("ann", "--style", "short"), person("bob", "--style", "short")
    ann.type("older\nlines\r")
    bob.wait_for("ann: older")
    ann.type("one\ntwo\nthree")
    ann.wait_for_typed(*THREE)
    ann.type(UP)
    ann.wait_until(lambda: ann.typing_at == (1, INDENT + 3))
    ann.type(UP + "!" + DOWN)
    ann.wait_until(lambda: ann.typing_at == (1, INDENT + 3) and ann.typed[0] == "lobby> one!")
    ann.type(UP + UP)
    ann.wait_for_typed("lobby> older", "       lines")
    ann.type(DOWN)
    ann.wait_for_typed("lobby> one!", *THREE[1:])


@pytest.mark.parametrize(("rows", "columns", "height"), [(24, 80, 8), (10, 40, 3), (6, 20, 2), (5, 20, 1)])
def test_the_rows_grow_to_a_third_of_the_screen(person: Open, rows: int, columns: int, height: int) -> None:
    """And back; messages and the status keep their rows, and no message is lost."""
    ann, bob = person("ann", "--style", "short", rows=rows, columns=columns), person("bob")
    for number in range(6):
        bob.type(f"m{number}\r")
    ann.wait_for("bob: m5")
    ann.type("\n".join(f"line{number}" for number in range(12)))
    ann.wait_until(lambda: len(ann.typed) == height and "line11" in ann.typed[-1])
    ann.wait_for_status("online")
    assert ann.typed[0].startswith("lobby> ")
    assert len(ann.messages) <= rows - height - 1
    bob.type("later\r")
    ann.wait_for("bob: later")
    ann.type("\x03")
    ann.wait_for_typed("lobby>")
    bob.type("end\r")
    ann.wait_for("bob: end")
    seen = [row.split("bob: ")[1] for row in ann.history() + ann.rows if "bob: " in row]
    assert seen[-8:] == [*(f"m{number}" for number in range(6)), "later", "end"]


def test_messages_arrive_while_three_lines_are_typed(person: Open) -> None:
    """They go above, the lines and the cursor stay, and typing goes on in the middle."""
    ann, bob = three_lines(person), person("bob")
    ann.type(UP + LEFT)
    ann.wait_until(lambda: ann.typing_at == (1, INDENT + 2))
    for number in range(40):
        bob.type(f"message {number}\r")
    ann.wait_for("bob: message 39")
    ann.wait_until(lambda: ann.typed == list(THREE) and ann.typing_at == (1, INDENT + 2))
    ann.type("-\r")
    bob.wait_for("    tw-o")
    seen = [row for row in ann.history() + ann.rows if "bob: message" in row]
    assert [int(row.rsplit(" ", 1)[1]) for row in seen] == list(range(40))
    assert not mixed(ann.output)


def test_the_lines_survive_a_restart_of_the_server(person: Open, server: ServerInProcess) -> None:
    """While the link is gone, and when missed messages come in."""
    ann, bob = three_lines(person), person("bob")
    bob.type("hello\r")
    ann.wait_for("bob: hello")
    server.stop()
    ann.wait_for_status("reconnecting")
    ann.wait_for_typed(*THREE)
    server.start()
    ann.wait_for("Connected again to server")
    bob.wait_for("Connected again to server")
    bob.type("and again\r")
    ann.wait_for("bob: and again")
    ann.wait_for_typed(*THREE)
    ann.type("\r")
    bob.wait_for("    three")
    bob.wait_for("ann said -> one")


def test_the_lines_survive_other_sizes(person: Open) -> None:
    """In fewer rows those around the cursor are shown; at last all are there again."""
    ann, bob = three_lines(person), person("bob")
    ann.type(UP)
    for rows, columns, typed in ((12, 50, THREE), (6, 20, ("lobby> one", "       two        ↓")), (30, 100, THREE)):
        ann.resize(rows, columns)
        bob.type(f"in {rows} rows\r")
        ann.wait_until(lambda: any(f"in {rows} rows" in row for row in ann.messages))  # noqa: B023
        ann.wait_for_typed(*typed)
    ann.resize(5, 20)
    ann.wait_until(lambda: len(ann.typed) == 1 and "two" in ann.typed[0])
    ann.resize(4, 30)
    ann.wait_until(lambda: not ann.has_region)
    ann.resize(24, 80)
    ann.wait_for_typed(*THREE)
    ann.type("!\r")
    bob.wait_for("    two!")


def test_a_paste_during_a_flood_is_whole(person: Open) -> None:
    """Its lines stand there as lines, and arrive as one message; nothing of the flood is in them."""
    ann, bob, eve = person("ann", "--style", "short"), person("bob"), person("eve", rows=40)
    for number in range(200):
        bob.type(f"flood {number}\r")
    block = [f"pasted line {number}" for number in range(6)]
    ann.type(f"\x1b[200~{chr(13).join(block)}\x1b[201~")
    ann.wait_for_typed(f"lobby> {block[0]}", *(" " * INDENT + line for line in block[1:]))
    ann.wait_for("bob: flood 199")
    ann.wait_for_typed(f"lobby> {block[0]}", *(" " * INDENT + line for line in block[1:]))
    ann.type("\r")
    eve.wait_for("    pasted line 5")
    place = next(number for number, row in enumerate(eve.messages) if "said -> pasted line 0" in row)
    assert eve.messages[place + 1 : place + 6] == [f"    {line}" for line in block[1:]]
    assert not mixed(ann.output)


def test_a_long_line_takes_several_rows(person: Open) -> None:
    """Wide signs and pictures of several signs are not cut, and Backspace takes one of them as a whole."""
    ann, bob = person("ann", "--style", "short", columns=40), person("bob", "--style", "short")
    ann.type("漢" * 20)
    ann.wait_until(lambda: len(ann.typed) == 2 and ann.typed[1].strip() == "漢" * 5)
    ann.type("\x7f" * 16 + "👩‍👩‍👧🇩🇪\x7f\x7fe\u0301\x7f!")
    ann.wait_until(lambda: ann.typed == ["lobby> 漢漢漢漢!"])
    ann.type("\r")
    bob.wait_for("ann: 漢漢漢漢!")


def test_ctrl_c_empties_all_lines_and_undo_brings_them_back(person: Open) -> None:
    """On the empty line Ctrl+C leaves, as ever."""
    ann = three_lines(person)
    ann.type("\x03")
    ann.wait_for_typed("lobby>")
    ann.type("\x1f")
    ann.wait_for_typed(*THREE)
    ann.type("\x03")
    ann.wait_for_typed("lobby>")
    ann.type("\x03")
    assert ann.status() == 0


def test_what_waits_stands_between_the_messages_and_several_lines(person: Open, server: ServerInProcess) -> None:
    """Texts on their way, the status, then the lines; each in its rows."""
    ann = three_lines(person)
    ann.type("\r")
    ann.wait_for("    three ✓")
    server.stop()
    ann.wait_for_status("reconnecting")
    ann.type("first\nwaits\rone\ntwo\nthree")
    ann.wait_for_typed(*THREE)
    ann.wait_until(lambda: ann.messages[-1] == "… first␊waits")
    server.start()
    ann.wait_for("    waits ✓")
    ann.wait_until(lambda: "…" not in "".join(ann.messages))
    ann.wait_for_typed(*THREE)


def test_leaving_with_several_lines_leaves_a_clean_terminal(person: Open) -> None:
    """Neither the status nor what was typed stays."""
    ann = three_lines(person)
    ann.type("\x1c")
    assert ann.status() == 0
    assert not ann.has_region
    assert not any("online" in row or row.strip() in ("two", "three") for row in ann.rows)


# --- From room to room ---


def test_keys_lead_from_room_to_room_and_leave_the_draft(person: Open) -> None:
    """Alt+A where something new is, Alt+1 back; with /only, what was said there is shown then."""
    ann, bob = person("ann", "--style", "short", "--room", "lobby", "--room", "builds"), person("bob")
    ann.type("/only on\r")
    ann.wait_for("* only: on")
    bob.type("/join builds\rin builds\r/msg ann in private\r")
    ann.wait_for_status("#builds 1 new · @bob 1 new")
    assert not any("in builds" in row or "in private" in row for row in ann.rows)
    ann.type("one\ntwo")
    for key, target in (("\x1ba", "@bob"), ("\x1b[97;3u", "builds"), ("\x1b1", "lobby"), ("\x1b[27;3;50~", "builds")):
        ann.type(key)
        ann.wait_until(lambda: ann.typed == [f"{target}> one", " " * len(f"{target}> ") + "two"])  # noqa: B023
    ann.wait_for("#builds bob: in builds")
    ann.wait_for("@bob bob: in private")
    ann.type("\r")
    bob.wait_for("    two")


# --- The person's own editor ---

SAVES = """#!/bin/sh
printf 'began\\n' > "$0.began"
while [ ! -e "$0.go" ]; do sleep 0.05; done
printf 'from the editor\\r\\nsecond\\n\\n' >> "$1"
exit ${STATUS:-0}
"""


def editor_at(tmp_path: Path, script: str = SAVES) -> Path:
    editor = tmp_path / "an editor"
    editor.write_text(script)
    editor.chmod(0o755)
    return editor


def begun(editor: Path) -> Path:
    return Path(f"{editor}.began")


def test_a_draft_is_edited_elsewhere(person: Open, tmp_path: Path) -> None:
    """Ctrl+X Ctrl+E; what is said meanwhile is shown afterwards, and the text can be sent."""
    editor = editor_at(tmp_path)
    ann, bob = person("ann", "--style", "short", VISUAL=f"'{editor}'", EDITOR="false"), person("bob")
    ann.type("my draft\x18\x05")
    ann.wait_until(begun(editor).exists)
    ann.wait_until(lambda: not ann.has_region)
    bob.type("meanwhile\r")
    bob.wait_for("meanwhile ✓")
    ann.settle()
    assert not any("meanwhile" in row for row in ann.rows)
    Path(f"{editor}.go").touch()
    ann.wait_for("bob: meanwhile")
    ann.wait_for_typed("lobby> my draft", "       from the editor", "       second")
    ann.type("\r")
    bob.wait_for("    from the editor")
    assert not list(Path(tmp_path).glob("chat-*"))


def test_ctrl_c_in_the_editor_is_the_editors(person: Open, tmp_path: Path) -> None:
    """It does not end the client, and the draft is kept when the editor dies of it."""
    editor = editor_at(tmp_path)
    ann = person("ann", EDITOR=f"'{editor}'", VISUAL="")
    ann.type("my draft\x18\x05")
    ann.wait_until(begun(editor).exists)
    ann.type("\x03")
    ann.wait_for("your text is as it was")
    ann.wait_for_typed("lobby> my draft")


def test_a_client_that_is_ended_meanwhile_ends_the_editor(person: Open, tmp_path: Path) -> None:
    """In order; the draft is there in the next run."""
    editor = editor_at(tmp_path, SAVES.replace("printf 'began", 'echo $$ > "$0.number"; printf \'began'))
    ann = person("ann", VISUAL=f"'{editor}'")
    ann.type("my draft\x18\x05")
    ann.wait_until(begun(editor).exists)
    ann.signal(signal.SIGTERM)
    assert ann.status() == 128 + signal.SIGTERM
    assert not Path(f"/proc/{Path(f'{editor}.number').read_text().strip()}").exists()
    again = person("ann")
    again.type(UP)
    again.wait_for_typed("lobby> my draft")


FAILURES = {
    "not there": ("/nowhere/at all", "The editor /nowhere/at cannot be started: No such file or directory"),
    "a status": ("false", "The editor false ended with status 1; your text is as it was."),
    "half a quote": ("'vi", "VISUAL or EDITOR does not name an editor: 'vi"),
}


@pytest.mark.parametrize(("editor", "sentence"), FAILURES.values(), ids=FAILURES.keys())
def test_an_editor_that_fails_is_one_line(person: Open, editor: str, sentence: str) -> None:
    """And the draft is as it was, with its cursor."""
    ann = person("ann", VISUAL=editor)
    ann.type(f"my\ndraft{LEFT}\x18\x05")
    ann.wait_for(sentence[:70])
    ann.wait_until(lambda: ann.typed == ["lobby> my", "       draft"] and ann.typing_at == (1, INDENT + 4))
    assert ann.has_region


def test_what_a_failing_editor_saved_is_not_lost(person: Open, tmp_path: Path) -> None:
    """The line says in which file it is."""
    editor = editor_at(tmp_path)
    Path(f"{editor}.go").touch()
    ann = person("ann", VISUAL=f"'{editor}'", STATUS="3", TMPDIR=str(tmp_path), columns=200)
    ann.type("my draft\x18\x05")
    ann.wait_for("ended with status 3; your text is as it was; what the editor saved is in")
    [file] = tmp_path.glob("chat-*/message.txt")
    assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0
    assert "from the editor" in file.read_text()
    ann.wait_for_typed("lobby> my draft")
