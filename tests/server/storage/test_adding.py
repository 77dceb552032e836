"""Runs of messages as rows: every length, several in a batch."""

from __future__ import annotations

from contextlib import closing
from itertools import accumulate, chain
from pathlib import Path

from server_parts.storage.sqlite.adding import MOST, SHORT
from server_parts.storage.sqlite.log import SqliteLog

from .drafts import append, draft

LENGTHS = (1, SHORT - 1, SHORT, SHORT + 1, MOST - 1, MOST, MOST + 1, 2 * MOST + SHORT + 1)


def test_runs_of_every_length_are_stored(tmp_path: Path) -> None:
    """Each text under its number, whichever statements that takes."""
    said = [[f"{length}: {number}" for number in range(length)] for length in LENGTHS]
    numbers = accumulate((len(row) for row in said), initial=1)
    with closing(SqliteLog(tmp_path)) as log:
        append(log, *(draft(seq=seq)._replace(texts=row) for row, seq in zip(said, numbers, strict=False)))
        found = log.after("lobby", 0, 10_000)
    assert [(m.id, m.seq, m.text) for m in found] == [(n, n, text) for n, text in enumerate(chain(*said), 1)]
