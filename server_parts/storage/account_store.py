"""What is kept of people: their accounts, the codes that open one, and the private rooms a name is part of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

from server_parts.storage.account_records import Account, Code, Purpose


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
    def account(self, name: str) -> Account | None:
        """The account that a name is; None if nobody has claimed it. Its devices are in the order they were added."""

    @abstractmethod
    def lookalikes(self, skeleton: str) -> list[str]:
        """The names of some accounts that look like that (see skeletons.py), as they are spelled."""

    @abstractmethod
    def code(self, hash: str) -> Code | None:
        """A code that was not used up; it may have expired."""

    @abstractmethod
    def count_codes(self, purpose: Purpose, account: int) -> int:
        """How many codes of an account there are that can still be used."""

    @abstractmethod
    def unused_accounts(self, day: int) -> dict[int, str]:
        """Accounts that were not used since that day and have no other role than member: names by ids, one slice."""

    @abstractmethod
    def forget_codes(self) -> None:
        """Let go of codes that have expired."""

    @abstractmethod
    def read_positions(self, account: int) -> dict[str, int]:
        """How far an account has read: the id of the last message of each room, where anything was read."""

    @abstractmethod
    def note_read(self, positions: Mapping[tuple[int, str], int]) -> None:
        """Accounts have read rooms up to these ids. No position goes back.

        Accounts and rooms that are not there are passed over. It may be less durable than what is appended.
        """

    @abstractmethod
    def private_rooms(self, name: str) -> dict[str, int]:
        """The private rooms a name is part of, each with the floor below which it may not read."""

    @abstractmethod
    def conversations(self, name: str) -> list[Conversation]:
        """The same rooms, with all that is known of them."""
