"""Lines of JSON become requests, one object a line: what every door for programs has in common. Pure.

It must not know how the lines arrive, nor what is wrong with a stream that holds none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chat_common import FrameError, decode_frame, decode_values, lasting
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.events import bye
from server_parts.protocol.file_requests import ref_in
from server_parts.protocol.native_requests import from_frame, plain_says
from server_parts.protocol.requests import EndConnection, Refusal, Request

HELLO_WAIT: Final = 10.0
LINE_WAIT: Final = 30.0  # from a line's first byte to its last: dripping bytes do not extend it
MAX_BAD_FRAMES: Final = 5


class NativeFrames:
    """The frames of one client. Too many bad ones in a row end its conversation."""

    __slots__ = ("_bad_in_a_row", "_encoder")

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
            is_fatal = error.code == "protocol_version"
            return Refusal(error.code, error.text, error.field, fatal=is_fatal, ref=ref_in(frame))


class Patience:
    """How long a program may take to say hello, and then to end a line that it has begun."""

    __slots__ = ("_begun", "_greeted", "_hello_due")

    def __init__(self, opened: float) -> None:
        self._greeted = False
        self._hello_due = opened + HELLO_WAIT
        self._begun: float | None = None  # when a line came whose end has not

    def welcomed(self) -> None:
        self._greeted = True

    def hello_is_late(self, now: float) -> bool:
        return not self._greeted and now >= self._hello_due

    def follow(self, now: float, *, is_unfinished: bool, is_another: bool) -> None:
        """Something came: whether a line is unfinished behind it, and whether that is another one than before."""
        if not is_unfinished:
            self._begun = None
        elif self._begun is None or is_another:
            self._begun = now

    def deadline(self) -> float | None:
        if not self._greeted:
            return self._hello_due
        return None if self._begun is None else self._begun + LINE_WAIT

    def late(self, now: float) -> str | None:
        """What did not come in time, if something did not."""
        due = self.deadline()
        if due is None or now < due:
            return None
        wait, what = (LINE_WAIT, "the end of a line") if self._greeted else (HELLO_WAIT, "hello")
        return f"{what} did not come within {lasting(wait)}"
