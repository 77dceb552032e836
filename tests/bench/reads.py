"""What it costs the hub that everybody in a room says how far they have read, after each message.

`python -m tests.bench.reads [--members N] [--folder FOLDER]`. There are no sockets, but a log on a disk: the positions
are stored. Counted is the processor time of the hub's thread, on which other programs on the machine change little, and
how long the log takes to store a slice of the positions, during which the hub does nothing else.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from unittest import mock

from server_parts.hub.hub import Hub
from server_parts.hub.reading import PAUSE
from server_parts.protocol.requests import Hello, Nick, Read, Say
from server_parts.storage.records import hashed
from server_parts.storage.sqlite.log import SqliteLog
from tests.bench.contestants import data_folder
from tests.bench.log_bench import Row, print_table, row
from tests.bench.slices import Watch, rest
from tests.bench.slices import seat as seat_at
from tests.bench.targets import HELD_UP
from tests.server.hub.bench import Bench, Gated, Seat

TIMES: Final = 5


class Stored(Gated, SqliteLog):
    """Notes how long it takes to store positions, and of how many."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.slices: list[tuple[float, float, int]] = []  # ms, of them of processor time; positions

    def note_read(self, positions: Mapping[tuple[int, str], int]) -> None:
        begun, used = time.monotonic(), time.thread_time()
        super().note_read(positions)
        self.slices.append(((time.monotonic() - begun) * 1000, (time.thread_time() - used) * 1000, len(positions)))


def fill(bench: Bench, members: int) -> list[Seat]:
    """All of them in the lobby, with an account each."""
    seats = [seat_at(bench) for _ in range(members)]
    for number, one in enumerate(seats):
        token = f"token-{number:026}"
        bench.store.claim(f"p{number}", hashed(token))
        one.submit(Hello(f"p{number}", bench.session(), token=token))
        one.settle()
    rest(bench)
    return seats


def measure(bench: Bench, store: Stored, watch: Watch, seats: list[Seat]) -> Iterator[Row]:
    one, each, longest, slices = seats[0], list[float](), list[float](), list[tuple[float, float, int]]()
    for number in range(1, TIMES + 1):
        one.submit(Say("lobby", ["hello"], number))
        one.settle()
        one.ask(Nick(one.client.name))
        store.slices.clear()
        watch.pieces.clear()
        last = store.last("lobby")
        for seat in seats:
            seat.submit(Read("lobby", last))
        for seat in seats:
            seat.settle()
        one.ask(Nick(one.client.name))  # a turn later the piece before is noted
        each.append(sum(watch.pieces) / len(seats) * 1000)
        until = time.monotonic() + 10 * PAUSE
        while sum(size for _, _, size in store.slices) < len(seats) and time.monotonic() < until:
            time.sleep(0.05)
        one.ask(Nick(one.client.name))
        longest.append(max(watch.pieces))
        slices += store.slices
    yield Row(f"{len(seats):,} positions: each", f"{statistics.median(each):.1f} µs")
    yield row("the longest piece of the hub's work, without waiting for the disk", sorted(longest), HELD_UP)
    yield row("storing a slice of them", sorted(wait for wait, _, _ in slices), HELD_UP)
    yield row("  processor time of that", sorted(used for _, used, _ in slices))


def rows(folder: Path, members: int) -> list[Row]:
    watch = Watch()
    with mock.patch.object(Hub, "_take", lambda hub: watch.take(hub)):
        store = Stored(folder)
        bench = Bench(store)
        try:
            return list(measure(bench, store, watch, fill(bench, members)))
        finally:
            bench.stop()
            store.close()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=1_000)
    parser.add_argument("--folder", type=Path, default=Path(data_folder()))
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="chat-bench-", dir=options.folder) as name:
        measured = rows(Path(name), options.members)
    print(f"Python {sys.version.split()[0]}; median and slowest of {TIMES}, in ms:")
    print_table(measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
