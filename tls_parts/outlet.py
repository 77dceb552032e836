"""Where OpenSSL puts what is to be sent: a buffer that grows to the most it ever held, and never shrinks.

So channels may share one. Whoever calls OpenSSL for one of them holds the lock, and takes what it has put there before
letting go of it. An interruption or a lack of memory can prevent that, so the lock's next holder begins with `clear`.
It must not know what is in there.
"""

from __future__ import annotations

import ssl
import threading


class Outlet:
    __slots__ = ("buffer", "lock")

    def __init__(self) -> None:
        self.buffer = ssl.MemoryBIO()
        self.lock = threading.Lock()  # never held over a call that waits, nor is any other lock taken with it held

    def clear(self) -> None:
        """With the lock held: what another channel could not take must not leave on this one's connection."""
        if self.buffer.pending:
            self.buffer.read()
