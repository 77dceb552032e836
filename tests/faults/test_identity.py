"""Nobody gets a session, a name or a word that is somebody else's; and whoever did would be found out."""

from __future__ import annotations

import random
from typing import Any

import pytest

from server_parts.hub import admission
from server_parts.hub.conversations import Conversations
from server_parts.people.clients import Client
from server_parts.people.contacts import Contacts
from server_parts.people.names import Names
from server_parts.storage.store import Store
from tests.faults import identity
from tests.faults.actors import chosen_seed


@pytest.fixture
def rng() -> random.Random:
    return random.Random(chosen_seed())


def test_thieves_get_nothing(rng: random.Random) -> None:
    """Whoever knows a session string, with or without a token, before and after a restart."""
    assert identity.thieves(rng, 10) == []


def test_a_server_that_asks_for_no_proof_is_found_out(rng: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thief is let in, and the owner's text is lost."""
    monkeypatch.setattr(admission, "may_resume", lambda *_, **__: True)
    assert any("theft" in wrong for wrong in identity.thieves(rng, 10))


def test_strangers_crowd_nobody_out() -> None:
    """Twenty of them wait; the others are refused."""
    assert identity.strangers(60) == []


def test_a_server_that_lets_all_strangers_in_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are more of them than anybody would answer."""
    monkeypatch.setattr(Contacts, "_is_full", lambda *_, **__: False)
    assert any("crowd" in wrong for wrong in identity.strangers(60))


def test_squatters_leave_nothing() -> None:
    """And whoever speaks has the name before being heard."""
    assert identity.squatters(50) == []


def test_a_server_that_keeps_every_name_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names are in the log though nobody used them."""
    take = Names.take

    def claim_at_once(names: Names, name: str, client: Client, *more: Any, **others: Any) -> None:
        if client.token_hash is not None and isinstance(names._accounts, Store):
            names._accounts.claim(name, client.token_hash)
        take(names, name, client, *more, **others)

    monkeypatch.setattr(Names, "take", claim_at_once)
    assert any("squatter" in wrong for wrong in identity.squatters(50))


def test_a_log_that_keeps_names_later_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is heard under a name that a crash would set free."""
    monkeypatch.setattr(identity, "SqliteLog", identity.HastyClaims)
    assert any("late" in wrong for wrong in identity.squatters(50))


def test_heirs_hear_nothing(rng: random.Random) -> None:
    """Whatever was on its way when the name changed hands."""
    refused, wrong = identity.heirs(rng, 10)
    assert wrong == []
    assert refused


def test_a_server_that_delivers_to_the_next_bearer_is_found_out(
    rng: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The heir hears what was meant for the one before."""
    monkeypatch.setattr(Conversations, "_may_be_mistaken", lambda *_: False)
    _, wrong = identity.heirs(rng, 10)
    assert any("heir" in sentence for sentence in wrong)
