"""Bytes to one client: a straight lane, a bounded backlog, and one thread at a time that owns the wire.

The hub offers blocks and never waits: what the kernel does not take at once goes to the backlog. A backlog is emptied
by one thread: the client's own reader where it has an answer or a catch-up to send, else a drainer that lives as long
as the client stalls. Blocks leave whole and in the order they came. This module must not know what the bytes mean.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from server_parts.wire.backlog import Backlog, Block
from server_parts.wire.making import Making
from server_parts.wire.wire import Wire

log = logging.getLogger("chat")

TICK = 1.0  # how long a blocked writer waits before it looks whether it is still wanted
STALLED = 15.0  # how long nothing of a page may be read before the connection ends
MOST_PAGES = 256  # that may exist at once, for all clients together

_pages = threading.BoundedSemaphore(MOST_PAGES)


class Outbox:
    """One client's way out. Every method may be called from any thread."""

    __slots__ = (
        "_backlog", "_bound", "_closed", "_drainer", "_emptying", "_finishing", "_lock", "_making", "_state",
        "_try_send", "_wire", "overflowed", "stalled",
    )  # fmt: skip

    def __init__(self, wire: Wire, bound: int, making: Making) -> None:
        self._wire = wire
        self._making = making
        self._try_send = wire.try_send  # bound once: `offer` calls it for every client of every message
        self._bound = bound  # of the bytes that the hub offers and that wait
        self._lock = wire.lock  # guards all below; never held over a call that waits
        self._state: threading.Condition | None = None  # made for whoever waits for a change of what is below
        self._backlog = Backlog()
        self._emptying = False  # some thread owns the wire
        self._finishing = False
        self._closed = False
        self.overflowed = False  # a block was refused: whatever came after it would leave a hole
        self.stalled = False  # a page was asked for and not read
        self._drainer: threading.Thread | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing more can be sent."""
        return self._closed or self._finishing

    @property
    def backlog(self) -> int:
        """Bytes that wait for the client to read."""
        return self._backlog.size

    def offer(self, block: bytes) -> bool:
        """Send or keep a block, without ever waiting. False: the client is too slow, or gone, and nothing was kept."""
        with self._lock:
            if self._closed or self._finishing or self.overflowed:
                return False
            if self._emptying or self._backlog.blocks:
                size = self._backlog.size
                if size and size + len(block) > self._bound:  # one block of any size is a fair start
                    self.overflowed = True
                    return False
                self._backlog.keep(block)
                return True
            try:
                sent = self._try_send(block)
            except OSError:
                return False
            if sent < len(block):
                # The rest of a block that is begun must go out, whatever the bound says: half a line is no use.
                self._backlog.keep(memoryview(block)[sent:])
                self._start_drainer()
            return True

    def offer_pages(self, pages: Iterable[bytes]) -> None:
        """Keep pages that are made while they are sent; all that comes later waits behind them.

        The caller sees to it that the reader drains soon. Pages that cannot be made raise OSError: the client is cut.
        """
        with self._lock:
            if not (self._closed or self._finishing):
                self._backlog.keep(iter(pages))

    def drain(self) -> None:
        """Return when all that is waiting now is sent: by this thread, or by the one that has the wire."""
        with self._lock:
            mine = self._backlog.kept
            self._wait_for(lambda: self._closed or not self._emptying or self._backlog.sent >= mine)
            if self._closed or self._backlog.sent >= mine:
                return
            self._emptying = True
        self._empty(mine)

    def finish(self, last_words: bytes, *, at_once: bool = False) -> None:
        """Send what is waiting and the last words, then close this direction. `at_once` drops what is waiting."""
        with self._lock:
            if self._closed or self._finishing:
                return
            self._finishing = True
            if at_once:
                self._backlog.drop()
            if not (self._emptying or self._backlog.blocks):
                last_words = self._rest_of(last_words)
                if not last_words:
                    self._wire.half_close()
                    return
            self._backlog.keep(last_words)
            if not self._emptying:
                self._start_drainer()

    def cut(self) -> None:
        """End the connection now; its reader wakes up."""
        with self._lock:  # not while it is being closed: its descriptor may be somebody else's a moment later
            self._wire.wake()

    def close(self) -> None:
        """The reader's last act: no thread is left on the socket when it is closed."""
        with self._lock:
            self._closed = True
            self._has_changed()
            drainer = self._drainer
            self._wire.half_close()  # whoever left first, and is encrypted, is told in the channel too
        self.cut()
        if drainer is not None:
            drainer.join()
        with self._lock:
            self._wire.close()

    # --- with self._lock held ---

    def _wait_for(self, is_so: Callable[[], bool]) -> None:
        if not is_so():
            self._state = self._state or threading.Condition(self._lock)
            self._state.wait_for(is_so)

    def _has_changed(self) -> None:
        if self._state is not None:
            self._state.notify_all()

    def _rest_of(self, last_words: bytes) -> bytes:
        """Send them; what is left to be sent, which is nothing if the connection is broken."""
        try:
            return last_words[self._try_send(last_words) :]
        except OSError:
            return b""

    def _start_drainer(self) -> None:
        self._emptying = True
        # A daemon: a client that never reads must not keep a process alive that was told twice to stop.
        self._drainer = threading.Thread(target=self._empty, name="drainer", daemon=True)
        try:
            self._drainer.start()
        except RuntimeError:  # no more threads to be had: that costs this client its connection, nobody else
            self._drainer = None
            self._closed = True
            self._wire.wake()

    # --- by the one thread that set self._emptying ---

    def _empty(self, upto: float = math.inf) -> None:
        """Send the backlog. A reader goes back to reading once its own block `upto` is out; a drainer takes over."""
        while (block := self._next(upto)) is not None:
            whole = self._send_all(block)
            with self._lock:
                self._backlog.count(block)
                if not whole:
                    self._closed = True
                    self._backlog.drop()
                    self._wire.wake()
                self._has_changed()

    def _next(self, upto: float) -> Block | None:
        with self._lock:
            waiting = bool(self._backlog.blocks) and not self._closed
            if waiting and self._backlog.sent < upto:
                return self._backlog.take()
            self._emptying = False
            self._has_changed()
            if waiting:
                self._start_drainer()
            elif self._finishing:
                self._wire.half_close()
            return None

    def _send_all(self, block: Block) -> bool:
        try:
            if isinstance(block, Iterator):
                self._send_pages(block)
            else:
                self._send(block)
        except OSError:
            return False
        except Exception:
            log.exception("making pages")
            return False
        return True

    def _send_pages(self, pages: Iterator[bytes]) -> None:
        """One at a time, and only so many of all clients at once, or those who ask and do not read fill the memory."""
        more = True
        while more:
            while not _pages.acquire(timeout=TICK):
                if self._closed:
                    raise BrokenPipeError
            try:
                more = (page := self._making.page(pages)) is not None
                if page is not None:
                    self._send(page, STALLED)
            finally:
                _pages.release()

    def _send(self, block: bytes | memoryview, patience: float = math.inf) -> None:
        """All of it. Raise OSError if the connection breaks, or nothing of it is read for so many seconds."""
        rest = memoryview(block)
        until = time.monotonic() + patience
        while rest:
            if sent := self._wire.send(rest, TICK):
                rest = rest[sent:]
                until = time.monotonic() + patience
            else:
                self.stalled = time.monotonic() > until
            if self._closed or self.stalled:
                raise BrokenPipeError
