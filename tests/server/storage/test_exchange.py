"""What every exchange promises to servers that take each other for lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from server_parts.storage.exchange import OVER, Exchange, Excluded, Post
from server_parts.storage.memory_exchange import Hall, MemoryExchange
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import StorageError
from tests.peers import wait_until
from tests.postgres import needs_postgres

from .postgres_logs import execute, postgres_log

Open = Callable[[], Exchange]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=needs_postgres)])
def open_exchange(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """That of another server, which is there."""
    hall = Hall(MemoryLog())
    with ExitStack() as opened:

        def open_one() -> Exchange:
            exchange: Exchange = MemoryExchange(hall)
            if request.param == "postgres":
                exchange = opened.enter_context(closing(postgres_log(tmp_path))).exchange
            exchange.start_over()
            opened.callback(exchange.close)
            return exchange

        yield open_one


def give_up(exchange: Exchange, server: int) -> None:
    with exchange.deciding():
        exchange.give_up([server])


def test_a_server_that_is_given_up_is_over(open_exchange: Open) -> None:
    """The others read it, and it is not among the servers any more."""
    one, other, third = open_exchange(), open_exchange(), open_exchange()
    assert one.gone([other.server]) == set()
    give_up(one, other.server)
    assert one.gone([other.server, one.server]) == {other.server}
    assert (other.server, OVER) in [(post.server, post.kind) for post in third.read()]
    assert other.server not in one.servers()


def test_a_server_that_is_given_up_is_told(open_exchange: Open) -> None:
    """It can post nothing, until it has started over under another number."""
    one, other = open_exchange(), open_exchange()
    former = other.server
    give_up(one, former)
    with pytest.raises(Excluded):
        other.read()

    def is_back() -> bool:
        with suppress(StorageError):
            other.start_over()
            return True
        return False

    assert wait_until(is_back)
    assert other.server != former


def test_a_server_is_given_up_until_it_posts_again(open_exchange: Open) -> None:
    """Whichever of its calls failed: somebody has to see to its people."""
    one, other = open_exchange(), open_exchange()
    other.post([Post(other.server, "anew", {})])
    assert not other.is_given_up
    give_up(one, other.server)
    with pytest.raises(Excluded), other.deciding():
        pass
    assert other.is_given_up
    assert wait_until(lambda: _posts_again(other))
    assert not other.is_given_up


def _posts_again(exchange: Exchange) -> bool:
    with suppress(StorageError):
        exchange.start_over()
        assert exchange.is_given_up
        exchange.post([Post(exchange.server, "anew", {})])
        return True
    return False


@needs_postgres
class TestALostConnection:
    """A server that has lost its connections has another number when it comes back."""

    @pytest.fixture
    def servers(self, tmp_path: Path) -> Iterator[tuple[Exchange, Exchange, int]]:
        """One that was there all the time, one that has come back, and the number that this one had."""
        one, other = (postgres_log(tmp_path) for _ in range(2))
        with closing(one), closing(other), closing(one.exchange), closing(other.exchange):
            one.exchange.start_over()
            other.exchange.start_over()
            former = other.exchange.server
            other.exchange.post([Post(former, "anew", {})])
            _end_writer(tmp_path, former)
            with suppress(StorageError):
                other.take("it notices that")
            assert wait_until(lambda: _is_back(other.exchange, former))
            yield one.exchange, other.exchange, former

    def test_before_it_has_said_so_it_can_be_given_up(self, servers: tuple[Exchange, Exchange, int]) -> None:
        """It must not go on with people whose names are given away."""
        one, other, former = servers
        give_up(one, former)
        with pytest.raises(Excluded):
            other.read()

    def test_afterwards_its_former_number_means_nothing(self, servers: tuple[Exchange, Exchange, int]) -> None:
        """The others find the lock free that it had, and clear up."""
        one, other, former = servers
        other.post([Post(other.server, "anew", {})])
        give_up(one, former)
        assert other.read() == []


def _end_writer(folder: Path, server: int) -> None:
    """The one that holds the lock of that server."""
    lock = f"locktype = 'advisory' AND objid = {-server % 2**32} AND datname = current_database()"
    ended = execute(
        folder, f"SELECT pg_terminate_backend(a.pid) FROM pg_locks JOIN pg_stat_activity AS a USING (pid) WHERE {lock}"
    )
    assert ended == [(True,)]


def _is_back(exchange: Exchange, former: int) -> bool:
    with suppress(StorageError):
        exchange.start_over()
    return exchange.server not in (0, former)
