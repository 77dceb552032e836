"""How fast one client is listened to: a token bucket. Pure: the time is passed in."""

from __future__ import annotations


class Pace:
    """`rate` requests a second, and up to `burst` at once after a pause; a rate of 0 is no limit."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._counted = now

    def take(self, wanted: int, now: float) -> int:
        """How many of the wanted requests may be carried out now."""
        if not self._rate:
            return wanted
        self._tokens = min(self._burst, self._tokens + (now - self._counted) * self._rate)
        self._counted = now
        granted = min(wanted, int(self._tokens))
        self._tokens -= granted
        return granted

    def wait(self) -> float:
        """Seconds until the next request may be taken."""
        return max(1.0 - self._tokens, 0.0) / self._rate if self._rate else 0.0
