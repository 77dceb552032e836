"""Events as WebSocket messages: the native door's JSON, one object a message. Pure.

A block is encoded and framed once, and sent to all who come through this door: nothing in it is for one of them alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from chat_common import Frame
from server_parts.protocol.native_encoder import NATIVE
from server_parts.storage.records import Run
from server_parts.web import websocket
from server_parts.web.responses import told

# How a WebSocket is closed behind a `bye`; behind any other, because of what the client did.
_CLOSE_CODES: Final = {
    "exit": websocket.NORMAL,
    "replaced": websocket.NORMAL,
    "shutdown": websocket.GOING_AWAY,
    "moved": websocket.GOING_AWAY,
    "too_long": websocket.TOO_LONG,
}


class WebEncoder:
    """One JSON object a message."""

    newest_last = own_receipts = is_for_people = False

    def frame(self, frame: Frame) -> bytes:
        message = websocket.messages(NATIVE.frame(frame))
        return message + _close_of(frame) if frame["type"] == "bye" else message

    def live(self, runs: Iterable[Run], session: str | None = None) -> bytes:
        return websocket.messages(NATIVE.live(runs, session))

    def pages(self, frame: Frame, field: str, items: Sequence[Any]) -> bytes:
        return websocket.messages(NATIVE.pages(frame, field, items))

    def ending(self, frame: Frame, close_code: int) -> bytes:
        """A `bye` and the Close behind it, for what the client did with its WebSocket."""
        return websocket.messages(NATIVE.frame(frame)) + websocket.close(close_code, frame["text"])


def _close_of(goodbye: Frame) -> bytes:
    return websocket.close(_CLOSE_CODES.get(goodbye["code"], websocket.POLICY), goodbye["text"])


class HttpEncoder:
    """For as long as a connection speaks HTTP: there is nothing to be told but that it has to end."""

    newest_last = own_receipts = is_for_people = False

    def frame(self, frame: Frame) -> bytes:
        return told(503, frame["text"]) if frame["type"] == "bye" else b""

    def live(self, runs: Iterable[Run], session: str | None = None) -> bytes:
        return b""

    def pages(self, frame: Frame, field: str, items: Sequence[Any]) -> bytes:
        return b""


class _NothingMore(HttpEncoder):
    """For as long as the body of an answer is on its way: whatever was said would be taken for a part of it."""

    def frame(self, frame: Frame) -> bytes:
        return b""


WEB: Final = WebEncoder()
HTTP: Final = HttpEncoder()
NOTHING_MORE: Final = _NothingMore()
