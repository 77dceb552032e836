"""Bytes to one client: a straight lane, a bounded backlog, and one thread at a time that owns the wire.

The hub offers blocks and never waits: what the kernel does not take at once goes to the backlog. A backlog is emptied
by one thread: the client's own reader where it has an answer or a catch-up to send, else a drainer that lives as long
as the client stalls. Blocks leave whole and in the order they came. This module must not know what the bytes mean.
"""

from __future__ import annotations

import contextlib
import logging
import math
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator

from server_parts.wire import sockets

Block = bytes | memoryview | Iterator[bytes]  # an iterator is read, and its pages sent, only when its turn has come

log = logging.getLogger("chat")

TICK = 1.0  # how long a blocked writer waits before it looks whether it is still wanted
STALLED = 15.0  # how long nothing of a page may be read before the connection ends
MOST_PAGES = 256  # that may exist at once, for all clients together

_pages = threading.BoundedSemaphore(MOST_PAGES)


class Outbox:
    """One client's way out. Every method may be called from any thread."""

    def __init__(self, connection: socket.socket, bound: int) -> None:
        self._socket = connection
        self._bound = bound
        self._lock = threading.Lock()  # guards all below; never held over a call that waits
        self._state = threading.Condition(self._lock)
        self._backlog: deque[Block] = deque()
        self._size = 0  # bytes in the backlog that the hub offered
        self._kept = self._sent = 0  # blocks that ever went into the backlog, and those of them that are out
        self._emptying = False  # some thread owns the wire
        self._finishing = False
        self._closed = False
        self.overflowed = False  # a block was refused: whatever came after it would leave a hole
        self.stalled = False  # a page was asked for and not read
        self.was_reset = False  # a write has met a connection that the client had reset
        self._drainer: threading.Thread | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing more can be sent."""
        return self._closed or self._finishing

    @property
    def backlog(self) -> int:
        """Bytes that wait for the client to read."""
        return self._size

    def offer(self, block: bytes) -> bool:
        """Send or keep a block, without ever waiting. False: the client is too slow, or gone, and nothing was kept."""
        with self._lock:  # quicker to take than the condition, and this runs for every client of every message
            if self._closed or self._finishing or self.overflowed:
                return False
            if self._emptying or self._backlog:
                if self._size and self._size + len(block) > self._bound:  # one block of any size is a fair start
                    self.overflowed = True
                    return False
                self._keep(block)
                return True
            sent = self._send_now(block)
            if 0 <= sent < len(block):
                # The rest of a block that is begun must go out, whatever the bound says: half a line is no use.
                self._keep(memoryview(block)[sent:])
                self._start_drainer()
            return sent >= 0

    def offer_pages(self, pages: Iterable[bytes]) -> None:
        """Keep pages that are made while they are sent; all that comes later waits behind them.

        The caller sees to it that the reader drains soon. Pages that cannot be made raise OSError: the client is cut.
        """
        with self._state:
            if not (self._closed or self._finishing):
                self._keep(iter(pages))

    def write(self, block: bytes) -> None:
        """The reader's own answer: wait until it and all before it is sent, however slow the client is."""
        self.offer_pages((block,))  # as pages: the bound is for what the hub offers
        self.drain()

    def drain(self) -> None:
        """Return when all that is waiting now is sent: by this thread, or by the one that has the wire."""
        with self._state:
            mine = self._kept
            self._state.wait_for(lambda: self._closed or not self._emptying or self._sent >= mine)
            if self._closed or self._sent >= mine:
                return
            self._emptying = True
        self._empty(mine)

    def finish(self, last_words: bytes, *, at_once: bool = False) -> None:
        """Send what is waiting and the last words, then close this direction. `at_once` drops what is waiting."""
        with self._state:
            if self._closed or self._finishing:
                return
            self._finishing = True
            if at_once:
                self._drop_backlog()
            if not (self._emptying or self._backlog):
                sent = self._send_now(last_words)
                if sent in (-1, len(last_words)):
                    self._half_close()
                    return
                last_words = last_words[sent:]
            self._keep(last_words)
            if not self._emptying:
                self._start_drainer()

    def cut(self) -> None:
        """End the connection now; its reader wakes up."""
        with self._state:  # not while it is being closed: its descriptor may be somebody else's a moment later
            sockets.wake(self._socket)

    def close(self) -> None:
        """The reader's last act: no thread is left on the socket when it is closed."""
        with self._state:
            self._closed = True
            self._state.notify_all()
            drainer = self._drainer
        self.cut()
        if drainer is not None:
            drainer.join()
        with self._state:
            self._socket.close()

    # --- with self._state held ---

    def _keep(self, block: Block) -> None:
        self._backlog.append(block)
        self._kept += 1
        if not isinstance(block, Iterator):
            self._size += len(block)

    def _drop_backlog(self) -> None:
        self._sent += len(self._backlog)
        self._size -= sum(len(block) for block in self._backlog if not isinstance(block, Iterator))
        self._backlog.clear()

    def _send_now(self, block: bytes) -> int:
        """How much the kernel took; -1 if the connection is broken."""
        if sockets.DONTWAIT is None:
            return 0
        try:
            return self._socket.send(block, sockets.DONTWAIT)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._note(error)
            return -1

    def _start_drainer(self) -> None:
        self._emptying = True
        # A daemon: a client that never reads must not keep a process alive that was told twice to stop.
        self._drainer = threading.Thread(target=self._empty, name="drainer", daemon=True)
        try:
            self._drainer.start()
        except RuntimeError:  # no more threads to be had: that costs this client its connection, nobody else
            self._drainer = None
            self._closed = True
            sockets.wake(self._socket)

    def _half_close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    # --- by the one thread that set self._emptying ---

    def _empty(self, upto: float = math.inf) -> None:
        """Send the backlog. A reader goes back to reading once its own block `upto` is out; a drainer takes over."""
        while (block := self._next(upto)) is not None:
            whole = self._send_all(block)
            with self._state:
                self._sent += 1
                if not isinstance(block, Iterator):
                    self._size -= len(block)
                if not whole:
                    self._closed = True
                    self._drop_backlog()
                    sockets.wake(self._socket)
                self._state.notify_all()

    def _next(self, upto: float) -> Block | None:
        with self._state:
            if self._backlog and not self._closed and self._sent < upto:
                return self._backlog.popleft()
            self._emptying = False
            self._state.notify_all()
            if self._backlog and not self._closed:
                self._start_drainer()
            elif self._finishing:
                self._half_close()
            return None

    def _send_all(self, block: Block) -> bool:
        try:
            if isinstance(block, Iterator):
                self._send_pages(block)
            else:
                self._send(block)
        except OSError as error:
            self._note(error)
            return False
        except Exception:
            log.exception("making pages")
            return False
        return True

    def _note(self, error: OSError) -> None:
        # The kernel says so once, to the first who asks.
        self.was_reset = self.was_reset or isinstance(error, ConnectionResetError)

    def _send_pages(self, pages: Iterator[bytes]) -> None:
        """One at a time, and only so many of all clients at once, or those who ask and do not read fill the memory."""
        more = True
        while more:
            while not _pages.acquire(timeout=TICK):
                if self._closed:
                    raise BrokenPipeError
            try:
                more = (page := next(pages, None)) is not None
                if page is not None:
                    self._send(page, STALLED)
            finally:
                _pages.release()

    def _send(self, block: bytes | memoryview, patience: float = math.inf) -> None:
        """All of it. Raise OSError if the connection breaks, or nothing of it is read for so many seconds."""
        rest = memoryview(block)
        until = time.monotonic() + patience
        while rest:
            try:
                if sockets.DONTWAIT is None:
                    sent = self._socket.send(rest[: sockets.SEND_BUFFER])
                else:
                    sent = self._socket.send(rest, sockets.DONTWAIT)
                rest = rest[sent:]
                until = time.monotonic() + patience
            except BlockingIOError:
                sockets.writable(self._socket, TICK)
                self.stalled = time.monotonic() > until
                if self.stalled:
                    raise BrokenPipeError from None
            if self._closed:
                raise BrokenPipeError
