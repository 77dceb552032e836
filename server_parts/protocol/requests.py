"""What a client may ask for: one record a request, made by a door, carried out by the dispatcher or the hub.

Also the one place where the fields of native frames are checked. It must not know who asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from chat_common import (
    MAX_TEXT,
    Frame,
    is_blank,
    storable,
)
from server_parts.protocol.account_requests import AccountRequest, Proof, Secret
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.file_requests import FileRequest, Transfer
from server_parts.protocol.moderation_requests import ModerationRequest
from server_parts.storage.records import About, Run
from server_parts.storage.search_query import MAX_ECHO

MAX_PAGE: Final = 500
MAX_UTC_OFFSET: Final = 1440  # minutes
MAX_WITHOUT: Final = 100  # names
DEFAULT_HISTORY: Final = 20
DEFAULT_PAGE: Final = 50
LIST_LIMIT: Final = 200  # people or rooms of one list, if nobody says how many
MAX_LIST: Final = 500


class Refusal(NamedTuple):
    """Why something was not done: a code for programs, a sentence for people."""

    code: str
    text: str
    field: str | None = None
    seq: int | None = None
    fatal: bool = False
    until: float | None = None  # when that ends by itself
    ref: str | None = None  # what the request called itself

    def frame(self) -> Frame:
        frame: Frame = {"type": "error", "code": self.code, "text": self.text, "fatal": self.fatal}
        if self.seq is not None:
            frame["seq"] = self.seq
        if self.field is not None:
            frame["field"] = self.field[:MAX_ECHO]
        if self.until is not None:
            frame["until"] = self.until
        if self.ref is not None:
            frame["ref"] = self.ref
        return frame


ENCRYPTION_NEEDED: Final = Refusal(
    "encryption_needed",
    "passwords and codes are taken over an encrypted connection only: use client.py, or connect from this machine",
    "password",
)


class Hello(NamedTuple):
    name: str | None  # None: a guest through the plain door
    session: str
    color: str | None = None
    token: str | None = None
    rooms: dict[str, int | None] | None = None
    epoch: str | None = None
    history: int = DEFAULT_HISTORY
    client: str = ""
    shares_name: bool = False  # it knows `by`: other connections of its person may bear its name too
    password: Secret | None = None
    invite: Secret | None = None  # for the hub: the kept form
    former_token: str | None = None
    is_silent: bool = False  # from somebody who has said nothing yet: others are not told before it does
    by_cookie: bool = False  # its token is in a cookie, if it came through the door for browsers
    proof: Proof | None = None  # what has become of the password


class Say(NamedTuple):
    """One or more texts for one room, in a row: `seq` is the first one's, the others count on."""

    room: str
    texts: list[str]
    seq: int  # 0: the door does not count, the hub does
    refusal: Refusal | None = None  # what is wrong with it; it uses up its seq all the same
    about: About | None = None  # which message it speaks of; then it is one text …
    file: str | None = None  # … and so it is with a file, whose caption it is


class Join(NamedTuple):
    room: str
    after: int | None = None
    history: int = DEFAULT_HISTORY


class Leave(NamedTuple):
    room: str


class Nick(NamedTuple):
    name: str
    password: Secret | None = None
    proof: Proof | None = None


class Color(NamedTuple):
    color: str


class Away(NamedTuple):
    text: str | None


class Who(NamedTuple):
    room: str | None = None
    after: str | None = None  # a name: only those behind it, in the order of names
    limit: int = LIST_LIMIT


class Read(NamedTuple):
    """This person has read a room up to that message."""

    room: str
    id: int


class Rooms(NamedTuple):
    prefix: str = ""
    after: str | None = None  # a room
    limit: int = LIST_LIMIT


class History(NamedTuple):
    room: str
    before: int | None = None
    limit: int = DEFAULT_PAGE


class Search(NamedTuple):
    text: str
    room: str | None = None
    limit: int = DEFAULT_PAGE
    before: tuple[str, int] | None = None  # a message; only what is older
    utc_offset: int = 0  # minutes that the asker's clock is ahead of UTC
    without: tuple[str, ...] = ()  # names
    counting: bool = False  # how many there are beyond this page
    again: bool = False  # the next page of the search before, for a door that remembers nothing


class ShowAs(NamedTuple):
    """The door shows everything in another form from now on, and tells the client so."""

    encoder: Encoder
    text: str


class Ping(NamedTuple):
    n: Any = None


class Bye(NamedTuple):
    pass


class Answer(NamedTuple):
    """The door's own answer, ready to be sent."""

    block: bytes


class EndConnection(NamedTuple):
    """The door ends the conversation: its last words, ready to be sent, and a reason for the server's log."""

    block: bytes
    reason: str
    comes_back: bool = False  # it may be back in a moment


class Reply(NamedTuple):
    """The same before anybody has come in, for the client's reader alone: nothing of it concerns the hub."""

    block: bytes
    reason: str


class Appear(NamedTuple):
    """A plain client that was silent at first has something to say: now others may hear that it is here."""


class StartAgain(NamedTuple):
    """The client came in through the wrong door, because it was silent at first: it is about to say hello at another.

    That door's encoder is for it from now on.
    """

    encoder: Encoder


class TalkAgain(NamedTuple):
    """At the plain door: whoever was held back because a password was refused goes on talking."""


class Heard(NamedTuple):
    """Other servers have appended this to the log, and may have more to say. It comes from no client."""

    runs: Sequence[Run]


class Disconnected(NamedTuple):
    """The connection is over."""


class Announce(NamedTuple):
    """Into the lobby, in the client's name, whether it is there or not, and without a `seq` of its own."""

    text: str


Request = (
    Hello | Say | Join | Leave | Nick | Color | Away | Who | Rooms | Read | ShowAs | Bye  # for the hub
    | EndConnection | StartAgain | Appear | Disconnected  # for the hub, from the door or the reader
    | Reply  # for the reader
    | Announce  # for the hub, from the operator
    | Heard  # for the hub, from the log
    | ModerationRequest  # for the hub
    | History | Search | Ping | Answer | TalkAgain | Refusal  # for the dispatcher
    | AccountRequest
    | FileRequest
    | Transfer  # for the reader
)  # fmt: skip


def in_runs(requests: Iterable[Request]) -> list[Request]:
    """The same requests, with texts that follow each other in one room as one: what comes in a row is kept in a row.

    From here on a text costs the hub next to nothing of its own; so a small room is as fast as its readers.
    """
    runs: list[Request] = []
    here, due, row = "", 0, [""]  # the run so far: its room, the seq that would continue it, its texts
    for request in requests:
        if type(request) is not Say or request.refusal is not None or (request.about or request.file) is not None:
            due = 0
        elif request.seq == due and request.room == here and due:
            row += request.texts
            due += len(request.texts)
            continue
        else:
            here, row, seq, *_ = request
            due = seq and seq + len(row)
        runs.append(request)
    return runs


def one_by_one(requests: Iterable[Request]) -> list[Request]:
    """The same requests, with every text by itself: where texts are counted."""
    apart: list[Request] = []
    for request in requests:
        if type(request) is Say and len(request.texts) > 1:
            apart += [
                request._replace(texts=[text], seq=request.seq and request.seq + number)
                for number, text in enumerate(request.texts)
            ]
        else:
            apart.append(request)
    return apart


# --- Native frames, checked -------------------------------------------------------------------------------------


def text_refusal(text: str, seq: int | None = None) -> Refusal | None:
    if len(text) > MAX_TEXT:
        return Refusal("text_too_long", f"that text is too long: {len(text)} > {MAX_TEXT} characters", "text", seq)
    if is_blank(text[4:] if text.startswith("/me ") else text):
        return Refusal("empty_text", "there is nothing in that message", "text", seq)
    return None


def are_sayable(texts: Sequence[str]) -> bool:
    """Whether there is nothing to object to in any of them, by looking at all at once."""
    everything = "".join(texts)
    if everything.isascii() and "/me " not in everything:  # what cannot be seen in ASCII is blanks
        return "\0" not in everything and max(map(len, texts)) <= MAX_TEXT and all(map(str.strip, texts))
    return storable(everything) == everything and not any(map(text_refusal, texts))
