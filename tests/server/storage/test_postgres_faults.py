"""A database that fails: connections that are lost at any step, a database that is away or was put back."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from server_parts.storage.account_records import Create
from server_parts.storage.records import DELETE, About, Moved, OutcomeUnknown, StorageError
from server_parts.storage.store import Entry, Store
from tests.peers import WAIT, wait_until
from tests.postgres import cluster, needs_postgres

from .database_relay import DatabaseRelay
from .drafts import SESSION, append, draft, say, texts
from .lost_connections import Counting, kill_writer, say_once, works
from .postgres_logs import address_of, database_of, execute, log_in, postgres_log

if TYPE_CHECKING:
    from server_parts.storage.postgres.log import PostgresLog

pytestmark = [needs_postgres, pytest.mark.once, pytest.mark.usefixtures("no_threads_left")]

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
