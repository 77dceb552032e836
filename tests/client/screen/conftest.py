"""In these tests the server is a program of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.client.programs import ServerProgram


@pytest.fixture
def server(program: ServerProgram) -> ServerProgram:
    return program
