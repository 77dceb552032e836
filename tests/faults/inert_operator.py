"""Every way in which a text gets onto the screen of the operator."""

from __future__ import annotations

import logging
import os
import sys
from typing import Final
from unittest import mock

from server_parts.operator.chat import SayError
from server_parts.operator.console import Console
from server_parts.operator.console_encoder import ConsoleEncoder
from server_parts.operator.desk import Desk
from server_parts.operator.screen import ScreenLog
from server_parts.operator.seat import OperatorOutlet
from server_parts.operator.terminal_screen import TerminalScreen as OperatorScreen
from server_parts.protocol.changes import ABOUT, Change, written
from server_parts.protocol.plain_entries import quotation
from server_parts.storage.file_records import FileRecord
from server_parts.storage.records import About, Message, Run
from terminal_parts.keys import Key
from tests.client.programs import ROWS
from tests.faults.inert_stage import Show, Stage


class OperatorStage(Stage):
    """The operator's terminal, with the prompt on its last row."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = ConsoleEncoder()
        with (
            open(os.dup(self.slave), "w") as out,
            mock.patch.object(sys, "stdout", out),
            mock.patch.object(sys, "stdin", out),
        ):
            self.screen = OperatorScreen("server> ")
        self.screen._output = self.slave
        for number in range(ROWS):
            self.screen.show(f"line {number}\n")
        self.type("")
        self.settle()

    def settle(self) -> None:
        printer = self.screen._printer
        self.screen._write(printer._block(*printer._take()))
        self.watch()

    def show(self, block: bytes) -> None:
        OperatorOutlet(self.screen.show).offer(block)

    def type(self, text: str) -> None:
        self.screen._editor.replace(0, len(self.screen._editor.text), text)
        self.screen._draw()

    def spoken(self, text: str, about: About | None = None, file: FileRecord | None = None) -> None:
        """What somebody says about another message, or with a file."""
        self.show(self.encoder.live([Run("den", 2, 1.5, text, text, [text], "", 1, about, file)]))

    def command(self, line: str) -> None:
        """What the console answers by itself, in a chat in which everything is called like that line."""
        words = line.replace("\n", " ")
        chat = mock.Mock(**{"names.return_value": [words], "rooms.return_value": [words], "last.return_value": 0})
        chat.heard.last.return_value = chat.heard.last_own.return_value = None
        chat.say.side_effect = SayError(words)
        desk = Desk("server", chat, self.screen, self.encoder, lambda: None)
        for beginning in (
            "",
            "/",
            "/re ",
            "/history ",
            "/join ",
            "/leave ",
            "/help ",
            "/react :",
            "/search since:",
            "/context 3 ",
            "/delete ",
        ):
            Console(desk)._obey(beginning + words)

    def tab(self, text: str) -> None:
        """Names and rooms that begin alike, as Tab completes and lists them."""
        self.screen.complete = lambda line: [f"/a{text}", f"/b{text}"]
        self.type("/")
        self.screen._pressed(Key("\t"))
        self.screen.complete = lambda line: [f"hi {text}"]
        self.type("hi ")
        self.screen._pressed(Key("\t"))
        self.settle()
        self.type("")

    def error(self, text: str) -> None:
        Desk.complain(mock.Mock(screen=self.screen), text)

    def log(self, text: str) -> None:
        ScreenLog(self.screen).emit(logging.makeLogRecord({"msg": "%s", "args": (text,)}))


def on_a_new_day(stage: OperatorStage, text: str) -> None:
    stage.screen._day = (1970, 1, 1)
    stage.log(text)


def half_typed(stage: OperatorStage, text: str) -> None:
    stage.type(text)
    stage.error("x")
    stage.settle()
    stage.type("")
    stage.settle()
    for number in range(ROWS):  # a text of several rows has left the prompt higher up
        stage.error(f"{number}")


def said_by_the_operator(stage: OperatorStage, text: str) -> None:
    stage.type(text)
    stage.screen._entered()
    stage.type("")


TO_THE_OPERATOR: Final[dict[str, Show]] = {
    "operator: a message": lambda stage, text: stage.show(
        stage.encoder.live([Run("lobby", 1, 1.5, text, text, [text], "", 1)])
    ),
    "operator: a search": lambda stage, text: stage.show(
        stage.encoder.pages(
            {"type": "results", "text": text}, "messages", [Message("lobby", 1, 1.5, text, text, text, "", 1)]
        )
    ),
    "operator: a page of history": lambda stage, text: stage.show(
        stage.encoder.pages(
            {"type": "history", "room": "den", "gap": True},
            "messages",
            [Message("den", 1, 1.5, text, text, text, "", 1)],
        )
    ),
    "operator: an answer": lambda stage, text: stage.spoken(
        text, About("reply", 1, quotation(Message("den", 1, 1.5, text, text, text, "", 1)))
    ),
    "operator: a change of a room": lambda stage, text: stage.show(
        stage.encoder.live([Run("den", 3, 1.5, text, text, [written(Change(text, text))], "", 0, ABOUT)])
    ),
    "operator: a correction": lambda stage, text: stage.spoken(text, About("edit", 1)),
    "operator: a reaction": lambda stage, text: stage.spoken(text, About("react", 1, text)),
    "operator: a file": lambda stage, text: stage.spoken(text, file=FileRecord("A" * 22, text, 5, "0" * 64, text)),
    "operator: who came and went": lambda stage, text: stage.show(
        stage.encoder.frame({"type": "presence", "room": text, "joined": [text], "left": [text], "members": 1})
    ),
    "operator: a room that was entered": lambda stage, text: stage.show(
        stage.encoder.frame({"type": "joined", "room": text, "topic": text})
    ),
    "operator: who somebody is": lambda stage, text: stage.show(
        stage.encoder.frame(
            {
                **dict.fromkeys(("type", "name", "realname", "away", "role"), text),
                **{"type": "whois", "account": False, "since": None, "connections": 1},
                **{"addresses": [text], "devices": 1},
            }
        )
    ),
    "operator: commands": lambda stage, text: stage.command(text),
    "operator: what Tab finds": lambda stage, text: stage.tab(text),
    "operator: a new day": on_a_new_day,
    "operator: a notice": lambda stage, text: stage.show(stage.encoder.frame({"type": "notice", "text": text})),
    "operator: an error": lambda stage, text: stage.show(stage.encoder.frame({"type": "error", "text": text})),
    "operator: who": lambda stage, text: stage.show(
        stage.encoder.frame({"type": "who", "members": [{"name": text, "away": text}]})
    ),
    "operator: the rooms": lambda stage, text: stage.show(
        stage.encoder.frame({"type": "rooms", "rooms": [{"room": text, "members": 1, "last": 1}]})
    ),
    "operator: a mistake": lambda stage, text: stage.error(text),
    "operator: the half-typed line": half_typed,
    "operator: a line": said_by_the_operator,
    "operator: the log": lambda stage, text: stage.log(text),
}
