"""The quick form: each kind of figure beside its counterpart in the same run, with limits that noise does not reach."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench import beside, files_bench, generator
from tests.bench.contestants import ON_POSTGRES, OVER_TLS, OVER_WEB, THIS, TUTORIAL, Absent, Contestant
from tests.bench.generator import NoCompiler, NoTls
from tests.bench.measure import Bench
from tests.bench.report import Cell, Row
from tests.bench.workloads import fan_out
from tests.peers import WAIT

SMALL, LARGE = 10, 100
WINDOW: Final = (128,)
FAN_OUT: Final = "fan-out, {} clients"
ROOM, QUIET = FAN_OUT.format(LARGE), "quiet room, 100 clients, 100 messages/s: median"
FILE: Final = 32 * 1024**2  # bytes; at the default rate four take longer than somebody talks
BESIDE, RECEIVED, FETCHED = "a receipt beside 4 files, median", "4 files received", "4 files fetched"
TALKING: Final = 1.0  # seconds


class Limit(NamedTuple):
    """What this side may have of the other's figure in the row."""

    row: str
    of: str
    over: str
    least: float = 0.0
    most: float = float("inf")

    def __str__(self) -> str:
        return f"at least {self.least:g}" if self.least else f"at most {self.most:g}"


class Kind(NamedTuple):
    measure: Callable[[Bench], Iterator[Row]]
    limits: Sequence[Limit]


def _native(bench: Bench) -> Iterator[Row]:
    bench.provide(generator.build, *generator.SOURCES)
    here = replace(bench, contestants=(THIS, TUTORIAL))
    yield from fan_out(SMALL, here)
    yield from fan_out(LARGE, here)
    yield from beside.quiet(here)


def _rooms(bench: Bench) -> Iterator[Row]:
    yield from beside.floods(bench, ROOM, partial(beside.room, LARGE), WINDOW)


def _pair(other: Contestant, measure: Callable[[Bench], Iterator[Row]], bench: Bench) -> Iterator[Row]:
    bench.provide(generator.build, *generator.SOURCES)
    other.version()
    yield from measure(replace(bench, contestants=(THIS, other)))


def _over_tls(bench: Bench) -> Iterator[Row]:
    bench.provide(generator.build_tls, generator.TLS_LOAD)
    yield from _pair(OVER_TLS, beside.singles, bench)
    yield from _pair(OVER_TLS, _rooms, bench)


def _over_web(bench: Bench) -> Iterator[Row]:
    bench.provide(generator.build_web, generator.WEB_LOAD)
    yield from _pair(OVER_WEB, _rooms, bench)


def _on_postgres(bench: Bench) -> Iterator[Row]:
    yield from _pair(ON_POSTGRES, _rooms, bench)
    yield from _pair(ON_POSTGRES, beside.quiet, bench)


def _files(bench: Bench) -> Iterator[Row]:
    """Receipts beside files and without them, and files beside bytes that nobody looks at."""
    alone, *meanwhile = (row.middle for row in files_bench.beside(bench.folder, TALKING, FILE))
    yield Row(BESIDE, "ms", {"this": Cell(max(wait for wait in meanwhile if wait)), "alone": Cell(alone)})
    bare = Cell(_bare_rate())
    for name, row in zip((RECEIVED, FETCHED), files_bench.speed(bench.folder, FILE), strict=True):
        yield Row(name, "MB/s", {"this": Cell((row.rate or 0.0) / 1e6), "bare": bare})


def _bare_rate() -> float:
    """MB a second that the same clients get over loopback from a server that just sends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT)
        sender = threading.Thread(target=_send_to_all, args=(listener,))
        sender.start()
        begun = time.monotonic()
        urls = ["/"] * files_bench.TRANSFERS
        for process in files_bench.started(listener.getsockname()[1], files_bench.fetch_file, urls, FILE):
            process.join()
        sender.join()
    return files_bench.TRANSFERS * FILE / 1e6 / (time.monotonic() - begun)


def _send_to_all(listener: socket.socket) -> None:
    for _ in range(files_bench.TRANSFERS):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            for _ in range(FILE // len(files_bench.BLOCK)):
                connection.sendall(files_bench.BLOCK)


KINDS: Final[dict[str, Kind]] = {
    "native": Kind(_native, (
        Limit(FAN_OUT.format(SMALL), "this", "tutorial", least=1.2),
        Limit(ROOM, "this", "tutorial", least=4.0),
        Limit(QUIET, "this", "tutorial", most=12.0),  # which syncs nothing
    )),
    "tls": Kind(_over_tls, (
        Limit(beside.SINGLE, "tls", "this", least=0.15),
        Limit(ROOM, "tls", "this", least=0.1),
    )),
    "web": Kind(_over_web, (Limit(ROOM, "web", "this", least=0.15),)),
    "postgres": Kind(_on_postgres, (
        Limit(ROOM, "postgres", "this", least=0.15),
        Limit(QUIET, "postgres", "this", most=12.0),
    )),
    "files": Kind(_files, (
        Limit(BESIDE, "this", "alone", most=25.0),
        Limit(RECEIVED, "this", "bare", least=0.01),
        Limit(FETCHED, "this", "bare", least=0.1),
    )),
}  # fmt: skip


def judge(kind: Kind, rows: Sequence[Row]) -> Iterator[tuple[str, bool]]:
    """What each limit came to, in words, and whether that may pass. A figure that is not there may not."""
    found = {row.name: row for row in rows}
    for limit in kind.limits:
        row = found.get(limit.row, Row(limit.row, ""))
        mine, other = row.value(limit.of), row.value(limit.over)
        if not mine or not other:
            why = [cell.note for cell in row.cells.values() if cell.note] or ["it was not measured"]
            yield f"{limit.row}: nothing to compare: {'; '.join(why)}", False
            continue
        ratio = mine / other
        sentence = f"{limit.row}: {limit.of} has {ratio:.2f} times as much as {limit.over} ({limit})"
        yield sentence, limit.least <= ratio <= limit.most


def run(folder: Path, names: Sequence[str]) -> int:
    """Of these kinds, or of all that can be measured here."""
    bench = Bench(folder, {}, (), rounds=2, seconds=0.5, windows=WINDOW)
    passed = True
    for name in names or KINDS:
        try:
            rows = list(KINDS[name].measure(bench))
        except (NoCompiler, NoTls, Absent) as error:
            print(f"{name}: {error}", file=sys.stderr)
            if names or isinstance(error, NoCompiler):
                return 2
            continue
        for sentence, may_pass in judge(KINDS[name], rows):
            print(sentence if may_pass else f"TOO SLOW: {sentence}", flush=True)
            passed &= may_pass
    return 0 if passed else 1
