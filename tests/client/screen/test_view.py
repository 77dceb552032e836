"""Frames become lines that a person can read and no stranger can abuse."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_common import COLORS
from client_parts.screen.view import View, clock, date, moment
from tests.client.fakes import ATTACKS, SAID, message, unpainted


@pytest.fixture(autouse=True)
def painted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours as on a terminal."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")


TIME = clock(SAID)


@pytest.fixture
def view() -> View:
    view = View()
    view.me = "Ann"
    return view


def test_a_received_message_is_cyan_under_its_senders_colour(view: View) -> None:
    """The label is in the sender's colour, the text in cyan."""
    assert (
        view.message(message(1))
        == f"\x1b[2m{TIME} \x1b[0m" + "\x1b[31m[COLOR (red)] bob said -> \x1b[0m\x1b[36mhello\x1b[0m"
    )


def test_the_short_style() -> None:
    """`bob: hello`, for those who prefer it."""
    assert unpainted(View("short").message(message(1))) == f"{TIME} bob: hello"


def test_an_own_delivered_message_is_ticked(view: View) -> None:
    """One's own text bears a sign that the server has it, whatever the case of the name."""
    line = view.message(message(1, sender="ann"), delivered=True)
    assert unpainted(line) == f"{TIME} [COLOR (red)] ann said -> hello ✓"


def test_a_message_of_another_room_is_marked(view: View) -> None:
    """Only the lines of the room that one came to first need none; private ones name the other, whoever speaks."""
    assert unpainted(view.message(message(1, room="builds"))).startswith(f"{TIME} #builds [COLOR (red)] bob")
    private = message(2, "psst", sender="ann", room="@ann+bob")
    assert unpainted(view.message(private)) == f"{TIME} @bob [COLOR (red)] ann said -> psst"
    view.home = "builds"
    assert unpainted(view.message(message(1))).startswith(f"{TIME} #lobby [COLOR (red)] bob")


def test_the_past_has_a_time(view: View) -> None:
    """Messages from before show when they were said, in local time."""
    now = time.time()
    assert moment(now) == time.strftime("%H:%M", time.localtime(now))
    assert moment(now - 86_400 * 3) == date(now - 86_400 * 3)
    assert unpainted(view.message({**message(1), "ts": now}, past=True)).startswith(f"{moment(now)} [COLOR")


@pytest.mark.parametrize("ts", [1e300, -1e300, 10**14, float("inf"), 0, -1])
def test_no_time_is_too_strange(ts: float) -> None:
    """A server's clock may say anything."""
    assert moment(ts)
    assert date(ts)


def test_who_joined_and_left_is_one_line_each(view: View) -> None:
    """Merged news is merged on the screen too, and I am not news to myself."""
    frame = {"room": "lobby", "joined": ["bob", "carol", "ANN"], "left": ["dave"], "members": 3}
    assert [unpainted(line) for line in view.presence(frame)] == [
        "* bob, carol joined (3 here)",
        "* dave left (3 here)",
    ]
    assert view.presence({"room": "lobby", "joined": ["ann"], "members": 1}) == []


def test_a_crowd_is_counted(view: View) -> None:
    """Hundreds of names do not fill the screen."""
    [line] = view.presence({"room": "lobby", "joined": [f"user{n}" for n in range(100)], "members": 100})
    assert "and 94 others joined (100 here)" in line


def test_a_new_name_is_told(view: View) -> None:
    """Others' changes of name are shown; mine is told elsewhere."""
    frame = {"room": "x", "renamed": [["bob", "rob"], ["ann", "anna"]], "members": 2}
    assert [unpainted(line) for line in view.presence(frame)] == ["#x * bob is now rob"]


def test_who_is_here(view: View) -> None:
    """Names, and who is away and why."""
    members = [{"name": "bob", "color": "red"}, {"name": "carol", "color": "blue", "away": "lunch"}]
    assert unpainted(view.who(members, "lobby")) == "In #lobby (2): bob, carol (away: lunch)"
    assert view.who([], "nowhere") == "Nobody is in #nowhere."


def test_rooms_are_a_table(view: View) -> None:
    """A room a row; a private one under the other's name."""
    rooms = [{"room": "lobby", "members": 1, "last": 20}, {"room": "@ann+bob", "members": 2, "last": 1}]
    assert view.rooms(rooms).split("\n") == [
        "Rooms:",
        "  #lobby  1 member, 20 messages",
        "  @bob    2 members, 1 message",
    ]
    assert "no such room" in view.rooms([])


def test_a_search_result_says_where_and_when(view: View) -> None:
    """Number, room, date, sender and text in one line, also for a text of several lines."""
    line = unpainted(view.result(message(12, "one\ntwo")))
    assert line == f"[12] lobby {date(message(1)['ts'])} bob: one␊two"


@pytest.mark.parametrize(("room", "target"), [("lobby", "lobby"), ("@bob", "@bob"), (None, "(no room)")])
def test_the_target_says_where_one_types_to(view: View, room: str | None, target: str) -> None:
    """The room or the person, whichever it is."""
    assert view.target(room) == target


def everything_shown(view: View, text: str) -> list[str]:
    """That string, through every path to the screen."""
    strange = message(1, text, sender=text, room=text, color=text)
    presence: dict[str, Any] = {"room": text, "joined": [text], "left": [text], "renamed": [[text, text + "x"]]}
    return [
        view.message(strange),
        view.message(strange, past=True, delivered=True),
        View("short").message(strange),
        *view.presence({**presence, "members": 1}),
        view.unread(1, text),
        view.turn(text),
        view.who([], text),
        view.who([{"name": text, "color": text, "away": text}], text),
        view.rooms([{"room": text, "members": 1, "last": 1}]),
        view.result(strange),
        view.notice({"text": text}),
        view.motd(text),
        view.target(text),
        view.place("@" + text),
    ]


HOSTILE = [*ATTACKS, "\r", "\x7f", "\x00", "\ud800"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_strings_are_inert_on_every_path(view: View, text: str) -> None:
    """No control reaches the screen by any of the ways that there are."""
    for line in everything_shown(view, f"a{text}b"):
        assert text not in unpainted(line)
        assert all(character.isprintable() or character == "\n" for character in unpainted(line))


@given(st.text(max_size=30))
def test_any_string_is_inert_on_every_path(text: str) -> None:
    """The same for whatever hypothesis can think of."""
    view = View()
    view.me = "ann"
    for line in everything_shown(view, text):
        assert "\x1b" not in unpainted(line)
        assert "\r" not in line
        assert "\x9b" not in line


def test_later_lines_cannot_pass_for_another_message(view: View) -> None:
    """A text of several lines is indented after the first."""
    line = unpainted(view.message(message(1, "hi\n[COLOR (red)] carol said -> no")))
    assert line.split("\n")[1].startswith("    [COLOR")


@pytest.mark.parametrize("color", [*COLORS, "ultraviolet", ""])
def test_any_colour_can_be_shown(view: View, color: str) -> None:
    """A server may know colours that this client does not."""
    assert "hello" in view.message(message(1, color=color) | {"color": color})
