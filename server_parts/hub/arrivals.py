"""How a client comes in and where it goes: hello, rooms, a new name. Run only by the hub's thread.

It must not know sockets.
"""

from __future__ import annotations

import logging
from functools import partial
from json.encoder import encode_basestring as quote
from typing import Final, NamedTuple

from chat_common import LOBBY, color_for, is_guest, partners
from server_parts.hub.admission import Admission
from server_parts.hub.departures import Departures
from server_parts.hub.entering import HOW_IN, Entering
from server_parts.hub.neighbours import Neighbours, NotYetError
from server_parts.hub.reading import Reading
from server_parts.hub.state import HubState
from server_parts.hub.trimming import Trimming
from server_parts.people.clients import Client, Session
from server_parts.people.distant import Distant
from server_parts.people.permissions import DENIED, entry_refusal, floor_of
from server_parts.people.session_owners import session_owner
from server_parts.protocol import events
from server_parts.protocol.requests import DEFAULT_HISTORY, Appear, Hello, Join, Leave, Nick, Refusal, StartAgain
from server_parts.storage.account_records import Account
from server_parts.storage.records import StorageError, hashed, tag_of

MAX_ROOMS: Final = 1_000  # public rooms one client may be in
REPLACED: Final = "this session connected again from elsewhere"
UNREAD: Final = "this server cannot read your rooms just now: connect again, here or elsewhere"
KEPT_PLACES: Final = "this server is full: the last places are kept for people whose name is claimed; try again later"

log = logging.getLogger("chat")


class _Coming(NamedTuple):
    """Somebody who says hello."""

    client: Client
    hello: Hello
    session: Session  # as it was left
    earlier: Client | None  # who is still connected with it


class Arrivals:
    def __init__(
        self,
        state: HubState,
        departures: Departures,
        trimming: Trimming,
        admission: Admission,
        neighbours: Neighbours,
        reading: Reading,
    ) -> None:
        self._store = state.store
        self._motd = state.settings.motd
        self._desk = state.desk
        self._live_rooms = state.live_rooms
        self._conversations = state.conversations
        self._batch = state.batch
        self._admission = admission
        self._neighbours = neighbours
        self._entering = Entering(state, departures)
        self._departures = departures
        self._trimming = trimming
        self._reading = reading
        self._rules = state.rules
        self._last_seen = state.last_seen

    # --- coming in ---

    def hello(self, client: Client, hello: Hello) -> None:
        if client.session is not None:
            client.tell(Refusal("bad_field", "hello was sent already", "type").frame())
            return
        self._neighbours.decide()
        coming = self._coming(client, hello)
        # All that may fail comes first: a hello that cannot be carried out has changed nothing here.
        refusal = self._refusal(coming)
        if refusal is not None:
            client.tell(refusal.frame())
        elif not self._sends_away(coming):
            self._let_in(coming)

    def _coming(self, client: Client, hello: Hello) -> _Coming:
        """Take in what a client says of itself."""
        key = hashed(hello.session) if hello.session else ""
        earlier = self._live_rooms.sessions.get(key) or self._bearer(hello.name, key)
        if earlier is not None and earlier in self._batch:
            self._batch.commit()  # its texts count
        client.token_hash = hashed(hello.token) if hello.token else None
        client.shares_name, client.program, client.proved = hello.shares_name, hello.client, 0
        self._entering.replace_token(client, hello)
        session = Session(key, 0) if hello.name is None else self._admission.session(key, earlier)
        return _Coming(client, hello, session, earlier)

    def _bearer(self, name: str | None, key: str) -> Client | None:
        """Who is connected with a session and bears the name: at times two other servers believe that they have it."""
        if not key or name is None:
            return None
        bearers = self._live_rooms.names.bearers(name)
        return next((one for one in bearers if one.session is not None and one.session.key == key), None)

    def _refusal(self, coming: _Coming) -> Refusal | None:
        client, hello, session, earlier = coming
        refusal = self._entering.prove(client, hello.name, hello.proof)
        if refusal is None and hello.name is not None:
            refusal = self._admission.refusal(client, hello.name, session, earlier)
        return refusal or self._entering.refusal(client, hello)

    def _sends_away(self, coming: _Coming) -> bool:
        """Whether nobody may come in now who is no better known; they are told."""
        client, hello, session, earlier = coming
        closed = self._admission.closed_to(client, hello, session, earlier)
        if closed is not None:
            self._turn_away(client, closed)
        elif earlier is not None and not earlier.is_distant and earlier.number > client.number:
            # A hello may be late: it is the older connection that goes, whichever of the two is heard first.
            self._departures.disconnect(client, "replaced", REPLACED, retry=False)
        elif client.on_kept_place and earlier is None and self._owned(coming) is None:
            self._departures.disconnect(client, "server_full", KEPT_PLACES, retry=True)
        else:
            return False
        return True

    def _owned(self, coming: _Coming) -> Account | None:
        name = coming.hello.name
        return None if name is None else self._live_rooms.names.owned(name, coming.client)

    def _let_in(self, coming: _Coming) -> None:
        client, hello, session, earlier = coming
        self._wait_for_others(client, hello.name, earlier)
        before = self._owned(coming)
        resumed, floors = self._private_rooms(hello, before)  # first: where that fails, no code is used up
        account = self._entering.complete(client, hello.name, before, hello.proof, hello.invite)
        if before is None:  # an invitation may have made one, to which what was said to that name before is closed
            resumed, floors = self._private_rooms(hello, account)
        self._clear_the_way(coming)
        client.session, client.is_silent = session, hello.is_silent
        self._conversations.greet(client, resumed=session.accepted > 0 or hello.epoch is not None)
        self._seat(client, hello, session, account)
        self._reading.find(client)
        try:
            self._enter_all(client, hello, resumed, floors)
        except StorageError as error:  # after the welcome: the client believes that it is in these rooms
            log.warning("the rooms of %s cannot be read: %s", client.name, error)
            self._departures.disconnect(client, "moved", UNREAD, retry=True)

    def _clear_the_way(self, coming: _Coming) -> None:
        """Others leave the name and the session that are the client's."""
        client, hello, _, earlier = coming
        if hello.name is not None and not is_guest(hello.name):
            self._admission.make_way(hello.name, client, earlier)
        if earlier is not None and not earlier.gone:
            same = hello.name is not None and hello.name.lower() == earlier.name.lower()
            self._departures.disconnect(earlier, "replaced", REPLACED, retry=False, comes_back=same)

    def _wait_for_others(self, client: Client, name: str | None, earlier: Client | None = None) -> None:
        """Whoever has to go, or to leave a name, and is connected to another server, goes first."""
        if isinstance(earlier, Distant) and not earlier.gone:
            same = name is not None and name.lower() == earlier.name.lower()
            end = partial(earlier.end, "replaced", REPLACED, retry=False, comes_back=same)
            self._neighbours.wait_for(earlier, end)
        names = self._live_rooms.names
        if name is not None and not is_guest(name) and names.gives_way(name, client):
            for bearer in list(names.bearers(name)):
                if isinstance(bearer, Distant) and bearer is not earlier:
                    self._neighbours.wait_for(bearer, bearer.give_way)
        if name is not None and self._conversations.is_closing(name):
            raise NotYetError  # or what is said there to the one before would be heard by this one

    def _turn_away(self, client: Client, refusal: Refusal) -> None:
        """Whoever is not banned may ask again: with a password, or an invitation."""
        if refusal.code == "banned":
            self._departures.disconnect(client, refusal.code, refusal.text, retry=False)
        else:
            text = f"{refusal.text}; {HOW_IN}" if client.encoder.is_for_people else refusal.text
            client.tell(refusal._replace(text=text).frame())

    def _private_rooms(self, hello: Hello, account: Account | None) -> tuple[dict[str, int], dict[str, int]]:
        """What is resumed for the owner of a name, and all that it may read, each with its floor."""
        if account is None:
            return {}, {}
        name = hello.name or ""
        resumed = self._conversations.resumed(name)
        names_some = any(partners(room) for room in hello.rooms or ())
        return resumed, {**(self._store.private_rooms(name) if names_some else {}), **resumed}

    def _seat(self, client: Client, hello: Hello, session: Session, account: Account | None) -> None:
        self._give_name(client, hello, session, account)
        self._trimming.use_account(client)
        client.color = hello.color or color_for(client.name)
        if session.key:
            self._live_rooms.sessions[session.key] = client
            if session.accepted or session.stored_owner:
                self._trimming.use(session.key)
        if not client.is_owner:
            program = f" ({quote(hello.client)})" if hello.client else ""  # or it could pass for another record
            log.log(
                logging.DEBUG if client.is_silent else logging.INFO,
                "Client connected from %s: %s%s",
                client.address,
                client.name,
                program,
            )
        self._welcome(client, session, has_password=_has_password(account, hello))

    def _give_name(self, client: Client, hello: Hello, session: Session, account: Account | None) -> None:
        names = self._live_rooms.names
        if hello.name is None or is_guest(hello.name):
            names.take_guest(client)
        else:
            returning = hello.name.lower() in session.owner.split()[-1:]
            names.take(hello.name, client, account, returning=returning)
        session.owner = session_owner(client, session.owner, client.name)

    def _welcome(self, client: Client, session: Session, *, has_password: bool) -> None:
        welcome = events.welcome(
            name=client.name,
            color=client.color,
            epoch=self._store.epoch,
            accepted=session.accepted,
            tag=tag_of(session.key),
            motd=self._motd,
            role=client.role.word,
            account=client.account > 0,
            password=has_password,
            file_size=self._desk.most,
        )
        if client.real_name is not None:
            welcome["realname"] = client.real_name
        client.tell(welcome | {"away": client.away} if self._live_rooms.names.others(client) else welcome)
        self._live_rooms.names.give_up_vain_claim(client)
        self._live_rooms.announcer.person(client)

    def appear(self, client: Client, _: Appear) -> None:
        if client.is_silent and client.session is not None:
            log.info("Client connected from %s: %s", client.address, client.name)
            self._live_rooms.appear(client)

    def start_again(self, client: Client, again: StartAgain) -> None:
        self._conversations.close(client)
        self._live_rooms.leave_all(client)
        client.encoder, client.is_silent = again.encoder, False

    # --- rooms ---

    def _enter_all(self, client: Client, hello: Hello, resumed: dict[str, int], floors: dict[str, int]) -> None:
        """Into the rooms it names, and then into the private ones that are its own."""
        named = {LOBBY: None} if hello.rooms is None else hello.rooms
        wanted = {client.resolve(room): after for room, after in named.items()}
        own = {room: None for room in resumed if room not in wanted}
        same_log = hello.epoch in (None, self._store.epoch)
        for room, after in [*wanted.items(), *own.items()]:
            if partners(room) and not client.takes_part(room):
                client.tell(DENIED.frame())
                continue
            refusal = entry_refusal(client, room, self._rules)
            if refusal is not None:
                client.tell(refusal.frame())
                continue
            lost = after is not None and not same_log
            floor = None if partners(room) and not client.trusted else floors.get(room, 0)
            self._join_one(client, room, floor, None if lost else after, hello.history, gap=lost)

    def join(self, client: Client, join: Join) -> None:
        room = client.resolve(join.room)
        self._reading.find(client)  # anew: another server may have heard more
        self._join_one(client, room, floor_of(client, self._store, room), join.after, join.history)
        if room in client.rooms and partners(room):
            self._conversations.joined(client, room)

    def _join_one(
        self, client: Client, room: str, floor: int | None, after: int | None, history: int, *, gap: bool = False
    ) -> None:
        if room not in client.rooms and self._is_full(client, private=bool(partners(room))):
            kind = "conversations" if partners(room) else "rooms"
            text = f"you are in too many {kind}: {MAX_ROOMS} of {MAX_ROOMS}; leave one first"
            client.tell(Refusal("bad_room", text, "room").frame())
        else:
            client.outbox.offer_pages(self._live_rooms.enter(client, room, floor, after, history, gap=gap))

    @staticmethod
    def _is_full(client: Client, *, private: bool) -> bool:
        """Whether a client is in as many rooms as it may be; public and private ones are counted apart."""
        if len(client.rooms) < MAX_ROOMS:
            return False
        return sum(bool(partners(room)) == private for room in client.rooms) >= MAX_ROOMS

    def leave(self, client: Client, leave: Leave) -> None:
        room = client.rooms.get(client.resolve(leave.room))
        if room is None:
            client.tell(Refusal("not_in_room", f"you are not in {leave.room}", "room").frame())
            return
        self._live_rooms.leave(client, room)
        client.tell(events.presence(room.name, {"left": [client.name]}, room.people))

    # --- a new name ---

    def nick(self, client: Client, nick: Nick) -> None:
        self._neighbours.decide()
        if client.gone:  # another server has asked for that
            return
        proved = client.proved
        refusal = self._nick_refusal(client, nick)
        if refusal is not None:
            client.proved = proved
            client.tell(refusal.frame())
            return
        self._wait_for_others(client, nick.name)
        moves = nick.name.lower() != client.name.lower()
        owned = self._live_rooms.names.owned(nick.name, client)
        floors = self._conversations.resumed(nick.name) if moves and owned is not None else {}
        account = self._entering.complete(client, nick.name, owned, nick.proof)
        if moves:
            self._give_up_name(client, nick.name)
        self._rename(client, nick.name, account)
        self._reading.find(client)
        self._reading.tell_all(client)
        for room, floor in floors.items():
            client.outbox.offer_pages(self._live_rooms.enter(client, room, floor, None, DEFAULT_HISTORY))
        self._leave_where_banned(client)

    def _nick_refusal(self, client: Client, nick: Nick) -> Refusal | None:
        """Why a client may not have that name. Notes what it has proved."""
        names = self._live_rooms.names
        refusal = self._entering.prove(client, nick.name, nick.proof) or names.refusal(nick.name, client)
        refusal = refusal or self._entering.new_name_refusal(client, nick.name)
        assert client.session is not None
        return refusal or self._admission.ban(client, nick.name, client.session, names.owned(nick.name, client))

    def _give_up_name(self, client: Client, new: str) -> None:
        """The client is about to bear another name: what belongs to the old one is closed."""
        self._last_seen.note(client)
        self._admission.note_owner(client, new)
        self._admission.make_way(new, client)
        self._conversations.close(client)

    def _rename(self, client: Client, new: str, account: Account | None) -> None:
        log.info("%s is now %s", client.name, new)
        away = client.away
        self._live_rooms.rename(client, new, account)
        self._trimming.use_account(client)
        self._live_rooms.names.give_up_vain_claim(client)
        if client.away != away:  # as its person is, whose other connections bear the name already
            client.tell(events.away(client.away))

    def _leave_where_banned(self, client: Client) -> None:
        """Whoever bears another name now may be banned from a room under that one."""
        for room in list(client.rooms.values()):
            refusal = entry_refusal(client, room.name, self._rules)
            if refusal is not None:
                client.tell(refusal.frame())
                self._live_rooms.leave(client, room)
                client.tell(events.presence(room.name, {"left": [client.name]}, room.people))


def _has_password(account: Account | None, hello: Hello) -> bool:
    """A code that recovers an account takes its password away."""
    recovers = hello.proof is not None and hello.proof.recovers
    return account is not None and account.password is not None and not recovers
