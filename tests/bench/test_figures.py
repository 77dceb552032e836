"""Figures and their targets: what is met is said to be met, what is missing is said to be missing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.bench import figures, parts, targets, verdicts
from tests.bench.contestants import ROOT, Absent
from tests.bench.measure import Bench
from tests.bench.report import Cell, Row
from tests.bench.target_plot import targets_svg
from tests.bench.targets import SECTIONS, Cells, Goal
from tests.bench.verdicts import Part, Run, judge
from tests.peers import wait_until

pytestmark = pytest.mark.once

KEPT = ROOT / "docs" / "figures.json"
PAGE = ROOT / "docs" / "performance.md"


def run(**cells: Cell) -> Run:
    """A part named `part` with one row, and a detail of it."""
    rows = [Row("a room: rate", "M/s", cells, compared=True), Row("  memory", "kB", {"this": Cell(7.0)})]
    return Run({"machine": {"processors": 2}}, {"part": Part(rows, 1.5)})


RATE = Cells("part", "a room: rate")
HALF = Goal("half of Redis", RATE, "×", 0.5, at_least=True, over=RATE.of("redis", "nats"))
SMALL = Goal("memory", Cells("part", "a room: memory"), "kB", 10.0)


@pytest.mark.parametrize(("mine", "met"), [(3.0, True), (2.0, True), (1.9, False)])
def test_a_ratio_is_over_the_best_of_the_others(mine: float, met: bool) -> None:
    """And met from the limit on."""
    verdict = judge(run(this=Cell(mine), redis=Cell(4.0), nats=Cell(1.0)), HALF)
    assert verdict.is_met is met
    assert verdict.line()[2:] == ("≥ 0.5 ×", "met" if met else "**missed**")
    assert verdict.figure == mine / 4


@pytest.mark.parametrize(("limit", "met"), [(8.0, True), (7.0, True), (6.9, False)])
def test_a_figure_may_be_as_large_as_its_limit(limit: float, met: bool) -> None:
    """Details are found under the name of the row above."""
    assert judge(run(this=Cell(1.0)), Goal("memory", SMALL.cells, "kB", limit)).is_met is met


def test_a_difference_is_judged() -> None:
    """What comes on top of something else."""
    goal = Goal("more", RATE, "ms", 1.0, beyond=RATE.of("redis"))
    assert judge(run(this=Cell(3.5), redis=Cell(3.0)), goal).figure == 0.5


def test_the_highest_of_several_rows_counts() -> None:
    """A pattern stands for all that begin and end so."""
    rows = [
        Row(name, "ms", {"this": Cell(value)})
        for name, value in (("search a: 99 %", 5), ("search b: 99 %", 9), ("search: median", 20))
    ]
    goal = Goal("slowest", Cells("part", "search …: 99 %"), "ms", 8.0)
    assert judge(Run({}, {"part": Part(rows)}), goal)[1:] == (9, [])


def test_whoever_is_missing_is_named() -> None:
    """A ratio over those that are left is a figure with a note; over nobody there is no figure."""
    some = judge(run(this=Cell(3.0), redis=Cell(None, note="absent: not installed"), nats=Cell(4.0)), HALF)
    assert some.line()[3] == "met: Redis absent: not installed"
    none = judge(run(this=Cell(3.0), redis=Cell(None, note="absent")), HALF)
    assert none.is_met is None
    assert none.line()[1] == ""


def test_a_part_that_failed_says_why() -> None:
    """In the rows of what it has not measured; and what nobody has measured is not met."""
    broken = Run({}, {"part": Part([], problem="left out: no compiler")})
    assert judge(broken, SMALL).line() == ("memory", "", "≤ 10 kB", "left out: no compiler")
    assert judge(Run(), SMALL).line()[3] == "not measured"
    assert verdicts.summary([judge(Run(), SMALL)]) == "0 met, 0 missed, 1 without a figure."


def test_results_survive_json(tmp_path: Path) -> None:
    """Without a trace of how they were written."""
    kept = run(this=Cell(3.0, 0.1), redis=Cell(None, note="failed: ½"))
    kept.write(tmp_path / "kept.json")
    assert Run.read(tmp_path / "kept.json") == kept
    assert os.listdir(tmp_path) == ["kept.json"]


def test_every_goal_is_measured_by_a_part() -> None:
    """And no two goals of a section are called the same, nor two sections."""
    goals = [goal for section in SECTIONS for goal in section.goals]
    wanted = {cells.part for goal in goals for cells in (goal.cells, goal.over, goal.beyond) if cells}
    assert wanted == set(parts.PARTS)
    assert all(len({goal.what for goal in section.goals}) == len(section.goals) for section in SECTIONS)
    assert len({section.key for section in SECTIONS}) == len(SECTIONS)


def test_tables_are_put_into_a_page() -> None:
    """Between marks, one section or all of them; and again when they have changed."""
    marked = "<!-- figures: files -->\nstale\n<!-- end of figures -->\n"
    page = f"before\n{marked}after\n<!-- figures -->\n<!-- end of figures -->\n"
    filled = verdicts.fill_in(Run(), page)
    assert filled.count("four files are received") == 2
    assert filled.count(targets.SECTIONS[0].title) == 1
    assert filled.startswith("before\n<!-- figures: files -->\n\n| what")
    assert "stale" not in filled
    assert verdicts.fill_in(Run(), filled) == filled


@pytest.mark.skipif(not KEPT.exists(), reason="no figures are kept")
def test_the_page_has_the_figures_that_are_kept() -> None:
    """`python -m tests.bench.figures --from docs/figures.json --docs docs/performance.md` puts them there."""
    page = PAGE.read_text()
    assert verdicts.fill_in(Run.read(KEPT), page) == page


def test_every_figure_with_a_target_is_drawn() -> None:
    """One bar each, green or red; a run without figures is no picture."""
    svg = ElementTree.fromstring(targets_svg(whole()))
    bars = svg.findall("{http://www.w3.org/2000/svg}rect")
    judged = [verdict for verdict in verdicts.verdicts(whole()) if verdict.is_met is not None]
    assert len(bars) == len(judged) > 5
    assert [bar.get("fill") == "#d1495b" for bar in bars] == [verdict.is_met is False for verdict in judged]
    assert targets_svg(Run()) == ""


def whole() -> Run:
    """With a figure for every goal of TLS, some too high and some too low."""
    names = {
        cells.row for section in SECTIONS if section.key == "tls" for cells in (goal.cells for goal in section.goals)
    }
    rows = [Row(name, "", {"this": Cell(50.0), "tls": Cell(50.0)}) for name in sorted(names)]
    return Run({}, {part: Part(rows) for part in parts.PARTS if part.startswith("tls-")})


# --- measuring ---------------------------------------------------------------------------------------------------


def breaks(bench: Bench) -> Iterator[Row]:
    yield Row("a row", "ms", {"this": Cell(1.0)})
    raise RuntimeError("the disk is full")


def lacks(bench: Bench) -> Iterator[Row]:
    raise Absent("it is not installed")
    yield


def sleeps(bench: Bench) -> Iterator[Row]:
    time.sleep(60)
    yield Row("too late", "ms")


def test_a_part_that_fails_takes_nothing_from_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What it has measured stays, and the file has all parts so far."""
    measures = {"breaks": breaks, "lacks": lacks, "sleeps": sleeps}
    monkeypatch.setattr(parts, "PARTS", {name: parts.Part(measure, 0.05) for name, measure in measures.items()})
    figures.measure(Run(), list(measures), Bench(tmp_path, {}, ()), tmp_path / "kept.json")
    kept = Run.read(tmp_path / "kept.json").parts
    assert kept["breaks"].problem == "failed: RuntimeError: the disk is full"
    assert [row.name for row in kept["breaks"].rows] == ["a row"]
    assert kept["lacks"].problem == "left out: it is not installed"
    assert kept["sleeps"].problem == "failed: TooLong: not done within 0.05 s"


def test_kept_figures_are_shown_without_measuring(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a table, as pictures, and in a page."""
    run = whole()
    run.about = {"machine": {"processors": 2}}
    run.write(tmp_path / "kept.json")
    (tmp_path / "page.md").write_text("<!-- figures: tls -->\n<!-- end of figures -->")
    where = ["--from", str(tmp_path / "kept.json"), "--plot", str(tmp_path), "--docs", str(tmp_path / "page.md")]
    assert figures.main(where) == 0
    assert "**missed**" in capsys.readouterr().out
    assert "**missed**" in (tmp_path / "page.md").read_text()
    assert (tmp_path / "targets.svg").exists()


@pytest.mark.thorough
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the benchmark needs Linux")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_and_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    """With a server and a load generator that run, and the parts that were done kept."""
    command = [sys.executable, "-m", "tests.bench.figures", "--folder", str(tmp_path), "--only", "files"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        while "files (1 of 1)" not in process.stderr.readline():
            pass
        while not list(tmp_path.glob("*/talking/*")):
            time.sleep(0.01)
        os.killpg(process.pid, number)
        process.stderr.read()
    assert process.returncode == 128 + number
    assert list(tmp_path.iterdir()) == []
    assert wait_until(lambda: not _is_there(process.pid)), "something that it had started goes on"


def _is_there(group: int) -> bool:
    """Whether a process of that group is left; for a moment that may be one that has ended."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
