"""Two people chat while strangers send everything malformed there is; the two must not notice.

    python -m tests.faults.neighbours [--quick] [--seed N]

Each stranger has a connection of its own: a native one that says hello first, or one that is rude from its first byte.
The two are in a room of their own, so whatever they get that they did not say themselves is reported; so are messages
lost, doubled or out of order, and a delivery that took too long.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import secrets
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.contestants import data_folder
from tests.faults import fuzz, hostile
from tests.faults.actors import Report, ServerProcess, slowly
from tests.faults.finding import Finding, found, main
from tests.peers import WAIT, Ended, Frame, Native

PACE: Final = 0.005  # seconds between two texts of the pair
P99, WORST = 0.25, 1.0  # seconds from saying to hearing, on a machine that has other work too
ANSWER_WAIT: Final = 0.03  # what a stranger gives the server before it hangs up or is rude again


class Case(NamedTuple):
    name: str
    data: bytes
    greeted: bool  # a native hello comes first


def cases() -> Iterator[Case]:
    """Everything malformed, by name and out of the fuzzer's corpus."""
    for name, (line, _) in hostile.NATIVE_LINES.items():
        yield Case(name, line + b"\n", greeted=True)
        yield Case(f"{name}, first of all", line + b"\n", greeted=False)
    for name, (data, _) in hostile.NATIVE_ENDINGS.items():
        yield Case(name, data, greeted=False)
    for name, data in hostile.PLAIN_LINES.items():
        yield Case(name, data, greeted=False)
    for entrance, greeted in (("native", True), ("native", False), ("plain", False), ("doorway", False)):
        for number, data in enumerate(fuzz.kept(entrance)):
            yield Case(f"{entrance} {number}", data, greeted)


def be_rude(port: int, case: Case) -> bytes:
    """Send one case, take what is answered within a moment, and hang up; the answer."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as stranger, suppress(ConnectionError):
        if case.greeted:
            session = secrets.token_urlsafe(16)
            hello = {"type": "hello", "protocol": 1, "name": f"stranger{secrets.token_hex(4)}", "session": session}
            stranger.sendall(json.dumps(hello).encode() + b"\n")
        stranger.settimeout(ANSWER_WAIT)
        stranger.sendall(case.data)
        with suppress(TimeoutError):
            while piece := stranger.recv(65_536):
                answer += piece
    return answer


def be_rude_together(port: int, malformed: Sequence[Case], hands: int = 8) -> None:
    """So many strangers at a time."""

    def be_rude_in_turn(part: Sequence[Case]) -> None:
        for case in part:
            be_rude(port, case)

    threads = [threading.Thread(target=be_rude_in_turn, args=(malformed[hand::hands],)) for hand in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20 * WAIT)
        assert not thread.is_alive(), "the strangers do not end"


class Pair:
    """Alice says something every few milliseconds, bob hears it."""

    def __init__(self, port: int) -> None:
        self._room = f"den-{secrets.token_hex(3)}"
        # Names that no stranger writes to by chance.
        self._names = {f"{name}-{secrets.token_hex(3)}" for name in ("alice", "bob")}
        self.bob, self.alice = (Native(port, name, rooms={self._room: None}) for name in self._names)
        self.waits: list[float] = []
        self.wrong: list[str] = []
        self._said: dict[int, float] = {}
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._talk, name="alice"), threading.Thread(target=self._hear)]

    def __enter__(self) -> Pair:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(2 * WAIT)
            assert not thread.is_alive(), "the pair does not end"
        for peer in (self.alice, self.bob):
            peer.close()

    def _talk(self) -> None:
        try:
            while not self._over.wait(PACE):
                self._said[self.alice.seq + 1] = time.monotonic()
                self.alice.tell(f"text {self.alice.seq + 1}", self._room)
            self.alice.tell("the end", self._room)
        except (TimeoutError, Ended) as error:
            self.wrong.append(f"lost: no receipt: {error}")

    def _hear(self) -> None:
        for number in itertools.count(1):
            try:
                frame = self._next_but_arrivals()
            except (TimeoutError, Ended) as error:
                self.wrong.append(f"lost: nothing is heard: {error}")
                return
            if frame.get("text") == "the end":
                return
            if frame["type"] != "message":
                self.wrong.append(f"noticed: {frame}")
            elif (frame["seq"], frame["text"]) != (number, f"text {number}"):
                self.wrong.append(f"order: {frame['text']} in the place of text {number}")
            else:
                self.waits.append(time.monotonic() - self._said[number])

    def _next_but_arrivals(self) -> Frame:
        """The two see each other come in."""
        while set((frame := self.bob.next()).get("joined", ())) & self._names:
            pass
        return frame


def chat_beside(port: int, malformed: Sequence[Case], seed: int) -> Report:
    """The pair chats while strangers are rude."""
    report = Report(seed)
    with Pair(port) as pair:
        be_rude_together(port, malformed)
    waits = sorted(pair.waits) or [math.inf]  # if the server stood still, nothing was heard
    p99, worst = waits[len(waits) * 99 // 100], waits[-1]
    report.wrong += pair.wrong
    if p99 > slowly(P99) or worst > slowly(WORST):
        report.wrong.append(f"late: 99 % within {p99 * 1000:.0f} ms, all within {worst * 1000:.0f} ms")
    report.figures |= {"cases": len(malformed), "texts": len(waits), "median": waits[len(waits) // 2]}
    report.figures |= {"p99": p99, "worst": worst}
    return report


def run(quick: bool, seed: int) -> Finding:
    malformed = list(cases()) * (1 if quick else 20)
    random.Random(seed).shuffle(malformed)
    with tempfile.TemporaryDirectory(dir=data_folder()) as folder, ServerProcess(Path(folder, "data")) as server:
        report = chat_beside(server.port, malformed, seed)
        report.wrong += [f"complaint: {line}" for line in server.complaints]
        if server.stop() != 0:
            report.wrong.append("exit: not 0 when asked to stop")
    figures = report.figures
    figure = (
        f"{figures['cases']:,.0f} malformed connections beside {figures['texts']:,.0f} texts; "
        f"99 % heard within {figures['p99'] * 1000:.1f} ms, all within {figures['worst'] * 1000:.0f} ms"
    )
    target = f"order, no loss, 99 % within {P99 * 1000:.0f} ms, all within {WORST * 1000:.0f} ms"
    return found(10, "neighbours unaffected", target, figure, report.wrong)


if __name__ == "__main__":
    sys.exit(main(run))
