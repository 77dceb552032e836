"""A database that fails: connections that are lost at any step, servers that are declared dead, sessions that move."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from server_parts.storage.account_records import Create
from server_parts.storage.exchange import OVER, Post
from server_parts.storage.records import DELETE, About, Fenced, Moved, OutcomeUnknown, StorageError
from server_parts.storage.store import Entry, Store
from tests.peers import WAIT, wait_until
from tests.postgres import cluster, needs_postgres

from .database_relay import DatabaseRelay
from .drafts import SESSION, append, draft, say, texts, trim_all
from .followers import Follower
from .postgres_logs import address_of, database_of, execute, log_in, postgres_log

if TYPE_CHECKING:
    from server_parts.storage.postgres.log import PostgresLog

pytestmark = [needs_postgres, pytest.mark.usefixtures("no_threads_left")]

AT_ONCE = 0.5  # seconds on average: whoever asks a database that is known to be away is not made to wait


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PostgresLog]:
    with closing(postgres_log(tmp_path)) as log:
        yield log


@pytest.fixture
def relay() -> Iterator[DatabaseRelay]:
    with DatabaseRelay(cluster().port) as relay:
        yield relay


@pytest.fixture
def far(relay: DatabaseRelay, tmp_path: Path) -> Iterator[PostgresLog]:
    """A log behind a relay."""
    database = database_of(tmp_path)
    with closing(log_in(database, cluster().tcp_address(database, port=relay.port))) as log:
        yield log


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not answer is overdue soon."""
    from server_parts.storage.postgres import connections

    monkeypatch.setattr(connections, "PATIENCE", 1.0)
    monkeypatch.setattr(connections, "TICK", 0.05)


def works(log: Store) -> bool:
    """Whether the database can be read and written again."""
    try:
        log.append([], {"session-of-nobody": 1})
        log.session("session-of-nobody")
    except StorageError:
        try:
            log.take("session-of-nobody")
        except StorageError:
            pass
        return False
    return True


def say_once(log: Store, text: str, seq: int, *, session: str = SESSION) -> None:
    """Say it as the hub does: what was refused is said again, once it is known how far the log has the session."""
    deadline = time.monotonic() + WAIT
    unsure = False
    while time.monotonic() < deadline:
        try:
            if unsure and log.take(session).accepted >= seq:
                return
            log.append([draft(text, seq=seq, session=session)], {session: seq})
            return
        except StorageError:
            unsure = True
            time.sleep(0.01)
    raise AssertionError(f"{text} could not be said")


# --- Connections that are lost ---


def everything(number: int) -> Entry:
    """An entry that needs every kind of statement."""
    return Entry(
        [
            draft("one", f"room-{number}", seq=number),
            draft("psst", "@alice+bob", seq=0),
            draft("gone", seq=0)._replace(about=About(DELETE, number)),
        ],
        {SESSION: number},
        {SESSION: "alice"},
        {"Alice": f"hash-{number}"},
        (Create(f"user{number}", "hash"),),
    )


def state(log: Store) -> tuple[Any, ...]:
    account = log.account("alice")
    return (
        {room: texts(log.after(room, 0, 99)) for room in sorted(log.rooms())},
        log.session(SESSION),
        account and [device.token_hash for device in account.devices],
    )


class Counting:
    """Runs the server's own statements, and does something before one of them."""

    def __init__(self, log: PostgresLog, monkeypatch: pytest.MonkeyPatch) -> None:
        from psycopg import Connection

        self._log = log
        self.statements = 0
        self.at = 0
        self.then: Callable[[], object] = lambda: None
        execute = Connection.execute

        def counted(connection: Any, *args: Any, **more: Any) -> Any:
            if connection is log._writer._connection:
                self.statements += 1
                if self.statements == self.at:
                    self.then()
            return execute(connection, *args, **more)

        monkeypatch.setattr(Connection, "execute", counted)

    def before(self, number: int, then: Callable[[], object]) -> None:
        self.statements, self.at, self.then = 0, number, then


def kill_writer(database: str) -> None:
    """End the database's side of the connection that writes; return when it is gone."""
    found = f"FROM pg_stat_activity WHERE datname = '{database}' AND application_name = 'chat writer'"
    cluster().execute(f"SELECT pg_terminate_backend(pid, 5000) {found}")


def test_a_connection_that_is_lost_before_any_statement(
    log: PostgresLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of an entry is stored or nothing, whichever statement does not arrive; and said again it is stored once."""
    database = database_of(tmp_path)
    say(log, *("text" for _ in range(30)))
    counting = Counting(log, monkeypatch)
    log.write(everything(1))
    counting.before(0, lambda: None)
    log.write(everything(2))
    steps = counting.statements
    assert steps > 10, "the entry does not need many kinds of statements any more"
    for number in range(3, steps + 3):
        assert wait_until(lambda: works(log))
        before = state(log)
        counting.before(number - 2, lambda: kill_writer(database))
        with pytest.raises(StorageError) as raised:
            log.write(everything(number))
        counting.before(0, lambda: None)
        # Only where the commit itself may have been carried out, nobody can tell.
        assert isinstance(raised.value, OutcomeUnknown) == (number == steps + 2)
        assert wait_until(lambda: works(log))
        assert state(log) == before
        assert log.take(SESSION).accepted == number - 1
        log.write(everything(number))
        assert log.accepted(SESSION) == log.last("@alice+bob") == number
        assert texts(log.after(f"room-{number}", 0, 9)) == ["one"]


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_an_append_of_unknown_outcome(far: PostgresLog, relay: DatabaseRelay, lost: str) -> None:
    """Whether the request was lost or its answer: OutcomeUnknown; who takes the session learns which it was."""
    append(far, draft("first", seq=1), draft("other", session="other", seq=1))
    setattr(relay, f"loses_{lost}", "chat writer")
    with pytest.raises(OutcomeUnknown):
        append(far, draft("second", seq=2))
    with pytest.raises(StorageError):  # nothing more, until it is known
        append(far, draft("second", seq=2))
    assert wait_until(lambda: works(far))
    with pytest.raises(Moved, match="not known yet"):
        append(far, draft("second", seq=2))
    append(far, draft("another", session="other", seq=2))  # other sessions go on
    arrived = lost == "answer"
    assert wait_until(lambda: far.take(SESSION).accepted == 1 + arrived)
    if not arrived:
        append(far, draft("second", seq=2))
    append(far, draft("third", seq=3))
    said = texts(far.after("lobby", 0, 9))
    assert sorted(said) == ["another", "first", "other", "second", "third"]
    assert far.last("lobby") == 5
    assert relay.cuts == 1


def test_a_transaction_of_unknown_outcome(
    far: PostgresLog, relay: DatabaseRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, where an entry is more than texts: only a lost commit leaves anything open."""
    counting = Counting(far, monkeypatch)
    far.write(everything(1))
    counting.before(0, lambda: None)
    far.write(everything(2))
    steps = counting.statements
    for number, at, known in ((3, steps, False), (4, 3, True)):
        counting.before(at, lambda: setattr(relay, "loses_answer", "chat writer"))
        with pytest.raises(StorageError) as raised:
            far.write(everything(number))
        counting.before(0, lambda: None)
        assert isinstance(raised.value, OutcomeUnknown) != known
        assert wait_until(lambda: works(far))
        assert far.take(SESSION).accepted == 3


def test_texts_are_stored_once_whatever_is_killed(log: PostgresLog, tmp_path: Path) -> None:
    """Backends are ended at any instant while people talk: nothing is lost, nothing comes twice, all is in order."""
    database = database_of(tmp_path)
    over = threading.Event()
    chance = random.Random(3)
    kills = 0

    def kill() -> None:
        nonlocal kills
        while not over.wait(chance.uniform(0.2, 0.4)):
            kills += cluster().end_connections(database) > 0

    killer = threading.Thread(target=kill)
    killer.start()
    said = 0
    try:
        while kills < 8:
            said += 1
            say_once(log, f"text {said}", said)
    finally:
        over.set()
        killer.join()
    assert wait_until(lambda: works(log))
    assert texts(log.after("lobby", 0, said + 9)) == [f"text {number}" for number in range(1, said + 1)]


def test_reads_survive_a_connection_that_was_ended(log: PostgresLog, tmp_path: Path) -> None:
    """Nobody notices: they are tried again over a new one."""
    say(log, "hello")
    for _ in range(3):
        assert texts(log.after("lobby", 0, 9)) == texts(log.search("hello", {}, 9)) == ["hello"]
        log.session(SESSION)
        cluster().end_connections(database_of(tmp_path), but="chat writer")


# --- A database that is away ---


def test_nobody_waits_for_a_database_that_is_away(far: PostgresLog, relay: DatabaseRelay) -> None:
    """Reads and writes fail at once with one sentence, and all goes on by itself when it is back."""
    append(far, draft("before", seq=1))
    relay.closed = True
    relay.cut()
    with pytest.raises(StorageError):
        append(far, draft("lost", seq=2))
    begun = time.monotonic()
    for _ in range(20):
        with pytest.raises(StorageError) as wrote:
            append(far, draft("lost", seq=2))
        with pytest.raises(StorageError) as read:
            far.after("lobby", 0, 9)
        for raised in (wrote, read):
            assert "\n" not in str(raised.value)
            assert str(raised.value).startswith("the database ")
    assert time.monotonic() - begun < 20 * AT_ONCE
    relay.closed = False
    assert wait_until(lambda: works(far))
    far.take(SESSION)
    append(far, draft("after", seq=2))
    assert texts(far.after("lobby", 0, 9)) == ["before", "after"]


@pytest.mark.usefixtures("impatient")
def test_a_database_that_does_not_answer(relay: DatabaseRelay, tmp_path: Path) -> None:
    """The connection is open and nothing moves: that is noticed, and from then on nobody waits."""
    database = database_of(tmp_path)
    with closing(log_in(database, cluster().tcp_address(database, port=relay.port))) as far:
        append(far, draft("before", seq=1))
        relay.frozen = True
        begun = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            append(far, draft("lost", seq=2))
        assert time.monotonic() - begun < WAIT
        with pytest.raises(StorageError):
            far.after("lobby", 0, 9)
        begun = time.monotonic()
        for _ in range(10):
            with pytest.raises(StorageError):
                append(far, draft("lost", seq=2))
            with pytest.raises(StorageError):
                far.after("lobby", 0, 9)
        assert time.monotonic() - begun < 10 * AT_ONCE
        relay.thaw()
        assert wait_until(lambda: works(far))
        assert far.take(SESSION).accepted in (1, 2)


def finds_out(log: Store) -> bool:
    """Whether the log knows that it is another one; it looks when a connection was lost."""
    works(log)
    return log.is_replaced


LOSE: Final = "UPDATE chat.rooms SET last = 1; DELETE FROM chat.messages WHERE id > 1"


def test_a_database_that_was_put_back(log: PostgresLog, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Stored messages are gone: nothing is done until the server knows, no number is given again under the same epoch,
    and the operator is told once."""
    database = database_of(tmp_path)
    epoch = log.epoch
    say(log, "a", "b", "c")
    cluster().execute(LOSE, database)
    kill_writer(database)
    assert wait_until(lambda: finds_out(log))
    for _ in range(3):
        with pytest.raises(StorageError):
            say(log, "d")
    with pytest.raises(StorageError):
        log.after("lobby", 0, 9)
    assert log.epoch == epoch
    log.start_anew()
    assert not log.is_replaced
    assert wait_until(lambda: works(log))
    assert log.epoch != epoch
    assert log.last("lobby") == 1
    assert [run.id for run in log.append([draft("d", seq=4)], {SESSION: 4})] == [2]
    (told,) = [message for message in caplog.messages if "lost stored messages" in message]
    assert "has lost stored messages, in 1 room: everybody is asked to come in again" in told


def test_a_database_with_another_history(log: PostgresLog, tmp_path: Path) -> None:
    """Another server has found that out first, or its operator has; numbers say nothing then."""
    say(log, "a")
    execute(tmp_path, "UPDATE chat.about SET epoch = 'another'")
    kill_writer(database_of(tmp_path))
    assert wait_until(lambda: finds_out(log))
    log.start_anew()
    assert wait_until(lambda: works(log))
    assert log.epoch == "another"
    assert log.last("lobby") == 1


def test_numbers_that_were_given_again_already_are_found_out(log: PostgresLog, tmp_path: Path) -> None:
    """A server that knew nothing of what is lost was quicker: the newest number is as high as it was."""
    epoch = log.epoch
    say(log, "a", "b")
    execute(tmp_path, "UPDATE chat.messages SET sender = 'other', ts = ts + 1 WHERE id = 2")
    kill_writer(database_of(tmp_path))
    assert wait_until(lambda: finds_out(log))
    log.start_anew()
    assert wait_until(lambda: works(log))
    assert log.epoch != epoch


def test_a_connection_that_was_lost_is_no_other_history(log: PostgresLog, tmp_path: Path) -> None:
    """Also if the newest message was trimmed, or taken away, meanwhile."""
    epoch = log.epoch
    for change in ("SELECT 1", "UPDATE chat.messages SET text = ''", "DELETE FROM chat.messages"):
        say(log, "a", "b")
        execute(tmp_path, change)
        kill_writer(database_of(tmp_path))
        assert wait_until(lambda: works(log))
        say(log, "c")
    assert not log.is_replaced
    assert log.epoch == epoch


def test_what_others_append_during_the_look_is_no_loss(log: PostgresLog, tmp_path: Path) -> None:
    """Their hints come by another connection, which may be as good as ever."""
    from server_parts.storage.postgres.connections import connect

    say(log, "a")

    class Slow:
        """A connection whose answers are old when they come."""

        def execute(self, sql: str, values: tuple[object, ...] = ()) -> Any:
            rows = connection.execute(sql, values)
            log._rooms.raise_last("lobby", log.last("lobby") + 1)
            return rows

    with closing(connect(address_of(tmp_path), "a test")) as connection:
        log._look_back(Slow(), log.epoch)  # type: ignore[arg-type]
    assert not log.is_replaced


# --- Several servers ---


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
