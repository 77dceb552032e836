"""Adds the messages of a batch, many in one statement: quicker than one for each, which would also let go of Python's
lock, and wait for it again, after every message.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any, Final, NamedTuple

# A run of up to SHORT messages is one statement, a longer one several of MOST or less, each a power of two: few for a
# run, and few to compile.
SHORT, MOST = 64, 256

_BESIDES: Final = 8  # values of a statement that are no texts


class NewRun(NamedTuple):
    """What becomes rows: `n`, `id` and `seq` are the first one's, the others count on."""

    n: int
    room: int
    id: int
    ts: float
    sender: str
    color: str
    session: int
    seq: int
    texts: Sequence[str]


def add_messages(connection: sqlite3.Connection, runs: Iterable[NewRun]) -> None:
    for length, rows in groupby(_rows(runs), len):
        connection.executemany(_statement(length - _BESIDES), rows)


def _rows(runs: Iterable[NewRun]) -> Iterator[tuple[Any, ...]]:
    """The values of each statement, in order."""
    for n, room, id, ts, sender, color, session, seq, texts in runs:
        if "\0" in "".join(texts):
            raise ValueError("SQLite's functions would cut a text off at a NUL")
        done = 0
        while left := len(texts) - done:
            size = left if left <= SHORT else min(1 << left.bit_length() - 1, MOST)
            said = texts[done : done + size]
            yield n + done, room, id + done, ts, sender, color, session, seq + done, *said
            done += size


@cache
def _statement(size: int) -> str:
    rows = (f"(?1 + {i}, ?2, ?3 + {i}, ?4, ?5, ?6, ?7, ?8 + {i}, ?{i + 1 + _BESIDES})" for i in range(size))
    return f"INSERT INTO messages (n, room, id, ts, sender, color, session, seq, text) VALUES {', '.join(rows)}"
