"""The thread of one transfer: it opens connections, moves bytes, and goes on after each loss, until it is done.

It must not know rooms or screens. What it needs of the server it asks for, and gets from the thread that talks to it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Final, NamedTuple

from chat_common import harmless_line
from client_parts.files.errands import Done, Errand, Failed, Fetching, Grant, Lost, Moved, News, Ready, Sending
from client_parts.files.http import HttpError
from client_parts.files.local import FileProblem
from client_parts.files.saving import InMemory, Part, Store, WrongBytes
from client_parts.files.source import Source
from client_parts.link.dialing import Hold
from client_parts.link.distrust import Untrusted
from client_parts.link.link import Pauses
from client_parts.link.wire import Wire
from client_parts.transfer.http_line import HttpLine
from client_parts.transfer.moving import Gone, Refused, download, upload

Dial = Callable[[Hold], Wire]  # opens a connection; tells the socket first, so that it can be interrupted

_PAUSES: Final = 0.2, 10.0  # seconds before another try: the first, and the longest
_MOST_TRIES: Final = 2  # for bytes that turn out to be wrong
_TELLS_AGAIN: Final = 0.2  # seconds between news of how far it has come


class Way(NamedTuple):
    """Where to go on: what the server grants, and how to get there."""

    grant: Grant
    dial: Dial


class Unwanted(Exception):
    """Nobody wants the file any more."""


class Worker:
    """Other threads may `go_on`, `interrupt` and `give_up`; `tell` is called in its own."""

    def __init__(self, errand: Errand, tell: Callable[[News], None]) -> None:
        self._errand = errand
        self._tell = tell
        self._pauses = Pauses(*_PAUSES)
        self._done = 0  # bytes that have arrived
        self._tells_next = 0.0
        self._changed = threading.Condition()  # guards the next four
        self._way: Way | None = None
        self._held: socket.socket | None = None
        self._is_unwanted = False
        self._keeps = True  # what has arrived, to go on from
        # No daemon: whoever ends the program gives it up and waits for it, so that it never leaves half a change.
        self._thread = threading.Thread(target=self._run, name="transfer")

    def start(self) -> None:
        self._thread.start()

    def go_on(self, way: Way) -> None:
        with self._changed:
            self._way = way
            self._changed.notify_all()

    def give_up(self, *, keeps: bool = True) -> None:
        """End it soon, wherever it is."""
        with self._changed:
            self._is_unwanted, self._keeps = True, keeps
            self._changed.notify_all()
        self.interrupt()

    def interrupt(self) -> None:
        """End the connection that it uses, if there is one."""
        with self._changed:
            if self._held is not None:
                with suppress(OSError):
                    self._held.shutdown(socket.SHUT_RDWR)

    def join(self) -> None:
        self._thread.join()

    # --- In its thread ---

    def _run(self) -> None:
        try:
            if isinstance(self._errand, Sending):
                self._send(self._errand)
            else:
                self._fetch(self._errand)
        except Unwanted:
            pass
        except (FileProblem, Refused, Untrusted) as problem:
            self._tell(Failed(self._errand.number, str(problem)))
        except Exception as fault:
            self._tell(Failed(self._errand.number, f"The transfer has failed: {harmless_line(repr(fault))}."))

    def _send(self, errand: Sending) -> None:
        with closing(Source(errand.local)) as source:
            digest = source.digest(lambda: self._is_unwanted)
            self._tell(Ready(errand.number, digest))
            self._until_done(lambda line, grant: upload(line, grant, errand, source, self._moved))
        self._tell(Done(errand.number))

    def _fetch(self, errand: Fetching) -> None:
        store: Store = InMemory(errand.expected) if errand.target is None else Part(errand.target, errand.expected)
        with closing(store):
            try:
                path = self._verified(errand, store)
            except Unwanted:
                if not self._keeps:
                    store.discard()
                raise
        self._tell(Done(errand.number, path, bytes(store.data) if isinstance(store, InMemory) else b""))

    def _verified(self, errand: Fetching, store: Store) -> str:
        """Fetch it; once more, if what is there by then turns out to be something else."""
        for _ in range(_MOST_TRIES):
            self._moved(store.offset)
            self._until_done(lambda line, grant: download(line, grant, errand, store, self._moved))
            try:
                return store.finish()
            except WrongBytes:
                self._tell(Lost(errand.number))
        store.discard()
        raise FileProblem(f"{harmless_line(errand.name)} arrived damaged twice, and was not kept.")

    def _until_done(self, move: Callable[[HttpLine, Grant], None]) -> None:
        """Over as many connections as it takes."""
        while True:
            way, before, is_gone = self._next_way(), self._done, False
            try:
                with self._connected(way.dial) as line:
                    move(line, way.grant)
                    return
            except Gone:
                is_gone = True
            except (OSError, HttpError):
                pass  # whatever it was, it may be over soon
            if self._done > before:
                self._pauses.reset()
            self._rest(self._pauses.next())
            self._tell(Lost(self._errand.number, is_gone))

    @contextmanager
    def _connected(self, dial: Dial) -> Iterator[HttpLine]:
        try:
            with closing(HttpLine(dial(self._hold))) as line:
                if self._is_unwanted:  # it was, before there was anything to interrupt
                    raise Unwanted
                yield line
        finally:
            with self._changed:
                self._held = None

    def _hold(self, connection: socket.socket) -> None:
        """This one is waited for from now on."""
        with self._changed:
            if self._is_unwanted:
                raise Unwanted
            self._held = connection

    def _next_way(self) -> Way:
        """Wait for one."""
        with self._changed:
            self._changed.wait_for(lambda: self._way is not None or self._is_unwanted)
            way, self._way = self._way, None
            if self._is_unwanted or way is None:
                raise Unwanted
            return way

    def _rest(self, seconds: float) -> None:
        with self._changed:
            if self._changed.wait_for(lambda: self._is_unwanted, seconds):
                raise Unwanted

    def _moved(self, done: int) -> None:
        if self._is_unwanted:
            raise Unwanted
        self._done, now = done, time.monotonic()
        if now >= self._tells_next or done == self._errand.progress.size:
            self._tells_next = now + _TELLS_AGAIN
            self._tell(Moved(self._errand.number, done))
