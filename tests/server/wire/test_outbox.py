"""Bytes to one client, over real socket pairs; everything a second time as on Windows, without MSG_DONTWAIT."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from server_parts.wire import outbox as outbox_module
from server_parts.wire import sockets
from server_parts.wire.outbox import Outbox
from server_parts.wire.wire import Wire
from tests.peers import WAIT, wait_until

MEGABYTE = 1024 * 1024
pytestmark = pytest.mark.usefixtures("lane", "no_threads_left")

Open = Callable[..., tuple[Outbox, socket.socket]]
STALLED = b"what the kernel took before"


@pytest.fixture(params=["straight lane", "Windows"])
def lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the system sends: with a flag that never waits, or through a thread."""
    if request.param == "Windows":
        monkeypatch.setattr(sockets, "DONTWAIT", None)
    return str(request.param)


@pytest.fixture
def open_outbox() -> Iterator[Open]:
    """Makes an outbox and the client's end of its connection, stalled or not; closes both."""
    opened: list[tuple[Outbox, socket.socket]] = []

    def make(bound: int = MEGABYTE, *, stalled: bool = False) -> tuple[Outbox, socket.socket]:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        theirs.settimeout(WAIT)
        if stalled:
            swallow(ours)
        opened.append((Outbox(Wire(ours), bound), theirs))
        return opened[-1]

    yield make
    for outbox, theirs in opened:
        outbox.close()
        theirs.close()


def read(theirs: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = theirs.recv(size - len(data))
        assert piece, f"the end after {len(data)} of {size} bytes"
        data += piece
    return data


def read_all(theirs: socket.socket) -> bytes:
    return b"".join(iter(lambda: theirs.recv(65_536), b""))


def block(number: int, size: int = 10_000) -> bytes:
    return f"{number:08}".encode() * (size // 8)


def swallow(ours: socket.socket) -> None:
    """Fill the kernel's buffer, so that not a byte more goes out until the client reads."""
    ours.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            ours.send(STALLED)
    ours.setblocking(True)


def stall(outbox: Outbox) -> bytes:
    """Offer three blocks to a client that does not read; what they were."""
    blocks = [block(number) for number in range(3)]
    assert all(outbox.offer(each) for each in blocks)
    assert outbox.backlog == 30_000
    return b"".join(blocks)


def read_stalled(theirs: socket.socket, expected: bytes) -> bytes:
    """Read what the kernel had swallowed and as much as is expected after it; the latter."""
    data = b""
    while len(data.replace(STALLED, b"")) < len(expected):
        data += theirs.recv(65_536)
    return data.replace(STALLED, b"")


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
    reader = threading.Thread(target=outbox.write, args=(b"x" * 500_000,))
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


def test_write_waits_until_it_is_sent(open_outbox: Open) -> None:
    """The reader's own answer is out when the call returns, however slow the client."""
    outbox, theirs = open_outbox(stalled=True)
    expected = stall(outbox)
    writer = threading.Thread(target=outbox.write, args=(b"answer" * 10_000,))
    writer.start()
    assert writer.is_alive()
    expected += b"answer" * 10_000
    assert read_stalled(theirs, expected) == expected
    writer.join(WAIT)
    assert not writer.is_alive()


def test_finish_says_the_last_words(open_outbox: Open) -> None:
    """They are the last: the stream ends after them and nothing more is taken."""
    outbox, theirs = open_outbox()
    outbox.finish(b"bye\n")
    assert outbox.closed
    assert not outbox.offer(b"too late")
    outbox.write(b"too late")
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
    writer = threading.Thread(target=outbox.write, args=(b"answer",))
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
    outbox.write(b"z")
    with contextlib.suppress(ConnectionError):
        read_all(theirs)  # comes to an end


def test_many_threads_offer_without_mixing_lines(open_outbox: Open) -> None:
    """Blocks leave whole, each thread's in its own order, while a reader's pages go between them."""
    outbox, theirs = open_outbox(64 * MEGABYTE)

    def talk(who: int) -> None:
        for number in range(200):
            if who == 0:
                outbox.write(f"{who} {number} {'x' * 500}\n".encode())
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


def test_a_reader_goes_back_to_reading_once_its_own_words_are_out(open_outbox: Open) -> None:
    """Also if the hub never stops offering: a drainer takes the wire over."""
    outbox, theirs = open_outbox(stalled=True)
    stall(outbox)
    done = threading.Event()

    def write() -> None:
        outbox.write(b"PONG")
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


def test_the_first_block_may_be_larger_than_the_bound(open_outbox: Open) -> None:
    """Whoever is just being brought up to date is not too slow."""
    outbox, _ = open_outbox(60_000)
    outbox.offer_pages(iter(()))
    assert outbox.offer(b"x" * 70_000)
    assert not outbox.offer(b"x")


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
