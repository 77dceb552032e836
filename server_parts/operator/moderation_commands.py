"""The operator's commands that keep order: on the whole server or in a room, which `-r ROOM` names.

What is about one room in any case means the one that the operator talks in, if none is named.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from chat_common import LOBBY, room_problem
from server_parts.protocol import plain_moderation
from server_parts.protocol.moderation_requests import Ban, ModerationRequest, SetRoom

_SERVER: Final = ("kick", "ban", "unban", "mute", "unmute", "bans", "reports", "audit", "lockdown", "servers")
_WIDE: Final = ("lockdown", "servers")  # about no room
ROOM: Final = ("slow", "mode", "topic", "voice", "invite", "delete")


class Row(NamedTuple):
    word: str
    usage: str
    help: str


def _row(word: str) -> Row:
    row = plain_moderation.BY_WORD[word]
    usage = row.usage.partition(" ")[2]
    where = "" if word in _WIDE else "[-r ROOM] "
    return Row(word, f"/{word} {where}{usage}".strip(), row.help)


ROWS: Final = tuple(map(_row, (*_SERVER, *ROOM)))
BY_WORD: Final = {row.word: row for row in ROWS}


class Orders:
    """Makes requests of the operator's lines. A ban that is typed once more is meant."""

    def __init__(self) -> None:
        self._last: ModerationRequest | None = None

    def request(self, word: str, rest: str, here: str = LOBBY) -> ModerationRequest | str:
        """What a line asks for, or how it should be written; `here` is the room that the operator talks in."""
        row = BY_WORD[word]
        room, rest = room_and_rest(rest)
        room = here if room is None and word in ROOM else room
        wrong = room is not None and room_problem(room) is not None
        request = None if wrong else plain_moderation.BY_WORD[word].make(room, rest)
        if request is None:
            return plain_moderation.how_to(row.usage)
        last, self._last = self._last, request
        return request._replace(sure=True) if isinstance(request, (Ban, SetRoom)) and request == last else request


def room_and_rest(words: str) -> tuple[str | None, str]:
    """The room that a line names, and what follows it."""
    if not words.startswith("-r "):
        return None, words
    room, _, rest = words[3:].strip().partition(" ")
    return room.removeprefix("#").lower(), rest.strip()
