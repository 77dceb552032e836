"""What the servers of one chat tell each other about the people who are connected to them.

It is one list of posts that every server writes to and reads in the same order. Nothing in it outlives the servers:
what is to be kept is in the log. What posts mean, `hub.neighbours` says. This module must not know sockets or clients.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, NamedTuple

from server_parts.storage.records import StorageError

OVER: Final = "over"  # the kind of a post that ends all that its server has said: it left, or it is lost


class Post(NamedTuple):
    server: int  # that wrote it
    kind: str
    data: dict[str, Any]  # as JSON has it
    age: float = 0.0  # seconds since it was posted, when it is read


class Sighting(NamedTuple):
    """A server of this chat, as the others can tell."""

    label: str
    since: float  # when it came, or came back after a loss of the database
    silence: float  # seconds since it last looked for posts, as a live one does all the time; inf: nobody knows


class Missed(StorageError):
    """Some posts are gone that this server had not read."""


class Excluded(StorageError):
    """The others have given this server up: whoever is connected to it has to come in again."""


class Exchange(ABC):
    """One server's end of it. Used by one thread, but for `is_waiting` and `sightings`."""

    server: int  # the number of this one; another one after `Excluded`
    numbers: Sequence[int] = ()  # all that this one has had
    label: str = ""  # what this server calls itself; to be set before it starts, like the next one
    key: Callable[[], str] = staticmethod(lambda: "")  # the fingerprint of the public key by which clients know it
    is_alone: bool = False  # there can be no other server

    @abstractmethod
    def deciding(self) -> AbstractContextManager[None]:
        """Inside, no other server decides or posts anything."""

    @abstractmethod
    def post(self, posts: Sequence[Post]) -> None:
        """Add posts to the list, all of them or none."""

    @abstractmethod
    def read(self) -> list[Post]:
        """What the other servers have posted since the last time. A server that is lost is `OVER`."""

    @property
    @abstractmethod
    def is_waiting(self) -> bool:
        """Whether there may be something to read. By any thread."""

    @property
    @abstractmethod
    def is_given_up(self) -> bool:
        """Whether this server was `Excluded`, and has posted nothing since: its people have to come in again."""

    @property
    def is_cut_off(self) -> bool:
        """Whether nothing answers here, so that the others may well go on without this server."""
        return False

    @abstractmethod
    def servers(self) -> dict[int, str]:
        """The servers that are there, this one too, and what each calls itself."""

    @abstractmethod
    def sightings(self) -> dict[int, Sighting]:
        """The same servers, and what is known of each. By any thread."""

    @abstractmethod
    def gone(self, servers: Collection[int]) -> set[int]:
        """Those of them that are not there any more, as far as can be told without asking them."""

    @abstractmethod
    def give_up(self, servers: Collection[int]) -> None:
        """Inside `deciding`: these are `OVER`. If they live nevertheless, they are `Excluded`."""

    @abstractmethod
    def start_over(self) -> None:
        """After an error, or at the start: be one of the servers, and read what is posted from now on.

        Raises Excluded if the others have given this server up and it did not know that yet.
        """

    @abstractmethod
    def close(self) -> None:
        """Leave. The others read `OVER`."""


class Alone(Exchange):
    """That of a server with a log of its own."""

    server = 0
    is_alone = True
    is_waiting = is_given_up = False

    def deciding(self) -> AbstractContextManager[None]:
        return nullcontext()

    def post(self, posts: Sequence[Post]) -> None:
        pass

    def read(self) -> list[Post]:
        return []

    def servers(self) -> dict[int, str]:
        return {}

    def sightings(self) -> dict[int, Sighting]:
        return {}

    def gone(self, servers: Collection[int]) -> set[int]:
        return set()

    def give_up(self, servers: Collection[int]) -> None:
        pass

    def start_over(self) -> None:
        pass

    def close(self) -> None:
        pass
