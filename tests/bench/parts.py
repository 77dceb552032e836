"""What is measured for the targets, part by part: each yields rows, and needs nothing of the others.

A part that lacks something raises Absent, NoCompiler or NoTls. Must not know the targets.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from tests import alone
from tests.bench import beside, elsewhere, files_bench, generator, hub_bench, log_bench, screen_bench, start_bench
from tests.bench import workloads as field
from tests.bench.contestants import (
    ASYNCIO,
    NATS,
    NGIRCD,
    ON_POSTGRES,
    OVER_TLS,
    OVER_WEB,
    REDIS,
    RELAY,
    SYNCING,
    THIS,
    TUTORIAL,
    Absent,
    Contestant,
    close_cluster,
    data_folder,
    look_for,
)
from tests.bench.measure import Bench
from tests.bench.report import THIS as THIS_KEY
from tests.bench.report import Cell, Row
from tests.postgres import Cluster, why_not

PEERS: Final = (NGIRCD, NATS, REDIS)
EVERYBODY: Final = (THIS, TUTORIAL, ASYNCIO, *PEERS, RELAY)
OF_TEN_THOUSAND: Final = (THIS, NATS, REDIS)  # ngircd does not take as many, and the others would take minutes
SAME_WINDOW: Final = 64
PAIRED: Final = (64, 256, 1_024)  # windows for two servers of this project
MESSAGES, ROOMS, CROWD = 1_000_000, 50_000, 10_000
TEXTS, WRITING = 1_500, 2.0  # whose way to another server is measured; seconds for each batch size
TALKING: Final = 5.0  # seconds beside files

Measure = Callable[[Bench], Iterator[Row]]


class Part(NamedTuple):
    measure: Measure
    most: float = 180.0  # seconds; whatever takes longer is given up


# --- what parts need -------------------------------------------------------------------------------------------------


def _among(contestants: Sequence[Contestant], measure: Measure, bench: Bench) -> Iterator[Row]:
    """Those of them that are here; the others have cells that say so."""
    bench.provide(generator.build, *generator.SOURCES)
    versions, present = look_for(contestants)
    for row in measure(replace(bench, contestants=present)):
        if row.compared:
            row.cells |= {each.key: Cell(None, note=versions[each.key]) for each in contestants if each not in present}
        yield row


def _over_tls(contestants: Sequence[Contestant], measure: Measure, bench: Bench) -> Iterator[Row]:
    bench.provide(generator.build_tls, generator.TLS_LOAD)
    yield from _among(contestants, measure, bench)


def _over_web(contestants: Sequence[Contestant], measure: Measure, bench: Bench) -> Iterator[Row]:
    bench.provide(generator.build_web, generator.WEB_LOAD)
    yield from _among(contestants, measure, bench)


def _need_postgres() -> None:
    if reason := why_not():
        raise Absent(reason)


def _timed(rows: Iterable[log_bench.Row]) -> Iterator[Row]:
    for row in rows:
        for what, value in (("median", row.middle), ("99 %", row.slow), ("slowest", row.worst)):
            if value is not None:
                yield Row(f"{row.name}: {what}", "ms", {THIS_KEY: Cell(value)})
        if row.rate is not None:
            yield Row(f"{row.name}: rate", "/s", {THIS_KEY: Cell(row.rate)})


# --- the parts -------------------------------------------------------------------------------------------------------


def _same_window(bench: Bench) -> Iterator[Row]:
    name = f"fan-out, 100 clients, window {SAME_WINDOW}"
    yield from beside.floods(bench, name, partial(beside.room, 100), (SAME_WINDOW,))


def _quiet(bench: Bench) -> Iterator[Row]:
    yield from beside.quiet(replace(bench, rounds=2 * bench.rounds))


def _floods(sizes: Sequence[int], bench: Bench) -> Iterator[Row]:
    for size in sizes:
        yield from beside.floods(bench, f"fan-out, {size:,} clients", partial(beside.room, size), PAIRED)


def _on_postgres(bench: Bench) -> Iterator[Row]:
    _need_postgres()
    try:
        yield from _floods((10, 100, 1_000), bench)
        yield from _quiet(bench)
    finally:
        close_cluster()


def _elsewhere(bench: Bench) -> Iterator[Row]:
    _need_postgres()
    with closing(Cluster(where=data_folder())) as cluster:
        yield from _timed(elsewhere.way(cluster, TEXTS))
        yield from _timed(elsewhere.writing(cluster, WRITING))


def _files(bench: Bench) -> Iterator[Row]:
    yield from _timed(files_bench.beside(bench.folder, TALKING * bench.seconds))
    for row in files_bench.speed(bench.folder):
        yield Row(row.name, "MB/s", {THIS_KEY: Cell((row.rate or 0.0) / 1e6)})


def _delays(bench: Bench) -> Iterator[Row]:
    """With the data in memory: the pauses of a disk would be the longest waits."""
    bench.provide(generator.build, *generator.SOURCES)
    with tempfile.TemporaryDirectory(prefix="chat-bench-", dir=alone.MEMORY if alone.has_memory() else None) as name:
        yield from _timed(hub_bench.measure(Path(name), bench.programs["load"], ROOMS, [CROWD]))


def _log(bench: Bench) -> Iterator[Row]:
    """And the programs that have it, between."""
    with tempfile.TemporaryDirectory(prefix="log-", dir=bench.folder) as name:
        folder = Path(name)
        programs = partial(start_bench.measure, folder)
        yield from _timed(log_bench.measure(log_bench.opener(folder), folder, MESSAGES, programs))


def _log_on_postgres(bench: Bench) -> Iterator[Row]:
    _need_postgres()
    with closing(Cluster(where=data_folder())) as cluster:
        yield from _timed(log_bench.measure(log_bench.opener(bench.folder, cluster), bench.folder, MESSAGES))


def _screen(bench: Bench) -> Iterator[Row]:
    yield from _timed(screen_bench.measure(bench.folder))


ALONE: Final = (THIS,)
IN_CLEAR_AND_TLS: Final = (THIS, OVER_TLS)
PARTS: Final[dict[str, Part]] = {
    **{
        f"fan-out-{size}": Part(partial(_among, EVERYBODY, partial(field.fan_out, size)), 300.0)
        for size in (10, 100, 1_000)
    },
    "fan-out-10000": Part(partial(_among, OF_TEN_THOUSAND, partial(field.fan_out, CROWD)), 300.0),
    "window-64": Part(partial(_among, (THIS, TUTORIAL, *PEERS), _same_window)),
    "quiet": Part(partial(_among, (THIS, TUTORIAL, SYNCING), _quiet)),
    "rooms": Part(partial(_among, ALONE, field.many_rooms)),
    "stalled": Part(partial(_among, ALONE, field.stalled)),
    "storm": Part(partial(_among, ALONE, field.storm)),
    "crowd": Part(partial(_among, ALONE, field.crowd)),
    "delays": Part(_delays),
    "tls-singles": Part(partial(_over_tls, IN_CLEAR_AND_TLS, beside.singles)),
    "tls-batches": Part(partial(_over_tls, IN_CLEAR_AND_TLS, partial(_floods, (100, 1_000)))),
    "tls-returning": Part(partial(_over_tls, (OVER_TLS,), beside.returning)),
    "tls-others": Part(partial(_over_tls, (OVER_TLS,), beside.others)),
    "web": Part(partial(_over_web, (THIS, OVER_WEB), partial(_floods, (1_000,)))),
    "web-returning": Part(partial(_over_web, (OVER_WEB,), partial(beside.come_back, CROWD))),
    "files": Part(_files),
    "screen": Part(_screen),
    "log": Part(_log, 300.0),
    "postgres": Part(partial(_among, (THIS, ON_POSTGRES), _on_postgres), 300.0),
    "elsewhere": Part(_elsewhere),
    "log-postgres": Part(_log_on_postgres, 300.0),
}
