"""Names that can be taken for another one: those of the server's own words, which nobody new may bear. Pure."""

from __future__ import annotations

from typing import Final

from chat_common import RESERVED_WORDS
from server_parts.storage.skeletons import skeleton

# What the server is called, and what those are called who run it.
_OFFICES: Final = ("server", "operator", "admin", "moderator", "system", "root", "owner", "guest")
_RESERVED: Final = frozenset(map(skeleton, (*_OFFICES, *RESERVED_WORDS)))
_TAKEN_FOR_A_WORD: Final = frozenset({"ali"})  # a name of millions, of which the skeleton is that of "all"


def is_reserved(name: str) -> bool:
    """Whether it looks like a word of the server's own lines, or is one."""
    return skeleton(name) in _RESERVED and name.lower() not in _TAKEN_FOR_A_WORD


def looks_like(name: str, other: str) -> str:
    """The sentence for operators when such a name is claimed."""
    return f"{name} looks like {other}: the name {name} was claimed just now"
