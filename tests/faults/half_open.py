"""A link whose packets vanish without a word: both sides find out, and nothing is lost when it is back.

    python -m tests.faults.half_open [--quick] [--seed N]

On the far side are client.py in a pseudo-terminal and two peers that only hold their connections: one is spoken to
meanwhile, one sits alone in a room where nothing is said. The quick form has a server and a client with less patience.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.client.programs import PROGRAM, Terminal
from tests.faults import finding, odd_server
from tests.faults.dead_wire import DeadWire
from tests.faults.finding import Finding, NotAllowed
from tests.peers import WAIT, Native

PROPERTY: Final = "half-open links"
TARGET: Final = "peer removed ≤ 75 s; the client shows it, reconnects by itself, nothing lost"
SPOKEN_TO, ALONE, PERSON = "spoken-to", "alone", "person"
PACE: Final = 0.3  # seconds between two texts that are said meanwhile
ODD_CLIENT: Final = (sys.executable, "-m", "tests.faults.odd_client")

# A peer on the far side: says hello and reads, whatever comes.
HOLDER: Final = """
import socket, ssl, sys
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
with context.wrap_socket(socket.create_connection((sys.argv[1], int(sys.argv[2])))) as connection:
    connection.sendall(sys.argv[3].encode() + b"\\n")
    while connection.recv(65536):
        pass
"""


class Shape(NamedTuple):
    most_seconds: float  # until a peer is removed
    most_return: float  # from the link's return to the client's
    habit: Callable[[], None] | None
    program: Sequence[str]


FULL: Final = Shape(75.0, 45.0, None, PROGRAM)
QUICK: Final = Shape(8.0, 5.0, odd_server.lose_heart_early, ODD_CLIENT)


class Outage(NamedTuple):
    shape: Shape
    removed: Mapping[str, float | None]  # seconds from the cut until others are told that this one left
    shown: float | None  # until the person sees that the link is gone
    back: float | None  # from the mending until the person is online
    said: int
    missing: Sequence[str]  # texts that did not get through once

    def __str__(self) -> str:
        removed = ", ".join(f"{name} {_after(seconds)}" for name, seconds in self.removed.items())
        return (
            f"removed: {removed}; the client shows it {_after(self.shown)} and is back {_after(self.back)} the link; "
            f"{self.said} texts meanwhile, {len(self.missing)} lost"
        )

    def wrong(self) -> list[str]:
        late = [
            f"{name} was not removed within {self.shape.most_seconds:.0f} s"
            for name, seconds in self.removed.items()
            if seconds is None or seconds > self.shape.most_seconds
        ]
        if self.shown is None:
            late.append("the client did not show it")
        if self.back is None or self.back > self.shape.most_return:
            late.append(f"the client was not back within {self.shape.most_return:.0f} s")
        return late + [f"lost: {text}" for text in self.missing]


def _after(seconds: float | None) -> str:
    return "never" if seconds is None else f"after {seconds:.1f} s"


class Scene:
    """Everybody at their places."""

    def __init__(self, shape: Shape, wire: DeadWire, witness: Native, person: Terminal) -> None:
        self._shape, self._wire, self._witness, self._person = shape, wire, witness, person
        self._said: list[str] = []
        self._removed: dict[str, float | None] = {PERSON: None, SPOKEN_TO: None, ALONE: None}
        self._shown: float | None = None

    def play(self) -> Outage:
        self._person.wait_until(lambda: set(self._removed) <= self._here())
        self._person.wait_for_status("online")
        self._wire.cut()
        begun = time.monotonic()
        self._person.type("typed into the void\r")
        while self._unsettled() and time.monotonic() < begun + self._shape.most_seconds + 1:
            self._say()
            self._look(begun)
        self._wire.mend()
        back = self._return_plan()
        return Outage(self._shape, self._removed, self._shown, back, len(self._said) + 1, self._missing())

    def _unsettled(self) -> bool:
        return None in self._removed.values() or self._shown is None

    def _say(self) -> None:
        self._said.append(f"meanwhile {len(self._said)} {secrets.token_hex(3)}")
        self._witness.tell(self._said[-1])

    def _look(self, begun: float) -> None:
        self._person.watch(PACE)
        here = self._here()
        for name in self._removed:
            if self._removed[name] is None and name not in here:
                self._removed[name] = time.monotonic() - begun
        if self._shown is None and "online" not in self._person.status_row:
            self._shown = time.monotonic() - begun

    def _here(self) -> set[str]:
        return {member["name"] for frame in self._witness.ask("who") for member in frame.get("members", ())}

    def _return_plan(self) -> float | None:
        begun = time.monotonic()
        try:
            self._person.wait_until(lambda: "online" in self._person.status_row, self._shape.most_return)
        except AssertionError:
            return None
        return time.monotonic() - begun

    def _missing(self) -> list[str]:
        """Texts that the other side has not exactly once."""
        self._person.type("the last words\r")
        try:
            self._person.wait_for("the last words ✓")
        except AssertionError:
            return ["the last words"]
        self._person.settle()
        screen = "\n".join([*self._person.history(), *self._person.messages])
        frames = [*self._witness.passed, *self._witness.ask("rooms")]
        heard = [frame["text"] for frame in frames if frame["type"] == "message" and frame["from"] == PERSON]
        typed = [] if heard == ["typed into the void", "the last words"] else [f"of what was typed: {heard}"]
        return [text for text in self._said if screen.count(text) != 1] + typed


@contextmanager
def holding(wire: DeadWire, port: int, name: str, room: str) -> Iterator[None]:
    hello = {"type": "hello", "protocol": 1, "name": name, "session": secrets.token_hex(16), "rooms": {room: None}}
    command = [*wire.prefix, sys.executable, "-c", HOLDER, wire.address, str(port), json.dumps(hello)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(2 * WAIT)


def play(shape: Shape) -> Outage:
    """NotAllowed where there can be no dead wire."""
    with (
        DeadWire() as wire,
        odd_server.serving("--host", "0.0.0.0", habit=shape.habit) as server,
        tempfile.TemporaryDirectory() as folder,
        Native(server.port, "witness") as witness,
        holding(wire, server.port, SPOKEN_TO, "lobby"),
        holding(wire, server.port, ALONE, "attic"),
    ):
        command = ("--host", wire.address, "--name", PERSON, "--style", "short")
        person = Terminal(server.port, Path(folder) / "token", *command, program=(*wire.prefix, *shape.program))
        try:
            return Scene(shape, wire, witness, person).play()
        finally:
            wire.mend()
            person.close()


def run(quick: bool, seed: int) -> Finding:
    del seed  # nothing is left to chance
    try:
        outage = play(QUICK if quick else FULL)
    except NotAllowed as reason:
        return Finding(13, PROPERTY, TARGET, str(reason), None)
    return finding.found(13, PROPERTY, TARGET, str(outage), outage.wrong())


if __name__ == "__main__":
    sys.exit(finding.main(run))
