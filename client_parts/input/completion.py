"""What Tab may make of the beginning of a line: commands, names, rooms, colours.

Pure. The receiver hands over a new `Vocabulary` when something changes; the input loop asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chat_common import COLORS
from client_parts.input.commands import COMMANDS, MORE_HELP
from client_parts.input.correctable import Correctable
from client_parts.input.moderation_commands import EVERYWHERE, MODES, ROOM_ROLES, SERVER_ROLES
from client_parts.kept.values import CHOICES, DEFAULT, KEYS
from terminal_parts import completion
from terminal_parts.completion import beginning

_OTHERS = ("kick", "ban", "unban", "mute", "unmute", "voice", "role", "invite", "whois", "block", "unblock")
_NAMES = ("msg", "m", "ignore", "recover", "release", *_OTHERS)
_OWN_ROOMS = ("leave", "part")
_ALL_ROOMS = ("join", "j", "who", "names")
_WORDS = {
    **CHOICES,
    "color": tuple(COLORS),
    "help": (*(command.name for command in COMMANDS), *MORE_HELP),
    "mode": MODES,
    **dict.fromkeys(("slow", "topic", "lockdown", "password"), ("off",)),
    "devices": ("forget",),
    "set": KEYS,
    **dict.fromkeys(("autoaway", "log"), ("off",)),
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    names: tuple[str, ...] = ()  # likeliest first
    rooms: tuple[str, ...] = ()  # one's own
    public: tuple[str, ...] = ()  # all that the server has told of
    ignored: tuple[str, ...] = ()
    correctable: Correctable | None = None  # what /edit brings into the input


def complete(line: str, vocabulary: Vocabulary) -> list[str]:
    """Whole lines that `line` may become, likeliest first."""

    def next_argument(given: Sequence[str], word: str) -> list[str] | None:
        return _next_argument(given, word, vocabulary)

    commands = (command.name for command in COMMANDS)
    return completion.complete(line, commands, next_argument, vocabulary.names)


def _next_argument(given: Sequence[str], word: str, vocabulary: Vocabulary) -> list[str] | None:
    """What the word may become that follows a command and its words; None where any text may follow."""
    command, *words = given
    everywhere = words[:1] == [EVERYWHERE]
    words = words[everywhere:]
    if not words:
        return _arguments(command.lower(), word, vocabulary)
    if command.lower() == "context" and len(words) == 1:
        return beginning(word.lstrip("#"), vocabulary.rooms)
    if command.lower() == "set" and len(words) == 1:
        return beginning(word, (*CHOICES.get(words[0].lower(), ()), DEFAULT))
    if command.lower() == "role" and len(words) == 1:
        return beginning(word, SERVER_ROLES if everywhere else ROOM_ROLES)
    return None


def _arguments(command: str, word: str, vocabulary: Vocabulary) -> list[str]:
    if command in _WORDS:
        return beginning(word, _WORDS[command])
    if command in _NAMES:
        return beginning(word.lstrip("@"), vocabulary.names)
    if command == "unignore":
        return beginning(word.lstrip("@"), vocabulary.ignored)
    if command == "switch":
        return beginning(word.lstrip("#"), (*vocabulary.rooms, *(f"@{name}" for name in vocabulary.names)))
    if command in _OWN_ROOMS:
        return beginning(word.lstrip("#"), vocabulary.rooms)
    if command in _ALL_ROOMS:
        return beginning(word.lstrip("#"), tuple(dict.fromkeys((*vocabulary.rooms, *vocabulary.public))))
    return beginning(word, vocabulary.names) if word else []
