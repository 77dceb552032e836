"""The fields of native frames: each function takes one out, or raises the FrameError that says what is wrong. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from chat_common import Frame, FrameError, color_problem, is_name, name_problem, room_problem

END_OF_NUMBERS: Final = 10**15


def string(frame: Frame, field: str) -> str:
    value = frame.get(field)
    if not isinstance(value, str):
        raise FrameError("bad_field", f"{field} must be a string", field)
    return value


def optional_string(frame: Frame, field: str) -> str | None:
    return None if frame.get(field) is None else string(frame, field)


def number(frame: Frame, field: str, low: int = 0) -> int:
    value = frame.get(field)
    if type(value) is not int or value < low or value >= END_OF_NUMBERS:
        raise FrameError("bad_field", f"{field} must be a whole number, {low} or more, of at most 15 digits", field)
    return value


def count_of(frame: Frame, field: str, default: int, most: int, low: int = 0) -> int:
    value = default if frame.get(field) is None else number(frame, field, low)
    if value > most:
        raise FrameError("bad_field", f"{field} is too large: {value} > {most}", field)
    return value


def flag(frame: Frame, field: str) -> bool:
    return frame.get(field) is True


def name_of(frame: Frame) -> str:
    name = string(frame, "name")
    if problem := name_problem(name):
        raise FrameError("bad_name", problem, "name")
    return name


def somebody_of(frame: Frame) -> str:
    """A name as somebody may bear it, also one that the server gave."""
    name = string(frame, "name")
    if not is_name(name):
        raise FrameError("bad_name", "a name is made of A-Z a-z 0-9 _ . - and starts with a letter or a digit", "name")
    return name


def color_of(frame: Frame) -> str:
    color = string(frame, "color")
    if problem := color_problem(color):
        raise FrameError("bad_field", problem, "color")
    return color


def room_of(frame: Frame) -> str:
    return place_of(string(frame, "room"), "room")


def optional_room_of(frame: Frame) -> str | None:
    return None if frame.get("room") is None else room_of(frame)


@lru_cache(maxsize=4096)
def place_of(room: str, field: str) -> str:
    """A public room, or `@name`, or `@a+b`; private ones come out in lower case."""
    if not room.startswith("@"):
        if problem := room_problem(room):
            raise FrameError("bad_room", problem, field)
        return room
    names = room[1:].split("+")
    if len(names) > 2 or not all(isinstance(name, str) and is_name(name) for name in names):
        raise FrameError("bad_room", "a private room is @name, or @a+b with the two names", field)
    return room.lower()
