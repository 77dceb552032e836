"""A server or a client that breaks a promise on purpose is found out alike with every Python: once is enough."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
NEGATIVE: Final = "_is_found_out"  # how the names of such tests end


@pytest.hookimpl(tryfirst=True)  # before some are chosen by their markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE and item.name.partition("[")[0].endswith(NEGATIVE):
            item.add_marker("once")
