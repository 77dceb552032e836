"""The door for programs: one JSON object a line, both ways. Pure: no socket, no thread, no clock."""

from __future__ import annotations

from chat_common import MAX_HELLO_LINE, MAX_LINE, LineDecoder
from server_parts.protocol import native_frames
from server_parts.protocol.door import Inside
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.native_frames import NativeFrames
from server_parts.protocol.requests import EndConnection, Refusal, Request

# --- Coming in --------------------------------------------------------------------------------------------------


class NativeDoor:
    """JSON lines. The first must be a hello."""

    encoder: Encoder = NATIVE

    def __init__(self, opened: float) -> None:
        self._lines = LineDecoder(MAX_HELLO_LINE)
        self._frames = NativeFrames(self.encoder)
        self._greeted = False
        self._hello_due = opened + native_frames.HELLO_WAIT
        self._line_begun: float | None = None

    def receive(self, data: bytes, now: float) -> list[Request]:
        if not self._greeted and now >= self._hello_due:
            return self.silence(now)
        requests = self._frames.requests(self._lines.feed(data))
        if requests and isinstance(requests[-1], EndConnection):
            return requests
        if self._lines.overlong is not None:
            text = f"line too long: {self._lines.overlong} > {self._lines.limit} bytes"
            return [*requests, Refusal("too_long", text, fatal=True), self._frames.ending("too_long", text)]
        if not self._lines.tail:
            self._line_begun = None
        elif self._line_begun is None or requests:
            self._line_begun = now
        return requests or self.silence(now)

    def deadline(self) -> float | None:
        if not self._greeted:
            return self._hello_due
        return None if self._line_begun is None else self._line_begun + native_frames.LINE_WAIT

    def silence(self, now: float) -> list[Request]:
        due = self.deadline()
        if due is None or now < due:
            return []
        return [self._frames.ending("idle", native_frames.late(greeted=self._greeted))]

    def end(self) -> list[Request]:
        return []

    def welcomed(self, inside: Inside | None = None) -> None:
        """The hub let the client in: from now on lines may be long."""
        self._greeted = True
        self._lines.limit = MAX_LINE
