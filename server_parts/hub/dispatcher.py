"""Sorts one client's requests: passes on what the hub decides, answers what the log can tell, and keeps the order.

Run by the client's reader. Before it answers by itself it waits until nothing of this client is under way in the hub;
then, and only then, it may read the client's fields. It must not know sockets.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, Protocol

from chat_common import Frame
from server_parts.hub import pages
from server_parts.hub.hub import Hub
from server_parts.hub.proving import carries_secret
from server_parts.people import permissions
from server_parts.people.addresses import source_of
from server_parts.people.clients import CREDITS, Client
from server_parts.people.held_back import NOT_SAID, SECRET_FIELDS, hold_back, let_talk
from server_parts.people.newcomers import is_newcomer
from server_parts.people.rate_limit import Person, RateLimit, RateLimits
from server_parts.protocol import events
from server_parts.protocol.account_requests import Login, Password
from server_parts.protocol.file_requests import ListFiles, WhereIs
from server_parts.protocol.moderation_events import servers
from server_parts.protocol.moderation_requests import ListServers
from server_parts.protocol.requests import (
    Answer,
    Disconnected,
    Hello,
    History,
    Nick,
    Ping,
    Read,
    Refusal,
    Request,
    Rooms,
    Say,
    Search,
    TalkAgain,
    Who,
    in_runs,
    one_by_one,
)
from server_parts.protocol.unavailable import unavailable
from server_parts.storage.records import StorageError
from server_parts.storage.store import Store

BREATH: Final = 0.25  # how long a client that is over its rate is left alone before it is looked at again

_PRIVATE_PLACE: Final = re.compile(r"\bin:(@[A-Za-z0-9_.-]+)(?![+\w])")  # in:@bob, as a person writes it
HEARERS: Final = 100  # people who hear of a new name, for what one request costs

PASSWORD_COST: Final = 10  # requests that hashing a password costs

_ALONE: Final = frozenset((Hello, Nick, Login, Password))  # what has a limit or a price of its own
_ANSWERED_HERE: Final = frozenset((History, Search, WhereIs, ListFiles, ListServers, Ping, Answer, TalkAgain, Refusal))
_NOBODY: Final = Person(RateLimit(0, 0, 0.0), RateLimit(0, 0, 0.0))
_HERE: Final = object()
_SECRET: Final = object()


def _kind(request: Request) -> object:
    """What may be carried out together. Of long lists each is sent before the next is made: they count for no bound."""
    if type(request) is Say:
        return None
    if type(request) in _ANSWERED_HERE:
        return _HERE
    if carries_secret(request):
        return _SECRET
    return object() if isinstance(request, (Who, Rooms)) else None


class Inlet(Protocol):
    """Where a client's requests come from."""

    def readable(self, seconds: float) -> bool:
        """Whether more of them come within so many seconds."""

    def is_reset_within(self, seconds: float) -> bool:
        """Wait so long, or less. Whether the client has reset its connection."""


class _InPerson:
    """Whoever waits for each answer before asking for more."""

    def readable(self, seconds: float) -> bool:
        return False

    def is_reset_within(self, seconds: float) -> bool:
        time.sleep(seconds)
        return False


_IN_PERSON: Final = _InPerson()


class Dispatcher:
    __slots__ = ("_client", "_hub", "_inlet", "_known_as", "_limits", "_next_page", "_person", "_store")

    def __init__(
        self,
        client: Client,
        hub: Hub,
        store: Store,
        limits: RateLimits,
        inlet: Inlet = _IN_PERSON,
    ) -> None:
        self._client = client
        self._hub = hub
        self._store = store
        self._limits = limits
        self._known_as = ""
        self._person = _NOBODY  # until a hello, which costs nothing
        self._inlet = inlet
        self._next_page: Search | None = None  # of the last search

    def serve(self, requests: Sequence[Request]) -> None:
        """Carry out the requests in order, no faster than the client's rate.

        Raise ConnectionResetError if a program of ours resets its connection meanwhile: it wants none of the rest. What
        nc and its like do to theirs at their end says nothing.
        """
        received = time.monotonic()
        if not self._limits.unlimited:
            requests = one_by_one(requests)
        while requests and not self._client.outbox.closed:
            allowed, pause = self._allowed(requests, time.monotonic())
            if allowed:
                self._carry_out(requests[:allowed], received)
                requests = requests[allowed:]
                continue
            self._fall_behind(received)
            if self._inlet.is_reset_within(min(pause, BREATH)) and not self._client.encoder.is_for_people:
                raise ConnectionResetError
        if self._client.behind_since != math.inf and not requests and not self._inlet.readable(0.0):
            self.settle()  # what it has asked for so far was sent while its reader was behind
            self._client.behind_since = math.inf

    def _fall_behind(self, received: float) -> None:
        """From now on, what the client asks for may have been sent long ago, until it is seen that no more waits."""
        self._client.behind_since = min(self._client.behind_since, received)

    def _allowed(self, requests: Sequence[Request], now: float) -> tuple[int, float]:
        """How many of the requests the client's rate limit allows now, and how long to wait if it is none."""
        if self._limits.unlimited:
            return len(requests), 0.0
        if isinstance(requests[0], Hello) and self._client.session is None:
            return 1, 0.0  # who keeps saying it at the door is sent away in time
        person = self._find_person(now)
        if isinstance(requests[0], Nick):
            cost = self._cost_of_a_name()
            if not person.requests.has(cost, now) or not person.renames.take((1,), now):
                return 0, max(person.requests.wait(cost), person.renames.wait())
            return person.requests.take((cost,), now), 0.0
        if isinstance(requests[0], (Login, Password)):
            return person.requests.take((PASSWORD_COST,), now), person.requests.wait(PASSWORD_COST)
        watched = is_newcomer(self._client, self._hub.rules)
        if watched and isinstance(requests[0], Say):
            return self._allowed_text(person, now)
        alone = (*_ALONE, Say) if watched else _ALONE
        ahead = next((number for number, request in enumerate(requests) if type(request) in alone), len(requests)) or 1
        return person.requests.take((1,) * ahead, now), person.requests.wait()

    @staticmethod
    def _allowed_text(person: Person, now: float) -> tuple[int, float]:
        """Whether a text of a newcomer may go now, or how long it has to wait."""
        if not person.texts.has(1, now):
            return 0, person.texts.wait()
        allowed = person.requests.take((1,), now)
        person.texts.take((1,) * allowed, now)
        return allowed, person.requests.wait()

    def _find_person(self, now: float) -> Person:
        """Whoever speaks here: by a name that is its own, else by name and address."""
        client = self._client
        source = source_of(client.address)
        known_as = client.name.lower() if client.trusted else f"{client.name.lower()} {source}"
        if known_as != self._known_as:
            known = self._person if self._known_as else None
            self._known_as, self._person = known_as, self._limits.find(known_as, source, now, known)
        return self._person

    def _cost_of_a_name(self) -> float:
        """Everybody who is in a room with its bearer is told a new name."""
        return 1 + sum(len(room.members) for room in list(self._client.rooms.values())) / HEARERS

    def close(self) -> None:
        """The connection is over."""
        self._hub.submit(self._client, [Disconnected()])

    def _carry_out(self, requests: Sequence[Request], received: float) -> None:
        for kind, some in groupby(requests, _kind):
            if kind is _HERE:
                self.settle()
                for request in some:
                    if not self._client.outbox.closed:
                        self._send(self._answer(request))
                        if isinstance(request, Refusal) and request.field in SECRET_FIELDS:
                            self._hold_back()
            elif kind is _SECRET:
                for request in some:
                    self._prove(request)
            else:
                if time.monotonic() > received + BREATH:  # the client reads slowly what it asked for before
                    self._fall_behind(received)
                self._pass_on(in_runs(self._without_secrets(some)))

    def _send(self, pages: Iterable[bytes]) -> None:
        self._client.outbox.offer_pages(pages)
        self._client.outbox.drain()

    def _hold_back(self) -> None:
        for frame in hold_back(self._client):
            self._send(self._frame(frame))

    def _without_secrets(self, requests: Iterable[Request]) -> Iterable[Request]:
        """Nothing is said that may be a password."""
        if not self._client.holds_back:
            return requests
        kept = []
        for request in requests:
            if isinstance(request, Say):
                for _ in request.texts:
                    self._send(self._frame(NOT_SAID.frame()))
            else:
                kept.append(request)
        return kept

    def _prove(self, request: Request) -> None:
        """What takes long, and what the hub must not know, is done here; then the hub decides."""
        self.settle()
        if self._client.outbox.closed:
            return
        try:
            prepared = permissions.refusal(self._client, request) or self._hub.prover.prepared(self._client, request)
        except StorageError as error:
            prepared = unavailable(str(error))
        self._client.holds_back = False
        if isinstance(prepared, Refusal):
            self._send(self._frame(prepared.frame()))
            if isinstance(request, (Login, Password)):
                self._hold_back()
        else:
            self._pass_on([prepared])

    def _pass_on(self, requests: Sequence[Request]) -> None:
        if not requests:
            return
        self._client.credits.get()
        self._hub.submit(self._client, requests)
        if not all(isinstance(request, Say | Read) for request in requests):
            self.settle()  # the hub may have left pages to send

    def settle(self) -> None:
        """Wait until the hub has done all that this client asked for, and send what it left to send."""
        for _ in range(CREDITS):
            self._client.credits.get()
        for _ in range(CREDITS):
            self._client.credits.put(None)
        self._client.outbox.drain()

    def _answer(self, request: Request) -> Iterable[bytes]:
        if refused := permissions.refusal(self._client, request, self._hub.rules):
            return self._frame(refused.frame())
        match request:
            case Answer(block):
                return (block,) if block else ()
            case TalkAgain():
                return self._frame(let_talk(self._client))
            case Ping(n):
                return self._frame(events.pong(n))
            case Refusal():
                return self._frame(request.frame())
        try:
            if isinstance(request, ListServers):
                return self._frame(servers([server.described() for server in self._hub.servers()]))
            if isinstance(request, (WhereIs, ListFiles)):
                return (self._hub.files.read(self._client, request),)
            return self._read(request)
        except StorageError as error:
            return self._frame(unavailable(str(error)).frame())

    def _frame(self, frame: Frame) -> Iterable[bytes]:
        return (self._client.encoder.frame(frame),)

    def _read(self, request: Request) -> Iterable[bytes]:
        client, store = self._client, self._store
        assert isinstance(request, (History, Search))
        if isinstance(request, Search) and request.again:
            if self._next_page is None:
                return self._frame(Refusal("bad_field", "there are no more results", "before").frame())
            request = self._next_page
        room = None if request.room is None else client.resolve(request.room)
        floor = 0 if room is None else permissions.floor_of(client, store, room)
        if floor is None:
            return self._frame(permissions.DENIED.frame())
        hidden = permissions.hidden_from(client, self._hub.rules)
        if isinstance(request, History):
            if room in hidden:  # as of a room that does not exist
                return (client.encoder.pages(events.history(room or "", gap=False), "messages", []),)
            return pages.older(store, client.encoder, request._replace(room=room or ""), floor)
        floors = store.private_rooms(client.name) if client.trusted else {}
        query = _PRIVATE_PLACE.sub(lambda found: f"in:{client.resolve(found[1].lower())}", request.text)
        before = request.before and (client.resolve(request.before[0]), request.before[1])
        found = pages.find(store, request._replace(room=room, before=before), query, floors, hidden)
        self._next_page = None
        places = found.places
        if places and len(places) < found.total:
            oldest = places[-1]
            self._next_page = request._replace(before=(oldest.room, oldest.id))
        return pages.results(store, client.encoder, request, found)
