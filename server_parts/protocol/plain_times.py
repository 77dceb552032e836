"""How the plain door writes a time: as the server's clock shows it, with its zone, the same everywhere. Pure."""

from __future__ import annotations

from typing import Final

from chat_common import instant, with_local_times

ZONE: Final = " %Z"


def local_times(text: str) -> str:
    """A sentence with the times in it as the server's clock shows them."""
    return with_local_times(text, ZONE)


def moment(ts: float) -> str:
    return local_times(instant(ts))
