"""A few threads that compute for others, who wait for the outcome.

What a thread once needed for a handshake stays with it: pages of its stack, and what OpenSSL keeps for each thread. So
a few threads that stay do that for all, and not the readers, of which there are thousands. A new thread for each
handshake would not do either: when it has ended, its stack is given to the next reader.
It must not know what is computed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

from server_parts.wire.giving_way import GivingWay

COUNT: Final = max((os.cpu_count() or 1) - 1, 1)  # one processor is left for everybody else


class NoThread(Exception):
    """Nobody can do it: there are no more threads to be had, or the workers were told to stop."""


class _Task:
    """Done once. Whoever waits for it is another thread."""

    def __init__(self, work: Callable[[], bool]) -> None:
        self._work = work
        self._done = threading.Lock()  # held until it is done; one waits for it, so it need not be an event
        self._done.acquire()
        self._outcome: list[bool] = []
        self._failure: BaseException | None = None

    def do(self) -> None:
        try:
            self._outcome.append(self._work())
        except BaseException as error:
            self._failure = error
        finally:
            self._done.release()

    def outcome(self) -> bool:
        self._done.acquire()
        if self._failure is not None:
            raise self._failure
        return self._outcome[0]


class Workers:
    """`do` may be called by any thread; the threads are started when there is something to do for them."""

    def __init__(self, name: str, count: int = COUNT, turn: Callable[[], int] = lambda: 0) -> None:
        """`turn`: whose end is waited for, see GivingWay."""
        self._name, self._count, self._turn = name, count, turn
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._lock = threading.Lock()  # guards what is below
        self._threads: list[threading.Thread] = []
        self._asked = 0
        self._closed = False

    def do(self, work: Callable[[], bool]) -> bool:
        """Its outcome, or what it raised; else NoThread."""
        task = _Task(work)
        with self._lock:
            self._hire()
            self._asked += 1
            self._tasks.put(task)
        try:
            return task.outcome()
        finally:
            with self._lock:
                self._asked -= 1

    def close(self) -> None:
        """What was asked for is done before it returns, and nothing is after that."""
        with self._lock:
            self._closed = True
            threads, self._threads = self._threads, []
            for _ in threads:
                self._tasks.put(None)
        for thread in threads:
            thread.join()

    def _hire(self) -> None:
        """With the lock held: one more, if those that there are may be busy."""
        if self._closed:
            raise NoThread
        if self._asked < len(self._threads) or len(self._threads) == self._count:
            return
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)  # but joined by `close`
        try:
            thread.start()
        except RuntimeError:
            if not self._threads:
                raise NoThread from None
        else:
            self._threads.append(thread)

    def _run(self) -> None:
        giving_way = GivingWay(self._turn)
        while (task := self._tasks.get()) is not None:
            with giving_way.work():
                task.do()
            del task  # or it would be kept while there is nothing to do
