"""The compiled load generator, for all tests that need it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.generator import NoCompiler, build


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    if not sys.platform.startswith("linux"):
        pytest.skip("the load generator needs Linux (epoll)")
    try:
        return build(tmp_path_factory.mktemp("programs"))
    except NoCompiler as error:
        pytest.skip(str(error))
