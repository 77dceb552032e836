"""A healthy pair that chats beside trouble, and how long each of its texts took.

What happens to others must not show here: a text that does not come, comes changed or comes late is found.
"""

from __future__ import annotations

import secrets
import threading
import time
from types import TracebackType
from typing import Final, Self

from tests.peers import WAIT, Native

PACE: Final = 0.02  # seconds between a text that has arrived and the next


def p99(delays: list[float]) -> float:
    ordered = sorted(delays)
    return ordered[len(ordered) * 99 // 100]


class Pair:
    """Two people who take turns, each waiting until the other has heard."""

    def __init__(self, port: int, *, room: str = "lobby", rate_limit: float = PACE, host: str = "127.0.0.1") -> None:
        mark = secrets.token_hex(3)
        self._pair = [Native(port, f"{one}-{mark}", host, rooms={room: None}, history=0) for one in ("ann", "ben")]
        self._room, self._rate_limit = room, rate_limit
        self.delays: list[float] = []
        self._error: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="neighbours")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join(2 * WAIT)
        for one in self._pair:
            one.close()
        if self._error is not None and error is None:
            raise AssertionError("the neighbours were disturbed") from self._error

    def heard_for(self, seconds: float) -> list[float]:
        """The delays of so many seconds from now on."""
        before = len(self.delays)
        self._over.wait(seconds)
        if self._error is not None:
            raise AssertionError("the neighbours were disturbed") from self._error
        return self.delays[before:]

    def _run(self) -> None:
        try:
            while not self._over.wait(self._rate_limit):
                speaker, listener = self._pair
                self._pair.reverse()
                self.delays.append(self._pass_on(speaker, listener))
        except BaseException as error:
            self._error = error
            self._over.set()

    def _pass_on(self, speaker: Native, listener: Native) -> float:
        text = secrets.token_urlsafe(30)
        begun = time.perf_counter()
        seq = speaker.say(text, self._room)
        heard = listener.until("message", text=text)
        took = time.perf_counter() - begun
        receipt = speaker.until("message", seq=seq, text=text)
        assert heard == receipt, f"{heard} is not {receipt}"
        for one in self._pair:
            one.passed.clear()
        return took
