"""Files in a database: several servers, connections that are lost, and bytes that belong to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from server_parts.storage.file_records import PIECE, Attachment
from server_parts.storage.file_store import NoSuchFile, WrongOffset
from server_parts.storage.records import StorageError
from tests.peers import wait_until
from tests.postgres import cluster, needs_postgres

from .drafts import SESSION, append, draft, say
from .lost_connections import Counting, kill_writer, works
from .postgres_logs import database_of, execute, postgres_log
from .sent_files import ALICE, LARGE, contents, say_file, send, sha, store

if TYPE_CHECKING:
    from server_parts.storage.postgres.log import PostgresLog

pytestmark = needs_postgres


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PostgresLog]:
    with closing(postgres_log(tmp_path)) as log:
        yield log


@pytest.fixture
def other(log: PostgresLog, tmp_path: Path) -> Iterator[PostgresLog]:
    """Another server on the same database."""
    with closing(postgres_log(tmp_path)) as other:
        yield other


def pieces(tmp_path: Path) -> int:
    ((number,),) = execute(tmp_path, "SELECT count(*) FROM chat.pieces")
    return int(number)


def test_servers_share_their_files(log: PostgresLog, other: PostgresLog) -> None:
    """Announced at one, sent to both in turns, finished at one, said at the other, read at both."""
    id = log.files.reserve("lobby", "x", len(LARGE), sha(LARGE), ALICE).id
    for number, start in enumerate(range(0, len(LARGE), 100_000)):
        servers = [log, other] if number % 2 else [other, log]
        piece = LARGE[start : start + 100_000]
        assert servers[0].files.write(id, start, piece) == start + len(piece)
        with pytest.raises(WrongOffset):
            servers[1].files.write(id, start, piece)
    file = log.files.finish(id)
    assert other.files.finish(id) == file
    assert other.files.ready(id, (ALICE,), "lobby") == file
    message = say_file(other, id)
    assert message.file == file
    assert log.after("lobby", 0, 9) == [message]
    assert log.files.said(id) == other.files.said(id)
    assert contents(log.files, id) == contents(other.files, id) == LARGE
    assert log.files.ready(id, (ALICE,), "lobby") is None


def test_two_servers_say_a_file_once(log: PostgresLog, other: PostgresLog) -> None:
    """Whoever comes second has a message without it."""
    id = store(log)
    first = say_file(log, id)
    (second,) = append(other, draft("again", session="another")._replace(file=Attachment(id, (ALICE,))))
    assert (first.file is not None, second.file) == (True, None)


def test_a_lost_connection_does_no_harm(log: PostgresLog, tmp_path: Path) -> None:
    """Whatever is asked for next is tried again over a new one."""
    id = log.files.reserve("lobby", "x", len(LARGE), sha(LARGE), ALICE).id
    for start in range(0, len(LARGE), PIECE):
        cluster().end_connections(database_of(tmp_path))
        try:
            log.files.write(id, start, LARGE[start : start + PIECE])
        except (StorageError, WrongOffset):  # nobody knows whether it was stored: so ask
            continue
    while (end := _end(log, id)) < len(LARGE):
        send(log.files, id, LARGE, end)
    log.files.finish(id)
    assert contents(log.files, id) == LARGE


def _end(log: PostgresLog, id: str) -> int:
    while True:
        try:
            return log.files.upload(id).offset
        except StorageError:
            continue


def test_bytes_that_belong_to_nothing_are_swept(log: PostgresLog, tmp_path: Path) -> None:
    """And no others."""
    said, unsaid = store(log, b"said"), store(log, b"unsaid")
    say_file(log, said)
    execute(tmp_path, f"INSERT INTO chat.pieces VALUES ('{'x' * 22}', 0, 'x'), ('{'x' * 22}', 1, 'x')")
    assert pieces(tmp_path) == 4
    assert log.files.sweep() == 1
    assert pieces(tmp_path) == 2
    assert [contents(log.files, id) for id in (said, unsaid)] == [b"said", b"unsaid"]


def test_a_cancelled_file_goes_piece_by_piece(
    log: PostgresLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left when that is cut off is found by the next sweep."""
    cut, whole = store(log, LARGE), store(log, LARGE)
    assert pieces(tmp_path) == 10
    with monkeypatch.context() as patch:
        patch.setattr(log.files, "_delete_pieces", lambda _: None)
        log.files.cancel(cut)
    with pytest.raises(NoSuchFile):
        log.files.upload(cut)
    assert pieces(tmp_path) == 10
    assert log.files.sweep() == 1
    assert pieces(tmp_path) == 5
    log.files.cancel(whole)
    assert pieces(tmp_path) == 0


def test_plain_messages_ask_nothing_of_files(log: PostgresLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are one call, as before; one with a file is a transaction."""
    say(log, "first")
    asked: list[str] = []
    transaction = log._writer.transaction

    def noted(*args: Any) -> Any:
        asked.append("transaction")
        return transaction(*args)

    monkeypatch.setattr(log._writer, "transaction", noted)
    say(log, "hello")
    assert asked == []
    say_file(log, store(log))
    assert asked == ["transaction"]


@pytest.mark.thorough
def test_a_file_is_said_whole_or_not_at_all(log: PostgresLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever statement does not arrive; and said again it is said once."""
    counting = Counting(log, monkeypatch)
    say_file(log, store(log))
    counting.before(0, lambda: None)
    say_file(log, store(log))
    steps = counting.statements
    assert steps > 6, "it does not need so many statements any more"
    for number in range(1, steps + 1):
        id = store(log)
        counting.before(number, lambda: kill_writer(database_of(tmp_path)))
        with pytest.raises(StorageError):
            say_file(log, id)
        counting.before(0, lambda: None)
        assert wait_until(lambda: works(log))
        assert log.files.ready(id, (ALICE,), "lobby") is not None
        log.take(SESSION)
        assert say_file(log, id).file is not None
        assert contents(log.files, id) == b"some bytes"
