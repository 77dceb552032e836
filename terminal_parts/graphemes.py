"""What a person takes for one character: where the cursor may stand in a text. Pure.

The rules are those of Unicode's extended grapheme clusters, as far as keyboards produce them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_JOINER: Final = "\u200d"
_EXTENDS: Final = re.compile("[\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_FLAG_LETTER: Final = re.compile("[\U0001f1e6-\U0001f1ff]")
_JAMO: Final = re.compile("[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb\uac00-\ud7a3]")
_LATER_JAMO: Final = re.compile("[\u1160-\u11ff\ud7b0-\ud7fb]")


def before(text: str, place: int) -> int:
    """Where the character before a place begins."""
    place -= 1
    while place > 0 and _continues(text, place):
        place -= 1
    return max(place, 0)


def after(text: str, place: int) -> int:
    """Where the character behind a place ends."""
    place += 1
    while place < len(text) and _continues(text, place):
        place += 1
    return min(place, len(text))


def _continues(text: str, place: int) -> bool:
    """Whether what stands there belongs to the character before it."""
    this, last = text[place], text[place - 1]
    if this.isascii():
        return False
    if _EXTENDS.match(this) or unicodedata.category(this) in ("Mn", "Me", "Mc"):
        return True
    if last == _JOINER:
        return unicodedata.category(this) == "So"  # emoji that make one picture
    if _LATER_JAMO.match(this):
        return bool(_JAMO.match(last))
    if _FLAG_LETTER.match(this):
        return _flag_letters_before(text, place) % 2 == 1
    return False


def _flag_letters_before(text: str, place: int) -> int:
    begin = place
    while begin > 0 and _FLAG_LETTER.match(text[begin - 1]):
        begin -= 1
    return place - begin
