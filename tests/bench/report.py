"""What was measured: rows of cells, as a table, as JSON, and compared with an earlier run. It must not measure."""

from __future__ import annotations

import json
import math
import os
import platform
import sqlite3
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.bench.contestants import ALL, FIELD, Contestant

THIS: Final = "this"
RATIOS: Final = {"best peer": FIELD, "tutorial": ("tutorial",), "asyncio": ("asyncio",)}
TITLES: Final = {contestant.key: contestant.title for contestant in ALL}
DIGITS: Final = 3
DETAIL: Final = "  "  # what a row's name begins with that only explains the one above


@dataclass
class Cell:
    value: float | None  # None: `note` says why not
    spread: float = 0.0  # half of what lies between the best and the worst round, as a share
    note: str = ""

    def text(self) -> str:
        if self.value is None:
            return self.note.partition(":")[0]
        shown = significant(self.value)
        return f"{shown} ±{self.spread:.0%}" if self.spread else shown


@dataclass
class Row:
    name: str
    unit: str
    cells: dict[str, Cell] = field(default_factory=dict)
    compared: bool = False  # whether ratios mean something
    less_is_better: bool = False

    def value(self, key: str) -> float | None:
        return self.cells[key].value if key in self.cells else None

    def ratio(self, others: Iterable[str], of: str = THIS) -> float | None:
        """This server, or another, over the best of the others."""
        mine = self.value(of)
        values = [value for key in others if (value := self.value(key))]
        if not self.compared or not mine or not values:
            return None
        return mine / (min(values) if self.less_is_better else max(values))


def median_cell(values: Sequence[float], scale: float = 1.0) -> Cell:
    middle = statistics.median(values)
    spread = (max(values) - min(values)) / middle / 2 if middle else 0.0
    return Cell(middle * scale, spread)


def significant(value: float) -> str:
    if not value:
        return "0"
    decimals = max(0, DIGITS - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"


# --- the table --------------------------------------------------------------------------------------------------


def table(rows: Sequence[Row], keys: Sequence[str]) -> str:
    head = ["", "unit", *(TITLES[key] for key in keys), *(f"/ {name}" for name in RATIOS)]
    lines = [head, *(_line(row, keys) for row in rows)]
    titles = {key: TITLES[key] for key in keys}
    return "\n".join([*_columns(lines), *_notes(rows, titles)])


def table_of_two(rows: Sequence[Row], pair: tuple[Contestant, Contestant]) -> str:
    """With the ratio of the second to the first."""
    first, second = pair
    lines = [["", "unit", first.title, second.title, "ratio"]]
    for row in rows:
        ratio = row.ratio((first.key,), second.key)
        cells = [row.cells[each.key].text() for each in pair]
        lines.append([row.name, row.unit, *cells, "" if ratio is None else f"{ratio:.2f}"])
    return "\n".join([*_columns(lines), *_notes(rows, {each.key: each.title for each in pair})])


def _notes(rows: Sequence[Row], titles: Mapping[str, str]) -> Iterator[str]:
    for row in rows:
        yield from (f"{row.name}, {titles[key]} {cell.note}" for key, cell in row.cells.items() if ":" in cell.note)


def _columns(lines: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [_aligned(line, widths) for line in lines]


def _line(row: Row, keys: Sequence[str]) -> list[str]:
    cells = [row.cells[key].text() if key in row.cells else "-" for key in keys]
    ratios = [row.ratio(others) for others in RATIOS.values()]
    return [row.name, row.unit, *cells, *("" if ratio is None else f"{ratio:.2f}" for ratio in ratios)]


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = list(zip(line, widths, strict=True))
    words = [cell.ljust(width) for cell, width in cells[:2]]
    figures = [cell.rjust(width) for cell, width in cells[2:]]
    return "  ".join(words + figures).rstrip()


# --- JSON -------------------------------------------------------------------------------------------------------


def machine(folder: Path) -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "processor": processor(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        "data_on": filesystem(folder),
    }


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def filesystem(folder: Path) -> str:
    """The kind of file system a folder is on."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, name, *_ = line.split()
        inside = str(folder.resolve()).startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, name
    return kind


def document(
    rows: Sequence[Row], about: Mapping[str, Any], versions: Mapping[str, str], command: Sequence[str]
) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(command),
        "machine": dict(about),
        "versions": dict(versions),
        "rows": [asdict(row) | {"ratios": _ratios(row)} for row in rows],
    }


def _ratios(row: Row) -> dict[str, float]:
    return {name: ratio for name, others in RATIOS.items() if (ratio := row.ratio(others)) is not None}


def read_rows(file: Path) -> list[Row]:
    found = []
    for entry in json.loads(file.read_text())["rows"]:
        del entry["ratios"]
        cells = {key: Cell(**cell) for key, cell in entry.pop("cells").items()}
        found.append(Row(**entry, cells=cells))
    return found


# --- compared with an earlier run -------------------------------------------------------------------------------


def comparison(old: Sequence[Row], new: Sequence[Row]) -> str:
    """This server now and then; `against peers` takes out what the machine was doing meanwhile."""
    then = {(row.name, row.unit): row for row in old}
    lines = [["this server, old and new", "unit", "old", "new", "new/old", *(f"against {name}" for name in RATIOS)]]
    for row in new:
        before = then.get((row.name, row.unit))
        if row.name.startswith(DETAIL) or before is None or before.value(THIS) is None or row.value(THIS) is None:
            continue
        was, now = before.value(THIS) or 0.0, row.value(THIS) or 0.0
        ratios = [_over(row.ratio(others), before.ratio(others)) for others in RATIOS.values()]
        lines.append([row.name, row.unit, significant(was), significant(now), _over(now, was), *ratios])
    return "\n".join(_columns(lines))


def _over(new: float | None, old: float | None) -> str:
    return f"{new / old:.2f}" if new and old else ""
