"""The whole reliability suite: every item once, and one table.

    python -m tests.faults [--quick] [--seed N] [--only 1,3] [--write docs/reliability.md]

Ends with 1 if a target is missed. `--write` puts the rows that were measured into that page and leaves the others.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.faults.actors import chosen_seed
from tests.faults.finding import Finding

ITEMS: Final = {
    1: "crash",
    2: "fsync_first",
    3: "cut_link",
    4: "one_order",
    5: "kick_storm",
    6: "trim",
    7: "slow_readers",
    8: "tls_duplex",
    9: "parser",
    10: "neighbours",
    11: "slow_loris",
    12: "no_descriptors",
    13: "half_open",
    14: "inert_terminal",
    15: "flood",
    16: "clean_stop",
    17: "storage_faults",
    18: "leaks",
    19: "several",
    20: "fail_over",
    21: "listening",
    22: "identity",
    23: "abuse",
    24: "rights",
    26: "files",
    27: "hearers",
    28: "impostor",
}

HEAD: Final = "| # | property | target | figure | met |"
PAGE_HEAD: Final = f"{HEAD} measured |\n|---|---|---|---|---|---|\n"
MET: Final = {True: "yes", False: "**no**", None: "not here"}
_ROW = re.compile(r"^\| (\d+) \|.*\n", re.MULTILINE)
_TABLE = re.compile(re.escape(PAGE_HEAD) + r"((?:\|.*\n)*)(?:\nMachine: .*\n)?")


def row(finding: Finding, *more: str) -> str:
    cells = (*finding[:4], MET[finding.met], *more)
    return "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |\n"


def machine() -> str:
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"Machine: {os.cpu_count()} cores, {platform.system()}, {versions}.\n"


def with_rows(page: str, rows: dict[int, str]) -> str:
    """The page with these rows in the place of theirs in its table, in the order of their numbers."""
    table = _TABLE.search(page)
    if table is None:
        raise SystemExit("That page has no table of findings to write to.")
    rows = {int(row[1]): row[0] for row in _ROW.finditer(table[1])} | rows
    written = PAGE_HEAD + "".join(rows[number] for number in sorted(rows)) + "\n" + machine()
    return page[: table.start()] + written + page[table.end() :]


def read_arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--quick", action="store_true", help="a short form of every item")
    parser.add_argument("--seed", type=int, default=chosen_seed(), help="replay the choices of a run")
    parser.add_argument("--only", type=numbers, default=sorted(ITEMS), metavar="N,...", help="only these items")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the figures into the table of that page")
    return parser.parse_args(argv)


def numbers(text: str) -> list[int]:
    chosen = sorted({int(part) for part in text.split(",")})
    if unknown := [str(number) for number in chosen if number not in ITEMS]:
        raise argparse.ArgumentTypeError(f"there is no item {', '.join(unknown)}")
    return chosen


def main(argv: Sequence[str]) -> int:
    chosen = read_arguments(argv)
    findings = []
    for number in chosen.only:
        print(f"{number:>2} {ITEMS[number]} ...", end=" ", flush=True)
        begun = time.monotonic()
        findings.append(importlib.import_module(f"tests.faults.{ITEMS[number]}").run(chosen.quick, chosen.seed))
        print(f"{time.monotonic() - begun:.1f} s", flush=True)
    print(f"\n{HEAD}\n|---|---|---|---|---|\n{''.join(map(row, findings))}\nseed {chosen.seed}")
    if chosen.write:
        how = f"{time.strftime('%Y-%m-%d')}, {'--quick ' if chosen.quick else ''}--seed {chosen.seed}"
        page = with_rows(chosen.write.read_text(), {finding.number: row(finding, how) for finding in findings})
        chosen.write.write_text(page)
    return 1 if any(finding.met is False for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
