"""The page's pure modules, run by node: delivery, logs, texts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

HERE = Path(__file__).parent
NODE = shutil.which("node")


def _can_run_modules() -> bool:
    """Whether there is a node that knows the test runner and tells a module by its content."""
    if NODE is None:
        return False
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    numbers = version.strip().removeprefix("v").split(".")
    return [int(number) for number in numbers[:2]] >= [20, 19]


def run_node(*files: Path) -> subprocess.CompletedProcess[str]:
    assert NODE is not None
    command = [NODE, "--test", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


needs_node = pytest.mark.skipif(not _can_run_modules(), reason="there is no node of version 20.19 or newer")


@needs_node
@pytest.mark.parametrize("path", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_module(path: Path) -> None:
    """All cases of the file pass."""
    run = run_node(path)
    assert run.returncode == 0, run.stdout + run.stderr


@needs_node
def test_a_failing_case_is_noticed(tmp_path: Path) -> None:
    """A case that fails makes the run fail."""
    wrong = tmp_path / "wrong.test.mjs"
    wrong.write_text('import { test } from "node:test";\ntest("no", () => { throw new Error("no"); });\n')
    assert run_node(wrong).returncode != 0
