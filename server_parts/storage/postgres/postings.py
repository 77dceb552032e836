"""Which words are where in a block of messages, in a form that is small to keep and quick to combine. Pure.

A block is so many messages by their number among all. What a block has of a word is kept as one value: the places of
the messages, or a bit for each message where that is shorter. It is looked at as one large number with a bit for each
message, so that what has all of several words is found by `&`. Whatever is found so is looked at once more as a text,
by the one rule of what matches: words that are cut, or stand in another order, do no harm.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from sys import byteorder
from typing import Final, NamedTuple

from server_parts.storage.search_query import Phrase, Query, fold_name, words_of

SIZE_BITS: Final = 12
SIZE: Final = 1 << SIZE_BITS  # messages in a block
ALL: Final = (1 << SIZE) - 1
BITMAP: Final = SIZE // 8  # bytes
LONGEST: Final = 64  # characters of a word that are kept: a row of an index has a limit
PRIVATE: Final = "p"
LAST: Final = "\U0010ffff"  # behind every character that a word may have


def word_key(word: str) -> str:
    return f"w{word[:LONGEST]}"


def sender_key(sender: str) -> str:
    return f"u{fold_name(sender)[:LONGEST]}"


def room_key(room: int) -> str:
    return f"r{room}"


def keys_of(sender: str, room: int, private: bool, text: str) -> set[str]:
    """All that a message is found by; nothing, if it has no text to be found by."""
    if not text:
        return set()
    keys = {word_key(word) for word in words_of(text)}
    keys.update((sender_key(sender), room_key(room)), (PRIVATE,) if private else ())
    return keys


def packed(places: Sequence[int]) -> bytes:
    """Places in a block, rising."""
    if 2 * len(places) < BITMAP:
        small = array("H", places)
        if byteorder == "big":
            small.byteswap()
        return small.tobytes()
    return sum(1 << place for place in places).to_bytes(BITMAP, "little")


def unpacked(data: bytes) -> int:
    """The same as a number with a bit for each."""
    return int.from_bytes(data, "little") if len(data) == BITMAP else of_lists(data)


def of_lists(data: bytes) -> int:
    """The same of several lists of places behind each other, in any order."""
    small = array("H", data)
    if byteorder == "big":
        small.byteswap()
    bits = bytearray(BITMAP)
    for place in small:
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def newest_first(bits: int) -> Iterator[int]:
    while bits:
        place = bits.bit_length() - 1
        yield place
        bits ^= 1 << place


class Key(NamedTuple):
    """What is looked up: one word, or all that begin so."""

    text: str
    prefix: bool = False


def groups_of(query: Query) -> list[list[Key]]:
    """What a message must have: of each group at least one."""
    groups = [[key] for phrase in query.phrases for key in _keys(phrase)]
    if query.senders:
        groups.append([Key(sender_key(name)) for name in sorted(query.senders)])
    return groups


def _keys(phrase: Phrase) -> Iterable[Key]:
    *words, last = phrase.words
    return [*(Key(word_key(word)) for word in words), Key(word_key(last), phrase.prefix)]
