"""Which settings there are, and which values each of them takes. Pure; it must not know what a setting does."""

from __future__ import annotations

import shlex
from typing import Any, Final, NamedTuple

from chat_common import COLORS, name_problem, nearest, room_problem
from terminal_parts.theme import THEMES

STYLES: Final = ("short", "classic")
BELLS: Final = ("on", "mentions", "off")
JOINS: Final = ("all", "smart", "off")
ONLY: Final = ("on", "off")  # whether one room is shown at a time
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "theme": THEMES,
    "style": STYLES,
    "bell": BELLS,
    "joins": JOINS,
    "only": ONLY,
    "notify": ("on", "mentions", "off"),
    "links": ("on", "off"),
}
AUTOAWAY, NOTIFY_COMMAND, DOWNLOADS, SERVER, NAME = "autoaway", "notify_command", "downloads", "server", "name"
KEYS: Final = (*CHOICES, AUTOAWAY, NOTIFY_COMMAND, DOWNLOADS, SERVER, NAME)
AT_START: Final = (SERVER, NAME)  # settings that are read when the client starts
FIRST: Final = {
    "bell": "mentions",
    "joins": "smart",
    "only": "off",
    "notify": "mentions",
    "links": "on",
    AUTOAWAY: "off",
}
DEFAULT: Final = "default"  # the word that takes a setting back
_MOST_MINUTES: Final = 10_080  # a week
_LONGEST: Final = 1_000


class Saved(NamedTuple):
    """A server with a short name."""

    address: str
    rooms: tuple[str, ...] = ()
    name: str | None = None


def checked(key: str, value: Any) -> str:
    """A value as it is used. ValueError says what is wrong with it."""
    if key not in KEYS:
        near = nearest(key, KEYS)
        raise ValueError(f"there is no setting {key}" + (f"; did you mean {near}?" if near else ""))
    if key in CHOICES:
        return _chosen(key, value)
    if key == AUTOAWAY:
        return _minutes(value)
    text = _text(key, value)
    if key == NOTIFY_COMMAND:
        words_of(text)
    if key == NAME and (problem := name_problem(text)):
        raise ValueError(f"{key}: {problem}")
    return text


def written(key: str, value: str) -> str | int:
    """A value as it stands in the file."""
    return int(value) if key == AUTOAWAY and value.isdigit() else value


def words_of(command: str) -> list[str]:
    """The words of a command, as a shell would split them; no shell ever sees it. ValueError if they have no end."""
    try:
        return shlex.split(command)
    except ValueError as problem:
        raise ValueError(f"{NOTIFY_COMMAND} cannot be split into words: {str(problem).lower()}") from None


def saved_server(name: str, table: Any) -> Saved:
    """A table `[servers.NAME]`. ValueError says what is wrong with it."""
    place = f"servers.{name}"
    if not isinstance(table, dict):
        raise ValueError(f'{place} is a table; write [{place}], and below it address = "HOST:PORT"')
    if unknown := next((key for key in table if key not in Saved._fields), None):
        raise ValueError(f"there is no {place}.{unknown}; there are {', '.join(Saved._fields)}")
    if "address" not in table:
        raise ValueError(f"{place} has no address")
    own = table.get("name")
    if own is not None and (problem := name_problem(_text(f"{place}.name", own))):
        raise ValueError(f"{place}.name: {problem}")
    return Saved(_text(f"{place}.address", table["address"]), _rooms(place, table.get("rooms", [])), own)


def saved_color(name: str, color: Any) -> str:
    if color not in COLORS:
        raise ValueError(f"colors.{name} is {_shown(color)}; choose from {', '.join(COLORS)}")
    return str(color)


def _rooms(place: str, rooms: Any) -> tuple[str, ...]:
    if not isinstance(rooms, list) or not all(isinstance(room, str) for room in rooms):
        raise ValueError(f'{place}.rooms is a list of rooms, as in ["lobby", "builds"]')
    plain = tuple(room.removeprefix("#").lower() for room in rooms)
    if problem := next(filter(None, map(room_problem, plain)), None):
        raise ValueError(f"{place}.rooms: {problem}")
    return plain


def _chosen(key: str, value: Any) -> str:
    if isinstance(value, bool):  # what many write for on and off
        value = "on" if value else "off"
    if not isinstance(value, str) or value.lower() not in CHOICES[key]:
        raise ValueError(f"{key} is {_shown(value)}; choose from {', '.join(CHOICES[key])}")
    return value.lower()


def _minutes(value: Any) -> str:
    text = str(value).lower()
    is_number = not isinstance(value, bool) and text.isascii() and text.isdigit() and len(text) < 6
    if text == "off" or value is False or (is_number and 1 <= int(text) <= _MOST_MINUTES):
        return str(int(text)) if is_number else "off"
    raise ValueError(f"{AUTOAWAY} is {_shown(value)}; use a number of minutes from 1 to {_MOST_MINUTES}, or off")


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} is {_shown(value)}; write a text in quotes")
    if len(value) > _LONGEST or not value.isprintable():
        raise ValueError(f"{key} is too long or has characters that cannot be shown")
    return value.strip()


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return f'"{text[:60]}"' if isinstance(value, str) else text[:60]
