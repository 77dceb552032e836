"""What a name looks like: names that are easily taken for each other have one skeleton. Pure."""

from __future__ import annotations

from typing import Final

_SINGLE: Final = str.maketrans("01i5", "olls", "._-")
_PAIRS: Final = (("rn", "m"), ("vv", "w"))


def skeleton(name: str) -> str:
    """The skeleton of a name in any case."""
    found = name.lower().translate(_SINGLE)
    for pair, one in _PAIRS:
        found = found.replace(pair, one)
    return found
