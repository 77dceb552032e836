"""A command of the operator: a row with its words, its help and what it does. It must not know which there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from chat_common import room_problem
from server_parts.operator.desk import Desk


class Command(NamedTuple):
    usage: str
    help: str
    run: Callable[[Desk, str], None]

    @property
    def word(self) -> str:
        return self.usage[1:].split()[0]

    @property
    def how_to(self) -> str:
        return f"usage: {self.usage}"


class BadUsage(Exception):
    """A line that cannot be obeyed as it is written: what is wrong, if that is not plain."""


def first_word(words: str) -> tuple[str, str]:
    word, _, rest = words.partition(" ")
    return word, rest.strip()


def needed(words: str) -> str:
    if not words.strip():
        raise BadUsage
    return words


def room_in(word: str) -> str:
    """The public room that a word names, with or without its sign."""
    room = word.removeprefix("#").lower()
    if room.startswith("@"):
        raise BadUsage("a private conversation is no room: /msg NAME TEXT writes to somebody")
    if problem := room_problem(room) if room else "":
        raise BadUsage(problem)
    if not room:
        raise BadUsage
    return room


def only_room(words: str) -> str:
    """The one word that a line has."""
    word, rest = first_word(words)
    if rest:
        raise BadUsage
    return room_in(word)
