"""All transfers at once: a thread each, and what they tell, in order, for the one thread that asks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from client_parts.files.errands import Done, Errand, Failed, Grant, News
from client_parts.transfer.worker import Dial, Way, Worker


class Pool:
    """One thread owns it."""

    def __init__(self, ring: Callable[[], None]) -> None:
        """`ring` is called, in other threads, when there is something to `take`."""
        self._ring = ring
        self._workers: dict[int, Worker] = {}
        self._news: deque[News] = deque()

    def begin(self, errand: Errand) -> None:
        worker = self._workers[errand.number] = Worker(errand, self._tell)
        worker.start()

    def go_on(self, grant: Grant, dial: Dial) -> None:
        if (worker := self._workers.get(grant.number)) is not None:
            worker.go_on(Way(grant, dial))

    def interrupt(self, number: int) -> None:
        """Its connection leads nowhere any more: it is to wait for another."""
        if (worker := self._workers.get(number)) is not None:
            worker.interrupt()

    def cancel(self, number: int) -> None:
        """End one, and keep nothing of it."""
        if (worker := self._workers.pop(number, None)) is not None:
            worker.give_up(keeps=False)
            worker.join()

    def take(self) -> list[News]:
        """What was told since the last time, of those that are still there."""
        taken: list[News] = []
        while self._news:
            news = self._news.popleft()
            if news.number in self._workers:
                taken.append(news)
            if isinstance(news, (Done, Failed)) and (worker := self._workers.pop(news.number, None)) is not None:
                worker.join()
        return taken

    def end(self) -> None:
        """End all. What has arrived is kept, to go on from in another run."""
        for worker in self._workers.values():
            worker.give_up()
        for worker in self._workers.values():
            worker.join()
        self._workers.clear()

    def _tell(self, news: News) -> None:
        self._news.append(news)
        self._ring()
