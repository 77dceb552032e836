"""Spans of time as people write them: `10m`, `2h`, `1d`. Pure."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_TYPED: Final = re.compile(r"([0-9]{1,9})([smhdw])", re.IGNORECASE)


def seconds_of(text: str) -> int | None:
    """How long that is, in seconds; None if it is no span of time."""
    found = _TYPED.fullmatch(text.strip())
    return int(found[1]) * _UNITS[found[2].lower()] if found else None
