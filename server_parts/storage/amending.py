"""What an entry does to the message that it speaks of: the one rule for all backends. Pure.

It is done in the transaction that stores the entry. Who may do it, the hub has decided before; what has changed since,
by another server for example, is found here: then the entry is stored without a text, and does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from server_parts.storage.records import CHANGE, DELETE, EDIT, REACT, REPLY, Fate, Message

MOST_REACTIONS: Final = 200  # people who react to one message
TAKES_BACK: Final = "/me "  # a reaction that begins so is no reaction: it takes one back


class Amended(NamedTuple):
    """What an entry leaves: the entry itself, the message if it is another one now, and which older edit is void."""

    entry: Message
    target: Message | None = None
    void: int = 0


def is_said(message: Message) -> bool:
    """Whether it is what somebody said, and still there: a search finds it, and entries may speak of it."""
    return message.text != "" and (message.about is None or message.about.kind == REPLY)


def can_be_meant(target: Message, kind: str) -> bool:
    """Whether an entry of that kind may speak of it. What tells of a change of the room can be answered and deleted."""
    if target.text and target.about is not None and target.about.kind == CHANGE:
        return kind in (REPLY, DELETE)
    return is_said(target)


def reaction_of(text: str) -> str:
    """What a reaction says; nothing, if it takes one back."""
    return "" if text.startswith(TAKES_BACK) else text


def amended(target: Message | None, entry: Message) -> Amended:
    """What an entry does. `target` is the message with the number that it names; None if that is not kept."""
    assert entry.about is not None
    kind = entry.about.kind
    if kind in (REPLY, CHANGE):
        return Amended(entry)
    # Nothing speaks of what comes later, though that may be stored already, in one go with it.
    if target is None or target.id >= entry.id or not can_be_meant(target, kind):
        return Amended(entry if kind == DELETE else _without_text(entry))
    fate = target.fate or Fate()
    if kind == DELETE:
        return Amended(entry, erased(target), fate.edit)
    if kind == EDIT:
        edited = target._replace(text=entry.text, fate=fate._replace(edited=entry.ts, edit=entry.id))
        return Amended(entry, edited, fate.edit)
    reactions = tuple(_with_reaction(fate, entry))
    if len(reactions) > MOST_REACTIONS:
        return Amended(_without_text(entry))
    return Amended(entry, target._replace(fate=_or_none(fate._replace(reactions=reactions))))


def erased(message: Message) -> Message:
    """A message of which only the number, the author and the receipt are left."""
    return message._replace(text="", fate=None, file=None)


def _with_reaction(fate: Fate, entry: Message) -> Iterator[tuple[str, str]]:
    """One for each person, who are told apart without case; the newest last."""
    who = entry.sender.lower()
    yield from (one for one in fate.reactions if one[0].lower() != who)
    if reaction := reaction_of(entry.text):
        yield entry.sender, reaction


def _or_none(fate: Fate) -> Fate | None:
    return None if fate == Fate() else fate


def _without_text(entry: Message) -> Message:
    return entry if entry.about is not None and entry.about.kind not in (EDIT, REACT) else entry._replace(text="")
