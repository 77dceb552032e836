"""The language of a search: what somebody typed as a `Query`, and whether a message answers it.

    blue wha            words that begin so           from:alice          who said it (several: any of them)
    "whale"             exactly this word             in:lobby            where (several: any of them)
    "blue whale"        one after the other           since:2026-11-01    on that day or later (the asker's day)
    "blue wha"*         the last may go on            until:2026-11-30    on that day or earlier

Case and accents do not matter. Scripts that are written without spaces are searched character by character, so that
any part of a sentence finds it; so are emoji. Whatever is not of the above form is just words: a log takes any query.
Who asks is told first, by `query_problem`, of a filter that can find nothing.
Pure, and the one place that knows what a word is: every log must find exactly what this module says.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from chat_common import harmless_line, is_name

MAX_QUERY: Final = 400  # characters; what is beyond is not looked for
MAX_PHRASES: Final = 8  # words and phrases; the time of a search grows with each
MOST_KNOWN: Final = 20_000  # characters of which it is remembered whether they make words
MAX_ECHO: Final = 40  # of what somebody sent, in an answer
DAY: Final = 86_400

_ASCII_WORD = re.compile(r"[a-z0-9]+")
# Accents, variation selectors, zero-width spaces and joiners: the same word with and without.
_UNMARKED = re.compile("[\u0300-\u036f\ufe00-\ufe0f\u200b-\u200d]")
# Thai to Burmese, Khmer, kana and ideographs: no spaces between words.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
)
_ITEM = re.compile(r'"([^"]*)"(\*?)|([^\s"]+)')


# What stands behind the colon of each filter, and how to say so.
_Form = tuple[Callable[[str], Any], str]
_DAY: Final[_Form] = (lambda text: _day(text) is not None, "write a day as year-month-day, like since:2026-11-01")
_FORMS: Final[dict[str, _Form]] = {
    "from": (is_name, "write a name right behind the colon, like from:alice"),
    "in": (bool, "write a room right behind the colon, like in:lobby"),
    "since": _DAY,
    "until": _DAY,
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row; with `prefix`, the last of them may go on."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    phrases: tuple[Phrase, ...] = ()
    senders: frozenset[str] = frozenset()
    rooms: frozenset[str] = frozenset()
    since: float = -math.inf
    until: float = math.inf  # the first instant that is too late
    without: frozenset[str] = frozenset()  # senders to leave out, folded; alone this is no query

    def __bool__(self) -> bool:
        return self != _NOTHING

    def matches(self, sender: str, ts: float, text: str) -> bool:
        """Whether a message of a room that is looked into is meant."""
        name = fold_name(sender)
        if not self.since <= ts < self.until or name in self.without or (self.senders and name not in self.senders):
            return False
        spaced = f" {' '.join(words_of(text))} "
        return all(_row(phrase) in spaced for phrase in self.phrases)


_NOTHING = Query()


def parse(text: str, utc_offset: int = 0) -> Query:
    """What somebody typed, with days that begin `utc_offset` minutes before those of UTC.

    An empty query, which is false, finds nothing.
    """
    shift = utc_offset * 60
    phrases: list[Phrase] = []
    senders, rooms = set(), set()
    since, until = -math.inf, math.inf
    for quoted, star, bare in _ITEM.findall(text[:MAX_QUERY]):
        key, _, value = bare.partition(":")
        key = key.lower()
        if key == "from" and value:
            senders.add(fold_name(value))
        elif key == "in" and value:
            rooms.add(value.lower().removeprefix("#"))
        elif key == "since" and (day := _day(value)) is not None:
            since = max(since, day - shift)
        elif key == "until" and (day := _day(value)) is not None:
            until = min(until, day + DAY - shift)
        elif words := words_of(quoted or bare):
            phrases.append(Phrase(tuple(words), bool(bare or star) and not _is_complete(words[-1])))
    return Query(tuple(phrases), frozenset(senders), frozenset(rooms), since, until)


def query_problem(text: str) -> str | None:
    """Why a search cannot be what somebody meant, as one sentence; None if it can."""
    if len(text) > MAX_QUERY:
        return f"that search is too long: {len(text)} > {MAX_QUERY} characters"
    for _, _, bare in _ITEM.findall(text):
        key, colon, value = bare.partition(":")
        if colon and key.lower() in _FORMS:
            fits, advice = _FORMS[key.lower()]
            if not fits(value):
                return f"the filter {harmless_line(bare[:MAX_ECHO])} finds nothing: {advice}"
    if (count := len(parse(text).phrases)) > MAX_PHRASES:
        return f"that search has too many words: use at most {MAX_PHRASES} words or phrases ({count} now)"
    return None


def words_of(text: str) -> list[str]:
    """The words of a text, in order and as they are compared."""
    return _ASCII_WORD.findall(text.lower()) if text.isascii() else spaced(text).split()


def spaced(text: str) -> str:
    """The words of a text with spaces between them, of which there may be many."""
    bare = _UNMARKED.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", bare).translate(_SPACED)


def fold_name(name: str) -> str:
    """A name as names are compared: ASCII letters without case, all else as it is."""
    return name.encode("utf-8", "replace").lower().decode()


class _Spaced(dict[int, str]):
    """What each character becomes, so that words stand apart: what is no word becomes a space. For `str.translate`."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if _UNSPACED.match(character):
            piece = f" {character} "
        elif character.isalnum():
            piece = character
        else:
            kind = unicodedata.category(character)
            # Vowel signs of Indian scripts are marks and belong to their word; an emoji is a word of its own.
            piece = character if kind in ("Mn", "Mc") else f" {character} " if kind == "So" else " "
        if len(self) < MOST_KNOWN:
            self[code] = piece
        return piece


_SPACED: Final = _Spaced()


def _is_complete(word: str) -> bool:
    """Whether no longer word can begin so: a character of an unspaced script, or an emoji."""
    return len(word) == 1 and (_UNSPACED.match(word) is not None or unicodedata.category(word) == "So")


def _row(phrase: Phrase) -> str:
    """What to look for among words with one space around each."""
    return f" {' '.join(phrase.words)}" + ("" if phrase.prefix else " ")


def _day(text: str) -> float | None:
    """The first instant of a day, in UTC; None if that is no date."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
