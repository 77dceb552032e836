"""The operator's place in the chat: a client of the hub like any other, whose outbox is the screen."""

from __future__ import annotations

import logging
import secrets
import signal
from collections.abc import Callable, Iterable

from chat_common import color_for
from server_parts.hub.dispatcher import Dispatcher
from server_parts.hub.hub import Hub
from server_parts.operator.chat import Chat
from server_parts.operator.choosing import choose_screen
from server_parts.operator.console import Console
from server_parts.operator.console_encoder import ConsoleEncoder
from server_parts.operator.desk import Desk
from server_parts.operator.heard import Heard
from server_parts.operator.screen import Screen
from server_parts.people.clients import Client, Session
from server_parts.people.rate_limit import RateLimits
from server_parts.people.roles import Role
from server_parts.protocol.requests import Hello
from server_parts.settings import Settings
from server_parts.storage.store import Store

log = logging.getLogger("chat")


class OperatorOutlet:
    """Shows at once what it is offered; nothing ever waits in it, and nobody is too slow for it."""

    closed = overflowed = stalled = False
    backlog = 0

    def __init__(self, show: Callable[[str], None] | None) -> None:
        """Without `show`, what it is offered is seen by nobody."""
        self._show = show

    def offer(self, block: bytes) -> bool:
        if self._show is not None:
            self._show(block.decode("utf-8", "replace"))
        return True

    def offer_pages(self, pages: Iterable[bytes]) -> None:
        for page in pages:
            self.offer(page)

    def finish(self, last_words: bytes, *, at_once: bool = False) -> None:
        self.offer(last_words)

    def drain(self) -> None:
        pass

    def cut(self) -> None:
        pass

    def close(self) -> None:
        pass


class OperatorSeat:
    """Without a terminal the operator can only be heard: `screen` is None."""

    def __init__(self, settings: Settings) -> None:
        self._name = settings.name
        self.screen: Screen | None = choose_screen(f"{settings.name}> ") if settings.console else None
        self.client = Client(OperatorOutlet(self.screen.show if self.screen else None), "the console", Role.OWNER)
        self.client.name, self.client.color = settings.name, color_for(settings.name)
        self._heard = Heard()
        self._encoder = ConsoleEncoder(self._heard, self.client.rooms, settings.name)
        self.client.encoder = self._encoder
        if self.screen is None:
            self.client.session = Session("", 0)

    def attend(
        self,
        hub: Hub,
        store: Store,
        broadcast: Callable[[str], None],
        leave: Callable[[], None],
        reload: Callable[[], object] | None = None,
    ) -> None:
        """Let the operator talk and command, until they leave if the screen needs this thread for it."""
        if self.screen is None:
            return
        dispatcher = Dispatcher(self.client, hub, store, RateLimits(0))
        # A session of its own: what the operator of another server of this chat says is to be shown here. And no
        # history: each start would show that of the lobby again.
        dispatcher.serve([Hello(self._name, session=secrets.token_urlsafe(24), history=0)])
        chat = Chat(self.client, hub, store, dispatcher, broadcast, self._heard)
        console = Console(Desk(self._name, chat, self.screen, self._encoder, leave, reload))
        try:
            self.screen.attend(console.run)
        except KeyboardInterrupt:
            signal.raise_signal(signal.SIGINT)  # where Ctrl+C was a key, as if the terminal had made it a signal
        except Exception:
            log.exception("the console failed; the server goes on without it")
