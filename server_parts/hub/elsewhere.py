"""The people at the other servers of this chat, as they are there.

Whoever is connected elsewhere is a client of this hub too: it bears its name, is a member of its rooms and is listed,
but what it is sent goes nowhere (see people/distant.py). Each server alone changes its own people; what it posts of
them is applied here, in its order. Owned by the hub, run only by its thread.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from server_parts.hub import announcing
from server_parts.hub.other_keys import OtherKeys
from server_parts.hub.state import HubState
from server_parts.people.distant import Distant, apply_facts, moment
from server_parts.people.last_bearers import SKEW
from server_parts.storage.exchange import OVER, Post

log = logging.getLogger("chat")


class Elsewhere:
    def __init__(self, state: HubState, is_over: Callable[[], None]) -> None:
        self._is_over = is_over  # called when a server is
        self._live_rooms = state.live_rooms
        self._conversations = state.conversations
        self._last_seen = state.last_seen
        self._other_keys = OtherKeys(state.exchange)
        self._newcomers: list[Distant] = []  # of whom this server has just heard
        self._people: dict[tuple[int, int], Distant] = {}  # by their server, and their number there
        self._stale: dict[int, set[int]] = {}  # of a server that says anew who is with it: whom it has not named yet
        self._dropped: set[tuple[int, int]] = set()  # given up here, and not yet gone where they are
        self.labels: dict[int, str] = {}  # what the servers call themselves
        self._instances: dict[int, str] = {}  # what they keep when they get another number
        self.expected: set[int] = set()  # servers that have not said yet who is with them …
        self._known: set[int] = set()  # … and those that have
        self.heard_since = 0  # the number of this server when it began to read what the others post
        self.missed: set[int] = set()  # those that never have, and are over …
        self.has_missed = False  # … and whether somebody else is to be asked about one of them
        self.told: Final[Mapping[str, Callable[[Post], None]]] = {
            announcing.PERSON: self._person,
            announcing.ENTERED: self._entered,
            announcing.LEFT: self._left,
            announcing.GONE: self._gone,
            announcing.DONE: self._done,
            announcing.ANEW: self._anew,
            announcing.LATELY: self._lately,
            announcing.COMPLETE: self._complete,
            OVER: self._over,
        }

    def counted(self, own: int) -> Counter[int]:
        """How many clients are connected to each server, by its number. By any thread."""
        everyone = self._live_rooms.names.connections()
        return Counter(c.server if isinstance(c, Distant) else own for c in everyone if not c.is_owner)

    # --- people ---

    def _person(self, post: Post) -> None:
        key = post.server, post.data["id"]
        if key in self._dropped:  # its server does not know that yet, or that was lost
            self._live_rooms.announcer.drop(*key)
            return
        facts, posted = post.data["facts"], time.monotonic() - post.age
        replaced, comes = moment(facts, "replaced", posted), "rooms" not in post.data
        self._stale.get(post.server, set()).discard(post.data["id"])
        distant = self._people.get(key)
        if distant is None:
            distant = self._people[key] = Distant(*key, self._live_rooms.announcer.ask)
            apply_facts(distant, facts)
            self._conversations.greet_distant(distant, facts, posted, comes=comes)
            self._live_rooms.welcome_distant(distant, facts["name"], replaced)
            self._newcomers.append(distant)
        elif distant.name != facts["name"]:
            self._bring_rooms_to(post.data["told"])
            apply_facts(distant, facts)
            self._live_rooms.rename_distant(distant, facts["name"], replaced)
        else:
            apply_facts(distant, facts)
        if "rooms" in post.data:
            self._set_rooms(distant, post.data["rooms"])

    def _set_rooms(self, distant: Distant, rooms: Iterable[str]) -> None:
        """A server says anew where somebody is."""
        for room in distant.rooms.keys() - set(rooms):
            self._live_rooms.catch_up(room)
            self._live_rooms.remove_distant(distant, room)
        for room in rooms:
            self._live_rooms.add_distant(distant, room)

    def _entered(self, post: Post) -> None:
        distant = self._people.get((post.server, post.data["id"]))
        if distant is not None:
            self._live_rooms.add_distant(distant, post.data["room"])

    def _left(self, post: Post) -> None:
        self._bring_rooms_to(post.data["told"])
        distant = self._people.get((post.server, post.data["id"]))
        if distant is not None:
            for room in post.data["told"]:
                self._live_rooms.remove_distant(distant, room)

    def _gone(self, post: Post) -> None:
        self._bring_rooms_to(post.data["told"])
        distant = self._people.get((post.server, post.data["id"]))
        if distant is not None and "behind" in post.data:
            distant.behind_since = moment(post.data, "behind", time.monotonic() - post.age) - SKEW
        self.forget(post.server, [post.data["id"]])
        self._dropped.discard((post.server, post.data["id"]))

    def _done(self, post: Post) -> None:
        distant = self._people.get((post.server, post.data["id"]))
        if distant is not None:
            distant.confirm(post.data["ask"])

    def _bring_rooms_to(self, told: Mapping[str, int]) -> None:
        """What was said before is heard before."""
        for room, last in told.items():
            self._live_rooms.catch_up(room, last)

    def forget(self, server: int, ids: Iterable[int]) -> None:
        for id in list(ids):
            self._stale.get(server, set()).discard(id)
            distant = self._people.pop((server, id), None)
            if distant is not None:
                distant.gone = True
                self._last_seen.note(distant)
                self._conversations.note_leaving(distant)
                self._live_rooms.leave_all(distant)

    def drop(self, server: int, id: int) -> None:
        """Somebody counts as gone, although their server has not said so."""
        self._dropped.add((server, id))
        self.forget(server, [id])

    def forget_all(self) -> None:
        """Of no server is it known any more who is with it."""
        for server, id in list(self._people):
            self.forget(server, [id])
        for known in (self._newcomers, self._stale, self._dropped, self.labels, self._instances, self.expected):
            known.clear()
        self.begin(0)

    # --- servers ---

    @property
    def strangers(self) -> set[int]:
        """Servers that were there before this one, and have not said yet who is with them."""
        return {server for server in self.expected - self._known if server < self.heard_since}

    def begin(self, server: int) -> None:
        """With this number, this server reads from now on all that others post. What was before it cannot read."""
        self.heard_since = server
        self._known.clear()
        self.missed.clear()

    def _over(self, post: Post) -> None:
        self.over(post.server)

    def over(self, server: int) -> None:
        """All who were with it are gone. What they said last is heard first."""
        label = self.labels.get(server) or f"number {server}"
        if server in self.strangers:
            self.missed.add(server)
            self.has_missed = True
        theirs = [id for other, id in self._people if other == server]
        for room in {room for id in theirs for room in self._people[server, id].rooms}:
            self._live_rooms.catch_up(room)
        self._is_over()
        self.forget(server, theirs)
        self.lose_sight_of(server)
        if theirs:
            log.info("the server %s has left, with %d connections", label, len(theirs))

    def _anew(self, post: Post) -> None:
        for former, instance in list(self._instances.items()):
            if instance == post.data["instance"] and former != post.server:
                self._renumber(former, post.server)
        for former in set(post.data["numbers"]) - {post.server}:
            self.lose_sight_of(former)
        self.labels[post.server], self._instances[post.server] = post.data["label"], post.data["instance"]
        self._other_keys.note(post.data["label"], post.data.get("key", ""))
        self._stale[post.server] = {id for other, id in self._people if other == post.server}

    def _renumber(self, former: int, server: int) -> None:
        """A server has lost its connection for a moment, and has another number now."""
        for id in [id for other, id in self._people if other == former]:
            distant = self._people[server, id] = self._people.pop((former, id))
            distant.server = server
        self._dropped |= {(server, id) for other, id in self._dropped if other == former}
        self.lose_sight_of(former)

    def lose_sight_of(self, server: int) -> None:
        self.labels.pop(server, None)
        self._instances.pop(server, None)
        self._stale.pop(server, None)
        self._dropped = {(other, id) for other, id in self._dropped if other != server}
        self.expected.discard(server)
        self._known.discard(server)

    def _complete(self, post: Post) -> None:
        self.forget(post.server, self._stale.pop(post.server, ()))
        self.expected.discard(post.server)
        self._known.add(post.server)
        for distant in [one for one in self._people.values() if one.server == post.server]:
            distant.ask_again()

    def _lately(self, post: Post) -> None:
        told = post.data
        if self.missed.intersection(told.get("servers", ())):  # it had not read by then who has left with them
            told = {field: value for field, value in told.items() if field != "since"}
        self._conversations.learn(told, time.monotonic() - post.age)

    def welcome_newcomers(self) -> None:
        """They hear what somebody here wrote to them before it was known that they are there."""
        while self._newcomers:
            self._live_rooms.resume_private_rooms(self._newcomers.pop())
