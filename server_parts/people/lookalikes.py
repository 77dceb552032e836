"""Names that can be taken for another one: those of the server's own words, which nobody new may bear. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final

from chat_common import RESERVED_WORDS
from server_parts.storage.skeletons import skeleton

# What the server is called, and what those are called who run it.
_OFFICES: Final = ("server", "operator", "admin", "moderator", "system", "root", "owner", "guest")
_CALLED_SO: Final = frozenset(map(skeleton, _OFFICES))
_ALIKE: Final = ("LATIN", "CYRILLIC", "GREEK")  # scripts with letters that are taken for each other
_RESERVED: Final = frozenset(map(skeleton, (*_OFFICES, *RESERVED_WORDS)))
_TAKEN_FOR_A_WORD: Final = frozenset({"ali"})  # a name of millions, of which the skeleton is that of "all"


def is_reserved(name: str) -> bool:
    """Whether it looks like a word of the server's own lines, or is one."""
    return skeleton(name) in _RESERVED and name.lower() not in _TAKEN_FOR_A_WORD


def passes_for_the_server(text: str) -> bool:
    """Whether a display name has a word for the server or who runs it, is a word of its lines, or may hide one."""
    words = _folded(text).split()
    if any(skeleton(word) in _CALLED_SO or _is_mixed(word) for word in words):
        return True
    return is_reserved("".join(words))


def _folded(text: str) -> str:
    plain = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(plain).casefold().replace("-", " ")


def _is_mixed(word: str) -> bool:
    scripts = {unicodedata.name(character, "").partition(" ")[0] for character in word}
    return len(scripts.intersection(_ALIKE)) > 1


def looks_like(name: str, other: str) -> str:
    """The sentence for operators when such a name is claimed."""
    return f"{name} looks like {other}: the name {name} was claimed just now"
