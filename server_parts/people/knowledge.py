"""What those know who come back: up to when their clients have surely heard who bears which name. Owned by the hub.

What a session sends again was written with what it knew when it was last here. It must not know where it was.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from server_parts.people.clients import Client
from server_parts.people.last_bearers import SKEW

UNDER_WAY: Final = 10.0  # seconds that a text may take, or that its writer may take to hear who is who
UNNOTICED: Final = 60.0  # seconds for which a connection may be dead, or its server stand still, before it is over
MOST_REMEMBERED: Final = 10_000  # sessions that left


class Knowledge:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: OrderedDict[str, float] = OrderedDict()

    def of(self, key: str) -> float:
        """Up to when that session knows all; since forever ago, if it is not known when it was here."""
        return self._known.get(key, -math.inf)

    def note_leaving(self, client: Client) -> None:
        """The connection is over.

        What it was told lately may be lost. What it wrote while its reader was behind may be sent again. And if it came
        only lately, not even what it was to send again has come for sure: then its session knows no more than before.
        """
        if client.session is not None and client.session.key:
            heard = min(self._clock(), client.behind_since) - UNNOTICED - UNDER_WAY
            self._remember(client.session.key, heard if heard >= client.came else client.informed)

    def _remember(self, key: str, known: float) -> None:
        self._known[key] = max(known, self.of(key))
        self._known.move_to_end(key)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    # --- for other servers ---

    def lately(self, since: float) -> dict[str, float]:
        """Sessions that have left and knew all up to a moment since then.

        Said as if all had been here for long: how many seconds ago they have left.
        """
        now = self._clock()
        return {key: now - known - UNDER_WAY for key, known in self._known.items() if known >= since}

    def learn(self, ages: Mapping[str, float], posted: float) -> None:
        """The same, as another server has told it."""
        for key, age in ages.items():
            self._remember(key, posted - age - UNDER_WAY - SKEW)
