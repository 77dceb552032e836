"""Clients of a chat of several servers: each knows all addresses, and goes to the next one when its server is gone.

Guests contend for names, each time in a new session; what they said tells afterwards who bore a name when.
They are written from docs/protocol.md, and share no code with the product.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from tests.faults.actors import Client, Dropped
from tests.faults.mind import Frame, Mind
from tests.peers import WAIT, Ended, Native

PATIENCE: Final = 1.0  # seconds without a word, while an answer is due, until a client goes to the next server
ARENA: Final = "arena"  # where guests say something under the names that they got
NAMES: Final = ("prize-0", "prize-1")


class Roaming(Client):
    """`act` is called as for any client. It begins at the first address."""

    patience = PATIENCE

    def __init__(self, ports: Sequence[int], mind: Mind, act: Callable[[Client], None], *, talks: bool = True) -> None:
        super().__init__(ports[0], mind, self._act)
        self.talk, self.talks = act, talks
        self._ports = list(ports)
        self._heard_at = 0.0
        self.receipt_at = 0.0
        self._move: int | None = None

    def move_to(self, at: int) -> None:
        """Go to another server, at the next round; then it `has_moved`."""
        self._move = at

    def lives_since(self, moment: float) -> bool:
        """Whether it is connected, and had a receipt since then if it says anything by itself."""
        if self.error is not None:
            raise self.error
        return self.mind.online and (not self.talks or self.receipt_at > moment)

    @property
    def has_moved(self) -> bool:
        return self._move is None

    def round(self, wait: float, hello_wait: float) -> None:
        super().round(wait, min(hello_wait, PATIENCE))
        if self._socket is None:
            self.port = self._ports[(self._ports.index(self.port) + 1) % len(self._ports)]
            if self._move is not None:
                self.port, self._move = self._ports[self._move], None

    def _act(self, client: Client) -> None:
        if (self.mind.pending or not self.mind.online) and time.monotonic() > self._heard_at + PATIENCE:
            raise Dropped
        if self._move is not None and self.mind.online:
            self.hang_up(hard=False)
        self.talk(client)

    def _connect(self) -> socket.socket:
        self._heard_at = time.monotonic()
        return super()._connect()

    def _hear(self, frame: Frame) -> None:
        self._heard_at = time.monotonic()
        pending = len(self.mind.pending)
        super()._hear(frame)
        if len(self.mind.pending) < pending:
            self.receipt_at = self._heard_at


class Contender:
    """A guest who tries to get one of the names, at one server after the other, and leaves it again."""

    def __init__(self, ports: Sequence[int], seed: int) -> None:
        self._ports = ports
        self._random = random.Random(seed)
        self._count = 0
        self.bears: tuple[str, int] | None = None  # a name, and the port where it has it
        self.got: list[tuple[str, float]] = []  # names, and when
        self.receipts: list[str] = []  # texts
        self.wrong: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="contender")

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        self._over.set()
        self._thread.join(2 * WAIT)
        assert not self._thread.is_alive(), "a contender does not end"

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._try(self._random.choice(self._ports), self._random.choice(NAMES))
            except (OSError, Ended):
                pass
            except BaseException as error:
                self.wrong.append(f"contender: {error!r}")
            self.bears = None
            self._over.wait(0.03)

    def _try(self, port: int, name: str) -> None:
        with Native(port) as guest:
            guest.hello(name, rooms={ARENA: None}, history=0)
            while (frame := guest.next(PATIENCE))["type"] not in ("welcome", "error", "bye"):
                pass
            if frame["type"] == "error" and frame["code"] not in ("name_taken", "storage_unavailable"):
                self.wrong.append(f"contender: {frame['code']}: {frame['text']}")
            if frame["type"] == "welcome":
                guest.welcome = frame
                self._bear(guest, port, name)

    def _bear(self, guest: Native, port: int, name: str) -> None:
        self.got.append((name, time.monotonic()))
        self.bears = name, port
        for _ in range(self._random.randint(1, 20)):
            self._count += 1
            text = f"{guest.session}#{self._count}"
            guest.say(text, ARENA)
            guest.until("message", PATIENCE, text=text)
            self.receipts.append(text)
            if self._over.wait(0.05):
                break
        if self._random.random() < 0.5:
            guest.send("bye")
            guest.rest(PATIENCE)
