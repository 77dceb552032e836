"""Interface of a door: bytes become requests. What goes out is the work of its encoder."""

from __future__ import annotations

from typing import Protocol

from server_parts.protocol.encoder import Encoder
from server_parts.protocol.requests import Request


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

    def welcomed(self) -> None:
        """The hub let the client in."""
