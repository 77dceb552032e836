"""Something that fails for a while: the operator is told when that begins and when it is over, not at every try.

It must not know what fails. Used by one thread at a time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from chat_common import lasting


class Outage:
    def __init__(
        self,
        log: logging.Logger,
        begun: str,
        over: str,
        level: int = logging.WARNING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The two sentences; the reason is put behind the first one, and how long it took behind the second."""
        self._log = log
        self._begun, self._over = begun, over
        self._level = level
        self._clock = clock
        self._since: float | None = None

    def note(self, reason: object) -> None:
        """It has failed, perhaps once more."""
        if self._since is None:
            self._since = self._clock()
            self._log.log(self._level, "%s: %s", self._begun, reason)

    def end(self) -> None:
        """It works."""
        if self._since is not None:
            since, self._since = self._since, None
            self._log.warning("%s, after %s", self._over, lasting(self._clock() - since))


def of_the_search_index(log: logging.Logger) -> Outage:
    """Without it messages are looked through one by one."""
    return Outage(log, "searching is slower for now", "searching is as fast as before")
