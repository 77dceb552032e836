"""Interface of an encoder: events become the bytes that one kind of client reads. A door owns its encoder for life."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from chat_common import Frame
from server_parts.storage.records import Run


class Encoder(Protocol):
    """How events look on one side of a door."""

    newest_last: bool  # of what a search found: the reading order of people. It is told then how much was shown before.
    own_receipts: bool  # an author gets receipts in a form of their own, instead of what everybody gets
    is_for_people: bool  # somebody reads this, and may not know how to ask for more

    def frame(self, frame: Frame) -> bytes:
        """One event."""

    def live(self, runs: Iterable[Run], session: str | None = None) -> bytes:
        """New messages of one room. `session`: the hashed one of an author who gets receipts in another form."""

    def pages(self, frame: Frame, field: str, items: Sequence[Any]) -> bytes:
        """An event with a long list in `field`, as one or more frames."""
