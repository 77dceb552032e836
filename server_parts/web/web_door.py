"""The door for browsers: one HTTP request, and behind it the end of the conversation or a WebSocket."""

from __future__ import annotations

from typing import Final

from chat_common import lasting
from server_parts.protocol.door import Door, Inside
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.file_requests import Upload
from server_parts.protocol.requests import Answer, Reply, Request
from server_parts.web.chat_door import ChatDoor
from server_parts.web.heads import BadHeadError, Head, HeadReader
from server_parts.web.responses import told
from server_parts.web.site import Caller, Site, Upgrade
from server_parts.web.web_encoder import HTTP

HEAD_WAIT: Final = 10.0  # from the first byte of a request to the end of its head


class WebDoor:
    """Nobody is let in before the WebSocket is open."""

    __slots__ = ("_caller", "_chat", "_first", "_head_due", "_heads", "_site")

    def __init__(self, begun: float, site: Site, caller: Caller) -> None:
        self._heads = HeadReader()
        self._head_due = begun + HEAD_WAIT
        self._site = site
        self._caller = caller
        self._first = b""  # what the request begins with, for an answer to one that cannot be read
        self._chat: Door | None = None

    @property
    def encoder(self) -> Encoder:
        return HTTP if self._chat is None else self._chat.encoder

    def receive(self, data: bytes, now: float) -> list[Request]:
        if self._chat is not None:
            return self._chat.receive(data, now)
        if now >= self._head_due:
            return self.silence(now)
        self._first = self._first or data[:5]
        try:
            found = self._heads.feed(data)
            if found is None:
                return []
            head, rest = found
            return self._answer(head, rest, now)
        except BadHeadError as error:
            return [self._told(error)]

    def _answer(self, head: Head, rest: bytes, now: float) -> list[Request]:
        self._site.note_visit(self._caller, now)
        answered = self._site.answer(head, self._caller)
        if isinstance(answered, Upload):
            return [answered._replace(begun=rest)]
        if not isinstance(answered, Upgrade):
            return [answered]
        self._chat = ChatDoor(now, answered.token)
        return [Answer(answered.block), *(self._chat.receive(rest, now) if rest else ())]

    def _told(self, error: BadHeadError) -> Reply:
        is_head = self._first.startswith(b"HEAD ")
        return Reply(told(error.status, error.text, has_body=not is_head), error.text)

    def deadline(self) -> float | None:
        return self._head_due if self._chat is None else self._chat.deadline()

    def silence(self, now: float) -> list[Request]:
        if self._chat is not None:
            return self._chat.silence(now)
        if now < self._head_due:
            return []
        return [self._told(BadHeadError(408, f"The head of this request did not come within {lasting(HEAD_WAIT)}."))]

    def end(self) -> list[Request]:
        return [] if self._chat is None else self._chat.end()

    def welcomed(self, inside: Inside | None = None) -> None:
        """The hub let the client in."""
        if self._chat is not None:
            self._chat.welcomed(inside)
