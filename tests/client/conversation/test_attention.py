"""What asks for attention, and what Tab offers: decided without a clock and without a screen."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from client_parts.conversation.company import JOINED_AFTER, LEFT_AFTER, Comings
from client_parts.input.completion import Vocabulary, complete
from client_parts.kept.input_history import InputHistory
from client_parts.screen.view import mentions

KNOWN = Vocabulary(("bob", "Bella", "carol"), ("lobby", "builds"), ("lobby", "beach", "attic"))


@pytest.mark.parametrize(
    ("text", "found"),
    [("hi ann", 1), ("ANN: ann?", 2), ("annual", 0), ("joann", 0), ("@ann!", 1), ("ann-marie", 0), ("", 0)],
)
def test_a_mention_is_a_whole_word_in_any_case(text: str, found: int) -> None:
    """A name inside a longer word is none."""
    assert len(mentions("Ann", text)) == found


def test_a_name_with_signs_is_taken_literally() -> None:
    """A dot in a name is a dot."""
    assert mentions("a.b", "axb") == []
    assert len(mentions("a.b", "hi a.b")) == 1


def test_those_who_come_together_are_one_note() -> None:
    """The first one's moment is everyone's."""
    comings = Comings()
    comings.hold({"room": "lobby", "joined": ["bob"], "members": 2})
    assert comings.release(10.0) == []
    comings.hold({"room": "lobby", "joined": ["eve"], "members": 3})
    assert comings.release(10.0 + JOINED_AFTER / 2) == []
    assert comings.due == 10.0 + JOINED_AFTER
    assert comings.release(comings.due) == [{"room": "lobby", "members": 3, "joined": ["bob", "eve"]}]
    assert comings.due == math.inf


def test_who_comes_right_back_was_never_gone() -> None:
    """Both notes vanish, whatever the case of the name; who stays away is told."""
    comings = Comings()
    comings.hold({"room": "lobby", "left": ["bob", "eve"], "members": 1})
    assert comings.release(0.0) == []
    comings.hold({"room": "lobby", "joined": ["Bob"], "members": 2})
    assert comings.release(LEFT_AFTER) == [{"room": "lobby", "members": 2, "left": ["eve"]}]


def test_who_speaks_came_before() -> None:
    """The note comes at once, with nobody else's; of whoever is leaving there is none."""
    comings = Comings()
    comings.hold({"room": "lobby", "joined": ["Bob", "eve"], "left": ["carol"], "members": 3})
    assert comings.speaks("lobby", "bob") == [{"room": "lobby", "members": 3, "joined": ["Bob"]}]
    assert [comings.speaks(*who) for who in (("lobby", "bob"), ("lobby", "carol"), ("builds", "eve"))] == [[], [], []]
    comings.release(0.0)
    assert comings.release(LEFT_AFTER) == [{"room": "lobby", "members": 3, "left": ["carol"], "joined": ["eve"]}]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("/se", ["/search ", "/send ", "/set ", "/servers "]),
        ("/set th", ["/set theme "]),
        ("/set theme l", ["/set theme light "]),
        ("/join b", ["/join builds ", "/join beach "]),
        ("/who #a", ["/who attic "]),
        ("/leave b", ["/leave builds "]),
        ("/theme ", ["/theme dark ", "/theme light ", "/theme safe "]),
        ("/switch @b", ["/switch @bob ", "/switch @Bella "]),
        ("/switch #b", ["/switch builds "]),
        ("/msg b", ["/msg bob ", "/msg Bella "]),
        ("/color light_b", ["/color light_blue "]),
        ("/bell m", ["/bell mentions "]),
        ("/kick b", ["/kick bob ", "/kick Bella "]),
        ("/kick -s @b", ["/kick -s bob ", "/kick -s Bella "]),
        ("/ban -s b", ["/ban -s bob ", "/ban -s Bella "]),
        ("/whois c", ["/whois carol "]),
        ("/role bob v", ["/role bob voice "]),
        ("/role bob m", ["/role bob moderator ", "/role bob member "]),
        ("/role -s bob ", ["/role -s bob operator ", "/role -s bob member "]),
        ("/mode r", ["/mode read-only "]),
        ("/slow o", ["/slow off "]),
        ("/devices ", ["/devices forget "]),
        ("/help mod", ["/help mode ", "/help moderation "]),
        ("/whoa", ["/whoami "]),
        ("/topic for b", ["/topic for bob ", "/topic for Bella "]),
        ("b", ["bob: ", "Bella: "]),
        ("@c", ["@carol "]),
        ("hello C", ["hello carol "]),
        ("hello ", []),
        ("", []),
    ],
)
def test_what_a_line_may_become(line: str, found: list[str]) -> None:
    """Commands and their words; names after anything, with a colon at the start of a line."""
    assert complete(line, KNOWN) == found


def test_an_input_history_is_kept_without_secrets_and_repeats(tmp_path: Path) -> None:
    """Several lines stay one entry, and the file is its owner's alone."""
    history = InputHistory(tmp_path / "folder" / "history")
    for line in ("one", "one", "two\nlines", "/password x", "  /TOKEN y", "//token z", " "):
        history.add(line)
    assert InputHistory(tmp_path / "folder" / "history").load() == ["one", "two\nlines"]
    assert (tmp_path / "folder" / "history").stat().st_mode & 0o777 == 0o600


def test_an_input_history_is_bounded_and_survives_rubbish(tmp_path: Path) -> None:
    """The latest five hundred are kept; a spoilt line is passed over, a missing file is an empty one."""
    path = tmp_path / "history"
    assert InputHistory(path).load() == []
    path.write_text("rubbish\n[1]\n" + "[" * 100_000 + "\n" + "".join(f'"{number}"\n' for number in range(2000)))
    assert InputHistory(path).load() == [str(number) for number in range(1500, 2000)]
    assert len(path.read_text().splitlines()) == 500


def test_an_input_history_gives_only_what_an_editor_takes(tmp_path: Path) -> None:
    """Lone surrogates and NULs, which readline would refuse, are not in what is loaded."""
    path = tmp_path / "history"
    path.write_text('"a\\ud800b"\n"c\\u0000d"\n')
    assert InputHistory(path).load() == ["a?b", "cd"]
