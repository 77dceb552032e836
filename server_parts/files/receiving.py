"""The body of an upload, from a connection into the store, a piece at a time.

It must not know whose it is, nor what is answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from server_parts.files.flow import Flow
from server_parts.files.turns import TICK, Pace, Slowness
from server_parts.storage.file_records import PIECE

SLOWEST: Final = 1_024.0  # bytes a second …
PATIENCE: Final = 30.0  # … over so many seconds

WHOLE, LOST, TOO_SLOW, ENDED = "whole", "lost", "too slow", "ended"  # how a body ended


class Source(Protocol):
    """What bytes come from: see wire.py."""

    def readable(self, seconds: float) -> bool: ...
    def receive(self) -> bytes: ...


class Body:
    """`length` bytes, of which some have `begun` to come. `ended` says how that ended, once `store` returns."""

    def __init__(self, source: Source, begun: bytes, length: int, flow: Flow, is_wanted: Callable[[], bool]) -> None:
        self._source = source
        self._flow = flow
        self._is_still_wanted = is_wanted
        self._unread = bytearray(begun[:length])
        self._left = length - len(self._unread)  # bytes that have not come yet
        self._slowness = Slowness(SLOWEST, PATIENCE, time.monotonic())
        self.ended = ""

    def store(self, write: Callable[[bytes], object]) -> None:
        """Write all of it, in pieces; what has come before it ends early is written too."""
        pace = self._flow.own_pace()
        while self._goes_on:
            with self._flow.bodies.one(self._is_wanted) as has_turn:
                if not has_turn:
                    self.ended = self.ended or ENDED
                    return
                self._use_turn(write, pace)

    def _is_wanted(self) -> bool:
        return self._flow.goes_on and self._is_still_wanted()

    @property
    def _goes_on(self) -> bool:
        return not self.ended or bool(self._unread)

    def _use_turn(self, write: Callable[[bytes], object], pace: Pace) -> None:
        begun = time.monotonic()
        self._slowness.forgive(begun)
        while self._goes_on:
            piece = self._next_piece(begun)
            self._write(write, piece)
            self._flow.rest(pace, len(piece))
            if self._flow.bodies.is_over(begun):
                return

    def _write(self, write: Callable[[bytes], object], piece: bytes) -> None:
        """It waits for the disk also where it is not wanted any more: what has come is kept."""
        if piece:
            with self._flow.disk.one(lambda: True):
                write(piece)

    def _next_piece(self, begun: float) -> bytes:
        """A whole one, unless the body or the turn ends before."""
        while len(self._unread) < PIECE and self._left and not self.ended:
            self._receive()
            if self._flow.bodies.is_over(begun):
                break
        piece = bytes(self._unread[:PIECE])
        del self._unread[:PIECE]
        if not (self._left or self._unread or self.ended):
            self.ended = WHOLE
        return piece

    def _receive(self) -> None:
        data = self._source.receive() if self._source.readable(TICK) else None
        if data is not None:
            taken = data[: self._left]
            self._unread += taken
            self._left -= len(taken)
        if self._slowness.note(len(data or b""), time.monotonic()) and self._left:
            self.ended = TOO_SLOW
        if data == b"":
            self.ended = LOST
        elif not self._is_wanted():
            self.ended = ENDED
