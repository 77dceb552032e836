"""What a door is: bytes → requests on the way in, events → bytes on the way out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from chat_common import Frame
from server_parts.protocol.requests import Request
from server_parts.storage.message_log import Run


class Encoder(Protocol):
    """How events look on one side of a door."""

    newest_last: bool  # of what a search found: the reading order of people. It is told then how much was shown before.

    def frame(self, frame: Frame) -> bytes:
        """One event."""

    def live(self, runs: Iterable[Run], author: str | None = None) -> bytes:
        """New messages of one room: the same bytes for everyone, unless `author` gets receipts in another form."""

    def pages(self, frame: Frame, field: str, items: Sequence[Any]) -> bytes:
        """An event with a long list in `field`, as one or more frames."""


class Door(Protocol):
    """One conversation's way in."""

    encoder: Encoder

    def receive(self, data: bytes, now: float) -> list[Request]:
        """What these bytes ask for."""

    def deadline(self) -> float | None:
        """When to come back with `silence` if nothing has arrived; None: never."""

    def silence(self, now: float) -> list[Request]:
        """What it means that nothing has arrived until now."""

    def end(self) -> list[Request]:
        """What it means that nothing will arrive any more."""
