"""The numbers of guest-1, guest-2 …: the first free one for each. Owned by the hub.

Another server of the chat may have given a number too; such a one is passed over.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable


class GuestNumbers:
    def __init__(self, is_taken: Callable[[str], bool]) -> None:
        """`is_taken`: whether somebody bears a name."""
        self._is_taken = is_taken
        self._given = 0  # so many so far …
        self._free: list[int] = []  # … those that came back, as a heap …
        self._bearers: dict[Hashable, int] = {}  # … and whose the others are

    def next(self) -> str:
        while self._free and self._is_taken(f"guest-{self._free[0]}"):
            heapq.heappop(self._free)
        while not self._free and self._is_taken(f"guest-{self._given + 1}"):
            self._given += 1
        return f"guest-{self._free[0] if self._free else self._given + 1}"

    def take(self, bearer: Hashable) -> None:
        """Somebody bears the next one now."""
        if self._free:
            self._bearers[bearer] = heapq.heappop(self._free)
        else:
            self._bearers[bearer] = self._given = self._given + 1

    def give_back(self, bearer: Hashable) -> None:
        """Whoever gave a name up; if it was one of these, it is free."""
        number = self._bearers.pop(bearer, None)
        if number is not None:
            heapq.heappush(self._free, number)

    def is_free_elsewhere(self, guest: str) -> None:
        """Nobody bears a name any more that another server has given."""
        number = int(guest.rpartition("-")[2])
        if number <= self._given:
            heapq.heappush(self._free, number)
