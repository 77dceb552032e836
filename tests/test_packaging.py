"""The programs can be installed with pip, or built into one file, and then run outside of the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chat_common import VERSION
from terminal_parts.command_line import how_to_start
from tests.browsers import ask
from tests.peers import WAIT
from tests.programs import ROOT, ServerProgram, environment

PACKAGES = ("server_parts", "client_parts", "terminal_parts", "tls_parts")
NEEDED = {"server.py", "client.py", "chat_common.py"} | {
    file.relative_to(ROOT).as_posix()
    for package in PACKAGES
    for file in (ROOT / package).rglob("*")
    if file.is_file() and (file.suffix == ".py" or "page" in file.parent.parts)
}
BUILD_TIME = 120.0  # seconds; with an index nearby it takes less than ten

pytestmark = [pytest.mark.once, pytest.mark.timeout(3 * BUILD_TIME)]


def run(*command: str | Path, cwd: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with the status that is expected of it."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_TIME,
        env=environment({"HOME": str(cwd)}),
        cwd=cwd,
        check=False,
    )
    assert done.returncode == status, f"{done.stdout}\n{done.stderr}"
    return done


def pip_or_skip(*arguments: str | Path, cwd: Path) -> None:
    """Run pip. Skips the test if it cannot get what a build needs."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--retries", "0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_TIME, cwd=cwd, check=False)
    if "No module named pip" in done.stderr:
        pytest.skip("this Python has no pip")
    if "No matching distribution found for" in done.stderr:
        pytest.skip("no package index can be reached to get setuptools and termcolor")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of this project and of what it needs, built from a copy of the checkout."""
    folder = tmp_path_factory.mktemp("packaging")
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info", "chat-data", "venv")
    shutil.copytree(ROOT, folder / "copy", ignore=unwanted)
    pip_or_skip("wheel", "--wheel-dir", folder / "wheels", folder / "copy", cwd=folder)
    return folder / "wheels"


@pytest.fixture
def commands(wheels: Path, tmp_path: Path) -> Path:
    """The folder of the commands in a new environment in which only this project is installed."""
    home = tmp_path / "environment"
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    scripts = Path(sysconfig.get_path("scripts", "venv", {"base": str(home), "installed_base": str(home)}))
    python = next(scripts.glob("python*"))
    offline = ("--no-index", "--find-links", wheels)
    pip_or_skip("--python", python, "install", "-q", *offline, "chat-pair", cwd=tmp_path)
    return scripts


@contextmanager
def serving(*command: str | Path, cwd: Path) -> Iterator[ServerProgram]:
    """A server that was started by another command, once it listens."""
    process = subprocess.Popen(
        [*command, "--port", "0", "--data", ":memory:"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment({"HOME": str(cwd)}),
        cwd=cwd,
    )
    try:
        yield ServerProgram(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=WAIT)


def talk(server: list[str | Path], client: list[str | Path], cwd: Path) -> None:
    """Start the server, say something with the client, and stop the server."""
    with serving(*server, cwd=cwd) as program:
        said = subprocess.run(
            [*client, "--port", str(program.port), "--name", "ada"],
            input="hello from elsewhere\n",
            capture_output=True,
            text=True,
            timeout=2 * WAIT,
            env=environment({"HOME": str(cwd)}),
            cwd=cwd,
            check=False,
        )
        assert (said.returncode, said.stderr) == (0, "")
        assert "ada said -> hello from elsewhere" in said.stdout
        page = ask(program.port, "/")
        assert (page.status, page.body[:15]) == (200, b"<!doctype html>")
        assert program.stop() == 0


def test_both_ways_to_install_need_the_same() -> None:
    """requirements.txt and pyproject.toml name the same packages and versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == (ROOT / "requirements.txt").read_text().split()


def test_the_changelog_knows_this_version() -> None:
    """What is released has a section, below what is not."""
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:2] == ["Unreleased", VERSION]


def test_the_wheel_holds_the_programs_and_nothing_else(wheels: Path) -> None:
    """Every module of the programs, also in sub-folders; no tests, no docs, no scripts."""
    (wheel,) = wheels.glob("chat_pair-*.whl")
    assert wheel.name.startswith(f"chat_pair-{VERSION}-")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == NEEDED


def test_the_installed_commands_talk_to_each_other(commands: Path, tmp_path: Path) -> None:
    """chat-server and chat-client run in a folder that is not the checkout."""
    for command in ("chat-server", "chat-client"):
        assert run(commands / command, "--version", cwd=tmp_path).stdout.endswith(f" {VERSION}\n")
    talk([commands / "chat-server"], [commands / "chat-client"], tmp_path)


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zipapp, built by its command."""
    folder = tmp_path_factory.mktemp("zipapp")
    built = run(sys.executable, ROOT / "scripts" / "build_zipapp.py", cwd=folder)
    assert built.stdout.startswith("Built chat.pyz")
    return folder / "chat.pyz"


def test_the_zipapp_needs_nothing_installed(pyz: Path, tmp_path: Path) -> None:
    """Its server and its client talk to each other, with a Python that sees no installed packages."""
    python: list[str | Path] = [sys.executable, "-I", "-S", "-W", "error", pyz]
    talk([*python, "server"], [*python, "client"], tmp_path)


def test_the_zipapp_holds_the_programs_and_termcolor(pyz: Path) -> None:
    """Every module of the programs, termcolor with its licence, and a start."""
    with zipfile.ZipFile(pyz) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    foreign = {name for name in names if name.startswith("termcolor")}
    assert names - foreign == NEEDED | {"__main__.py"}
    assert "termcolor/__init__.py" in foreign
    assert any(re.search("licen[cs]e|copying", name, re.IGNORECASE) for name in foreign)


@pytest.mark.parametrize(
    ("words", "status"), [([], 2), (["serve"], 2), (["--help"], 0), (["-h"], 0)], ids=["none", "wrong", "help", "h"]
)
def test_the_zipapp_says_how_to_use_it(words: list[str], status: int, pyz: Path, tmp_path: Path) -> None:
    """Without server or client it shows both, where help or errors belong."""
    done = run(sys.executable, pyz, *words, cwd=tmp_path, status=status)
    shown, silent = (done.stderr, done.stdout) if status else (done.stdout, done.stderr)
    assert silent == ""
    for program in ("server", "client"):
        assert f"python {pyz} {program} [OPTIONS]" in shown


def test_the_zipapp_passes_options_on(pyz: Path, tmp_path: Path) -> None:
    """What follows server or client is read by that program, also when it is wrong."""
    assert run(sys.executable, pyz, "server", "--version", cwd=tmp_path).stdout.endswith(f" {VERSION}\n")
    assert "--nonsense" in run(sys.executable, pyz, "client", "--nonsense", cwd=tmp_path, status=2).stderr


@pytest.mark.parametrize(
    ("started", "expected"),
    [
        ("/usr/local/bin/chat-client", "chat-server"),
        ("chat-server.exe", "chat-server"),
        ("downloads/chat.pyz/client.py", "python chat.pyz server"),
        ("client.py", "python server.py"),
        ("", "python server.py"),
    ],
)
def test_people_are_told_to_start_what_they_have(monkeypatch: pytest.MonkeyPatch, started: str, expected: str) -> None:
    """Whoever installed the programs has no server.py."""
    monkeypatch.setattr(sys, "argv", [started])
    assert how_to_start("server") == expected
