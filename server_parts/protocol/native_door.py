"""The door for programs: one JSON object a line, both ways. Pure: no socket, no thread, no clock."""

from __future__ import annotations

from typing import Final

from chat_common import (
    MAX_HELLO_LINE,
    MAX_LINE,
    FrameError,
    LineDecoder,
    decode_frame,
    decode_values,
    encode_frame,
    lasting,
)
from server_parts.protocol.door import Inside
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.events import bye
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.native_requests import from_frame, plain_says
from server_parts.protocol.requests import EndConnection, Refusal, Request

HELLO_WAIT: Final = 10.0
LINE_WAIT: Final = 30.0  # from a line's first byte to its last: dripping bytes do not extend it
MAX_BAD_FRAMES: Final = 5


# --- Coming in --------------------------------------------------------------------------------------------------


class NativeDoor:
    """JSON lines. The first must be a hello."""

    encoder: Encoder = NATIVE

    def __init__(self, opened: float) -> None:
        self._lines = LineDecoder(MAX_HELLO_LINE)
        self._bad_in_a_row = 0
        self._greeted = False
        self._hello_due = opened + HELLO_WAIT
        self._line_begun: float | None = None

    def receive(self, data: bytes, now: float) -> list[Request]:
        if not self._greeted and now >= self._hello_due:
            return self.silence(now)
        requests = self._requests(self._lines.feed(data))
        if requests and isinstance(requests[-1], EndConnection):
            return requests
        if self._lines.overlong is not None:
            text = f"line too long: {self._lines.overlong} > {self._lines.limit} bytes"
            return [*requests, Refusal("too_long", text, fatal=True), self._ending("too_long", text)]
        if not self._lines.tail:
            self._line_begun = None
        elif self._line_begun is None or requests:
            self._line_begun = now
        return requests or self.silence(now)

    def deadline(self) -> float | None:
        if not self._greeted:
            return self._hello_due
        return None if self._line_begun is None else self._line_begun + LINE_WAIT

    def silence(self, now: float) -> list[Request]:
        due = self.deadline()
        if due is None or now < due:
            return []
        wait, what = (LINE_WAIT, "the end of a line") if self._greeted else (HELLO_WAIT, "hello")
        return [self._ending("idle", f"{what} did not come within {lasting(wait)}")]

    def end(self) -> list[Request]:
        return []

    def welcomed(self, inside: Inside | None = None) -> None:
        """The hub let the client in: from now on lines may be long."""
        self._greeted = True
        self._lines.limit = MAX_LINE

    def _requests(self, lines: list[bytes]) -> list[Request]:
        values = decode_values(lines)
        says = plain_says(values) if values else None
        if says is None:
            return self._one_by_one(lines)
        self._bad_in_a_row = 0
        return says

    def _one_by_one(self, lines: list[bytes]) -> list[Request]:
        """Up to the end of the conversation, if one of the lines is that."""
        requests: list[Request] = []
        for line in lines:
            request = self._request(line)
            requests.append(request)
            if isinstance(request, Refusal) and request.fatal:
                return [*requests, self._ending(request.code, request.text)]
            if self._bad_in_a_row >= MAX_BAD_FRAMES:
                text = f"{MAX_BAD_FRAMES} lines in a row were no frames"
                return [*requests, self._ending("bad_frames", text)]
        return requests

    def _request(self, line: bytes) -> Request:
        try:
            frame = decode_frame(line)
        except FrameError as error:
            self._bad_in_a_row += 1
            return Refusal(error.code, error.text)
        self._bad_in_a_row = 0
        try:
            return from_frame(frame)
        except FrameError as error:
            return Refusal(error.code, error.text, error.field, fatal=error.code == "protocol_version")

    def _ending(self, code: str, text: str) -> EndConnection:
        return EndConnection(encode_frame(bye(code, text, retry=code == "idle")), text)
