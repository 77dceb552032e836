"""What all transfers of a server share: how many work on the disk, how fast they are together, and that they end.

People who talk share the disk and the processors with those who send files, and come first.
"""

from __future__ import annotations

import threading
import time
from typing import Final

from server_parts.files.turns import Pace, Turns

AT_ONCE: Final = 4  # that work on the disk
BODIES: Final = 64  # that are received at once: each holds a piece in memory
CHECKS: Final = 2  # programs of the operator's that look at files
SHARE: Final = 2  # one transfer gets so much of what all may have


class Flow:
    def __init__(self, rate: float) -> None:
        """`rate`: bytes a second, all together; 0 for no limit."""
        self.bodies = Turns(BODIES)
        self.disk = Turns(AT_ONCE)
        self.checks = Turns(CHECKS)
        self._rate = rate
        self._all = Pace(rate)
        self._stopping = threading.Event()

    @property
    def goes_on(self) -> bool:
        return not self._stopping.is_set()

    def stop(self) -> None:
        """All transfers end within half a second, wherever they are."""
        self._stopping.set()

    def own_pace(self) -> Pace:
        """For one transfer."""
        return Pace(self._rate / SHARE)

    def rest(self, own: Pace, size: int) -> None:
        """So many bytes have gone: wait until more may go."""
        now = time.monotonic()
        pause = max(own.pause(size, now), self._all.pause(size, now))
        if pause > 0:
            self._stopping.wait(pause)
