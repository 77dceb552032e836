"""Nothing that one connection sends leaves on another, whatever fails in between: a crowd shares one outlet.

Every call of OpenSSL for a server's channel may fail, before or after it has put something into the outlet, and so may
taking that out. Each connection has a text of its own to send and to receive. One for which nothing failed must have
all of it, and nobody may ever have a byte of anything else.
"""

from __future__ import annotations

import random
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import pytest

from tests.peers import WAIT
from tests.tls.certificates import needs_openssl, server_context, trusting_context
from tls_parts.channel import Channel
from tls_parts.outlet import Outlet

pytestmark = [needs_openssl, pytest.mark.usefixtures("no_threads_left")]

THREADS, AT_ONCE, TURNS = 4, 6, 4
FEW, QUICK, MANY = 60, 198, 3_000  # connections of each thread
CALLS: Final = ("do_handshake", "read", "write", "unwrap", "pending", "take")
FAILURES: Final = (ssl.SSLError, MemoryError, KeyboardInterrupt)
Fault = Callable[[str], "type[BaseException] | None"]  # by what is called, and whether before or after it


class Failing:
    """Stands for a TLS object, or for an outlet's buffer: its calls may fail before they are made, and after."""

    def __init__(self, target: Any, fault: Fault) -> None:
        self._target = target
        self._fault = fault

    def _call(self, name: str, call: Callable[..., Any], *args: Any) -> Any:
        self._fail(f"before {name}")
        try:
            return call(*args)
        finally:
            self._fail(f"after {name}")

    def _fail(self, moment: str) -> None:
        if (failure := self._fault(moment)) is not None:
            raise failure(moment)


class FailingTls(Failing):
    def do_handshake(self) -> None:
        self._call("do_handshake", self._target.do_handshake)

    def read(self, size: int) -> bytes:
        return bytes(self._call("read", self._target.read, size))

    def write(self, data: bytes | memoryview) -> int:
        return int(self._call("write", self._target.write, data))

    def unwrap(self) -> None:
        self._call("unwrap", self._target.unwrap)


class FailingBuffer(Failing):
    @property
    def pending(self) -> int:
        return int(self._call("pending", lambda: self._target.pending))

    def read(self) -> bytes:
        return bytes(self._call("take", self._target.read))


class View(Outlet):
    """An outlet as one connection has it: the buffer and the lock are everybody's, the failures its own."""

    def __init__(self, shared: Outlet, fault: Fault) -> None:
        self.lock = shared.lock
        self.buffer = FailingBuffer(shared.buffer, fault)  # type: ignore[assignment]


class Forgetful(View):
    """A wrong one: it trusts that the one before has left nothing."""

    def clear(self) -> None:
        pass


class Talk:
    """One connection, in small steps: hands are shaken, each side says its text, the server says the end."""

    def __init__(self, number: int, shared: Outlet, fault: Fault, view: type[View] = View) -> None:
        self.has_failed = False
        self._fault = fault
        self._server = Channel(contexts()[0], server_side=True, outlet=shared)
        self._server._tls = FailingTls(self._server._tls, self._note)  # type: ignore[assignment]
        self._server._outlet = view(shared, self._note)
        self._client = Channel(contexts()[1], server_side=False)
        self._text = b"<%d>" % number * (20 + number % 7 * 300)
        self._heard = {"server": b"", "client": b""}
        self._steps = self._talk()

    def step(self) -> bool:
        """Whether there is more to do. AssertionError if anything was heard that is not its own."""
        try:
            next(self._steps)
        except StopIteration:
            assert self._heard == {"server": self._text, "client": self._text}
            return False
        except FAILURES as failure:
            if not self.has_failed:
                raise AssertionError("nothing failed here, and yet something is wrong") from failure
            return False
        return True

    def _note(self, moment: str) -> type[BaseException] | None:
        failure = self._fault(moment)
        self.has_failed |= failure is not None
        return failure

    def _talk(self) -> Iterator[None]:
        while not (self._client.shake_hands() & self._server.shake_hands()):
            self._carry()
            yield
        for part in range(TURNS):
            for sender in (self._server, self._client):
                self._say(sender, self._text[part * len(self._text) // TURNS : (part + 1) * len(self._text) // TURNS])
                yield
        self._server.end()
        self._carry()
        assert self._client.ended or self.has_failed

    def _say(self, sender: Channel, text: bytes) -> None:
        while text:
            text = text[sender.seal(text) :]
            self._carry()

    def _carry(self) -> None:
        """What each side has to send arrives at the other one at once, also what is said about a failure."""
        for name, sender, receiver in (
            ("server", self._client, self._server),
            ("client", self._server, self._client),
        ):
            if sender.has_outgoing:
                receiver.feed(sender.outgoing())
            if receiver.is_open:
                self._heard[name] += receiver.read() or b""
                assert self._text.startswith(self._heard[name])


@cache
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's and the clients'."""
    return server_context(), trusting_context()


def nothing_fails(_: str) -> None:
    return None


def fails_at(moment: str, nth: int, failure: type[BaseException]) -> Fault:
    """The nth call of that kind, only."""
    seen = 0

    def fault(now: str) -> type[BaseException] | None:
        nonlocal seen
        seen += now == moment
        return failure if now == moment and seen == nth else None

    return fault


def sometimes(chance: random.Random) -> Fault:
    return lambda _: chance.choice(FAILURES) if chance.random() < 0.01 else None


def finish(*talks: Talk) -> None:
    """A step of each in turn, to the end of all."""
    left = list(talks)
    while left:
        left = [talk for talk in left if talk.step()]


def crowd(connections: int, view: type[View]) -> tuple[int, list[BaseException]]:
    """For how many of them something failed; what was wrong beyond that."""
    shared, wrong, failed = Outlet(), list[BaseException](), list[int]()
    contexts()  # the key is made once, and not by several threads at the same time

    def run(thread: int) -> None:
        chance = random.Random(thread)
        for first in range(0, connections, AT_ONCE):
            numbers = range(thread * connections + first, thread * connections + first + AT_ONCE)
            talks = [Talk(number, shared, sometimes(chance), view) for number in numbers]
            try:
                finish(*talks)
            except BaseException as error:
                wrong.append(error)
            failed.append(sum(talk.has_failed for talk in talks))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60 * WAIT)
        assert not thread.is_alive()
    return sum(failed), wrong


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_one_that_fails_costs_nobody_else_anything(when: str, call: str, failure: type[BaseException]) -> None:
    """At whichever of its calls: those beside it hear all that is theirs."""
    reached = 0
    for nth in range(1, 9):
        shared = Outlet()
        failing = Talk(1, shared, fails_at(f"{when} {call}", nth, failure))
        finish(Talk(2, shared, nothing_fails), failing, Talk(3, shared, nothing_fails))
        reached += failing.has_failed
    assert reached


def test_a_crowd_in_which_much_fails() -> None:
    failed, wrong = crowd(QUICK, View)
    assert wrong == []
    assert failed > THREADS * QUICK // 10


@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_a_large_crowd_in_which_much_fails() -> None:
    failed, wrong = crowd(MANY, View)
    assert wrong == []
    assert failed > THREADS * MANY // 10


def test_an_outlet_that_trusts_the_one_before_is_found_out() -> None:
    """What could not be taken out leaves on somebody else's connection: both tests above see it."""
    shared = Outlet()
    failing = Talk(1, shared, fails_at("before take", 2, MemoryError))
    with pytest.raises(AssertionError, match="nothing failed here"):
        finish(failing, Talk(2, shared, nothing_fails, Forgetful))
    assert crowd(FEW, Forgetful)[1]


def test_a_text_of_somebody_else_is_found_out() -> None:
    talk = Talk(1, Outlet(), nothing_fails)
    while not talk._client.is_open:
        talk.step()
    talk._server.seal(b"<2>")
    with pytest.raises(AssertionError):
        finish(talk)
