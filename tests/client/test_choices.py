"""What a person chooses, and what the client remembers of him, in real terminals with the real programs."""

from __future__ import annotations

import json
import signal
import sys
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from tests.client.conftest import Open
from tests.client.fakes import ATTACKS, Peer, ScriptedServer, message
from tests.client.programs import Terminal

HOSTILE = [*ATTACKS, "漢" * 20]


def test_a_theme_recolours_what_is_on_the_screen_and_is_remembered(person: Open) -> None:
    """Names, texts, status and prompt; the draft stays, and the next run begins with it."""
    ann, bob = person("ann", "--color", "yellow"), person("bob", "--color", "green")
    bob.type("good morning\r")
    ann.wait_for("said -> good morning")
    assert ann.colour_of("[COLOR (green)]") == "green"
    ann.type("/theme light\rdraft")
    ann.wait_for("* theme: light")
    ann.wait_for_prompt("lobby> draft")
    ann.wait_until(lambda: ann.colour_of("lobby> draft") == "875f00")
    assert ann.colour_of("[COLOR (green)]") == ann.colour_of("online") == "008700"
    assert ann.colour_of("good morning") == "008787"
    ann.type("\x15/exit\r")
    ann.status()
    again = person("ann", "--color", "yellow")
    again.wait_for("Connected to")
    assert again.colour_of("Connected to") == "008700"
    again.type("/theme\r")
    again.wait_for("* theme: light; there are: dark, light, safe")


def test_a_chosen_colour_is_remembered(person: Open) -> None:
    """For that name; the command line still has the last word."""
    ann = person("ann")
    ann.type("/color yellow\r")
    ann.wait_for("* color: yellow")
    ann.leave()
    for arguments, color in (((), "yellow"), (("--color", "red"), "red")):
        again = person("ann", *arguments)
        again.type(f"in {color}\r")
        again.wait_for(f"[COLOR ({color})] ann said -> in {color} ✓")
        again.leave()


@pytest.mark.parametrize("terminal", ["vt100", "xterm", "linux"])
def test_a_terminal_of_few_colours_gets_few(person: Open, terminal: str) -> None:
    """No theme sends a code that such a terminal would not know."""
    ann = person("ann", TERM=terminal, COLORTERM="")
    for theme in ("light", "safe", "dark"):
        ann.type(f"/theme {theme}\r")
        ann.wait_for(f"* theme: {theme}")
    assert b"38;5" not in ann.output


def test_no_color_has_no_theme(person: Open) -> None:
    """A choice is taken and kept, and still nothing is coloured."""
    ann = person("ann", NO_COLOR="1")
    ann.type("/theme safe\r")
    ann.wait_for("* theme: safe")
    assert b"\x1b[38" not in ann.output


def test_the_terminal_says_what_background_it_has(person: Open) -> None:
    """Until somebody chooses."""
    ann = person("ann", COLORFGBG="0;15")
    ann.type("/theme\r")
    ann.wait_for("* theme: light")


def test_bell_and_joins_are_remembered(person: Open, tmp_path: Path) -> None:
    """In one file, which only its owner can read."""
    ann = person("ann")
    ann.type("/bell off\r/joins all\r")
    ann.wait_for("* joins: all")
    ann.leave()
    again = person("ann")
    again.type("/bell\r/joins\r")
    again.wait_for("* bell: off; there are: on, mentions, off")
    again.wait_for("* joins: all; there are: all, smart, off")
    assert (tmp_path / "config.toml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("way", ["/exit\r", "\x04", "\x03", signal.SIGTERM, signal.SIGHUP])
def test_every_way_out_keeps_the_place(person: Open, tmp_path: Path, way: str | int) -> None:
    """The next run knows what is new, and who asked for one."""
    ann, bob = person("ann", "--style", "short"), person("bob")
    ann.type("seen\r")
    ann.wait_for("ann: seen ✓")
    ann.leave(way)
    bob.type("one\rann, two\r")
    bob.wait_for("ann, two ✓")
    again = person("ann", "--style", "short")
    again.wait_for("── You were mentioned once while you were not here: /mentions ──")
    shown = again.history() + again.messages  # what came first may have scrolled away
    assert [row.partition(" ")[2] for row in shown[-5:-1]] == [
        "ann: seen",
        "2 new messages ──",
        "bob: one",
        "» bob: ann, two",
    ]
    again.type("/mentions\r")
    again.wait_for("* 1 mention that you missed:")
    again.type("/mentions\r")
    again.wait_for("* No new mentions; earlier ones:")


def test_a_killed_client_leaves_whole_files(person: Open, tmp_path: Path) -> None:
    """Its place is the older one: too much is new then, never too little."""
    ann = person("ann")
    ann.type("/theme safe\r")
    ann.wait_for("* theme: safe")
    ann.leave()
    again, bob = person("ann", "--style", "short"), person("bob", "--style", "short")
    bob.type("more\r")
    again.wait_for("bob: more")
    again.signal(signal.SIGKILL)
    assert again.status() == -signal.SIGKILL
    assert tomllib.loads((tmp_path / "config.toml").read_text()) == {"theme": "safe"}
    third = person("ann")
    third.wait_for("── 1 new message ──")


@pytest.mark.parametrize("by", [3, pytest.param(1, marks=pytest.mark.thorough)])
def test_ctrl_c_at_any_instant_of_leaving_leaves_whole_files(person: Open, tmp_path: Path, by: int) -> None:
    """Interrupted while choices and place are being kept: no traceback, and what is there can be read."""
    for step in range(0, 10, by):
        ann = person("ann")
        ann.type(f"/theme {'light' if step % 2 else 'safe'}\r/exit\r")
        ann.watch(step * 0.004)
        with suppress(ProcessLookupError):  # it was faster
            for _ in range(2):
                ann.signal(signal.SIGINT)
                ann.watch(0.002)
        assert ann.status() in (0, 130, -signal.SIGINT)
        assert b"Traceback" not in ann.output, ann.output.decode()
        for name, read in (("config.toml", tomllib.loads), ("seen.json", json.loads)):
            if (tmp_path / name).exists():
                assert read((tmp_path / name).read_text())


def test_tab_offers_rooms_that_one_is_not_in_and_themes(person: Open) -> None:
    """As soon as /rooms has told of them."""
    ann, bob = person("ann"), person("bob", "--room", "builds")
    bob.wait_for("you are in #builds")
    ann.type("/join b\t")
    ann.wait_for_prompt("lobby> /join b")
    ann.type("\x15/rooms\r")
    ann.wait_for("#builds")
    catch_up(ann)
    ann.type("/join b\t")
    ann.wait_for_prompt("lobby> /join builds")
    ann.type("\x15/theme s\t")
    ann.wait_for_prompt("lobby> /theme safe")


@pytest.fixture
def victim(server: ScriptedServer, open_terminal: Open, tmp_path: Path) -> tuple[Terminal, Peer]:
    """A client in a terminal, and the server that is against it."""
    terminal = open_terminal(server.port, tmp_path / "token", "--name", "ann", "--style", "short")
    peer = server.accept()
    peer.welcome()
    assert peer.expect("who")["room"] == "lobby"
    terminal.wait_for_prompt("lobby>")
    return terminal, peer


def is_untouched(terminal: Terminal, prompt: str) -> bool:
    """Input row, status row and title are the client's own, and nothing rang."""
    rows_are_ours = terminal.prompt == prompt and terminal.status_row.startswith("── lobby (1 here) · ann · online")
    return rows_are_ours and terminal.has_region and (terminal.title, terminal.bells) == ("lobby - chat", 0)


def catch_up(terminal: Terminal) -> None:
    """Until Tab knows what has come: an order is obeyed after all that was heard before it."""
    terminal.type("/bell\r")
    terminal.wait_for("* bell: mentions")


def test_completion_offers_nothing_hostile(victim: tuple[Terminal, Peer]) -> None:
    """Names and rooms that nobody can have are never offered, and listing the others moves nothing."""
    ann, peer = victim
    names = [f"z{attack}" for attack in HOSTILE]
    peer.send(
        {"type": "who", "room": "lobby", "members": [{"name": name} for name in (*names, "zoe")]},
        {"type": "presence", "room": "lobby", "joined": names, "renamed": [["bob", name] for name in names]},
        *(message(id, "hello", name) for id, name in enumerate(names, 1)),
        {"type": "rooms", "rooms": [{"room": room, "members": 1, "last": 1} for room in (*names, "zoo")]},
    )
    ann.wait_for("#zoo")
    catch_up(ann)
    for typed, prompt in (("z\t", "zoe:"), ("/msg z\t", "/msg zoe"), ("/join z\t", "/join zoo")):
        ann.type(f"\x15{typed}\t\t")
        ann.wait_for_prompt(f"lobby> {prompt}")
        ann.settle()
        assert is_untouched(ann, f"lobby> {prompt}")


def test_mentions_list_nothing_hostile(victim: tuple[Terminal, Peer]) -> None:
    """Whatever somebody called himself, his room or his text."""
    ann, peer = victim
    ann.resize(60, 80)
    ann.type("/mentions\r")
    assert peer.expect("search")["text"] == '"ann"'
    found = [message(1, f"ann {attack} ann", f"eve{attack}", f"den{attack}", color=attack) for attack in HOSTILE]
    peer.send({"type": "results", "text": '"ann"', "messages": [*found, message(2, "ann: the end")]})
    ann.wait_for("bob: ann: the end")
    ann.wait_for_prompt("lobby>")
    ann.settle()
    assert is_untouched(ann, "lobby>")
    assert ann.rows[0].startswith("Connected to server")
    assert f"* {len(HOSTILE) + 1} mentions that you missed:" in ann.rows


@pytest.mark.parametrize("attack", ["\x1b[2J\x1b[H", "\x1b]2;owned\x07", "\x07", "\x1b[r"], ids=ascii)
def test_an_attack_that_got_through_would_be_noticed(victim: tuple[Terminal, Peer], attack: str) -> None:
    """The judge of the tests above can find somebody guilty."""
    ann, _ = victim
    ann.wait_until(lambda: is_untouched(ann, "lobby>"))
    ann.feed(attack.encode())
    assert not is_untouched(ann, "lobby>")


@pytest.mark.parametrize(
    ("variables", "arguments", "shown"),
    [
        ({}, (), "ann: hello ✓"),
        ({"NO_COLOR": "1"}, (), "[COLOR (blue)] ann said -> hello ✓"),
        ({}, ("--style", "classic"), "[COLOR (blue)] ann said -> hello ✓"),
        ({"NO_COLOR": "1"}, ("--style", "short"), "ann: hello ✓"),
    ],
    ids=["with colours", "without colours", "classic by choice", "short by choice"],
)
def test_messages_are_short_where_colours_tell_people_apart(
    person: Open, variables: dict[str, str], arguments: tuple[str, ...], shown: str
) -> None:
    """Elsewhere the colour is written out, unless somebody chooses."""
    ann = person("ann", "--color", "blue", *arguments, style=None, **variables)
    ann.type("hello\r")
    ann.wait_for(shown)
