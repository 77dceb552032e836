"""What FTS5 is asked for: a query, the rooms it may look into, and the words that the index has for its beginnings.

FTS5 puts all places of all words that begin so together before it looks at the first, which takes long where a common
word is among them. So a beginning becomes the words themselves, each of which is only gone along as far as needed;
unless it is as short as those that have an index of their own, or begins very many words, which are rare ones mostly.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from server_parts.storage.search_query import Phrase, Query
from server_parts.storage.sqlite.indexing import sender_tag

EVER: Final = 2**62  # above every number of a message
MOST_INDEXED: Final = 3  # characters of the beginnings that have an index of their own
MOST_WORDS: Final = 50  # that stand for a beginning
_NEXT_WORD: Final = "SELECT term FROM temp.vocabulary WHERE term >= ? LIMIT 1"

Longer = Callable[[str], list[str]]  # the words that begin so


class Scope(NamedTuple):
    """Where a search may look: these rooms by number, perhaps all public ones, and above which id in some."""

    rooms: tuple[int, ...]
    public: bool
    floors: Mapping[int, int]
    end: int = EVER  # the first number that is too new
    hidden: tuple[int, ...] = ()  # public ones that are left out all the same


def match_expression(query: Query, scope: Scope, longer: Longer) -> str:
    """The query in the language of FTS5. Words are letters and digits by now, so quotes cannot be broken out of."""
    rooms = [f"r{room}" for room in scope.rooms]
    wanted = [_any_tag([f"u{sender_tag(name)}" for name in sorted(query.senders)])] if query.senders else []
    if query.phrases:
        wanted.append(f"text : ({' AND '.join(_phrase(phrase, longer) for phrase in query.phrases)})")
    if not (wanted and scope.public):
        return " AND ".join([*wanted, _any_tag(rooms + ["public"] * scope.public)])
    # To rule the other private rooms out is much cheaper than to walk along the list of all that is public.
    closed = f"({_any_tag(['private'])} NOT {_any_tag(rooms)})" if rooms else _any_tag(["private"])
    return f"({' AND '.join(wanted)}) NOT {closed}"


def _any_tag(tags: list[str]) -> str:
    return "tags : (" + " OR ".join(f'"{tag}"' for tag in tags) + ")"


def _phrase(phrase: Phrase, longer: Longer) -> str:
    beginning = phrase.words[-1]
    if phrase.prefix and len(phrase.words) == 1 and len(beginning) > MOST_INDEXED:
        words = longer(beginning)
        if 0 < len(words) <= MOST_WORDS:
            return "(" + " OR ".join(f'"{word}"' for word in words) + ")"
    return f'"{" ".join(phrase.words)}"' + " *" * phrase.prefix


def make_vocabulary(connection: sqlite3.Connection) -> None:
    """For this connection."""
    connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, words, instance)")


def vocabulary(connection: sqlite3.Connection) -> Longer:
    """What knows the words of the index that begin so, in their order: one more than MOST_WORDS at most."""

    def longer(beginning: str) -> list[str]:
        words: list[str] = []
        after = beginning
        while len(words) <= MOST_WORDS:
            # One place of the next word: to ask for several would go along all places of each.
            row = connection.execute(_NEXT_WORD, (after,)).fetchone()
            if row is None or not row[0].startswith(beginning):
                break
            words.append(row[0])
            after = row[0] + "\x01"  # comes before whatever a word may go on with
        return words

    return longer
