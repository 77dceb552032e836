"""The status row: what matters least is left out first, and it never leaves its row."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)


from client_parts.screen.rows import MIN_COLUMNS
from client_parts.screen.status import Status, status_line
from terminal_parts.width import width
from tests.client.fakes import unpainted


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=80), st.integers(20, 60))
def test_a_status_line_never_leaves_its_row(text: str, columns: int) -> None:
    """Whatever rooms and people are called."""
    status = Status(text, text, "red", unread=((text, 3),), absent=text)
    for one in (status, replace(status, link="offline, 2 waiting", online=False)):
        assert width(status_line(one, columns)) <= columns


NEWS = (("@ada", 1), ("#builds", 12))


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (80, "── lobby (4 here) · bob is away · alice · online · @ada 1 new · #builds 12 new ─"),
        (79, "── lobby (4 here) · alice · online · @ada 1 new · #builds 12 new ──────────────"),
        (65, "── lobby · alice · online · @ada 1 new · #builds 12 new ─────────"),
        (56, "── lobby · alice · online · @ada 1 new · … ─────────────"),
        (40, "── lobby · alice · online · … ──────────"),
        (30, "── lobby · online · … ────────"),
        (20, "── lobby · … ───────"),
        (10, "── lobby ─"),
        (8, "── lo… ─"),
    ],
)
def test_a_narrow_status_leaves_out_whole_parts(columns: int, shown: str) -> None:
    """What matters least goes first: rooms before who one is and the link; a sign tells of news that is left out."""
    status = Status("lobby", "alice", "red", members=4, unread=NEWS, absent="bob is away")
    assert unpainted(status_line(status, columns)) == shown


def test_a_narrow_status_keeps_that_the_partner_is_away() -> None:
    """Nobody will answer there: that matters more than who one is, and than other rooms."""
    status = Status("@bob", "alice", "red", unread=NEWS, absent="bob is away")
    assert unpainted(status_line(status, 61)) == "── @bob · bob is away · alice · online · @ada 1 new · … ─────"
    assert unpainted(status_line(status, 30)) == "── @bob · bob is away · … ────"


def test_a_narrow_status_keeps_that_the_link_is_gone() -> None:
    """Longer than news, than who one is and how many are there."""
    status = Status("lobby", "ann", "red", "offline, 2 waiting", online=False, members=4, unread=(("#builds", 12),))
    assert unpainted(status_line(status, 37)) == "── lobby · offline, 2 waiting · … ───"
    assert unpainted(status_line(status, 32)) == "── lobby · offline, 2 waiting ──"
    assert unpainted(status_line(status, 30)) == "── lobby · offline ───────────"
    assert unpainted(status_line(status, MIN_COLUMNS)) == "── lobby · offline ─"
    assert unpainted(status_line(replace(status, target="@frederick"), MIN_COLUMNS)) == "── @fre… · offline ─"
    status = replace(status, link="connecting, 2 waiting")
    assert unpainted(status_line(status, MIN_COLUMNS)) == "── l… · connecting ─"


def test_a_status_says_that_others_can_read_along() -> None:
    """As long as there is room for anything, offline too."""
    status = Status("lobby", "ann", "red", members=4, unread=NEWS, in_clear=True)
    assert unpainted(status_line(status, 90)).startswith("── lobby (4 here) · ann · online · not encrypted · ")
    assert unpainted(status_line(status, 40)) == "── lobby · online · not encrypted · … ──"
    assert unpainted(status_line(status, 28)) == "── lobby · not encrypted ───"
    status = replace(status, link="offline, 2 waiting", next_try="again in 15 s", online=False)
    assert "offline, 2 waiting, again in 15 s · not encrypted · " in unpainted(status_line(status, 120))
    assert unpainted(status_line(status, MIN_COLUMNS)) == "── lobby · offline ─"


def test_a_status_says_at_which_of_several_servers() -> None:
    """Where there is room for it."""
    status = Status("lobby", "ann", "red", members=4, server="b.example:3030", unread=(("#builds", 12),))
    row = "── lobby (4 here) · ann · online at b.example:3030 · #builds 12 new "
    assert unpainted(status_line(status, 80)).startswith(row)
    assert unpainted(status_line(status, 52)) == "── lobby (4 here) · ann · online · #builds 12 new ──"


def test_many_rooms_with_news_leave_the_link_and_the_name() -> None:
    """One conversation and one room at least are named; further ones only where there is room for them."""
    news = tuple((room, 3) for room in ("@bob", "#builds", "#den", "@carol", "#garden", "#tea"))
    status = Status("lobby", "alice", "red", members=4, unread=news)
    shown = unpainted(status_line(status, 84))
    assert shown == "── lobby (4 here) · alice · online · @bob 3 new · #builds 3 new · #den 3 new · … ───"
    assert unpainted(status_line(status, 60)) == "── lobby · alice · online · @bob 3 new · #builds 3 new · … ─"


def test_a_status_says_what_waits_and_until_when() -> None:
    """The number of texts stays where there is no room for the next try."""
    status = Status("lobby", "ann", "red", "offline, 2 waiting", "again in 15 s", online=False, members=4)
    assert unpainted(status_line(status, 70)).startswith(
        "── lobby (4 here) · ann · offline, 2 waiting, again in 15 s ─"
    )
    assert unpainted(status_line(status, 50)) == "── lobby · offline, 2 waiting, again in 15 s ─────"
    assert unpainted(status_line(status, 36)) == "── lobby · offline, 2 waiting ──────"
