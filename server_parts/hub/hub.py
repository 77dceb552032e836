"""The hub: the one thread that owns who is here, which rooms there are, and what is said next.

Everybody else talks to it through one queue. A turn takes all that waits and commits it to the log; only then is it
told, what is large in the next turn: nobody ever sees a message that a crash could take back. It must not know sockets,
and it never waits for a client.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring as quote
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from chat_common import (
    LOBBY,
    color_for,
    is_guest,
    partners,
)
from server_parts.hub.admission import Admission
from server_parts.hub.batch import Batch
from server_parts.hub.conversations import DENIED, Conversations
from server_parts.hub.lists import member_list
from server_parts.hub.live_rooms import PRESENCE_SLICE, LiveRooms
from server_parts.hub.trimming import Trimming
from server_parts.hub.welcome import welcome
from server_parts.people.clients import Client, Session
from server_parts.people.new_rooms import NewRooms
from server_parts.people.places import Places
from server_parts.protocol import requests as ask
from server_parts.protocol.native_door import bye
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.plain_encoder import PLAIN, PLAIN_TIMED
from server_parts.protocol.requests import Refusal, Request
from server_parts.settings import Settings
from server_parts.storage.message_log import Draft, MessageLog, StorageError, hashed

MAX_TURN = 1_000  # requests and texts a turn: more would not be faster, and make others wait
MAX_ROOMS = 1_000  # public rooms one client may be in
GREETING = 0.001  # seconds a turn that newcomers may take: a crowd at the door must not hold up those who are in …
GREETING_SHARE = 0.25  # … nor be held up by them for ever: so much of what a turn took, where that is more
SILENT = 600.0  # seconds after which a guest who never said anything may have to leave its place …
SILENT_INTERVAL = 10.0  # … and between two looks at that
LINGER = 3.0  # how long a client that was told goodbye may take to go


log = logging.getLogger("chat")

Item = tuple[Client, Sequence[Request]]


class Stats(NamedTuple):
    clients: int
    rooms: int
    messages: int
    deliveries: int
    backlog: int


class Hub:
    """Owns the state of the chat. Everything but `submit`, `stop` and `stats` runs in its own thread."""

    def __init__(self, store: MessageLog, settings: Settings, places: Places | None = None) -> None:
        self._store = store
        self._settings = settings
        self._places = places
        self._queue: SimpleQueue[Item | None] = SimpleQueue()
        self._asked: deque[Item] = deque()  # what is to be carried out in this turn
        self._later: deque[Item] = deque()  # newcomers and new names, for which there may be no time in this turn
        self._live_rooms = LiveRooms(store, settings.name)
        self._conversations = Conversations(store, self._live_rooms)
        self._batch = Batch(store, self._live_rooms)
        self._admission = Admission(store, self._live_rooms, self._batch, self._conversations)
        self._untold: list[Client] = []  # whose credits come back in the next turn, when what they said is told
        self._farewells: deque[tuple[float, Client]] = deque()
        self._new_rooms = NewRooms()
        self._trimming = Trimming(store, settings)
        self._silent_due = 0.0 if places is not None else math.inf
        self._now = 0.0  # what the clock shows to this turn's messages
        self._stops = 0  # after one, requests are no longer carried out; after two, the thread ends
        self._ended = False
        self.closing = threading.Event()  # all that was asked before `stop` is done and committed
        self._carry_out: dict[type, Callable[[Client, Any], None]] = {
            ask.Hello: self._hello,
            ask.Say: self._say,
            ask.Join: self._join,
            ask.Leave: self._leave,
            ask.Nick: self._nick,
            ask.Color: self._color,
            ask.Away: self._away,
            ask.Who: self._who,
            ask.Rooms: self._list_rooms,
            ask.Times: self._times,
            ask.Bye: self._bye,
            ask.EndConnection: self._ending,
            ask.BecomeNative: self._unseat,
            ask.Disconnected: self._gone,
            ask.Announce: self._announce,
            ask.Kick: self._kick,
        }

    # --- from other threads ---

    def submit(self, client: Client, requests: Sequence[Request]) -> None:
        """Queue what a client asks for. Its caller has taken one of the client's credits, and gets it back after."""
        self._queue.put((client, requests))
        if self._ended:
            self._give_back()

    def stop(self) -> None:
        """Carry out what waits, then nothing more; `closing` is set when that is so. A second time ends the thread."""
        self._queue.put(None)

    @property
    def waiting(self) -> int:
        """How many batches of requests wait for their turn."""
        return self._queue.qsize() + len(self._later)

    def stats(self) -> Stats:
        live_rooms, everyone = self._live_rooms, self._live_rooms.names.everyone()
        backlog = sum(client.outbox.backlog for client in everyone)
        return Stats(
            sum(not client.operator for client in everyone),
            len(live_rooms.rooms),
            live_rooms.messages,
            live_rooms.deliveries,
            backlog,
        )

    # --- turns ---

    def run(self) -> None:
        """Until told to end. Raises what nobody foresaw: then `bury` is to follow, as it is in any case."""
        self._batch.open()
        try:
            while self._stops < 2:
                told_to_stop = self._take()
                begun = time.monotonic()
                self._turn(self._asked)
                if self._later:
                    share = GREETING_SHARE * (time.monotonic() - begun)
                    self._turn(self._later, math.inf if told_to_stop or self._stops else max(GREETING, share))
                if told_to_stop:
                    self._batch.commit()
                    self._stops += 1
                    self.closing.set()
                if self._batch.fault is not None:
                    raise self._batch.fault
        finally:
            self._batch.close()

    def bury(self) -> None:
        """After `run`: do nothing more, but let nobody wait for it."""
        self.closing.set()
        for client in [*self._untold, *(client for client, _ in (*self._asked, *self._later))]:
            client.credits.put(None)
        while self._stops < 2:
            item = self._queue.get()
            if item is None:
                self._stops += 1
            else:
                item[0].credits.put(None)
        self._ended = True
        self._give_back()

    def _give_back(self) -> None:
        """The credits of whatever came too late; by any thread."""
        with contextlib.suppress(Empty):
            while True:
                item = self._queue.get_nowait()
                if item is not None:
                    item[0].credits.put(None)

    def _take(self) -> bool:
        """All that waits, up to a turn's worth; whether `stop` was among it."""
        wanted = MAX_TURN
        try:
            item = self._queue.get(timeout=self._patience())
            while item is not None:
                client, requests = item
                waits = (
                    client.session is None or type(requests[0]) is ask.Nick
                )  # its dispatcher sends nothing behind it
                (self._later if waits else self._asked).append(item)
                wanted -= sum(len(request.texts) if isinstance(request, ask.Say) else 1 for request in item[1])
                if wanted <= 0:
                    return False
                item = self._queue.get_nowait()
        except Empty:
            return False
        return True

    def _patience(self) -> float | None:
        """Seconds until the hub has something to do of its own accord."""
        if self._later or self._untold:
            return 0.0
        farewell = self._farewells[0][0] if self._farewells else math.inf
        soonest = min(self._live_rooms.presence_due(), farewell, self._trimming.due, self._silent_due)
        return None if soonest == math.inf else max(soonest - time.monotonic(), 0.0)

    def _turn(self, asked: deque[Item], seconds: float = math.inf) -> None:
        """Carry out what was asked, or as much of it as there is time for."""
        self._now = round(time.time(), 3)
        until = time.monotonic() + seconds
        heard: list[Client] = []
        try:
            while asked and time.monotonic() < until:
                client, requests = asked.popleft()
                heard.append(client)
                for request in requests:
                    if client.gone or self._stops:
                        break
                    self._handle(client, request)
            self._batch.end_turn()
        finally:
            told, self._untold = self._untold, []
            for client in heard:
                (self._untold if self._batch.is_writing(client) else told).append(client)
            for client in told:
                client.credits.put(None)
        self._batch.settle()  # nothing is written, and nobody let go, while the log writer writes
        self._do_what_is_due(time.monotonic())
        slow, self._live_rooms.slow = self._live_rooms.slow, {}
        for client in [*slow, *(client for client in heard if client.outbox.overflowed)]:
            if not client.gone:
                self._let_go_slow(client)

    def _do_what_is_due(self, now: float) -> None:
        if now >= self._live_rooms.presence_due():
            self._live_rooms.tell_presence(PRESENCE_SLICE)
        while self._farewells and now >= self._farewells[0][0]:
            self._farewells.popleft()[1].outbox.cut()
        if now >= self._trimming.due:
            self._trimming.run(now, self._live_rooms.sessions)
        if now >= self._silent_due:
            self._silent_due = now + SILENT_INTERVAL
            self._let_go_silent(now - SILENT)

    def _handle(self, client: Client, request: Request) -> None:
        if client.session is None and not isinstance(
            request, (ask.Hello, ask.Bye, ask.EndConnection, ask.BecomeNative, ask.Disconnected)
        ):
            client.tell(Refusal("hello_first", "say hello first", "type").frame())
            return
        if not isinstance(request, ask.Say):
            self._batch.tell()
            if client in self._batch or self._batch.private:
                # A client's requests are carried out, and answered, in the order they came. And what was said in
                # private is for whoever had the name then: it is told before anybody comes, goes or changes names.
                self._batch.commit()
        try:
            self._carry_out[type(request)](client, request)
        except StorageError as error:
            refusal = Refusal("storage_unavailable", str(error))
        except Exception:
            log.exception("carrying out a request of %s", client.address)
            refusal = Refusal("internal", "the server failed to do that; it has been logged")
        else:
            return
        client.tell(refusal._replace(seq=getattr(request, "seq", None)).frame())  # nothing was counted: say it again

    # --- saying something ---

    def _say(self, client: Client, say: ask.Say) -> None:
        session = client.session
        assert session is not None
        texts, seq = say.texts, say.seq or session.counted + 1
        if seq != session.counted + 1:
            texts = self._in_turn(client, session, texts, seq)
            seq = session.counted + 1
        if not texts:
            return
        place = say.refusal or self._place(client, say.room)  # before counting: where that fails, nothing is used up
        session.counted += len(texts)
        if isinstance(place, Refusal):
            told = range(seq, seq + len(texts)) if say.seq else [None]
            self._batch.refuse(client, [place._replace(seq=one) for one in told])
        else:
            self._batch.add(client, Draft(place, self._now, client.name, client.color, texts, session.key, seq))
            if client.claiming or place.startswith("@"):
                self._batch.claim(self._live_rooms.names.due_claims(partners(place) or (client.name.lower(),)))

    def _in_turn(self, client: Client, session: Session, texts: list[str], seq: int) -> list[str]:
        """Of texts that do not begin at their turn, those whose turn it is; the others are answered."""
        self._batch.commit()  # which may fail, and take back what was counted: then this may be its turn after all
        turn = session.counted + 1
        known = len(texts) if seq > turn else min(turn - seq, len(texts))
        for number in range(seq, seq + known):
            self._out_of_turn(client, session, number)
        return texts[known:]

    def _out_of_turn(self, client: Client, session: Session, seq: int) -> None:
        """A text that was sent before its turn, or again because its receipt was lost."""
        if seq > session.accepted:
            text = f"after seq {session.accepted} comes {session.accepted + 1}, not {seq}: send again from there"
            client.tell(Refusal("bad_seq", text, "seq", seq).frame() | {"accepted": session.accepted})
            return
        receipt = self._store.receipt(session.key, seq)
        where = {"room": receipt.room, "id": receipt.id} if receipt else {"room": None, "id": None}
        client.tell({"type": "ack", "seq": seq, **where})

    def _place(self, client: Client, room: str) -> str | Refusal:
        """The room that a text goes to."""
        if room.startswith("@"):
            return self._conversations.place(client, client.resolve(room))
        here = client.rooms.get(room)
        if here is None:
            return Refusal("not_in_room", f"you are not in {room}: join it first", "room")
        refusal = None
        if not here.last and not client.operator:
            refusal = self._new_rooms.refusal(client.address, room, time.monotonic())
        return refusal or room

    # --- coming and going ---

    def _hello(self, client: Client, hello: ask.Hello) -> None:
        if client.session is not None:
            client.tell(Refusal("bad_field", "you have said hello already", "type").frame())
            return
        key = hashed(hello.session) if hello.session else ""
        earlier = self._live_rooms.sessions.get(key)
        if earlier is not None and earlier in self._batch:
            self._batch.commit()  # its texts count
        client.token_hash = hashed(hello.token) if hello.token else None
        # All that may fail comes first: a hello that cannot be carried out has changed nothing here.
        session = Session(key, 0) if hello.name is None else self._admission.session(key, earlier)
        refusal = None if hello.name is None else self._admission.refusal(client, hello.name, session, earlier)
        if refusal is not None:
            client.tell(refusal.frame())
            return
        if earlier is not None and earlier.number > client.number:
            # A hello may be late: it is the older connection that goes, whichever of the two is heard first.
            self._let_go(client, "replaced", "this session came in again from elsewhere", retry=False)
            return
        trusted = hello.name is not None and self._live_rooms.names.owns(hello.name, client)
        if client.on_kept_place and not trusted and earlier is None:
            text = "this server is full: the last places are kept for people whose name is claimed; try again later"
            self._let_go(client, "server_full", text, retry=True)
            return
        floors = self._conversations.resumed(hello.name) if hello.name is not None and trusted else {}
        if hello.name is not None and not is_guest(hello.name):
            self._admission.make_way(hello.name, client, earlier)
        if earlier is not None:
            same = hello.name is not None and hello.name.lower() == earlier.name.lower()
            self._let_go(earlier, "replaced", "this session came in again from elsewhere", retry=False, comes_back=same)
        client.session = session
        self._conversations.greet(client, resumed=session.accepted > 0 or hello.epoch is not None)
        self._seat(client, hello, session, trusted=trusted)
        self._enter_all(client, hello, floors)

    def _seat(self, client: Client, hello: ask.Hello, session: Session, *, trusted: bool) -> None:
        if not client.operator:
            client.encoder = PLAIN if hello.name is None else NATIVE
        if hello.name is None or is_guest(hello.name):
            self._live_rooms.names.take_guest(client)
        else:
            returning = hello.name.lower() in session.owner.split()[-1:]
            self._live_rooms.names.take(hello.name, client, trusted=trusted, returning=returning)
        session.owner = self._live_rooms.names.session_owner(client, session.owner, client.name)
        client.color = hello.color or color_for(client.name)
        if session.key:
            self._live_rooms.sessions[session.key] = client
            if session.accepted or session.stored_owner:
                self._trimming.use(session.key)
        if not client.operator:
            program = f" ({quote(hello.client)})" if hello.client else ""  # or it could pass for another record
            log.info("Client connected from %s: %s%s", client.address, client.name, program)
        client.tell(welcome(client, session, self._store.epoch, self._settings.motd))

    def _enter_all(self, client: Client, hello: ask.Hello, floors: dict[str, int]) -> None:
        """Into the rooms it names, and then into the private ones that are its own."""
        named = {LOBBY: None} if hello.rooms is None else hello.rooms
        wanted = {client.resolve(room): after for room, after in named.items()}
        own = {room: None for room in floors if room not in wanted}
        same_log = hello.epoch in (None, self._store.epoch)
        for room, after in [*wanted.items(), *own.items()]:
            lost = after is not None and not same_log
            floor = floors[room] if room in floors else client.floor(self._store, room)
            self._join_one(client, room, floor, None if lost else after, hello.history, gap=lost)

    def _join(self, client: Client, join: ask.Join) -> None:
        room = client.resolve(join.room)
        self._join_one(client, room, client.floor(self._store, room), join.after, join.history)
        if room in client.rooms and partners(room):
            self._conversations.joined(client, room)

    def _join_one(
        self, client: Client, room: str, floor: int | None, after: int | None, history: int, *, gap: bool = False
    ) -> None:
        if partners(room) and not client.takes_part(room):
            client.tell(DENIED.frame())
        elif room not in client.rooms and self._is_full(client, private=bool(partners(room))):
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

    def _leave(self, client: Client, leave: ask.Leave) -> None:
        room = client.rooms.get(client.resolve(leave.room))
        if room is None:
            client.tell(Refusal("not_in_room", f"you are not in {leave.room}", "room").frame())
            return
        self._live_rooms.depart(client, room)
        client.tell({"type": "presence", "room": room.name, "left": [client.name], "members": len(room.members)})

    def _retire(self, client: Client, why: str = "", *, comes_back: bool = False) -> None:
        if client in self._batch:
            self._batch.commit()
        client.gone = True
        self._conversations.see_off(client)
        if not comes_back:
            self._conversations.close(client)
        if client.session is not None:
            log.info("%s left%s", client.name, f": {why}" if why else "")
        self._live_rooms.vacate(client)

    def _let_go(
        self, client: Client, code: str, text: str, *, retry: bool, at_once: bool = False, comes_back: bool = False
    ) -> None:
        """End a client's connection with a reason; it has a few seconds to read it."""
        self._retire(client, "" if code == "exit" else code.replace("_", " "), comes_back=comes_back)
        self._see_off(client, client.encoder.frame(bye(code, text, retry=retry)), at_once=at_once)

    def _see_off(self, client: Client, last_words: bytes, *, at_once: bool = False) -> None:
        client.outbox.finish(last_words, at_once=at_once)
        self._farewells.append((time.monotonic() + LINGER, client))

    def _let_go_slow(self, client: Client) -> None:
        if client.outbox.overflowed:
            waiting = client.outbox.backlog
            log.warning("%s reads too slowly: %d bytes were waiting", client.name, waiting)
            text = f"you read too slowly: {waiting} bytes were waiting for you"
            self._let_go(client, "too_slow", text, retry=True, at_once=True)
        else:
            client.outbox.cut()  # the connection is broken; its reader says so, behind all that came before

    def _let_go_silent(self, since: float) -> None:
        """Where places are short, plain guests who have been here since then and never said anything go."""
        if self._places is None or not self._places.are_short:
            return
        for client in self._live_rooms.names.everyone():
            never = client.session is not None and not client.session.counted
            if client.encoder is not NATIVE and not client.operator and never and client.came <= since:
                self._let_go(client, "idle", "you said nothing for a while, and others want your place", retry=True)

    def _bye(self, client: Client, _: ask.Bye) -> None:
        self._let_go(client, "exit", "goodbye", retry=False)

    def _ending(self, client: Client, ending: ask.EndConnection) -> None:
        if client.session is None:
            log.info("%s: %s", client.address, ending.reason)
        self._retire(client, ending.reason)
        self._see_off(client, ending.block)

    def _unseat(self, client: Client, _: ask.BecomeNative) -> None:
        self._conversations.close(client)
        self._live_rooms.vacate(client)
        client.encoder = NATIVE

    def _gone(self, client: Client, _: ask.Disconnected) -> None:
        self._retire(client, "too slow: it asked for more than it read" if client.outbox.stalled else "")

    # --- names, colours, and who is where ---

    def _nick(self, client: Client, nick: ask.Nick) -> None:
        refusal = self._live_rooms.names.refusal(nick.name, client)
        if refusal is not None:
            client.tell(refusal.frame())
            return
        trusted = self._live_rooms.names.owns(nick.name, client)
        moves = nick.name.lower() != client.name.lower()
        floors = self._conversations.resumed(nick.name) if moves and trusted else {}
        if moves:
            self._admission.note_owner(client, nick.name)
            self._admission.make_way(nick.name, client)
            self._conversations.close(client)
        log.info("%s is now %s", client.name, nick.name)
        self._live_rooms.rename(client, nick.name, trusted=trusted)
        for room, floor in floors.items():
            client.outbox.offer_pages(self._live_rooms.enter(client, room, floor, None, ask.DEFAULT_HISTORY))

    def _color(self, client: Client, color: ask.Color) -> None:
        client.color = color.color

    def _away(self, client: Client, away: ask.Away) -> None:
        client.away = away.text

    def _who(self, client: Client, who: ask.Who) -> None:
        self._conversations.answered(client)
        name = None if who.room is None else client.resolve(who.room)
        for room in client.rooms.values() if name is None else filter(None, [client.rooms.get(name)]):
            self._live_rooms.bring_up_to_date(client, room)
        if name is None:
            people = self._live_rooms.names.everyone()
        elif partners(name) and name not in client.rooms:
            client.tell(DENIED.frame())
            return
        else:
            people = list(self._live_rooms.rooms[name].members) if name in self._live_rooms.rooms else []
        # As they are called now: of new names the client is told behind the list.
        client.outbox.offer_pages(member_list(client, name, [(one.name, one.color, one.away) for one in people], who))

    def _times(self, client: Client, times: ask.Times) -> None:
        client.encoder = PLAIN_TIMED if times.shown else PLAIN
        client.tell({"type": "notice", "text": f"times are {'on' if times.shown else 'off'}"})

    def _list_rooms(self, client: Client, rooms: ask.Rooms) -> None:
        self._live_rooms.list_rooms(client, rooms)

    # --- the operator ---

    def _announce(self, client: Client, announce: ask.Announce) -> None:
        self._batch.add(client, Draft(LOBBY, self._now, client.name, client.color, [announce.text], "", 0))

    def _kick(self, client: Client, kick: ask.Kick) -> None:
        target = self._live_rooms.names.find(kick.name)
        if target is None or target is client:
            client.tell(Refusal("no_such_user", f"there is nobody called {kick.name} to kick").frame())
            return
        client.tell({"type": "notice", "text": f"{target.name} was kicked: {kick.reason}"})
        self._let_go(target, "kicked", f"you were asked to leave: {kick.reason}", retry=False)
