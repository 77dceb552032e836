"""What is handed to the function that appends, and what it makes of that: texts and numbers of all shapes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from server_parts.storage.records import Draft, Message, StorageError
from tests.postgres import cluster, needs_postgres

from .drafts import say, texts
from .postgres_logs import database_of, execute, log_in, postgres_log

if TYPE_CHECKING:
    from server_parts.storage.postgres.log import PostgresLog

pytestmark = [needs_postgres, pytest.mark.usefixtures("no_threads_left")]

STRANGE = ["", "a\x1fb", "\x1e", '\\N {"1",NULL}', "ünï ☃ 😀"]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PostgresLog]:
    with closing(postgres_log(tmp_path)) as log:
        yield log


SHAPES: list[list[list[str]]] = [  # texts of runs
    [["one"]],
    [[""]],
    [[text] for text in STRANGE],
    [STRANGE],
    [["a", "b"], [""], ["", ""], STRANGE, ["c"], ["d", "e", "f"]],
    [["a", "b"], [], ["c"]],
]


def test_texts_are_stored_as_they_are(log: PostgresLog) -> None:
    """In their order, behind what is there, each as the run that is returned has it: of two people in two rooms."""
    for number, shape in enumerate(SHAPES):
        rooms = f"lobby-{number}", f"den-{number}"
        log.append([Draft(room, 1.0, "eve", "blue", ["first"], "", 0) for room in rooms], {})
        drafts = [
            Draft(rooms[at // 2 % 2], at + 0.1 + 0.2, ("ann", "")[at % 2], ("red", "")[at % 2], run, "", 0)
            for at, run in enumerate(shape)
        ]
        runs = log.append(drafts, {})
        assert [(run.room, run.ts, run.sender, run.color, run.texts) for run in runs] == [one[:5] for one in drafts]
        for room in rooms:
            stored = log.after(room, 1, 99)
            assert stored == [message for run in runs if run.room == room for message in run.messages()]
            assert [message.id for message in stored] == list(range(2, 2 + len(stored)))


def test_a_text_is_refused_and_not_cut(log: PostgresLog) -> None:
    """No such text is ever given to a log; if one were, nothing of it may be lost unseen."""
    with pytest.raises(StorageError):
        say(log, "before\0behind")
    assert texts(log.after("lobby", 0, 9)) == []


def test_an_encoding_in_the_address_changes_nothing(tmp_path: Path) -> None:
    """Texts travel in one encoding."""
    database = database_of(tmp_path)
    with closing(log_in(database, f"{cluster().address(database)}&client_encoding=LATIN1")) as log:
        say(log, *STRANGE)
        say(log, STRANGE[-1])
        assert texts(log.after("lobby", 0, 9)) == [*STRANGE, STRANGE[-1]]


def test_what_was_taken_back_is_no_obstacle(log: PostgresLog) -> None:
    """The database forgets statements that it was prepared for then."""
    say(log, "before")
    with pytest.raises(ZeroDivisionError), log._transaction():
        raise ZeroDivisionError
    say(log, "behind")
    assert texts(log.after("lobby", 0, 9)) == ["before", "behind"]


def test_a_statement_that_is_forgotten_is_prepared_anew(log: PostgresLog) -> None:
    """By whomever it was taken away: one append is refused, nothing of it is stored, and the next one goes on."""
    say(log, "before")
    assert log._writer._connection is not None
    log._writer._connection.pgconn.exec_(b"DEALLOCATE ALL")
    with pytest.raises(StorageError, match="InvalidSqlStatementName"):
        say(log, "never stored")
    say(log, "behind")
    assert texts(log.after("lobby", 0, 9)) == ["before", "behind"]


def test_a_server_of_the_version_before_goes_on(log: PostgresLog, tmp_path: Path) -> None:
    """It puts a separator behind each text, also behind a single one. While others are brought up to date, it runs."""
    say(log, "first")
    execute(
        tmp_path,
        f"""SET search_path = chat;
        SELECT append({log._writer.server}, false, 1, 9, '{{}}', '{{}}', '{{}}', '{{}}', '{{1}}', '{{1}}',
            '{{1}}', '{{0}}', '{{5.0}}', '{{0}}', '{{0}}', '{{1}}', '{{1}}', '{{9}}', '{{ann}}', '{{red}}',
            ARRAY['second|'], '|')""",
    )
    assert log.after("lobby", 1, 9) == [Message("lobby", 2, 5.0, "ann", "red", "second", "", 0)]


def test_an_answer_before_a_failed_commit_is_none(log: PostgresLog, tmp_path: Path) -> None:
    """The numbers come before the commit does: whoever took them for a receipt would lose what was said."""
    say(log, "before")
    for sql in (
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'at the commit'; END $$""",
        """CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON chat.messages DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse()""",
    ):
        execute(tmp_path, sql)
    with pytest.raises(StorageError, match="P0001"):
        say(log, "never stored")
    execute(tmp_path, "DROP TRIGGER refuse ON chat.messages")
    say(log, "behind")
    assert texts(log.after("lobby", 0, 9)) == ["before", "behind"]
