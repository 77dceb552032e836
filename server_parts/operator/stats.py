"""How much there is of everything, in words. It must not know the screen."""

from __future__ import annotations

import time

from server_parts.hub.hub import Stats


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


class Sampled:
    """What was counted last, and when: so a rate can be told."""

    def __init__(self, stats: Stats) -> None:
        self._then, self._before = time.monotonic(), stats

    def sentence(self, stats: Stats) -> str:
        now = time.monotonic()
        rate = (stats.deliveries - self._before.deliveries) / max(now - self._then, 0.001)
        self._then, self._before = now, stats
        return (
            f"{counted(stats.clients, 'client')}, {counted(stats.rooms, 'room')} in use (private ones too), "
            f"{counted(stats.messages, 'message')}, {counted(stats.deliveries, 'delivery', 'deliveries')} "
            f"({rate:.0f}/s since last asked), {counted(stats.backlog, 'byte')} waiting"
        )
