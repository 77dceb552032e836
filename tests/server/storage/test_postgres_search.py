"""Searches over an index in PostgreSQL find what the reference finds, whatever is indexed by then."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from server_parts.storage import memory_log
from server_parts.storage.finding import Found, Wanted
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import DELETE, Draft, Receipt, StorageError
from server_parts.storage.search_query import DAY, parse
from server_parts.storage.store import Store
from tests.peers import wait_until
from tests.postgres import cluster, needs_postgres

from .drafts import append, draft, entry
from .postgres_logs import database_of, postgres_log

if TYPE_CHECKING:
    from server_parts.storage.postgres.log import PostgresLog

pytestmark = [needs_postgres, pytest.mark.once]

BLOCKS = 2
LEFT = 700  # messages that are in no complete block
START = 1_793_491_200.0  # 2026-11-01, 00:00 UTC
ROOMS = ["lobby", "den", "cave", "@alice+bob", "@bob+carol", "@carol+dave"]
NAMES = ["alice", "Bob", "carol"]
WORDS = ["whale", "Wal", "wha", "café", "e", "世界", "界", "🎉", "a-b", "'", '"', "fox", "brown", "x" * 100]
RARE = ["needle", "nadel"]
QUERIES = [
    *WORDS, *RARE, "w", "wh", "n*", '"wha"', '"e"', "bro", '"fox brown"', '"brown fox"', '"fox br"*', "from:alice",
    "from:bob", "from:al", "in:den", "in:@alice+bob", "in:@carol+dave", "since:2026-11-03", "until:2026-11-02",
    "until:1999-01-01", "x" * 70, f'"{"x" * 70}"', "x" * 101,
]  # fmt: skip


def test_the_end_of_a_trouble_with_the_index_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Once each, however often it is tried."""
    from server_parts.storage.postgres.indexer import Indexer

    def fail(_: Indexer) -> bool:
        raise StorageError("the disk is full")

    with closing(postgres_log(tmp_path)) as log:
        indexer = Indexer(log._reach)
        with monkeypatch.context() as patched:
            patched.setattr(Indexer, "index_a_block", fail)
            for _ in range(3):
                indexer._work_off()
        indexer._work_off()
        indexer.close()
    own = [message for message in caplog.messages if "searching" in message][:1] + caplog.messages[-1:]
    assert own[0] == "searching is slower for now: the disk is full"
    assert own[1].startswith("searching is as fast as before, after ")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PostgresLog, MemoryLog, str]]:
    """Two logs with the same messages, and the name of the database. Tests leave them alike."""
    from server_parts.storage.postgres.postings import SIZE

    folder = tmp_path_factory.mktemp("search")
    with pytest.MonkeyPatch.context() as patched, closing(postgres_log(folder)) as log:
        patched.setattr(memory_log, "BREATH", 0.0)
        model = MemoryLog()
        chance = random.Random(7)
        left = BLOCKS * SIZE + LEFT
        while left > 0:
            drafts = [made(chance, left - i) for i in range(min(left, 500))]
            assert log.append(drafts, {}) == model.append(drafts, {})
            left -= len(drafts)
        yield log, model, database_of(folder)


def made(chance: random.Random, number: int) -> Draft:
    words = chance.choices(WORDS, k=chance.randint(1, 5)) + (["needle"] if number % 1_700 == 3 else [])
    ts = START + chance.random() * 3 * DAY
    return draft(" ".join(words), chance.choice(ROOMS), chance.choice(NAMES), ts, f"session-{number % 7}", number)


def indexed(database: str) -> list[tuple[int, bool]]:
    return cluster().execute("SELECT block, stale FROM chat.blocks ORDER BY block", database)


def is_indexed(database: str) -> bool:
    return [stale for _, stale in indexed(database)] == [False] * BLOCKS


def wanted(chance: random.Random) -> Wanted:
    query = parse(" ".join(chance.sample(QUERIES, chance.choice((1, 1, 1, 2, 2, 3)))))
    floors = {room: chance.choice((0, 0, 300, 10_000)) for room in chance.sample(ROOMS, chance.randint(0, 4))}
    limit = chance.choice((1, 5, 50, 2_000))
    room = chance.choice((None, None, None, *ROOMS))
    before = (chance.choice(ROOMS), chance.randint(1, 2_000)) if chance.random() < 0.3 else None
    hidden = frozenset(chance.sample(ROOMS[:3], chance.choice((0, 0, 1))))
    return Wanted(query, floors, limit, room, before, chance.choice((0, 1_001)), chance.choice((200, 10**6)), hidden)


def difference(log: Store, model: Store, count: int, seed: int) -> str:
    """The first search for which both do not find the same; empty if there is none."""
    chance = random.Random(seed)
    for _ in range(count):
        one = wanted(chance)
        here, there = log.find(one), model.find(one)
        if here != there:
            return f"{one}: {describe(here)} instead of {describe(there)}"
    return ""


def describe(found: Found) -> str:
    return f"{found.total} ({', '.join(f'{place.room} {place.id}' for place in found.places[:5])})"


def test_an_index_finds_what_the_reference_finds(logs: tuple[PostgresLog, MemoryLog, str]) -> None:
    """Words, phrases, beginnings, names, rooms and days; in blocks that are complete and in what follows them."""
    log, model, database = logs
    log._indexer.wake()
    assert wait_until(lambda: is_indexed(database))
    assert difference(log, model, 120, seed=1) == ""


def test_what_is_not_indexed_is_looked_through(logs: tuple[PostgresLog, MemoryLog, str]) -> None:
    """Nobody notices but by the time it takes."""
    log, model, database = logs
    assert wait_until(lambda: is_indexed(database))
    cluster().execute("UPDATE chat.blocks SET stale = true WHERE block = 0", database)
    cluster().execute("DELETE FROM chat.postings WHERE block = 0", database)
    assert difference(log, model, 40, seed=2) == ""
    log._indexer.wake()
    assert wait_until(lambda: is_indexed(database))
    assert difference(log, model, 40, seed=2) == ""


def test_a_text_that_was_taken_away_leaves_the_index(logs: tuple[PostgresLog, MemoryLog, str]) -> None:
    """It is found no more, at once; and its words are nowhere in the database."""
    log, model, database = logs
    assert wait_until(lambda: is_indexed(database))
    secret = append_both(log, model, "unspeakable")
    fill_up(log, model)
    assert wait_until(lambda: len(indexed(database)) > BLOCKS)
    words = "SELECT count(*) FROM chat.postings WHERE word = 'wunspeakable'"
    assert cluster().execute(words, database) == [(1,)]
    for one in (log, model):
        append(one, *(entry(DELETE, id, "gone", room=room) for room, id in (secret, Receipt("lobby", 5))))
        assert one.search("unspeakable", {}, 9) == []
    assert cluster().execute(words, database) == [(0,)]
    assert wait_until(lambda: not any(stale for _, stale in indexed(database)))
    assert cluster().execute(words, database) == [(0,)]
    assert difference(log, model, 40, seed=3) == ""


def test_what_was_trimmed_leaves_the_index(logs: tuple[PostgresLog, MemoryLog, str]) -> None:
    """Of blocks in which nothing is left, no word is kept."""
    log, model, database = logs
    for one in (log, model):
        while one.trim(keep_messages=300):
            pass
    assert difference(log, model, 40, seed=4) == ""
    assert wait_until(lambda: 0 not in [block for block, _ in indexed(database)])
    assert cluster().execute("SELECT count(*) FROM chat.postings WHERE block = 0", database) == [(0,)]
    assert difference(log, model, 40, seed=4) == ""


def test_a_difference_is_found(logs: tuple[PostgresLog, MemoryLog, str]) -> None:
    """The comparison of the tests above can fail: one message more is enough."""
    log, model, _ = logs
    append(model, draft("whale fox brown needle"))
    assert difference(log, model, 120, seed=1) != ""


def append_both(log: Store, model: Store, text: str) -> Receipt:
    said = [append(one, draft(text, "den", seq=0))[0] for one in (log, model)]
    return Receipt("den", said[0].id)


def fill_up(log: Store, model: Store) -> None:
    """Until the block is complete that was begun."""
    from server_parts.storage.postgres.postings import SIZE

    more = [f"filling {number}" for number in range(SIZE)]
    for one in (log, model):
        one.append([Draft("cave", START, "alice", "blue", more, "", 0)], {})


def test_long_words_are_found(tmp_path: Path) -> None:
    """However long: of a very long one the index keeps the beginning, and the message is looked at as a whole."""
    with closing(postgres_log(tmp_path)) as log:
        append(log, draft("y" * 60_000), draft("y" * 59_999 + "z"))
        fill_up(log, log)
        assert wait_until(lambda: len(indexed(database_of(tmp_path))) > 0)
        assert len(log.search("y" * 390, {}, 9)) == 2
        assert log.search(f'"{"y" * 390}"', {}, 9) == []
