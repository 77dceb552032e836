"""The suite itself: its table, its page and its exit status."""

from __future__ import annotations

import importlib
import re
import sys
import types
from pathlib import Path

import pytest

from tests.faults import __main__ as suite
from tests.faults.finding import Finding, main

pytestmark = pytest.mark.once

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def an_item(monkeypatch: pytest.MonkeyPatch, *, met: bool | None) -> None:
    """In the place of item 1."""
    module = types.ModuleType("tests.faults.pretended")
    module.run = lambda quick, seed: Finding(1, "a property", "a | target", f"seed {seed}", met)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(suite.ITEMS, 1, "pretended")


@pytest.mark.parametrize(("met", "status"), [(True, 0), (None, 0), (False, 1)])
def test_a_missed_target_is_the_exit_status(monkeypatch: pytest.MonkeyPatch, met: bool | None, status: int) -> None:
    """Only a target that is missed makes the run fail; what the system does not allow does not."""
    an_item(monkeypatch, met=met)
    assert suite.main(["--only", "1", "--seed", "7"]) == status
    assert main(lambda quick, seed: Finding(1, "", "", "", met), ["--quick"]) == status


def test_rows_are_written_into_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The row that was measured is replaced, the others and the text around them stay."""
    an_item(monkeypatch, met=True)
    page = tmp_path / "page.md"
    rows = "| 1 | old | | | | |\n| 3 | kept | | | | |\n\nMachine: old.\n"
    page.write_text(f"before\n\n{suite.PAGE_HEAD}{rows}\nafter\n")
    assert suite.main(["--only", "1", "--seed", "7", "--quick", "--write", str(page)]) == 0
    written = page.read_text()
    assert re.search(r"^\| 1 \| a property \| a / target \| seed 7 \| yes \| .* --seed 7 \|$", written, re.MULTILINE)
    assert "| 3 | kept |" in written
    assert "old" not in written
    assert written.startswith("before\n")
    assert written.endswith("\n\nafter\n")


def test_an_unknown_item_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence names it."""
    with pytest.raises(SystemExit):
        suite.main(["--only", "1,99"])
    assert "there is no item 99" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "name"), sorted(suite.ITEMS.items()))
def test_every_item_is_runnable_and_explained(number: int, name: str) -> None:
    """Each module has its `run`, says how to start it, and has its paragraph on the page."""
    module = importlib.import_module(f"tests.faults.{name}")
    assert callable(module.run)
    assert f"python -m tests.faults.{name} [--quick] [--seed N]" in (module.__doc__ or "")
    assert f"\n**{number} `{name}`** " in PAGE.read_text()
