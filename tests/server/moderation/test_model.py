"""Nobody speaks who was kicked, banned or muted, and everybody else does: random steps against a model.

The seed of each run is printed where it fails. The same runs find each of several broken rules, or they would show
nothing.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from server_parts.moderation.act_log import ActLog
from server_parts.moderation.acts import Kept
from server_parts.moderation.rulebook import Rulebook
from server_parts.moderation.sanctions import Rule, Sanctions

from .world import run

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log")

SEEDS: Final = ("1", "2", "any")


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_speaks_who_may_not(tmp_path: Path, seed: str) -> None:
    """And everybody does who may; after each of many random steps."""
    any_seed = int(os.environ.get("CHAT_SEED", random.randrange(10**9)))
    run(tmp_path / "data", any_seed if seed == "any" else int(seed))


def _holds_for_ever(rule: Rule, now: float) -> bool:
    return True


def _forgets(act_log: ActLog) -> None:
    pass


def _mutes_nobody(sanctions: Sanctions, *_: object) -> None:
    return None


def _lifts_nothing(rules: Rulebook, kept: Kept) -> None:
    pass


BROKEN: Final[dict[str, tuple[type, str, Callable[..., Any]]]] = {
    "what has ended holds": (Rule, "holds", _holds_for_ever),
    "a restart forgets": (ActLog, "_read", _forgets),
    "nobody is muted": (Sanctions, "mute", _mutes_nobody),
    "nobody is banned": (Sanctions, "ban", _mutes_nobody),
    "nothing is lifted": (Sanctions, "lift", _lifts_nothing),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_rule_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Each within the same number of steps."""
    owner, name, wrong = BROKEN[broken]
    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises(AssertionError, match="CHAT_SEED=1"):
        run(tmp_path / "data", 1)
