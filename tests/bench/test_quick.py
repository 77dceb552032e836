"""The benchmark's quick form passes; and its checks are worth something."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import __main__ as command
from tests.bench.contestants import ROOT, Server, free_port
from tests.bench.generator import Load, Round
from tests.bench.measure import Bench
from tests.bench.protocols import LINES, crowd, mixed, ring_for
from tests.bench.quick import KINDS, Kind, judge
from tests.bench.report import Cell, Row

pytestmark = pytest.mark.once


@pytest.mark.alone
@pytest.mark.thorough
@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", KINDS)
def test_quick_form_passes(kind: str) -> None:
    """The server is well ahead of its counterpart, or not far behind; and every message arrives once and in order."""
    command = [sys.executable, "-m", "tests.bench", "--quick", kind]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 2 and "usage:" not in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(limit.row in done.stdout for limit in KINDS[kind].limits)


def flood(programs: dict[str, Path], folder: Path, *server: str) -> Round:
    """A short round with one sender and three listeners."""
    members, port = list(crowd(LINES, 1, 4, 1)), free_port()
    command = [sys.executable, "-m", server[0], str(port), *server[1:]]
    with Server(command, folder, port) as running, Load(programs["load"], running.port) as load:
        load.add_rooms(1, ring_for(members, 16))
        # One after the other, so that the first here is the first there.
        load.connect(load.add(members), at_once=1)
        load.sync()
        load.flood(16, 0.05, 0.2)
        load.wait_measuring()
        return load.wait_drained(load.wait_measured())


def test_checker_is_content_with_an_honest_server(programs: dict[str, Path], tmp_path: Path) -> None:
    """Nothing is found where nothing is wrong."""
    done = flood(programs, tmp_path, "tests.bench.tutorial_server")
    assert done.deliveries > 0
    assert not done.problem
    assert not any(done.tally.values())


def test_tutorial_server_keeps_what_it_is_told_to(programs: dict[str, Path], tmp_path: Path) -> None:
    """With a file, what everybody heard last is in it."""
    done = flood(programs, tmp_path, "tests.bench.tutorial_server", str(tmp_path / "journal"))
    assert not done.problem
    assert (tmp_path / "journal").read_bytes().rstrip(b"\0").count(b"\n") > done.deliveries / 4


@pytest.mark.parametrize(("whom", "times"), [("one", 1), ("all", 4)])
@pytest.mark.parametrize(("lie", "finding"), [("drop", "missing"), ("double", "doubled"), ("reorder", "reordered")])
def test_checker_notices_a_lie(
    programs: dict[str, Path], tmp_path: Path, lie: str, finding: str, whom: str, times: int
) -> None:
    """A message that is dropped, doubled or moved is found and named, whether one client is lied to or all are."""
    done = flood(programs, tmp_path, "tests.bench.lying_server", lie, whom)
    assert done.problem
    found = {name for name, count in done.tally.items() if count}
    if whom == "one":
        assert done.tally["differing"] in (1, 3)  # the liar's victim, or those who came after it
    assert finding in found
    assert found <= {finding, "differing"} | ({"gaps"} if lie == "drop" else set())
    if lie == "drop":
        assert done.tally["missing"] == times


def test_no_compiler_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a C compiler the command says so and exits with 2."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert command.main(["--quick"]) == 2
    assert "no C compiler" in capsys.readouterr().err


def rows(kind: Kind, share: float) -> list[Row]:
    """Each figure as good as its limit, times so much."""
    cells: dict[str, dict[str, Cell]] = {}
    for limit in kind.limits:
        ratio = limit.least * share if limit.least else limit.most / share
        cells.setdefault(limit.row, {})[limit.of] = Cell(3.0 * ratio)
        cells[limit.row][limit.over] = Cell(3.0)
    return [Row(name, "", of) for name, of in cells.items()]


def refusals(kind: Kind, found: list[Row]) -> int:
    return sum(not may_pass for _, may_pass in judge(kind, found))


@pytest.mark.parametrize("name", KINDS)
def test_quick_form_fails_on_ratios_only(name: str) -> None:
    """Slow beside the counterpart is a failure, whatever the figures themselves are; so is no figure."""
    kind = KINDS[name]
    assert refusals(kind, rows(kind, 1.01)) == 0
    assert refusals(kind, rows(kind, 0.99)) == len(kind.limits)
    assert refusals(kind, []) == len(kind.limits)


def test_failure_of_the_server_fails_the_quick_form() -> None:
    """A measurement that failed has no ratio, and is no pass."""
    kind = KINDS["native"]
    broken = rows(kind, 2.0)
    broken[0].cells["this"] = Cell(None, note="failed: receiver 1: sender 0's number 5 came twice")
    assert refusals(kind, broken) == 1
    assert any("came twice" in sentence for sentence, _ in judge(kind, broken))


def slow(bench: Bench) -> Iterator[Row]:
    yield from rows(KINDS["files"], 0.5)


def test_what_is_too_slow_is_named_and_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each limit has its sentence."""
    monkeypatch.setitem(KINDS, "files", KINDS["files"]._replace(measure=slow))
    assert command.main(["--quick", "files"]) == 1
    assert capsys.readouterr().out.count("TOO SLOW: ") == len(KINDS["files"].limits)


def test_members_of_mixed_doors_are_told_apart() -> None:
    """Native clients share one stream, plain listeners another, and plain senders have their own."""
    members = list(mixed(10, 5))
    assert {member.stream for member in members[0::2]} == {0}
    assert [member.stream for member in members[1::2]] == [-1, -1, 1, 1, 1]
