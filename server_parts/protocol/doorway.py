"""The ways in, and how a newcomer is shown to one of them.

A door turns bytes into requests; its encoder turns events into bytes. A `Doorway` watches a new connection's first
bytes, picks the door and hands everything to it. Pure: no socket, no thread and no clock; whoever reads the socket
passes the time in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from chat_common import MAX_HELLO_LINE
from server_parts.protocol.door import Door, Inside
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.events import bye
from server_parts.protocol.native_door import NativeDoor
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.plain_door import PlainDoor
from server_parts.protocol.plain_encoder import PLAIN, PLAIN_FORMS, Forms
from server_parts.protocol.requests import Appear, EndConnection, Request, StartAgain

FIRST_BYTE_WAIT: Final = 0.5  # silence after which a newcomer is taken for a plain client

# --- Which door? ------------------------------------------------------------------------------------------------

_METHODS: Final = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT ", b"PRI ")
_METHOD: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # a script can make up any, and what comes behind must not be said
_HTTP: Final = re.compile(_METHOD + rb" \S+ HTTP/[0-9.]+\r?\n")
_HTTP_BEGUN: Final = re.compile(_METHOD + rb" /\S*(?: [HTP]*/?[0-9.]*\r?)?")  # so much that nobody would say it
_HTTP_ANSWER: Final = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    b"This is a chat server, not a web server. Come in with client.py, or with nc.\n"
)
_TLS_HELLO: Final = 0x16
_TLS_ANSWER: Final = b"* this server cannot encrypt: connect without TLS *\n"
_IN_CLEAR: Final = "this server accepts only encrypted connections: use client.py, or ncat --ssl"
_HTTP_IN_CLEAR: Final = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    b"This server accepts only encrypted connections: use client.py, or ncat --ssl.\n"
)


def may_be_http(first: bytes) -> bool:
    """Whether a connection that begins like that may be a browser's."""
    return bool(first) and any(method.startswith(first[: len(method)]) for method in _METHODS)


class Doorway:
    """A new connection: undecided until its first bytes or half a second of silence, then one of the doors."""

    __slots__ = (
        "_begun", "_confidential", "_door", "_first", "_forms", "_greet_at", "_is_open", "_opened", "_silent", "_web",
    )  # fmt: skip

    def __init__(
        self,
        opened: float,
        *,
        is_open: bool = True,
        confidential: bool = True,
        web: Callable[[float], Door] | None = None,
        wait: float | None = None,
        forms: Forms = PLAIN_FORMS,
    ) -> None:
        """`is_open` for whoever may talk as they do: others are told, in their own form, that they must encrypt.

        `confidential`: nobody on the way can read along. `web` makes the door for HTTP, if there is one. `wait`:
        seconds of silence after which it is a plain client, if not as usual, and `forms` how all looks for one.
        """
        self._opened = opened
        self._greet_at = opened + (FIRST_BYTE_WAIT if wait is None else wait)
        self._is_open = is_open
        self._confidential = confidential
        self._web = web
        self._forms = forms
        self._first = b""
        self._begun: float | None = None  # when the first of them came
        self._silent = True
        self._door: Door | None = None

    @property
    def encoder(self) -> Encoder:
        return self._door.encoder if self._door is not None else PLAIN

    def receive(self, data: bytes, now: float) -> list[Request]:
        if self._silent and data.startswith(b"{"):
            return self._enter_native(data, now)
        if self._silent and self._door is not None:
            return self._break_silence(data, now)
        self._silent = False
        if self._door is not None:
            return self._door.receive(data, now)
        self._begun = now if self._begun is None else self._begun
        self._first += data
        if self._first[0] == _TLS_HELLO:
            return [EndConnection(_TLS_ANSWER, "a TLS hello on the plain port")]
        if _HTTP.match(self._first):
            return self._enter_web(now)
        if self._may_be_http():
            return []  # the rest of the line, or the silence after it, will tell
        return self._enter_unfinished(now)

    def deadline(self) -> float | None:
        return self._greet_at if self._door is None else self._door.deadline()

    def silence(self, now: float) -> list[Request]:
        if self._door is not None:
            return self._door.silence(now)
        return self._enter_unfinished(now) if now >= self._greet_at else []

    def end(self) -> list[Request]:
        entered = self._enter_plain(self._opened) if self._door is None and self._first else []
        return [*entered, *self._door.end()] if self._door is not None else []

    def welcomed(self, inside: Inside | None = None) -> None:
        """The hub let the client in."""
        if self._door is not None:
            self._door.welcomed(inside)

    def _enter_native(self, data: bytes, now: float) -> list[Request]:
        self._silent = False
        if not self._is_open:
            return [EndConnection(NATIVE.frame(bye("not_encrypted", _IN_CLEAR, retry=False)), _IN_CLEAR)]
        seated = self._door is not None  # as a plain client, whose greeting a native one skips
        self._door, self._web = NativeDoor(now if seated else self._opened), None
        requests = self._door.receive(data, now)
        return [StartAgain(self._door.encoder), *requests] if seated else requests

    def _break_silence(self, data: bytes, now: float) -> list[Request]:
        """Who was taken for a plain client says something. Browsers open connections ahead, and ask for nothing."""
        assert self._door is not None
        self._silent = False
        # An answer would stand behind the greeting; and what is asked may hold a secret.
        if _HTTP.match(data) or _HTTP_BEGUN.fullmatch(data):
            return [EndConnection(b"", "an HTTP request on a connection that was opened long before")]
        return [Appear(), *self._door.receive(data, now)]

    def _may_be_http(self) -> bool:
        begun = b"\n" not in self._first and len(self._first) < MAX_HELLO_LINE
        return begun and (may_be_http(self._first) or _HTTP_BEGUN.fullmatch(self._first) is not None)

    def _enter_unfinished(self, now: float) -> list[Request]:
        return self._enter_web(now) if _HTTP_BEGUN.fullmatch(self._first) else self._enter_plain(now)

    def _enter_web(self, now: float) -> list[Request]:
        if self._web is None:
            return [EndConnection(_HTTP_ANSWER if self._is_open else _HTTP_IN_CLEAR, "an HTTP request")]
        self._door = self._web(self._opened if self._begun is None else self._begun)
        self._web = None  # not needed any more, by whoever stays for days
        return self._door.receive(self._take_first(), now)

    def _take_first(self) -> bytes:
        first, self._first = self._first, b""
        return first

    def _enter_plain(self, now: float) -> list[Request]:
        if not self._is_open:
            return [EndConnection(f"* {_IN_CLEAR} *\n".encode(), _IN_CLEAR)]
        self._door = PlainDoor(now, confidential=self._confidential, forms=self._forms)
        hello = self._door.greeting()._replace(is_silent=not self._first)
        return [hello, *self._door.receive(self._take_first(), now)]
