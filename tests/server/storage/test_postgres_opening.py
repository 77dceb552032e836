"""A server on a database, from its command line: what is said when it starts, cannot start, or writes a room out."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from server_parts.storage.records import About, Draft
from tests.peers import Native
from tests.postgres import cluster, free_port, needs_postgres
from tests.programs import run_server, server_program
from tests.tls.certificates import key_pair, needs_openssl

from .postgres_logs import log_in, postgres_log

PASSWORD = "s3cr3t"


@pytest.fixture
def database(tmp_path: Path) -> str:
    return cluster().database(tmp_path)


def told(address: str, *flags: str) -> str:
    """What a server says that cannot start: one sentence."""
    run = run_server("--port", "0", *flags, env={"CHAT_STORE": address})
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.count("\n") == 1
    assert PASSWORD not in run.stderr
    return run.stderr


@needs_postgres
@needs_openssl
def test_a_server_says_where_its_messages_are(database: str) -> None:
    """Without the password; and they are there after a restart."""
    address = cluster().tcp_address(database, f"chat:{PASSWORD}")
    shown = cluster().tcp_address(database)
    certificate, key = key_pair()
    flags = ("--no-console", "--tls-cert", str(certificate), "--tls-key", str(key))
    for number in (1, 2):
        with server_program(*flags, env={"CHAT_STORE": address}) as program:
            program.read_until(f"Messages are stored in {re.escape(shown)}\n".encode())
            with Native(program.port, "alice") as alice:
                assert alice.tell("hello")["id"] == number
            assert program.stop() == 0
            assert PASSWORD not in program.output()


@needs_postgres
def test_several_servers_share_a_database(tmp_path: Path) -> None:
    """Each reads what the others append."""
    with closing(postgres_log(tmp_path)) as one, closing(postgres_log(tmp_path)) as other:
        assert one.epoch == other.epoch
        one.append([Draft("den", 1.0, "ann", "red", ["hello"], "", 0)], {})
        assert [message.text for message in other.after("den", 0, 10)] == ["hello"]
        assert other.last("den") == 1


@needs_postgres
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("/test_", "/nothing_"), "there is no such database"),
        (("chat:", "guarded:"), "the password is wrong"),
        (("chat:s3cr3t", "guarded"), "it wants a password"),
        (("chat:", "nobody:"), "there is no such database or user"),
        (("127.0.0.1", "nowhere.invalid"), "there is no such host"),
    ],
)
def test_a_database_that_lets_nobody_in(database: str, change: tuple[str, str], sentence: str) -> None:
    """The reason is told, and no password."""
    address = cluster().tcp_address(database, f"chat:{PASSWORD}").replace(*change)
    assert f" cannot be reached: {sentence}" in told(address)


@needs_postgres
def test_a_database_that_is_not_there() -> None:
    """Nothing listens on that port."""
    assert "cannot be reached: nothing listens there" in told(
        f"postgresql://chat:{PASSWORD}@127.0.0.1:{free_port()}/chat"
    )


def test_without_psycopg(tmp_path: Path) -> None:
    """It says what to install."""
    (tmp_path / "psycopg.py").write_text("raise ImportError")
    run = run_server("--port", "0", env={"CHAT_STORE": "postgresql://chat@db/chat", "PYTHONPATH": str(tmp_path)})
    assert run.returncode == 1
    assert (
        run.stderr
        == 'The Python package psycopg is missing: install it with pip install "psycopg[binary]>=3.2,<3.4".\n'
    )


@needs_postgres
def test_another_encoding_is_refused() -> None:
    """Not every text of a chat would fit into it."""
    name = "test_latin"
    cluster().execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        assert "is in LATIN1; create one with the encoding UTF8" in told(cluster().address(name))
    finally:
        cluster().execute(f"DROP DATABASE {name}")


@needs_postgres
def test_a_newer_schema_is_refused(database: str, tmp_path: Path) -> None:
    """Also for whoever only reads. An older server changes nothing in it."""
    postgres_log(tmp_path).close()
    cluster().execute("UPDATE chat.about SET version = 99", database)
    for flags in ((), ("--export", "lobby")):
        assert "was used by a newer version of this server (format 99 >" in told(cluster().address(database), *flags)
    assert cluster().execute("SELECT version FROM chat.about", database) == [(99,)]


@needs_postgres
def test_a_restored_copy_is_another_history(database: str, tmp_path: Path) -> None:
    """What was said after the copy was made is not in it, so its numbers mean nothing to clients that heard it."""
    log = postgres_log(tmp_path)
    log.append([Draft("lobby", 1.0, "alice", "blue", ["hello"], "", 0)], {})
    log.close()
    cluster().execute("DROP DATABASE IF EXISTS test_copy")
    cluster().execute(f"CREATE DATABASE test_copy TEMPLATE {database}")
    for name, is_same in ((database, True), ("test_copy", False), ("test_copy", False)):
        again = log_in(name)
        assert (again.epoch == log.epoch, again.last("lobby")) == (is_same, 1)
        again.close()
    assert again.epoch == cluster().execute("SELECT epoch FROM chat.about", "test_copy")[0][0]


@needs_postgres
def test_a_user_without_rights(database: str) -> None:
    """Who may not make the tables is told so."""
    cluster().execute("DROP ROLE IF EXISTS guest")
    cluster().execute("CREATE ROLE guest LOGIN")
    assert "this user has not the rights for it" in told(cluster().tcp_address(database, "guest"))


@needs_postgres
def test_a_room_is_written_out_beside_a_server(database: str, tmp_path: Path) -> None:
    """As from a folder."""
    log = postgres_log(tmp_path)
    texts = [f"text {number}" for number in range(1_000)]
    log.append([Draft("lobby", 1.0, "alice", "blue", texts, "", 0)], {})
    address = cluster().address(database)
    run = run_server("--export", "#Lobby", env={"CHAT_STORE": address})
    assert (run.returncode, [json.loads(line)["text"] for line in run.stdout.splitlines()]) == (0, texts)
    run = run_server("--export", "den", env={"CHAT_STORE": address})
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == f"There is no room den in postgresql://chat@/{database}. There are: lobby\n"
    log.close()


@needs_postgres
def test_nothing_is_written_out_of_an_empty_database(database: str) -> None:
    """And nothing is made in it."""
    assert "There is no chat log in the database" in told(cluster().address(database), "--export", "lobby")
    assert cluster().execute("SELECT to_regnamespace('chat') IS NULL", database) == [(True,)]


def make_first_version(name: str) -> None:
    """The tables as the first version made them, with one message."""
    import psycopg

    from server_parts.storage.postgres import schema

    with psycopg.connect(cluster().address(name), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA chat")
        connection.execute("SET search_path = chat")
        for statement in schema.MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("INSERT INTO about VALUES (1, 'epoch-of-old', %s)", (schema.home_of(connection),))
        connection.execute("INSERT INTO rooms (name, private, last) VALUES ('lobby', false, 1)")
        connection.execute("INSERT INTO messages VALUES (1, 1, 1, 1.0, 0, 0, 'ann', 'red', 'hello')")
        connection.execute("UPDATE counted SET n = 1")


@needs_postgres
def test_tables_of_the_first_version(database: str, tmp_path: Path) -> None:
    """They can be read out as they are; a server brings them up to date, and an older one then refuses them."""
    make_first_version(database)
    address = cluster().address(database)
    run = run_server("--export", "lobby", env={"CHAT_STORE": address})
    assert [json.loads(line)["text"] for line in run.stdout.splitlines()] == ["hello"], run.stderr
    assert cluster().execute("SELECT version FROM chat.about", database) == [(1,)]
    with closing(postgres_log(tmp_path)) as log:
        assert log.epoch == "epoch-of-old"
        log.append([Draft("lobby", 2.0, "ann", "red", ["hi"], "", 0, About("edit", 1))], {})
        assert [message.text for message in log.after("lobby", 0, 9)] == ["hi", "hi"]
    assert cluster().execute("SELECT version FROM chat.about", database) == [(5,)]
