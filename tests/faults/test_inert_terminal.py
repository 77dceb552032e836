"""No string from anywhere can steer a terminal, whichever way it gets there."""

from __future__ import annotations

import random

import pytest

import chat_common
from tests.faults.actors import chosen_seed
from tests.faults.inert_stage import texts
from tests.faults.inert_terminal import show_everything


@pytest.mark.once
@pytest.mark.timeout(90)
def test_any_string_through_every_way() -> None:
    """The emulator sees nothing change but the message area."""
    seed = chosen_seed()
    wrong = show_everything(texts(random.Random(seed), 6))
    assert len(wrong) > 25
    assert not any(wrong.values()), (seed, wrong)


@pytest.mark.thorough
@pytest.mark.timeout(90)
def test_codes_that_get_through_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the pictures of control characters switched off, each of the ways is reported."""
    monkeypatch.setattr(chat_common, "_stand_in", lambda character: character)
    attacks = ("\x1b[2J\x1b[H", "\x1bc", "\x1b]0;owned\x07", "\x1b[24;1Hgone", "\x1b[6n", "\r\x1b[9Agone", "\x9b2J")
    wrong = show_everything([f"a{attack}z" for attack in attacks])
    assert [way for way, found in wrong.items() if not found] == []
