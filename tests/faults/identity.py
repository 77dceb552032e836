"""Thieves of sessions, crowds of strangers, squatters and heirs of names: none of them gets what is somebody else's.

python -m tests.faults.identity [--quick] [--seed N]
"""

from __future__ import annotations

import random
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from server_parts.hub.live_rooms import LiveRooms
from server_parts.storage.records import Run
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import NOBODY, Entry
from tests.faults.finding import Finding, found, main
from tests.faults.links import LocalServer
from tests.peers import Ended, Frame, Native, of_type
from tests.server.storage.owners import owner_of

PUBLIC_ROOMS = 50  # that a victim enters afterwards


class Town:
    """A server with a log on disk, and people in it."""

    def __init__(self, opened: ExitStack, folder: Path) -> None:
        self.store = SqliteLog(folder)
        self.server = opened.enter_context(LocalServer(self.store))
        self._opened = opened

    def come(self, name: str | None = None, **hello: Any) -> Native:
        return self._opened.enter_context(Native(self.server.port, name, **hello))


@contextmanager
def town(folder: Path | None = None) -> Iterator[Town]:
    with tempfile.TemporaryDirectory(prefix="chat-identity-") as other, ExitStack() as opened:
        yield Town(opened, folder or Path(other))


def token() -> str:
    return secrets.token_hex(16)


def thieves(rng: random.Random, attempts: int) -> list[str]:
    """Everybody knows the owner's session string; before and after the server was started again."""
    wrong: list[str] = []
    own, session = token(), secrets.token_hex(12)
    with tempfile.TemporaryDirectory(prefix="chat-identity-") as folder:
        for start in range(2):
            with town(Path(folder)) as here:
                owner = here.come("olga", token=own, session=session)
                for number in range(attempts):
                    thief = here.come()
                    proof = rng.choice(({}, {"token": token()}))
                    thief.hello(rng.choice(("olga", "thief")), session=session, rooms={}, **proof)
                    if "welcome" in [frame["type"] for frame in thief.pending()]:
                        wrong.append(f"theft: attempt {number} after start {start} was let in")
                    if not _is_delivered(owner, f"{start}/{number}"):
                        return [*wrong, f"loss: the owner's text after theft {number} of start {start}"]
                    thief.close()
    return wrong


def _is_delivered(owner: Native, text: str) -> bool:
    """Whether that is all that its sender is told."""
    try:
        owner.say(text)
        answers = of_type(owner.pending(), "message", "ack", "bye", "error")
    except (Ended, OSError):
        return False
    return [answer.get("text") for answer in answers] == [text]


def strangers(crowd: int) -> list[str]:
    """Short-lived names write to one that is claimed; then its owner comes back."""
    wrong: list[str] = []
    own = token()
    with town() as here:
        victim = here.come("victim", token=own)
        victim.tell("hello")
        victim.leave()
        for number in range(crowd):
            with Native(here.server.port, f"stranger-{number}", history=0) as stranger:
                stranger.say("look at me", "@victim")
                stranger.leave()
        back = here.come()
        back.hello("victim", token=own)
        resumed = len(of_type(back.pending(), "joined")) - 1
        if resumed > 20:
            wrong.append(f"crowd: {resumed} strangers wait for an answer")
        wrong += [
            f"crowd: no place in room {number}"
            for number in range(PUBLIC_ROOMS)
            if not of_type(back.ask("join", room=f"room-{number}"), "joined")
        ]
    return wrong


def squatters(names: int) -> list[str]:
    """Many names are claimed and left; those who speak keep theirs, and before anybody hears them."""
    wrong: list[str] = []
    publish = LiveRooms.publish
    with town() as here:
        for number in range(names):
            here.come(f"squatter-{number}", token=token()).leave()
            if owner_of(here.store, f"squatter-{number}") is not None:
                wrong.append(f"squatter: {number} is kept")

        def watched(live_rooms: LiveRooms, name: str, runs: list[Run]) -> None:
            wrong.extend(
                f"late: {run.sender} is heard and not kept" for run in runs if not owner_of(here.store, run.sender)
            )
            publish(live_rooms, name, runs)

        with mock.patch.object(LiveRooms, "publish", watched):
            for number in range(names // 10):
                speaker = here.come(f"speaker-{number}", token=token())
                speaker.tell("mine")
                speaker.leave()
    return wrong


def heirs(rng: random.Random, rounds: int) -> tuple[int, list[str]]:
    """A guest leaves while somebody writes to it, and another takes its name at once."""
    wrong: list[str] = []
    refused = 0
    with town() as here:
        writer = here.come("writer", token=token())
        for number in range(rounds):
            bearer = here.come("guy")
            writer.ask("join", room="@guy")
            writer.tell("are you there?", "@guy")
            texts = [f"for bearer {number} only, {n}" for n in range(rng.randint(1, 8))]
            for text in texts[: rng.randint(0, len(texts))]:
                writer.say(text, "@guy")
            bearer.leave()
            heir = here.come("guy")
            for text in texts:
                writer.say(text, "@guy")
            refused += len(of_type(writer.pending(), "error"))
            read = [*heir.ask("history", room="@writer"), *heir.ask("search", text="bearer")]
            shown = [*heir.ask("join", room="@writer", after=0), *read, *heir.pending(), *heir.passed]
            if _mentions(shown, f"for bearer {number} only"):
                wrong.append(f"heir: {number} heard what was said to the one before")
            heir.leave()
    return refused, wrong


def _mentions(frames: Sequence[Frame], text: str) -> bool:
    said = [frame for frame in frames if frame["type"] == "message"]
    said += [message for frame in frames for message in frame.get("messages", ())]
    return any(text in message["text"] for message in said)


class HastyClaims(SqliteLog):
    """Wrong on purpose: keeps the messages first, and the claims with the next ones."""

    _late: Mapping[str, str] = NOBODY

    def write(self, entry: Entry) -> list[Run]:
        late, self._late = self._late, entry.claims
        return super().write(entry._replace(claims=late))


def run(quick: bool, seed: int) -> Finding:
    rng = random.Random(seed)
    attempts, crowd, names, rounds = (20, 100, 100, 10) if quick else (200, 1_040, 1_035, 200)
    refused, wrong = heirs(rng, rounds)
    wrong += [*thieves(rng, attempts), *strangers(crowd), *squatters(names)]
    figure = (
        f"{2 * attempts} thefts, {crowd:,} strangers, {names:,} squatters, {rounds} heirs "
        f"({refused:,} texts to the one before were refused)"
    )
    return found(22, "whose is whose", "nobody gets a session, a name or a word of somebody else's", figure, wrong)


if __name__ == "__main__":
    sys.exit(main(run))
