"""One address that takes as much as it can, as a program of its own.

    python -m tests.faults.abusers KIND PORT SEED      until its standard input ends; then it says how much it did

connect    silent connections, as many as come in, from another address
reconnect  four loops that come in, say forty texts and go, under new names, from this machine's own address
rooms      a first text in one new room after another, from another address
unread     sixty clients that ask for long pages and read nothing, from this machine's own address
"""

from __future__ import annotations

import contextlib
import json
import random
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, Final

from tests.faults.stormers import main, over
from tests.peers import WAIT

HOME: Final = "127.0.0.1"  # all others are taken for other machines: see odd_server.far_from_home
LOOPS: Final = 4
TEXTS: Final = 40  # of one connection
UNREAD: Final = 60
SMALL: Final = 4_096  # bytes that the kernel keeps for who does not read
PAUSE: Final = 0.001  # between two connects: the abuser's processor time is not what is judged
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
    return json.dumps(frame).encode() + b"\n"


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
    kind.__name__: kind for kind in (connect, reconnect, rooms, unread)
}


if __name__ == "__main__":
    main(KINDS, *sys.argv[1:])
