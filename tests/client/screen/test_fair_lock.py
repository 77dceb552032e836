"""The lock that goes to whoever has waited longest."""

from __future__ import annotations

import signal
import sys
import threading

import pytest

from client_parts.screen.fair_lock import FairLock
from tests.peers import WAIT, wait_until


def test_it_goes_to_those_who_wait_in_the_order_of_asking() -> None:
    lock, order = FairLock(), []

    def take(number: int) -> None:
        with lock:
            order.append(number)

    threads = []
    with lock:
        for number in range(5):
            threads.append(threading.Thread(target=take, args=(number,)))
            threads[-1].start()
            wait_until(lambda: len(lock._waiting) == len(threads))
    with lock:  # asked for before any of them ran: they were first
        assert order == [0, 1, 2, 3, 4]
    for thread in threads:
        thread.join()


def test_who_does_not_get_it_in_time_does_not_keep_it_from_others() -> None:
    lock = FairLock()
    with lock:
        assert not lock.acquire(timeout=0.01)
    assert lock.acquire(timeout=0.01)
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="a signal for one thread is a Unix thing")
def test_who_is_interrupted_does_not_keep_it_from_others() -> None:
    """As by SIGTERM, while another thread writes to a slow terminal."""
    lock, waiter = FairLock(), threading.get_ident()

    def interrupt() -> None:
        with lock:
            held.set()
            wait_until(lambda: len(lock._waiting) == 1)
            signal.pthread_kill(waiter, signal.SIGUSR1)
            wait_until(lambda: not lock._waiting)

    def leave(*_: object) -> None:
        raise SystemExit

    before = signal.signal(signal.SIGUSR1, leave)
    held, holder = threading.Event(), threading.Thread(target=interrupt)
    holder.start()
    try:
        held.wait(WAIT)
        with pytest.raises(SystemExit):
            lock.acquire()
    finally:
        holder.join()
        signal.signal(signal.SIGUSR1, before)
    assert lock.acquire(timeout=0.01)


def test_a_turn_that_comes_with_the_end_of_the_patience_is_taken() -> None:
    lock = FairLock()
    lock.acquire()
    turn = threading.Lock()
    turn.acquire()
    lock._waiting.append(turn)
    lock.release()  # it is this one's turn
    assert not lock._give_up(turn)
    assert not lock.acquire(timeout=0.01)
