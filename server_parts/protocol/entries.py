"""Texts that speak of a message of their room: what their fields may hold, and what they say to old clients. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final

from chat_common import Frame, FrameError, is_blank
from server_parts.protocol.fields import number, optional_string, string
from server_parts.protocol.file_requests import id_of
from server_parts.protocol.requests import Refusal, text_refusal
from server_parts.storage.amending import TAKES_BACK
from server_parts.storage.records import DELETE, KINDS, REACT, REPLY, About

MAX_REACTION: Final = 32  # characters
LAST_OWN: Final = 0  # in the place of a number: the last message that this connection said there
_NOT_SHOWN: Final = frozenset(("Cc", "Cs", "Zl", "Zp"))


def kinds_in(frame: Frame) -> list[str]:
    """Which of these fields a frame has."""
    return [kind for kind in KINDS if frame.get(kind) is not None]


def text_in(frame: Frame, kinds: list[str], *, has_file: bool = False) -> str:
    """The text of a `say`; what takes something away needs none, nor does a file."""
    needs_none = has_file or kinds in ([DELETE], [REACT])
    return optional_string(frame, "text") or "" if needs_none else string(frame, "text")


def file_in(frame: Frame, about: About | None) -> str:
    """The file that a `say` brings."""
    if about is not None and about.kind != REPLY:
        raise FrameError("bad_field", f"a text has only one of {about.kind} and file", "file")
    return id_of(frame, "file")


def about_in(frame: Frame, kinds: list[str]) -> About | None:
    if len(kinds) > 1:
        raise FrameError("bad_field", f"a text has only one of {' and '.join(kinds)}", kinds[1])
    return About(kinds[0], number(frame, kinds[0], low=1)) if kinds else None


def problem_of(about: About | None, text: str, seq: int | None = None) -> Refusal | None:
    """What is wrong with a text; whether it may speak of that message, the hub says."""
    if about is None or about.kind not in (DELETE, REACT):
        return text_refusal(text, seq)
    return _reaction_problem(text, seq) if about.kind == REACT and text else None


def _reaction_problem(text: str, seq: int | None) -> Refusal | None:
    if len(text) > MAX_REACTION:
        problem = f"that reaction is too long: {len(text)} > {MAX_REACTION} characters"
        return Refusal("text_too_long", problem, "text", seq)
    if is_blank(text):
        return Refusal("empty_text", "there is nothing in that reaction", "text", seq)
    if text.startswith(TAKES_BACK) or any(unicodedata.category(sign) in _NOT_SHOWN for sign in text):
        return Refusal("bad_field", "a reaction is one short sign, without line breaks", "text", seq)
    return None


def said(about: About | None, text: str) -> str:
    """The text as it is stored: also those who know nothing of such entries are told what was done."""
    if about is not None and about.kind == DELETE:
        return deletion(about.id)
    if about is not None and about.kind == REACT and not text:
        return f"{TAKES_BACK}took back the reaction to message #{about.id}"
    return text


def deletion(id: int) -> str:
    """The text of an entry that deletes a message."""
    return f"/me deleted message #{id}"
