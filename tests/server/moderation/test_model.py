"""Nobody speaks who was kicked, banned or muted, and everybody else does: random steps against a model.

The seed of each run is printed where it fails. The same runs find each of several broken rules, or they would show
nothing.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Final

import pytest

from .broken_rules import BROKEN
from .world import run

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log")

SEEDS: Final = ("1", "2", "any")


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_speaks_who_may_not(tmp_path: Path, seed: str) -> None:
    """And everybody does who may; after each of many random steps."""
    any_seed = int(os.environ.get("CHAT_SEED", random.randrange(10**9)))
    run(tmp_path / "data", any_seed if seed == "any" else int(seed))


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_rule_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Each within the same number of steps."""
    owner, name, wrong = BROKEN[broken]
    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises(AssertionError, match="CHAT_SEED=1"):
        run(tmp_path / "data", 1)
