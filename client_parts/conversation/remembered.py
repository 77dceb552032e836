"""The newest messages of each room, as they are now: what entries that speak of them have done is done here too.

Pure: frames in, frames out. It must not know screens, nor whom this person ignores.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from chat_common import Frame

REPLY, EDIT, DELETE, REACT = "reply", "edit", "delete", "react"
AMENDING: Final = (EDIT, DELETE, REACT)  # they change the message that they speak of
TAKES_BACK: Final = "/me "  # a reaction that begins so takes one back
MOST: Final = 500  # messages of a room …
MORE: Final = 50  # … and so many more, until the oldest are let go of together


class About(NamedTuple):
    """What an entry speaks of: one message of its room."""

    kind: str
    id: int


def about(message: Frame) -> About | None:
    """What a message speaks of, if it is an entry that does."""
    return next((About(kind, message[kind]) for kind in (REPLY, *AMENDING) if message.get(kind) is not None), None)


def changes_another(message: Frame) -> bool:
    """Whether it is an edit, a deletion or a reaction."""
    spoken = about(message)
    return spoken is not None and spoken.kind in AMENDING


def is_change(message: Frame) -> bool:
    """Whether it tells of a change of the room: the server's line, whatever its text."""
    return message.get("change") is not None


def reaction_of(entry: Frame) -> str:
    """What a reaction says; nothing, if it takes one back."""
    text: str = entry["text"]
    return "" if text.startswith(TAKES_BACK) else text


class Remembered:
    def __init__(self) -> None:
        self._rooms: dict[str, dict[int, Frame]] = {}

    def find(self, room: str, id: int) -> Frame | None:
        return self._rooms.get(room, {}).get(id)

    def newest_first(self, room: str) -> Iterator[Frame]:
        """What people have said, and has not been deleted."""
        known = self._rooms.get(room, {})
        newest_first = (known[id] for id in sorted(known, reverse=True))
        return (message for message in newest_first if not message.get("deleted") and not is_change(message))

    def replies_to(self, room: str, id: int) -> list[Frame]:
        return [message for message in self._rooms.get(room, {}).values() if message.get(REPLY) == id]

    def read(self, message: Frame) -> None:
        """Take in a message as it is now; one that changes another is not kept."""
        if changes_another(message):
            return
        known = self._rooms.setdefault(message["room"], {})
        if message["id"] not in known:
            known[message["id"]] = _as_read(message)
            if len(known) > MOST + MORE:
                for id in sorted(known)[:-MOST]:
                    del known[id]

    def apply(self, entry: Frame) -> Frame | None:
        """Do what an entry does. Returns the message that it means as it is now; None if that is not here."""
        spoken = about(entry)
        target = None if spoken is None else self.find(entry["room"], spoken.id)
        if spoken is None or target is None:
            return None
        changed = _changed(target, entry, spoken.kind)
        self._rooms[entry["room"]][spoken.id] = changed
        return changed

    def forget(self, room: str) -> None:
        """Its numbers mean other messages from now on, or nobody is there to see."""
        self._rooms.pop(room, None)

    def forget_all(self) -> None:
        self._rooms.clear()


def _as_read(message: Frame) -> Frame:
    return message if message["text"] or message.get("deleted") else {**message, "deleted": True}


def _changed(target: Frame, entry: Frame, kind: str) -> Frame:
    if kind == DELETE:
        gone: Frame = {"text": "", "deleted": True, **({"change": {}} if is_change(target) else {})}
        return {**_without(target, "edited", "reactions"), **gone}
    if target.get("deleted"):
        return target
    if kind == EDIT and entry["text"] and not entry.get("deleted"):
        return {**target, "text": entry["text"], "edited": entry["ts"]}
    return _with_reaction(target, entry) if kind == REACT else target


def _with_reaction(target: Frame, entry: Frame) -> Frame:
    """One of each person, who are told apart without case; the newest last."""
    who = entry["from"].lower()
    reactions: dict[str, list[str]] = {}
    for text, names in (target.get("reactions") or {}).items():
        if left := [name for name in names if name.lower() != who]:
            reactions[text] = left
    if reaction := reaction_of(entry):
        reactions.setdefault(reaction, []).append(entry["from"])
    target = _without(target, "reactions")
    return {**target, "reactions": reactions} if reactions else target


def _without(message: Frame, *fields: str) -> Frame:
    return {field: value for field, value in message.items() if field not in fields}
