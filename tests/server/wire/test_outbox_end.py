"""How an outbox ends: with last words, cut, broken, or closed."""

from __future__ import annotations

import contextlib
import threading

import pytest

from tests.peers import WAIT, wait_until
from tests.server.wire.slow_client import MEGABYTE, STALLED, Open, answer, block, read_all, stall

pytestmark = pytest.mark.usefixtures("lane", "no_threads_left")


def test_finish_says_the_last_words(open_outbox: Open) -> None:
    """They are the last: the stream ends after them and nothing more is taken."""
    outbox, theirs = open_outbox()
    outbox.finish(b"bye\n")
    assert outbox.closed
    assert not outbox.offer(b"too late")
    answer(outbox, b"too late")
    outbox.offer_pages(iter([b"too late"]))
    outbox.finish(b"a second bye")
    assert read_all(theirs) == b"bye\n"


def test_finish_sends_what_is_waiting_first(open_outbox: Open) -> None:
    """A slow reader gets all of it, then the last words, then the end."""
    outbox, theirs = open_outbox(stalled=True)
    expected = stall(outbox)
    outbox.finish(b"bye\n")
    assert read_all(theirs).replace(STALLED, b"") == expected + b"bye\n"


def test_finish_sends_pages_that_nobody_drained(open_outbox: Open) -> None:
    """Pages that wait for the reader do not hold up the goodbye."""
    outbox, theirs = open_outbox()
    outbox.offer_pages(iter([b"page\n"]))
    outbox.finish(b"bye\n")
    assert read_all(theirs) == b"page\nbye\n"


def test_finish_at_once_drops_what_is_waiting(open_outbox: Open) -> None:
    """Only the block that is on its way is completed: never half a line before the last words."""
    outbox, theirs = open_outbox(stalled=True)
    offered = stall(outbox)
    for number in range(100, 150):
        outbox.offer(block(number))
    outbox.finish(b"bye\n", at_once=True)
    got = read_all(theirs).replace(STALLED, b"")
    assert got.endswith(b"bye\n")
    sent = got.removesuffix(b"bye\n")
    assert len(sent) % 10_000 == 0, "blocks leave whole"
    assert len(sent) < len(offered) + 50 * 10_000
    assert (offered + b"".join(map(block, range(100, 150)))).startswith(sent)


def test_finish_at_once_completes_what_is_begun(open_outbox: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the thread that sends the rest has not come to it yet."""
    outbox, theirs = open_outbox(2 * MEGABYTE)
    with monkeypatch.context() as later:
        drainers: list[threading.Thread] = []
        later.setattr(threading.Thread, "start", lambda thread: drainers.append(thread))
        assert outbox.offer(block(0, MEGABYTE))
        assert outbox.offer(block(1))
        outbox.finish(b"bye\n", at_once=True)
    for drainer in drainers:
        drainer.start()
    assert read_all(theirs) == block(0, MEGABYTE) + b"bye\n"


def test_the_other_direction_stays_open_after_finish(open_outbox: Open) -> None:
    """Finishing closes our direction only: the reader still sees the client's end."""
    outbox, theirs = open_outbox()
    outbox.finish(b"bye\n")
    assert read_all(theirs) == b"bye\n"
    theirs.sendall(b"thanks")  # would raise if the connection had been torn down


def test_a_vanished_client_is_noticed(open_outbox: Open) -> None:
    """Offers are refused, without an exception, once the connection is broken; that is no overflow."""
    outbox, theirs = open_outbox()
    theirs.close()
    assert wait_until(lambda: not outbox.offer(b"anyone there?"))
    assert not outbox.overflowed


def test_close_joins_the_drainer(open_outbox: Open) -> None:
    """A client that never reads does not keep a thread."""
    outbox, _ = open_outbox(stalled=True)
    before = threading.active_count()
    stall(outbox)
    assert threading.active_count() == before + 1
    outbox.close()
    assert threading.active_count() == before
    assert outbox.closed
    assert not outbox.offer(b"x")


def test_close_wakes_whoever_waits(open_outbox: Open) -> None:
    """A reader in the middle of a long answer comes back."""
    outbox, _ = open_outbox(stalled=True)
    stall(outbox)
    writer = threading.Thread(target=answer, args=(outbox, b"answer"))
    writer.start()
    outbox.close()
    writer.join(WAIT)
    assert not writer.is_alive()


def test_closing_twice_is_harmless(open_outbox: Open) -> None:
    """As is everything after it."""
    outbox, theirs = open_outbox()
    outbox.close()
    outbox.close()
    outbox.drain()
    outbox.cut()
    outbox.finish(b"bye")
    assert read_all(theirs) == b""


def test_cut_ends_both_directions(open_outbox: Open) -> None:
    """The client sees the end at once."""
    outbox, theirs = open_outbox()
    outbox.cut()
    assert read_all(theirs) == b""


def test_no_more_threads_costs_only_that_client(open_outbox: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection is cut; nothing is raised and nobody waits for ever."""
    outbox, theirs = open_outbox()

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    outbox.offer(b"x" * 4 * MEGABYTE)
    assert outbox.closed
    assert not outbox.offer(b"y")
    outbox.drain()
    answer(outbox, b"z")
    with contextlib.suppress(ConnectionError):
        read_all(theirs)  # comes to an end
