"""What those know who come back, at one server and as others tell it."""

from __future__ import annotations

import math

import pytest

from server_parts.people import knowledge
from server_parts.people.clients import Client, Session
from server_parts.people.knowledge import UNDER_WAY, UNNOTICED, Knowledge
from server_parts.people.last_bearers import SKEW
from server_parts.wire.sockets import DEAD_PEER_MS
from tests.server.hub.bench import Remembering
from tests.server.people.test_last_bearers import Clock


def here(since: float, informed: float, session: str = "one") -> Client:
    client = Client(Remembering(), "test")
    client.session, client.came, client.informed = Session(session, 0), since, informed
    return client


def left(knows: Knowledge, client: Client) -> float:
    knows.note_leaving(client)
    assert client.session is not None
    return knows.of(client.session.key)


def test_who_was_here_for_long_knows_what_was_told_in_time() -> None:
    """What was told at last may be lost with the connection."""
    heard = 1_000 - UNNOTICED - UNDER_WAY
    knows = Knowledge(Clock(1_000.0))
    assert left(knows, here(800, -math.inf)) == heard
    assert left(knows, here(heard, -math.inf)) == heard


def test_what_was_not_carried_out_yet_was_written_with_what_was_known_then() -> None:
    """However long ago its reader has begun to be behind."""
    client = here(100, 100)
    client.behind_since = 700.0
    assert left(Knowledge(Clock(1_000.0)), client) == 700 - UNNOTICED - UNDER_WAY


def test_a_dead_connection_is_noticed_in_that_time() -> None:
    """Or what is taken for known may never have arrived."""
    assert UNNOTICED * 1_000 >= DEAD_PEER_MS


def test_who_was_here_for_a_moment_knows_no_more_than_before() -> None:
    """What it was to send again was written before, and may not have come. Who is new has written nothing before."""
    knows = Knowledge(Clock(1_000.0))
    assert left(knows, here(995, 500)) == 500
    assert left(knows, here(995, 995, "new")) == 995
    assert left(knows, here(995, -math.inf, "strange")) == -math.inf


def test_nobody_forgets_what_they_knew() -> None:
    """Two servers may hear in different orders where a session was."""
    clock = Clock(1_000.0)
    knows = Knowledge(clock)
    assert left(knows, here(900, 900)) == 930
    assert left(knows, here(999, 500)) == 930


def test_whoever_has_no_session_brings_nothing_back() -> None:
    """Nothing is kept for them."""
    knows = Knowledge(Clock())
    assert left(knows, here(0, 0, "")) == -math.inf


def test_another_server_is_told_a_little_less() -> None:
    """Its clock is another one. What nobody knows is not told."""
    clock = Clock(1_000.0)
    knows, elsewhere = Knowledge(clock), Knowledge(Clock(50.0))
    knows.note_leaving(here(900, 900))
    knows.note_leaving(here(995, 500, "old"))
    knows.note_leaving(here(995, -math.inf, "strange"))
    clock.now += 5
    told = knows.lately(900)
    assert told == {"one": 5 + UNNOTICED}
    elsewhere.learn(told, 50.0)
    assert elsewhere.of("one") == 50 - 5 - UNNOTICED - UNDER_WAY - SKEW
    assert elsewhere.of("old") == -math.inf


def test_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who left first are forgotten first."""
    monkeypatch.setattr(knowledge, "MOST_REMEMBERED", 2)
    knows = Knowledge(Clock())
    for name in ("one", "two", "three"):
        knows.note_leaving(here(0, 0, name))
    assert [knows.of(name) == -math.inf for name in ("one", "two", "three")] == [True, False, False]
