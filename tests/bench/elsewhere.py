"""How long a text takes to another server, and what three servers write: `python -m tests.bench.elsewhere`.

Starts a PostgreSQL with two servers: each text is seen by somebody at its own server and by somebody at the other.
Then processes append batches to one database, one alone and three beside each other, in rooms of their own and in one.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import statistics
import threading
import time
from contextlib import ExitStack
from functools import partial
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Final, NamedTuple

from server_parts.storage.records import Draft
from tests.peers import Native
from tests.postgres import cluster
from tests.programs import server_program

FLAGS: Final = ("--no-console", "--rate", "0", "--per-address", "0")
EACH: Final = 0.01  # seconds between two texts
TEXT: Final = "A text of about a hundred characters, as people write them when they talk about their day and work. "
MEDIAN, SLOWEST = 1.0, 5.0  # ms that another server may be later
RATES: Final = {100: 80_000, 1_000: 180_000}  # texts a second, by the size of a batch


class Watch:
    """When somebody sees each text."""

    def __init__(self, hearer: Native, texts: int) -> None:
        self.seen: dict[int, float] = {}
        self._hearer, self._texts = hearer, texts
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while len(self.seen) < self._texts:
            message = self._hearer.until("message")
            self.seen[int(message["text"].split()[0])] = time.perf_counter()

    def join(self) -> dict[int, float]:
        self._thread.join()
        return self.seen


def way(texts: int) -> None:
    with ExitStack() as stack:
        env = {"CHAT_STORE": cluster().address(cluster().database("way"))}
        here, there = (stack.enter_context(server_program(*FLAGS, env=env)) for _ in range(2))
        talker, near, far = (
            stack.enter_context(Native(port, name))
            for port, name in ((here.port, "talker"), (here.port, "near"), (there.port, "far"))
        )
        talker.until("presence", joined=["near"])
        watches = [Watch(near, texts), Watch(far, texts)]
        said = {}
        for number in range(texts):
            said[number] = time.perf_counter()
            talker.say(f"{number} {TEXT}")
            time.sleep(EACH)
        own, other = ([1e3 * (seen[n] - said[n]) for n in said] for seen in (watch.join() for watch in watches))
        later = [there - here for here, there in zip(own, other, strict=True)]
    print(f"{f'{texts:,} texts, one every {1e3 * EACH:.0f} ms':<36} median ms   99 % ms")
    for name, times in (("at its own server", own), ("at another server", other), ("later by", later)):
        middle, slow = statistics.median(times), statistics.quantiles(times, n=100)[-1]
        print(f"{name:<36} {middle:>9.2f} {slow:>9.2f}")
    verdict = "met" if middle <= MEDIAN and slow <= SLOWEST else "MISSED"
    print(f"target: later by at most {MEDIAN:g} and {SLOWEST:g} ms: {verdict}\n")


class Start(NamedTuple):
    """What a writer needs to begin with the others, and to tell what it has done."""

    address: str
    database: str
    ready: Barrier
    counted: Queue[float]


def write(start: Start, room: str, size: int, seconds: float) -> None:
    """One writer: append batches for so long, and tell how many texts that were a second."""
    from tests.server.storage.postgres_logs import log_in

    log = log_in(start.database, start.address)
    numbers = itertools.count(1)
    session, texts = f"session-{os.getpid():012}", [TEXT] * size

    def append() -> None:
        seq = next(numbers) * size
        log.append([Draft(room, time.time(), "writer", "blue", texts, session, seq)], {session: seq})

    append()
    start.ready.wait()
    begin, batches = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        append()
        batches += 1
    start.counted.put(batches * size / (time.perf_counter() - begin))
    log.close()


def rate(writers: int, size: int, seconds: float, *, one_room: bool) -> float:
    """Texts a second of all writers together."""
    context = multiprocessing.get_context("spawn")
    database = cluster().database(f"writers-{writers}-{size}-{one_room}")
    start = Start(cluster().address(database), database, context.Barrier(writers), context.Queue())
    rooms = ["den" if one_room else f"den-{number}" for number in range(writers)]
    processes = [context.Process(target=write, args=(start, room, size, seconds)) for room in rooms]
    for process in processes:
        process.start()
    total = sum(start.counted.get() for _ in processes)
    for process in processes:
        process.join()
    return total


def writing(seconds: float) -> None:
    print(f"{'texts a second':<40} {'one writer':>12} {'three, own rooms':>20} {'three, one room':>20}")
    for size, target in RATES.items():
        measure = partial(rate, size=size, seconds=seconds)
        one, own, same = measure(1, one_room=True), measure(3, one_room=False), measure(3, one_room=True)
        verdict = "met" if one >= target else "MISSED"
        name = f"batches of {size:,} (target {target:,}: {verdict})"
        print(f"{name:<40} {one:>12,.0f} {own:>20,.0f} {same:>20,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="How long a text takes to another server, and what three write.")
    parser.add_argument("--texts", type=int, default=3_000, help="whose way is measured")
    parser.add_argument("--seconds", type=float, default=5.0, help="for which each batch size is written")
    given = parser.parse_args()
    way(given.texts)
    writing(given.seconds)


if __name__ == "__main__":
    main()
