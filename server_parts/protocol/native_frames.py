"""Lines of JSON become requests, one object a line: what every door for programs has in common. Pure.

It must not know how the lines arrive, nor what is wrong with a stream that holds none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chat_common import FrameError, decode_frame, decode_values, lasting
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.events import bye
from server_parts.protocol.native_requests import from_frame, plain_says
from server_parts.protocol.requests import EndConnection, Refusal, Request

HELLO_WAIT: Final = 10.0
LINE_WAIT: Final = 30.0  # from a line's first byte to its last: dripping bytes do not extend it
MAX_BAD_FRAMES: Final = 5


class NativeFrames:
    """The frames of one client. Too many bad ones in a row end its conversation."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._bad_in_a_row = 0

    def requests(self, lines: Sequence[bytes]) -> list[Request]:
        """What the lines ask for, up to the end of the conversation, if one of them is that."""
        values = decode_values(lines)
        says = plain_says(values) if values else None
        if says is None:
            return self._one_by_one(lines)
        self._bad_in_a_row = 0
        return says

    def ending(self, code: str, text: str) -> EndConnection:
        return EndConnection(self._encoder.frame(bye(code, text, retry=code == "idle")), text)

    def _one_by_one(self, lines: Sequence[bytes]) -> list[Request]:
        requests: list[Request] = []
        for line in lines:
            request = self._request(line)
            requests.append(request)
            if isinstance(request, Refusal) and request.fatal:
                return [*requests, self.ending(request.code, request.text)]
            if self._bad_in_a_row >= MAX_BAD_FRAMES:
                text = f"{MAX_BAD_FRAMES} lines in a row were no frames"
                return [*requests, self.ending("bad_frames", text)]
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


def late(*, greeted: bool) -> str:
    """What did not come in time."""
    wait, what = (LINE_WAIT, "the end of a line") if greeted else (HELLO_WAIT, "hello")
    return f"{what} did not come within {lasting(wait)}"
