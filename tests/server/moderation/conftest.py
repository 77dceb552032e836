"""A server with each kind of store, and a hub without sockets: addresses are judged that no test can come from."""

from __future__ import annotations

from typing import Any

import pytest

from server_parts.storage.store import Store
from tests.conftest import Chat, Serve
from tests.server.hub.bench import Bench


@pytest.fixture
def chat(serve: Serve, store: Store) -> Chat:
    return serve(store=store)


@pytest.fixture
def bench() -> Any:
    bench = Bench()
    yield bench
    bench.stop()
