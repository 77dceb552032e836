"""What every log promises to a server that may not be the only one: sessions that are taken, news of what was said."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.peers import WAIT
from tests.postgres import needs_postgres

from .drafts import SESSION, append, draft, say, texts
from .followers import Follower
from .postgres_logs import postgres_log


def test_a_session_is_taken_as_it_was_left(log: Store) -> None:
    """How far it was and whose it is; also one that nobody has seen."""
    assert log.take(SESSION) == SessionRecord()
    log.append([draft(seq=1)], {SESSION: 1}, {SESSION: "alice"})
    assert log.take(SESSION) == log.session(SESSION) == SessionRecord(1, "alice")
    append(log, draft("second", seq=2))
    assert log.take(SESSION) == SessionRecord(2, "alice")


def test_a_session_that_was_let_go_goes_on_later(log: Store) -> None:
    """Nothing is lost of it; letting go of one that is not held does nothing."""
    log.take(SESSION)
    append(log, draft(seq=1))
    log.let_go(SESSION)
    log.let_go("session-never-seen")
    append(log, draft("second", seq=2))
    assert (log.accepted(SESSION), texts(log.after("lobby", 0, 9))) == (2, ["hello", "second"])


def test_taking_is_no_use_of_a_session(log: Store) -> None:
    """A session that was only taken has no owner and no receipts, and other sessions are as they were."""
    append(log, draft(seq=1))
    log.take("session-000000000002")
    assert log.session("session-000000000002") == SessionRecord()
    assert log.receipt("session-000000000002", 0) is None
    assert log.accepted(SESSION) == 1


def test_no_news_is_an_empty_list(log: Store) -> None:
    """Once the time is over, at the latest."""
    say(log, "before")
    assert Follower(log, "lobby").listen(0.05) == []


class Pair:
    """Two servers on one log: one appends, the other waits for news."""

    def __init__(self, here: Store, there: Store) -> None:
        self.here, self.there = here, there


@pytest.fixture(params=["memory", pytest.param("postgres", marks=needs_postgres)])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as logs:
        if request.param == "memory":
            log = logs.enter_context(closing(MemoryLog()))
            yield Pair(log, log)
        else:
            here, there = (logs.enter_context(closing(postgres_log(tmp_path))) for _ in range(2))
            yield Pair(here, there)


def test_news_of_followed_rooms(pair: Pair) -> None:
    """What others append to a followed room is heard, in order and once; what was told before is not."""
    say(pair.there, "before")
    follower = Follower(pair.here, "lobby", "den")
    say(pair.there, "a", "b")
    say(pair.there, "c", room="den")
    say(pair.there, "elsewhere", room="cave")
    assert sorted(follower.hear(3)) == [("den", 1, "c"), ("lobby", 2, "a"), ("lobby", 3, "b")]
    assert follower.listen(0.05) == []


def test_news_come_while_they_are_waited_for(pair: Pair) -> None:
    """Whoever waits is woken."""
    follower = Follower(pair.here, "lobby")
    heard = threading.Event()

    def wait() -> None:
        follower.hear(1)
        heard.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    say(pair.there, "at last")
    assert heard.wait(WAIT)
    waiting.join()
    assert follower.heard == [("lobby", 1, "at last")]


def test_news_of_a_room_that_is_not_followed_yet(pair: Pair) -> None:
    """The feed is asked for it, and says from where on it is wanted."""
    follower = Follower(pair.here, asked={"@alice+bob": 1})
    follower.listen(0.0)
    append(pair.there, *(draft(text, "@alice+bob", seq=number) for number, text in enumerate("abc", 1)))
    assert follower.hear(2) == [("@alice+bob", 2, "b"), ("@alice+bob", 3, "c")]


def test_much_news_comes_in_order(pair: Pair) -> None:
    """Many batches of several authors, more than fit into one page."""
    follower = Follower(pair.here, "lobby")
    for number in range(5):
        row = [f"{number}-{i}" for i in range(500)]
        append(pair.there, draft(sender=f"user{number}", session=f"s{number}")._replace(texts=row, seq=1))
    heard = follower.hear(2_500)
    assert heard == [("lobby", 500 * n + i + 1, f"{n}-{i}") for n in range(5) for i in range(500)]


def test_a_log_for_one_server_waits_for_nothing(tmp_path: Path) -> None:
    """Nobody else could append to it."""
    log = SqliteLog(tmp_path)
    follower = Follower(log, "lobby")
    begun = time.monotonic()
    assert follower.listen(2 * WAIT) == []
    assert time.monotonic() - begun < WAIT
    log.close()


def test_closing_ends_the_waiting(pair: Pair) -> None:
    """A server that stops need not wait for news that will not come."""
    over = threading.Event()

    def wait() -> None:
        Follower(pair.here, "lobby").listen(2 * WAIT)
        over.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    pair.here.close()
    assert over.wait(WAIT)
    waiting.join()
