"""The hub: the one thread that owns who is here, which rooms there are, and what is said next.

Everybody else talks to it through one queue. A turn takes all that waits and commits it to the log; only then is it
told, what is large in the next turn: nobody ever sees a message that a crash could take back. What a request means is
next door: arrivals, departures, saying. It must not know sockets, and it never waits for a client.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple

from chat_common import partners
from server_parts.hub.accounts import Accounts
from server_parts.hub.acting import Acting
from server_parts.hub.admission import Admission
from server_parts.hub.amending import Amending
from server_parts.hub.another_history import AnotherHistory
from server_parts.hub.arrivals import Arrivals
from server_parts.hub.comings import PRESENCE_SLICE
from server_parts.hub.credits import Credits
from server_parts.hub.departures import Departures
from server_parts.hub.feed import Feed
from server_parts.hub.files import Files
from server_parts.hub.lists import member_list
from server_parts.hub.moderation_table import moderation_table
from server_parts.hub.neighbours import KnownServer, Neighbours, NotYetError
from server_parts.hub.proving import Prover
from server_parts.hub.reading import Reading
from server_parts.hub.saying import Saying
from server_parts.hub.state import new_state
from server_parts.hub.trimming import Trimming
from server_parts.hub.turns import Turns
from server_parts.people import permissions
from server_parts.people.clients import Client
from server_parts.people.described import described_people
from server_parts.people.distant import Distant
from server_parts.people.places import Places
from server_parts.protocol import account_requests, events, file_requests
from server_parts.protocol import requests as ask
from server_parts.protocol.requests import Refusal, Request
from server_parts.protocol.unavailable import unavailable
from server_parts.settings import Settings
from server_parts.storage.exchange import Exchange
from server_parts.storage.records import StorageError
from server_parts.storage.store import Store

MAX_TURN: Final = 1_000  # requests and texts a turn: more would not be faster, and make others wait
GREETING: Final = 0.001  # seconds a turn that newcomers may take: a crowd at the door must not hold up who is in …
GREETING_SHARE: Final = 0.25  # … nor be held up for ever: so much of what a turn took, where that is more

log = logging.getLogger("chat")

AGAIN: Final = 0.02  # seconds until what waits for another server is tried again

Item = tuple[Client, Sequence[Request]]


class Stats(NamedTuple):
    clients: int
    rooms: int
    messages: int
    deliveries: int
    backlog: int


class Hub:
    """Owns the state of the chat. Everything but what stands first runs in its own thread."""

    def __init__(
        self, store: Store, settings: Settings, places: Places | None = None, exchange: Exchange | None = None
    ) -> None:
        state = new_state(store, settings, exchange)
        self.rules = state.rules
        self._live_rooms, self._batch, self._conversations = state.live_rooms, state.batch, state.conversations
        self._telling, self._comings = state.live_rooms.telling, state.live_rooms.comings
        self._trimming = Trimming(store, settings, partial(state.release, settings.name))
        self._departures = departures = Departures(state, places)
        admission = Admission(state)
        self._neighbours = neighbours = Neighbours(state, departures, admission)
        self._reading = reading = Reading(state)
        arrivals = Arrivals(state, departures, self._trimming, admission, neighbours, reading)
        acting = Acting(state)
        amending = Amending(state, acting)
        self._saying = saying = Saying(state, amending)
        self.desk = state.desk
        self.files = files = Files(state, saying, self.submit)
        accounts = Accounts(state, departures)
        self.prover = Prover(store)  # for readers
        self._feed = Feed(state, self.submit)
        self._history = AnotherHistory(state, departures, neighbours)
        self._queue: SimpleQueue[Item | None] = SimpleQueue()
        self._asked: deque[Item] = deque()  # what is to be carried out in this turn
        self._later: deque[Item] = deque()  # newcomers and new names, for which there may be no time in this turn
        self._held: list[Item] = []  # what waits for another server …
        self._again = math.inf  # … and until when
        self._credits = Credits(state.batch, state.live_rooms.telling)
        self.turns = Turns()
        self._stops = 0  # after one, requests are no longer carried out; after two, the thread ends
        self._ended = False
        self.closing = threading.Event()  # all that was asked before `stop` is done and committed
        self._carry_out: dict[type, Callable[[Client, Any], None]] = {
            ask.Hello: arrivals.hello,
            ask.Join: arrivals.join,
            ask.Leave: arrivals.leave,
            ask.Nick: arrivals.nick,
            ask.StartAgain: arrivals.start_again,
            ask.Appear: arrivals.appear,
            ask.Say: saying.say,
            ask.Announce: saying.announce,
            ask.Read: reading.read,
            ask.Heard: neighbours.hear,
            ask.Bye: departures.bye,
            ask.EndConnection: departures.end,
            ask.Disconnected: departures.disconnected,
            **moderation_table(state, departures, acting, amending),
            ask.Who: self._list_members,
            ask.Rooms: self._live_rooms.list_rooms,
            ask.Color: self._color,
            ask.Away: self._away,
            ask.ShowAs: self._show_as,
            file_requests.Reserve: files.reserve,
            file_requests.GoOn: files.go_on,
            file_requests.GiveUp: files.give_up,
            file_requests.Promise: files.promise,
            account_requests.ChangePassword: accounts.change_password,
            account_requests.ChangeRealName: accounts.change_real_name,
            account_requests.Devices: accounts.devices,
            account_requests.LogOut: accounts.log_out,
            account_requests.Link: accounts.link,
            account_requests.Recover: accounts.recover,
            account_requests.Release: accounts.release,
            account_requests.GiveRole: accounts.give_role,
            account_requests.MakeInvitation: accounts.invite,
            account_requests.Whois: accounts.whois,
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
        live_rooms, everyone = self._live_rooms, self._live_rooms.names.connections()
        backlog = sum(client.outbox.backlog for client in everyone)
        return Stats(
            sum(not (client.is_owner or client.is_distant) for client in everyone),
            len(live_rooms.rooms),
            live_rooms.messages,
            live_rooms.deliveries,
            backlog,
        )

    def names_here(self) -> list[str]:
        """What everybody is called who is connected."""
        return list({client.name: None for client in self._live_rooms.names.connections() if client.name})

    def rooms_in_use(self) -> list[str]:
        """Those with somebody in them, private ones too."""
        return list(self._live_rooms.rooms.copy())

    def servers(self) -> list[KnownServer]:
        """The servers of this chat; none if there can be no other. StorageError: nobody can tell just now."""
        return self._neighbours.servers()

    # --- turns ---

    def run(self) -> None:
        """Until told to end. Raises what nobody foresaw: then `bury` is to follow, as it is in any case."""
        self._batch.open()
        self._neighbours.open()
        self._feed.open()
        try:
            while self._stops < 2:
                told_to_stop = self._take()
                begun = time.monotonic()
                self.turns.begin(begun, bool(self._asked or self._telling))
                self._turn(self._asked)
                if self._later:
                    share = GREETING_SHARE * (time.monotonic() - begun)
                    self._turn(self._later, math.inf if told_to_stop or self._stops else max(GREETING, share))
                self.turns.end()
                if told_to_stop:
                    self._batch.commit()
                    self._telling.tell()
                    self._reading.finish()
                    self._stops += 1
                    self.closing.set()
                if self._batch.fault is not None:
                    raise self._batch.fault
        finally:
            self._feed.close()
            self._batch.close()
            self._neighbours.close()

    def bury(self) -> None:
        """After `run`: do nothing more, but let nobody wait for it."""
        self.closing.set()
        self._credits.give_all_back()
        for client, _ in (*self._asked, *self._later, *self._held):
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
                # Behind one of these its dispatcher sends nothing until it is answered.
                waits = client.session is None or type(requests[0]) is ask.Nick
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
        if self._later or self._telling or self._credits:
            return 0.0
        soonest = min(self._comings.due, self._departures.due, self._trimming.due, self._history.due, self._again)
        if not self._history.is_unread:
            soonest = min(soonest, self._neighbours.due, self._reading.due)
        return None if soonest == math.inf else max(soonest - time.monotonic(), 0.0)

    def _turn(self, asked: deque[Item], seconds: float = math.inf) -> None:
        """Carry out what was asked, or as much of it as there is time for."""
        self._saying.begin_turn()
        self._neighbours.begin_turn()
        begun = time.monotonic()
        until = begun + seconds
        heard: list[Client] = []
        try:
            while asked and time.monotonic() < until:
                client, requests = asked.popleft()
                heard.append(client)
                if not self._carry_out_all(client, requests):
                    heard.pop()
            self._neighbours.end_turn()
            self._batch.end_turn()
        finally:
            self._credits.note(heard)
        if self._telling:
            self._telling.go_on(time.monotonic() - begun)
            self._credits.give_back()
        self._batch.settle()  # nothing is written, and nobody let go, while the log writer writes
        self._do_what_is_due(time.monotonic())
        slow, self._telling.slow = self._telling.slow, {}
        for client in [*slow, *(client for client in heard if client.outbox.overflowed)]:
            if not client.gone:
                self._departures.disconnect_slow(client)

    def _do_what_is_due(self, now: float) -> None:
        if now >= self._comings.due:
            self._comings.tell(PRESENCE_SLICE)
        if now >= self._departures.due:
            self._departures.run(now)
        if now >= self._trimming.due:
            self._trimming.run(now, self._live_rooms.sessions, self._live_rooms.sessions.values())
        self._history.run(now)
        if now >= self._neighbours.due and not self._history.is_unread:
            self._neighbours.run(now)
        if now >= self._reading.due and not self._history.is_unread:
            self._reading.run(now)
        if now >= self._again:
            self._later += self._held
            self._held.clear()
            self._again = math.inf
        self._neighbours.end_turn()

    def _carry_out_all(self, client: Client, requests: Sequence[Request]) -> bool:
        """Whether that is done; else what is left of it waits for another server."""
        for number, request in enumerate(requests):
            if client.gone or self._stops:
                break
            try:
                self._handle(client, request)
            except NotYetError:
                self._held.append((client, requests[number:]))
                self._again = time.monotonic() + AGAIN
                return False
        return True

    def _handle(self, client: Client, request: Request) -> None:
        if not isinstance(request, ask.Say | ask.Read):  # which is answered by nothing
            self._batch.tell()
            if client in self._batch or self._batch.private:
                # A client's requests are carried out, and answered, in the order they came. And what was said in
                # private is for whoever had the name then: it is told before anybody comes, goes or changes names.
                self._batch.commit()
        seq = getattr(request, "seq", None)
        try:
            refusal = self._carry_out_or_refuse(client, request)
        except NotYetError:
            raise
        except StorageError as error:  # nothing was counted: it is to be said again
            refusal = unavailable(str(error), seq)
        except Exception:
            log.exception("carrying out a request of %s", client.address)
            refusal = Refusal("internal", "the server failed to do that; it has been logged", seq=seq)
        if refusal is not None:
            client.tell(refusal._replace(ref=getattr(request, "ref", None)).frame())

    def _carry_out_or_refuse(self, client: Client, request: Request) -> Refusal | None:
        refusal = permissions.refusal(client, request, self.rules)
        if refusal is not None and isinstance(request, ask.Say) and client.session is not None:
            # A text that is refused is counted all the same, and answered when that is stored.
            request, refusal = request._replace(refusal=request.refusal or refusal), None
        if refusal is None:
            self._carry_out[type(request)](client, request)
        return refusal

    # --- small requests ---

    def _color(self, client: Client, color: ask.Color) -> None:
        client.color = color.color
        self._live_rooms.announcer.person(client)

    def _away(self, client: Client, away: ask.Away) -> None:
        self._neighbours.catch_up()  # somebody may have come in with another connection
        if client.gone:
            return
        for connection in self._live_rooms.names.bearers(client.name):
            connection.away = away.text
            self._live_rooms.announcer.person(connection)
            if isinstance(connection, Distant):
                connection.be_away(away.text)
            elif connection is not client:
                connection.tell(events.away(away.text))

    def _show_as(self, client: Client, form: ask.ShowAs) -> None:
        client.encoder = form.encoder
        client.tell(events.notice(form.text))

    def _list_members(self, client: Client, who: ask.Who) -> None:
        names = self._live_rooms.names
        self._telling.settle(client)
        self._conversations.answered(client)
        name = None if who.room is None else client.resolve(who.room)
        for room in client.rooms.values() if name is None else filter(None, [client.rooms.get(name)]):
            for one in [one for one in room.members if one.is_silent]:  # nobody listens unseen
                self._live_rooms.appear(one)
            self._comings.bring_up_to_date(client, room)
        if name is None:
            people = names.one_of_each()
        elif partners(name) and name not in client.rooms:
            client.tell(permissions.DENIED.frame())
            return
        elif not permissions.may_see(client, name, self.rules):
            people = []
        else:
            people = self._live_rooms.rooms[name].one_of_each() if name in self._live_rooms.rooms else []
        # As they are called now: of new names the client is told behind the list.
        listed = [(one.name, one.color, one.away) for one in people]
        client.outbox.offer_pages(
            member_list(client, name, listed, who, described_people(people, name, names, self.rules))
        )
