"""Passwords as they are kept."""

from __future__ import annotations

import hashlib

import pytest

from server_parts.people import passwords
from server_parts.people.passwords import kept_form, matches, password_problem


def test_the_right_password_matches() -> None:
    """And no other; each is kept with a salt of its own, and never as it is."""
    kept = kept_form("correct horse")
    assert matches("correct horse", kept)
    assert not any(matches(wrong, kept) for wrong in ("correct horse ", "Correct horse", ""))
    assert "horse" not in kept
    assert kept != kept_form("correct horse")


def test_letters_may_be_typed_in_two_ways() -> None:
    """An accent as a sign of its own is the same password."""
    assert matches("cafe\u0301 con leche", kept_form("caf\u00e9 con leche"))


def test_what_is_kept_says_how_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it can be checked when new passwords are made in another way; and it is plain scrypt."""
    monkeypatch.setattr(passwords, "LOG_COST", 5)
    kept = kept_form("correct horse")
    monkeypatch.setattr(passwords, "LOG_COST", 4)
    assert matches("correct horse", kept)
    name, log_cost, block, lanes, salt, digest = kept.split(":")
    assert (name, log_cost, block, lanes) == ("scrypt", "5", "8", "1")
    assert digest == hashlib.scrypt(b"correct horse", salt=bytes.fromhex(salt), n=32, r=8, p=1, dklen=32).hex()


def test_the_real_cost_can_be_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MB, for which OpenSSL wants a bound: without it, it refuses."""
    monkeypatch.setattr(passwords, "LOG_COST", 16)
    assert matches("correct horse", kept_form("correct horse"))


def test_nothing_matches_where_there_is_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is computed all the same, so that it takes as long."""
    computed = []
    real = hashlib.scrypt

    def watched(*arguments: object, **options: int) -> bytes:
        computed.append(options["n"])
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(passwords.hashlib, "scrypt", watched)  # type: ignore[attr-defined]
    assert not matches("correct horse", None)
    assert computed == [2**passwords.LOG_COST]


@pytest.mark.parametrize("damage", ["scrypt:63:8:1:00:00", "scrypt:4:8:9:00:00", "bcrypt:4:8:1:00:00"])
def test_a_damaged_form_matches_nothing(damage: str) -> None:
    """Nor does it take all memory."""
    assert not matches("correct horse", damage)


def test_a_password_has_a_length() -> None:
    """8 to 256 characters, of any kind."""
    assert [password_problem(text) is None for text in ("x" * 7, "x" * 8, "é" * 256, "x" * 257)] == [
        False,
        True,
        True,
        False,
    ]
