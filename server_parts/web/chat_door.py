"""The door behind a WebSocket: a native client whose frames are text messages, one JSON object each.

It knows how a conversation over a WebSocket ends; what the frames ask for is the same as at the native door.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby, repeat
from typing import Any, Final

from chat_common import MAX_HELLO_LINE, MAX_LINE
from server_parts.protocol.account_requests import Secret
from server_parts.protocol.door import Inside
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.events import bye
from server_parts.protocol.native_frames import NativeFrames, Patience
from server_parts.protocol.requests import Answer, EndConnection, Hello, Refusal, Request
from server_parts.web.web_encoder import WEB
from server_parts.web.websocket import TOO_LONG, Broken, Closed, Event, MessageReader, Ping, Text, close, pongs

_BLANKS: Final = b" \t\r\n"  # around the object: some programs end a message like a line
_NOTHING: Final = Answer(b"")  # to a message of blanks alone


class ChatDoor:
    """Text messages. The first must be a hello."""

    __slots__ = ("_frames", "_messages", "_patience", "_token")

    encoder: Encoder = WEB

    def __init__(self, opened: float, token: Secret | None = None) -> None:
        """`token` is that of the cookie with which the WebSocket was opened."""
        self._token = token
        # A line counts with its newline, which a message does not have.
        self._messages = MessageReader(MAX_HELLO_LINE - 1)
        self._frames = NativeFrames(self.encoder)
        self._patience = Patience(opened)

    def receive(self, data: bytes, now: float) -> list[Request]:
        if self._patience.hello_is_late(now):
            return self.silence(now)
        events = self._messages.feed(data)
        requests: list[Request] = []
        for kind, alike in groupby(events, type):
            requests += _MEANING[kind](self, list(alike))
            if requests and isinstance(requests[-1], EndConnection):
                return requests
        self._patience.follow(now, is_unfinished=self._messages.has_begun, is_another=self._has_moved_on(events))
        return requests or self.silence(now)

    def _has_moved_on(self, events: Sequence[Event]) -> bool:
        """Whether what has begun is not what had. A ping between the fragments of a message is not its end."""
        return any(isinstance(event, Text) for event in events) or bool(events and not self._messages.is_in_fragments)

    def deadline(self) -> float | None:
        return self._patience.deadline()

    def silence(self, now: float) -> list[Request]:
        late = self._patience.late(now)
        return [] if late is None else [self._frames.ending("idle", late)]

    def end(self) -> list[Request]:
        return []

    def welcomed(self, inside: Inside | None = None) -> None:
        """The hub let the client in: from now on messages may be long."""
        self._patience.welcomed()
        self._messages.limit = MAX_LINE - 1

    def _asked(self, texts: Sequence[Text]) -> list[Request]:
        """Messages of nothing get nothing, and cost as much as others: a flood of them would keep a reader busy."""
        lines = [line for text in texts if (line := text.data.strip(_BLANKS))]
        asked = [self._with_token(request) for request in self._frames.requests(lines)] if lines else []
        return [*repeat(_NOTHING, len(texts) - len(lines)), *asked]

    def _with_token(self, request: Request) -> Request:
        """A script cannot read the cookie, so a hello names it instead of its token."""
        if isinstance(request, Hello) and request.by_cookie and self._token is not None:
            return request._replace(token=self._token)
        return request

    def _pinged(self, pings: Sequence[Ping]) -> list[Request]:
        return [Answer(pongs(pings))]

    def _closed(self, closed: Sequence[Closed]) -> list[Request]:
        """The same Close goes back. A page that is loaded again closes, too, so its person may be back in a moment."""
        return [EndConnection(close(closed[0].code), "the WebSocket was closed", comes_back=True)]

    def _broken(self, broken: Sequence[Broken]) -> list[Request]:
        code, text = broken[0]
        if code == TOO_LONG:
            return [Refusal("too_long", text, fatal=True), self._frames.ending("too_long", text)]
        return [EndConnection(WEB.ending(bye("bad_frames", text, retry=False), code), text)]


_MEANING: Final[dict[type, Callable[[ChatDoor, Sequence[Any]], list[Request]]]] = {
    Text: ChatDoor._asked,
    Ping: ChatDoor._pinged,
    Closed: ChatDoor._closed,
    Broken: ChatDoor._broken,
}
