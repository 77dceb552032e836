"""server.py with one habit that a fault test must find out, or with less patience, so that a test takes less time.

python -m tests.faults.odd_server HABIT [what server.py takes]
"""

from __future__ import annotations

import contextlib
import os
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import server
from server_parts import reading
from server_parts.hub import departures, dispatcher, pages
from server_parts.hub.arrivals import Arrivals
from server_parts.people import new_rooms, places, rate_limit
from server_parts.people.clients import Client
from server_parts.protocol import native_frames, plain_door
from server_parts.protocol.requests import Leave
from server_parts.web import web_door
from server_parts.wire import acceptor, entrance, outbox, sockets
from server_parts.wire.handshakes import Handshakes
from server_parts.wire.outbox import Outbox
from server_parts.wire.tls_wire import TlsWire
from server_parts.wire.wire import Wire
from tests.bench.contestants import ARGUMENTS, ROOT, Server, data_folder

HOARDED: Final = 20_000  # bytes kept of every client
THOUGHT: Final = 0.004  # seconds; a hundred who leave at once make nearly half a second


def _change(owner: object, **things: object) -> None:
    for name, thing in things.items():
        assert hasattr(owner, name), f"{owner} has no {name} any more"
        setattr(owner, name, thing)


def hoard() -> None:
    """Keeps something of everybody who was ever here, and now and then a descriptor."""
    kept: list[object] = []
    close = Outbox.close

    def close_and_keep(self: Outbox) -> None:
        kept.append(os.urandom(HOARDED))
        if len(kept) % 10 == 0:
            kept.append(self._wire._socket.dup())
        close(self)

    _change(Outbox, close=close_and_keep)


def wait_for_the_slowest() -> None:
    """Sends as tutorials do: whoever does not read holds everybody up."""

    def send(self: Wire, block: bytes | memoryview) -> int:
        self._socket.sendall(block)
        return len(block)

    _change(Wire, try_send=send)


def wait_for_ever() -> None:
    """Gives everybody all the time in the world to say hello or to end a line."""
    _change(native_frames, HELLO_WAIT=1e6, LINE_WAIT=1e6)
    _change(plain_door, LINE_WAIT=1e6)


def hurry() -> None:
    """Gives a fifth of the time."""
    _change(native_frames, HELLO_WAIT=2.0, LINE_WAIT=6.0)
    _change(plain_door, LINE_WAIT=2.0)
    _change(web_door, HEAD_WAIT=2.0)
    _change(reading, LINGER=0.6)
    _change(entrance, SECONDS=1.0)
    _change(departures, LINGER=0.6)


class _Restless:
    monotonic = staticmethod(time.monotonic)

    @staticmethod
    def sleep(seconds: float) -> None:
        time.sleep(0.0)


def knock_without_pause() -> None:
    """Tries again at once where there are no descriptors, and has none to spare."""
    _change(acceptor, time=_Restless(), _spare_descriptor=lambda: None)


def trust_the_wire() -> None:
    """Never asks whether a peer is still there."""
    _change(sockets, PEER_OPTIONS=())


def lose_heart_early() -> None:
    """Gives a dead peer up after a few seconds."""
    short = {"TCP_KEEPIDLE": 2, "TCP_KEEPINTVL": 1, "TCP_USER_TIMEOUT": 4_000}
    options = ((level, option, short.get(option, value)) for level, option, value in sockets.PEER_OPTIONS)
    _change(sockets, PEER_OPTIONS=tuple(options))


def think_about_everyone() -> None:
    """Lets everybody wait while it thinks about somebody who leaves a room."""
    leave = Arrivals.leave

    def leave_slowly(self: Arrivals, client: Client, request: Leave) -> None:
        time.sleep(THOUGHT)
        leave(self, client, request)

    _change(Arrivals, leave=leave_slowly)


def leave_without_a_word() -> None:
    """Stops without telling anybody."""

    def finish(self: Outbox, last_words: bytes, *, at_once: bool = False) -> None:
        self.cut()

    _change(Outbox, finish=finish)


def far_from_home() -> None:
    """Takes this machine's addresses but the first one for those of other machines; else it is as it should be."""
    for module in (places, new_rooms, server):
        _change(module, is_own=lambda source: source == "127.0.0.1")


def let_everybody_in() -> None:
    """Counts no connections by their address."""
    far_from_home()
    _change(places, is_own=lambda source: True)


def shake_hands_with_everybody() -> None:
    """Begins as many handshakes at once as it is asked to."""
    far_from_home()
    _change(entrance, Handshakes=lambda: Handshakes(10**6, 10**6), SECONDS=1e6)


def forget_rates() -> None:
    """Gives everybody who comes in a rate limit of their own, as if for the first time."""
    far_from_home()
    find = rate_limit.RateLimits.find

    def find_anew(self: rate_limit.RateLimits, *args: Any) -> rate_limit.Person:
        self._people.clear()
        self._shared.clear()
        return find(self, *args)

    _change(rate_limit.RateLimits, find=find_anew)


def rename_for_nothing() -> None:
    """Takes a new name for a request like any other, however many hear of it."""
    far_from_home()
    _change(dispatcher, HEARERS=1e9)
    _change(rate_limit, RENAMES=40, RENAMES_SHARE=1.0)


def count_no_rooms() -> None:
    """Lets one address begin as many rooms as it likes."""
    far_from_home()
    _change(new_rooms, MOST=10**9)


def answer_at_once() -> None:
    """Makes long answers whole before it sends them, and waits for ever until they are read."""
    far_from_home()
    _change(pages, PORTION=10**9)
    _change(outbox, STALLED=1e9, _pages=threading.BoundedSemaphore(10**6))


def seal_without_a_lock() -> None:
    """Lets the two directions of an encrypted connection use its channel at once."""
    # Whoever asks for the lock is given one that nobody else has.
    _change(TlsWire, lock=property(lambda wire: threading.Lock(), lambda wire, lock: None))


class _Sealed(bytes):
    """To be sent as it is."""


def seal_too_early() -> None:
    """Seals what it says when that is queued, not when its turn to be sent has come."""
    offer, try_send = Outbox.offer, TlsWire.try_send

    def offer_sealed(self: Outbox, block: bytes) -> bool:
        return offer(self, _sealed(self._wire, block) if isinstance(self._wire, TlsWire) else block)

    def try_send_as_it_is(self: TlsWire, block: bytes | memoryview) -> int:
        is_sealed = isinstance(block.obj if isinstance(block, memoryview) else block, _Sealed)
        return Wire.try_send(self, block) if is_sealed else try_send(self, block)

    _change(Outbox, offer=offer_sealed)
    _change(TlsWire, try_send=try_send_as_it_is)


def _sealed(wire: TlsWire, block: bytes) -> bytes:
    with wire.lock:
        rest = memoryview(block)
        with contextlib.suppress(ssl.SSLError):  # it is over
            while rest:
                rest = rest[wire._channel.seal(rest) :]
        return _Sealed(wire._channel.outgoing())


HABITS: Final[dict[str, Callable[[], None]]] = {
    habit.__name__: habit
    for habit in (
        hoard,
        wait_for_the_slowest,
        wait_for_ever,
        hurry,
        knock_without_pause,
        trust_the_wire,
        lose_heart_early,
        think_about_everyone,
        leave_without_a_word,
        far_from_home,
        let_everybody_in,
        shake_hands_with_everybody,
        forget_rates,
        rename_for_nothing,
        count_no_rooms,
        answer_at_once,
        seal_without_a_lock,
        seal_too_early,
    )
}


@contextmanager
def serving(
    *options: str, habit: Callable[[], None] | None = None, prefix: Sequence[str] = (), folder: Path | None = None
) -> Iterator[Server]:
    """A server process over a log in files: the real one, or the one with a habit."""
    program = ["server.py"] if habit is None else ["-m", __name__, habit.__name__]
    with tempfile.TemporaryDirectory(prefix="chat-faults-", dir=data_folder()) as temporary:
        place = folder or Path(temporary)
        flags = ["--port", "0", "--data", str(place / "data"), *ARGUMENTS, *options]
        with Server([*prefix, sys.executable, *program, *flags], place) as running:
            yield running


def connections_of(server: Server) -> int:
    """How many sockets it has open, the listening one included."""
    count = 0
    folder = Path(f"/proc/{server.pid}/fd")
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            count += os.readlink(folder / name).startswith("socket:")
    return count


def main(argv: list[str]) -> int:
    HABITS[argv[0]]()
    return server.main(argv[1:])


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
