"""The chat as the operator's commands use it: what is asked of the hub, and what can be known of it at once.

It must not know the screen. Only the operator's thread asks.
"""

from __future__ import annotations

from collections.abc import Callable

from chat_common import LOBBY, partners
from server_parts.hub.dispatcher import Dispatcher
from server_parts.hub.hub import Hub, Stats
from server_parts.operator.heard import Heard
from server_parts.people.clients import Client
from server_parts.protocol.requests import Request, Say, text_refusal
from server_parts.storage.records import StorageError
from server_parts.storage.store import Store


class SayError(Exception):
    """A text that nobody has heard: a sentence that says why."""


class Chat:
    def __init__(
        self,
        client: Client,
        hub: Hub,
        store: Store,
        dispatcher: Dispatcher,
        broadcast: Callable[[str], None],
        heard: Heard,
    ) -> None:
        """`client` is the operator's; `heard` is what was shown to it."""
        self.heard = heard
        self._client = client
        self._hub = hub
        self._store = store
        self._dispatcher = dispatcher
        self._broadcast = broadcast

    def ask(self, request: Request) -> None:
        """The answer is shown before this returns; of a text, soon after."""
        self._dispatcher.serve([request])

    def say(self, room: str, text: str) -> None:
        if (problem := text_refusal(text)) is not None:
            raise SayError(problem.text)
        if room != LOBBY:
            self.ask(Say(room, [text], 0))
            return
        try:
            self._broadcast(text)
        except RuntimeError as error:  # the server is stopping
            raise SayError(str(error)) from error

    def is_in(self, room: str) -> bool:
        return room in self._client.rooms

    def last(self, room: str) -> int:
        """The newest message there; 0 if nothing was said."""
        return self._store.last(room)

    def last_own(self, room: str) -> int | None:
        """The operator's newest message there, also if it was said a moment ago."""
        self._dispatcher.settle()
        return self.heard.last_own(room)

    def has_message(self, room: str, id: int) -> bool:
        """Whether a search can find it. True if that cannot be known just now: the next answer says so."""
        try:
            return self._store.said(room, id) is not None
        except StorageError:
            return True

    def names(self) -> list[str]:
        """Of everybody who is here but the operator."""
        own = self._client.name.lower()
        return sorted((name for name in self._hub.names_here() if name.lower() != own), key=str.lower)

    def rooms(self) -> list[str]:
        """All public ones: with somebody in them, or with something that was said."""
        known = {*self._hub.rooms_in_use(), *self._store.rooms()}
        return sorted(room for room in known if room and not partners(room))

    def own_rooms(self) -> list[str]:
        """The public ones that the operator is in."""
        return [room for room in list(self._client.rooms) if not partners(room)]

    def stats(self) -> Stats:
        return self._hub.stats()

    def about_files(self) -> str:
        """What they take up, and how many are under way."""
        return self._hub.files.summary()
