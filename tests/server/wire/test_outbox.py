"""What is offered to one client: at once while it reads, else kept, up to a bound."""

from __future__ import annotations

import hashlib
import socket
import threading

import pytest

from tests.peers import WAIT, wait_until
from tests.server.wire.slow_client import MEGABYTE, Open, answer, block, read, read_all, read_stalled, stall

pytestmark = pytest.mark.usefixtures("lane", "no_threads_left")


def test_a_block_goes_out(open_outbox: Open) -> None:
    """What a reading client is offered, it gets."""
    outbox, theirs = open_outbox()
    assert outbox.offer(b"hello\n")
    assert read(theirs, 6) == b"hello\n"
    assert wait_until(lambda: outbox.backlog == 0)
    assert not outbox.overflowed
    assert not outbox.closed


def test_the_straight_lane_needs_no_thread(open_outbox: Open, lane: str) -> None:
    """While the kernel takes everything at once no thread is started; without the flag there must be one."""
    outbox, theirs = open_outbox()
    before = threading.active_count()
    assert outbox.offer(b"x" * 1000)
    if lane == "straight lane":
        assert threading.active_count() == before
        assert theirs.recv(2000, socket.MSG_DONTWAIT) == b"x" * 1000
    else:
        assert read(theirs, 1000) == b"x" * 1000


def test_a_stalled_client_gets_everything_in_order(open_outbox: Open) -> None:
    """What was sent in part is completed first, then what was kept, then what comes later."""
    outbox, theirs = open_outbox(stalled=True)
    expected = stall(outbox)
    for number in range(100, 120):
        assert outbox.offer(block(number))
        expected += block(number)
    assert read_stalled(theirs, expected) == expected
    assert outbox.offer(b"later")
    assert read(theirs, 5) == b"later"
    assert wait_until(lambda: outbox.backlog == 0)


def test_the_bound_is_exact(open_outbox: Open) -> None:
    """The backlog may reach the bound, and not a byte more."""
    outbox, _ = open_outbox(100_000, stalled=True)
    stall(outbox)
    assert outbox.offer(b"x" * (100_000 - outbox.backlog))
    assert not outbox.overflowed
    assert not outbox.offer(b"y")
    assert outbox.overflowed


def test_overflow_leaves_no_hole(open_outbox: Open) -> None:
    """After the first refused block everything is refused, even what would fit, and even when there is room again."""
    outbox, theirs = open_outbox(60_000, stalled=True)
    expected = stall(outbox)
    assert not outbox.offer(b"x" * 60_000)
    assert not outbox.offer(b"small")
    assert read_stalled(theirs, expected) == expected
    assert wait_until(lambda: outbox.backlog == 0)
    assert not outbox.offer(b"small")
    outbox.finish(b"bye\n")
    assert read_all(theirs) == b"bye\n"


def test_a_block_larger_than_the_bound_that_is_begun_is_completed(open_outbox: Open, lane: str) -> None:
    """Half a line would be of no use."""
    outbox, theirs = open_outbox(50_000)
    huge = b"x" * 400_000
    assert outbox.offer(huge)
    assert not outbox.offer(b"y" * 50_000)
    assert read(theirs, len(huge)) == huge


def test_many_threads_offer_without_mixing_lines(open_outbox: Open) -> None:
    """Blocks leave whole, each thread's in its own order, while a reader's pages go between them."""
    outbox, theirs = open_outbox(64 * MEGABYTE)

    def talk(who: int) -> None:
        for number in range(200):
            if who == 0:
                answer(outbox, f"{who} {number} {'x' * 500}\n".encode())
            else:
                outbox.offer(f"{who} {number} {'x' * 500}\n".encode())

    talkers = [threading.Thread(target=talk, args=(who,)) for who in range(4)]
    for talker in talkers:
        talker.start()
    lines: list[str] = []
    rest = b""
    while len(lines) < 800:
        *whole, rest = (rest + theirs.recv(65_536)).split(b"\n")
        lines += [line.decode() for line in whole]
    for talker in talkers:
        talker.join(WAIT)
    heard = [(int(who), int(number), hashlib.sha1(x.encode()).digest()) for who, number, x in map(str.split, lines)]
    assert len({digest for _, _, digest in heard}) == 1
    for who in range(4):
        assert [number for w, number, _ in heard if w == who] == list(range(200))


def test_the_first_block_may_be_larger_than_the_bound(open_outbox: Open) -> None:
    """Whoever is just being brought up to date is not too slow."""
    outbox, _ = open_outbox(60_000)
    outbox.offer_pages(iter(()))
    assert outbox.offer(b"x" * 70_000)
    assert not outbox.offer(b"x")
