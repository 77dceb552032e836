"""What a conversation does more on a screen that has room for times, a bell and news that are held back."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator

import pytest

from client_parts.input.completion import complete
from tests.client.fakes import message, timeless
from tests.client.talk import Talk


def rich_talk() -> Talk:
    talk = Talk(online=False, rich=True)
    talk.welcome()
    assert talk.asked() == [{"type": "who", "room": "lobby"}]
    talk.hear({"type": "who", "room": "lobby", "members": [{"name": "bob"}, {"name": "ann"}]})
    return talk


def test_who_is_there_is_known_without_being_told() -> None:
    """Names for Tab are asked for quietly; a question of one's own is answered."""
    talk = rich_talk()
    assert talk.board.lines == []
    assert talk.it.vocabulary().names == ("bob",)
    assert talk.hear({"type": "who", "room": "lobby", "members": [{"name": "bob"}]}) == ["In #lobby (1): bob"]


def test_a_partner_who_is_away_stands_in_the_status() -> None:
    """Asked on turning to the conversation."""
    talk = rich_talk()
    talk.enter("@ann+bob")
    talk.asked()
    talk.hear({"type": "who", "room": "@ann+bob", "members": [{"name": "Bob", "away": "lunch"}]})
    talk.type("/switch @bob")
    assert talk.status().absent == "bob is away"
    assert talk.asked() == [{"type": "who", "room": "@ann+bob"}]


def test_those_who_are_away_stand_in_the_status() -> None:
    """By name if they are few; asked from time to time, as nobody tells; oneself is told elsewhere."""
    talk = rich_talk()
    talk.it.tell_news(0.0)
    assert talk.it.tell_news(59.0) == 60.0
    assert talk.asked() == []
    talk.it.tell_news(60.0)
    assert talk.asked() == [{"type": "who", "room": "lobby"}]
    away = [{"name": name, "away": "lunch"} for name in ("ann", "Bob", "eve", "zoe")]
    shown = []
    for minute, number in enumerate((4, 3, 2, 1), 2):
        talk.hear({"type": "who", "room": "lobby", "members": [*away[:number], {"name": "dan"}]})
        shown.append(talk.status().absent)
        talk.it.tell_news(minute * 60.0)
    assert shown == ["3 are away", "Bob, eve are away", "Bob is away", ""]
    assert talk.asked() == [{"type": "who", "room": "lobby"}] * 4


def test_who_is_away_is_known_under_a_new_name_and_not_in_a_large_room() -> None:
    """Where it is not asked again, nobody would know when they are back."""
    talk = rich_talk()
    talk.hear({"type": "who", "room": "lobby", "members": [{"name": "bob", "away": "lunch"}, {"name": "ann"}]})
    talk.hear({"type": "presence", "room": "lobby", "renamed": [["bob", "Rob"]], "members": 2})
    assert talk.status().absent == "Rob is away"
    talk.hear({"type": "presence", "room": "lobby", "joined": ["zoe"], "members": 201})
    assert talk.status().absent == ""


def test_who_turns_to_a_stranger_is_told_at_once() -> None:
    """Not only with the first text; a public room, and whoever was heard of or spoken with, is none."""
    talk = rich_talk()
    assert talk.type("/switch @bobby")[1:] == ["* nobody called bobby has been seen so far"]
    talk.enter("@ann+zoe")
    assert [talk.type(f"/switch {place}")[1:] for place in ("@BOB", "@zoe", "lobby")] == [[], [], []]
    assert talk.type("/switch @Ann") == ["You cannot talk to yourself."]
    assert talk.status().target == "lobby"


@pytest.fixture
def far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Five hours and three quarters ahead of it."""
    if not hasattr(time, "tzset"):
        pytest.skip("Windows asks its own settings")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "FAR-05:45")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_from_greenwich")
def test_a_live_message_bears_its_own_time() -> None:
    """Not that of its arrival, and as the clock shows it here; its day too."""
    talk = rich_talk()
    said = calendar.timegm((2001, 9, 9, 20, 30, 0))
    assert talk.hear(message(1) | {"ts": said}) == ["── Monday 10 September 2001 ──", "02:15 bob: hello"]


def test_a_new_day_has_its_line() -> None:
    """Once for all messages of that day."""
    talk = rich_talk()
    lines = talk.hear(message(1) | {"ts": 1e9}, message(2) | {"ts": 1e9 + 1}, message(3) | {"ts": 1e9 + 90_000})
    assert [line.startswith("── ") for line in lines] == [True, False, False, True, False]


def test_the_bell_is_for_names_and_private_messages_unless_told_otherwise() -> None:
    """Live ones only; /bell on rings for all, /bell off for none; those ignored never ring."""
    talk = rich_talk()
    talk.hear(message(1, "hello"), message(2, "hello ann"), message(3, "ann again", "ann"))
    assert talk.board.rung == 1
    talk.type("/bell on")
    talk.hear(message(4, "hello"))
    talk.type("/bell off")
    talk.hear(message(5, "ann!"))
    assert talk.board.rung == 2
    talk.type("/bell on", "/ignore bob")
    talk.hear(message(6, "ann!"))
    assert talk.board.rung == 2


def test_comings_and_goings_are_told_as_wished() -> None:
    """Held for a moment at first, at once with all, never with off."""
    talk = rich_talk()
    coming = {"type": "presence", "room": "lobby", "joined": ["bob"], "members": 2}
    assert talk.hear(coming) == []
    assert talk.it.tell_news(0.0) is not None
    assert talk.board.lines == []
    talk.it.tell_news(10.0)
    assert talk.board.lines == ["* bob joined (2 here)"]
    talk.type("/joins all")
    assert talk.hear({**coming, "joined": ["eve"]}) == ["* eve joined (2 here)"]
    talk.type("/joins off")
    assert talk.hear({**coming, "joined": ["zoe"]}) == []


def test_a_newcomer_is_told_before_the_first_words() -> None:
    """Though the note would have waited for company."""
    talk = rich_talk()
    lines = talk.hear({"type": "presence", "room": "lobby", "joined": ["eve"], "members": 3}, message(1, "hi", "eve"))
    assert [timeless(line) for line in lines if "──" not in line] == ["* eve joined (3 here)", "eve: hi"]


def test_a_newcomer_is_told_before_a_change_of_name() -> None:
    """So nobody joins under a name that is gone by then."""
    joined: dict[str, object] = {"type": "presence", "room": "lobby", "joined": ["guest-1"], "members": 3}
    renamed = {"type": "presence", "room": "lobby", "renamed": [["guest-1", "zoe"]], "members": 3}
    assert rich_talk().hear(joined, renamed) == ["* guest-1 joined (3 here)", "* guest-1 is now zoe"]


def test_a_lost_link_takes_held_news_along() -> None:
    """It would stand below the line that says so."""
    talk = rich_talk()
    talk.hear({"type": "presence", "room": "lobby", "left": ["bob"], "members": 1})
    talk.it.disconnected()
    talk.it.tell_news(0.0)
    talk.it.tell_news(9.0)
    assert talk.board.lines == []


def test_whoever_leaves_a_room_hears_no_more_of_who_was_there() -> None:
    """The note would stand below the one that this person is not there any more."""
    talk = rich_talk()
    talk.hear({"type": "presence", "room": "lobby", "left": ["bob"], "members": 2})
    talk.hear({"type": "presence", "room": "lobby", "left": ["ann"], "members": 1})
    talk.it.tell_news(0.0)
    talk.it.tell_news(9.0)
    assert not any("bob" in line for line in talk.board.lines)


def test_who_comes_back_after_a_lost_link_as_we_did_is_no_news() -> None:
    """Nobody was told that they went. Who was not there before is told, and who leaves and comes later too."""
    talk = rich_talk()
    talk.hear({"type": "who", "room": "lobby", "members": [{"name": "bob"}, {"name": "eve"}]})
    talk.it.disconnected()
    talk.welcome()
    joined: dict[str, object] = {"type": "presence", "room": "lobby", "joined": ["Bob", "eve", "carol"], "members": 4}
    assert talk.hear(joined) == []
    assert talk.it.tell_news(0.0)
    talk.it.tell_news(9.0)
    assert talk.board.lines == ["* carol joined (4 here)"]
    for news in ({"left": ["bob"], "members": 3}, {"joined": ["bob"], "members": 4}):
        talk.hear({"type": "presence", "room": "lobby", **news})
        talk.it.tell_news(0.0)
        talk.it.tell_news(9.0)
        assert talk.board.lines == [f"* bob {next(iter(news))} ({news['members']} here)"]


def test_mentions_are_asked_of_the_server() -> None:
    """Only what names me as a word and is not my own; another search, also for the same words, is shown as it is."""
    talk = rich_talk()
    talk.type("/search refused", "/mentions", '/search "ann"')
    assert talk.asked()[1:] == [
        {"type": "search", "text": '"ann"', "limit": 100},
        {"type": "search", "text": '"ann"', "count": True},
    ]
    found = {"type": "results", "text": '"ann"', "messages": [message(1, "hi ann"), message(2, "ann-marie")]}
    assert talk.hear({**found, "more": True}) == []
    assert len(talk.hear({**found, "messages": [message(3, "ann is me", "ann")]})) == 2
    assert len(talk.hear(found)) == 3


def test_tab_offers_who_is_there_and_partners_of_private_conversations() -> None:
    """Not who left, nor who only spoke before; /unignore offers those who are ignored."""
    talk = Talk(rich=True)
    talk.hear(message(1, "hi", "bob"), message(2, "hi", "carol"), message(3, "hi", "dan"))
    talk.enter("@ann+eve", 1, message(1, "psst", "eve", "@ann+eve"))
    members = [{"name": name, "color": "red"} for name in ("ann", "bob", "carol")]
    talk.hear({"type": "who", "room": "lobby", "members": members, "more": False})
    talk.hear({"type": "presence", "room": "lobby", "renamed": [["carol", "caroline"]], "members": 3})
    assert talk.it.vocabulary().names == ("caroline", "bob", "eve")
    talk.hear({"type": "presence", "room": "lobby", "left": ["bob"], "members": 2})
    assert talk.it.vocabulary().names == ("caroline", "eve")
    talk.type("/ignore bob")
    assert complete("/unignore ", talk.it.vocabulary()) == ["/unignore bob "]
