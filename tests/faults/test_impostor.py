"""An impostor learns nothing; and a client or a server that gives something away is found out."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from client_parts.kept import identity
from client_parts.kept.audience import OWN_MACHINE, Audience, in_clear, token_for
from client_parts.link import trust
from client_parts.link.dialing import Deadline, Hold, NotEncrypted, Place, connect
from client_parts.link.server import Server
from client_parts.link.trust import Opened, Trust
from client_parts.link.wire import PlainWire
from server_parts.hub import admission
from server_parts.storage.account_records import Account
from tests.faults import impostor
from tests.faults.actors import chosen_seed
from tests.tls.certificates import needs_openssl

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("chat_log", "no_threads_left"), needs_openssl]


def test_an_impostor_learns_nothing() -> None:
    """All kinds of attacks, in an order of chance."""
    finding = impostor.run(True, chosen_seed())
    print(finding)
    assert finding.met, finding.figure


def found_out(*attacks: impostor.Attack) -> str:
    """What is wrong with each of these attacks, some of which have several forms."""
    _, wrong = impostor.attacked(random.Random(1), 3, attacks)
    return " ".join(wrong)


def test_a_client_that_does_not_check_the_key_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither that of a link nor the one that it knows, at one server or several."""
    monkeypatch.setattr(trust, "is_same", lambda *_: True)
    wrong = found_out(impostor.in_spite_of_a_link, impostor.with_another_key, impostor.as_another_server_of_the_chat)
    assert "link: " in wrong
    assert "changed key: " in wrong
    assert "another server: " in wrong
    assert "bytes were said" in wrong


def test_a_client_that_shows_one_token_everywhere_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets it is that person at the real server."""

    def one_token(secret: str, audience: Audience) -> str:
        return token_for(secret, OWN_MACHINE)

    for module in (identity, impostor):
        monkeypatch.setattr(module, "token_for", one_token)
    wrong = found_out(impostor.at_first_contact, impostor.with_tokens_of_elsewhere)
    assert "first contact: the token was told" in wrong
    assert "opens the account" in wrong


def test_a_client_that_falls_back_to_clear_text_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says hello to whoever does not encrypt."""
    open_right = Trust.open

    def open_somehow(self: Trust, server: Server, place: Place, hold: Hold) -> Opened:
        try:
            return open_right(self, server, place, hold)
        except NotEncrypted:
            return Opened(server, PlainWire(connect(place, Deadline(2.0), hold)), in_clear(server.address))

    monkeypatch.setattr(Trust, "open", open_somehow)
    assert "downgrade: the name was told in clear" in found_out(impostor.in_clear_text)


def test_a_client_that_tells_anybody_the_password_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a first contact."""
    monkeypatch.setattr(Trust, "doubt", "")
    assert "password: " in found_out(impostor.before_a_password)


@pytest.mark.parametrize(
    ("owner", "name", "attack"),
    [
        (admission, "may_resume", impostor.with_the_session),
        (Account, "has", impostor.with_tokens_of_elsewhere),
    ],
)
def test_a_server_that_asks_for_no_proof_is_found_out(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, attack: impostor.Attack
) -> None:
    """Of a session, or of a name."""
    yes: Callable[..., Any] = lambda *_, **__: True  # noqa: E731
    monkeypatch.setattr(owner, name, yes)
    assert " opens " in found_out(attack)


def test_a_server_that_sends_the_owner_away_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """For somebody who knows the session."""
    monkeypatch.setattr(admission, "may_resume", lambda *_, **__: True)
    assert "disturbed: " in found_out(impostor.with_the_session)
