"""What the parts of one conversation share: who and where this client is, and what is on its way.

One thread owns it: the receiver. It knows no socket, no thread and no clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from chat_common import Frame, is_name
from client_parts.conversation.admission import IN_CLEAR, Admission
from client_parts.conversation.delivery import Cursors, Outgoing
from client_parts.conversation.remembered import Remembered
from client_parts.conversation.room_board import RoomBoard
from client_parts.conversation.unseen import Away
from client_parts.kept.settings import Settings
from client_parts.screen.board import Board
from client_parts.screen.view import View, aside, bad, not_a_name


@dataclass(slots=True)
class State:
    """Frames to send are in `requests`, texts to send in `outgoing`; what a person should see goes to `board`,
    and what belongs to a room to `room_board`."""

    board: Board
    view: View
    settings: Settings
    color: str
    cursors: Cursors
    room_board: RoomBoard
    history_wanted: int  # recent messages of a room that is entered
    admission: Admission = field(default_factory=Admission)
    away: Away = field(default_factory=Away)
    online: bool = False  # the server has welcomed this connection
    exposure: str = IN_CLEAR  # who might read a password that is sent over this connection; empty if nobody else can
    has_password: bool | None = None  # the account has one; None: that is not known
    password_pending: bool = False  # a change of it was asked for, and is not answered
    password_refused: bool = False  # the last change that was answered …
    password_changes: int = 0  # … and how many were
    here: str = ""  # what others give to their client to come to this server
    tag: str | None = None  # the server's name for this session, if it gave one
    refused: int = 0  # texts that will not be delivered
    outgoing: Outgoing = field(default_factory=Outgoing)
    remembered: Remembered = field(default_factory=Remembered)
    knows_entries: bool = False  # the server stores what speaks of other messages
    knows_changes: bool = False  # it stores what is changed about a room
    knows_files: bool = False
    file_limit: int | None = None  # bytes of one, as far as the server takes any
    site: str = ""  # where a browser finds the server
    requests: deque[Frame] = field(default_factory=deque)

    @property
    def name(self) -> str:
        return self.view.me

    @name.setter
    def name(self, name: str) -> None:
        self.view.me = name

    def ask(self, request: Frame) -> None:
        """Send a request that makes sense only now; without a connection, say so."""
        if not self.ask_quietly(request):
            self.complain("You are offline; try again when the connection is back.")

    def ask_quietly(self, request: Frame) -> bool:
        """Send a request if there is a connection. Returns whether there is."""
        if self.online:
            self.requests.append(request)
        return self.online

    def why_no_secrets(self) -> str | None:
        """One sentence if a password cannot be sent now."""
        if not self.online:
            return "You are offline; try again when the connection is back."
        return f"Passwords cannot be sent now: {self.exposure}." if self.exposure else None

    def accepts_name(self, name: str) -> bool:
        """Whether it has the form of a name; if not, say so."""
        if not is_name(name):
            self.complain(not_a_name(name))
        return is_name(name)

    def be_away(self, text: str | None) -> None:
        """Be away with that note, or with None be back: then it is said how much came meanwhile."""
        meanwhile = self.away.become(text)
        if text is None and meanwhile:
            self.board.note(self.view.missed(meanwhile))

    def tell_away(self, text: str | None, note: str) -> None:
        """The same, and tell the server, now or when there is one."""
        self.be_away(text)
        self.away.is_told = self.ask_quietly({"type": "away", "text": text})
        self.note(note)

    def take_away(self, text: str | None) -> None:
        """Be away, or back, because this person said so in another terminal."""
        if text != self.away.text:
            self.be_away(text)
            self.note("* you are back" if text is None else "* you are marked as away")

    def settle_password(self, *, refused: bool) -> None:
        """A change of the password was answered, if one was asked for."""
        if self.password_pending:
            self.password_refused, self.password_pending = refused, False
            self.password_changes += 1

    def disconnected(self) -> None:
        """The link is gone, and the requests with it; texts wait for the next one."""
        self.online = False
        self.settle_password(refused=True)
        self.requests.clear()
        self.outgoing.disconnected()

    def complain(self, sentence: str) -> None:
        self.board.complain(bad(sentence))

    def note(self, line: str) -> None:
        self.board.note(aside(line))

    def said_here(self, message: Frame) -> bool:
        """Whether this session said it, and not the same person in another terminal.

        An older server gives no tag: then every message under one's own name counts.
        """
        return self.view.is_me(message["from"]) and (self.tag is None or message.get("by") == self.tag)
