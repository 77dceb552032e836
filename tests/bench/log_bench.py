"""How fast the log is: `python -m tests.bench.log_bench [--messages N] [--folder DIR] [--no-fts] [--postgres]`.

Makes a log in a new folder, measures it and prints one table, with the targets where there are any.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from server_parts.storage.finding import Wanted
from server_parts.storage.records import Draft, StorageError
from server_parts.storage.search_query import parse
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.sqlite.match_expression import Scope
from server_parts.storage.store import Store
from tests.bench.report import significant
from tests.bench.targets import PAGE, SEARCH, START, TRIM
from tests.postgres import Cluster

SENDERS = 5
DAY = 86_400
QUIET = 0.01  # seconds between two messages of a quiet room
PAGES = 4  # of SQLite that one message changes


class Row(NamedTuple):
    """What was timed, in ms, or counted."""

    name: str
    note: str = ""
    middle: float | None = None
    slow: float | None = None  # 99 %
    target: float | None = None
    rate: float | None = None  # a second
    worst: float | None = None

    def line(self) -> tuple[str, str, str, str, str]:
        size = self.note or ("" if self.rate is None else f"{significant(self.rate)}/s")
        middle, slow = ("" if time is None else f"{time:.2f}" for time in (self.middle, self.slow))
        return self.name, size, middle, slow, self._verdict()

    @property
    def is_late(self) -> bool:
        return self.target is not None and self.slow is not None and self.slow > self.target

    def _verdict(self) -> str:
        return "" if self.target is None else f"<= {self.target:g} {'MISSED' if self.is_late else 'ok'}"


def make_texts(seed: int = 1) -> list[str]:
    """Texts of about 100 bytes whose words are as unevenly common as those of a language."""
    chance = random.Random(seed)
    words = ["".join(chance.choices("etaoinshrdlucmfwyp", k=chance.randint(2, 9))) for _ in range(30_000)]
    weights = [1 / (rank + 2) for rank in range(len(words))]
    drawn = iter(chance.choices(words, weights, k=16 * 50_000))
    return [" ".join(next(drawn) for _ in range(16))[:100] for _ in range(50_000)]


def make_drafts(texts: list[str], total: int) -> Iterator[Draft]:
    """Half of all in the lobby, the rest spread over 20 rooms; `common` in every second text, `needle` in few."""
    start = time.time() - 100 * DAY
    for i in range(total):
        text = texts[i % len(texts)] + (" common" if i % 2 else " other") + (" needle" if i % 50_000 == 7 else "")
        room = "lobby" if i % 2 else f"room-{i // 2 % 20}"
        yield Draft(room, start + i * 8, f"user{i % SENDERS}", "blue", [text], f"session-{i % SENDERS:012}", i)


def build(log: Store, texts: list[str], total: int) -> float:
    drafts = make_drafts(texts, total)
    start = time.perf_counter()
    while batch := [draft for draft, _ in zip(drafts, range(1000), strict=False)]:
        log.append(batch, {draft.session: draft.seq for draft in batch})
    return total / (time.perf_counter() - start)


def milliseconds(work: Callable[[], object], times: int, pause: float = 0.0) -> list[float]:
    taken = []
    for _ in range(times):
        time.sleep(pause)
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return sorted(taken)


def row(name: str, taken: list[float], target: float | None = None, note: str = "") -> Row:
    """Of times in rising order."""
    return Row(name, note, taken[len(taken) // 2], taken[int(len(taken) * 0.99)], target, worst=taken[-1])


def measure_open(open: Callable[[], Store]) -> Row:
    return row("open and close", milliseconds(lambda: open().close(), 10), START)


def measure_pages(log: Store) -> Iterator[Row]:
    last = log.last("lobby")
    for name, before in (("newest", last + 1), ("middle", last // 2), ("oldest", 101)):
        yield row(f"page of 100, {name}", milliseconds(partial(log.after, "lobby", before - 101, 100), 200), PAGE)
    yield row("receipt in the middle", milliseconds(partial(log.receipt, f"session-{1:012}", last + 1), 200))


QUERIES = {
    "rare word": '"needle"',
    "common word": '"common"',
    "two common words": '"common" "other"',  # never together: the worst case, nothing ends the search early
    "phrase": '"common needle"',
    "prefix, rare": "needle",
    "prefix, common": "common",
    "prefixes, two common ones": "common other",
    "prefix of 3": "com",
    "prefix of 2": "co",
    "prefix of 1": "t",
    "from:": "from:user3",
    "from: and word": '"common" from:user3',
    "in: and word": '"common" in:room-7',
    "dates": '"common" since:2000-01-01 until:2040-01-01',
    "no such word": '"xyzzyqq"',
}


INDEXED = "SELECT coalesce(max(block), -1) + 1 >= (SELECT (n + 1) >> 12 FROM counted) FROM blocks"  # in PostgreSQL


def wait_for_index(log: Store, seconds: float = 300) -> None:
    """Until then a search looks through the messages."""
    deadline = time.monotonic() + seconds
    while not isinstance(log, SqliteLog) and time.monotonic() < deadline:
        if log._reader.fetch(INDEXED) == [(True,)]:  # type: ignore[attr-defined]
            return
        time.sleep(0.1)
    assert isinstance(log, SqliteLog)
    while log._index and time.monotonic() < deadline:
        with contextlib.suppress(StorageError):
            log._index.search(Wanted(parse("needle"), {}, 1), Scope((), True, {}))
            return
        time.sleep(0.1)


def measure_search(log: Store) -> Iterator[Row]:
    floors = {f"@user1+peer{i}": 5 for i in range(100)}
    start = time.perf_counter()
    wait_for_index(log)
    yield Row("index what is left", f"{time.perf_counter() - start:.1f} s")
    for name, text in QUERIES.items():
        found = len(log.search(text, floors, 50))
        taken = milliseconds(partial(log.search, text, floors, 50), 30)
        yield row(f"search, {name}", taken, SEARCH, f"{found} found")


def measure_append(log: Store, texts: list[str]) -> Iterator[Row]:
    seq = 10**9
    for size, times, pause in ((1, 1000, 0.0), (1, 300, QUIET), (10, 1000, 0.0), (100, 500, 0.0), (1000, 200, 0.0)):
        batches = []
        for _ in range(times):
            share = -(-size // SENDERS)  # each sender's texts in a row, as its reader hands them over
            drafts = [
                Draft("lobby", time.time(), f"user{i}", "blue", texts[i : i + share], f"session-{i:012}", seq)
                for i in range(size // share)
            ]
            seq += share
            batches.append(drafts)
        pending = iter(batches)

        def append(pending: Iterator[list[Draft]] = pending) -> None:
            drafts = next(pending)
            log.append(drafts, {draft.session: draft.seq for draft in drafts})

        taken = milliseconds(append, times, pause)
        name = f"append, batch of {size}" + (f", {pause * 1000:.0f} ms after the last" if pause else "")
        yield row(name, taken)._replace(rate=size * times / sum(taken) * 1000)


def measure_disk(folder: Path) -> Row:
    """What a commit waits for at the least: its pages in a file that is long enough, synced."""
    pages = bytes(PAGES * 4096)
    with (folder / "pages").open("wb", buffering=0) as file:

        def sync() -> None:
            file.seek(0)
            file.write(pages)
            os.fdatasync(file.fileno())

        sync()
        return row(
            f"the disk alone: {PAGES} pages, {QUIET * 1000:.0f} ms after the last", milliseconds(sync, 300, QUIET)
        )


def measure_trim(log: Store, total: int) -> Row:
    keep = total // 4
    return row("trim, one slice of 500", milliseconds(lambda: log.trim(keep_messages=keep), 100), TRIM)


def print_table(rows: list[Row]) -> None:
    titled = [("what", "rate, size", "p50 ms", "p99 ms", "target (p99)"), *(row.line() for row in rows)]
    widths = [max(len(line[i]) for line in titled) for i in range(5)]
    for line in titled:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def opener(folder: Path, cluster: Cluster | None = None, *, full_text: bool = True) -> Callable[[], Store]:
    """What makes the log, or opens it again; in a database if there is a PostgreSQL."""
    if cluster is None:
        return partial(SqliteLog, folder, full_text=full_text)
    from server_parts.storage.postgres.connections import Address
    from server_parts.storage.postgres.log import PostgresLog

    database = cluster.database(folder)
    return lambda: PostgresLog(Address(cluster.address(database), database))


def measure(
    open: Callable[[], Store], folder: Path, total: int, meanwhile: Callable[[], Iterator[Row]] = lambda: iter(())
) -> Iterator[Row]:
    """Of a new log. `meanwhile` may measure it when it is full, and closed."""
    texts = make_texts()
    with contextlib.closing(open()) as log:
        yield Row("build, batches of 1000", rate=build(log, texts, total))
        yield from measure_search(log)
        yield from measure_pages(log)
    yield measure_open(open)
    yield from meanwhile()
    with contextlib.closing(open()) as log:
        yield from measure_append(log, texts)
        yield measure_disk(folder)
        yield measure_trim(log, total)
    yield from (Row(path.name, f"{path.stat().st_size >> 20} MB") for path in sorted(folder.glob("*.db")))


def main(argv: list[str]) -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path, default=None, help="where to make the log (default: a temporary one)")
    options.add_argument("--no-fts", action="store_true", help="search by looking through all messages")
    options.add_argument("--postgres", action="store_true", help="a log in PostgreSQL, started for this")
    chosen = options.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="log-bench-", dir=chosen.folder))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        cluster = stack.enter_context(contextlib.closing(Cluster(where=chosen.folder))) if chosen.postgres else None
        rows = list(measure(opener(folder, cluster, full_text=not chosen.no_fts), folder, chosen.messages))
    print(f"{chosen.messages:,} messages, Python {sys.version.split()[0]}")
    print_table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
