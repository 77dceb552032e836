"""Lets the programs under test keep their compiled modules, also where whoever runs the tests forbids it.

With PYTHONDONTWRITEBYTECODE, each program that a test starts would compile some hundred modules anew: a third of what a
start costs. They are kept where pytest keeps what it knows, not beside the source. The processes that run tests are not
changed: they read the compiled modules of installed packages where these are. A pytest plugin, by way of conftest.py.
"""

from __future__ import annotations

import os
import sys
from typing import Final

import pytest

FORBIDS: Final = "PYTHONDONTWRITEBYTECODE"
ELSEWHERE: Final = "PYTHONPYCACHEPREFIX"


def pytest_configure(config: pytest.Config) -> None:
    # Whoever only starts workers would pass it on to them.
    runs_tests = hasattr(config, "workerinput") or not config.getoption("numprocesses", None)
    if runs_tests and sys.dont_write_bytecode:
        os.environ.pop(FORBIDS, None)
        os.environ.setdefault(ELSEWHERE, str(config.rootpath / ".pytest_cache" / "compiled"))
