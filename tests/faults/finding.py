"""What a run of one item of the reliability suite found, and how an item is run from the command line.

A module with an item offers `run(quick, seed) -> Finding`. It raises nothing for a target that is missed: it says so.
"""

from __future__ import annotations

import argparse
import unittest
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.faults.actors import chosen_seed


class Finding(NamedTuple):
    """One row of the table. `met` is None where the system does not allow the item; `figure` then names the reason."""

    number: int
    property: str
    target: str
    figure: str
    met: bool | None


Run = Callable[[bool, int], Finding]


class NotAllowed(unittest.SkipTest):
    """The system does not allow what an item needs, for the reason given. In a test it is a skip."""


def found(number: int, property: str, target: str, figure: str, wrong: Sequence[str]) -> Finding:
    """A finding whose target is met if nothing is wrong. What is wrong follows the figure."""
    if wrong:
        figure += f"; {len(wrong)} wrong: {' | '.join(wrong[:3])}"
    return Finding(number, property, target, figure, not wrong)


def main(run: Run, argv: Sequence[str] | None = None) -> int:
    """`python -m tests.faults.NAME [--quick] [--seed N]`: 1 if the target is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a short form of the same")
    parser.add_argument("--seed", type=int, default=None, help="replay the choices of a run")
    chosen = parser.parse_args(argv)
    seed = chosen_seed() if chosen.seed is None else chosen.seed
    finding = run(chosen.quick, seed)
    print(f"{finding.number} {finding.property}: {finding.figure} (target: {finding.target}), seed {seed}")
    return 1 if finding.met is False else 0
