"""Where the servers of one chat meet in these tests, and how one sees what came from another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from server_parts.protocol.requests import Hello, Leave
from server_parts.storage.memory_exchange import Hall, MemoryExchange
from server_parts.storage.records import Run
from server_parts.storage.store import Feed
from tests.peers import WAIT, Frame, of_type, wait_until
from tests.server.hub.bench import Bench, BenchLog, Seat
from tests.server.storage.postgres_logs import address_of, execute

Open = Callable[[], Bench]


class Meeting(Protocol):
    """Where servers of one chat meet."""

    def open(self, label: str) -> Bench:
        """Another server."""

    def give_up(self, server: int) -> None:
        """The servers take one of them for lost, whether it is or not."""


class MemoryMeeting:
    def __init__(self) -> None:
        self._log = BenchLog()
        self._hall = Hall(self._log)

    def open(self, label: str) -> Bench:
        return Bench(self._log, MemoryExchange(self._hall, label))

    def give_up(self, server: int) -> None:
        self._hall.end(server)


class PostgresMeeting:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, label: str) -> Bench:
        from tests.server.hub.bench_postgres import BenchPostgres

        log = BenchPostgres(address_of(self._folder))
        log.exchange.label = label
        return Bench(log, log.exchange)

    def give_up(self, server: int) -> None:
        execute(self._folder, f"DELETE FROM chat.servers WHERE id = {server}")
        execute(self._folder, f"INSERT INTO chat.posts (server, kind, data) VALUES ({server}, 'over', '{{}}')")


def hears_text(seat: Seat, text: str) -> Frame:
    """The message with that text, when it comes."""
    found: list[Frame] = []

    def has_come() -> bool:
        seat.heard()
        found.extend(frame for frame in of_type(seat.ever, "message") if frame["text"] == text)
        return bool(found)

    assert wait_until(has_come)
    return found[0]


def texts(seat: Seat) -> list[str]:
    seat.heard()
    return [frame["text"] for frame in of_type(seat.ever, "message")]


def read(seat: Seat) -> list[str]:
    """All texts that somebody was told, live or as something missed."""
    seat.heard()
    missed = [m["text"] for frame in of_type(seat.ever, "history") for m in frame["messages"]]
    return [*texts(seat), *missed]


@contextmanager
def held(bench: Bench) -> Iterator[None]:
    """Meanwhile that server's hub does nothing, and reads nothing of what the others post."""
    holder, is_held, goes_on = Seat(bench), threading.Event(), threading.Event()
    holder.ask(Hello("holder", bench.session()))
    tell = holder.outbox.offer

    def offer(block: bytes) -> bool:
        is_held.set()
        return goes_on.wait(WAIT) and tell(block)

    holder.outbox.offer = offer  # type: ignore[method-assign]
    holder.submit(Leave("nowhere"))  # which is answered by the hub itself
    assert is_held.wait(WAIT)
    try:
        yield
    finally:
        goes_on.set()
        holder.settle()


@contextmanager
def deaf(bench: Bench) -> Iterator[None]:
    """Meanwhile that server is brought nothing of what the others append to the log."""
    news, is_deaf, goes_on = bench.store.news, threading.Event(), threading.Event()

    def none(feed: Feed, timeout: float) -> list[Run]:
        if feed is not bench.hub._feed:  # of another server that shares this log in memory
            return news(feed, timeout)
        is_deaf.set()
        assert goes_on.wait(3 * WAIT)
        return []

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bench.store, "news", none)
        assert is_deaf.wait(WAIT)
        try:
            yield
        finally:
            goes_on.set()
