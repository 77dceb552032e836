"""How long something lasts, as a person writes it: 90s, 10m, 2h, 1d, 2w. Pure."""

from __future__ import annotations

import re

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_LONGEST = 3_660 * 86_400  # ten years: what is meant to last longer is for good
_TIME = re.compile(r"([1-9][0-9]{0,8})([smhdw])", re.IGNORECASE)
_LIKE_A_TIME = re.compile(r"[0-9]+[a-z]*", re.IGNORECASE)


def is_like_a_time(word: str) -> bool:
    """Whether somebody who wrote it meant a time, well written or not."""
    return _LIKE_A_TIME.fullmatch(word) is not None


def seconds_of(word: str) -> int:
    """The seconds of `10m`. Raises ValueError with a sentence about what is wrong."""
    found = _TIME.fullmatch(word)
    if found is None:
        raise ValueError(f'"{word}" is not a time like 90s, 10m, 2h, 1d or 2w')
    seconds = int(found[1]) * _SECONDS[found[2].lower()]
    if seconds > _LONGEST:
        raise ValueError(f'"{word}" is too long: ten years are the most')
    return seconds
