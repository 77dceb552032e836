"""What one append hands to the database, as the arrays that its function takes. Pure.

Arrays of numbers travel in PostgreSQL's own notation, and texts joined by a character that none of them has: both are
made in C on either side, in a fraction of the time that a value for each element takes. It must not know connections.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from server_parts.storage.postgres.functions import BLOCK_BITS
from server_parts.storage.records import Draft, Run

SEPARATORS: Final = ("\x1f", "\x1e", "\x1d", "\x1c")
NEVER: Final = 2**53  # a block that no message is in: what needs no receipt is noted there

_TEXTS: Final = "coalesce(nullif(string_to_array(%s, %s), '{{}}'), '{{\"\"}}')"  # one empty text is no empty array
CALL: Final = f"""
    SELECT lasts, top FROM append(%s,
        %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::integer[], %s::integer[],
        %s::integer[], %s::bigint[], %s::double precision[], %s::bigint[], %s::bigint[],
        %s::integer[], %s::integer[], %s::bigint[],
        %s::integer[], {_TEXTS}, {_TEXTS}, {_TEXTS})""".replace("{{", "{").replace("}}", "}")


@dataclass(slots=True)
class Holding:
    """A session that this server may append for, as it was committed last."""

    id: int
    accepted: int
    holder: int
    noted: int = -1  # the block in which its messages were noted last


NOBODYS: Final = Holding(0, 0, 0, NEVER)  # of texts without a session


class Batch:
    """The drafts of one append. `rooms` has the number of each room, `sessions` the holding of each session."""

    def __init__(self, drafts: Sequence[Draft], rooms: Mapping[str, int], sessions: Mapping[str, Holding]) -> None:
        self.drafts = drafts
        self._sessions = sessions
        self.names = sorted({draft.room for draft in drafts}, key=lambda name: rooms[name])
        self._ids = [rooms[name] for name in self.names]
        self._sizes = [0] * len(self.names)
        self._offsets = list(self._place())
        self._lengths = [len(draft.texts) for draft in drafts]
        self._starts = list(accumulate(self._lengths, initial=1))[:-1]

    def _place(self) -> Iterable[tuple[int, int]]:
        """For each draft which of the rooms, and its place among the texts of this batch there."""
        index = {name: at for at, name in enumerate(self.names)}
        for draft in self.drafts:
            at = index[draft.room]
            yield at, self._sizes[at]
            self._sizes[at] += len(draft.texts)

    def values(self, accepted: Mapping[str, int]) -> list[Any]:
        """The values of CALL, behind the number of the server."""
        holdings = sorted((self._sessions[key].id, key) for key in accepted)
        held = [self._sessions[key] for _, key in holdings]
        values: list[Any] = [
            _numbers(one.id for one in held),
            _numbers(one.holder for one in held),
            _numbers(one.accepted for one in held),
            _numbers(accepted[key] for _, key in holdings),
            _numbers(self._ids),
            _numbers(self._sizes),
        ]
        return values + self._run_values() + self._text_values()

    def _run_values(self) -> list[str]:
        starts = self._starts
        held = [self._sessions.get(draft.session, NOBODYS) for draft in self.drafts]
        return [
            _numbers(at + 1 for at, _ in self._offsets),
            _numbers(offset + 1 - start for (_, offset), start in zip(self._offsets, starts, strict=True)),
            _numbers(draft.ts for draft in self.drafts),
            _numbers(one.id for one in held),
            _numbers(draft.seq - start for draft, start in zip(self.drafts, starts, strict=True)),
            _numbers(starts),
            _numbers(self._lengths),
            _numbers(one.noted if draft.seq else NEVER for one, draft in zip(held, self.drafts, strict=True)),
        ]

    def _text_values(self) -> list[str]:
        runs: list[int] = []
        senders: list[str] = []
        colors: list[str] = []
        texts: list[str] = []
        for number, draft in enumerate(self.drafts, 1):
            size = len(draft.texts)
            runs += [number] * size
            senders += [draft.sender] * size
            colors += [draft.color] * size
            texts += draft.texts
        return [_numbers(runs), *_joined(senders), *_joined(colors), *_joined(texts)]

    def runs(self, lasts: Sequence[int]) -> list[Run]:
        """The drafts with their numbers: `lasts` are the newest ones in each of the rooms."""
        return [
            Run.numbered(draft, lasts[at] - self._sizes[at] + offset + 1)
            for draft, (at, offset) in zip(self.drafts, self._offsets, strict=True)
        ]

    def note(self, top: int) -> None:
        """Its last message is number `top`: each session is noted in the block of its newest one."""
        low = top - sum(self._lengths)
        for draft, start, length in zip(self.drafts, self._starts, self._lengths, strict=True):
            if draft.seq and (held := self._sessions.get(draft.session)):
                held.noted = low + start + length - 1 >> BLOCK_BITS


def _numbers(values: Iterable[float]) -> str:
    return f"{{{','.join(map(str, values))}}}"


def _joined(texts: Sequence[str]) -> tuple[str, str]:
    """All texts as one, and what stands between them."""
    for separator in SEPARATORS:
        whole = separator.join(texts)
        if whole.count(separator) == max(len(texts) - 1, 0):
            return whole, separator
    separator = f"\x1f{secrets.token_hex(8)}\x1f"
    return separator.join(texts), separator
