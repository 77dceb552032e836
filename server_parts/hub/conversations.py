"""Private rooms: who may write to whom, which ones are resumed, and when one closes. Owned by the hub.

What is said to a name that nobody has claimed is for whoever bears it now, never for the next one to bear it. So such
a room closes when its bearer leaves. A text that comes later may still have been sent before its writer was told of
that. So for a while after a name has changed hands, those who were here before cannot write to it, unless they have
asked since who is here, or joined the room with the new bearer.
It must not know sockets or requests.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from chat_common import partners
from server_parts.hub.live_rooms import LiveRooms
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client
from server_parts.people.contacts import Contacts
from server_parts.protocol import events
from server_parts.protocol.requests import Refusal
from server_parts.storage.search_query import DAY
from server_parts.storage.store import Store

MAX_PRIVATE: Final = 1_000  # private rooms one client may be in
RESUMED: Final = 200  # of them at most are resumed at a hello …
ACTIVE: Final = 30 * DAY  # … if something was said in them within so many seconds
UNDER_WAY: Final = 10.0  # seconds that a text may take, or that its writer may take to hear who is who
LATELY: Final = 60.0  # seconds for which a server that is new hears of those who have left
MOST_REMEMBERED: Final = 10_000  # sessions that left


class Conversations:
    def __init__(
        self, store: Store, live_rooms: LiveRooms, rules: Rulebook, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._live_rooms = live_rooms
        self._clock = clock
        self._started = clock()
        self._left: OrderedDict[str, float] = OrderedDict()  # sessions, and when they left
        self._contacts = Contacts(store, rules)
        self.hear_all_others: Callable[[], None] = lambda: None  # all that other servers have posted, or StorageError

    # --- coming and going ---

    def greet(self, client: Client, *, resumed: bool) -> None:
        """The client is about to come in. `resumed`: it may send what it wrote before it lost its connection."""
        client.came = self._clock()
        key = client.session.key if client.session is not None else ""
        left = self._left.get(key)
        if not resumed:
            client.informed = client.came
        else:  # of those who bore a name before this server started, it knows nothing
            client.informed = -math.inf if left is None else max(left - UNDER_WAY, self._started)
        client.resumed = resumed

    def resumed(self, name: str) -> dict[str, int]:
        """The rooms that the owner of a name finds again, newest first, each with the floor of what it may read."""
        since = time.time() - ACTIVE
        active = [found for found in self._store.conversations(name) if found.ts >= since]
        active.sort(key=lambda found: found.ts, reverse=True)
        return {found.room: found.floor for found in active[:RESUMED]}

    def note_leaving(self, client: Client) -> None:
        """The connection is over: what its session sends again later was written with what it knows by now."""
        if client.session is not None and client.session.key:
            self._left[client.session.key] = self._clock()
            self._left.move_to_end(client.session.key)
            if len(self._left) > MOST_REMEMBERED:
                self._left.popitem(last=False)

    def left_lately(self) -> dict[str, float]:
        """Sessions that have left, and how many seconds ago: for a server that was not there then."""
        now = self._clock()
        return {key: now - left for key, left in self._left.items() if now - left < LATELY}

    def learn_who_left(self, ages: Mapping[str, float]) -> None:
        """The same, as another server knows it. The order in which they are forgotten matters little."""
        now = self._clock()
        for key, age in ages.items():
            self._left[key] = max(now - age, self._left.get(key, -math.inf))

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

    def forget(self, name: str) -> None:
        """The name is nobody's any more: whom its owner knew means nothing for the next one."""
        self._contacts.forget(name)

    def answered(self, client: Client) -> None:
        """The client is told who is here, because it asked."""
        client.asked = self._clock()

    def joined(self, client: Client, room: str) -> None:
        """The client asked for a private room: it means whoever bears the other name now."""
        other = self._live_rooms.names.find(_other(client, room))
        if other is not None:
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
            text = f"this is a different {name} than before: join @{name} to talk to them"
            return Refusal("no_such_user", text, "room")
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
        now = self._clock()
        # What is sent again after a reconnect was written before whatever this connection has been told.
        if writer.resumed and now < writer.came + UNDER_WAY:
            return True
        return bearer.replaced > max(writer.asked, now - UNDER_WAY)

    def _refusal(
        self, client: Client, other: Client | None, name: str, room: str, members: list[Client]
    ) -> Refusal | None:
        """Why these two may not talk: too many strangers wait for an answer already, or too many rooms are open."""
        if not client.is_owner and (other is None or not other.is_owner):
            for member in members:
                if len(member.rooms) >= MAX_PRIVATE and sum(map(_is_private, member.rooms)) >= MAX_PRIVATE:
                    return Refusal("too_many", f"{member.name} is in too many conversations already", "room")
        return self._contacts.refusal(client, other, name, room)


def _is_private(room: str) -> bool:
    return room.startswith("@")


def _other(client: Client, room: str) -> str:
    """The other one's name; nothing if there is no other one."""
    return next((name for name in partners(room) if name != client.name.lower()), "")
