"""Servers of one chat that have different keys: their operators are told so, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from server_parts.hub.other_keys import OtherKeys
from server_parts.storage.memory_exchange import Hall, MemoryExchange
from tests.peers import wait_until
from tests.postgres import cluster, needs_postgres
from tests.programs import server_program
from tests.server.hub.bench import Bench, BenchLog
from tests.tls.certificates import key_pair, needs_openssl

ONE, OTHER = "lusab-babad", "bodib-dabab"


@contextmanager
def chat(*keys: str) -> Iterator[list[Bench]]:
    """Servers that know of each other, with these keys."""
    log = BenchLog()
    hall = Hall(log)
    benches: list[Bench] = []
    try:
        for number, key in enumerate(keys):
            exchange = MemoryExchange(hall, f"server {number}")
            exchange.key = lambda key=key: key  # type: ignore[misc]
            benches.append(Bench(log, exchange))
        assert wait_until(lambda: all(len(bench.hub._neighbours.elsewhere.labels) == len(keys) for bench in benches))
        for bench in benches:
            bench.seat(f"guest-of-{bench.exchange.server}")  # who is in when it knows all others
        yield benches
    finally:
        for bench in benches:
            bench.stop()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if "another key" in record.message]


def test_both_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """With both keys, and what to do."""
    with chat(ONE, OTHER):
        assert wait_until(lambda: len(warnings(caplog)) == 2)
    told = " ".join(sorted(warnings(caplog)))
    assert f"the server server 0 has another key ({ONE}) than this one ({OTHER})" in told
    assert f"the server server 1 has another key ({OTHER}) than this one ({ONE})" in told
    assert told.count("copy server.key and server.crt") == 2


@pytest.mark.parametrize("keys", [(ONE, ONE), (ONE, ""), ("", ONE), ("", "")])
def test_of_the_same_key_nothing_is_said(keys: tuple[str, ...], caplog: pytest.LogCaptureFixture) -> None:
    """Nor of a server that does not encrypt."""
    with chat(*keys):
        pass
    assert warnings(caplog) == []


def test_it_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Although servers introduce themselves again and again; of another key it is said again."""
    exchange = MemoryExchange(Hall(BenchLog()))
    exchange.key = lambda: ONE
    keys = OtherKeys(exchange)
    for key in (OTHER, OTHER, ONE, "third", OTHER):
        keys.note("server 2", key)
    assert [OTHER in one for one in warnings(caplog)] == [True, False]


@needs_postgres
@needs_openssl
def test_a_server_with_another_key_says_so_when_it_starts() -> None:
    """Nothing secret is in the database."""
    address = cluster().address(cluster().database("other keys"))
    pairs = [key_pair(), key_pair("elsewhere")]
    flags = [("--tls-cert", str(pair.certificate), "--tls-key", str(pair.key)) for pair in pairs]
    env = {"CHAT_STORE": address}
    with server_program(*flags[0], env=env) as one, server_program(*flags[1], env=env) as other:
        for program in (one, other):
            program.read_until(rb"has another key \(\S+\) than this one \(\S+\): .*--tls-key and --tls-cert\n")
    import psycopg

    with closing(psycopg.connect(address)) as connection:
        posts = str(connection.execute("SELECT data FROM chat.posts").fetchall())
    assert "key" in posts
    assert "PRIVATE" not in posts
