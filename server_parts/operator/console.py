"""The operator at the server's own terminal: talks to the lobby, sees what is said, and commands.

To the hub the operator is a client like any other, whose outbox is the screen. It must not know the terminal.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from chat_common import LOBBY, Frame, harmless_line, is_exit, is_name, paint, partners, room_problem
from server_parts.hub.dispatcher import Dispatcher
from server_parts.hub.hub import Hub
from server_parts.operator import moderation_commands
from server_parts.operator.screen import Screen
from server_parts.protocol import requests as ask
from server_parts.protocol.account_lines import OF_OPERATORS, Parse
from server_parts.protocol.plain_encoder import PLAIN_TIMED, starred, timed_text
from server_parts.protocol.plain_moderation_lines import LINES
from server_parts.storage.records import Message, Run

_LOGGED: Final = ("welcome", "joined", "presence")  # or nothing new: the log's lines tell it better


class ConsoleEncoder:
    """Events as the operator sees them: what people say in blue, the rest plain."""

    newest_last = own_receipts = is_for_people = True

    def frame(self, frame: Frame) -> bytes:
        if frame["type"] == "deleted" and frame["room"] != LOBBY:  # in the lobby, the entry says so
            return f"{starred(*LINES['deleted'](frame))}\n".encode()
        return b"" if frame["type"] in _LOGGED else PLAIN_TIMED.frame(frame)

    def live(self, runs: Iterable[Run], session: str | None = None) -> bytes:
        return _said((message for run in runs for message in run.messages()), session)

    def pages(self, frame: Frame, field: str, items: Sequence[Any]) -> bytes:
        if frame["type"] == "history":  # of a conversation that began at another server; of the lobby it is nothing new
            return _said(items) if partners(frame["room"]) else b""
        return PLAIN_TIMED.pages(frame, field, items)


def _said(messages: Iterable[Message], session: str | None = None) -> bytes:
    shown = (_receipt(m) if m.session == session else _painted(m) for m in messages)
    return "".join(shown).encode("utf-8", "replace")


def _painted(message: Message) -> str:
    text = timed_text(message)
    return paint(text, "blue") + "\n" if text else ""


def _receipt(message: Message) -> str:
    """What was said to the lobby stands there as it was typed; what was said in private deserves a word."""
    return f"* delivered #{message.id} *\n" if partners(message.room) else ""


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


class _Command(NamedTuple):
    usage: str
    help: str
    run: Callable[[Console, str], None]


class Console:
    """Reads the operator's lines and carries them out, until an exit word or the end of input."""

    def __init__(
        self,
        hub: Hub,
        dispatcher: Dispatcher,
        screen: Screen,
        broadcast: Callable[[str], None],
        leave: Callable[[], None],
        reload: Callable[[], object] | None = None,
    ) -> None:
        """`reload` loads the server's certificate again, and logs the outcome."""
        self._hub = hub
        self._dispatcher = dispatcher
        self._screen = screen
        self._broadcast = broadcast
        self._leave = leave
        self._reload_certificate = reload
        self._orders = moderation_commands.Orders()
        self._sampled = (time.monotonic(), hub.stats())

    def run(self) -> None:
        with contextlib.suppress(EOFError, OSError, ValueError):
            while not is_exit(line := self._screen.ask()):
                self._obey(line.strip())
        self._leave()

    def _obey(self, line: str) -> None:
        if not line:
            return
        if line.startswith("//"):
            line = line[1:]
        elif line.startswith("/"):
            word, _, rest = line[1:].partition(" ")
            row = COMMANDS.get(word.lower())
            if row is None:
                self._say_error(f"there is no command /{word}; /help lists them")
            else:
                row.run(self, rest.strip())
            return
        problem = ask.text_refusal(line)
        if problem is not None:
            self._say_error(problem.text)
            return
        try:
            self._broadcast(line)
        except RuntimeError as error:  # the server is stopping
            self._say_error(str(error))

    def _say_error(self, text: str) -> None:
        self._screen.show(paint(f"* error: {harmless_line(text)} *", "red") + "\n")

    def _ask_hub(self, request: ask.Request) -> None:
        self._dispatcher.serve([request])

    def _message(self, rest: str) -> None:
        name, _, text = rest.partition(" ")
        problem = ask.text_refusal(text)
        if not is_name(name) or problem is not None:
            self._say_error("usage: /msg NAME TEXT" if problem is None or not text.strip() else problem.text)
        else:
            self._ask_hub(ask.Say(f"@{name.lower()}", [text], 0))

    def _who(self, room: str) -> None:
        if room and room_problem(room.lower()):
            self._say_error("usage: /who [ROOM]")
        else:
            self._ask_hub(ask.Who(room.lower() or LOBBY))

    def order(self, word: str, rest: str) -> None:
        """One of the commands that keep order."""
        request = self._orders.request(word, rest)
        if isinstance(request, str):
            self._say_error(request)
        else:
            self._ask_hub(request)

    def _stats(self, _: str) -> None:
        now, stats = time.monotonic(), self._hub.stats()
        then, before = self._sampled
        self._sampled = now, stats
        rate = (stats.deliveries - before.deliveries) / max(now - then, 0.001)
        self._screen.show(
            f"* {counted(stats.clients, 'client')}, {counted(stats.rooms, 'room')} in use (private ones too), "
            f"{counted(stats.messages, 'message')}, {counted(stats.deliveries, 'delivery', 'deliveries')} "
            f"({rate:.0f}/s since last asked), {counted(stats.backlog, 'byte')} waiting *\n"
        )

    def _reload(self, _: str) -> None:
        if self._reload_certificate is None:
            self._say_error("this server has no certificate: its connections are not encrypted")
        else:
            self._reload_certificate()  # records of the log are shown here too

    def _help(self, _: str) -> None:
        rows = "".join(f"  {row.usage:<{28 if len(row.usage) <= 28 else 46}}{row.help}\n" for row in ROWS)
        self._screen.show(
            f"What you type goes to everyone in the lobby. Commands:\n{rows}"
            "exit, quit and over alone on a line stop the server too, and so does Ctrl+D.\n"
        )


def _order(row: moderation_commands.Row) -> _Command:
    return _Command(row.usage, row.help, lambda console, rest: console.order(row.word, rest))


def _asking(parse: Parse) -> Callable[[Console, str], None]:
    """Ask the hub for what a line means, or say how the line is written."""

    def run(console: Console, rest: str) -> None:
        request = parse(rest)
        if isinstance(request, str):
            console._say_error(request)
        else:
            console._ask_hub(request)

    return run


ROWS: Final = (
    _Command("/who [ROOM]", "list the people in a room (default: the lobby)", Console._who),
    _Command(
        "/me TEXT", "describe what you do: * alice waves", lambda console, rest: console._broadcast(f"/me {rest}")
    ),
    _Command("/rooms", "list the rooms", lambda console, _: console._ask_hub(ask.Rooms())),
    _Command("/msg NAME TEXT", "send a private message", Console._message),
    *map(_order, moderation_commands.ROWS),
    *(_Command(line.usage, line.help, _asking(line.parse)) for line in OF_OPERATORS),
    _Command("/stats", "clients, rooms in use, messages, deliveries, backlog", Console._stats),
    _Command("/reload", "load the certificate again, if it was replaced", Console._reload),
    _Command("/help", "this list", Console._help),
    _Command("/exit", "stop the server for everyone", lambda console, _: console._leave()),
)
COMMANDS: Final = {row.usage[1:].split()[0]: row for row in ROWS}
