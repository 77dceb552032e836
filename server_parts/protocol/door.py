"""Interface of a door: bytes become requests. What goes out is the work of its encoder."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from server_parts.protocol.encoder import Encoder
from server_parts.protocol.requests import Refusal, Request


class Inside(Protocol):
    """What a door may know of its client, once that is in: as it is when nothing that it asked for is under way."""

    @property
    def rooms(self) -> Collection[str]:
        """Where it is. That may change at any time: copy it before you go through it."""

    def password_refusal(self) -> Refusal | None:
        """Why it cannot set a password; None if it can."""

    def has_password(self) -> bool:
        """Whether its account has one."""


class Door(Protocol):
    """One conversation's way in."""

    @property
    def encoder(self) -> Encoder:
        """How what goes out looks. It may change until the client is in."""

    def receive(self, data: bytes, now: float) -> list[Request]:
        """What these bytes ask for."""

    def deadline(self) -> float | None:
        """When to come back with `silence` if nothing has arrived; None: never."""

    def silence(self, now: float) -> list[Request]:
        """What it means that nothing has arrived until now."""

    def end(self) -> list[Request]:
        """What it means that nothing will arrive any more."""

    def welcomed(self, inside: Inside | None = None) -> None:
        """The hub let the client in."""
