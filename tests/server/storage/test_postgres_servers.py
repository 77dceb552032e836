"""Several servers on one database: sessions that move, servers that are declared dead, news of what others append."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from server_parts.storage.exchange import OVER, Post
from server_parts.storage.records import Fenced, Moved, StorageError
from server_parts.storage.store import Store
from tests.peers import WAIT, wait_until
from tests.postgres import cluster, needs_postgres

from .drafts import SESSION, append, draft, texts, trim_all
from .followers import Follower
from .lost_connections import works
from .postgres_logs import database_of, execute, postgres_log

if TYPE_CHECKING:
    from server_parts.storage.postgres.log import PostgresLog

pytestmark = [needs_postgres, pytest.mark.usefixtures("no_threads_left")]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PostgresLog]:
    with closing(postgres_log(tmp_path)) as log:
        yield log


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[PostgresLog, PostgresLog]]:
    with closing(postgres_log(tmp_path)) as one, closing(postgres_log(tmp_path)) as other:
        yield one, other


def test_a_session_that_moved(two: tuple[PostgresLog, PostgresLog]) -> None:
    """Who had it may not append for it any more, until it takes it again; all else goes on."""
    here, there = two
    append(here, draft("1", seq=1))
    assert there.take(SESSION).accepted == 1
    with pytest.raises(Moved) as raised:
        append(here, draft("late", seq=2), draft("innocent", session="other", seq=1))
    assert raised.value.sessions == {SESSION}
    append(here, draft("innocent", session="other", seq=1))
    append(there, draft("2", seq=2))
    with pytest.raises(Moved):
        append(here, draft("late", seq=2))
    assert here.take(SESSION).accepted == 2
    append(here, draft("3", seq=3))
    with pytest.raises(Moved):
        append(there, draft("late", seq=3))
    assert texts(here.after("lobby", 0, 9)) == ["1", "innocent", "2", "3"]


def test_a_counter_that_is_not_where_it_was(log: PostgresLog, tmp_path: Path) -> None:
    """The holder alone is not enough: what was stored meanwhile, by whomever, is not stored again."""
    append(log, draft("1", seq=1))
    cluster().execute("UPDATE chat.sessions SET accepted = 2", database_of(tmp_path))
    with pytest.raises(Moved):
        append(log, draft("2", seq=2))
    assert log.take(SESSION).accepted == 2


def test_taking_waits_for_what_is_under_way(two: tuple[PostgresLog, PostgresLog]) -> None:
    """An append that is not committed yet counts, once it is; nothing is taken from under it."""
    here, there = two
    append(here, draft("1", seq=1))
    taken: list[int] = []
    taking = threading.Thread(target=lambda: taken.append(there.take(SESSION).accepted))
    with here._writer.transaction() as connection:
        connection.execute("UPDATE sessions SET accepted = 2 WHERE token = %s", (SESSION,))
        taking.start()
        waits = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'chat writer'"
        )
        assert wait_until(lambda: cluster().execute(waits) == [(1,)])
        assert taken == []
    taking.join()
    assert taken == [2]


def test_a_server_that_was_declared_dead(
    two: tuple[PostgresLog, PostgresLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can store nothing, says so, and registers anew; the other one goes on."""
    here, there = two
    append(here, draft("1", seq=1))
    first = here._writer.server
    may_come_back = threading.Event()
    come_back = here._writer._come_back
    monkeypatch.setattr(here._writer, "_come_back", lambda: may_come_back.wait(WAIT) and come_back())
    cluster().execute(f"DELETE FROM chat.servers WHERE id = {first}", database_of(tmp_path))
    for work in (lambda: append(here, draft("2", seq=2)), lambda: here.claim("alice", "hash"), lambda: here.take("s")):
        with pytest.raises((Fenced, StorageError)):
            work()
    append(there, draft("from there", session="another", seq=1))
    may_come_back.set()
    assert wait_until(lambda: works(here))
    assert here._writer.server > first
    append(here, draft("2", seq=2))
    assert sorted(texts(there.after("lobby", 0, 9))) == ["1", "2", "from there"]
    assert there.account("alice") is None


def test_the_dead_are_given_up_by_whoever_comes_next(two: tuple[PostgresLog, PostgresLog], tmp_path: Path) -> None:
    """A server whose connection is gone has no row any more, and all are told; one that lives keeps its own."""
    here, there = two
    database = database_of(tmp_path)
    cluster().execute("INSERT INTO chat.servers (address, since) VALUES ('gone', 0)", database)

    def rows() -> set[int]:
        return {id for (id,) in cluster().execute("SELECT id FROM chat.servers", database)}

    living = {here._writer.server, there._writer.server}
    with closing(postgres_log(tmp_path)) as third, closing(third.exchange):
        (dead,) = rows() - living - {third._writer.server}
        third.exchange.start_over()
        read: list[Post] = []

        def is_over() -> bool:
            read.extend(third.exchange.read())
            return Post(dead, OVER, {}) in [post._replace(age=0.0) for post in read]

        assert wait_until(is_over)
        assert rows() == {*living, third._writer.server}
    assert rows() == living


class Curious(Follower):
    """Remembers which rooms it was asked about."""

    def __init__(self, store: Store, *rooms: str) -> None:
        super().__init__(store, *rooms)
        self.questions: list[tuple[str, int]] = []

    def wanted(self, room: str, first: int) -> int | None:
        self.questions.append((room, first))
        return super().wanted(room, first)


def test_a_lost_server_may_be_found_by_several_at_once(
    two: tuple[PostgresLog, PostgresLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one says so; the other, which has not read that yet, has nothing to add and goes on."""
    from server_parts.storage.postgres import exchange

    monkeypatch.setattr(exchange, "LOOKING", 0.0)
    monkeypatch.setattr(exchange, "CALM", 0.0)
    ((lost,),) = execute(tmp_path, "INSERT INTO chat.servers (address, since) VALUES ('lost', 0) RETURNING id")
    for log in two:
        log.exchange.start_over()
    for log in two:
        assert log.exchange.read() == []  # it is under suspicion at both
    for log in two:
        assert [(post.server, post.kind) for post in log.exchange.read()] == [(lost, OVER)]
    assert execute(tmp_path, f"SELECT count(*) FROM chat.posts WHERE server = {lost}") == [(1,)]
    for log in two:
        log.exchange.close()


def test_news_of_ones_own_are_no_news(two: tuple[PostgresLog, PostgresLog]) -> None:
    """A server is asked about what others have appended, with the number of the first text of it."""
    here, there = two
    follower = Curious(here, "lobby")
    follower.listen(0.0)
    append(here, draft("own", "den", session="a", seq=1))
    append(there, draft("1", "cave", session="b", seq=1)._replace(texts=["1", "2"]))
    append(there, draft("3", "cave", session="b", seq=3))
    append(there, draft("told", session="c", seq=1))
    assert follower.hear(1) == [("lobby", 1, "told")]
    assert follower.questions == [("cave", 1), ("cave", 3), ("lobby", 1)]
    assert (here.last("cave"), here.rooms()["cave"]) == (3, 3)


def test_news_survive_a_connection_that_was_lost(two: tuple[PostgresLog, PostgresLog], tmp_path: Path) -> None:
    """What was said meanwhile no hint tells of: all rooms that are followed are looked at."""
    here, there = two
    follower = Follower(here, "lobby", "den")
    for number in range(1, 4):
        append(there, draft(f"{number}", session="a", seq=2 * number), draft("x", "den", session="b", seq=number))
        follower.hear(2 * number)
        cluster().execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            f" WHERE datname = '{database_of(tmp_path)}' AND application_name = 'chat feed'"
        )
    append(there, draft("last", session="a", seq=9))
    heard = follower.hear(7)
    assert [text for room, _, text in heard if room == "lobby"] == ["1", "2", "3", "last"]


def test_what_another_server_does_to_a_room_is_known(two: tuple[PostgresLog, PostgresLog]) -> None:
    """That it was made, that it was trimmed, and a room that only the other one has seen can be trimmed here."""
    here, there = two
    append(there, *(draft(f"{number}", "den", session="a", seq=number) for number in range(1, 6)))
    assert (here.last("den"), here.first("den"), here.last("cave")) == (5, 1, 0)
    trim_all(there, keep_messages=2)
    assert here.first("den") == 4
    append(there, *(draft(f"{number}", "cave", session="b", seq=number) for number in range(1, 6)))
    trim_all(here, keep_messages=1)
    assert (there.first("den"), there.first("cave")) == (5, 5)
    assert texts(there.after("cave", 0, 9)) == ["5"]


def test_servers_append_side_by_side(two: tuple[PostgresLog, PostgresLog]) -> None:
    """Batches over the same rooms and several sessions, in whatever order: no deadlock, no hole, nothing twice."""

    def talk(log: PostgresLog, name: str) -> None:
        rooms = ["lobby", "den", "cave"]
        for number in range(1, 41):
            order = rooms if (number + ord(name)) % 2 else rooms[::-1]
            said = [draft(f"{name} {number} {room}", room, session=f"{name}-{room}", seq=number) for room in order]
            append(log, *said)

    threads = [threading.Thread(target=talk, args=(log, name)) for log, name in zip(two, "ab", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for room in ("lobby", "den", "cave"):
        messages = two[0].after(room, 0, 999)
        assert [m.id for m in messages] == list(range(1, 81))
        for name in "ab":
            assert [m.text for m in messages if m.text[0] == name] == [f"{name} {n} {room}" for n in range(1, 41)]
