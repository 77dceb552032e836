"""Which tests begin, and which of this folder's run with one Python only.

Workers get whole files in the order of collection: were those that take longest the last, most workers would wait for
one. A server or a client that breaks a promise on purpose is found out alike with every Python.
"""

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
    items.sort(key=lambda item: (item.path.parent != HERE, item.path.parent != HERE.parent))
