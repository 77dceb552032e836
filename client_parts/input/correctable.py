"""A message of one's own that can be corrected in the input: what both threads need to know of it. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Correctable(NamedTuple):
    room: str  # on the wire
    id: int
    text: str
