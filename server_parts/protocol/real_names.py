"""What a display name may be, which stands beside a name in lists, and never without it. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final

from chat_common import harmless_line, is_blank

MAX_REAL_NAME: Final = 40  # characters
_SIGNS: Final = frozenset(" -'\u2019.\u00b7,&")


def tidy(text: str) -> str:
    """Without blanks around it, and with one in the place of several."""
    return " ".join(text.split())


def real_name_problem(text: str) -> str | None:
    """Why a tidy text is no display name; None if it is one.

    Only letters, digits and a few signs: no brackets and stars, with which it could pass for something of the server's.
    """
    if len(text) > MAX_REAL_NAME:
        return f"that display name is too long: {len(text)} > {MAX_REAL_NAME} characters"
    if is_blank(text):
        return "a display name has something that can be seen"
    if harmless_line(text) != text or not all(map(_may_stand_there, text)):
        return "a display name is made of letters of any script, digits, blanks and - ' . , &"
    return None


def _may_stand_there(character: str) -> bool:
    return character in _SIGNS or unicodedata.category(character)[0] in "LMN"
