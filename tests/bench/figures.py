"""Every figure that has a target, in one go: `python -m tests.bench.figures --json FILE`. Linux, and a C compiler.

Measures part by part, for some twenty minutes on two processors that do nothing else, and prints one table: what was
measured, its target, and whether it is met. FILE is written after each part, so a run that is cut short keeps what it
has, and `--only` measures parts again. `--from FILE` measures nothing: it prints the table of a kept run, and can draw
it (`--plot`), or put it into a page (`--docs`).
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Final

from tests.bench import parts, report, verdicts
from tests.bench.contestants import ON_POSTGRES, Absent, look_for
from tests.bench.generator import NoCompiler, NoTls
from tests.bench.measure import Bench, add_options
from tests.bench.plot import fan_out_svg
from tests.bench.target_plot import targets_svg
from tests.bench.verdicts import Part, Run

BUSY: Final = 0.5  # load of the machine from which the figures are not worth much
AGAIN: Final = 10.0  # seconds after which a part that is given up and does not end is told once more
LACKING: Final = (Absent, NoCompiler, NoTls)


class TooLong(Exception):
    """A part has taken longer than it may."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.figures", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the results; parts that are in it already stay")
    parser.add_argument("--from", type=Path, metavar="FILE", dest="kept", help="show kept results, measure nothing")
    parser.add_argument("--only", nargs="+", choices=parts.PARTS, metavar="PART",
                        help=f"some of: {', '.join(parts.PARTS)}")  # fmt: skip
    add_options(parser, rounds=3)
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="draw fanout.svg and targets.svg there")
    between = "`<!-- figures: SECTION -->` and `<!-- end of figures -->`"
    parser.add_argument("--docs", type=Path, metavar="FILE", help=f"put the tables into a page, between {between}")
    return parser


def main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    if options.kept:
        return _show(Run.read(options.kept), options)
    if not sys.platform.startswith("linux"):
        print("The load generator needs Linux (epoll).", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _end)
    run = _begun(options)
    try:
        with tempfile.TemporaryDirectory(prefix="chat-bench-", dir=options.folder) as name:
            bench = Bench(Path(name), {}, (), options.rounds, options.seconds)
            measure(run, options.only or list(parts.PARTS), bench, options.json)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    return _show(run, options)


def _end(number: int, frame: FrameType | None) -> None:
    """Everything that runs is closed on the way out, as with Ctrl+C."""
    sys.exit(128 + number)


def _begun(options: argparse.Namespace) -> Run:
    """With the parts that are kept already."""
    run = Run.read(options.json) if options.json and options.json.exists() else Run()
    busy = os.getloadavg()[0]
    if busy > BUSY:
        print(f"Other programs are running (load {busy:.1f}): trust nothing but ratios.", file=sys.stderr)
    run.about = _about(options, busy)
    return run


def _about(options: argparse.Namespace, busy: float) -> dict[str, Any]:
    versions, _ = look_for((*parts.EVERYBODY, ON_POSTGRES))
    return {
        "date": _now(),
        "command": sys.argv[1:],
        "machine": report.machine(options.folder) | {"load_before": busy},
        "versions": versions,
        "rounds": options.rounds,
        "seconds": options.seconds,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


# --- part by part ------------------------------------------------------------------------------------------------


def measure(run: Run, names: Sequence[str], bench: Bench, file: Path | None) -> None:
    begun = time.monotonic()
    for number, name in enumerate(names, 1):
        bench.tell(f"{_clock(time.monotonic() - begun)} {name} ({number} of {len(names)})")
        os.sync()  # what the part before has left to be written is not this one's
        run.parts[name] = _measured(parts.PARTS[name], bench)
        if problem := run.parts[name].problem:
            bench.tell(f"      {problem}")
        if file:
            run.write(file)
    bench.tell(f"{_clock(time.monotonic() - begun)} done\n")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:2}:{int(seconds) % 60:02}"


def _measured(part: parts.Part, bench: Bench) -> Part:
    """What could be measured of it, and why the rest could not."""
    found, begun = Part(date=_now(), processor=report.processor()), time.monotonic()
    try:
        with _at_most(part.most):
            for row in part.measure(bench):
                found.rows.append(row)
    except LACKING as error:
        found.problem = f"left out: {error}"
    except Exception as error:  # whatever it is, the other parts are still measured
        found.problem = f"failed: {type(error).__name__}: {error}"
    found.seconds = round(time.monotonic() - begun, 1)
    return found


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def give_up(number: int, frame: FrameType | None) -> None:
        raise TooLong(f"not done within {seconds:g} s")

    before: Callable[..., Any] | int | None = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# --- what it came to ---------------------------------------------------------------------------------------------


def _show(run: Run, options: argparse.Namespace) -> int:
    found = verdicts.verdicts(run)
    print(f"{verdicts.table(run, aligned=True)}\n\n{verdicts.summary(found)}")
    if options.docs:
        options.docs.write_text(verdicts.fill_in(run, options.docs.read_text()))
    if options.plot:
        _draw(run, options.plot)
    return 0


def _draw(run: Run, folder: Path) -> None:
    subtitle = f"{run.about['machine']['processors']} processors, 100-byte texts, 5 senders"
    rows = [row for name, part in run.parts.items() if name.startswith("fan-out-") for row in part.rows]
    for name, svg in (("fanout.svg", fan_out_svg(rows, subtitle)), ("targets.svg", targets_svg(run))):
        if svg:
            (folder / name).write_text(svg)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
