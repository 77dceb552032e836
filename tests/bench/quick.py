"""The quick form: this server beside the tutorial server, in the same run, with limits that noise does not reach."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.bench import report
from tests.bench.contestants import THIS, TUTORIAL
from tests.bench.measure import Bench
from tests.bench.report import Row
from tests.bench.workloads import fan_out, quiet

SMALL, LARGE = 10, 100
LEAST: Final = {SMALL: 1.2, LARGE: 4.0}  # deliveries of this server over those of the tutorial server
MOST_LATENCY: Final = 12.0  # median latency over that of the tutorial server, which syncs nothing


def measure(folder: Path, programs: dict[str, Path]) -> list[Row]:
    bench = Bench(folder, programs, (THIS, TUTORIAL), rounds=2, seconds=0.5, windows=(128,))
    return [*fan_out(SMALL, bench), *fan_out(LARGE, bench), *quiet(bench, seconds=1.5)]


def complaints(rows: list[Row]) -> Iterator[str]:
    """Why this run must not pass, if so."""
    found = {row.name: row for row in rows if row.compared}
    limits = [(row, LEAST[size]) for size in LEAST for name, row in found.items() if name == f"fan-out, {size} clients"]
    for row, least in limits:
        ratio = row.ratio(("tutorial",))
        if ratio is None:
            yield f"{row.name}: nothing to compare: {row.cells}"
        elif ratio < least:
            yield f"{row.name}: {ratio:.2f} times the tutorial server, which is less than {least}"
    for name, row in found.items():
        if name.endswith("median") and (ratio := row.ratio(("tutorial",)) or 0.0) > MOST_LATENCY:
            yield f"{name}: {ratio:.2f} times the tutorial server's, which is more than {MOST_LATENCY}"


def run(folder: Path, programs: dict[str, Path]) -> int:
    rows = measure(folder, programs)
    print(report.table(rows, (THIS.key, TUTORIAL.key)))
    wrong = list(complaints(rows))
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0
