"""The compiled load generator, for all tests that need it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.generator import NoCompiler, NoTls, build, build_tls


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    if not sys.platform.startswith("linux"):
        pytest.skip("the load generator needs Linux (epoll)")
    try:
        return build(tmp_path_factory.mktemp("programs"))
    except NoCompiler as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def tls_programs(programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """With the one that speaks TLS."""
    try:
        return programs | build_tls(tmp_path_factory.mktemp("tls-programs"))
    except NoTls as error:
        pytest.skip(str(error))
