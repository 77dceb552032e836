"""Searches and lists, page by page."""

from __future__ import annotations

import time

from tests.client.fakes import message
from tests.client.talk import Talk


def test_replies_in_several_frames_are_shown_as_one() -> None:
    """`more` holds a list back until it is whole."""
    talk = Talk()
    assert talk.hear(
        {"type": "who", "room": "lobby", "members": [{"name": "ann"}], "more": True},
        {"type": "who", "room": "lobby", "members": [{"name": "bob"}], "more": False},
    ) == ["In #lobby (2): ann, bob"]
    [table] = talk.hear(
        {"type": "rooms", "rooms": [{"room": "a", "members": 1, "last": 1}], "more": True},
        {"type": "rooms", "rooms": [{"room": "b", "members": 1, "last": 1}], "more": False},
    )
    assert table.count("\n") == 2
    assert talk.hear({"type": "results", "text": "x", "messages": []}) == ["* Nothing found."]


def test_search_results_come_page_by_page() -> None:
    """The newest is last, the match is marked, the end says how many there are, and /more goes on before the oldest."""
    talk = Talk()
    talk.type("/ignore eve", "/search whale")
    assert talk.asked()[-1] == {"type": "search", "text": "whale", "count": True, "without": ["eve"]}
    page = {"type": "results", "text": "whale", "messages": [message(9, "a whale"), message(7, "Whale")], "total": 3}
    lines = talk.hear(page)
    assert [line.rpartition(": ")[2] for line in lines[:2]] == ["*Whale*", "a *whale*"]
    assert lines[2:] == ["* 2 of 3 · /more shows the next"]
    talk.type("/more")
    assert talk.asked()[-1]["before"] == {"room": "lobby", "id": 7}
    assert talk.hear({**page, "messages": [message(2, "whales")], "total": 1})[1:] == ["* 3 of 3 · end of the search"]
    assert talk.type("/more") == ["There is nothing more to show; /search TEXT starts a search."]


def test_a_search_that_was_cut_short_says_so() -> None:
    """With advice on how to ask for less."""
    talk = Talk()
    talk.type("/search e*")
    [line] = talk.hear({"type": "results", "text": "e*", "messages": [], "total": 0, "partial": True})
    assert line == "* Nothing found: the search took too long: use more words or in:ROOM / since:DAY"


def test_days_of_a_search_carry_the_local_clock() -> None:
    """Only a search for days says how far the clock is from UTC."""
    talk = Talk()
    talk.type("/search whale since:2026-11-26")
    assert talk.asked()[-1]["utc_offset"] == time.localtime().tm_gmtoff // 60
