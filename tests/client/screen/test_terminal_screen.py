"""What a person sees and can do in a real terminal, with the real programs."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from tests.client.conftest import Open
from tests.client.programs import KNOWS_FIRST, Pipe
from tests.client.server_in_process import ServerInProcess


def test_two_people_talk(person: Open, server: ServerInProcess) -> None:
    """Connected, greeted, and what one types the other reads; one's own line stands once, with a tick."""
    ann, bob = person("ann", "--color", "red"), person("bob", "--color", "blue")
    ann.wait_for(f"Connected to server at 127.0.0.1:{server.port}")
    ann.wait_for("* bob joined (2 here)")
    ann.settle()
    ann.type("hello bob\r")
    bob.wait_for("[COLOR (red)] ann said -> hello bob")
    ann.wait_for("[COLOR (red)] ann said -> hello bob ✓")
    ann.wait_for_prompt("lobby>")
    ann.wait_until(lambda: sum("hello bob" in row for row in ann.rows) == 1)  # no longer also as one that waits


def test_the_colours(person: Open) -> None:
    """Connection green, label in the sender's colour (a blue that dark screens show), text cyan, the rest one's own."""
    ann, bob = person("ann", "--color", "red"), person("bob", "--color", "blue")
    bob.type("hello ann\r")
    ann.wait_for("hello ann")
    parts = {
        "Connected to": "green",
        "[COLOR": "brightblue",
        "hello ann": "cyan",
        "ann · online": "red",
        "lobby> ": "red",
    }
    assert {part: ann.colour_of(part) for part in parts} == parts


def test_typing_is_not_disturbed_by_arriving_messages(person: Open) -> None:
    """A half-typed line stays as it is, with the cursor in its middle, and can be finished there."""
    ann, bob = person("ann"), person("bob")
    ann.type("hello world\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D")
    column = len("lobby> hello ")
    ann.wait_until(lambda: ann.prompt == "lobby> hello world" and ann.column == column)
    for number in range(40):
        bob.type(f"message {number}\r")
    ann.wait_for("said -> message 39")
    ann.wait_until(lambda: ann.prompt == "lobby> hello world" and ann.column == column)
    ann.type("dear \r")
    bob.wait_for("ann said -> hello dear world")
    seen = [row for row in ann.history() + ann.rows if "said -> message" in row]
    assert [int(row.rsplit(" ", 1)[1]) for row in seen] == list(range(40))


def test_long_and_wide_messages_keep_their_room(person: Open) -> None:
    """A message of many rows, wide characters and line breaks neither loses text nor touches the prompt."""
    ann, bob = person("ann", "--style", "short"), person("bob")
    ann.type("draft")
    ann.wait_for_prompt("lobby> draft")
    texts = ["x" * 500, "漢字" * 60, "🎉" * 45, "é" * 200, "y" * 3000]
    for text in texts:
        bob.type(text + "\r")
    bob.type("the end\r")
    ann.wait_for("bob: the end")
    ann.wait_for_prompt("lobby> draft")
    everything = "".join(ann.history() + ann.rows).replace(" ", "")
    for text in texts:
        assert text in everything


def test_a_pasted_block_is_one_message(person: Open) -> None:
    """It can be edited, also before its line breaks; then its lines arrive together, the later ones indented."""
    ann, bob = person("ann"), person("bob")
    assert ann.pastes_whole
    ann.type("\x1b[200~first\nsecond\x1b[201~")
    ann.wait_for_typed("lobby> first", "       second")
    ann.type("!\x1b[A\x01the \r")
    bob.wait_for("ann said -> the first")
    bob.wait_for("    second!")
    ann.wait_for_prompt("lobby>")


def test_a_paste_without_end_is_no_trap(person: Open) -> None:
    """After a moment it is a draft like any other, and Ctrl+C empties it."""
    ann = person("ann")
    ann.type("\x1b[200~half a paste")
    ann.wait_for_prompt("lobby> half a paste")
    ann.type("\x03")
    ann.wait_for_prompt("lobby>")
    assert ann.leave() == 0


def test_esc_ends_a_search(person: Open) -> None:
    """At once, and it takes nothing of what is typed then; what was pasted into the search is harmless."""
    ann = person("ann")
    title = ann.title
    ann.type("\x12\x1b[200~a\nb\x1b]2;pwned\x07\x1b[201~")
    ann.wait_for_prompt("nothing matches a␊b␛]2;pwned␇>")
    ann.type("\x1b")
    ann.wait_for_prompt("lobby>")
    ann.type("hello")
    ann.wait_for_prompt("lobby> hello")
    assert ann.title == title


def test_enter_sends_nothing_that_a_search_did_not_find(person: Open) -> None:
    """It leaves the search, with the draft of before."""
    ann = person("ann")
    ann.type("hello client\r")
    ann.wait_for("said -> hello client ✓")
    ann.type("draft\x12hel")
    ann.wait_for_prompt("search hel> hello client")
    ann.type("zzz")
    ann.wait_for_prompt("nothing matches helzzz> draft")
    ann.type("\r")
    ann.wait_for_prompt("lobby> draft")
    ann.type("ed\r")
    ann.wait_for("said -> drafted ✓")
    assert sum("said -> hello client" in row for row in ann.rows) == 1


def test_hostile_text_changes_nothing_outside_its_line(person: Open, server: ServerInProcess, tmp_path: Path) -> None:
    """Escape codes, returns and bells in a text are pictures on the screen."""
    ann = person("ann")
    attack = "\x1b[2J\x1b[H\x1b]0;owned\x07\rgone \x9b2J \u202e\n"
    bob = Pipe(server.port, tmp_path / "token-bob", "--name", "bob")
    assert bob.finish(attack)[0] == 0
    ann.wait_for("gone")
    ann.wait_for_prompt("lobby>")
    assert ann.rows[0].startswith("Connected to server")
    assert any("␛[2J␛[H␛]0;owned␇␍gone" in row for row in ann.rows)


def test_ctrl_c_clears_a_line_and_leaves_on_an_empty_one(person: Open) -> None:
    """The half-typed line is gone and never sent; the second time the program ends with 0, and no traceback."""
    ann, bob = person("ann"), person("bob")
    ann.type("never mind")
    ann.wait_for_prompt("lobby> never mind")
    ann.type("\x03")
    ann.wait_for_prompt("lobby>")
    ann.type("but this\r")
    bob.wait_for("ann said -> but this")
    ann.type("\x03")
    assert ann.status() == 0
    bob.wait_for("* ann left (1 here)")
    assert not any("never mind" in row for row in bob.rows)
    assert b"Traceback" not in ann.output


@pytest.mark.parametrize("keys", ["\x04", "/exit\r", "quit\r", "OVER\r"])
def test_leaving(person: Open, keys: str) -> None:
    """Ctrl+D and the exit words leave with 0."""
    ann = person("ann")
    ann.type(keys)
    assert ann.status() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_in_order(person: Open, number: int) -> None:
    """A terminated client says goodbye to the server and shows no traceback."""
    ann, bob = person("ann"), person("bob")
    ann.type("half")
    ann.wait_for_prompt("lobby> half")
    ann.signal(number)
    assert ann.status() == 128 + number
    assert b"Traceback" not in ann.output
    bob.wait_for("* ann left (1 here)")


def test_a_restarted_server_gets_what_was_typed_meanwhile_once(person: Open, server: ServerInProcess) -> None:
    """The loss is told, the prompt counts what waits, a draft survives, and everything arrives once."""
    ann = person("ann", "--style", "short")
    ann.type("before\r")
    ann.wait_for("ann: before ✓")
    ann.type("a dra")
    server.stop()
    ann.wait_for_prompt("lobby> a dra")
    ann.wait_for_status("reconnecting")
    assert ann.colour_of("Disconnected") == "brown"  # as pyte calls yellow
    ann.type("ft\r")
    ann.wait_for_prompt("lobby>")
    ann.wait_for_status("offline, 1 waiting")
    ann.type("second\r")
    ann.wait_for_prompt("lobby>")
    ann.wait_for_status("offline, 2 waiting")
    server.start()
    ann.wait_for("ann: second ✓")
    ann.wait_for_prompt("lobby>")
    assert [row[6:] for row in ann.rows if row.endswith("✓")] == ["ann: before ✓", "ann: a draft ✓", "ann: second ✓"]
    ann.wait_for("Connected again to server")


def test_an_end_that_nobody_asked_for_waits_for_the_person(person: Open, server: ServerInProcess) -> None:
    """What happened is said at once; what is still typed goes nowhere, and is there to be copied."""
    ann = person("ann", "--no-reconnect")
    ann.type("half a line")
    ann.wait_for_prompt("lobby> half a line")
    server.stop()
    ann.wait_for("Disconnected: ")
    ann.wait_for("Press Enter to leave.")
    ann.type(" and more\rtouch x\r")
    ann.wait_for("Not sent: touch x")
    ann.wait_for("Not sent: half a line and more")
    ann.type("\r")
    assert ann.status() == 1


def test_commands_answer_on_the_screen(person: Open) -> None:
    """Help, people, rooms, search, mistakes: each leaves the prompt in its place."""
    ann, bob = person("ann", "--style", "short"), person("bob")
    bob.type("/away lunch\r")
    bob.wait_for("* you are marked as away")
    bob.type("a needle in the hay\r")
    ann.wait_for("bob: a needle in the hay")
    for typed, part in {
        "/who\r": "In #lobby (2): ann, bob (away: lunch)",
        "/rooms\r": "#lobby",
        "/search needle\r": "bob: a needle in the hay",
        "/jion x\r": "There is no command /jion; did you mean /join?",
        "/join Builds\r": "* you are in #builds (1 here)",
        "/history\r": "* There is nothing older in #builds.",
        "/help msg\r": "/msg NAME TEXT (or /m): Send a private message.",
    }.items():
        ann.type(typed)
        ann.wait_for(part)
    ann.wait_for_prompt("builds>")
    ann.type("/clear\r")
    ann.wait_until(lambda: ann.messages == [])
    ann.type("/help\r")
    ann.wait_for("All else is said; //text says /text.")
    ann.wait_for_prompt("builds>")


def test_help_keeps_its_columns_in_a_narrow_terminal(person: Open) -> None:
    """What a command does never stands below the commands."""
    ann = person("ann", columns=52)
    ann.type("/help all\r")
    ann.wait_for("All else is said")
    rows = [row for row in ann.history() + ann.rows if row.startswith(" ") and not row.startswith("  /")]
    assert rows
    assert all(row.startswith(" " * 16) for row in rows)


def test_private_messages(person: Open) -> None:
    """They reach one person only, and /reply answers."""
    ann, bob, eve = person("ann", "--style", "short"), person("bob", "--style", "short"), person("eve")
    ann.type("/msg bob psst\r")
    bob.wait_for("@ann ann: psst")
    ann.wait_for("@bob ann: psst ✓")
    bob.type("/r what is it\r")
    ann.wait_for("@bob bob: what is it")
    bob.type("hello all\r")
    eve.wait_for("hello all")
    assert not any("psst" in row or "what is it" in row for row in eve.rows)


def test_a_new_name_changes_the_prompt_in_the_middle_of_a_line(person: Open) -> None:
    """The prompt follows, and the draft stays."""
    ann, bob = person("ann"), person("bob")
    ann.type("/nick anna\rdraft")
    ann.wait_for_prompt("lobby> draft")
    ann.wait_for("You are now anna.")
    bob.wait_for("* ann is now anna")


def test_a_newcomer_sees_what_was_said_before(person: Open) -> None:
    """History comes with its times, and is not news."""
    ann = person("ann")
    ann.type("first words\r")
    ann.wait_for("first words ✓")
    bob = person("bob")
    bob.wait_for("ann said -> first words")
    assert any(re.match(r"\d\d:\d\d \[COLOR", row) for row in bob.rows)


def test_a_stopped_client_comes_back_with_its_prompt(person: Open) -> None:
    """After SIGSTOP and SIGCONT all stands there again, whatever somebody else left on the screen meanwhile."""
    ann, bob = person("ann"), person("bob")
    ann.type("dra")
    ann.wait_for_prompt("lobby> dra")
    ann.signal(signal.SIGSTOP)
    bob.type("meanwhile\r")
    bob.wait_for("meanwhile ✓")
    ann.feed(b"\x1b[r\x1b[H\x1b[Jsomebody else was here")
    ann.signal(signal.SIGCONT)
    ann.wait_for("said -> meanwhile")
    ann.wait_for_prompt("lobby> dra")
    ann.wait_for_status("lobby (2 here) · ann · online")
    assert ann.has_region
    assert not any("somebody" in row for row in ann.rows)
    ann.type("ft\r")
    bob.wait_for("ann said -> draft")


def test_nobody_there_is_a_red_sentence(open_terminal: Open, tmp_path: Path) -> None:
    """A refused connection: what to do, status 1, no traceback."""
    ann = open_terminal(1, tmp_path / "token", program=KNOWS_FIRST)
    assert ann.status() == 1
    ann.wait_for("No server answers at 127.0.0.1:1; start one with: python server.py")
    assert ann.colour_of("No server") == "red"
    assert b"Traceback" not in ann.output


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.thorough)])
def test_ctrl_c_at_any_instant_shows_no_traceback(
    open_terminal: Open, server: ServerInProcess, tmp_path: Path, step: int
) -> None:
    """From the first import to the prompt, Ctrl+C ends the program quietly."""
    for delay in range(0, 16, step):
        ann = open_terminal(server.port, tmp_path / "token", "--name", "ann", PYTHONPROFILEIMPORTTIME="1")
        # Before the program's first line, an interrupt is the interpreter's own affair.
        ann.wait_until(lambda: b"| socket\r\n" in ann.output)  # noqa: B023
        ann.watch(delay * 0.015)
        ann.signal(signal.SIGINT)
        assert ann.status() in (0, 130, -signal.SIGINT)
        assert b"Traceback" not in ann.output, ann.output.decode()


@pytest.mark.parametrize(
    "way", ["/exit\r", "\x04", "\x03", "\x1c", "half\x1c", signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
)
def test_every_way_out_leaves_a_clean_terminal(person: Open, way: str | int) -> None:
    """No region, no status row, no title, and the cursor below the last line."""
    ann = person("ann")
    ann.wait_for("you are in #lobby")
    ann.leave(way)
    assert not ann.has_region
    assert not ann.pastes_whole
    assert ann.title == ""
    assert not any("online" in row or "lobby>" in row for row in ann.rows)
    assert ann.column == 0


def test_what_was_typed_is_there_in_the_next_run(person: Open, tmp_path: Path) -> None:
    """The arrow key and Ctrl+R bring the line of an earlier run, and a secret is not in the file."""
    ann = person("ann")
    ann.type("remember me\r")
    ann.wait_for("remember me ✓")
    ann.type("/password hush\r")
    ann.wait_for("A password does not belong on the command's line")
    ann.type("\x1b")
    ann.wait_for_prompt("lobby>")
    ann.leave()
    file = tmp_path / "input-history"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "hush" not in file.read_text()
    again = person("ann")
    again.wait_for("remember me")
    again.type("\x1b[A")  # her own last message first
    again.wait_for("edit [1]> remember me")
    again.type("\x1b[A\x1b[A")
    again.wait_for_prompt("lobby> remember me")
    again.type("\x15\x12rem")
    again.wait_for_prompt("search rem> remember me")


@pytest.mark.parametrize("way", [signal.SIGTERM, None], ids=["terminated", "closed window"])
def test_a_half_typed_line_is_there_in_the_next_run(person: Open, tmp_path: Path, way: int | None) -> None:
    """However the client was ended; but not a line that was emptied."""
    ann = person("ann")
    ann.type("given up")
    ann.wait_for_prompt("lobby> given up")  # Ctrl+C makes the terminal forget what nobody has read yet
    ann.type("\x03")
    ann.wait_for_prompt("lobby>")
    ann.type("half a thought")
    ann.wait_for_prompt("lobby> half a thought")
    if way is None:
        ann.hang_up()
        ann.wait_for_end()
    else:
        ann.signal(way)
        ann.status()
    again = person("ann")
    again.type("\x1b[A\x1b[A")
    again.wait_for_prompt("lobby> half a thought")


def test_tab_completes_commands_and_people(person: Open) -> None:
    """A command as far as it is clear, a name with a colon at the start of a line, the next one at the next Tab."""
    ann, bob = person("ann", "--style", "short"), person("bob", "--style", "short")
    bella = person("bella", "--style", "short")
    bella.type("one\r")
    bella.wait_for("one ✓")
    bob.type("two\r")
    ann.wait_for("bob: two")
    ann.type("/sea\t")
    ann.wait_for_prompt("lobby> /search")
    ann.type("\x15b\t")
    ann.wait_for_prompt("lobby> bob:")
    ann.type("\t")
    ann.wait_for_prompt("lobby> bella:")
    ann.type("\x15/s\t")
    ann.wait_for("/say  /search  /send  /servers  /set  /slow  /style  /switch")
    ann.wait_for_prompt("lobby> /s")
