"""How long a text takes to another server, and what three servers write: `python -m tests.bench.elsewhere`.

Starts a PostgreSQL with two servers: each text is seen by somebody at its own server and by somebody at the other.
Then processes append batches to one database, one alone and three beside each other, in rooms of their own and in one.
The database syncs what it commits, on the disk that servers have theirs on.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from functools import partial
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Final, NamedTuple

from server_parts.storage.records import Draft
from tests.bench.contestants import data_folder
from tests.bench.log_bench import Row, print_table, row
from tests.bench.targets import BATCHES, LATER, LATER_SLOWEST
from tests.peers import Ended, Native
from tests.postgres import Cluster
from tests.programs import server_program

FLAGS: Final = ("--no-console", "--rate", "0", "--per-address", "0")
EACH: Final = 0.01  # seconds between two texts
PATIENCE: Final = 30.0  # seconds until all writers have begun, and until they have told what they did
TEXT: Final = "A text of about a hundred characters, as people write them when they talk about their day and work. "


class Watch:
    """When somebody sees each text."""

    def __init__(self, hearer: Native, texts: int) -> None:
        self.seen: dict[int, float] = {}
        self._hearer, self._texts = hearer, texts
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        with suppress(Ended, OSError):  # also if the measurement is stopped; whoever wants to know is told by `join`
            while len(self.seen) < self._texts:
                message = self._hearer.until("message")
                self.seen[int(message["text"].split()[0])] = time.perf_counter()

    def join(self) -> dict[int, float]:
        self._thread.join()
        if len(self.seen) < self._texts:
            raise RuntimeError(f"only {len(self.seen):,} of {self._texts:,} texts were seen")
        return self.seen


def way(cluster: Cluster, texts: int) -> list[Row]:
    """Of a text to somebody at its own server, to somebody at another, and the difference."""
    with ExitStack() as stack:
        env = {"CHAT_STORE": cluster.address(cluster.database("way"))}
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
    times = {"seen at its own server": own, "seen at another server": other, "seen at another server, later by": later}
    return [row(name, sorted(taken)) for name, taken in times.items()]


class Start(NamedTuple):
    """What a writer needs to begin with the others, and to tell what it has done."""

    address: str
    database: str
    ready: Barrier
    counted: Queue[float]


def write(start: Start, room: str, size: int, seconds: float) -> None:
    """One writer: append batches for so long, and tell how many texts that were a second."""
    from tests.server.storage.postgres_logs import log_in

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever has started it ends it
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


def rate(cluster: Cluster, writers: int, size: int, seconds: float, *, one_room: bool) -> float:
    """Texts a second of all writers together."""
    context = multiprocessing.get_context("spawn")
    database = cluster.database(f"writers-{writers}-{size}-{one_room}")
    start = Start(cluster.address(database), database, context.Barrier(writers, timeout=PATIENCE), context.Queue())
    rooms = ["den" if one_room else f"den-{number}" for number in range(writers)]
    processes = [context.Process(target=write, args=(start, room, size, seconds), daemon=True) for room in rooms]
    for process in processes:
        process.start()
    total = sum(start.counted.get(timeout=seconds + 2 * PATIENCE) for _ in processes)
    for process in processes:
        process.join()
    return total


def writing(cluster: Cluster, seconds: float) -> Iterator[Row]:
    for size in BATCHES:
        measure = partial(rate, cluster, size=size, seconds=seconds)
        yield Row(f"batches of {size:,}, one writer", rate=measure(1, one_room=True))
        yield Row(f"batches of {size:,}, three writers, own rooms", rate=measure(3, one_room=False))
        yield Row(f"batches of {size:,}, three writers, one room", rate=measure(3, one_room=True))


def main() -> None:
    parser = argparse.ArgumentParser(description="How long a text takes to another server, and what three write.")
    parser.add_argument("--texts", type=int, default=3_000, help="whose way is measured")
    parser.add_argument("--seconds", type=float, default=5.0, help="for which each batch size is written")
    given = parser.parse_args()
    print(f"{given.texts:,} texts, one every {1e3 * EACH:.0f} ms; then texts written a second")
    with closing(Cluster(where=data_folder())) as cluster:
        print_table([*way(cluster, given.texts), *writing(cluster, given.seconds)])
    print(
        f"targets: later by {LATER:g} ms (median) and {LATER_SLOWEST:g} ms (99 %); by one writer "
        + ", ".join(f"{rate:,} a second in batches of {size:,}" for size, rate in BATCHES.items())
    )


if __name__ == "__main__":
    main()
