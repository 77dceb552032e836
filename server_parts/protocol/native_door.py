"""The door for programs: one JSON object a line, both ways. Pure: no socket, no thread, no clock."""

from __future__ import annotations

from chat_common import MAX_HELLO_LINE, MAX_LINE, LineDecoder
from server_parts.protocol.door import Inside
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.native_frames import NativeFrames, Patience
from server_parts.protocol.requests import EndConnection, Refusal, Request

# --- Coming in --------------------------------------------------------------------------------------------------


class NativeDoor:
    """JSON lines. The first must be a hello."""

    __slots__ = ("_frames", "_lines", "_patience")

    encoder: Encoder = NATIVE

    def __init__(self, opened: float) -> None:
        self._lines = LineDecoder(MAX_HELLO_LINE)
        self._frames = NativeFrames(self.encoder)
        self._patience = Patience(opened)

    def receive(self, data: bytes, now: float) -> list[Request]:
        if self._patience.hello_is_late(now):
            return self.silence(now)
        requests = self._frames.requests(self._lines.feed(data))
        if requests and isinstance(requests[-1], EndConnection):
            return requests
        if self._lines.overlong is not None:
            text = f"line too long: {self._lines.overlong} > {self._lines.limit} bytes"
            return [*requests, Refusal("too_long", text, fatal=True), self._frames.ending("too_long", text)]
        self._patience.follow(now, is_unfinished=bool(self._lines.tail), is_another=bool(requests))
        return requests or self.silence(now)

    def deadline(self) -> float | None:
        return self._patience.deadline()

    def silence(self, now: float) -> list[Request]:
        late = self._patience.late(now)
        return [] if late is None else [self._frames.ending("idle", late)]

    def end(self) -> list[Request]:
        return []

    def welcomed(self, inside: Inside | None = None) -> None:
        """The hub let the client in: from now on lines may be long."""
        self._patience.welcomed()
        self._lines.limit = MAX_LINE
