"""How far a transfer has come: per cent, speed, the time that is left. Pure; times come in."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from chat_common import lasting

_SPAN: Final = 5.0  # seconds over which the speed is measured
_SETTLED: Final = 1.0  # seconds after which there is a speed
_UNITS: Final = ("B", "KB", "MB", "GB", "TB")
_LONG: Final = 86_400  # seconds; who waits longer is not told how long


def size_text(size: float) -> str:
    """`1.2 MB`, in units of 1024, as servers write it too."""
    unit = 0
    while round(size, 1) >= 1024 and unit < len(_UNITS) - 1:
        size /= 1024
        unit += 1
    return f"{size:.1f}".removesuffix(".0") + f" {_UNITS[unit]}"


class Progress:
    def __init__(self, size: int) -> None:
        self.size = size
        self.done = 0
        self._samples: deque[tuple[float, int]] = deque()

    def move(self, done: int, now: float) -> None:
        """So many bytes have arrived. Fewer than before: it had to go back, and the speed is measured anew."""
        if done < self.done or not self._samples:
            self._samples.clear()
            self._samples.append((now, done))
        elif now > self._samples[-1][0]:
            self._samples.append((now, done))
        self.done = done
        while len(self._samples) > 2 and self._samples[1][0] <= now - _SPAN:
            self._samples.popleft()

    def pause(self) -> None:
        """It stands still, and does not count as slow."""
        self._samples.clear()

    @property
    def percent(self) -> int:
        """Rounded down: 100 is whole."""
        return 100 * self.done // self.size if self.size else 100

    @property
    def speed(self) -> float:
        """Bytes a second; 0 while nobody knows."""
        if len(self._samples) < 2:
            return 0.0
        (begin, first), (end, last) = self._samples[0], self._samples[-1]
        return (last - first) / (end - begin) if end - begin >= _SETTLED else 0.0


def together(parts: Sequence[Progress]) -> str:
    """`42 %, 3.1 MB/s, 12 s left`, of all of them as a sum."""
    size, done = sum(part.size for part in parts), sum(part.done for part in parts)
    speed, left = sum(part.speed for part in parts), size - done
    words = [f"{100 * done // size if size else 100} %"]
    if speed >= 1:
        words.append(f"{size_text(speed)}/s")
        words += [f"{lasting(left / speed)} left"] if 0 < left < speed * _LONG else []
    return ", ".join(words)


def step(percent: int) -> int:
    """The last full ten of it."""
    return percent - percent % 10
