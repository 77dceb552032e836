"""Pages of long answers are made one at a time, and between the hub's turns.

While the hub tells a room, everybody who computes keeps it waiting at each of its sends. So a message would take twenty
times as long while many read what was said before.
It must not know what is on a page.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Final

from server_parts.wire.giving_way import GivingWay

MOST: Final = 0.01  # seconds that a page waits for a turn; a small page waits less
LONGEST: Final = 1.0  # seconds until it is made beside another one, which may wait for a disk or a database


class Making:
    """One for all clients; any thread may make a page."""

    def __init__(self, turn: Callable[[], int] = lambda: 0) -> None:
        """`turn`: to which pages give way, see GivingWay."""
        self._turn = turn
        self._one = threading.Lock()
        self._giving_way = GivingWay(turn, MOST)  # after LONGEST two may use it, for which a wrong wait does no harm

    def page(self, pages: Iterator[bytes]) -> bytes | None:
        """The next one, if there is any."""
        if not self._turn():  # or many newcomers would wait for each other where nobody talks
            return next(pages, None)
        is_alone = self._one.acquire(timeout=LONGEST)
        try:
            self._giving_way.begin()
            return next(pages, None)
        finally:
            self._giving_way.end()
            if is_alone:
                self._one.release()
