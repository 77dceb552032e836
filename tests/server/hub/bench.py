"""A hub on a bench: its real thread, a log that can be made to fail or to wait, and outboxes that only remember."""

from __future__ import annotations

import json
import threading
from abc import ABC
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from server_parts.hub.hub import Hub
from server_parts.people.clients import CREDITS, Client
from server_parts.people.roles import Role
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.requests import Hello, Request, Say
from server_parts.settings import Settings
from server_parts.storage.exchange import Alone, Exchange
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Run, StorageError
from server_parts.storage.store import Entry, Store
from tests.peers import WAIT, Frame, of_type, wait_until


class Gated(Store, ABC):
    """Fails while `broken` is set; waits before each append until `gate` is open; remembers its batches."""

    def __init__(self, *where: Any, **how: Any) -> None:
        super().__init__(*where, **how)
        self.broken: str | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.appending = threading.Event()
        self.batches: list[tuple[list[str], dict[str, int]]] = []

    def write(self, entry: Entry) -> list[Run]:
        self.appending.set()
        assert self.gate.wait(WAIT)
        self._check()
        self.batches.append(([text for draft in entry.drafts for text in draft.texts], dict(entry.accepted)))
        return super().write(entry)  # type: ignore[safe-super]

    def note_read(self, positions: Mapping[tuple[int, str], int]) -> None:
        self._check()
        super().note_read(positions)  # type: ignore[safe-super]

    def _check(self) -> None:
        if self.broken is not None:
            raise StorageError(self.broken)


class BenchLog(Gated, MemoryLog):
    pass


class Remembering:
    """An outbox that keeps what it is offered, and refuses on request."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []
        self.pages: list[list[bytes]] = []  # those of the blocks that are made while they are sent
        self.unsent = self.most_unsent = 0  # how many lots of pages wait for the reader
        self.closed = False
        self.is_broken = False
        self.overflowed = False
        self.stalled = False
        self.backlog = 0
        self.refuses = False
        self.was_cut = False
        self.at_once = False

    def offer(self, block: bytes) -> bool:
        if self.closed or self.is_broken or self.overflowed:
            return False
        if self.refuses:
            self.overflowed = True
            return False
        self.blocks.append(block)
        return True

    def offer_pages(self, pages: Iterable[bytes]) -> None:
        self.pages.append(list(pages))
        self.blocks += self.pages[-1]
        self.unsent += 1
        self.most_unsent = max(self.most_unsent, self.unsent)

    def drain(self) -> None:
        self.unsent = 0

    def finish(self, last_words: bytes, *, at_once: bool = False) -> None:
        if not self.closed:
            self.closed, self.at_once = True, at_once
            self.blocks.append(last_words)

    def cut(self) -> None:
        self.was_cut = True

    def close(self) -> None:
        self.closed = True


_sessions = count(1)  # of all benches: several may be servers of one chat


class Seat:
    """One client at the bench."""

    def __init__(self, bench: Bench, role: Role = Role.GUEST) -> None:
        self.bench = bench
        self.outbox = Remembering()
        self.client = Client(self.outbox, "bench", role)
        self.client.encoder = NATIVE
        self.seq = 0
        self.ever: list[Frame] = []

    def submit(self, *requests: Request) -> None:
        """Queue requests as one batch, and do not wait."""
        self.client.credits.get(timeout=WAIT)
        self.bench.hub.submit(self.client, requests)

    def settle(self) -> None:
        """Wait until the hub has carried out all that this client asked for."""
        for _ in range(CREDITS):
            self.client.credits.get(timeout=WAIT)
        for _ in range(CREDITS):
            self.client.credits.put(None)

    def ask(self, *requests: Request) -> list[Frame]:
        """What the client is told about these requests (and whatever else was waiting for it)."""
        self.submit(*requests)
        self.settle()
        return self.heard()

    def say(self, text: str, room: str = "lobby") -> list[Frame]:
        """The next text of the session."""
        self.seq += 1
        return self.ask(Say(room, [text], self.seq))

    def heard(self, *types: str) -> list[Frame]:
        """All frames since the last time, of the named types if any are named."""
        blocks, self.outbox.blocks[:] = self.outbox.blocks.copy(), []
        frames: list[Frame] = [json.loads(line) for block in blocks for line in block.splitlines()]
        self.ever += frames
        return [frame for frame in frames if not types or frame["type"] in types]

    def hears(self, frame: Frame) -> bool:
        """Whether this frame comes, or has come: presence is told when the hub finds time for it."""
        return wait_until(lambda: frame in self.ever or frame in self.heard())

    def sees_come(self, name: str) -> bool:
        """Whether the news comes, or has come, that somebody is here. Later news is then not merged with it."""

        def told() -> bool:
            self.heard()
            return any(name in frame.get("joined", ()) for frame in self.ever)

        return wait_until(told)


class Bench:
    def __init__(self, store: Gated | None = None, exchange: Exchange | None = None) -> None:
        self.store: Gated = store or BenchLog()
        self.exchange = exchange or Alone()
        self.hub = Hub(self.store, Settings(motd="be kind", console=False), exchange=self.exchange)
        self._thread = threading.Thread(target=self.hub.run, name="hub under test")
        self._thread.start()

    def session(self) -> str:
        return f"session-{next(_sessions):016}"

    def seat(self, name: str, **hello: Any) -> Seat:
        """A client that came in natively; what it was told about that is forgotten."""
        seat = Seat(self)
        seat.ask(Hello(name, **{"session": self.session(), **hello}))
        return seat

    def in_one_turn(self, *batches: tuple[Seat, Sequence[Request]]) -> None:
        """Have several clients' requests carried out in one turn of the hub, and wait until they are."""
        holder = Seat(self)
        holder.ask(Hello(f"holder-{self.session()[-5:]}", self.session()))
        self.store.gate.clear()
        self.store.appending.clear()
        holder.submit(Say("lobby", ["holding the hub"], 1))
        assert self.store.appending.wait(WAIT)
        for seat, requests in batches:
            seat.submit(*requests)
        self.store.gate.set()
        for seat, _ in batches:
            seat.settle()

    def stop(self) -> None:
        self.store.gate.set()
        for _ in range(2):  # no more requests; then the end of its thread
            self.hub.stop()
        self._thread.join(WAIT)
        assert not self._thread.is_alive()


def ids(frames: list[Frame]) -> list[int]:
    return [frame["id"] for frame in of_type(frames, "message")]
