"""From room to room, and one room at a time."""

from __future__ import annotations

import pytest

from client_parts.kept.bookmarks import Bookmark, Bookmarks
from client_parts.screen.window import FOCUS_OUT
from terminal_parts.keys import Key
from tests.client.fakes import message, timeless
from tests.client.talk import Talk
from tests.client.test_return import Run, path, results

__all__ = ["path"]  # the fixture


def three_rooms() -> Talk:
    talk = Talk("lobby", "builds", "bar", rich=True)
    talk.enter("@ann+bob")
    return talk


@pytest.mark.parametrize(
    ("typed", "prompt"),
    [
        ("/switch bui", "builds> "),
        ("/switch #Bui", "builds> "),
        ("/switch bar", "bar> "),
        ("/switch bo", "@bob> "),
        ("/switch @bob", "@bob> "),
        ("/next 2", "builds> "),
        ("/next 4", "@bob> "),
    ],
)
def test_a_room_is_found_by_its_beginning_or_its_number(typed: str, prompt: str) -> None:
    """Public rooms first, in the order in which they were entered."""
    talk = three_rooms()
    talk.type(typed)
    assert talk.status().prompt == prompt


def test_what_is_not_clear_is_not_guessed() -> None:
    """Several rooms, none, or a person whose name only begins alike: nobody reads what was for somebody else."""
    talk = three_rooms()
    assert talk.type("/switch b") == ["Several of your rooms begin with b: builds, bar."]
    assert talk.type("/switch x") == ["You are not in x; /join x enters a room."]
    assert talk.type("/next 9") == ["You have no room number 9; /switch lists your rooms."]
    assert talk.status().prompt == "lobby> "
    talk.type("/switch @bo")
    assert talk.status().prompt == "@bo> "


def test_one_s_rooms_are_listed_with_their_numbers() -> None:
    """And with what is new in them."""
    talk = three_rooms()
    talk.hear(message(1, room="builds"), message(1, room="@ann+bob"))
    assert talk.type("/switch") == ["Your rooms: 1 #lobby (here) · 2 #builds (1 new) · 3 #bar · 4 @bob (1 new)"]


def test_the_next_room_with_news_is_first_one_where_one_is_meant() -> None:
    """Then the one where news has waited longest; at last there is none."""
    talk = three_rooms()
    talk.hear(message(1, room="bar"), message(1, room="builds"), message(2, "hi ann", room="builds"))
    talk.hear(message(1, room="@ann+bob"))
    visited = []
    for _ in range(3):
        talk.type("/next")
        visited.append(talk.status().target)
    assert visited == ["builds", "@bob", "bar"]
    assert talk.type("/next") == ["* there is nothing new in your other rooms"]
    assert talk.status().target == "bar"


def test_a_mention_that_came_while_offline_comes_first_too() -> None:
    """What is caught up counts like what is heard."""
    talk = Talk("lobby", "bar", "builds", rich=True)
    talk.it.disconnected()
    talk.it.heard({"type": "welcome", "name": "ann", "color": "blue", "epoch": "e1", "accepted": 0})
    talk.enter("lobby")
    talk.enter("bar", 1, message(1, room="bar"))
    talk.enter("builds", 1, message(1, "ann?", room="builds"))
    talk.type("/next")
    assert talk.status().target == "builds"


def test_only_one_room_is_shown_and_the_others_are_counted() -> None:
    """They are shown when one goes there, in their order; bells ring all the same."""
    talk = three_rooms()
    assert talk.type("/only") == ["* only: on, for this run only"]
    shown = talk.hear(message(1, "here"), message(1, "one", room="builds"), message(2, "two ann", room="builds"))
    assert [timeless(line) for line in shown] == ["bob: here"]
    assert talk.unread() == {"#builds": 2}
    assert talk.board.rung == 1
    shown = talk.type("/next")
    assert shown[0] == "* now talking in #builds"
    assert [timeless(line) for line in shown[1:]] == ["#builds bob: one", "» #builds bob: two ann"]
    assert [timeless(line) for line in talk.hear(message(3, "three", room="builds"), message(2, "gone"))] == [
        "#builds bob: three"
    ]


def test_what_waits_is_shown_when_all_rooms_are() -> None:
    """Once; and who comes and goes in another room waits too."""
    talk = three_rooms()
    talk.type("/only on", "/joins all")
    assert talk.hear(message(1, room="bar"), {"type": "presence", "room": "bar", "joined": ["eve"], "members": 3}) == []
    assert [timeless(line) for line in talk.type("/only off")] == [
        "#bar bob: hello",
        "#bar * eve joined (3 here)",
        "* only: off, for this run only",
    ]
    assert talk.type("/switch bar") == ["* now talking in #bar"]


@pytest.mark.parametrize("line", ["/only", "/only off", "/set only off", "/set only default"])
def test_nothing_goes_on_waiting_when_all_rooms_are_shown(line: str) -> None:
    """In whatever words that is said."""
    talk = three_rooms()
    talk.type("/set only on")
    assert talk.hear(message(1, room="bar")) == []
    assert timeless(talk.type(line)[0]) == "#bar bob: hello"


def test_a_message_that_waits_does_not_mark_where_one_left() -> None:
    """The next one that is shown does; with all rooms shown, any message does."""
    talk = three_rooms()
    talk.type("/only on")
    talk.board.window.takes(Key(FOCUS_OUT))
    assert talk.hear(message(1, room="bar")) == []
    shown = talk.hear(message(1), message(2))
    assert [timeless(line) for line in shown] == ["── new since you left ──", "bob: hello", "bob: hello"]
    talk.type("/only off")
    talk.board.window.takes(Key(FOCUS_OUT))
    assert talk.hear(message(2, room="bar"))[0] == "── new since you left ──"


def test_one_s_own_text_is_shown_wherever_it_went() -> None:
    """It is the receipt."""
    talk = three_rooms()
    talk.type("/only on", "/msg bob psst")
    talk.said()
    assert [timeless(line) for line in talk.hear(message(1, "psst", "ann", "@ann+bob", seq=1))] == ["@bob ann: psst ✓"]


def test_what_waits_in_a_room_that_is_left_is_dropped() -> None:
    """Nobody asked for it any more."""
    talk = three_rooms()
    talk.type("/only on")
    talk.hear(message(1, room="bar"))
    talk.type("/leave bar", "/only off")
    assert not any("hello" in line for line in talk.board.lines)


def test_many_lines_that_wait_are_counted() -> None:
    """The last of them are shown."""
    talk = three_rooms()
    talk.type("/only on")
    talk.hear(*(message(id, f"m{id}", room="bar") for id in range(1, 601)))
    shown = talk.type("/switch bar")
    assert "100 more lines came before these" in shown[1]
    assert shown[-1].endswith("m600")


def test_what_nobody_has_seen_is_new_in_the_next_run(path) -> None:  # type: ignore[no-untyped-def]
    """It has come, but waits in a room that was not visited."""
    run = Run(path, "lobby", "builds")
    run.welcome()
    run.hear(results())
    run.enter("lobby", 2)
    run.enter("builds", 4)
    run.type("/only on")
    run.hear(message(5, room="builds"), message(3), message(6, room="builds"))
    run.it.disconnected()
    assert Bookmarks(path).find("e1", "ann") == Bookmark({"lobby": 3, "builds": 4})
    run.welcome()
    run.type("/switch builds")
    run.it.disconnected()
    assert Bookmarks(path).find("e1", "ann") == Bookmark({"lobby": 3, "builds": 6})
