"""Which turn the hub is in, for whoever lets newcomers in: that work gives way to it while people talk.

Where nobody does, newcomers would only give way to each other. It must not know what is done in a turn, nor who gives
way to it.
"""

from __future__ import annotations

import math
from typing import Final

LATELY: Final = 1.0  # seconds in which whoever asked for something may well ask for more


class Turns:
    """`begin` and `end` are the hub's."""

    __slots__ = ("_asked", "_count", "_present")

    def __init__(self) -> None:
        self._count = self._present = 0
        self._asked = -math.inf  # when somebody who is in asked for something

    def present(self) -> int:
        """The number of the turn the hub is in; 0 between two of them, or while nobody talks. Any thread's."""
        return self._present

    def begin(self, now: float, is_asked: bool) -> None:
        """`is_asked`: whether somebody who is in has asked for something."""
        self._count += 1
        if is_asked:
            self._asked = now
        if now < self._asked + LATELY:
            self._present = self._count

    def end(self) -> None:
        self._present = 0
