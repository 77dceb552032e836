"""Spans of time as people write them: `10m`, `2h`, `1d`. Pure."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_WORDS: Final = (("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_TYPED: Final = re.compile(r"([0-9]{1,9})([smhdw])", re.IGNORECASE)


def seconds_of(text: str) -> int | None:
    """How long that is, in seconds; None if it is no span of time."""
    found = _TYPED.fullmatch(text.strip())
    return int(found[1]) * _UNITS[found[2].lower()] if found else None


def lasting(seconds: float) -> str:
    """The span in words, rounded up to whole units: `10 minutes`. Two units where one would be far off."""
    left = max(int(-(-seconds // 1)), 1)
    if left >= 3_600:  # nobody counts the seconds of hours
        left = -(-left // 60) * 60
    parts = []
    for word, size in _WORDS:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {word}{'' if number == 1 else 's'}")
    return " ".join(parts[:2])
