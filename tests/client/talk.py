"""A conversation to talk to, without any connection."""

from __future__ import annotations

import re
from typing import Any

from chat_common import Frame
from client_parts.conversation.conversation import Conversation, Wishes
from client_parts.input.commands import understand
from client_parts.kept.bookmarks import Bookmarks
from client_parts.screen.status import Status
from client_parts.screen.view import View, clock
from tests.client.fakes import SAID, Notebook

_TIME = re.compile(rf"^{clock(SAID)} ")


class Talk:
    """A conversation with its notebook, and short ways to feed it."""

    def __init__(
        self,
        *rooms: str,
        online: bool = True,
        rich: bool = False,
        history: int = 20,
        bookmarks: Bookmarks | None = None,
    ) -> None:
        self.board = Notebook()
        self.board.rich = rich
        view = View("short")
        view.new_day(SAID)  # no line for the day on which these conversations take place, whenever they are run
        wishes = Wishes("ann", "blue", rooms or ("lobby",), history)
        self.it = Conversation(self.board, view, wishes, bookmarks=bookmarks)
        if online:
            self.welcome()

    def welcome(self, accepted: int = 0, epoch: str = "e1", last: int = 0, **more: Any) -> None:
        name = self.it.state.name
        frame = {"type": "welcome", "name": name, "color": "blue", "epoch": epoch, "accepted": accepted}
        self.it.heard({**frame, **more})
        cursors = self.it.state.cursors
        for room in cursors.rooms():  # this server has lost nothing of what was shown
            self.enter(room, max(last, cursors.last_shown(room) or 0))
        self.board.lines.clear()

    def enter(self, room: str, last: int = 0, *messages: Frame, **more: Any) -> None:
        self.it.heard({"type": "joined", "room": room, "last": last, "members": 2})
        self.it.heard({"type": "history", "room": room, "messages": list(messages), **more})

    def hear(self, *frames: Frame) -> list[str]:
        """What these frames show; a plain board's lines without the time, which test_view.py looks at."""
        del self.board.lines[:]
        for frame in frames:
            self.it.heard(frame)
        return self.board.lines if self.board.rich else [_TIME.sub("", line) for line in self.board.lines]

    def type(self, *lines: str) -> list[str]:
        """What these lines show."""
        del self.board.lines[:]
        for line in lines:
            self.it.obey(understand(line))
        return self.board.lines

    def status(self) -> Status:
        return self.it.status("online", waiting=False)

    def unread(self) -> dict[str, int]:
        return dict(self.status().unread)

    def asked(self) -> list[Frame]:
        asked = list(self.it.state.requests)
        self.it.state.requests.clear()
        return asked

    def said(self) -> list[tuple[int, str, str]]:
        return [(say.seq, say.room, say.text) for say in iter(self.it.state.outgoing.next, None)]
