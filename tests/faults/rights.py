"""Everybody asks for everything, everywhere, at every door: what they get is what the table says, and nothing leaks.

    python -m tests.faults.rights [--quick] [--seed N]

The short form takes one door for each role and room, and the long one all six. A second part plays random kicks, bans,
mutes and their ends at the same doors, against a model of who may speak.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.faults.at_doors import DOORS
from tests.faults.finding import Finding, found, main
from tests.faults.rights_scene import Stand, all_stands, certificate, scene
from tests.faults.rights_table import BY_KIND, LETTERS, PLACES, ROLES, ROWS, Row
from tests.faults.rights_world import DoorWorld
from tests.server.moderation.world import run as play

PROPERTY: Final = "rights"
TARGET: Final = "100 % as the table says for every request, role, kind of room and door; nothing private comes out"

STEPS: Final = 100  # in one world


class Tally(NamedTuple):
    requests: int
    wrong: Sequence[str]


def expected(row: Row, stand: Stand) -> str | None:
    """What is to become of it; None if it is not tried."""
    return LETTERS.get(row.expected.split()[PLACES.index(stand.place)][ROLES.index(stand.role)])


def tried(stand: Stand, rows: Iterable[Row] | None = None) -> Tally:
    """Everything that one actor asks for, and all that is wrong with what comes of it."""
    wrong: list[str] = []
    acts = asked = 0
    with scene(stand, certificate()) as here:
        for row in (*BY_KIND[stand.kind], *ROWS) if rows is None else rows:
            wanted = expected(row, stand)
            if wanted is None or not here.can_ask(row):
                continue
            if (outcome := here.attempt(row)) != wanted:
                wrong.append(f"{stand}: {row.name}: {outcome}, not {wanted}")
            acts += row.is_act and wanted == "ok"
            asked += 1
        if (done := here.done()) != acts:
            wrong.append(f"{stand}: {done} acts are recorded, not {acts}")
        wrong += [f"{stand}: heard {what}" for what in here.leaked()]
        wrong += [f"{stand}: never found {what}" for what in here.missed()]
    return Tally(asked, wrong)


def stands(rng: random.Random, *, quick: bool) -> list[Stand]:
    doors = DOORS if certificate() is not None else tuple(door for door in DOORS if not door.encrypted)
    if not quick:
        return list(all_stands(doors))
    return [stand._replace(door=rng.choice(doors)) for stand in all_stands(doors[:1])]


def played(rng: random.Random, worlds: int) -> Tally:
    """Random steps in so many worlds, each of which ends with the first thing that is wrong."""
    wrong: list[str] = []

    def world(folder: Path, seed: int) -> DoorWorld:
        return DoorWorld(folder, seed, certificate())

    for _ in range(worlds):
        with tempfile.TemporaryDirectory(prefix="chat-rights-") as folder:
            try:
                play(Path(folder) / "data", rng.randrange(10**9), STEPS, world)
            except AssertionError as problem:
                wrong.append(f"model: {problem}")
    return Tally(worlds * STEPS, wrong)


def run(quick: bool, seed: int) -> Finding:
    rng = random.Random(seed)
    tallies = [tried(stand) for stand in stands(rng, quick=quick)]
    requests = sum(tally.requests for tally in tallies)
    steps, in_play = played(rng, 4 if quick else 100)
    at_table = [problem for tally in tallies for problem in tally.wrong]
    figure = (
        f"{requests:,} requests of {len(tallies)} actors, {len(at_table)} not as the table says or with a leak; "
        f"{steps:,} random steps, {len(in_play)} not as the model says"
    )
    return found(24, PROPERTY, TARGET, figure, [*at_table, *in_play])


if __name__ == "__main__":
    sys.exit(main(run))
