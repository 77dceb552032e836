"""The lock that goes to whoever has waited longest."""

from __future__ import annotations

import threading

from client_parts.screen.fair_lock import FairLock
from tests.peers import wait_until


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


def test_a_turn_that_comes_with_the_end_of_the_patience_is_taken() -> None:
    lock = FairLock()
    lock.acquire()
    turn = threading.Lock()
    turn.acquire()
    lock._waiting.append(turn)
    lock.release()  # it is this one's turn
    assert not lock._give_up(turn)
    assert not lock.acquire(timeout=0.01)
