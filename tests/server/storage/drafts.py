"""Small words for the tests of the log: drafts, appending, looking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from server_parts.storage.records import About, Draft, Message, StorageError
from server_parts.storage.store import Store

SESSION = "session-000000000001"
_seqs = count(1_000_001)  # above whatever a test counts by itself


@dataclass
class Backend:
    """One kind of log under the contract: how to open it and, if it lasts, open it again."""

    name: str
    durable: bool
    open: Callable[[Path], Store]


def draft(
    text: str = "hello",
    room: str = "lobby",
    sender: str = "alice",
    ts: float = 1_790_000_000.125,
    session: str = SESSION,
    seq: int | None = None,
) -> Draft:
    """A draft; without `seq`, with one that no other draft of this run has, rising."""
    return Draft(room, ts, sender, "blue", [text], session, next(_seqs) if seq is None else seq)


def entry(kind: str, id: int, text: str, sender: str = "alice", room: str = "lobby") -> Draft:
    """One that speaks of another message, said a second later."""
    return draft(text, room, sender, 1_790_000_001.125)._replace(about=About(kind, id))


def append(log: Store, *drafts: Draft) -> list[Message]:
    """Append as the hub does: each session's highest `seq` goes with it."""
    runs = log.append(drafts, {d.session: d.seq + len(d.texts) - 1 for d in sorted(drafts, key=lambda d: d.seq)})
    return [message for run in runs for message in run.messages()]


def say(log: Store, *texts: str, room: str = "lobby", sender: str = "alice") -> list[Message]:
    return append(log, *(draft(text, room, sender) for text in texts))


def texts(messages: list[Message]) -> list[str]:
    return [message.text for message in messages]


def refusal(log: Store, *drafts: Draft) -> str:
    """The sentence with which a log refuses to append; a failure if it does not."""
    try:
        append(log, *drafts)
    except StorageError as error:
        return str(error)
    raise AssertionError("the log took what it should have refused")


def trim_all(log: Store, keep_days: float | None = None, keep_messages: int | None = None) -> int:
    slices = 1
    while log.trim(keep_days, keep_messages):
        slices += 1
        assert slices < 1000
    return slices
