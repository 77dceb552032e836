"""How this server is one of several: what it decides with the others, what it asks of them, and what they ask of it.

Who is connected to the others is in elsewhere.py; what they are told, in announcing.py. Owned by the hub, run only by
its thread. It must not know sockets, nor how posts travel.
"""

from __future__ import annotations

import contextlib
import logging
import math
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from chat_common import Frame
from server_parts.hub import announcing
from server_parts.hub.acts_heard import ActsHeard
from server_parts.hub.admission import Admission
from server_parts.hub.asked_elsewhere import AskedElsewhere
from server_parts.hub.departures import Departures
from server_parts.hub.elsewhere import Elsewhere
from server_parts.hub.live_rooms import LiveRooms
from server_parts.hub.state import HubState
from server_parts.people.clients import Client
from server_parts.people.distant import Distant
from server_parts.protocol.requests import Heard
from server_parts.storage.exchange import Exchange, Excluded, Missed, Post, Sighting
from server_parts.storage.outage import Outage
from server_parts.storage.records import ACTS, Run, StorageError

ANSWER_TIME: Final = 0.7  # seconds that another server may take to let somebody go
INTRODUCTION: Final = 1.5  # seconds that the others may take, at the start, to say who is with them …
LONG_INTRODUCTION: Final = 6.0  # … and those that are there and may have stood still; nobody comes in here meanwhile
RETRY: Final = 0.2  # seconds between two tries to reach them
OUT_OF_TOUCH: Final = 10.0  # seconds cut off from the others, after which they may have given this server up
SILENCE: Final = 2.0  # seconds after which a server that has not looked for posts does not answer
ALONE: Final = "this server has no connection to the others just now"
WAITING: Final = "this server waits for another one to say who is connected to it"
MOVED: Final = "this server lost touch with the others: connect again, here or elsewhere"

log = logging.getLogger("chat")


class NotYetError(Exception):
    """What was asked for has to wait for another server."""


class KnownServer(NamedTuple):
    """A server of this chat."""

    seen: Sighting
    clients: int
    is_this: bool

    @property
    def answers(self) -> bool:
        return self.is_this or self.seen.silence < SILENCE

    def described(self) -> Frame:
        """As operators are told."""
        state = "this" if self.is_this else "answers" if self.answers else "silent"
        return {"label": self.seen.label, "clients": self.clients, "since": round(self.seen.since), "state": state}


class Neighbours:
    def __init__(self, state: HubState, departures: Departures, admission: Admission) -> None:
        self._exchange: Exchange = state.exchange
        self._store = state.store
        self._announcer = state.live_rooms.announcer
        self._live_rooms: LiveRooms = state.live_rooms
        self._names = state.live_rooms.names
        self._departures = departures
        self._conversations = state.conversations
        self._acts = ActsHeard(state, departures)
        self._asked_elsewhere = AskedElsewhere(state, departures, admission, self._acts.room_kicks)
        self.elsewhere = Elsewhere(state, self._acts.over)
        self._decision = contextlib.ExitStack()
        self._is_deciding = self._is_reading = False
        self._instance = secrets.token_hex(8)  # which it keeps when it gets another number
        self._unread: deque[Post] = deque()
        self._read_at = 0.0
        self._known_as = 0  # its number, as the others know it
        self._expected_since = 0.0  # since when this server waits for others to say who is with them …
        self._expected_until = 0.0  # … and when it looks for those that are not there any more
        self._asked: dict[Distant, float] = {}  # who is to go, and since when
        self._is_lost = not state.exchange.is_alone  # it is to start over
        self._outage = Outage(
            log, "the other servers cannot be reached", "the other servers can be reached again", logging.ERROR
        )
        self._retry = self._decide_again = 0.0
        self._apply: dict[str, Callable[[Post], None]] = {
            announcing.ASKED: self._asked_here,
            announcing.DROPPED: self._dropped,
            announcing.WHO: self._who,
            **self.elsewhere.told,
        }
        state.live_rooms.catch_up_with_others = self.catch_up
        state.conversations.hear_all_others = self._hear_all

    # --- turns ---

    def begin_turn(self) -> None:
        """Who has stood still for a while reads first what the others did without it: they may have let people go."""
        if not self._exchange.is_alone and time.monotonic() - self._read_at > ANSWER_TIME / 2:
            self.catch_up()

    def decide(self) -> None:
        """Until the end of the turn no other server gives a name away, and this one knows all that they did.

        StorageError: that cannot be had now.
        """
        if self._exchange.is_alone:
            return
        if not (self._is_lost or self._is_deciding):
            try:
                self._decision.enter_context(self._exchange.deciding())
            except StorageError as error:
                self._lose(error)
            else:
                self._is_deciding = True
                self.catch_up()
        if self._is_lost:
            raise StorageError(ALONE)
        if self.elsewhere.expected:
            if time.monotonic() - self._expected_since > INTRODUCTION + 2 * RETRY:
                raise StorageError(WAITING)  # whoever is waited for may take long: there are other servers
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
        self._see_off(self._announcer.unheard)
        self._announcer.unheard.clear()

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
        return min(self._acts.due, self._due_with_others)

    @property
    def _due_with_others(self) -> float:
        if self._is_lost:
            return self._retry
        if self.elsewhere.expected:  # meanwhile nothing can be decided
            return self._expected_until
        return self._decide_again if self._asked_elsewhere.has_more else math.inf

    def run(self, now: float) -> None:
        # Whichever call found that. Not before: somebody may be saying something.
        if self._exchange.is_given_up or self._is_out_of_touch(now):
            self._see_off(self._names.connections())
        if now >= self._acts.due:
            self._acts.run(now)
        if now < self._due_with_others:
            return
        if self._is_lost:
            self._retry = now + RETRY
            self._start_over()
        elif self.elsewhere.expected:
            self._stop_waiting()
        else:
            self._give_way(now)

    def _give_way(self, now: float) -> None:
        try:
            self.decide()
            self._asked_elsewhere.give_way()
        except (NotYetError, StorageError):
            self._decide_again = now + RETRY

    def _hear_all(self) -> None:
        """Read what the others have posted. StorageError: that may not be all."""
        self.catch_up()
        if self._is_lost:
            raise StorageError(ALONE)
        if self.elsewhere.expected:
            raise StorageError(WAITING)

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
            self._read_at = time.monotonic()
            while self._unread:
                post = self._unread[0]
                if post.kind in self._apply:  # a server of another version may post more
                    self._apply[post.kind](post)
                self._unread.popleft()
            self.elsewhere.welcome_newcomers()
        finally:
            self._is_reading = False
        self._ask_for_those_missed()

    def _ask_for_those_missed(self) -> None:
        """A server is over before it said who was with it. Others know who has left with it, when they know that."""
        if self.elsewhere.has_missed:
            self.elsewhere.has_missed = False
            self._conversations.miss_some()
            self._announcer.say(announcing.WHO)
            self._expect_all()

    def _expect_all(self) -> None:
        """Nobody comes in before all others have said who is with them."""
        self.elsewhere.expected = set(self.elsewhere.labels) - set(self._exchange.numbers)
        self._expected_since = time.monotonic()
        self._expected_until = self._expected_since + INTRODUCTION

    def _lose(self, error: StorageError) -> None:
        if not self._store.is_replaced:  # of that the operator is told already
            self._outage.note(error)
        self._is_lost = True
        self._announcer.lose(error)
        self._retry = time.monotonic() + (0.0 if isinstance(error, Excluded | Missed) else RETRY)

    def _is_out_of_touch(self, now: float) -> bool:
        others = self.elsewhere.labels.keys() - set(self._exchange.numbers)
        return bool(others) and self._exchange.is_cut_off and now - self._read_at > OUT_OF_TOUCH

    def _see_off(self, people: Iterable[Client]) -> None:
        """Some of their names may be somebody else's by now, or the others never heard of them."""
        for client in list(people):
            if not client.is_distant and not client.is_owner and not client.gone:
                self._departures.disconnect(client, "moved", MOVED, retry=True)

    def _start_over(self) -> None:
        """Say anew who is here, and ask the others the same."""
        is_new = self._exchange.is_given_up or not self._known_as
        try:
            self._exchange.start_over()
            if is_new:  # what was posted before cannot be read
                self._conversations.miss_some()
                self.elsewhere.begin(self._exchange.server)
            with self._exchange.deciding():
                self._read()
                self._announcer.forget()
                self._introduce()
                self._announcer.say(announcing.WHO)
                self._announcer.flush()
                if self._announcer.fault is not None:
                    raise self._announcer.fault
                if self._known_as not in (0, self._exchange.server):
                    self._exchange.give_up([self._known_as])
            servers = self._exchange.servers()
        except StorageError as error:
            self._lose(error)
            return
        self._is_lost = False
        self._outage.end()
        self._known_as = self._exchange.server
        self.elsewhere.labels |= servers
        self._expect_all()

    def _stop_waiting(self) -> None:
        """Some have not said in time who is with them. Who is not there any more, or stands still for long, is over.

        They are told so when they come back, or they would keep people whose names are given away.
        """
        try:
            with self._exchange.deciding():
                self._read()  # which may ask all of them anew
                is_late = time.monotonic() - self._expected_since >= LONG_INTRODUCTION
                expected = self.elsewhere.expected
                gone = expected.copy() if is_late else self._exchange.gone(expected)
                self._exchange.give_up(gone)
            if gone:
                log.warning("other servers that have not said who is with them, and are given up: %d", len(gone))
            for server in gone:
                self.elsewhere.over(server)
        except StorageError as error:  # who is not over here yet is read to be over, or waited for again
            self._lose(error)
            return
        self._expected_until = time.monotonic() + RETRY
        self._ask_for_those_missed()

    def _introduce(self) -> None:
        """Everybody who is here, for those who do not know."""
        exchange = self._exchange
        of_this = {"label": exchange.label, "instance": self._instance, "key": exchange.key()}
        self._announcer.say(announcing.ANEW, **of_this, numbers=list(exchange.numbers))
        for client in self._names.connections():
            if not client.is_distant:
                self._announcer.introduce(client)
        lately = self._conversations.lately(knows_all=not self.elsewhere.strangers)
        self._announcer.say(announcing.LATELY, **lately, servers=list(self.elsewhere.labels))
        self._announcer.say(announcing.COMPLETE)

    def forget(self) -> None:
        """The log is another one: who is at which server has to be said anew there, by all of them."""
        self.elsewhere.forget_all()
        self._unread.clear()
        self._known_as = 0
        self._asked.clear()
        self._announcer.forget()
        self._is_lost = not self._exchange.is_alone

    def open(self) -> None:
        """Before anybody is in."""
        if self._is_lost:
            self._start_over()

    def close(self) -> None:
        self._exchange.close()

    def servers(self) -> list[KnownServer]:
        """By any thread. StorageError: nobody can tell just now."""
        own = self._exchange.server
        clients = self.elsewhere.counted(own)
        seen = self._exchange.sightings()
        return [KnownServer(one, clients[server], server == own) for server, one in seen.items()]

    def _who(self, post: Post) -> None:
        self._introduce()

    # --- what is asked of this server ---

    def _asked_here(self, post: Post) -> None:
        client = self._own(post.data)
        if client is not None:
            self._asked_elsewhere.carry_out(client, post.data["what"], post.data)

    def _own(self, data: dict[str, Any]) -> Client | None:
        """Somebody of this server, also if it is known by another number by now."""
        return self._announcer.people.get(data["id"]) if data["server"] in self._exchange.numbers else None

    def _dropped(self, post: Post) -> None:
        """This server did not answer in time. Its client is somewhere else by now."""
        client = self._own(post.data)
        if client is not None:
            self._departures.disconnect(client, "moved", MOVED, retry=True)
        elif post.data["server"] not in self._exchange.numbers:
            self.elsewhere.drop(post.data["server"], post.data["id"])

    # --- what is asked of others ---

    def wait_for(self, distant: Distant, ask: Callable[[], None]) -> None:
        """Somebody has to go first: raises until its server says that this is done, or has had its time."""
        now = time.monotonic()
        since = self._asked.get(distant)
        if since is None:
            self._asked = {asked: then for asked, then in self._asked.items() if not asked.gone}
            self._asked[distant] = now
            ask()
        elif now - since >= ANSWER_TIME:
            self._announcer.drop(distant.server, distant.id)
            self.elsewhere.drop(distant.server, distant.id)
            return
        raise NotYetError
