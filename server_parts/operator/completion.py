"""What Tab may make of the beginning of the operator's line, by how each command is written. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from server_parts.protocol.account_requests import GIVEN_ROLES
from server_parts.protocol.moderation_requests import ROOM_ROLES
from terminal_parts import completion
from terminal_parts.completion import beginning

_ROOM_FLAG: Final = "-r"
_ROLES: Final = tuple(dict.fromkeys((*GIVEN_ROLES, *ROOM_ROLES)))
_ANY_TEXT: Final = ("TEXT", "REASON")


class Vocabulary(NamedTuple):
    usages: Mapping[str, str]  # how each command is written, by its word
    names: Sequence[str] = ()  # likeliest first
    rooms: Sequence[str] = ()


def complete(line: str, vocabulary: Vocabulary) -> list[str]:
    """Whole lines that `line` may become, likeliest first."""

    def next_argument(given: Sequence[str], word: str) -> list[str] | None:
        command, *words = given
        usage = vocabulary.usages.get(command.lower())
        return None if usage is None else _argument(usage, words, word, vocabulary)

    return completion.complete(line, vocabulary.usages, next_argument, vocabulary.names)


def _argument(usage: str, given: Sequence[str], word: str, vocabulary: Vocabulary) -> list[str] | None:
    """What the word may become that follows these in a command that is written so; None where any text may follow."""
    wanted = usage.split()[1:]
    if f"[{_ROOM_FLAG}" in wanted:
        wanted = wanted[2:]
        if given[:1] == [_ROOM_FLAG] and len(given) == 1:
            return beginning(word.removeprefix("#"), vocabulary.rooms)
        given = given[2:] if given[:1] == [_ROOM_FLAG] else given
    place = min(len(given), len(wanted) - 1)
    kinds = wanted[place].strip("[]").split("|") if wanted else []
    if any(kind in _ANY_TEXT for kind in kinds):
        return None
    return [] if len(given) > place else [match for kind in kinds for match in _of_kind(kind, word, vocabulary)]


def _of_kind(kind: str, word: str, vocabulary: Vocabulary) -> list[str]:
    match kind.strip("[]"):
        case "NAME":
            return beginning(word.removeprefix("@"), vocabulary.names)
        case "ROOM" | "#ROOM":
            sign = kind[:1] if kind.startswith("#") else ""
            return [sign + room for room in beginning(word.removeprefix("#"), vocabulary.rooms)]
        case "ROLE":
            return beginning(word, _ROLES)
        case "COMMAND":
            return beginning(word.removeprefix("/"), vocabulary.usages)
        case other:
            return beginning(word, (other,)) if other.islower() else []
