"""A hub without sockets, for what is judged by addresses that no test can come from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.hub.bench import Bench


@pytest.fixture
def bench() -> Any:
    bench = Bench()
    yield bench
    bench.stop()
