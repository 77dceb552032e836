"""The rooms with somebody in them: who is there, and who is called what. Owned by the hub, run only by it.

It sends to clients but never waits for one. How comings and goings are told is in `comings.py`, how a crowd is told
anything in `telling.py`, which also notes who cannot keep up, for the hub to let go.
It must not know sockets or requests, and it stores nothing: that is the log's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from chat_common import Frame, partners
from server_parts.hub.announcing import Announcer
from server_parts.hub.comings import Comings, without_doubles
from server_parts.hub.lists import room_list
from server_parts.hub.pages import entry
from server_parts.hub.pieces import Event, Texts
from server_parts.hub.telling import Telling, is_crowd
from server_parts.hub.untold import beyond, untold
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client, Room
from server_parts.people.described import described, how_far
from server_parts.people.distant import Distant
from server_parts.people.names import Names
from server_parts.protocol import events
from server_parts.protocol.requests import Rooms
from server_parts.storage.account_records import Account
from server_parts.storage.exchange import Alone
from server_parts.storage.records import Run, one_by_one
from server_parts.storage.store import Store

MISSED_PAGE: Final = 1_000  # messages of other servers that are read at a time

log = logging.getLogger("chat")


class LiveRooms:
    def __init__(self, store: Store, operator: str, rules: Rulebook, announcer: Announcer | None = None) -> None:
        self._rules = rules
        self.announcer = announcer or Announcer(Alone())
        self.catch_up_with_others: Callable[[], None] = lambda: None  # who is where, as other servers have posted it
        self.names = Names(store, operator)
        self.sessions: dict[str, Client] = {}
        self.rooms: dict[str, Room] = {}
        self._private: dict[str, dict[str, Room]] = {}  # the private ones, by each of their two names
        self.telling = Telling()
        self.comings = Comings(self.telling)
        self.messages = 0
        self.deliveries = 0
        self._store = store

    # --- rooms ---

    def enter(
        self, client: Client, name: str, floor: int | None, after: int | None, history: int, *, gap: bool = False
    ) -> Iterator[bytes]:
        """Make the client a member. Returns what brings it up to date; all that is said now waits behind that.

        `floor` is the number up to which it may not read; None: it may read nothing that was said.
        """
        if isinstance(client, Distant):
            client.enter(name, self._store.last(name) if after is None else after)
            return iter(())
        self.telling.settle(client)
        room = self.rooms.get(name) or Room(name, 0)
        if not room.here:  # what was said since nobody here heard it
            room.last = self._store.last(name)
        if after is not None and after > room.last and not self.announcer.is_alone:  # heard at another server
            for runs in beyond(self._store, name, room.last):
                self.publish(name, runs)
                room.last = max(room.last, runs[-1].last)
        lowest = room.last if floor is None else max(floor, self._store.first(name) - 1)
        if name not in self.rooms:  # nothing can fail from here on
            self._open(room)
        if client not in room.members:
            self._add(client, room)
            if partners(name):
                client.floors[name] = room.last if floor is None else floor
        if after is None or after > room.last:  # an id from the future: its numbers mean nothing here
            gap = gap or after is not None
            start = max(room.last - history, lowest)
        else:
            gap = gap or after < lowest
            start = max(after, lowest)
        joined = events.joined(name, room.last, room.people) | described(client, name, self._rules)
        joined |= how_far(client, name, lowest, room.last)
        return entry(self._store, client.encoder, joined, start, gap=gap)

    def _open(self, room: Room) -> None:
        self.rooms[room.name] = room
        for partner in set(partners(room.name)):
            self._private.setdefault(partner, {})[room.name] = room

    def _close(self, room: Room) -> None:
        del self.rooms[room.name]
        self.comings.close(room)
        for partner in set(partners(room.name)):
            del self._private[partner][room.name]
            if not self._private[partner]:
                del self._private[partner]

    def private_rooms(self, name: str) -> list[Room]:
        """Those of that name in which somebody is: its bearer, or the other one."""
        return list(self._private.get(name.lower(), {}).values())

    def _add(self, client: Client, room: Room) -> None:
        self.telling.settle(client)
        if self._is_double(client, room):
            room.members[client] = room.news.end  # it knows who is there, as joined says how many
            room.doubles += 1
        elif client.is_silent:
            room.members[client] = room.news.end
        else:
            room.members[client] = room.news.enter(client.name)
            self.comings.note(room)
        client.rooms[room.name] = room
        room.here += not client.is_distant
        if not client.is_silent:
            self.announcer.entered(client, room)

    def appear(self, client: Client) -> None:
        """Others are told that it is here, who has been silent so far."""
        if not client.is_silent:
            return
        client.is_silent = False
        for room in client.rooms.values():
            knows_all = room.members[client] == room.news.end
            room.news.enter(client.name)
            if knows_all:
                room.members[client] = room.news.end
            self.comings.note(room)
            self.announcer.entered(client, room)

    def _is_double(self, client: Client, room: Room) -> bool:
        """Whether its person is in the room with another connection too."""
        return any(other in room.members for other in self.names.others(client))

    def leave(self, client: Client, room: Room, kick: int | None = None) -> None:
        """`kick`: the number of the act by which it has to."""
        if isinstance(client, Distant):
            client.leave(room.name, kick)
            return
        self.announcer.left(client, room)
        self._remove(client, room)

    def _remove(self, client: Client, room: Room) -> None:
        self.telling.settle(client)
        del room.members[client], client.rooms[room.name]
        room.here -= not client.is_distant
        if self._is_double(client, room):
            room.doubles -= 1
        elif not room.members:
            self._close(room)
        elif not client.is_silent:
            room.news.left(client.name)
            self.comings.note(room)

    def leave_all(self, client: Client) -> None:
        """Out of everything: rooms, name and session."""
        self.announcer.gone(client)
        for room in list(client.rooms.values()):
            self._remove(client, room)
        self.names.release(client)
        session, client.session = client.session, None
        if session is not None and self.sessions.get(session.key) is client:
            del self.sessions[session.key]

    def rename(self, client: Client, new: str | None, account: Account | None = None) -> None:
        """The client is told at once, as it knows its own messages by the name they carry; the others as usual.

        Without a new name it gets that of a guest; `account` is what the new name is, if it is the client's own. Other
        connections of its person keep the old one.
        """
        self.telling.settle(client)
        self.appear(client)
        old = client.name
        stays = [room for room in client.rooms.values() if self._is_double(client, room)]
        if new is None or new.lower() != old.lower():
            for room in [room for room in client.rooms.values() if partners(room.name)]:
                self.leave(client, room)
        if new is None:
            self.names.take_guest(client)
        else:
            self.names.take(new, client, account)
        if client.name != old:
            for room in client.rooms.values():
                self._note_rename(client, room, old, stays=room in stays)
        self.announcer.person(client, {room.name: room.last for room in client.rooms.values()})
        pair = [old, client.name]
        answer = [events.presence(room.name, {"renamed": [pair]}, room.people) for room in client.rooms.values()]
        answer = answer or [events.presence(None, {"renamed": [pair]}, 0)]
        if client.name.lower() != old.lower():
            answer += [events.presence(r.name, {"joined": [old]}, r.people) for r in stays if r.name in client.rooms]
        if client.encoder.is_for_people:
            answer = without_doubles(client, answer)
        self.telling.offer(client, b"".join(map(client.encoder.frame, answer)))  # one block: it may be in many rooms

    def _note_rename(self, client: Client, room: Room, old: str, *, stays: bool) -> None:
        """Whom the client still knows by one of the two names, it is told of first. `stays`: so does its old name."""
        joins = self._is_double(client, room)
        room.doubles += joins - stays
        if stays or joins or room.news.is_named(old) or room.news.is_named(client.name):
            self.comings.bring_up_to_date(client, room)
        knows_all = room.members[client] == room.news.end
        if stays and joins:
            return
        if stays:
            room.news.enter(client.name)
        elif joins:
            room.news.left(old)
        else:
            room.news.renamed(old, client.name, client)
        if knows_all:
            room.members[client] = room.news.end
        self.comings.note(room)

    def list_rooms(self, client: Client, wanted: Rooms) -> None:
        """Those that there are now. To put them in order and into words is left to the client's reader."""
        self.telling.settle(client)
        client.outbox.offer_pages(room_list(client, wanted, self.rooms.copy(), self._store.rooms(), self._rules))

    # --- telling what was said ---

    def publish(self, name: str, committed: Sequence[Run]) -> None:
        """Tell a room what the log holds: each message once, in the order of their numbers, whoever brings it.

        Encode once, send many. Each author's own copy is its receipt.
        """
        room = self.rooms.get(name)
        if room is None or not room.here:
            return  # said elsewhere, and nobody here is in that room
        runs = untold(self._store, name, room.last, committed)
        if not self.announcer.is_alone and not all(
            any(bearer in room.members for bearer in self.names.bearers(run.sender)) for run in runs
        ):
            self.catch_up_with_others()  # which may tell some of these
            runs = untold(self._store, name, room.last, runs)
        if not runs:
            return
        if room.news:
            self.comings.introduce(room, {run.sender for run in runs})
        said = sum(len(run.texts) for run in runs)
        room.last = runs[-1].last
        self.messages += said
        self.deliveries += said * room.here
        self._tell(Texts(room, runs, self._store))

    def _tell(self, texts: Texts) -> None:
        """A crowd is told a few members at a time, its authors first."""
        room = texts.room
        if is_crowd(room):
            speakers = [self.sessions[key] for key in texts.sessions if key in self.sessions]
            self.telling.add(texts, [client for client in speakers if client in room.members])
            return
        if self.telling:
            for client in room.members:
                self.telling.settle(client)
        texts.tell_all(self.telling.slow)

    def tell_room(self, name: str, frame: Frame, by: Client | None = None) -> None:
        """An event, for whoever is in a room and connected to this server; and for `by`, who has asked for it."""
        room = self.rooms.get(name)
        if by is not None and (room is None or by not in room.members):
            by.tell(frame)
            by = None
        if room is None:
            return
        if is_crowd(room):
            self.telling.add(Event(room, frame), [] if by is None else [by])
            return
        for client in list(room.members):
            if not client.is_distant:
                client.tell(frame)

    def catch_up(self, name: str, upto: int | None = None) -> None:
        """Tell a room what was said at other servers up to a number, or so far."""
        room = self.rooms.get(name)
        if room is None or not room.here:
            return
        last = self._store.last(name) if upto is None else upto
        while room.last < last:
            before = room.last
            self.publish(name, one_by_one(self._store.after(name, before, min(last - before, MISSED_PAGE))))
            if room.last == before:  # it was trimmed
                room.last = last

    # --- people at other servers ---

    def claimed(self, name: str, token_hash: str | None) -> None:
        """The name is an account now."""
        self.names.claimed(name, token_hash)
        self.account_changed(name)

    def account_changed(self, name: str) -> None:
        """Its bearers here are changed already; those elsewhere are to be."""
        for bearer in self.names.bearers(name):
            if isinstance(bearer, Distant):
                bearer.see_account()
            else:
                self.announcer.person(bearer)

    def welcome_distant(self, client: Distant, name: str, replaced: float) -> None:
        self.names.add(client, name, replaced)
        if client.session is not None and client.session.key:
            self.sessions.setdefault(client.session.key, client)

    def rename_distant(self, client: Distant, name: str, replaced: float) -> None:
        old = client.name
        stays = [room for room in client.rooms.values() if self._is_double(client, room)]
        self.names.add(client, name, replaced)
        if client.name != old:
            for room in client.rooms.values():
                self._note_rename(client, room, old, stays=room in stays)

    def resume_private_rooms(self, client: Distant) -> None:
        """It is to hear what somebody here wrote to it before it was known to be there."""
        for room in self.private_rooms(client.name):
            if client.trusted and room.here and room.name not in client.rooms:
                client.enter(room.name, None)

    def add_distant(self, client: Distant, name: str) -> None:
        client.awaited.pop(name, None)
        if name not in client.rooms:
            if name not in self.rooms:
                self._open(Room(name, 0))
            self._add(client, self.rooms[name])

    def remove_distant(self, client: Distant, name: str) -> None:
        if name in client.rooms:
            self._remove(client, client.rooms[name])
