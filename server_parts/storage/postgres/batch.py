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

_ARRAY: Final = "coalesce(nullif(string_to_array(%s, %s), '{}'), '{\"\"}')"  # one empty text is no empty array
CALL: Final = f"""
    SELECT lasts, top FROM append(%s, %s, %s, %s,
        %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::integer[], %s::integer[],
        %s::integer[], %s::integer[], %s::double precision[], %s::bigint[], %s::bigint[],
        %s::integer[], %s::integer[], %s::bigint[],
        {_ARRAY}, {_ARRAY}, {_ARRAY}, %s)"""


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

    def values(self, accepted: Mapping[str, int], *, tells: bool) -> list[Any]:
        """The values of CALL, behind the number of the server. `tells`: other servers are to hear of it."""
        holdings = sorted((self._sessions[key].id, key) for key in accepted)
        held = [self._sessions[key] for _, key in holdings]
        held_of = [self._sessions.get(draft.session, NOBODYS) for draft in self.drafts]
        noted = [one.noted if draft.seq else NEVER for one, draft in zip(held_of, self.drafts, strict=True)]
        values: list[Any] = [
            tells,
            sum(self._lengths),
            min(noted, default=NEVER),
            _numbers(one.id for one in held),
            _numbers(one.holder for one in held),
            _numbers(one.accepted for one in held),
            _numbers(accepted[key] for _, key in holdings),
            _numbers(self._ids),
            _numbers(self._sizes),
        ]
        return [*values, *self._run_values(held_of), _numbers(noted), *self._text_values()]

    def _run_values(self, held: Sequence[Holding]) -> list[str]:
        return [
            _numbers(at + 1 for at, _ in self._offsets),
            _numbers(offset for _, offset in self._offsets),
            _numbers(draft.ts for draft in self.drafts),
            _numbers(one.id for one in held),
            _numbers(draft.seq for draft in self.drafts),
            _numbers(self._starts),
            _numbers(self._lengths),
        ]

    def _text_values(self) -> list[str]:
        senders = _joined([draft.sender for draft in self.drafts], SEPARATORS)
        colors = _joined([draft.color for draft in self.drafts], SEPARATORS)
        separators = _separators(self.drafts)
        return [*senders, *colors, *_joined(_runs(self.drafts, separators[0]), separators[1:]), separators[0]]

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


def _joined(texts: Sequence[str], separators: Sequence[str]) -> tuple[str, str]:
    """All texts as one, and what stands between them: the first separator that is in none of them."""
    for separator in separators:
        whole = separator.join(texts)
        if whole.count(separator) == max(len(texts) - 1, 0):
            return whole, separator
    return _joined(texts, [_new_separator()])


def _runs(drafts: Sequence[Draft], separator: str) -> list[str]:
    """The texts of each draft as one, with a separator behind each: so a single empty text is one, too."""
    return [separator.join([*draft.texts, ""]) for draft in drafts]


def _separators(drafts: Sequence[Draft]) -> tuple[str, ...]:
    """What may stand between texts, and what between runs of texts: not in any text."""
    texts = "".join("".join(draft.texts) for draft in drafts)
    free = [separator for separator in SEPARATORS if separator not in texts]
    return (*free, *(_new_separator() for _ in range(2 - len(free))))


def _new_separator() -> str:
    """One that nobody can have known."""
    return f"\x1f{secrets.token_hex(8)}\x1f"
