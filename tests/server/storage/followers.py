"""A server's side of the news: what it follows, what it has told, and that nothing is ever passed over."""

from __future__ import annotations

import time
from collections.abc import Mapping

from server_parts.storage.records import Run
from server_parts.storage.store import Store
from tests.peers import WAIT


class Follower:
    """A server's side of the news: which rooms it follows, and what it has told there."""

    def __init__(self, store: Store, *rooms: str, asked: Mapping[str, int] | None = None) -> None:
        self.store = store
        self.told = {room: store.last(room) for room in rooms}
        self.asked = dict(asked or {})  # after which number others are wanted
        self.heard: list[tuple[str, int, str]] = []

    def positions(self) -> dict[str, int]:
        return self.told.copy()

    def wanted(self, room: str, first: int) -> int | None:
        return self.told.get(room, self.asked.get(room))

    def listen(self, timeout: float = 0.0) -> list[Run]:
        runs = self.store.news(self, timeout)
        for run in runs:
            told = self.told.get(run.room, self.asked.get(run.room, 0))
            assert run.id <= told + 1, "something was passed over"
            if run.last > told:
                new = run if run.id > told else run.after(told)
                self.heard += [(run.room, message.id, message.text) for message in new.messages()]
                (self.told if run.room in self.told else self.asked)[run.room] = run.last
        return runs

    def hear(self, count: int) -> list[tuple[str, int, str]]:
        """All that was heard, as soon as it is so much."""
        deadline = time.monotonic() + WAIT
        while len(self.heard) < count:
            assert time.monotonic() < deadline, self.heard
            self.listen(0.2)
        return self.heard
