"""Events as the operator sees them: what people say in blue, the rest plain; the time before what comes unasked.

Run by the hub's thread, or by the operator's own while it reads. It must not know the terminal.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Sequence
from typing import Any, Final

from chat_common import LOBBY, Frame, paint, partners
from server_parts.operator.found import Found
from server_parts.operator.heard import Heard
from server_parts.protocol.plain_encoder import PLAIN_TIMED, lines_of, starred, timed_text
from server_parts.protocol.plain_moderation_lines import LINES
from server_parts.storage.records import Message, Run

_UNASKED: Final = ("notice", "deleted", "presence")  # comes while something else is done
_NOT_KEPT: Final = "older messages are not kept any more"


class ConsoleEncoder:
    newest_last = own_receipts = is_for_people = True

    def __init__(self, heard: Heard | None = None, followed: Container[str] = (), name: str = "") -> None:
        """`followed`: the rooms that the operator is in, who has that name."""
        self.numbered = False  # whether each message shows its number; in pages of history it always does
        self.found = Found()
        self._heard = heard or Heard()
        self._followed = followed
        self._name = name

    def frame(self, frame: Frame) -> bytes:
        kind = frame["type"]
        if kind in ("welcome", "presence", "joined") and frame.get("room") in (None, LOBBY):
            return b""  # or nothing new: the log's lines tell it better
        if kind == "deleted":
            if frame["room"] == LOBBY or frame["room"] in self._followed:
                return b""  # the entry says so
            return _at_this_time(lines_of(starred(*LINES[kind](frame))))
        if kind == "presence":
            frame = self._news_of(frame)
        shown = PLAIN_TIMED.frame(frame)
        return _at_this_time(shown) if kind in _UNASKED else shown

    def _news_of(self, presence: Frame) -> Frame:
        """Without new names, which the log tells, and without the operator's own coming, which is answered."""
        joined = [name for name in presence.get("joined") or () if name != self._name]
        return {"type": "presence", "room": presence["room"], "joined": joined, "left": presence.get("left")}

    def live(self, runs: Iterable[Run], session: str | None = None) -> bytes:
        shown = []
        for message in (message for run in runs for message in run.messages()):
            is_own = message.session == session
            self._heard.note(message, is_own=is_own)
            is_known = is_own and message.about is None and message.file is None  # it stands there as it was typed
            shown.append(_receipt(message) if is_known else self._painted(message))
        return "".join(shown).encode("utf-8", "replace")

    def pages(self, frame: Frame, field: str, items: Sequence[Any]) -> bytes:
        if frame["type"] == "results":
            self.found.note(items)
        if frame["type"] != "history":
            return PLAIN_TIMED.pages(frame, field, items)
        for message in items:
            self._heard.note(message)
        missing = f"{starred(_NOT_KEPT)}\n" if frame.get("gap") else ""
        return (missing + "".join(_painted(message, numbered=True) for message in items)).encode("utf-8", "replace")

    def _painted(self, message: Message) -> str:
        return _painted(message, numbered=self.numbered)


def _painted(message: Message, *, numbered: bool) -> str:
    text = timed_text(message)
    number = f"#{message.id} " if numbered else ""
    return paint(number + text, "blue") + "\n" if text else ""


def _receipt(message: Message) -> str:
    """What was said in private deserves a word."""
    return f"* delivered #{message.id} *\n" if partners(message.room) else ""


def _at_this_time(lines: bytes) -> bytes:
    now = time.strftime("%H:%M ").encode()
    return b"".join(now + line for line in lines.splitlines(keepends=True))
