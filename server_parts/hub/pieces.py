"""What a room is told, as its members' doors show it: texts that were said, and single events.

Encoded once for each kind of door. Run only by the hub's thread. It must not know when anybody is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chat_common import Frame
from server_parts.hub.quoting import as_told, note_last
from server_parts.people.clients import Client, Room
from server_parts.protocol.encoder import Encoder
from server_parts.storage.message_log import MessageLog
from server_parts.storage.records import Run

A_TEXT: Final = 150  # bytes that a text takes besides itself


class Texts:
    """Each author's own copy is its receipt."""

    __slots__ = ("_blocks", "_runs", "_store", "room", "sessions")

    def __init__(self, room: Room, runs: Sequence[Run], store: MessageLog) -> None:
        self.room = room
        self.sessions = {run.session for run in runs}
        self._runs = runs
        self._store = store
        self._blocks: dict[Encoder, bytes] = {}

    @property
    def size(self) -> int:
        return sum(len(text) + A_TEXT for run in self._runs for text in run.texts)

    def block_for_all(self, encoder: Encoder) -> bytes | None:
        return None if encoder.own_receipts else self._block(encoder)

    def block(self, client: Client) -> bytes:
        encoder = client.encoder
        if encoder.own_receipts and client.session is not None and client.session.key in self.sessions:
            note_last(client, self._runs)
            return encoder.live(as_told(self._store, encoder, self._runs), client.session.key)
        return self._block(encoder)

    def _block(self, encoder: Encoder) -> bytes:
        block = self._blocks.get(encoder)
        if block is None:
            block = self._blocks[encoder] = encoder.live(as_told(self._store, encoder, self._runs))
        return block

    def tell_all(self, slow: dict[Client, None]) -> None:
        """At once, and as quickly as can be: this runs for every client of every message in all rooms but crowds."""
        blocks = self._blocks
        for client in self.room.members:
            encoder = client.encoder
            block = self.block(client) if encoder.own_receipts or encoder not in blocks else blocks[encoder]
            if not client.outbox.offer(block):
                slow[client] = None

    def told(self) -> None:
        pass


class Event:
    """The same for everybody in a room."""

    __slots__ = ("_blocks", "_frame", "room", "size")

    def __init__(self, room: Room, frame: Frame) -> None:
        self.room = room
        self.size = A_TEXT
        self._frame = frame
        self._blocks: dict[Encoder, bytes] = {}

    def block_for_all(self, encoder: Encoder) -> bytes:
        block = self._blocks.get(encoder)
        if block is None:
            block = self._blocks[encoder] = encoder.frame(self._frame)
        return block

    def block(self, client: Client) -> bytes:
        return self.block_for_all(client.encoder)

    def told(self) -> None:
        pass
