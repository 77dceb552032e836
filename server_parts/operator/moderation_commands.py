"""The operator's commands that keep order. The terminal is in no room: `-r ROOM` says which one, if one is meant."""

from __future__ import annotations

from typing import Final, NamedTuple

from chat_common import room_problem
from server_parts.protocol import plain_moderation
from server_parts.protocol.moderation_requests import Ban, ModerationRequest, SetRoom

_SERVER: Final = ("kick", "ban", "unban", "mute", "unmute", "bans", "reports", "audit", "lockdown", "servers")
_WIDE: Final = ("lockdown", "servers")  # about no room
_ROOM: Final = ("slow", "mode", "topic", "delete")


class Row(NamedTuple):
    word: str
    usage: str
    help: str


def _row(word: str) -> Row:
    row = plain_moderation.BY_WORD[word]
    usage = row.usage.partition(" ")[2]
    where = "" if word in _WIDE else "-r ROOM " if word in _ROOM else "[-r ROOM] "
    return Row(word, f"/{word} {where}{usage}".strip(), row.help)


ROWS: Final = tuple(map(_row, (*_SERVER, *_ROOM)))
BY_WORD: Final = {row.word: row for row in ROWS}


class Orders:
    """Makes requests of the operator's lines. A ban that is typed once more is meant."""

    def __init__(self) -> None:
        self._last: ModerationRequest | None = None

    def request(self, word: str, rest: str) -> ModerationRequest | str:
        """What a line asks for, or how it should be written."""
        row = BY_WORD[word]
        room, rest = self._room(rest)
        wrong = room is not None and room_problem(room) is not None
        request = None if wrong else plain_moderation.BY_WORD[word].make(room, rest)
        if request is None:
            return plain_moderation.how_to(row.usage)
        last, self._last = self._last, request
        return request._replace(sure=True) if isinstance(request, (Ban, SetRoom)) and request == last else request

    @staticmethod
    def _room(rest: str) -> tuple[str | None, str]:
        if not rest.startswith("-r "):
            return None, rest
        room, _, rest = rest[3:].strip().partition(" ")
        return room.removeprefix("#").lower(), rest.strip()
