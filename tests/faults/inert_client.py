"""Every way in which a text gets onto the screen of the client."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import Any, Final
from unittest import mock

from client import ChatClient
from client_parts.command_line import Preferences
from client_parts.conversation import choices
from client_parts.files.errands import Failed, Fetching, Moved
from client_parts.files.target import Expected
from client_parts.input.commands import Text, understand
from client_parts.screen.terminal_screen import TerminalScreen
from tests.client.fakes import FILE, message
from tests.client.programs import ROWS
from tests.faults.inert_stage import Show, Stage


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
