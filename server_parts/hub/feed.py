"""Brings to the hub what other servers append to the log: a thread that waits for it.

It knows which rooms somebody here is in; of all others nothing is read. It must not know clients' names or sockets.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from server_parts.hub.state import HubState
from server_parts.people.clients import Client, Session
from server_parts.people.distant import NOWHERE
from server_parts.people.roles import Role
from server_parts.protocol.requests import Heard, Request
from server_parts.storage.outage import Outage
from server_parts.storage.records import ACTS, StorageError

PAUSE: Final = 0.25  # seconds after which a feed that hears nothing looks whether it is to end

log = logging.getLogger("chat")


class Feed:
    """Also what the log asks: `wanted` and `positions`."""

    def __init__(self, state: HubState, submit: Callable[[Client, Sequence[Request]], None]) -> None:
        self._submit = submit
        self._store = state.store
        self._exchange = state.exchange
        self._rooms = state.live_rooms.rooms
        self._acts = state.acts
        self._client = Client(NOWHERE, "the log", Role.OWNER)
        self._client.session = Session("", 0)
        what = "what other servers append"
        self._outage = Outage(log, f"{what} cannot be read", f"{what} can be read again", logging.ERROR)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed")

    def open(self) -> None:
        if not self._exchange.is_alone:
            self._thread.start()

    def close(self) -> None:
        self._ending.set()
        if self._thread.ident is not None:
            self._client.credits.put(None)
            self._thread.join()

    def wanted(self, room: str, first: int) -> int | None:
        """Above which number texts of a room are of use here; None if they are not. One from `first` on is new."""
        if room == ACTS:
            return self._acts.last
        here = self._rooms.get(room)
        return here.last if here is not None and here.here else None

    def positions(self) -> dict[str, int]:
        """All rooms that are of use here, with that number."""
        rooms = {name: room.last for name, room in self._rooms.copy().items() if room.here}
        return rooms | {ACTS: self._acts.last}

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                runs = self._store.news(self, PAUSE)
            except StorageError as error:
                self._outage.note(error)
                self._ending.wait(PAUSE)
                continue
            self._outage.end()
            if runs or self._exchange.is_waiting:
                self._client.credits.get()
                if not self._ending.is_set():
                    self._submit(self._client, [Heard(runs)])
