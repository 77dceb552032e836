"""The reference of an exchange: the servers are hubs of one process. For tests of what several servers do."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

from server_parts.storage.exchange import OVER, Exchange, Excluded, Post, Sighting
from server_parts.storage.memory_log import MemoryLog


class Hall:
    """Where the exchanges of one chat meet."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log  # those who wait for its news are woken up for posts too
        self.lock = threading.RLock()  # guards all below
        self.posts: list[Post] = []
        self.servers: dict[int, str] = {}
        self.since: dict[int, float] = {}
        self.numbers = count(1)

    def end(self, server: int) -> None:
        """A server left, or the others give it up."""
        with self.lock:
            if self.servers.pop(server, None) is not None:
                self.posts.append(Post(server, OVER, {}))
        self.log.waiting.ring()


class MemoryExchange(Exchange):
    is_given_up = False

    def __init__(self, hall: Hall, label: str = "") -> None:
        self._hall = hall
        self.label = label
        self._position = 0
        self.server = 0
        self.numbers: list[int] = []

    @contextmanager
    def deciding(self) -> Iterator[None]:
        with self._hall.lock:
            self._check()
            yield

    def post(self, posts: Sequence[Post]) -> None:
        with self._hall.lock:
            self._check()
            self._hall.posts += [post._replace(age=time.monotonic()) for post in posts]
            self.is_given_up = False
        self._hall.log.waiting.ring()

    def read(self) -> list[Post]:
        with self._hall.lock:
            self._check()
            new = self._hall.posts[self._position :]
            self._position += len(new)
            now = time.monotonic()
            return [post._replace(age=now - post.age) for post in new if post.server != self.server]

    @property
    def is_waiting(self) -> bool:
        return len(self._hall.posts) > self._position or self.server not in self._hall.servers

    def servers(self) -> dict[int, str]:
        with self._hall.lock:
            return self._hall.servers.copy()

    def sightings(self) -> dict[int, Sighting]:
        with self._hall.lock:
            return {server: Sighting(label, self._hall.since[server], 0) for server, label in self.servers().items()}

    def gone(self, servers: Collection[int]) -> set[int]:
        return set(servers) - self.servers().keys()

    def give_up(self, servers: Collection[int]) -> None:
        for server in servers:
            self._hall.end(server)

    def start_over(self) -> None:
        with self._hall.lock:
            if self.server not in self._hall.servers:
                if self.server and not self.is_given_up:
                    self._check()
                self.server = next(self._hall.numbers)
                self.numbers.append(self.server)
                self._hall.servers[self.server] = self.label
                self._hall.since[self.server] = time.time()
            self._position = len(self._hall.posts)

    def close(self) -> None:
        self._hall.end(self.server)

    def _check(self) -> None:
        if self.server not in self._hall.servers:
            self.is_given_up = self.server > 0
            raise Excluded("the other servers have given this one up")
