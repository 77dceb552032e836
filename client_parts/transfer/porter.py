"""Between the conversation, which says what files are to be moved, and the threads that move them.

The thread of the conversation owns it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from client_parts.conversation.transfers import Transfers
from client_parts.files.errands import Begin, Done, Errand, Failed, Grant, Interrupt, Lost, Moved, News, Order
from client_parts.link.connection import Connection
from client_parts.screen.filing import event
from client_parts.screen.screen import Screen

if TYPE_CHECKING:
    from client_parts.transfer.pool import Pool


class Porter:
    def __init__(self, transfers: Transfers, connection: Connection, screen: Screen) -> None:
        self._transfers = transfers
        self._connection = connection
        self._screen = screen
        self._pool: Pool | None = None  # as soon as a file is moved
        self._ring: Callable[[], None] = lambda: None
        self._has_left = False

    def begin(self, ring: Callable[[], None]) -> None:
        self._ring = ring

    def tend(self, now: float) -> None:
        """Hand over what was told, and carry out what follows from it."""
        self._carry_out(now)
        for news in self._pool.take() if self._pool is not None else ():
            errand = self._transfers.find(news.number)
            self._transfers.take(news, now)
            if errand is not None:
                self._tell_programs(errand, news)
        self._carry_out(now)

    def leave(self) -> None:
        """End all, and have the server told."""
        if not self._has_left:
            self._has_left = True
            self.end()
            self._transfers.leave()

    def end(self) -> None:
        if self._pool is not None:
            self._pool.end()

    def _carry_out(self, now: float) -> None:
        while self._transfers.orders:
            self._obey(self._transfers.orders.popleft(), now)

    def _obey(self, order: Order, now: float) -> None:
        if self._pool is None:
            # Imported here: most runs move no file.
            from client_parts.transfer.pool import Pool

            self._pool = Pool(self._ring)
        if isinstance(order, Begin):
            self._pool.begin(order.errand)
            self._screen.event(event(order.errand, "begun"))
        elif isinstance(order, Grant):
            dial = self._connection.way()
            if dial is not None:
                self._pool.go_on(order, dial)
            else:  # the link was lost just now
                self._transfers.take(Lost(order.number), now)
        elif isinstance(order, Interrupt):
            self._pool.interrupt(order.number)
        else:
            self._pool.cancel(order.number)

    def _tell_programs(self, errand: Errand, news: News) -> None:
        if isinstance(news, Moved):
            self._screen.event(event(errand, "moving"))
        elif isinstance(news, Done):
            more = {"path": news.path} if news.path else {}
            self._screen.event(event(errand, "done", **more))
        elif isinstance(news, Failed):
            self._screen.event(event(errand, "failed", text=news.sentence))
