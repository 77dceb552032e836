"""The people at the other servers of this chat, as they are there, and what those servers ask of this one.

Whoever is connected elsewhere is a client of this hub too: it bears its name, is a member of its rooms and is listed,
but what it is sent goes nowhere (see people/distant.py). Each server alone changes its own people. Owned by the hub,
run only by its thread. It must not know sockets, nor how posts travel.
"""

from __future__ import annotations

import contextlib
import logging
import math
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from server_parts.hub import announcing
from server_parts.hub.acts_heard import ActsHeard
from server_parts.hub.admission import Admission
from server_parts.hub.asked_elsewhere import AskedElsewhere
from server_parts.hub.departures import Departures
from server_parts.hub.live_rooms import LiveRooms
from server_parts.hub.state import HubState
from server_parts.people.clients import Client
from server_parts.people.distant import Distant, apply_facts
from server_parts.protocol.requests import Heard
from server_parts.storage.exchange import OVER, Exchange, Excluded, Missed, Post
from server_parts.storage.records import ACTS, Run, StorageError

ANSWER_TIME: Final = 1.0  # seconds that another server may take to let somebody go
INTRODUCTION: Final = 1.5  # seconds that the others may take, at the start, to say who is with them
RETRY: Final = 0.2  # seconds between two tries to reach them
MOVED: Final = "this server lost touch with the others: connect again, here or elsewhere"

log = logging.getLogger("chat")


class NotYetError(Exception):
    """What was asked for has to wait for another server."""


class Neighbours:
    def __init__(self, state: HubState, departures: Departures, admission: Admission) -> None:
        self._exchange: Exchange = state.exchange
        self._announcer = state.live_rooms.announcer
        self._live_rooms: LiveRooms = state.live_rooms
        self._names = state.live_rooms.names
        self._departures = departures
        self._asked_elsewhere = AskedElsewhere(state, departures, admission)
        self._distant: dict[tuple[int, int], Distant] = {}
        self._stale: dict[int, set[int]] = {}  # of a server that says anew who is with it: whom it has not named yet
        self._decision = contextlib.ExitStack()
        self._is_deciding = self._is_reading = False
        self._instance = secrets.token_hex(8)  # which it keeps when it gets another number
        self._unread: deque[Post] = deque()
        self._labels: dict[int, str] = {}  # what the servers call themselves
        self._instances: dict[int, str] = {}
        self._expected: set[int] = set()  # servers that have not said yet who is with them …
        self._expected_until = 0.0  # … and until when this one waits for that
        self._asked: dict[Distant, float] = {}  # who is to go, and since when
        self._is_lost = not state.exchange.is_alone  # it is to start over
        self._retry = 0.0
        self._acts = ActsHeard(state, departures)
        self._apply: dict[str, Callable[[int, dict[str, Any]], None]] = {
            announcing.PERSON: self._person,
            announcing.ENTERED: self._entered,
            announcing.LEFT: self._left,
            announcing.GONE: self._gone,
            announcing.ASKED: self._asked_here,
            announcing.DROPPED: self._dropped,
            announcing.WHO: self._who,
            announcing.ANEW: self._anew,
            announcing.COMPLETE: self._complete,
            OVER: self._over,
        }
        state.live_rooms.catch_up_with_others = self.catch_up

    # --- turns ---

    def decide(self) -> None:
        """Until the end of the turn no other server gives a name away, and this one knows all that they did.

        StorageError: that cannot be had now.
        """
        if self._exchange.is_alone or self._is_deciding:
            return
        if self._is_lost:
            raise StorageError("this server has no connection to the others just now")
        self._decision.enter_context(self._exchange.deciding())
        self._is_deciding = True
        self.catch_up()
        if self._expected:
            raise NotYetError

    def end_turn(self) -> None:
        """Before the texts of a turn are stored, and after it: what happened is known to the others."""
        if self._exchange.is_alone:
            return
        try:
            with self._decision:
                self._is_deciding = False
                self._announcer.flush()
            fault = self._announcer.fault
        except StorageError as error:
            fault = error
        if fault is not None and not self._is_lost:
            self._lose(fault)

    def hear(self, _: Client, heard: Heard) -> None:
        self.catch_up()
        self._acts.hear()
        by_room: dict[str, list[Run]] = {}
        for run in heard.runs:
            by_room.setdefault(run.room, []).append(run)
        for room, runs in by_room.items():
            if room == ACTS:
                self._acts.hear(runs)
            else:
                self._live_rooms.publish(room, runs)

    @property
    def due(self) -> float:
        """When there is something to do of its own accord; never, if there is nothing."""
        if self._is_lost:
            return self._retry
        if self._asked_elsewhere.has_more:
            return 0.0
        return self._expected_until if self._expected else math.inf

    def run(self, now: float) -> None:
        if self._is_lost:
            self._retry = now + RETRY
            self._start_over()
        elif self._expected and now >= self._expected_until:
            self._stop_waiting()
        elif self._asked_elsewhere.has_more:
            with contextlib.suppress(NotYetError, StorageError):
                self.decide()
                self._asked_elsewhere.give_way()

    def catch_up(self) -> None:
        """Read what the others have posted."""
        if self._exchange.is_alone or self._is_reading or self._is_lost:
            return
        try:
            self._read()
        except StorageError as error:
            self._lose(error)

    def _read(self) -> None:
        self._is_reading = True
        try:
            self._unread += self._exchange.read()
            while self._unread:
                post = self._unread[0]
                self._apply[post.kind](post.server, post.data)
                self._unread.popleft()
        finally:
            self._is_reading = False

    def _lose(self, error: StorageError) -> None:
        if not self._is_lost:
            log.error("the other servers cannot be reached: %s", error)
        self._is_lost = True
        self._announcer.forget()
        if isinstance(error, Excluded):
            self._see_off()
        self._retry = time.monotonic() + (0.0 if isinstance(error, Excluded | Missed) else RETRY)

    def _see_off(self) -> None:
        """The others have given this server's people up: some of their names may be somebody else's by now."""
        for client in self._names.connections():
            if not client.is_distant and not client.is_owner:
                self._departures.disconnect(client, "moved", MOVED, retry=True)

    def _start_over(self) -> None:
        """Say anew who is here, and ask the others the same."""
        former = self._exchange.server
        try:
            self._exchange.start_over()
            with self._exchange.deciding():
                self._read()
                self._announcer.forget()
                self._introduce()
                self._announcer.say(announcing.WHO)
                self._announcer.flush()
            if self._announcer.fault is not None:
                raise self._announcer.fault
            servers = self._exchange.servers()
        except StorageError as error:
            self._lose(error)
            return
        self._is_lost = False
        if former != self._exchange.server:
            self._lose_sight_of(former)
        self._labels |= servers
        self._expected = set(self._labels) - {self._exchange.server}
        self._expected_until = time.monotonic() + INTRODUCTION

    def _stop_waiting(self) -> None:
        """Some have not said in time who is with them. Those that are not there any more are over."""
        try:
            servers = self._exchange.servers()
        except StorageError as error:
            self._lose(error)
            return
        log.warning("%d other servers have not said who is with them", len(self._expected))
        for server in self._expected - servers.keys():
            self._over(server, {})
        self._expected.clear()

    def _introduce(self) -> None:
        """Everybody who is here, for those who do not know."""
        self._announcer.say(announcing.ANEW, label=self._exchange.label, instance=self._instance)
        for client in self._names.connections():
            if not client.is_distant:
                self._announcer.person(client)
                for room in client.rooms.values():
                    self._announcer.entered(client, room)
        self._announcer.say(announcing.COMPLETE)

    def open(self) -> None:
        """Before anybody is in."""
        if self._is_lost:
            self._start_over()

    def close(self) -> None:
        self._exchange.close()

    def servers(self) -> dict[str, int]:
        """By what they call themselves. By any thread."""
        people = Counter(client.server if isinstance(client, Distant) else 0 for client in self._names.connections())
        own = self._exchange.server
        names = self._labels.copy()
        return {label: people[0 if server == own else server] for server, label in names.items()}

    # --- what the others post ---

    def _person(self, server: int, data: dict[str, Any]) -> None:
        key = server, data["id"]
        facts, now = data["facts"], time.monotonic()
        self._stale.get(server, set()).discard(data["id"])
        distant = self._distant.get(key)
        if distant is None:
            distant = self._distant[key] = Distant(*key, self._announcer.ask)
            apply_facts(distant, facts, now)
            self._live_rooms.welcome_distant(distant, facts["name"])
        elif distant.name != facts["name"]:
            self._bring_rooms_to(data["told"])
            apply_facts(distant, facts, now)
            self._live_rooms.rename_distant(distant, facts["name"])
        else:
            apply_facts(distant, facts, now)

    def _entered(self, server: int, data: dict[str, Any]) -> None:
        distant = self._distant.get((server, data["id"]))
        if distant is not None:
            self._live_rooms.add_distant(distant, data["room"])

    def _left(self, server: int, data: dict[str, Any]) -> None:
        self._bring_rooms_to(data["told"])
        distant = self._distant.get((server, data["id"]))
        if distant is not None:
            for room in data["told"]:
                self._live_rooms.remove_distant(distant, room)

    def _gone(self, server: int, data: dict[str, Any]) -> None:
        self._bring_rooms_to(data["told"])
        self._forget(server, [data["id"]])

    def _bring_rooms_to(self, told: Mapping[str, int]) -> None:
        """What was said before is heard before."""
        for room, last in told.items():
            self._live_rooms.catch_up(room, last)

    def _forget(self, server: int, ids: Iterable[int]) -> None:
        for id in list(ids):
            self._stale.get(server, set()).discard(id)
            distant = self._distant.pop((server, id), None)
            if distant is not None:
                self._asked.pop(distant, None)
                distant.gone = True
                self._live_rooms.leave_all(distant)

    def _over(self, server: int, data: dict[str, Any]) -> None:
        """All who were with it are gone. What they said last is heard first."""
        theirs = [id for other, id in self._distant if other == server]
        for room in {room for id in theirs for room in self._distant[server, id].rooms}:
            self._live_rooms.catch_up(room)
        self._forget(server, theirs)
        self._lose_sight_of(server)
        log.info("server %d has left; %d people were with it", server, len(theirs))

    def _who(self, server: int, data: dict[str, Any]) -> None:
        self._introduce()

    def _anew(self, server: int, data: dict[str, Any]) -> None:
        for former, instance in list(self._instances.items()):
            if instance == data["instance"] and former != server:
                self._renumber(former, server)
        self._labels[server], self._instances[server] = data["label"], data["instance"]
        self._stale[server] = {id for other, id in self._distant if other == server}

    def _renumber(self, former: int, server: int) -> None:
        """A server has lost its connection for a moment, and has another number now."""
        for id in [id for other, id in self._distant if other == former]:
            distant = self._distant[server, id] = self._distant.pop((former, id))
            distant.server = server
        self._lose_sight_of(former)

    def _lose_sight_of(self, server: int) -> None:
        self._labels.pop(server, None)
        self._instances.pop(server, None)
        self._stale.pop(server, None)
        self._expected.discard(server)

    def _complete(self, server: int, data: dict[str, Any]) -> None:
        self._forget(server, self._stale.pop(server, ()))
        self._expected.discard(server)

    # --- what is asked of this server ---

    def _asked_here(self, server: int, data: dict[str, Any]) -> None:
        client = self._own(data)
        if client is not None:
            self._asked_elsewhere.carry_out(client, data["what"], data)

    def _own(self, data: dict[str, Any]) -> Client | None:
        if data["server"] != self._exchange.server:
            return None
        return self._announcer.people.get(data["id"])

    def _dropped(self, server: int, data: dict[str, Any]) -> None:
        """This server did not answer in time. Its client is somewhere else by now."""
        client = self._own(data)
        if client is not None:
            self._departures.disconnect(client, "moved", MOVED, retry=True)
        else:
            self._forget(data["server"], [data["id"]])

    # --- what is asked of others ---

    def wait_for(self, distant: Distant, ask: Callable[[], None]) -> None:
        """Somebody has to go first: raises until its server says that this is done, or has had its time."""
        now = time.monotonic()
        since = self._asked.get(distant)
        if since is None:
            self._asked[distant] = now
            ask()
        elif now - since >= ANSWER_TIME:
            self._announcer.drop(distant)
            self._forget(distant.server, [distant.id])
            return
        raise NotYetError
