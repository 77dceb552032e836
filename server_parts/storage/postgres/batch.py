"""What one append hands to the database, as the arrays that its function takes. Pure.

Arrays of numbers travel in PostgreSQL's own notation, and texts joined by a character that none of them has: both are
made in C on either side, in a fraction of the time that a value for each element takes. It must not know connections.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from struct import pack
from typing import Any, Final

from server_parts.storage.postgres.functions import BLOCK_BITS
from server_parts.storage.postgres.prepared import Value
from server_parts.storage.records import Draft, Run

SEPARATORS: Final = ("\x1f", "\x1e")  # between what each run has, and behind each text of a run
NEVER: Final = 2**53  # a block that no message is in: what needs no receipt is noted there

_ARRAY: Final = "coalesce(nullif(string_to_array(${}, $22), '{{}}'), '{{\"\"}}')"  # one empty text is no empty array
CALL: Final = f"""
    SELECT lasts, top FROM append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
        {_ARRAY.format(19)}, {_ARRAY.format(20)}, {_ARRAY.format(21)}, $23)"""


@dataclass(slots=True)
class Holding:
    """A session that this server may append for, as it was committed last."""

    id: int
    accepted: int
    holder: int
    noted: int = -1  # the block in which its messages were noted last


NOBODYS: Final = Holding(0, 0, 0, NEVER)  # of texts without a session
_DOUBLE: Final = 701  # PostgreSQL's number of the type "double precision"
_NO_COLUMNS: Final[list[tuple[Any, ...]]] = [()] * len(Draft._fields)


class Batch:
    """The drafts of one append. `rooms` has the number of each room, `sessions` the holding of each session."""

    def __init__(self, drafts: Sequence[Draft], rooms: Mapping[str, int], sessions: Mapping[str, Holding]) -> None:
        self.drafts = drafts
        self._columns = list(zip(*drafts, strict=True)) or _NO_COLUMNS  # all rooms, all times …
        said_in, _, _, _, texts, keys, *_ = self._columns
        self._sessions = sessions
        self._held = [sessions.get(key, NOBODYS) for key in keys]
        self._lengths = list(map(len, texts))
        self._starts = list(accumulate(self._lengths, initial=1))
        self.size = self._starts.pop() - 1
        self.names = sorted(set(said_in), key=lambda name: rooms[name])
        self._ids = [rooms[name] for name in self.names]
        self._sizes = [0] * len(self.names)
        index = {name: at for at, name in enumerate(self.names)}
        self._rooms = [index[name] for name in said_in]
        self._offsets = list(self._place())

    def _place(self) -> Iterable[int]:
        """The place of each draft among the texts of this batch in its room."""
        sizes = self._sizes
        for at, length in zip(self._rooms, self._lengths, strict=True):
            yield sizes[at]
            sizes[at] += length

    def values(self, accepted: Mapping[str, int], *, tells: bool) -> list[Value]:
        """The values of CALL, behind the number of the server. `tells`: other servers are to hear of it."""
        holdings = sorted((self._sessions[key].id, key) for key in accepted)
        held = [self._sessions[key] for _, key in holdings]
        _, times, _, _, _, _, seqs, *_ = self._columns
        noted = [one.noted if seq else NEVER for one, seq in zip(self._held, seqs, strict=True)]
        return [
            str(tells),
            str(self.size),
            str(min(noted, default=NEVER)),
            _numbers([one.id for one in held]),
            _numbers([one.holder for one in held]),
            _numbers([one.accepted for one in held]),
            _numbers([accepted[key] for _, key in holdings]),
            _numbers(self._ids),
            _numbers(self._sizes),
            _numbers([at + 1 for at in self._rooms]),
            _numbers(self._offsets),
            _times(times),
            _numbers([one.id for one in self._held]),
            _numbers(seqs),
            _numbers(self._starts),
            _numbers(self._lengths),
            _numbers(noted),
            *(text.encode() for text in self._text_values()),
        ]

    def _text_values(self) -> list[str]:
        separators = SEPARATORS
        while not (joined := self._joined(*separators)):
            separators = _new_separator(), _new_separator()
        return joined

    def _joined(self, between: str, behind: str) -> list[str]:
        """All senders, all colors and all texts with these separators; nothing, if one of them is in a text."""
        _, _, senders, colors, texts, *_ = self._columns
        if self._lengths.count(1) == len(texts):
            behind, runs = "", [text for (text,) in texts]
        else:
            runs = [behind.join([*run, ""]) for run in texts]  # so a single empty text is one, too
        whole = [between.join(column) for column in (senders, colors, runs)]
        fits = all(one.count(between) == max(len(texts) - 1, 0) for one in whole)
        if not fits or (behind and whole[-1].count(behind) != self.size):
            return []
        return [*whole, between, behind]

    def runs(self, lasts: Sequence[int]) -> list[Run]:
        """The drafts with their numbers: `lasts` are the newest ones in each of the rooms."""
        firsts = [last - size + 1 for last, size in zip(lasts, self._sizes, strict=True)]
        return [
            Run.numbered(draft, firsts[at] + offset)
            for draft, at, offset in zip(self.drafts, self._rooms, self._offsets, strict=True)
        ]

    def note(self, top: int) -> None:
        """Its last message is number `top`: each session is noted in the block of its newest one."""
        before = top - self.size - 1
        _, _, _, _, _, _, seqs, *_ = self._columns
        for held, seq, start, length in zip(self._held, seqs, self._starts, self._lengths, strict=True):
            if seq and held is not NOBODYS:
                held.noted = before + start + length >> BLOCK_BITS


def read_answer(row: Sequence[bytes | None]) -> tuple[list[int], int]:
    """What CALL returns: the newest number of each room, and that of the last message among all."""
    lasts, top = row
    return [int(last) for last in lasts[1:-1].split(b",")] if lasts else [], int(top or 0)


def _numbers(values: Iterable[int]) -> str:
    return f"{{{','.join(map(str, values))}}}"


def _times(values: Sequence[float]) -> bytes:
    """An array as PostgreSQL has it: to write a time in digits, and to read it, takes longer than all numbers do."""
    sized = chain.from_iterable(zip(repeat(8), values, strict=False))
    return pack(f"!5i{len(values) * 'id'}", 1, 0, _DOUBLE, len(values), 1, *sized)


def _new_separator() -> str:
    """One that nobody can have known."""
    return f"\x1f{secrets.token_hex(8)}\x1f"
