"""How many rooms one address may begin: a room with a message is kept for ever. Owned by the hub; time is passed in."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from server_parts.people.addresses import is_own, source_of
from server_parts.protocol.requests import Refusal

MOST: Final = 100  # rooms that one address may begin …
TIME: Final = 86_400.0  # … in so many seconds
MOST_REMEMBERED: Final = 10_000  # addresses

_TEXT: Final = f"{MOST} rooms have been started from your address today: use a room that exists, or try again tomorrow"


class NewRooms:
    """Counts by address the public rooms that got their first message. This machine's own are not limited."""

    def __init__(self) -> None:
        self._begun: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()  # when each address began which

    def refusal(self, address: str, room: str, now: float) -> Refusal | None:
        """Why this address may not say the first thing in a room; None if it may, and then it is counted."""
        source = source_of(address)
        if is_own(source):
            return None
        begun = self._begun.setdefault(source, deque())
        self._begun.move_to_end(source)
        if len(self._begun) > MOST_REMEMBERED:
            self._begun.popitem(last=False)
        while begun and begun[0][0] <= now - TIME:
            begun.popleft()
        if any(name == room for _, name in begun):  # more of it in the same batch, or the log could not be written
            return None
        if len(begun) >= MOST:
            return Refusal("too_many", _TEXT, "room")
        begun.append((now, room))
        return None
