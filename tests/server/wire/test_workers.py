"""Threads that compute for others: what is asked for is done once, its outcome comes back, and none is left over."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import pytest

from server_parts.wire.workers import NoThread, Workers
from tests.peers import WAIT, wait_until

pytestmark = pytest.mark.usefixtures("no_threads_left")


@contextlib.contextmanager
def workers(count: int) -> Iterator[Workers]:
    with contextlib.closing(Workers("worker", count)) as some:
        yield some


def names() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name == "worker")


def ask(some: Workers, work: Callable[[], bool]) -> threading.Thread:
    thread = threading.Thread(target=some.do, args=(work,))
    thread.start()
    return thread


def test_an_outcome_comes_back() -> None:
    """Each to whoever asked for it, and it was another thread that did the work."""
    done_by: list[str] = []

    def work(outcome: bool) -> bool:
        done_by.append(threading.current_thread().name)
        return outcome

    with workers(2) as some:
        assert some.do(lambda: work(True))
        assert not some.do(lambda: work(False))
    assert done_by == ["worker", "worker"]


def test_what_is_raised_comes_back_too() -> None:
    """And the thread goes on."""

    def fail() -> bool:
        raise ValueError("it cannot be computed")

    with workers(1) as some:
        with pytest.raises(ValueError, match="cannot be computed"):
            some.do(fail)
        assert some._asked == 0
        assert some.do(lambda: True)


def test_threads_are_started_when_they_are_needed() -> None:
    """None before, one for one task after the other, and not more than were allowed however many ask."""
    go_on = threading.Event()
    with workers(2) as some:
        assert names() == []
        for _ in range(5):
            some.do(lambda: True)
        assert names() == ["worker"]
        asking = [ask(some, lambda: go_on.wait(WAIT)) for _ in range(4)]
        assert wait_until(lambda: some._asked == 4)
        assert names() == ["worker", "worker"]
        go_on.set()
        for thread in asking:
            thread.join(WAIT)
        assert some._asked == 0


def test_closing_waits_for_what_was_asked_for() -> None:
    """Whoever asks after that is told so, and need not wait for ever."""
    begun, go_on, outcomes = threading.Event(), threading.Event(), list[bool]()

    def work() -> bool:
        begun.set()
        return go_on.wait(WAIT)

    some = Workers("worker", 1)
    asking = threading.Thread(target=lambda: outcomes.append(some.do(work)))
    asking.start()
    assert begun.wait(WAIT)
    closing = threading.Thread(target=some.close)
    closing.start()
    go_on.set()
    closing.join(WAIT)
    asking.join(WAIT)
    assert outcomes == [True]
    assert names() == []
    with pytest.raises(NoThread):
        some.do(lambda: True)


def test_a_thread_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one already, that does all of it; where there is none, whoever asks is told so."""
    refused, go_on, outcomes = threading.Event(), threading.Event(), list[bool]()

    def start(_: threading.Thread) -> None:
        refused.set()
        raise RuntimeError("can't start new thread")

    def ask_too() -> None:
        assert go_ask.wait(WAIT)
        outcomes.append(some.do(lambda: True))

    go_ask = threading.Event()
    with workers(2) as some, workers(2) as others:
        asking = [ask(some, lambda: go_on.wait(WAIT)), threading.Thread(target=ask_too)]
        assert wait_until(lambda: len(names()) == 1)
        asking[1].start()
        monkeypatch.setattr(threading.Thread, "start", start)
        with pytest.raises(NoThread):
            others.do(lambda: True)
        refused.clear()
        go_ask.set()
        assert refused.wait(WAIT)
        go_on.set()
        for thread in asking:
            thread.join(WAIT)
    assert outcomes == [True]
