"""How fast the server is beside others: `python -m tests.bench [--quick]`. Linux, and a C compiler, are needed.

Starts each server in turn on loopback, loads it, checks every message that every client gets, and prints one table.
With `--tls`, `--web`, `--postgres` or `--beside`, two of this project's servers run at the same time and are loaded in
turn.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.bench import beside, files_bench, quick, report
from tests.bench.contestants import (
    ALL,
    ON_POSTGRES,
    OVER_TLS,
    OVER_WEB,
    THIS,
    Contestant,
    another,
    look_for,
)
from tests.bench.generator import NoCompiler, NoTls, build, build_tls, build_web
from tests.bench.measure import Bench, add_options
from tests.bench.plot import fan_out_svg
from tests.bench.report import Cell, Row
from tests.bench.workloads import WORKLOADS

IN_MEMORY: Final = ("tmpfs", "ramfs")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    keys = [contestant.key for contestant in ALL]
    parser.add_argument("--quick", nargs="*", choices=quick.KINDS, metavar="KIND",
                        help="under a minute: fails if the server has become slow; all that can be measured here, or "
                             f"some of: {', '.join(quick.KINDS)}")  # fmt: skip
    parser.add_argument("--tls", action="store_true", help="this server in the clear and over TLS, beside each other")
    parser.add_argument("--web", action="store_true", help="this server's native door and its WebSockets")
    parser.add_argument("--postgres", action="store_true", help="this server on a folder and on PostgreSQL")
    parser.add_argument("--files", action="store_true", help="files beside a room where people talk")
    parser.add_argument("--beside", type=Path, metavar="FOLDER",
                        help="this server and another copy of the project; with --tls both over TLS")  # fmt: skip
    parser.add_argument("--only", nargs="+", choices=dict.fromkeys((*WORKLOADS, *beside.WORKLOADS)), metavar="WORKLOAD",
                        help=f"some of: {', '.join(WORKLOADS)}; with --tls some of: {', '.join(beside.WORKLOADS)}; "
                             f"with --beside some of: {', '.join(beside.IN_THE_CLEAR)}")  # fmt: skip
    parser.add_argument("--peers", nargs="*", choices=keys, default=keys, metavar="PEER",
                        help=f"some of: {', '.join(keys[1:])}; this server always takes part")  # fmt: skip
    add_options(parser, rounds=5)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="compare with the results of an earlier run")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the fan-out rows as an SVG")
    return parser


def main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    if not sys.platform.startswith("linux"):
        print("The load generator needs Linux (epoll).", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="chat-bench-", dir=options.folder) as name:
        folder = Path(name)
        if options.quick is not None:
            return quick.run(folder, options.quick)
        if options.files:
            return files_bench.run(folder, 5 * options.seconds)
        try:
            programs = build(folder)
        except NoCompiler as error:
            print(error, file=sys.stderr)
            return 2
        if options.tls or options.web or options.beside or options.postgres:
            return _measure_two(options, folder, programs)
        return _measure(options, folder, programs)


def _measure(options: argparse.Namespace, folder: Path, programs: dict[str, Path]) -> int:
    chosen = [contestant for contestant in ALL if contestant.key in ("this", *options.peers)]
    versions, present = look_for(chosen)
    bench = Bench(folder, programs, present, options.rounds, options.seconds)
    about = report.machine(folder)
    _tell_machine(about, versions)
    print("Ratios are this server / the other.\n")
    rows = _run(
        bench, options.only or list(WORKLOADS), [contestant for contestant in chosen if contestant not in present]
    )
    print(report.table(rows, [contestant.key for contestant in chosen]))
    _compare(options.compare, rows)
    if options.json:
        found = report.document(rows, about, versions, sys.argv)
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.plot:
        options.plot.write_text(fan_out_svg(rows, f"{about['processors']} processors, 100-byte texts, 5 senders"))
    failed = [row.name for row in rows if (cell := row.cells.get("this")) and cell.note.startswith("failed")]
    return 1 if failed else 0


def _measure_two(options: argparse.Namespace, folder: Path, programs: dict[str, Path]) -> int:
    """In the clear and over TLS, on a folder and on PostgreSQL, or this copy and another."""
    if options.tls:
        try:
            programs |= build_tls(folder)
        except NoTls as error:
            print(error, file=sys.stderr)
            return 2
    if options.web:
        programs |= build_web(folder)
    pair = _pair(options)
    workloads = beside.WORKLOADS if options.tls else beside.IN_THE_CLEAR
    bench = Bench(folder, programs, pair, options.rounds, options.seconds, beside.WINDOWS)
    about = report.machine(folder)
    versions, present = look_for(pair)
    _tell_machine(about, versions)
    if len(present) < len(pair):
        return 2
    print(f"Ratios are {pair[1].title} / {pair[0].title}.\n")
    rows = beside.measure(bench, [name for name in options.only or workloads if name in workloads])
    print(report.table_of_two(rows, pair))
    if options.json:
        found = report.document(rows, about, versions, sys.argv)
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 1 if any(cell.note.startswith("failed") for row in rows for cell in row.cells.values()) else 0


def _pair(options: argparse.Namespace) -> tuple[Contestant, Contestant]:
    """This server, and what it is measured beside."""
    if options.tls and options.beside:
        return OVER_TLS, another(options.beside, over_tls=True)
    if options.tls or options.web:
        return THIS, OVER_TLS if options.tls else OVER_WEB
    return THIS, ON_POSTGRES if options.postgres else another(options.beside)


def _run(bench: Bench, names: Sequence[str], absent: Sequence[Contestant]) -> list[Row]:
    rows = []
    for name in names:
        bench.tell(f"measuring {name} …")
        for row in WORKLOADS[name](bench):
            if row.compared:
                row.cells |= {contestant.key: Cell(None, note="absent") for contestant in absent}
            rows.append(row)
    return rows


def _tell_machine(about: dict[str, object], versions: dict[str, str]) -> None:
    print(f"{about['system']}, {about['processors']} x {about['processor']}, SQLite {about['sqlite']}")
    print(f"data on {about['data_on']}; {', '.join(f'{key}: {text}' for key, text in versions.items())}")
    if about["data_on"] in IN_MEMORY:
        print("That is no real disk: syncing costs nothing there. Choose another place with --folder.")
    print("100-byte texts, a message counted once per client that received it.")


def _compare(file: Path | None, rows: list[Row]) -> None:
    if file is not None:
        print(f"\n{report.comparison(report.read_rows(file), rows)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
