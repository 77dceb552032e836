"""Walks at random: Carol goes from server to server and writes to Gwen, whose name changes hands; servers come and go.

Each hub may stand still while something happens. What Carol says after each move was written before it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from server_parts.protocol.requests import Bye, Hello, Say, Who
from tests.peers import Frame, codes, of_type, wait_until
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import MemoryMeeting, held

MOST_SERVERS = 4
STEPS = 5


class Chat:
    """Several servers, of which some are lost now and then."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self._meeting = MemoryMeeting()
        self._opened: list[Bench] = []
        self.servers: list[Bench] = []

    def any(self) -> Bench:
        return self._random.choice(self.servers)

    def open(self) -> Bench:
        server = self._meeting.open(f"server {len(self._opened)}")
        self._opened.append(server)
        self.servers.append(server)
        return server

    def open_while_one_is_lost(self) -> None:
        lost = self.any()
        with held(lost):
            server = self.open()
            elsewhere = server.hub._neighbours.elsewhere
            assert wait_until(lambda: elsewhere.expected == {lost.exchange.server})
            self._give_up(lost)
            await_all(server)
        self._end(lost)

    def lose(self, lost: Bench) -> None:
        self._give_up(lost)
        self._end(lost)

    def _give_up(self, server: Bench) -> None:
        self.servers.remove(server)
        self._meeting.give_up(server.exchange.server)

    def _end(self, server: Bench) -> None:
        self._opened.remove(server)
        server.stop()

    def settle(self) -> None:
        for server in self.servers:
            await_all(server)

    def close(self) -> None:
        for server in self._opened:
            server.stop()


def await_all(server: Bench) -> None:
    """Until that server knows of all others."""
    neighbours = server.hub._neighbours
    assert wait_until(lambda: not neighbours._is_lost and not neighbours.elsewhere.expected)


class Walk:
    """One Carol, and all who are called Gwen. `wrong` is what should not have happened."""

    def __init__(self, chat: Chat, rng: random.Random, number: int) -> None:
        self._chat, self._random = chat, rng
        self._carol, self._gwen = f"carol{number}", f"gwen{number}"
        self._bearer = 0
        self._seq = 0
        self._to: list[Bench] = []  # where the name may be taken, if not everywhere
        self.trace: list[str] = []
        self.wrong: list[str] = []

    def run(self) -> None:
        self._at = self._chat.any()
        self._take()
        self._come(Hello(self._carol, self._session("carol"), token=self._carol * 8))
        self._write()
        for _ in range(self._random.randint(1, STEPS)):
            self._chat.settle()
            self._happen()
            if self._at not in self._chat.servers or self._random.random() < 0.5:
                self._move()
        self._gwen_seat.ask(Bye())
        self._carol_seat.ask(Bye())

    def _happen(self) -> None:
        chat, what = self._chat, self._random.choice(("open", "replace one", "lose", "pass on", "gwen moves"))
        self.trace.append(what)
        if what == "open" and len(chat.servers) < MOST_SERVERS:
            chat.open()
        elif what == "replace one" and len(chat.servers) > 1:  # or nobody would be left who knows who was there
            chat.open_while_one_is_lost()
        elif what == "lose" and len(chat.servers) > 1:
            chat.lose(chat.any())
        elif what == "pass on":
            with self._perhaps_held():
                self._leave()
                self._bearer += 1
                self._take()
        elif what == "gwen moves":
            self._take()
        if self._gwen_at not in chat.servers:
            self._take()

    @contextmanager
    def _perhaps_held(self) -> Iterator[None]:
        """Carol's server hears of it later, if Gwen's is another one."""
        others = [server for server in self._chat.servers if server is not self._at]
        with ExitStack() as stack:
            if self._at in self._chat.servers and self._gwen_at in others and self._random.random() < 0.5:
                stack.enter_context(held(self._at))
                self._to = others
            yield
            self._to = []

    # --- Gwen ---

    def _session(self, of: str) -> str:
        return f"session-of-{of}-{self._carol}-{self._bearer if of == 'gwen' else 0}"

    def _leave(self) -> None:
        self._gwen_seat.ask(Bye())

    def _take(self) -> None:
        self._gwen_at = self._random.choice(self._to or self._chat.servers)
        self._gwen_seat = _let_in(self._gwen_at, Hello(self._gwen, self._session("gwen")))

    # --- Carol ---

    def _come(self, hello: Hello) -> None:
        self._carol_seat = _let_in(self._at, hello)
        names = self._at.hub._live_rooms.names
        assert wait_until(lambda: names.find(self._gwen) is not None)
        self._carol_seat.ask(Who("lobby"))

    def _move(self) -> None:
        self._at = self._chat.any()
        await_all(self._at)
        epoch = self._at.store.epoch
        self._come(Hello(self._carol, self._session("carol"), token=self._carol * 8, epoch=epoch))
        (welcome,) = of_type(self._carol_seat.ever, "welcome")
        self._seq = welcome["accepted"]
        self._write()

    def _write(self) -> None:
        self._seq += 1
        self._judge(self._carol_seat.ask(Say(f"@{self._gwen}", ["psst"], self._seq)))

    def _judge(self, told: list[Frame]) -> None:
        is_refused = "no_such_user" in codes(told)
        self.trace.append("refused" if is_refused else "said")
        if is_refused and not self._bearer:
            self.wrong.append(f"refused: {self.trace}")
        if not is_refused and self._bearer:
            self.wrong.append(f"misdirected: {self.trace}")


def _let_in(server: Bench, hello: Hello) -> Seat:
    seat = Seat(server)
    assert wait_until(lambda: bool(of_type(seat.ask(hello), "welcome")))
    return seat


def walk(seed: int, walks: int) -> list[str]:
    """What went wrong in so many walks, one after the other at the same servers."""
    rng = random.Random(seed)
    chat = Chat(rng)
    wrong = []
    try:
        for _ in range(2):
            chat.open()
        for number in range(walks):
            chat.settle()
            one = Walk(chat, rng, number)
            one.run()
            wrong += one.wrong
    finally:
        chat.close()
    return wrong
