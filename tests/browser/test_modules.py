"""The page's pure modules, run by node: delivery, logs, texts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from server_parts.web.files import folder
from server_parts.web.joining import joined

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


def run_node(*files: Path, way: str = "--test") -> subprocess.CompletedProcess[str]:
    assert NODE is not None
    command = [NODE, *way.split(), *map(str, files)]
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


TOY = {
    "entry": 'import * as parts from "./parts.js";\nimport { second as two } from "./second.js";\n'
    "console.log(Object.keys(parts).sort(), two(), parts.first, String(this), new parts.Third().hidden);\n",
    "parts": 'export * from "./first.js";\nexport class Third {\n  hidden = hidden;\n}\nconst hidden = "here";\n',
    "first": 'import { second } from "./second.js";\nexport const first = `${second()} and one`;\n'
    'console.log("once");\n',
    "second": "const hidden = 2;\nexport function second() {\n  return hidden;\n}\n",
}


@needs_node
def test_joined_modules_do_the_same(tmp_path: Path) -> None:
    """In the same order, with the same values, each once, and with names that others use, too."""
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for name, source in TOY.items():
        (tmp_path / f"{name}.js").write_text(source)
    (tmp_path / "all.js").write_text(joined("entry", TOY).script("none"))
    apart, together = (run_node(tmp_path / f"{name}.js", way="") for name in ("entry", "all"))
    assert apart.stdout.startswith("once\n[ 'Third', 'first' ] 2 2 and one undefined here"), apart.stderr
    assert together.stdout == apart.stdout, together.stderr


@needs_node
def test_an_error_names_the_module_and_the_line(tmp_path: Path) -> None:
    """With the map, in the script that all modules are."""
    (tmp_path / "package.json").write_text('{"type": "module"}')
    whole = joined("entry", TOY | {"second": "\n\nexport function second() {\n  throw new Error('no');\n}"})
    (tmp_path / "all.js").write_text(whole.script("all.js.map"))
    (tmp_path / "all.js.map").write_text(whole.source_map("../"))
    run = run_node(tmp_path / "all.js", way="--enable-source-maps")
    assert f"{tmp_path.parent / 'second.js'}:4" in run.stderr
    assert f"{tmp_path.parent / 'first.js'}:2" in run.stderr


@needs_node
def test_the_page_s_script_is_understood(tmp_path: Path) -> None:
    """As a module: nothing in it is declared twice or awaited outside of a function; and such a thing is noticed."""
    script = folder()["/page.js"].body
    (tmp_path / "page.mjs").write_bytes(script)
    run = run_node(tmp_path / "page.mjs", way="--check")
    assert run.returncode == 0, run.stderr
    (tmp_path / "twice.mjs").write_bytes(b"const $view = 0;\n" + script)
    assert run_node(tmp_path / "twice.mjs", way="--check").returncode != 0
