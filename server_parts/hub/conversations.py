"""Private rooms: who may write to whom, which ones are resumed, and when one closes. Owned by the hub.

What is said to a name that nobody has claimed is for whoever bears it now, never for the next one to bear it. So such
a room closes when its bearer leaves. A text that comes later may still have been sent before its writer was told of
that. So for a while after a name has changed hands, those who were here before cannot write to it, unless they have
asked since who is here, or joined the room with the new bearer. What a reader holds back, because it came too fast,
counts as sent when the first of it came.

So two times are compared: up to when the writer surely knows who bears which name (`people/knowledge.py`), and when
somebody else gave this one up (`people/last_bearers.py`). Both hold across servers: each server notes them by its own
clock when it hears who comes and goes, in the one order of all posts; what was before it started, the others tell it.
What it is not told counts as unknown: then what was written before is refused, rather than said to somebody else.
It must not know sockets or requests.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Final

from chat_common import partners
from server_parts.hub.live_rooms import LiveRooms
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client
from server_parts.people.contacts import Contacts
from server_parts.people.distant import Distant, moment
from server_parts.people.knowledge import UNDER_WAY, Knowledge
from server_parts.people.last_bearers import SKEW
from server_parts.protocol import events
from server_parts.protocol.requests import Refusal
from server_parts.storage.search_query import DAY
from server_parts.storage.store import Store

MAX_PRIVATE: Final = 1_000  # private rooms one client may be in
RESUMED: Final = 200  # of them at most are resumed at a hello …
ACTIVE: Final = 30 * DAY  # … if something was said in them within so many seconds
CLOSING: Final = 0.7  # seconds that another server may take to close a room
LATELY: Final = 600.0  # seconds for which a server that is new hears of those who have left


class Conversations:
    def __init__(
        self, store: Store, live_rooms: LiveRooms, rules: Rulebook, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._live_rooms = live_rooms
        self._clock = clock
        self._knowledge = Knowledge(clock)
        self._last_bearers = live_rooms.names.last_bearers
        self._contacts = Contacts(store, rules)
        self.hear_all_others: Callable[[], None] = lambda: None  # all that other servers have posted, or StorageError

    # --- coming and going ---

    def greet(self, client: Client, *, resumed: bool) -> None:
        """The client is about to come in. `resumed`: it may send what it wrote before it lost its connection."""
        client.came, client.resumed = self._clock(), resumed
        known = self._knowledge.of(client.session.key) if client.session is not None else -math.inf
        client.informed = client.came if not resumed else self._as_far_as_is_known(known)

    def _as_far_as_is_known(self, informed: float) -> float:
        """Of those who gave up a name before that, this server may know nothing."""
        return informed if informed >= self._last_bearers.known_since else -math.inf

    def greet_distant(self, client: Distant, facts: dict[str, Any], posted: float, *, comes: bool) -> None:
        """Somebody is at another server. `comes`: just now, or so this server has heard all that has happened since."""
        if comes:
            self.greet(client, resumed=facts.get("resumed", True))
        else:
            client.came, client.resumed = moment(facts, "came", posted), True
        client.informed = max(client.informed, moment(facts, "informed", posted) - SKEW)

    def resumed(self, name: str) -> dict[str, int]:
        """The rooms that the owner of a name finds again, newest first, each with the floor of what it may read."""
        since = time.time() - ACTIVE
        active = [found for found in self._store.conversations(name) if found.ts >= since]
        active.sort(key=lambda found: found.ts, reverse=True)
        return {found.room: found.floor for found in active[:RESUMED]}

    def note_leaving(self, client: Client) -> None:
        """The connection is over: what its session sends again later was written with what it knows by now."""
        self._knowledge.note_leaving(client)

    # --- what other servers know ---

    def lately(self, *, knows_all: bool) -> dict[str, Any]:
        """Who has left a short time ago, for a server that was not there. `knows_all`: from all servers that were.

        Names are told for longer than what sessions know. Otherwise times that are a little wrong would matter.
        """
        now = self._clock()
        told: dict[str, Any] = {"left": self._knowledge.lately(now - LATELY)}
        told["names"] = self._last_bearers.lately(now - LATELY - 4 * SKEW)
        return told | {"since": min(now - self._last_bearers.known_since, LATELY)} if knows_all else told

    def learn(self, told: dict[str, Any], posted: float) -> None:
        """The same, as another server has told it."""
        self._knowledge.learn(told["left"], posted)
        self._last_bearers.learn(told.get("names", {}), posted)  # an older server tells none
        if "since" in told:
            since = posted - told["since"] - 2 * SKEW
            self._last_bearers.known_since = min(self._last_bearers.known_since, since)

    def miss_some(self) -> None:
        """Some may have come and gone of whom this server will never hear, unless others have."""
        self._last_bearers.known_since = self._clock()

    def close(self, client: Client) -> None:
        """The client gives its name up: if that is nobody's, its private rooms close for both who are in them."""
        if client.trusted or client.is_owner or self._live_rooms.names.others(client):
            return
        for room in self._live_rooms.private_rooms(client.name):  # it may have left one that the other is still in
            members = list(room.members)
            names = list(dict.fromkeys([client.name, *(member.name for member in members)]))
            for member in members:
                self._live_rooms.leave(member, room)
                if not member.gone:
                    left = [*(name for name in names if name != member.name), member.name]
                    member.tell(events.presence(room.name, {"left": left}, 0))

    def is_closing(self, name: str) -> bool:
        """Whether somebody at another server may still be writing to the one who has just given this name up."""
        names = self._live_rooms.names
        if names.find(name) is not None or names.is_claimed(name):
            return False
        if self._clock() - self._last_bearers.left(name) >= CLOSING:
            return False
        return any(member.is_distant for room in self._live_rooms.private_rooms(name) for member in room.members)

    def forget(self, name: str) -> None:
        """The name is nobody's any more: whom its owner knew means nothing for the next one."""
        self._contacts.forget(name)

    def answered(self, client: Client) -> None:
        """The client is told who is here, because it asked."""
        client.asked = self._sent(client)

    def joined(self, client: Client, room: str) -> None:
        """The client asked for a private room: it means whoever bears the other name now."""
        other = self._live_rooms.names.find(_other(client, room))
        if other is not None and other.replaced <= self._sent(client):
            if len(client.joined_with) >= MAX_PRIVATE:
                client.joined_with.clear()
            client.joined_with[room] = other.bearing

    # --- writing ---

    def place(self, client: Client, room: str) -> str | Refusal:
        """The room of two people, opened for both of them, at all their connections."""
        names = self._live_rooms.names
        name = _other(client, room)
        last = self._hear_who_is_there(client, name, room)
        others = names.bearers(name)
        other = others[0] if others else None
        if not name:
            return Refusal("no_such_user", "you cannot send a private message to yourself", "room")
        if other is None and not names.is_claimed(name):
            return Refusal("no_such_user", f"there is nobody called {name} to talk to", "room")
        if other is not None and self._may_be_mistaken(client, other, room):
            return _another(name)
        members = [one for one in (*names.bearers(client.name), *others) if room not in one.rooms]
        if members or room not in client.wrote_in:
            refusal = self._refusal(client, other, name, room, members)
            if refusal is not None:
                return refusal
            for member in members:
                self.bring_in(member, room, last, last)
            self._note(client, room)
        if other is not None and other.away is not None:
            client.tell(events.notice(f"{other.name} is away: {other.away}"))
        return room

    def meant(self, client: Client, room: str, age: float) -> Refusal | None:
        """Whether what the client began to send so many seconds ago is not for who bears the other name now."""
        other = self._live_rooms.names.find(_other(client, room))
        if other is None or other.replaced <= max(self._clock() - age, client.asked):
            return None
        return None if client.joined_with.get(room) == other.bearing else _another(other.name)

    def bring_in(self, client: Client, room: str, floor: int, after: int | None, history: int = 0) -> None:
        """Make somebody a member who has not asked for it: their reader knows of nothing."""
        told = self._live_rooms.enter(client, room, floor, after, history)
        try:
            client.outbox.offer(b"".join(told))
        except ConnectionAbortedError:  # the log cannot be read: they come back, and have the room then
            client.outbox.cut()

    def _hear_who_is_there(self, client: Client, name: str, room: str) -> int:
        """The number from above which those hear the room who are not in it yet.

        StorageError: others may have said how far back they are to hear it, and that cannot be read now.
        """
        names = self._live_rooms.names
        others = names.bearers(name)
        if others and all(room in one.rooms for one in (*names.bearers(client.name), *others)):
            return 0
        # In this order: if somebody at another server has written up to that number, their posts can be read by now.
        last = self._store.last(room)
        self.hear_all_others()
        return last

    @staticmethod
    def _note(client: Client, room: str) -> None:
        """What was found out about a conversation need not be looked at for each text."""
        if len(client.wrote_in) >= MAX_PRIVATE:
            client.wrote_in.clear()
        client.wrote_in[room] = None

    def _may_be_mistaken(self, writer: Client, bearer: Client, room: str) -> bool:
        """Whether the writer may not know yet that another one bears the name now."""
        if bearer.replaced <= writer.informed or writer.joined_with.get(room) == bearer.bearing:
            return False
        sent = self._sent(writer)
        # What is sent again after a reconnect was written before whatever this connection has been told.
        if writer.resumed and sent < writer.came + UNDER_WAY:
            return True
        return bearer.replaced > max(writer.asked, sent - UNDER_WAY)

    def _sent(self, client: Client) -> float:
        """When the client has sent, at the earliest, what it asks for now: its reader may have held that back."""
        return min(self._clock(), client.behind_since)

    def _refusal(
        self, client: Client, other: Client | None, name: str, room: str, members: list[Client]
    ) -> Refusal | None:
        """Why these two may not talk: too many strangers wait for an answer already, or too many rooms are open."""
        if not client.is_owner and (other is None or not other.is_owner):
            for member in members:
                if len(member.rooms) >= MAX_PRIVATE and sum(map(_is_private, member.rooms)) >= MAX_PRIVATE:
                    return Refusal("too_many", f"{member.name} is in too many conversations already", "room")
        return self._contacts.refusal(client, other, name, room)


def _another(name: str) -> Refusal:
    return Refusal("no_such_user", f"this is a different {name} than before: join @{name} to talk to them", "room")


def _is_private(room: str) -> bool:
    return room.startswith("@")


def _other(client: Client, room: str) -> str:
    """The other one's name; nothing if there is no other one."""
    return next((name for name in partners(room) if name != client.name.lower()), "")
