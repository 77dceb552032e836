"""While people talk, pages of answers are made one at a time; one that takes long holds the others up for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from server_parts.wire import making as making_module
from server_parts.wire.making import Making
from tests.peers import WAIT
from tests.server.wire.slow_client import Open

pytestmark = pytest.mark.usefixtures("no_threads_left")


class Pages:
    """Of which the first is made when the test says so."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        self.begun.set()
        assert self.may_end.wait(WAIT)
        yield b"page\n"


Drain = Callable[[], Pages]


@pytest.fixture
def drain(open_outbox: Open, making: Making) -> Iterator[Drain]:
    """Has pages sent to a client of their own, by a thread of their own."""
    threads: list[threading.Thread] = []

    def begin() -> Pages:
        pages, (outbox, _) = Pages(), open_outbox()
        outbox.offer_pages(iter(pages))
        threads.append(threading.Thread(target=outbox.drain))
        threads[-1].start()
        return pages

    yield begin
    for thread in threads:
        thread.join(WAIT)


@pytest.fixture
def making(request: pytest.FixtureRequest) -> Making:
    """Of a server whose hub is always in the same turn, or never."""
    return Making(lambda: request.param)


def made(drain: Drain) -> Pages:
    """Pages of which the first is being made."""
    pages = drain()
    assert pages.begun.wait(WAIT)
    return pages


def held_up(drain: Drain) -> Pages:
    """Pages that have to wait."""
    pages = drain()
    assert not pages.begun.wait(0.05)
    return pages


@pytest.mark.parametrize("making", [1], indirect=True, ids=["people talk"])
def test_pages_are_made_one_at_a_time(drain: Drain) -> None:
    first, second = made(drain), held_up(drain)
    first.may_end.set()
    assert second.begun.wait(WAIT)
    second.may_end.set()


@pytest.mark.parametrize("making", [0], indirect=True, ids=["nobody talks"])
def test_where_nobody_talks_nobody_waits(drain: Drain) -> None:
    first, second = made(drain), made(drain)
    first.may_end.set()
    second.may_end.set()


@pytest.mark.parametrize("making", [1], indirect=True, ids=["people talk"])
def test_a_page_that_waits_for_a_disk_holds_nobody_up_for_ever(drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one is made beside it then, and whoever comes next waits only for the first."""
    monkeypatch.setattr(making_module, "LONGEST", 0.01)
    first, second = made(drain), made(drain)
    second.may_end.set()
    monkeypatch.setattr(making_module, "LONGEST", WAIT)
    third = held_up(drain)
    first.may_end.set()
    assert third.begun.wait(WAIT)
    third.may_end.set()


@pytest.mark.parametrize("making", [1], indirect=True, ids=["people talk"])
def test_a_page_that_cannot_be_made_lets_the_next_one_go_on(making: Making) -> None:
    def broken() -> Iterator[bytes]:
        yield b"first\n"
        raise OSError("the disk is gone")

    pages = broken()
    assert making.page(pages) == b"first\n"
    with pytest.raises(OSError, match="the disk is gone"):
        making.page(pages)
    assert making.page(iter([b"next\n"])) == b"next\n"
    assert making.page(iter([])) is None
