"""What the other servers of this chat are told of the people who are connected here, and what is asked of them.

Posts are collected, and go out before the texts of the same turn are stored: nobody is heard before they are known, and
whoever leaves has been heard first. For that a post says up to which number its room had been told here. Owned by the
hub, run only by its thread. What other servers post is for neighbours.py.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from server_parts.people.clients import Client, Room
from server_parts.people.distant import Distant, facts_of
from server_parts.storage.exchange import Exchange, Post
from server_parts.storage.records import StorageError

# What happens to people: who comes, or has changed; where they enter, what they leave; who goes.
PERSON, ENTERED, LEFT, GONE = "person", "entered", "left", "gone"
# Something is asked of another server, for one of its people, and is done; or that one is given up for it.
ASKED, DONE, DROPPED = "asked", "done", "dropped"
# A new server wants to know who is where; all of one server begins; that was all.
WHO, ANEW, COMPLETE = "who", "anew", "complete"
# It should know, too, who has left a short time ago.
LATELY = "lately"

MOST_POSTED: Final = 10_000  # posts at a time: so many people who come back at once are one transaction


class Untold(StorageError):
    """Something cannot be said because other servers do not know of it."""


class Announcer:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.is_alone = exchange.is_alone
        self._posts: list[Post] = []
        self.fault: StorageError | None = None  # since then nothing is posted
        self.people: dict[int, Client] = {}  # who is here, by the numbers under which others know them
        self._decided: set[Client] = set()  # those who were given a name that is not posted yet …
        self.unheard: set[Client] = set()  # … and of whom the others may never hear: that could not be posted
        self._unasked: set[str] = set()  # private rooms to which somebody elsewhere could not be asked

    def _add(self, kind: str, data: dict[str, Any]) -> None:
        self._posts.append(Post(self._exchange.server, kind, data))

    # --- people ---

    def person(self, client: Client, told: Mapping[str, int] | None = None) -> None:
        """Somebody came, or has changed. `told`: how far their rooms had been told what they said by another name."""
        is_decided = client.number not in self.people or told is not None
        if self._person(client, {"told": dict(told or {})}) and is_decided:
            self._decided.add(client)

    def introduce(self, client: Client) -> None:
        """The same for those who may know nothing of them, or something that is not so any more."""
        self._person(client, {"told": {}, "rooms": list(client.rooms)})

    def _person(self, client: Client, more: dict[str, Any]) -> bool:
        """Whether that is to be told at all."""
        if self.is_alone or client.is_distant or client.session is None:
            return False
        self.people[client.number] = client
        self._add(PERSON, {"id": client.number, "facts": facts_of(client, time.monotonic()), **more})
        return True

    def entered(self, client: Client, room: Room) -> None:
        if not self.is_alone and not client.is_distant:
            self._add(ENTERED, {"id": client.number, "room": room.name})

    def left(self, client: Client, room: Room) -> None:
        if not self.is_alone and not client.is_distant:
            self._add(LEFT, {"id": client.number, "told": {room.name: room.last}})

    def gone(self, client: Client) -> None:
        if self.people.pop(client.number, None) is None:
            return
        post = {"id": client.number, "told": {room.name: room.last for room in client.rooms.values()}}
        if client.behind_since != math.inf:
            post["behind"] = time.monotonic() - client.behind_since
        self._add(GONE, post)

    # --- other servers ---

    def ask(self, client: Distant, what: str, details: dict[str, Any]) -> None:
        self._add(ASKED, {"server": client.server, "id": client.id, "what": what, **details})

    def done(self, client: Client, ask: str) -> None:
        """What another server has asked for is done; it would ask again."""
        self._add(DONE, {"id": client.number, "ask": ask})

    def drop(self, server: int, id: int) -> None:
        """Its server does not answer: it is treated as if it had gone, and its server hears of that when it can."""
        self._add(DROPPED, {"server": server, "id": id})

    def say(self, kind: str, **details: Any) -> None:
        self._add(kind, details)

    def flush(self) -> None:
        """All of it is posted; or there is a `fault`, and this server has to say all of it anew."""
        if self.fault is None:
            try:
                for start in range(0, len(self._posts), MOST_POSTED):
                    self._exchange.post(self._posts[start : start + MOST_POSTED])
            except StorageError as error:
                self.fault = error
            else:
                self._decided.clear()
        if self.fault is not None:
            self._give_up()
        self._posts.clear()

    def lose(self, fault: StorageError) -> None:
        """The others cannot be reached: until all is said anew, nothing else is."""
        self.fault = fault
        self._give_up()
        self._posts.clear()

    def _give_up(self) -> None:
        self.unheard |= self._decided
        self._decided.clear()
        self._unasked |= {post.data["room"] for post in self._posts if post.data.get("what") == "enter"}

    def check(self, writers: Iterable[Client], rooms: Iterable[str]) -> None:
        """Untold, if something is said that others would hear from a stranger, or not at all. First comes `flush`."""
        if self.unheard.intersection(writers) or self._unasked.intersection(rooms):
            raise Untold("the other servers could not be told who says that, or who is to hear it")

    def forget(self) -> None:
        """All is said anew."""
        for kept in (self._posts, self._decided, self.unheard, self._unasked):
            kept.clear()
        self.fault = None
