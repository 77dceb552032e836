"""What is kept of people: whose a name is, and the private rooms it is part of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple


class Conversation(NamedTuple):
    """A private room as one of its two people sees it."""

    room: str
    floor: int  # what is numbered up to it, that person may not read
    last: int
    ts: float  # when its newest message was said; 0 if that is not kept any more
    spoke: bool  # that person has said something in it


class AccountStore(ABC):
    """Names are compared without case."""

    @abstractmethod
    def owner(self, name: str) -> str | None:
        """The hashed token that a name (in any case) was claimed with; None if nobody has claimed it."""

    @abstractmethod
    def private_rooms(self, name: str) -> dict[str, int]:
        """The private rooms a name is part of, each with the floor below which it may not read."""

    @abstractmethod
    def conversations(self, name: str) -> list[Conversation]:
        """The same rooms, with all that is known of them."""
