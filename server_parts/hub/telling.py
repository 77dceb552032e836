"""Telling a crowd: a few members at a time, so that nobody else waits until thousands have been told.

What a room with LARGE members or more is to be told is kept as a piece, in one queue for all rooms. A client that has
not been told all pieces has a position in that queue. When its turn comes, it is told the pieces from there on that are
for its rooms, as one block if that is not too long. Rooms take turns. The hub goes on in each turn for as long as the
rest of that turn took, within bounds (SLICE, LONGEST_SLICE).

One invariant keeps the order: nothing newer is offered to a client's outbox while the client is owed a piece. So
- whoever has something newer for a client has it told first what it is owed (`settle`);
- pieces are told in the order in which they were added;
- nobody enters or leaves a room while owed something: a client was in the same rooms at its position as it is now.
Then each client hears everything, in all its rooms, in the order in which the hub decided it, as if all had been told
at once.

Authors are told first, as their own copy is their receipt. But their credits come back when everybody has been told
(`last_of`), or more could be said than told. Owned by the hub, run only by its thread. It must not know what the pieces
mean.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

from server_parts.people.clients import Client, Room
from server_parts.protocol.encoder import Encoder

LARGE: Final = 1_000  # members from which on a room is a crowd: fewer are told quicker than anybody notices
SLICE, LONGEST_SLICE = 0.008, 0.024  # seconds
A_BLOCK: Final = 64 * 1024  # bytes: with more at once, a client that reads as fast as others needs a thread of its own
STEP: Final = 8  # members of one room in a row
MOST_OWED: Final = 1024 * 1024  # bytes of pieces; beyond that nobody has a turn until some are told


def is_crowd(room: Room) -> bool:
    """Whether so many are there that they are told a few at a time."""
    return room.here >= LARGE


class Piece(Protocol):
    """Something that a room is to be told."""

    @property
    def room(self) -> Room: ...

    @property
    def size(self) -> int:
        """About how many bytes it has."""

    def block_for_all(self, encoder: Encoder) -> bytes | None:
        """What it is for everybody with that encoder; None if that is not the same."""

    def block(self, client: Client) -> bytes:
        """What it is for one of those."""

    def told(self) -> None:
        """Everybody has been told."""


Run = tuple[Piece, bytes | None, int]  # several pieces as one block, and the number of the piece behind them


class Telling:
    def __init__(self) -> None:
        self.slow: dict[Client, None] = {}  # who could not be told any more
        self._pieces: deque[Piece] = deque()
        self._first = 0  # the number of the first of them
        self._size = 0
        self._next: dict[Client, int] = {}  # of each client that is owed something, the number of the first piece of it
        self._owed: dict[int, int] = {}  # by piece: how many clients have that number
        self._runs: dict[tuple[int, Encoder], Run] = {}
        self._queues: dict[Room, deque[Client]] = {}  # whose turn is when; also some who have been told meanwhile
        self._last_of: dict[Client, int] = {}  # by author
        self._authors: deque[Sequence[Client]] = deque()  # by piece

    def __bool__(self) -> bool:
        return bool(self._pieces)

    # --- owing ---

    def add(self, piece: Piece, authors: Sequence[Client] = ()) -> None:
        """Put something behind all that was put here before."""
        number = self._first + len(self._pieces)
        self._pieces.append(piece)
        self._size += piece.size
        self._owed[number] = 0
        self._runs.clear()
        fresh = [client for client in piece.room.members if client.owed is None]
        for client in fresh:
            client.owed = self
        self._next.update(dict.fromkeys(fresh, number))
        self._owed[number] += len(fresh)
        self._queues.setdefault(piece.room, deque()).extend(fresh)
        self._authors.append(authors)
        for author in authors:
            self.settle(author)
            self._last_of[author] = number

    def last_of(self, author: Client) -> int:
        """The number of the last piece by that author that not everybody has been told; without one, -1."""
        return self._last_of.get(author, -1)

    def has_told(self, number: int) -> bool:
        """Whether everybody has been told that piece."""
        return number < self._first

    # --- telling ---

    def offer(self, client: Client, block: bytes) -> None:
        """Something newer for one client."""
        if client.owed is not None:
            self.settle(client)
        if not client.outbox.offer(block):
            self.slow[client] = None

    def settle(self, client: Client) -> None:
        """Tell one client all that it is owed."""
        while client in self._next:
            self._tell_some(client)

    def go_on(self, took: float) -> None:
        """For a slice of time, in a turn that took so long."""
        self.tell(min(max(SLICE, took), LONGEST_SLICE))

    def tell(self, seconds: float = math.inf) -> None:
        """Go on for so long, at least with a STEP in each room; longer if too much is waiting."""
        until = time.monotonic() + seconds
        while self._pieces:
            for room, queue in list(self._queues.items()):
                self._step(queue)
                if not queue:
                    del self._queues[room]
            self._forget()
            if self._size <= MOST_OWED and time.monotonic() >= until:
                return

    def _step(self, queue: deque[Client]) -> None:
        """Tell those whose turn it is in a room. Who has been told meanwhile is passed over."""
        todo = STEP
        while queue and todo:
            client = queue.popleft()
            if client in self._next:
                todo -= 1
                if self._tell_some(client):
                    queue.append(client)

    def _tell_some(self, client: Client) -> bool:
        """Tell a client that is owed something as much as is good at once. Returns whether there is more."""
        encoder, number, end = client.encoder, self._next[client], self._first + len(self._pieces)
        self._owed[number] -= 1
        blocks, size = [], 0
        while number < end and size < A_BLOCK:
            piece, block, number = self._runs.get((number, encoder)) or self._run(number, encoder)
            if client in piece.room.members:
                block = piece.block(client) if block is None else block
                blocks.append(block)
                size += len(block)
        if number < end:
            self._next[client] = number
            self._owed[number] += 1
        else:
            del self._next[client]
            client.owed = None
        if size and not client.outbox.offer(blocks[0] if len(blocks) == 1 else b"".join(blocks)):
            self.slow[client] = None
        return number < end

    def _run(self, number: int, encoder: Encoder) -> Run:
        """The pieces from that number on that are for the same room, and the same for all with that encoder."""
        first = piece = self._pieces[number - self._first]
        blocks, size, upto = [], 0, number
        while size < A_BLOCK and piece.room is first.room and (block := piece.block_for_all(encoder)) is not None:
            blocks.append(block)
            size += len(block)
            upto += 1
            if upto == self._first + len(self._pieces):
                break
            piece = self._pieces[upto - self._first]
        run = (first, b"".join(blocks), upto) if blocks else (first, None, number + 1)
        self._runs[number, encoder] = run
        return run

    def _forget(self) -> None:
        """The pieces that everybody has been told."""
        while self._pieces and not self._owed[self._first]:
            piece = self._pieces.popleft()
            self._size -= piece.size
            piece.told()
            for author in self._authors.popleft():
                if self._last_of.get(author) == self._first:
                    del self._last_of[author]
            del self._owed[self._first]
            self._first += 1
        if not self._pieces:
            self._runs.clear()
