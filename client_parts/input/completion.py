"""What Tab may make of the beginning of a line: commands, names, rooms, colours.

The receiver hands over a new `Vocabulary` when something changes; the input loop asks. It looks at the disk for paths
alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chat_common import COLORS
from client_parts.files.paths import complete_path
from client_parts.input.commands import COMMANDS, MORE_HELP
from client_parts.input.correctable import Correctable
from client_parts.input.moderation_commands import EVERYWHERE, MODES, ROOM_ROLES, SERVER_ROLES
from client_parts.kept.values import CHOICES, DEFAULT, KEYS
from terminal_parts import completion
from terminal_parts.completion import beginning

_OTHERS = ("kick", "ban", "unban", "mute", "unmute", "voice", "role", "invite", "whois", "block", "unblock")
_NAMES = ("msg", "m", "ignore", "recover", "release", *_OTHERS)
_OWN_ROOMS = ("leave", "part")
_ALL_ROOMS = ("join", "j", "who", "names", "files")
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
    files: tuple[tuple[int, str], ...] = ()  # their numbers and names, newest first
    on_their_way: tuple[int, ...] = ()  # the numbers of those


def complete(line: str, vocabulary: Vocabulary) -> list[str]:
    """Whole lines that `line` may become, likeliest first."""

    if (begun := path_in(line)) is not None and (paths := complete_path(begun)):
        return [line[: len(line) - len(begun)] + path for path in paths]

    def next_argument(given: Sequence[str], word: str) -> list[str] | None:
        return _next_argument(given, word, vocabulary)

    commands = (command.name for command in COMMANDS)
    return completion.complete(line, commands, next_argument, vocabulary.names)


_BEFORE_A_PATH = re.compile(r"/(send|get +[^ ]+) +", re.IGNORECASE)


def path_in(line: str) -> str | None:
    """What may be the beginning of a path, up to the end of the line; None where there can be none."""
    found = _BEFORE_A_PATH.match(line)
    return None if found is None else line[found.end() :]


def _files(word: str, files: tuple[tuple[int, str], ...]) -> list[str]:
    """The numbers that begin so, or whose file is called so."""
    begun = word.lstrip("#").lower()
    return [str(number) for number, name in files if str(number).startswith(begun) or name.lower().startswith(word)]


def _next_argument(given: Sequence[str], word: str, vocabulary: Vocabulary) -> list[str] | None:
    """What the word may become that follows a command and its words; None where any text may follow."""
    command, *words = given
    everywhere = words[:1] == [EVERYWHERE]
    words = words[everywhere:]
    if not words:
        return _arguments(command.lower(), word, vocabulary)
    if command.lower() == "send":
        return _destinations(word, vocabulary) if word[:1] in ("@", "#") else None
    if command.lower() == "context" and len(words) == 1:
        return beginning(word.lstrip("#"), vocabulary.rooms)
    if command.lower() == "set" and len(words) == 1:
        return beginning(word, (*CHOICES.get(words[0].lower(), ()), DEFAULT))
    if command.lower() == "role" and len(words) == 1:
        return beginning(word, SERVER_ROLES if everywhere else ROOM_ROLES)
    return None


def _arguments(command: str, word: str, vocabulary: Vocabulary) -> list[str]:
    if command in ("get", "view"):
        return _files(word.lower(), vocabulary.files)
    if command == "cancel":
        return beginning(word, tuple(map(str, vocabulary.on_their_way)))
    if command == "send":
        return []
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


def _destinations(word: str, vocabulary: Vocabulary) -> list[str]:
    return beginning(word, (*(f"@{name}" for name in vocabulary.names), *(f"#{room}" for room in vocabulary.rooms)))
