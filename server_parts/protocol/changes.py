"""The entry of a room's log that tells what somebody has changed about the room: its text in the log, and its words.

In the log it is JSON, like an act of moderation. People read words: between stars at the plain door, where no text can
stand, and as an action for clients that know nothing of such entries. Pure.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from chat_common import lasting
from server_parts.storage.records import CHANGE, About, Message

ABOUT: Final = About(CHANGE, 0)  # no other message: the room
_TYPES: Final = {"topic": str, "mode": str, "slow": int}


class Change(NamedTuple):
    """How the room is set from now on; None where that stays."""

    topic: str | None = None
    mode: str | None = None
    slow: int | None = None

    def fields(self) -> dict[str, Any]:
        """What has changed, and nothing else."""
        return {field: value for field, value in self._asdict().items() if value is not None}


def is_change(message: Message) -> bool:
    return message.about is not None and message.about.kind == CHANGE


def written(change: Change) -> str:
    """The text that the log keeps."""
    return json.dumps(change.fields(), ensure_ascii=False, separators=(",", ":"))


def change_in(message: Message) -> Change:
    """What such an entry tells; nothing, if it was taken away. What a later version added is passed over."""
    try:
        fields = json.loads(message.text)
    except ValueError:
        return Change()
    given = fields.items() if isinstance(fields, dict) else ()
    known: dict[str, Any] = {field: value for field, value in given if type(value) is _TYPES.get(field)}
    return Change(**known)


def words(change: Change, room: str = "") -> str:
    """What somebody did, behind their name. The topic comes last: whatever it says, nothing follows it."""
    of, into = (f" of {room}", f" in {room}") if room else ("", "")
    said = []
    if change.mode is not None:
        said.append(f"set the mode{of} to {change.mode}")
    if change.slow is not None:
        pace = (
            f"set slow mode{into} to one message in {lasting(change.slow)}" if change.slow else f"ended slow mode{into}"
        )
        said.append(pace)
    if change.topic is not None:
        said.append(f"changed the topic{of} to: {change.topic}" if change.topic else f"removed the topic{of}")
    return ", ".join(said) or f"changed {room or 'the room'}"


def text_of(message: Message) -> str:
    """The text of any message, as people and clients are told it."""
    return f"/me {words(change_in(message))}" if message.text and is_change(message) else message.text
