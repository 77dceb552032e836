"""People who ask for as much as they can, as a program of its own, so that nobody who measures has to share a GIL.

    python -m tests.faults.stormers KIND PORT SEED      until its standard input ends; then it says how much it did

talk   one client says texts as fast as the server takes them
join   a hundred clients enter and leave the lobby as fast as the server lets each of them
visit  five hundred a second come in and go again
"""

from __future__ import annotations

import json
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from tests.faults.clean_stop import enter
from tests.faults.leaks import Visitors
from tests.peers import WAIT

JOINERS: Final = 100
JOINS: Final = 10  # a second and client: the server's own limit, unless it is told otherwise
VISITORS: Final = 4
VISITS: Final = 500  # a second of all of them: as many comings and as many goings
BATCH: Final = 100  # texts written at a time

over = threading.Event()


def talk(port: int, seed: int) -> int:
    connection = enter(port, f"talker-{seed}")
    connection.setblocking(False)
    seq, waiting = 0, b""
    while not over.is_set():
        readable, writable, _ = select.select([connection], [connection], [], 0.1)
        if readable and not connection.recv(262_144):
            break  # let go
        if writable:
            if not waiting:
                says = (
                    {"type": "say", "room": "lobby", "text": f"storm {seq + n}", "seq": seq + n}
                    for n in range(1, BATCH + 1)
                )
                waiting, seq = b"".join(json.dumps(say).encode() + b"\n" for say in says), seq + BATCH
            waiting = waiting[connection.send(waiting) :]
    connection.close()
    return seq


def join(port: int, seed: int) -> int:
    crowd = [enter(port, f"joiner-{seed}-{number}") for number in range(JOINERS)]
    readers = [threading.Thread(target=_drain, args=(connection,)) for connection in crowd]
    for reader in readers:
        reader.start()
    asks = [b'{"type":"leave","room":"lobby"}\n', b'{"type":"join","room":"lobby","history":0}\n']
    begun, done = time.monotonic(), 0
    while not over.wait(0.005):
        while done < (time.monotonic() - begun) * JOINERS * JOINS:
            crowd[done % JOINERS].sendall(asks[done // JOINERS % 2])
            done += 1
    for connection in crowd:
        connection.shutdown(socket.SHUT_RDWR)
    for reader in readers:
        reader.join()
    return done


def _drain(connection: socket.socket) -> None:
    with connection:
        connection.settimeout(WAIT)
        try:
            while connection.recv(262_144):
                pass
        except OSError:
            pass


def visit(port: int, seed: int) -> int:
    done: list[int] = []

    def keep_coming(number: int) -> None:
        visitors = Visitors(port, seed + number)
        count, begun = 0, time.monotonic()
        while not over.wait(max(begun + count * VISITORS / VISITS - time.monotonic(), 0.0)):
            visitors.come_and_go(1)
            count += 1
        done.append(count)

    threads = [threading.Thread(target=keep_coming, args=(number,)) for number in range(VISITORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)


def _wait_for_the_end() -> None:
    sys.stdin.read()
    over.set()


KINDS: Final[dict[str, Callable[[int, int], int]]] = {storm.__name__: storm for storm in (talk, join, visit)}


def main(kinds: Mapping[str, Callable[[int, int], int]], kind: str, port: str, seed: str) -> None:
    threading.Thread(target=_wait_for_the_end).start()
    begun = time.monotonic()
    done = kinds[kind](int(port), int(seed))
    print(done / (time.monotonic() - begun))


if __name__ == "__main__":
    main(KINDS, *sys.argv[1:])
