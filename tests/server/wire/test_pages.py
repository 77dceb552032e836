"""What a client asked for: made page by page while it is sent, and waited for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from server_parts.wire import outbox as outbox_module
from server_parts.wire.outbox import Outbox
from tests.peers import WAIT, wait_until
from tests.server.wire.slow_client import STALLED, Open, answer, block, read, read_all, read_stalled, stall

pytestmark = pytest.mark.usefixtures("lane", "no_threads_left")


def test_pages_wait_for_their_turn(open_outbox: Open) -> None:
    """They are made only when all before them is sent, and later offers queue behind them."""
    outbox, theirs = open_outbox()
    made = []

    def pages() -> Iterator[bytes]:
        for number in (1, 2, 3):
            made.append(number)
            yield f"page {number}\n".encode()

    outbox.offer_pages(pages())
    assert outbox.offer(b"live\n")
    assert made == []
    outbox.drain()
    assert made == [1, 2, 3]
    assert read(theirs, 26) == b"page 1\npage 2\npage 3\nlive\n"


def test_pages_queue_behind_a_stall(open_outbox: Open) -> None:
    """Also when a drainer is at work: first what was said, then the pages, then what came after."""
    outbox, theirs = open_outbox(stalled=True)
    expected = stall(outbox)
    outbox.offer_pages(iter([b"page\n" * 1000]))
    assert outbox.offer(b"after")
    outbox_drained = threading.Thread(target=outbox.drain)
    outbox_drained.start()
    expected += b"page\n" * 1000 + b"after"
    assert read_stalled(theirs, expected) == expected
    outbox_drained.join(WAIT)
    assert not outbox_drained.is_alive()


def test_pages_do_not_count_against_the_bound(open_outbox: Open) -> None:
    """A long history is read as fast as the client reads it."""
    outbox, theirs = open_outbox(65_536)
    reader = threading.Thread(target=answer, args=(outbox, b"x" * 500_000))
    reader.start()
    assert read(theirs, 500_000) == b"x" * 500_000
    reader.join(WAIT)
    assert not outbox.overflowed


def draining(outbox: Outbox, pages: Iterator[bytes]) -> threading.Thread:
    """What a reader does with an answer, in a thread of its own."""
    outbox.offer_pages(pages)
    reader = threading.Thread(target=outbox.drain)
    reader.start()
    return reader


def test_a_page_that_is_not_read_ends_the_connection(
    open_outbox: Open, monkeypatch: pytest.MonkeyPatch, lane: str
) -> None:
    """After a while without any progress; no further page is made."""
    if lane != "straight lane":
        pytest.skip("a send that blocks has no deadline")
    monkeypatch.setattr(outbox_module, "TICK", 0.02)
    monkeypatch.setattr(outbox_module, "STALLED", 0.1)
    outbox, theirs = open_outbox(stalled=True)
    pages = iter([b"first\n", b"second\n"])
    reader = draining(outbox, pages)
    reader.join(WAIT)
    assert not reader.is_alive()
    assert outbox.stalled
    assert outbox.closed
    assert read_all(theirs).replace(STALLED, b"") == b""
    assert next(pages) == b"second\n"


def test_a_page_that_is_read_slowly_is_sent(open_outbox: Open, monkeypatch: pytest.MonkeyPatch, lane: str) -> None:
    """The time counts from the last progress, however long the whole page takes."""
    if lane != "straight lane":
        pytest.skip("a send that blocks has no deadline")
    clock = [0.0]
    monkeypatch.setattr(outbox_module, "TICK", 0.02)
    monkeypatch.setattr(outbox_module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    outbox, theirs = open_outbox(stalled=True)
    page = block(1, 200_000)
    reader = draining(outbox, iter([page]))
    data = b""
    while len(data.replace(STALLED, b"")) < len(page):
        clock[0] += outbox_module.STALLED * 0.4
        data += theirs.recv(65_536)
    reader.join(WAIT)
    assert data.replace(STALLED, b"") == page
    assert not outbox.stalled


def test_only_so_many_pages_are_made_at_once(open_outbox: Open, monkeypatch: pytest.MonkeyPatch, lane: str) -> None:
    """For all clients together: the next page waits until one is read, or its client is gone."""
    if lane != "straight lane":
        pytest.skip("a send that blocks is not woken by anything but its peer")
    monkeypatch.setattr(outbox_module, "TICK", 0.02)
    monkeypatch.setattr(outbox_module, "_pages", threading.BoundedSemaphore(2))
    made: list[int] = []

    def pages(number: int) -> Iterator[bytes]:
        made.append(number)
        yield b"page\n"

    stalled = [open_outbox(stalled=True) for _ in range(2)]
    readers = [draining(outbox, pages(number)) for number, (outbox, _) in enumerate(stalled)]
    assert wait_until(lambda: len(made) == 2)
    outbox, theirs = open_outbox()
    readers.append(draining(outbox, pages(2)))
    outbox.offer(b"message\n")
    theirs.settimeout(0.1)
    with pytest.raises(TimeoutError):
        theirs.recv(1)
    assert 2 not in made
    theirs.settimeout(WAIT)
    stalled[0][0].close()
    assert read(theirs, 13) == b"page\nmessage\n"
    stalled[1][0].close()
    for reader in readers:
        reader.join(WAIT)
        assert not reader.is_alive()


def test_write_waits_until_it_is_sent(open_outbox: Open) -> None:
    """The reader's own answer is out when the call returns, however slow the client."""
    outbox, theirs = open_outbox(stalled=True)
    expected = stall(outbox)
    writer = threading.Thread(target=answer, args=(outbox, b"answer" * 10_000))
    writer.start()
    assert writer.is_alive()
    expected += b"answer" * 10_000
    assert read_stalled(theirs, expected) == expected
    writer.join(WAIT)
    assert not writer.is_alive()


def test_a_reader_goes_back_to_reading_once_its_own_words_are_out(open_outbox: Open) -> None:
    """Also if the hub never stops offering: a drainer takes the wire over."""
    outbox, theirs = open_outbox(stalled=True)
    stall(outbox)
    done = threading.Event()

    def write() -> None:
        answer(outbox, b"PONG")
        done.set()

    def feed() -> None:
        while not done.wait(0.0005):
            outbox.offer(b"x" * 1_000)

    threads = [threading.Thread(target=work) for work in (write, feed)]
    for thread in threads:
        thread.start()
    seen = b""
    while b"PONG" not in seen:
        seen = seen[-8:] + theirs.recv(4_096)
    assert done.wait(WAIT)
    for thread in threads:
        thread.join(WAIT)


def test_pages_that_cannot_be_made_cut_the_client(open_outbox: Open) -> None:
    """Half a history is worse than a reconnect."""
    outbox, theirs = open_outbox()

    def pages() -> Iterator[bytes]:
        yield b"page 1\n"
        raise ConnectionAbortedError

    outbox.offer_pages(pages())
    outbox.drain()
    assert outbox.closed
    assert read_all(theirs) == b"page 1\n"


def test_pages_that_nobody_foresaw_to_fail_cut_the_client(open_outbox: Open) -> None:
    """Nobody waits for them for ever."""
    outbox, theirs = open_outbox()

    def pages() -> Iterator[bytes]:
        yield b"one"
        raise ValueError("a bug")

    outbox.offer_pages(pages())
    outbox.drain()
    assert outbox.closed
    assert theirs.recv(100) == b"one"
    assert theirs.recv(100) == b""
