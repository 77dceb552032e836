"""Keeps compiled modules, of the programs under test and of the tests, also where whoever runs the tests forbids it.

With PYTHONDONTWRITEBYTECODE, each program that a test starts would compile some hundred modules anew: a third of what a
start costs. They are kept where pytest keeps what it knows, not beside the source.

What takes longest before the first test is that pytest rewrites the assertions of all test modules. So that not every
worker rewrites all of them, each begins at another one, and finds the others' work when it gets there. What was
forbidden is allowed only meanwhile: otherwise the compiled modules of installed packages are read where these are. A
pytest plugin, by way of conftest.py.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

FORBIDS: Final = "PYTHONDONTWRITEBYTECODE"
ELSEWHERE: Final = "PYTHONPYCACHEPREFIX"
# Of installed packages and of Python, those that take long to compile.
INSTALLED: Final = ("asyncio", "hypothesis.stateful", "pexpect", "psycopg", "pyte", "sqlite3", "wsproto")


def pytest_configure(config: pytest.Config) -> None:
    # Whoever only starts workers would pass it on to them.
    runs_tests = hasattr(config, "workerinput") or not config.getoption("numprocesses", None)
    if runs_tests and sys.dont_write_bytecode:
        os.environ.pop(FORBIDS, None)
        os.environ.setdefault(ELSEWHERE, str(folder(config)))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Before a worker collects, it imports what it will: the modules are compiled in turn."""
    config = session.config
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        files = test_files(config.args)
        first = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
        with kept(folder(config)):
            import_all([*files[first:], *files[:first]], config.rootpath)


def folder(config: pytest.Config) -> Path:
    return config.rootpath / ".pytest_cache" / "compiled"


def test_files(arguments: Sequence[str]) -> list[Path]:
    """Those in which the tests are that were asked for."""
    paths = [Path(argument.partition("::")[0]).absolute() for argument in arguments]
    return sorted({file for path in paths for file in (path.rglob("test_*.py") if path.is_dir() else [path])})


def import_all(files: Sequence[Path], root: Path) -> None:
    """What is wrong with one is told when it is collected."""
    for file in files:
        with suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(file.relative_to(root).with_suffix("").parts))


@contextmanager
def kept(where: Path) -> Iterator[None]:
    """Compiled modules are kept, at least there."""
    if not sys.dont_write_bytecode:
        yield
        return
    for name in INSTALLED:
        with suppress(ImportError):
            importlib.import_module(name)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "dont_write_bytecode", False)
        patched.setattr(sys, "pycache_prefix", str(where))
        yield
