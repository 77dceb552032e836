"""Crowds of a few people, who are told one after the other: for all that thousands would show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from server_parts.hub import telling
from server_parts.hub.telling import Telling


@contextmanager
def told_in_slices(crowd: int) -> Iterator[None]:
    """So many are a crowd, of whom one is told in each turn of a hub."""
    tell = Telling.tell

    def tell_one(self: Telling, seconds: float = math.inf) -> None:
        tell(self, seconds if seconds == math.inf else 0.0)

    with (
        mock.patch.object(telling, "LARGE", crowd),
        mock.patch.object(telling, "STEP", 1),
        mock.patch.object(Telling, "tell", tell_one),
    ):
        yield
