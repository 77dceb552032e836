"""The operator at the server's own terminal: each line is said in the room that they talk in, or is a command.

To the hub the operator is a client like any other, whose outbox is the screen. It must not know the terminal.
"""

from __future__ import annotations

import re
from typing import Final

from chat_common import is_exit
from server_parts.operator.command import BadUsage
from server_parts.operator.commands import COMMANDS, USAGES
from server_parts.operator.completion import Vocabulary, complete
from server_parts.operator.desk import Desk
from terminal_parts.completion import unknown_command

_BLANK: Final = re.compile("[ \n]")


class Console:
    """Reads the operator's lines and carries them out, until an exit word or the end of input."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.screen.complete = self._complete

    def run(self) -> None:
        while (line := self._next_line()) is not None and not is_exit(line):
            self._obey(line.strip())
        self._desk.leave()

    def _next_line(self) -> str | None:
        """None if nobody can type any more."""
        try:
            return self._desk.screen.ask()
        except (EOFError, OSError, ValueError):  # the last, of a file that is closed
            return None

    def _obey(self, line: str) -> None:
        if line.startswith("//"):
            self._desk.say(line[1:])
        elif line.startswith("/"):
            word, *words = _BLANK.split(line[1:], maxsplit=1)
            self._carry_out(word, "".join(words).strip())
        elif line:
            self._desk.say(line)

    def _carry_out(self, word: str, words: str) -> None:
        row = COMMANDS.get(word.lower())
        if row is None:
            self._desk.complain(unknown_command(word, COMMANDS))
            return
        try:
            row.run(self._desk, words)
        except BadUsage as problem:
            self._desk.complain(str(problem) or row.how_to)

    def _complete(self, line: str) -> list[str]:
        chat, room = self._desk.chat, self._desk.room
        names = dict.fromkeys((*chat.heard.talkers(room), *chat.names()))
        rooms = dict.fromkeys((*chat.own_rooms(), *chat.rooms()))
        return complete(line, Vocabulary(USAGES, tuple(names), tuple(rooms)))
