"""Any string through every way onto a screen: of the client, and of the operator; a terminal emulator is the judge.

    python -m tests.faults.inert_terminal [--quick] [--seed N]

Whatever it is, it may add rows to the message area. It must not change a row that was there, the input row, the cursor,
the title, a mode, a margin, a tab stop or a character set; it must not ring, and it must not make the terminal answer.
The status row may change only for strings that belong in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import logging
import os
import pty
import random
import struct
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from unittest import mock

import pyte

from client import ChatClient
from client_parts.command_line import Preferences
from client_parts.conversation import choices
from client_parts.files.errands import Failed, Fetching, Moved
from client_parts.files.target import Expected
from client_parts.input.commands import Text, understand
from client_parts.screen.terminal_screen import TerminalScreen
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
from tests.client.fakes import FILE, message
from tests.client.programs import COLUMNS, ROWS, Emulator
from tests.faults import hostile
from tests.faults.finding import Finding, found, main

PIECES: Final = (
    *("\x1b[2J", "\x1b[H", "\x1bc", "\x1b]0;owned\x07", "\x1b]2;owned\x1b\\", "\x1b[1;24r", "\x1b[?25l", "\x1b[6n"),
    *("\x1b[24;1Hgone", "\x1b[A\x1b[2K", "\x1b[9A", "\x1b#8", "\x1b(0", "\x0e", "\x1b[4h", "\x1b[20h", "\x1b[?7l"),
    *("\x1bH", "\x1b[3g", "\x1bM", "\x1bD", "\x1b7", "\x1b8", "\x1b[31;7m", "\x1b[5i", "\x1bP1$r\x1b\\", "\x1b[c"),
    *("\x9b2J", "\x9d0;x\x9c", "\x84", "\x85", "\x8d", "\x90", "\udc9b2J", "\x07", "\b" * 90, "\r", "\v", "\f", "\0"),
    *("\u2028", "\u2029", "\u202e", "\u2066", "\ufeff", "\u200d", "\ufe0f", "\U000e0041", "\ud800", "\x7f", "\x1b^y"),
    *("漢", "👨\u200d👩\u200d👧", "🇩🇪", "e" + "\u0301" * 300, "x" * 300, " " * 100, "word ", "\t", "\x1b[?1049h"),
    *("\n", "\n\n[COLOR (red)] bob said -> forged", "* bob left *", "\x1b_x\x1b\\"),
    *(
        "/me left *\n",
        "\u2800" * 90,
        "\u3164* bob left *",
        "👍🏽" * 45,
        "漢字、" * 40,
        "한" * 60,
        "䷀" * 45,
        "\u115f\u1161",
    ),
)


def texts(rng: random.Random, count: int) -> list[str]:
    """Each piece by itself, then mixtures."""
    mixed = ("".join(rng.choices((*PIECES, "ann", "a"), k=rng.randint(2, 12))) for _ in range(count))
    return [f"a{piece}z" for piece in PIECES] + list(mixed)


# --- The judge --------------------------------------------------------------------------------------------------


class Judged(Emulator):
    """Notes what a terminal would send back to the program."""

    replies = 0

    def write_process_input(self, data: str) -> None:
        self.replies += 1


def text_of(row: Mapping[int, Any]) -> str:
    """What stands in a row: the emulator's own way to tell it takes ten times as long."""
    return "".join([row[column].data for column in range(COLUMNS)])


class Stage:
    """A pseudo-terminal with an emulator behind it."""

    below = 1  # rows under the message area
    name = ""

    def __init__(self) -> None:
        self._master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.set_blocking(self._master, False)
        self.emulator = Judged(COLUMNS, ROWS, history=100_000, ratio=0.5)
        self._stream = pyte.ByteStream(self.emulator)

    def close(self) -> None:
        os.close(self._master)
        os.close(self.slave)

    def watch(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._master, 65_536):
                self._stream.feed(data)

    def input_row(self) -> object:
        screen = self.emulator
        row = screen.buffer[screen.cursor.y]
        return screen.cursor.x, [row[column][:3] for column in range(COLUMNS)]

    def manners(self) -> dict[str, object]:
        """Everything outside the message area."""
        screen = self.emulator
        return {
            "the input row": self.input_row(),
            "the title": screen.title,
            "the icon's name": screen.icon_name,
            "a mode": frozenset(screen.mode),
            "the margins": screen.margins,
            "a tab stop": frozenset(screen.tabstops),
            "a character set": (screen.charset, screen.g0_charset, screen.g1_charset),
            "the bell": screen.bells,
            "an answer": screen.replies,
            "the status row": text_of(screen.buffer[ROWS - 2]) if self.below == 2 else "",
            "the cursor's look": (screen.cursor.hidden, screen.cursor.attrs),
        }

    def forget(self) -> None:
        """Most of what scrolled away: to compare all of it after each text would take nearly all of the time."""
        gone = self.emulator.history.top
        while len(gone) > ROWS:
            gone.popleft()

    def said(self) -> list[str]:
        """All rows of the message area, and those that scrolled away and are remembered."""
        shown = self.emulator.buffer
        rows = [*self.emulator.history.top, *(shown[number] for number in range(ROWS - self.below))]
        return [text_of(row).rstrip() for row in rows]


Show = Callable[[Any, str], None]


# --- The client -------------------------------------------------------------------------------------------------


class ClientStage(Stage):
    """A client in two rooms, with a half-typed line, in front of a screen that is full."""

    below = 2

    def __init__(self) -> None:
        super().__init__()
        with (
            open(os.dup(self.slave), "w") as out,
            mock.patch.object(sys, "stdout", out),
            mock.patch.object(sys, "stdin", out),
            mock.patch.dict(os.environ, {"TERM": "xterm"}),
        ):
            self.terminal = TerminalScreen()
        self.terminal._rows._descriptor = self.slave
        self.terminal._rows.enter()
        preferences = Preferences(token_file=Path(os.devnull, "token"), name="ann", rooms=("lobby", "den"))
        self.client = ChatClient(screen=self.terminal, preferences=preferences)
        self.talk = self.client._conversation
        self._ids = itertools.count(1)
        self.welcome()
        self.enter_rooms()
        for number in range(ROWS):
            self.message(f"message {number}")
        self.talk.state.settings.choose("joins", "all")
        self.terminal._rows.set_input("draft", 5)
        self.settle()

    def hear(self, type: str, **fields: Any) -> None:
        self.client._connection.hear({"type": type, **fields})

    def welcome(self, **more: Any) -> None:
        self.hear("welcome", **{"name": "ann", "color": "red", "epoch": "e", "accepted": 0, **more})

    def enter_rooms(self) -> None:
        for room in ("lobby", "den"):
            last = self.talk.state.cursors.last_shown(room) or 0
            self.hear("joined", room=room, last=last, members=2)
            self.hear("history", room=room, messages=[], gap=False, more=False)

    def message(self, text: str, **more: Any) -> None:
        self.last = next(self._ids)
        self.hear(**message(self.last, text, **more))

    def settle(self) -> None:
        self.client._receiver.show_prompt()
        self.watch()


def from_a_stranger(stage: ClientStage, text: str) -> None:
    stage.message("hello", sender=text, color=text)


def about_strangers(stage: ClientStage, text: str) -> None:
    stage.hear("presence", room="lobby", joined=[text, "x"], left=[text, "y"], renamed=[[text, "z"]], members=2)


def merged_news(stage: ClientStage, text: str) -> None:
    stage.talk.state.settings.choose("joins", "smart")
    about_strangers(stage, text)
    stage.talk.tell_news(1e12)
    stage.talk.state.settings.choose("joins", "all")


def motd(stage: ClientStage, text: str) -> None:
    stage.talk._introduction._greeted = False
    stage.welcome(motd=text, server=text)


def refused(stage: ClientStage, text: str) -> None:
    stage.talk.obey(Text(text))
    for say in list(stage.talk.state.outgoing.texts()):
        stage.hear("error", code=text, text=text, seq=say.seq, fatal=False)


def turned_away(stage: ClientStage, text: str) -> None:
    stage.talk.state.online = False
    stage.hear("error", code="internal", text=text, fatal=False)
    stage.welcome()
    stage.enter_rooms()


def goodbye(stage: ClientStage, text: str) -> None:
    stage.client._course.over.clear()
    stage.hear("bye", code="kicked", text=text, retry=False)
    stage.client._course.over.clear()


def lost_for_a_while(stage: ClientStage, text: str) -> None:
    stage.hear("bye", code="shutdown", text=text, retry=True)
    stage.welcome()
    stage.enter_rooms()


def older(stage: ClientStage, text: str) -> None:
    stage.hear("history", room="lobby", messages=[message(1, text, text)], gap=False, more=False)


def found_again(stage: ClientStage, text: str) -> None:
    stage.hear("results", text=text, messages=[message(1, text, text, f"@{text}")], more=False)


def people(stage: ClientStage, text: str) -> None:
    stage.hear("who", room=f"@{text}", members=[{"name": text, "away": text, "color": text}], more=False)


def places(stage: ClientStage, text: str) -> None:
    stage.hear("rooms", rooms=[{"room": text, "members": 1, "last": 1}], more=False)


def mentioned(stage: ClientStage, text: str) -> None:
    stage.talk.state.settings.choose("bell", "off")  # a mention may ring, a text may not
    stage.message(f"ann {text} ann")


def notified(stage: ClientStage, text: str, **environment: str) -> None:
    """Of somebody who looks elsewhere, in a terminal that shows notifications."""
    notifier, window = stage.terminal._notifier, stage.terminal.window
    notifier._next, notifier._environment = 0.0, {"TERM": "xterm", **environment}
    window.has_focus = False
    stage.talk.state.settings.choose("bell", "off")
    stage.message(f"ann {text} ann", sender=text)
    window.has_focus = True


def around(stage: ClientStage, text: str) -> None:
    """What stood near a message, in a room of any name."""
    stage.talk._paging.context.show(5, f"@{text}", None)
    stage.hear("history", room=f"@{text}", messages=[message(5, text, text, f"@{text}")], gap=False, more=False)


def with_addresses(stage: ClientStage, text: str) -> None:
    """In a terminal that understands links, and with code."""
    stage.talk.state.settings.choose("bell", "off")
    stage.terminal._rows.links = True
    stage.message(f"https://a.example/{text} http://{text} `{text}` ```\n{text}\n``` https://ann/ann{text}")
    stage.terminal._rows.links = False


def chosen(stage: ClientStage, text: str) -> None:
    """Settings that are wrong, or free; a server whose address may be anything that can be printed."""
    line = text.replace("\n", " ")
    for command in ("set ", "set server ", "set servers.x ", "set theme "):
        stage.talk.obey(understand(f"/{command}{line}"))
    with mock.patch.object(choices, "KEYS", ("server",)):  # the others take a row each
        stage.talk.obey(understand("/set"))
    stage.talk.state.settings.servers.clear()


def mistyped(stage: ClientStage, text: str) -> None:
    line = text.replace("\n", " ")
    for command in ("", "ignore ", "unignore ", "msg ", "switch ", "nick ", "color ", "join ", "leave "):
        stage.talk.obey(understand(f"/{command}{line}"))
    # Some of it may have been no mistake.
    stage.talk._company.ignored.clear()
    stage.talk._rooms.current, stage.talk.state.color = "lobby", "red"
    for say in list(stage.talk.state.outgoing.texts()):
        stage.talk.state.outgoing.delivered(say.seq)


def unread_place(stage: ClientStage, text: str) -> None:
    room = f"@ann+{text}"
    stage.hear("joined", room=room, last=0, members=2)
    stage.hear("history", room=room, messages=[], gap=False, more=False)
    stage.talk.state.settings.choose("bell", "off")
    stage.hear(**message(1, "psst", "bob", room))
    stage.client._receiver.show_prompt()
    stage.talk.state.cursors.leave(room)
    stage.talk._rooms.unread.seen(room)


def own_name(stage: ClientStage, text: str) -> None:
    stage.hear("presence", room=None, renamed=[["ann", text]])
    stage.client._receiver.show_prompt()
    stage.hear("presence", room=None, renamed=[[text, "ann"]])
    stage.talk._rooms.take_name("ann")


def own_place(stage: ClientStage, text: str) -> None:
    stage.talk._rooms.current = text
    stage.settle()
    stage.talk._rooms.current = "lobby"


def waiting(stage: ClientStage, text: str) -> None:
    stage.talk.obey(Text(text))
    stage.terminal.set_status(stage.talk.status("online", waiting=True))
    for say in list(stage.talk.state.outgoing.texts()):
        stage.talk.state.outgoing.delivered(say.seq)


def answered(stage: ClientStage, text: str) -> None:
    """Who said what is quoted, and in an answer to it."""
    stage.message(text, sender=text)
    stage.message("hello", reply=stage.last)


def done_elsewhere(stage: ClientStage, text: str) -> None:
    """What people of any name do to a message that is not on the screen: lines of their own."""
    for fields in ({"edit": 10**6}, {"react": 10**6}, {"delete": stage.last + 10**6}):
        stage.message(text, sender=text, **fields)


def about_files(stage: ClientStage, text: str) -> None:
    """A file of any name and kind: in a message, in a list, with its address, and what became of it."""
    file = {**FILE, "name": text, "mime": text}
    stage.message("", file=file)
    stage.hear("files", room="den", files=[{**file, "message": 1, "from": text}])
    stage.talk.obey(understand("/view 1"))
    stage.hear("file", **file, url=f"/{text}")
    stage.talk.transfers.begin(Fetching(1, FILE["id"], Expected(text, 10, FILE["sha256"]), None))
    stage.talk.transfers.take(Failed(1, text), 0.0)
    stage.talk.transfers.orders.clear()


def on_its_way(stage: ClientStage, text: str) -> None:
    """A file of any name."""
    errand = Fetching(1, FILE["id"], Expected(text, 10, FILE["sha256"]), None)
    stage.talk.transfers.begin(errand)
    stage.talk.transfers.take(Moved(1, 5), 0.0)
    stage.settle()
    with mock.patch.object(stage.terminal, "note"):
        stage.talk.transfers.cancel(errand)
    stage.hear("file", **FILE, url="/x")
    stage.talk.transfers.orders.clear()


def reacted(stage: ClientStage, text: str) -> None:
    """A new message with a reaction, and one that comes: its row changes, and no other."""
    stage.message("hello", reactions={text: [text, "bob"]})
    stage.message(text, sender=text, react=stage.last)


def changed(stage: ClientStage, text: str) -> None:
    """What somebody has changed about the room."""
    stage.message(text, sender=text, change={"topic": text, "mode": text, "slow": 1})


IN_THE_AREA: Final[dict[str, Show]] = {
    "a message": lambda stage, text: stage.message(text),
    "a change of the room": changed,
    "a sender": from_a_stranger,
    "who came and went": about_strangers,
    "who came and went, merged": merged_news,
    "the message of the day": motd,
    "a notice": lambda stage, text: stage.hear("notice", text=text),
    "an error": lambda stage, text: stage.hear("error", code=text, text=text, fatal=False),
    "a refused text": refused,
    "an error before the welcome": turned_away,
    "a goodbye": goodbye,
    "a lost link": lost_for_a_while,
    "an older page": older,
    "a search": found_again,
    "who": people,
    "the rooms": places,
    "a mention": mentioned,
    "mistakes": mistyped,
    "settings": chosen,
    "what stood around": around,
    "links and code": with_addresses,
    "an answer": answered,
    "files": about_files,
    "what was done to a message": done_elsewhere,
    "a reaction": reacted,
    "a notification": lambda stage, text: notified(stage, text, TERM_PROGRAM="WezTerm"),
    "a notification of another kind": lambda stage, text: notified(stage, text, VTE_VERSION="7200"),
}
IN_THE_STATUS: Final[dict[str, Show]] = {
    "an unread room": unread_place,
    "one's own name": own_name,
    "the prompt and the title": own_place,
    "a waiting text": waiting,
    "a file on its way": on_its_way,
}


# --- The operator -----------------------------------------------------------------------------------------------


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


# --- All of it --------------------------------------------------------------------------------------------------


def trial(stage: Any, show: Show, text: str, *, in_status: bool = False) -> str | None:
    """Show one text in one way; what changed that must not."""
    stage.forget()
    before, said = stage.manners(), stage.said()
    show(stage, text)
    stage.watch()
    stage.settle()
    changed = [what for what, how in stage.manners().items() if how != before[what]]
    if stage.said()[: len(said)] != said and not in_status:
        changed.append("a row that was there")
    return ", ".join(changed) or None


@contextlib.contextmanager
def stages() -> Iterator[dict[type[Stage], Callable[[], Stage]]]:
    opened: list[Stage] = []

    def fresh(kind: type[Stage]) -> Stage:
        opened.append(kind())
        return opened[-1]

    try:
        yield {kind: lambda kind=kind: fresh(kind) for kind in (ClientStage, OperatorStage)}  # type: ignore[misc]
    finally:
        for stage in opened:
            stage.close()


def show_everything(given: Sequence[str]) -> dict[str, list[str]]:
    """Every text in every way; by the way, what was wrong."""
    wrong: dict[str, list[str]] = {}
    ways = [(IN_THE_AREA, ClientStage), (IN_THE_STATUS, ClientStage), (TO_THE_OPERATOR, OperatorStage)]
    with stages() as fresh:
        for table, kind in ways:
            for way, show in table.items():
                stage = fresh[kind]()
                wrong[way] = []
                for text in given:
                    if changed := trial(stage, show, text, in_status=table is IN_THE_STATUS):
                        wrong[way].append(f"{way}: {ascii(text)[:60]} changed {changed}")
                        stage = fresh[kind]()
    return wrong


def run(quick: bool, seed: int) -> Finding:
    given = texts(random.Random(seed), 5 if quick else 150)
    if not quick:
        given += [data.decode("utf-8", "replace")[:500] for data in hostile.PLAIN_LINES.values()]
    wrong = show_everything(given)
    sentences = [sentence for found_there in wrong.values() for sentence in found_there]
    figure = (
        f"{len(sentences)} of {len(given) * len(wrong):,} changed anything: {len(given)} strings in {len(wrong)} ways"
    )
    return found(14, "inert terminal", "nothing outside the message area changes", figure, sentences)


if __name__ == "__main__":
    sys.exit(main(run))
