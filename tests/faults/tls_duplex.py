"""Encrypted connections that are used both ways at once, by thousands who come and go: none of them may break.

    python -m tests.faults.tls_duplex [--quick] [--seed N]

First they are saturated: in rooms of five, everybody says texts as fast as they are confirmed, and hears all of the
room's from the first one on, by catching up or live. Then they chat: all are in one room, in which about 200 texts a
second are said, and each says some and leaves. Some read slowly, and through a small window. Each checks what it gets;
the server must be there afterwards, without a word of trouble in its log.
"""

from __future__ import annotations

import platform
import re
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.contestants import Server, data_folder
from tests.faults.finding import Finding, NotAllowed, found, main
from tests.faults.odd_server import serving
from tests.faults.own_key import give_key
from tests.faults.tls_crew import Crew, Guest, Room
from tests.peers import WAIT

PROPERTY: Final = "TLS full duplex"
TARGET: Final = "0 failures in 10,000 connections, saturated both ways and chat-like"
CREWS: Final = 2
ROOM: Final = 5  # who are saturated together
ROOMS: Final = 4  # of a crew at a time
CHATTERS: Final = 25  # of a crew at a time
PACE: Final = 200.0  # texts a second of all who chat
CHATTERS_TEXTS: Final = 8
BACKLOG: Final = str(32 << 20)  # who reads slowly is to be kept here
TROUBLE: Final = re.compile(r"^.*(?: ERROR | CRITICAL |Traceback|Error:).*$", re.MULTILINE)


class Shape(NamedTuple):
    saturated: int  # connections
    chatting: int
    texts: int  # of one that is saturated
    most_failures: int = 20  # of a crew, which then gives up


FULL: Final = Shape(5_000, 5_000, 100)
QUICK: Final = Shape(200, 100, 30)


class Outcome(NamedTuple):
    connections: int
    heard: int  # messages, each counted once for everybody who heard it
    seconds: float
    failures: Sequence[str]

    def __str__(self) -> str:
        return f"{len(self.failures)} of {self.connections:,} failed ({self.heard / self.seconds:,.0f} texts/s heard)"


def saturating(crew: int, count: int, texts: int) -> Iterator[Guest]:
    for room in (Room(f"room-{crew}-{number}") for number in range(count // ROOM)):
        for number in range(ROOM):
            yield Guest(f"{room.name}.{number}", room, texts, ROOM * texts)


def chatting(crew: int, count: int, lobby: Room) -> Iterator[Guest]:
    return (Guest(f"chatter-{crew}-{number}", lobby, CHATTERS_TEXTS) for number in range(count))


def saturate(port: int, shape: Shape, seed: int) -> Outcome:
    each = shape.saturated // CREWS
    guests = [saturating(number, each, shape.texts) for number in range(CREWS)]
    return served([Crew(port, some, ROOMS * ROOM, seed + number) for number, some in enumerate(guests)], shape)


def chat(port: int, shape: Shape, seed: int) -> Outcome:
    lobby, each = Room("lobby"), shape.chatting // CREWS
    guests = [chatting(number, each, lobby) for number in range(CREWS)]
    return served([Crew(port, some, CHATTERS, seed + n, PACE / CREWS) for n, some in enumerate(guests)], shape)


def served(crews: Sequence[Crew], shape: Shape) -> Outcome:
    begun = time.monotonic()
    for crew in crews:
        crew.most_failures = shape.most_failures
        crew.thread.start()
    for crew in crews:
        crew.thread.join()
    failures = [failure for crew in crews for failure in crew.failures]
    connections, heard = sum(crew.served for crew in crews), sum(crew.heard for crew in crews)
    return Outcome(connections, heard, time.monotonic() - begun, failures)


def duplex(shape: Shape, seed: int, habit: Callable[[], None] | None = None) -> tuple[Sequence[Outcome], list[str]]:
    """How both went, and all that is wrong."""
    with tempfile.TemporaryDirectory(prefix="chat-duplex-", dir=data_folder()) as temporary:
        folder = Path(temporary)
        give_key(folder / "data")
        with serving("--backlog", BACKLOG, habit=habit, folder=folder) as server:
            outcomes = [saturate(server.port, shape, seed), chat(server.port, shape, seed)]
            wrong = [failure for outcome in outcomes for failure in outcome.failures] + _ended(server)
        wrong += [f"complaint: {line}" for line in TROUBLE.findall((folder / "errors").read_text())]
    return outcomes, wrong


def _ended(server: Server) -> list[str]:
    """What is wrong with the server's own end."""
    if (status := server.process.poll()) is not None:
        return [f"dead: the server ended by itself with status {status}"]
    return [] if server.stop(2 * WAIT) is not None else ["exit: the server does not stop when it is asked to"]


def run(quick: bool, seed: int) -> Finding:
    try:
        outcomes, wrong = duplex(QUICK if quick else FULL, seed)
    except NotAllowed as reason:
        return Finding(8, PROPERTY, TARGET, str(reason), None)
    saturated, chatted = outcomes
    figure = f"saturated: {saturated}; chat-like: {chatted}; Python {platform.python_version()}, {ssl.OPENSSL_VERSION}"
    return found(8, PROPERTY, TARGET, figure, wrong)


if __name__ == "__main__":
    sys.exit(main(run))
