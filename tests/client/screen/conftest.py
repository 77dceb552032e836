"""In these tests the server is the real one."""

from __future__ import annotations

import pytest

from tests.client.server_in_process import ServerInProcess


@pytest.fixture
def server(real_server: ServerInProcess) -> ServerInProcess:
    return real_server
