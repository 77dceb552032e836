"""A room as a client has it that applies entries as the protocol page says, and as it should be: two small models.

Written from the page alone; they share no code with the product.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.peers import Frame

KINDS = ("reply", "edit", "delete", "react")
SETTINGS = ("topic", "mode", "slow")


@dataclass
class Row:
    """A message as somebody has it."""

    text: str
    sender: str
    ts: float
    about: tuple[str, int] | None = None
    edited: float | None = None
    deleted: bool = False
    reactions: dict[str, tuple[str, str]] = field(default_factory=dict)  # by name without case: name, reaction
    change: Frame | None = None  # of the room; empty, if that was taken away

    def shown(self) -> tuple[Any, ...]:
        reactions: dict[str, list[str]] = {}
        for name, reaction in self.reactions.values():
            reactions.setdefault(reaction, []).append(name)
        return self.text, self.sender, self.about, self.edited, self.deleted, list(reactions.items()), self.change


def about_of(frame: Frame) -> tuple[str, int] | None:
    return next(((kind, frame[kind]) for kind in KINDS if kind in frame), None)


def row_of(frame: Frame) -> Row:
    row = Row(frame["text"], frame["from"], frame["ts"], about_of(frame), frame.get("edited"))
    row.change = frame.get("change")
    row.deleted = (frame.get("deleted", False) and row.about is None) or (row.text == "" and _is_message(row))
    for reaction, names in frame.get("reactions", {}).items():
        for name in names:
            row.reactions[name.lower()] = name, reaction
    return row


def _is_message(row: Row) -> bool:
    return row.about is None or row.about[0] == "reply"


def settings_in(frame: Frame) -> Frame:
    return {name: frame[name] for name in SETTINGS}


def apply(rows: dict[int, Row], entry: Row) -> None:
    """What an entry does to the rows that somebody has."""
    if entry.about is None or entry.about[1] not in rows:
        return
    kind, target = entry.about[0], rows[entry.about[1]]
    if kind == "edit" and entry.text:
        target.text, target.edited = entry.text, entry.ts
    elif kind == "delete":
        target.text, target.edited, target.deleted = "", None, True
        target.change = None if target.change is None else {}
        target.reactions.clear()
    elif kind == "react" and not target.deleted:
        target.reactions.pop(entry.sender.lower(), None)
        if entry.text and not entry.text.startswith("/me "):
            target.reactions[entry.sender.lower()] = entry.sender, entry.text


class Copy:
    """What a client has of one room."""

    ignored: tuple[str, ...] = ()  # kinds of entries of which it knows nothing

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.last = 0
        self.settings: Frame = {}  # how the room is, as far as it was told

    def take(self, frames: Iterable[Frame], room: str) -> None:
        for frame in frames:
            if frame.get("room") != room:
                continue
            if frame["type"] in ("joined", "room"):
                self.settings = settings_in(frame)
            for message in frame["messages"] if frame["type"] == "history" else [frame]:
                if message["type"] == "message":
                    self._take(message)
                elif message["type"] == "deleted":
                    apply(self.rows, Row("", message["by"], 0.0, ("delete", message["id"])))

    def _take(self, message: Frame) -> None:
        if message["id"] in self.rows:
            return  # an older page may reach into what it has
        row = self.rows[message["id"]] = row_of(message)
        if message["id"] > self.last:
            self.last = message["id"]
            if row.about is not None and row.about[0] not in self.ignored:
                apply(self.rows, row)


class Deaf(Copy):
    """One that knows nothing of edits: the comparison has to find it out."""

    ignored = ("edit",)


class Blind(Copy):
    """One that does not see what is changed about the room."""

    def _take(self, message: Frame) -> None:
        super()._take({name: value for name, value in message.items() if name != "change"})


class Stubborn(Copy):
    """One that keeps the settings which it was told first."""

    def take(self, frames: Iterable[Frame], room: str) -> None:
        first = self.settings
        super().take(frames, room)
        self.settings = first or self.settings


def set_by(said: Iterable[tuple[int, Row]]) -> Frame:
    """How the room is set when all of that was said, in the order of the numbers."""
    settings: Frame = {"topic": "", "mode": "open", "slow": 0}
    for _, row in sorted(said, key=lambda one: one[0]):
        settings |= row.change or {}
    return settings


def folded(said: Iterable[tuple[int, Row]]) -> dict[int, Row]:
    """How a room is when all of that was said, in the order of the numbers. What does nothing has no text."""
    rows: dict[int, Row] = {}
    edits: dict[int, int] = {}  # of messages, the entry that has their text
    for id, row in sorted(said, key=lambda one: one[0]):
        rows[id] = row
        if row.about is None or row.about[0] == "reply":
            continue
        kind, target = row.about[0], rows.get(row.about[1])
        if target is None or target.deleted or not _is_message(target) or (target.change and kind != "delete"):
            row.text = row.text if kind == "delete" else ""
            continue
        if kind != "react" and (old := edits.pop(row.about[1], 0)):
            rows[old].text = ""
        if kind == "edit":
            edits[row.about[1]] = id
        apply(rows, row)
    return rows
