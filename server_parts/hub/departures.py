"""How a client leaves: of its own will, with a reason, or because it cannot keep up. Run only by the hub's thread.

It must not know sockets: an outbox sends the last words and ends the connection.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from typing import Final

from server_parts.hub.bringing import owners_of
from server_parts.hub.state import HubState
from server_parts.people.clients import Client
from server_parts.people.distant import Distant
from server_parts.people.places import Places
from server_parts.people.reservations import GRACE
from server_parts.protocol.events import bye
from server_parts.protocol.requests import Bye, Disconnected, EndConnection

SILENT: Final = 600.0  # seconds after which a guest who never said anything may have to leave its place …
SILENT_INTERVAL: Final = 10.0  # … and between two looks at that
LINGER: Final = 3.0  # how long a client that was told goodbye may take to go
SENT_AWAY: Final = frozenset(("kicked", "banned", "forgotten"))  # codes of goodbyes after which nothing goes on

log = logging.getLogger("chat")


class Departures:
    def __init__(self, state: HubState, places: Places | None) -> None:
        self._store = state.store
        self._desk = state.desk
        self._live_rooms = state.live_rooms
        self._conversations = state.conversations
        self._batch = state.batch
        self._last_seen = state.last_seen
        self._places = places
        self._farewells: deque[tuple[float, Client]] = deque()  # until when who may take its last words
        self._silent_due = 0.0 if places is not None else math.inf

    def forget(self, client: Client, why: str = "", *, comes_back: bool = False, expected: bool = False) -> None:
        """Nothing more is done for the client, and it is nowhere any more.

        `comes_back`: with the connection that is about to be let in. `expected`: soon, as it did not want to leave.
        """
        self._batch.tell()  # to the rooms that there are now
        if client in self._batch:
            self._batch.commit()
        client.gone = True
        self._last_seen.note(client, time.monotonic() + GRACE if expected else -math.inf)
        self._conversations.note_leaving(client)
        if not comes_back:
            self._conversations.close(client)
        if client.session is not None:
            what = "%s ended one of several connections%s" if self._live_rooms.names.others(client) else "%s left%s"
            log.log(logging.DEBUG if client.is_silent else logging.INFO, what, client.name, f": {why}" if why else "")
            if why != "replaced":  # or whoever has come with the same session has taken it already
                self._store.let_go(client.session.key)
        self._live_rooms.leave_all(client)

    def disconnect(
        self, client: Client, code: str, text: str, *, retry: bool, at_once: bool = False, comes_back: bool = False
    ) -> None:
        """End a client's connection with a reason; it has a few seconds to read it."""
        if isinstance(client, Distant):
            client.end(code, text, retry=retry, comes_back=comes_back)
            return
        if code in SENT_AWAY:
            self._desk.end(owners_of(client))
        why = "" if code == "exit" else code.replace("_", " ")
        self.forget(client, why, comes_back=comes_back, expected=retry)
        self._say_goodbye(client, client.encoder.frame(bye(code, text, retry=retry)), at_once=at_once)

    def _say_goodbye(self, client: Client, last_words: bytes, *, at_once: bool = False) -> None:
        client.outbox.finish(last_words, at_once=at_once)
        self._farewells.append((time.monotonic() + LINGER, client))

    def disconnect_slow(self, client: Client) -> None:
        if client.outbox.overflowed:
            waiting = client.outbox.backlog
            log.warning("%s reads too slowly: %d bytes were waiting", client.name, waiting)
            text = f"you read too slowly: {waiting} bytes were waiting for you"
            self.disconnect(client, "too_slow", text, retry=True, at_once=True)
        elif not client.outbox.closed:  # or it is being told goodbye, and may read that
            client.outbox.cut()  # the connection is broken; its reader says so, behind all that came before

    # --- asked for ---

    def bye(self, client: Client, _: Bye) -> None:
        self.disconnect(client, "exit", "goodbye", retry=False)

    def end(self, client: Client, ending: EndConnection) -> None:
        if client.session is None:
            log.info("%s: %s", client.address, ending.reason)
        self.forget(client, ending.reason, expected=ending.comes_back)
        self._say_goodbye(client, ending.block)

    def disconnected(self, client: Client, _: Disconnected) -> None:
        why = "too slow: it asked for more than it read" if client.outbox.stalled else ""
        self.forget(client, why, expected=True)

    # --- in time ---

    @property
    def due(self) -> float:
        """When there is something to do; never, if there is nothing."""
        return min(self._farewells[0][0] if self._farewells else math.inf, self._silent_due)

    def run(self, now: float) -> None:
        while self._farewells and now >= self._farewells[0][0]:
            self._farewells.popleft()[1].outbox.cut()
        if now >= self._silent_due:
            self._silent_due = now + SILENT_INTERVAL
            self._disconnect_silent(now - SILENT)

    def _disconnect_silent(self, since: float) -> None:
        """Where places are short, plain guests who have been here since then and never said anything go."""
        if self._places is None or not self._places.are_short:
            return
        for client in self._live_rooms.names.connections():
            never = client.session is not None and not client.session.counted
            if client.encoder.is_for_people and not client.is_owner and never and client.came <= since:
                self.disconnect(client, "idle", "you said nothing for a while, and others want your place", retry=True)
