"""One address that takes as much as it can, as a program of its own.

    python -m tests.faults.abusers KIND PORT SEED      until its standard input ends; then it says how much it did

connect    silent connections, as many as come in, from another address
half_open  connections that begin to encrypt and do not go on, as many as come in, from another address
held       a thousand of these, after their first byte, from this machine's own address, which is not counted
handshakes connections that are gone as soon as they are encrypted, from this machine's own address
renames    25 clients in 380 rooms each, which change their names as fast as they may, from this machine's address
lists      sixteen clients that ask who is there and which rooms there are, as fast as they may, from another address
reconnect  four loops that come in, say forty texts and go, under new names, from this machine's own address
rooms      a first text in one new room after another, from another address
unread     sixty clients that ask for long pages and read nothing, from this machine's own address
"""

from __future__ import annotations

import contextlib
import json
import math
import random
import re
import secrets
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final

from tests.faults.stormers import main, over
from tests.peers import WAIT

HOME: Final = "127.0.0.1"  # all others are taken for other machines: see odd_server.far_from_home
LOOPS: Final = 4
TEXTS: Final = 40  # of one connection
UNREAD: Final = 60
RENAMERS: Final = 25
RENAMERS_ROOMS: Final = [f"{first}{second}" for first in "0123456789abcdefghi" for second in "0123456789abcdefghij"]
LISTERS: Final = 16  # as many as one address may be
AHEAD: Final = 200  # requests that one of them sends at once
SMALL: Final = 4_096  # bytes that the kernel keeps for who does not read
PAUSE: Final = 0.001  # between two connects: the abuser's processor time is not what is judged
HELD: Final = 1_000
TLS_BEGINNING: Final = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)
BIG: Final = "big"  # the room with the long texts
ASKS: Final[tuple[dict[str, Any], ...]] = (
    {"type": "history", "room": BIG, "limit": 500},
    {"type": "join", "room": BIG, "after": 0},
    {"type": "search", "room": BIG, "text": "needle", "limit": 100},
)


def far(seed: int, machine: int) -> str:
    """The address of another machine, for each try another one."""
    return f"127.0.{1 + seed % 250}.{machine}"


def connect(port: int, seed: int) -> int:
    done = 0
    with ExitStack() as opened:
        while not over.wait(PAUSE):
            with contextlib.suppress(OSError):
                opened.enter_context(_connection(port, far(seed, 1)))
                done += 1
    return done


def half_open(port: int, seed: int) -> int:
    return _begin_handshakes(port, far(seed, 4), TLS_BEGINNING)


def held(port: int, seed: int) -> int:
    return _begin_handshakes(port, HOME, TLS_BEGINNING[:1], HELD)


def _begin_handshakes(port: int, source: str, beginning: bytes, most: float = math.inf) -> int:
    """Again and again, up to that many; none of them goes on."""
    done = 0
    with ExitStack() as opened:
        while not over.wait(PAUSE):
            if done < most:
                with contextlib.suppress(OSError):
                    opened.enter_context(_connection(port, source)).sendall(beginning)
                    done += 1
    return done


def handshakes(port: int, seed: int) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    done = 0
    while not over.wait(PAUSE):
        with (
            contextlib.suppress(OSError),
            _connection(port, HOME) as connection,
            context.wrap_socket(connection),
        ):
            done += 1
    return done


def renames(port: int, seed: int) -> int:
    with ExitStack() as opened:
        crowd = [opened.enter_context(_connection(port, HOME)) for _ in range(RENAMERS)]
        for connection in crowd:
            connection.sendall(_line(_hello(RENAMERS_ROOMS)) + _line({"type": "ping", "n": 0}))
            assert _read_as_far_as(connection, b'"pong"') or over.is_set(), "nobody is let in"
        names = [f"a-{secrets.token_hex(4)}" for _ in crowd]
        nicks = [
            b"".join(_line({"type": "nick", "name": f"{name}-{again}"}) for again in range(AHEAD)) for name in names
        ]
        first = RENAMERS_ROOMS[0]  # each is told of its new name in all its rooms
        answers = [f'"room":"{first}","renamed":\\[\\["[^"]*","{name}-' for name in names]
        return _answered(crowd, nicks, answers)


def lists(port: int, seed: int) -> int:
    asks = b"".join(_line({"type": "who"}) + _line({"type": "rooms"}) for _ in range(AHEAD // 2))
    with ExitStack() as opened:
        crowd = [opened.enter_context(_connection(port, far(seed, 3))) for _ in range(LISTERS)]
        return _answered(crowd, [_line(_hello([])) + asks for _ in crowd], ['"more":false'] * LISTERS)


def _answered(crowd: Sequence[socket.socket], asks: Iterable[bytes], answers: Iterable[str]) -> int:
    """Ask all that at once, and read until it is over; how many lines came that are answers."""
    done: list[int] = []

    def read(connection: socket.socket, answer: str) -> None:
        done.append(_lines_with(connection, re.compile(answer.encode())))

    readers = [threading.Thread(target=read, args=pair) for pair in zip(crowd, answers, strict=True)]
    for reader in readers:
        reader.start()
    for connection, some in zip(crowd, asks, strict=True):
        connection.sendall(some)
    over.wait()
    for connection in crowd:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # nothing is to follow
            connection.shutdown(socket.SHUT_RDWR)
    for reader in readers:
        reader.join()
    return sum(done)


def _lines_with(connection: socket.socket, wanted: re.Pattern[bytes]) -> int:
    done = 0
    with contextlib.suppress(OSError), connection.makefile("rb") as lines:
        for line in lines:
            done += wanted.search(line) is not None
    return done


def reconnect(port: int, seed: int) -> int:
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(_come_and_talk(port))) for _ in range(LOOPS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)


def _come_and_talk(port: int) -> int:
    """How often somebody came in."""
    done = 0
    says: list[dict[str, Any]] = [
        {"type": "say", "room": "lobby", "text": "again", "seq": seq} for seq in range(1, TEXTS + 1)
    ]
    while not over.is_set():
        with contextlib.suppress(OSError), _connection(port, HOME) as connection:
            connection.sendall(_line(_hello(["lobby"])))
            if _read_as_far_as(connection, b'"welcome"'):
                connection.sendall(b"".join(map(_line, says)) + _line({"type": "bye"}))
                done += 1
                _read_as_far_as(connection, None)
    return done


def rooms(port: int, seed: int) -> int:
    done = 0
    with ExitStack() as opened:
        crowd = []
        for _ in range(10):
            connection = opened.enter_context(_connection(port, far(seed, 2)))
            connection.sendall(_line(_hello([])))
            crowd.append(connection)
        for connection in crowd:
            threading.Thread(target=_read_as_far_as, args=(connection, None), daemon=True).start()
        while not over.wait(0.01):
            for connection in crowd:
                room = f"room-{secrets.token_hex(8)}"
                say = {"type": "say", "room": room, "text": "first", "seq": done // len(crowd) + 1}
                join, leave = ({"type": kind, "room": room} for kind in ("join", "leave"))
                with contextlib.suppress(OSError):
                    connection.sendall(_line(join) + _line(say) + _line(leave))
                done += 1
    return done


def unread(port: int, seed: int) -> int:
    rng = random.Random(seed)
    done = 0
    with ExitStack() as opened:
        crowd = [opened.enter_context(_connection(port, HOME, SMALL)) for _ in range(UNREAD)]
        for connection in crowd:
            if rng.random() < 0.2:
                connection.sendall(f"hello\n/join {BIG}\n".encode() + b"/history 500\n" * 10)
            else:
                connection.sendall(b"".join(map(_line, [_hello([]), *rng.choices(ASKS, k=10)])))
            done += 1
        over.wait()
    return done


def _connection(port: int, source: str, buffer: int | None = None) -> socket.socket:
    connection = socket.socket()
    try:
        if buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(WAIT)
        connection.bind((source, 0))
        connection.connect(("127.0.0.1", port))
    except BaseException:
        connection.close()
        raise
    return connection


def _hello(entered: list[str]) -> dict[str, Any]:
    name, session = f"a-{secrets.token_hex(6)}", secrets.token_hex(16)
    rooms = dict.fromkeys(entered)
    return {"type": "hello", "protocol": 1, "name": name, "session": session, "rooms": rooms, "history": 0}


def _line(frame: Mapping[str, Any]) -> bytes:
    return json.dumps(frame, separators=(",", ":")).encode() + b"\n"  # a hello has little room


def _read_as_far_as(connection: socket.socket, wanted: bytes | None) -> bool:
    """Whether that came before the end."""
    with contextlib.suppress(OSError):
        for data in _received(connection):
            if wanted is not None and wanted in data:
                return True
    return False


def _received(connection: socket.socket) -> Iterator[bytes]:
    tail = b""
    while (data := connection.recv(65_536)) and not over.is_set():
        yield tail + data
        tail = data[-20:]


KINDS: Final[dict[str, Callable[[int, int], int]]] = {
    kind.__name__: kind for kind in (connect, half_open, held, handshakes, renames, lists, reconnect, rooms, unread)
}


if __name__ == "__main__":
    main(KINDS, *sys.argv[1:])
