"""How many acts that are kept for good one person may cause in a day. Owned by the hub; the time is passed in."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from server_parts.people.clients import Client
from server_parts.people.restraint import source_to_ban
from server_parts.people.roles import Role
from server_parts.protocol.requests import Refusal

TIME: Final = 86_400.0
MOST_REMEMBERED: Final = 10_000  # people


class Allowance:
    """Operators are not limited, and guests of this machine's own are not told apart, so neither are they."""

    def __init__(self, most: int, what: str) -> None:
        self._most, self._what = most, what
        self._made: OrderedDict[str, deque[float]] = OrderedDict()

    def refusal(self, client: Client, now: float) -> Refusal | None:
        """Why somebody may not do that once more today; None if they may, and then it is counted."""
        key = client.name.lower() if client.trusted else f"at {source_to_ban(client)}"
        if client.role >= Role.OPERATOR or key == "at ":
            return None
        made = self._made.setdefault(key, deque())
        self._made.move_to_end(key)
        if len(self._made) > MOST_REMEMBERED:
            self._made.popitem(last=False)
        while made and made[0] <= now - TIME:
            made.popleft()
        if len(made) >= self._most:
            return Refusal("too_many", f"{self._most} {self._what} in a day are the most: try again tomorrow", "type")
        made.append(now)
        return None

    def is_used_up(self, client: Client, now: float) -> bool:
        """The same, said to the client."""
        refusal = self.refusal(client, now)
        if refusal is not None:
            client.tell(refusal.frame())
        return refusal is not None
