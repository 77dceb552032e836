"""The door for `nc`, `telnet` and twenty-line tutorial clients: lines of text in, lines of text out.

Pure, like the native door beside it. No JSON and no escape codes ever leave here.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable
from typing import Final, NamedTuple

from chat_common import (
    LOBBY,
    LineDecoder,
    is_blank,
    is_exit,
    is_name,
    lasting,
    name_problem,
    nearest,
    room_problem,
)
from server_parts.protocol import plain_entries, plain_files
from server_parts.protocol.account_lines import OF_PEOPLE, Parse
from server_parts.protocol.account_requests import MAX_SECRET, Login, Redeem, Secret
from server_parts.protocol.door import Inside
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.moderation_requests import Ban, SetRoom
from server_parts.protocol.plain_encoder import PLAIN_FORMS, Forms, lines_of, starred
from server_parts.protocol.plain_moderation import BY_WORD, Row, how_to
from server_parts.protocol.plain_moderation import ROWS as ORDERS
from server_parts.protocol.plain_questions import Questions
from server_parts.protocol.requests import (
    ENCRYPTION_NEEDED,
    MAX_PAGE,
    Answer,
    Bye,
    EndConnection,
    Hello,
    History,
    Join,
    Nick,
    Refusal,
    Request,
    Rooms,
    Say,
    Search,
    ShowAs,
    TalkAgain,
    Who,
    text_refusal,
)
from server_parts.storage.search_query import query_problem

_ASKING: Final = ("password", "login")  # commands
_WIDE: Final = ("/lockdown", "/audit", "/servers")  # about the whole server in any case

NOT_A_SECRET: Final = Refusal("bad_field", "that is the password which you have just typed: it was not said", "text")

UNENDED_WAIT: Final = 0.2  # data without a newline, followed by this much silence, is a line
LINE_WAIT: Final = 10.0  # from a line's first byte to its end: dripping bytes do not extend it
LOGIN_WAIT: Final = 60.0  # for whoever is not let in without a password or an invitation


# --- Coming in --------------------------------------------------------------------------------------------------

# What a telnet program may mix into the text: negotiations, and two-byte commands. A negotiation that does not end
# goes on to the end of the line: to look for the end of each of 32,000 beginnings would take ten seconds.
_TELNET = re.compile(rb"\xff(?:[\xfb-\xfe].|\xfa.*?(?:\xff\xf0|\Z)|[\xf0-\xf9])", re.DOTALL)

_NEGOTIATION = re.compile(rb"\xff([\xfb\xfd])(.)", re.DOTALL)
_DO_ECHO: Final = (b"\xfd", b"\x01")
_REFUSALS: Final = {b"\xfb": b"\xff\xfe", b"\xfd": b"\xff\xfc"}  # WILL: DONT; DO: WONT


class PlainDoor:
    """Lines of text. The first request is a hello in the name of whoever came in."""

    def __init__(self, opened: float = math.inf, *, confidential: bool = True, forms: Forms = PLAIN_FORMS) -> None:
        """`confidential`: nobody on the way can read along, so passwords may be asked for. `forms`: how all looks."""
        self._forms = forms
        self.encoder: Encoder = forms[False, False]
        self.lines_of = LineDecoder()
        self._room = LOBBY
        self._times_on = self._numbers_on = False
        self._last_order: Request | None = None
        self._flush_due: float | None = None
        self._line_due = math.inf
        self._login_due = opened + LOGIN_WAIT
        self._confidential = confidential
        self._questions = Questions()
        self._inside: Inside | None = None
        self._is_current = False  # what `inside` says is not about to change by what came just before
        self._lost = False  # the client is not in its room
        self._moved = ""  # where it talks instead, as it was told about what has just arrived

    def greeting(self) -> Hello:
        # Tutorial programs read one answer for each line they send: what was said before is theirs to ask for.
        # It tells its own texts from those of its person's other connections: by "delivered".
        return Hello(name=None, session=secrets.token_urlsafe(24), history=0, shares_name=True)

    def receive(self, data: bytes, now: float) -> list[Request]:
        if now >= self._login_due:
            return [_ending(f"nobody logged in within {lasting(LOGIN_WAIT)}")]
        self._look_around()
        requests = [request for line in self.lines_of.feed(data) for request in self._requests(line)]
        if self.lines_of.overlong is not None:
            return [*requests, _ending(f"line too long: {self.lines_of.overlong} > {self.lines_of.limit} bytes")]
        if not self.lines_of.tail:
            self._flush_due, self._line_due = None, math.inf
            return requests
        if now >= self._line_due and not requests:
            return [_ending(f"the end of a line did not come within {lasting(LINE_WAIT)}")]
        # The beginning of a password is not the password, and what follows must not be said: that waits for its end.
        self._flush_due = None if self._questions.pending else now + UNENDED_WAIT
        if requests or self._line_due == math.inf:
            self._line_due = now + LINE_WAIT
        return requests

    def deadline(self) -> float | None:
        if self._login_due == math.inf:
            return self._flush_due
        return min(self._flush_due or math.inf, self._login_due)

    def silence(self, now: float) -> list[Request]:
        if now >= self._login_due:
            return self.receive(b"", now)
        if self._flush_due is None or now < self._flush_due:
            return []
        return self.end()

    def end(self) -> list[Request]:
        self._look_around()
        self._flush_due, self._line_due = None, math.inf
        tail = self.lines_of.take_tail()
        return self._requests(tail.removesuffix(b"\r")) if tail else []

    def welcomed(self, inside: Inside | None = None) -> None:
        """The hub let the client in."""
        self._login_due, self._inside = math.inf, inside

    def _look_around(self) -> None:
        """All that was asked for before has been done: see what has become of the client."""
        self._is_current = self._inside is not None
        self._moved = ""
        self._lost = self._inside is not None and self._room not in self._inside.rooms

    def _requests(self, line: bytes) -> list[Request]:
        # A telnet that asks for something shows nothing more until it is answered: no, we will not.
        asked = _NEGOTIATION.findall(line)
        questions = self._questions
        questions.is_telnet = questions.is_telnet or bool(asked)
        refused = [one for one in asked if not (questions.hides and one == _DO_ECHO)]  # that one we have offered
        answer = [Answer(b"".join(_REFUSALS[verb] + option for verb, option in refused))] if refused else []
        bare = _TELNET.sub(b"", line)
        if not questions.pending:
            return [*answer, *self._where_one_is(bare)]
        if asked and not bare:
            return list(answer)
        self._is_current = False
        return [*answer, *questions.answer(bare.decode("utf-8", "replace").replace("\0", ""))]

    def _where_one_is(self, line: bytes) -> list[Request]:
        """What a line asks for. Who is not in their room any more talks in another one from now on.

        They are told; and what came in one go, and may be meant for those who are there, is not said to others.
        """
        moves = self._lost and line[:5].lower() != b"/join"
        if moves:
            self._moved, self._lost = self._fall_back(), False
        request = self._request(line)
        if self._moved and isinstance(request, Say) and not request.room.startswith("@"):
            return [Refusal("not_in_room", f"that was not said: {self._moved}")]
        return [Answer(lines_of(starred(self._moved))), request] if moves else [request]

    def _fall_back(self) -> str:
        assert self._inside is not None
        gone, rooms = self._room, [room for room in list(self._inside.rooms) if not room.startswith("@")]
        if not rooms:
            return f"you are not in {gone}, nor in any other room; /join ROOM enters one"
        self._room = LOBBY if LOBBY in rooms else rooms[0]
        place = "the lobby" if self._room == LOBBY else f"#{self._room}"
        return f"you are not in {gone}; what you type goes to {place} now"

    def _request(self, line: bytes) -> Request:
        text = line.decode("utf-8", "replace").replace("\0", "")
        if is_exit(text):
            return Bye()
        if text.startswith("//"):
            return self._say(text[1:])
        if not text.startswith("/"):
            return self._say(text)
        word, _, rest = text[1:].partition(" ")
        if word.lower() == "invite" and self._login_due < math.inf:  # inside, nobody needs that any more
            return self._redeem(rest.strip())
        command = _COMMANDS.get(word.lower())
        if command is None:
            return _unknown(word)
        return command.request(self, rest.strip())

    def _order(self, row: Row, rest: str) -> Request:
        """A command that keeps order: in this room, or with -s on the whole server. A ban typed once more is meant."""
        wide, rest = (True, rest[2:].strip()) if rest.split(" ")[0] == "-s" else (row.usage.startswith(_WIDE), rest)
        request = row.make(None if wide else self._room, rest)
        if request is None:
            return _error(how_to(row.usage))
        last, self._last_order = self._last_order, request
        return request._replace(sure=True) if isinstance(request, (Ban, SetRoom)) and request == last else request

    def _say(self, text: str) -> Request:
        if self._questions.is_secret(text):
            return NOT_A_SECRET
        # An empty line from nc is a slip of the finger, not worth an error.
        return Answer(b"") if is_blank(text) else Say(self._room, [text], 0, text_refusal(text))

    def _speak_of(self, row: plain_entries.Row, rest: str) -> Request:
        """A text that speaks of another message of this room."""
        request = row.make(self._room, rest)
        if request is None:
            return _error(how_to(row.usage))
        return NOT_A_SECRET if any(map(self._questions.is_secret, (rest, *request.texts))) else request

    def _about_files(self, row: plain_files.Row, rest: str) -> Request:
        return row.make(self._room, rest) or _error(how_to(row.usage))

    def _join(self, room: str) -> Request:
        if not room:
            return _error("usage: /join ROOM")
        if problem := room_problem(room.lower()):
            return Refusal("bad_room", problem)
        self._room, self._lost, self._moved = room.lower(), False, ""
        return Join(self._room)

    def _nick(self, name: str) -> Request:
        if not name:
            return _error("usage: /nick NAME")
        self._is_current = False
        problem = name_problem(name)
        return Refusal("bad_name", problem) if problem else Nick(name)

    def _message(self, rest: str) -> Request:
        name, _, text = rest.partition(" ")
        if not is_name(name) or not text.strip():
            return _error("usage: /msg NAME TEXT")
        return Say(f"@{name.lower()}", [text], 0, text_refusal(text))

    def _login(self, rest: str) -> Request:
        name, _, password = rest.partition(" ")
        if not is_name(name) or len(password) > MAX_SECRET:
            return Refusal("bad_field", "usage: /login NAME; the password is asked for", "password")
        if not self._confidential:
            return ENCRYPTION_NEEDED
        if not password:
            return self._questions.ask_login(name)
        self._is_current = False
        self._questions.remember(password)
        return Login(name, Secret(password))

    def _password(self, rest: str) -> Request:
        if rest:
            return Refusal("bad_field", "usage: /password; the passwords are asked for", "password")
        if not self._confidential:
            return ENCRYPTION_NEEDED
        inside = self._inside if self._is_current else None
        refusal = None if inside is None else inside.password_refusal()
        return refusal or self._questions.ask_new_password(None if inside is None else inside.has_password())

    def _redeem(self, rest: str) -> Request:
        """Come in with an invitation."""
        if not rest or len(rest) > MAX_SECRET:
            return _error("usage: /invite CODE")
        return Redeem(Secret(rest)) if self._confidential else ENCRYPTION_NEEDED

    def _about_accounts(self, parse: Parse, rest: str) -> Request:
        request = parse(rest)
        return _error(request) if isinstance(request, str) else request

    def _history(self, rest: str) -> Request:
        if rest and not (rest.isascii() and rest.isdigit() and len(rest) < 9 and 0 < int(rest) <= MAX_PAGE):
            return _error(f"usage: /history [N], with N from 1 to {MAX_PAGE}")
        return History(self._room, None, int(rest or 20))

    def _times(self, word: str) -> Request:
        if word.lower() not in ("on", "off"):
            return _error("usage: /times on|off")
        self._times_on = word.lower() == "on"
        return self._show_as(f"times are {word.lower()}")

    def _numbers(self, word: str) -> Request:
        if word.lower() not in ("on", "off"):
            return _error("usage: /numbers on|off")
        self._numbers_on = word.lower() == "on"
        return self._show_as(f"numbers are {word.lower()}")

    def _show_as(self, text: str) -> Request:
        self.encoder = self._forms[self._times_on, self._numbers_on]
        return ShowAs(self.encoder, text)

    def _search(self, text: str) -> Request:
        if not text:
            return _error("usage: /search TEXT")
        problem = query_problem(text)
        return Refusal("bad_field", problem, "text") if problem else Search(text, counting=True)


def _error(text: str) -> Answer:
    return Answer(lines_of(starred(f"error: {text}")))


def _unknown(word: str) -> Request:
    """What follows a slip in a command that asks for a password may be one: then the field says so."""
    text = f"there is no command /{word[:40]}; /help lists them, and //{word[:40]} would send it as text"
    asks = word.lower().startswith("pass") or nearest(word.lower(), _ASKING) is not None
    return Refusal("unknown_type", text, "password") if asks else _error(text)


def _ending(text: str) -> EndConnection:
    return EndConnection(lines_of(starred(f"error: {text}"), "* goodbye *"), text)


def _parsed_by(parse: Parse) -> Callable[[PlainDoor, str], Request]:
    return lambda door, rest: door._about_accounts(parse, rest)


class _Command(NamedTuple):
    usage: str
    help: str
    request: Callable[[PlainDoor, str], Request]


def _on_files(row: plain_files.Row) -> _Command:
    return _Command(row.usage, row.help, lambda door, rest: door._about_files(row, rest))


def _speaking(row: plain_entries.Row) -> _Command:
    return _Command(row.usage, row.help, lambda door, rest: door._speak_of(row, rest))


_ROWS: Final = (
    _Command("/nick NAME", "change your name", PlainDoor._nick),
    _Command("/join ROOM", "enter a room; a new one is created", PlainDoor._join),
    _Command("/rooms [BEGINNING]", "list the rooms", lambda door, rest: Rooms(rest.lower())),
    _Command("/who [AFTER]", "list the people in this room", lambda door, rest: Who(door._room, rest or None)),
    _Command("/msg NAME TEXT", "send a private message", PlainDoor._message),
    _Command("/me TEXT", "describe what you do: * alice waves", lambda door, rest: door._say(f"/me {rest}")),
    _Command("/history [N]", "show earlier messages", PlainDoor._history),
    _Command("/search TEXT", 'find messages by beginnings of words; "TEXT" is exact', PlainDoor._search),
    _Command("/more", "show more results", lambda door, rest: Search("", again=True)),
    _Command("/times on|off", "show when each message was sent, in the server's time", PlainDoor._times),
    _Command("/say TEXT", "send TEXT even if it looks like a command", PlainDoor._say),
    _Command("/login NAME", "log in to your account; the password is asked for", PlainDoor._login),
    _Command("/password", "set, change or remove your account's password", PlainDoor._password),
    _Command("/ok", "go on talking after a password was refused", lambda door, rest: TalkAgain()),
    *(_Command(line.usage, line.help, _parsed_by(line.parse)) for line in OF_PEOPLE),
    _Command(
        "/help [messages|files|moderation]",
        "this list, or those to answer, edit, delete and react, for files, or to keep order",
        lambda door, rest: Answer(_help(rest)),
    ),
    _Command("/exit", "leave", lambda door, rest: Bye()),
)


def _ordering(row: Row) -> _Command:
    return _Command(row.usage, row.help, lambda door, rest: door._order(row, rest))


# About messages that are there already.
_ON_MESSAGES: Final = (
    *map(_speaking, plain_entries.ROWS),
    _Command("/numbers on|off", "show the number of each message", PlainDoor._numbers),
)
_ON_FILES: Final = tuple(map(_on_files, plain_files.ROWS))
_COMMANDS: Final = {
    **{word: _ordering(row) for word, row in BY_WORD.items()},
    **{row.usage[1:].split()[0]: row for row in (*_ROWS, *_ON_MESSAGES, *_ON_FILES)},
    "quit": _ROWS[-1],
}


def _help(about: str) -> bytes:
    if about == "moderation":
        lines = [starred(f"{row.usage:<26} {row.help}") for row in ORDERS]
        return lines_of(*lines, starred("these are for this room; with -s behind the command, for the whole server"))
    if (rows := {"messages": _ON_MESSAGES, "files": _ON_FILES}.get(about)) is not None:
        return lines_of(*(starred(f"{row.usage:<26} {row.help}") for row in rows))
    return lines_of(*(starred(f"{row.usage:<26} {row.help}") for row in _ROWS), starred("//text sends /text"))
