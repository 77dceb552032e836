"""What a command of the operator works with: the chat, the screen, and the room that a typed line goes to.

It must not know which commands there are.
"""

from __future__ import annotations

from collections.abc import Callable

from chat_common import LOBBY, harmless_line, paint
from server_parts.operator.chat import Chat, SayError
from server_parts.operator.console_encoder import ConsoleEncoder
from server_parts.operator.moderation_commands import Orders
from server_parts.operator.screen import Screen
from server_parts.operator.stats import Sampled
from server_parts.protocol.plain_encoder import starred
from server_parts.protocol.requests import Join, Leave, Request


class Desk:
    def __init__(
        self,
        name: str,
        chat: Chat,
        screen: Screen,
        encoder: ConsoleEncoder,
        leave: Callable[[], None],
        reload: Callable[[], object] | None = None,
    ) -> None:
        """`leave` stops the server; `reload` loads its certificate again, and logs the outcome."""
        self.chat = chat
        self.screen = screen
        self.encoder = encoder
        self.leave = leave
        self.reload_certificate = reload
        self.room = LOBBY
        self.orders = Orders()
        self.sampled = Sampled(chat.stats())
        self._name = name

    def ask(self, request: Request | str) -> None:
        """Ask the chat for that; a text says what is wrong with the line instead."""
        if isinstance(request, str):
            self.complain(request)
        else:
            self.chat.ask(request)

    def say(self, text: str) -> None:
        try:
            self.chat.say(self.room, text)
        except SayError as error:
            self.complain(str(error))

    def tell(self, *lines: str) -> None:
        self.screen.show("".join(f"{starred(line)}\n" for line in lines))

    def complain(self, sentence: str) -> None:
        text = harmless_line(sentence[:1].lower() + sentence[1:])
        self.screen.show(paint(f"* error: {text} *", "red") + "\n")

    def enter(self, room: str) -> None:
        """Talk in that room from now on; it is followed then, also when the operator talks elsewhere."""
        if not self.chat.is_in(room):
            self.chat.ask(Join(room))
        if self.chat.is_in(room):  # else it was refused, and told so
            self._talk_in(room)

    def quit(self, room: str) -> None:
        """Follow that room no longer."""
        self.chat.ask(Leave(room))
        if room == self.room:
            self._talk_in(LOBBY)

    def _talk_in(self, room: str) -> None:
        self.room = room
        self.screen.set_prompt(f"{self._name}> " if room == LOBBY else f"#{room}> ")
        self.tell(f"what you type goes to #{room} now" + ("" if room == LOBBY else "; /join lobby leads back"))
