"""What is written into the tables of the search index: words of new messages, and of those that have another text now.

FTS5 miscounts, and in the end breaks, when words are deleted that it does not have. So the index notes which messages
it has and, of an edited one, from which entry its text is; and only what it has is deleted. It follows the entries of
the log: one that has changed a message is passed only when the index has the message as it is now.
It must not know threads, locks or who searches.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from server_parts.storage.search_query import fold_name, spaced
from server_parts.storage.sqlite.amending import Forgotten

VERSION: Final = 3  # of the tables below and of what a word is; another one in the file makes the index anew
SLICE: Final = 2000  # messages indexed, or looked through, at a time
MERGED: Final = 200  # pages of the index that are merged at a time

_CREATE: Final = (
    "CREATE TABLE about (epoch TEXT NOT NULL, version INTEGER NOT NULL, done INTEGER NOT NULL)",
    "CREATE TABLE indexed (n INTEGER PRIMARY KEY)",
    # Those of them that were edited before they were indexed last, and the id of the edit.
    "CREATE TABLE edited (n INTEGER PRIMARY KEY, edit INTEGER NOT NULL)",
    # No copy of the texts and no sizes: only where each word is. `ascii` takes what `words_of` made as it is. With
    # their own index beginnings of one to three letters, which many words have, are as fast as a word. For longer
    # ones, all places of all words that begin so are put together before the first is looked at.
    "CREATE VIRTUAL TABLE words USING fts5(text, tags, content='', columnsize=0, tokenize='ascii', prefix='1 2 3')",
)
_DROP: Final = tuple(f"DROP TABLE IF EXISTS {name}" for name in ("about", "words", "indexed", "edited"))

# What is searched for: texts that are there, and that do not stand in another message too.
FINDABLE: Final = "m.text <> '' AND (m.about IS NULL OR m.about LIKE 'reply %')"
# Texts that are plain ASCII go to the tokenizer as they are (no Python); as many bytes as characters means just that.
_TEXT: Final = "CASE WHEN length(m.text) = length(CAST(m.text AS BLOB)) THEN m.text ELSE spaced(m.text) END"
_TAGS: Final = "'u' || hex(lower(m.sender)) || ' r' || m.room || CASE WHEN r.private THEN ' private' ELSE ' public' END"
_INDEX: Final = f"""
    INSERT INTO words (rowid, text, tags)
    SELECT m.n, {_TEXT}, {_TAGS} FROM chat.messages AS m JOIN chat.rooms AS r ON r.id = m.room
    WHERE m.n BETWEEN ? AND ? AND {FINDABLE} ORDER BY m.n"""
_NOTE: Final = f"INSERT INTO indexed SELECT n FROM chat.messages AS m WHERE n BETWEEN ? AND ? AND {FINDABLE}"
_EDIT: Final = "coalesce(json_extract({}.fate, '$[1]'), 0)"
_NOTE_EDITED: Final = f"""
    INSERT INTO edited SELECT n, {_EDIT.format("m")} FROM chat.messages AS m
    WHERE n BETWEEN ? AND ? AND m.fate IS NOT NULL AND {_EDIT.format("m")} > 0 AND {FINDABLE}"""
_IS_NOTED: Final = """
    SELECT 1 FROM indexed AS i LEFT JOIN edited AS e ON e.n = i.n WHERE i.n = ? AND coalesce(e.edit, 0) = ?"""
_UNNOTE: Final = ("DELETE FROM indexed WHERE n = ?", "DELETE FROM edited WHERE n = ?")
_FORGET: Final = "INSERT INTO words (words, rowid, text, tags) VALUES ('delete', ?, ?, ?)"
# The first entry of which the message is indexed as it was before.
_OUTDATED: Final = f"""
    SELECT min(a.n) FROM chat.messages AS a
    CROSS JOIN chat.messages AS t ON t.room = a.room AND t.id = CAST(substr(a.about, instr(a.about, ' ')) AS INTEGER)
    CROSS JOIN indexed AS i ON i.n = t.n LEFT JOIN edited AS e ON e.n = t.n
    WHERE a.n BETWEEN ? AND ? AND (a.about LIKE 'edit %' OR a.about LIKE 'delete %')
    AND (t.text = '' OR coalesce(e.edit, 0) <> {_EDIT.format("t")})"""
_MERGE: Final = "INSERT INTO words (words, rank) VALUES ('merge', ?)"


def make_tables(connection: sqlite3.Connection, epoch: str) -> None:
    """Empty ones, whatever there was."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in (*_DROP, *_CREATE):
        connection.execute(statement)
    connection.execute("INSERT INTO about VALUES (?, ?, 0)", (epoch, VERSION))
    connection.execute("COMMIT")


def progress(connection: sqlite3.Connection) -> tuple[int, int]:
    """The newest message of the log, and the newest one indexed."""
    newest = connection.execute("SELECT max(n) FROM chat.messages").fetchone()[0] or 0
    return newest, connection.execute("SELECT done FROM about").fetchone()[0]


def outdated(connection: sqlite3.Connection, low: int, high: int) -> int | None:
    """Which of these entries comes first of those that have changed a message without the index knowing it."""
    found: int | None = connection.execute(_OUTDATED, (low, high)).fetchone()[0]
    return found


def index(connection: sqlite3.Connection, low: int, high: int) -> None:
    """Take in what is there now."""
    for statement in (_INDEX, _NOTE, _NOTE_EDITED):
        connection.execute(statement, (low, high))


def forget(connection: sqlite3.Connection, messages: Iterable[Forgotten]) -> bool:
    """Drop what the index has of these, and take in what they say now. Returns whether words have to leave the file."""
    edited = False
    for gone in messages:
        if connection.execute(_IS_NOTED, (gone.n, gone.edit)).fetchone() is None:
            continue
        tags = f"u{sender_tag(gone.sender)} r{gone.room} {'private' if gone.private else 'public'}"
        text = gone.text if gone.text.isascii() else spaced(gone.text)
        connection.execute(_FORGET, (gone.n, text, tags))
        for statement in _UNNOTE:
            connection.execute(statement, (gone.n,))
        if not gone.trimmed:
            index(connection, gone.n, gone.n)
            edited = True
    return edited


def merge(connection: sqlite3.Connection, *, begins: bool) -> bool:
    """Write some of the index anew, without the words that were dropped; whether there is more of it."""
    before = connection.total_changes
    connection.execute(_MERGE, (-MERGED if begins else MERGED,))
    return connection.total_changes - before >= 2


def note_merge(connection: sqlite3.Connection, *, due: bool) -> None:
    """Whether words have still to leave the file; a restart goes on with that."""
    connection.execute(f"PRAGMA main.user_version = {int(due)}")


def is_merge_due(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA main.user_version").fetchone()[0])


def sender_tag(sender: str) -> str:
    """A name as one word whatever it is made of, so that alice is not found in alice-2."""
    return fold_name(sender).encode().hex()
