"""Tickets open one file for one purpose, for a while, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.files.tickets import GET, LASTS, SEND, Tickets

ID, OTHER = "A" * 22, "B" * 22
NOW = 1_000_000.0


def test_a_ticket_opens_what_it_is_for() -> None:
    """At any server with the same key, until it expires."""
    ticket = Tickets(b"key").new(GET, ID, "a.png", NOW)
    assert ticket.expires == NOW + LASTS
    for when in (NOW, NOW + LASTS - 1):
        assert Tickets(b"key").opens(ticket.text, GET, ID, "a.png", when)


@pytest.mark.parametrize(
    ("key", "purpose", "id", "name", "when"),
    [
        (b"other", GET, ID, "a.png", NOW),
        (b"key", SEND, ID, "a.png", NOW),
        (b"key", GET, OTHER, "a.png", NOW),
        (b"key", GET, ID, "b.png", NOW),
        (b"key", GET, ID, "", NOW),
        (b"key", GET, ID, "a.png\n", NOW),
        (b"key", GET, ID, "a.png", NOW + LASTS),
    ],
)
def test_it_opens_nothing_else(key: bytes, purpose: str, id: str, name: str, when: float) -> None:
    """Not with another key, for another purpose, file or name, nor later."""
    assert not Tickets(key).opens(Tickets(b"key").new(GET, ID, "a.png", NOW).text, purpose, id, name, when)


def test_a_ticket_cannot_be_made_to_last() -> None:
    """The end is part of what is proved; and any other change is noticed too."""
    text = Tickets(b"key").new(GET, ID, "a.png", NOW).text
    end, _, proof = text.partition(".")
    later = f"{int(end, 16) + 1:x}.{proof}"
    flipped = f"{end}.{'A' if proof[0] != 'A' else 'B'}{proof[1:]}"
    for forged in (later, flipped, text[:-1], text + "A", end, f".{proof}", f"{end}.", "", text.upper()):
        assert not Tickets(b"key").opens(forged, GET, ID, "a.png", NOW)


@given(st.text(max_size=80))
def test_any_text_is_judged(text: str) -> None:
    """Without an error, and none opens anything."""
    assert not Tickets(b"key").opens(text, GET, ID, text, NOW)


@given(st.text(), st.text())
def test_names_are_told_apart(one: str, other: str) -> None:
    """Whatever signs are in them."""
    ticket = Tickets(b"key").new(GET, ID, one, NOW)
    assert Tickets(b"key").opens(ticket.text, GET, ID, other, NOW) == (one == other)
