"""What entries do to the messages that a client has: the same as to those of a client that began later."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chat_common import Frame
from client_parts.conversation import remembered
from client_parts.conversation.remembered import Remembered
from tests.client.fakes import message
from tests.client.talk import Talk
from tests.server.hub.room_copies import Row, folded, row_of

KINDS = ("edit", "delete", "react", "reply")


def log(rng: random.Random, length: int) -> list[Frame]:
    """A room in which people say anything of anything, with gaps in nothing."""
    said = []
    for id in range(1, length + 1):
        kind = rng.choice((*KINDS, "react", "edit", "change", "", ""))
        about: dict[str, Any] = {kind: rng.randint(1, length)} if kind else {}
        if kind == "change":
            about["change"] = {"topic": rng.choice(("", "tea"))}
        text = "/me deleted it" if kind == "delete" else rng.choice(("a", "b", "/me takes it back", f"text {id}"))
        said.append(message(id, text, rng.choice(("ann", "Ann", "bob", "eve")), ts=float(id), **about))
    return said


def as_rows(said: list[Frame]) -> dict[int, Row]:
    return folded((one["id"], row_of(one)) for one in said)


def as_frames(said: list[Frame], first: int, last: int) -> list[Frame]:
    """A page of the log as a server sends it, when all of that was said."""
    return [
        _as_frame(one, row) for one, row in zip(said, as_rows(said).values(), strict=True) if first <= one["id"] <= last
    ]


def _as_frame(one: Frame, row: Row) -> Frame:
    reactions: dict[str, list[str]] = {}
    for name, text in row.reactions.values():
        reactions.setdefault(text, []).append(name)
    facts: dict[str, Any] = {"edited": row.edited, "deleted": row.deleted or row.text == "", "reactions": reactions}
    change = {} if row.change is None else {"change": row.change}
    return {**one, **change, "text": row.text, **{fact: value for fact, value in facts.items() if value}}


def take(copy: Remembered, frames: list[Frame]) -> None:
    for frame in frames:
        copy.read(frame)
        copy.apply(frame)


def shown(copy: Remembered, id: int) -> object:
    found = copy.find("lobby", id)
    return None if found is None else row_of(found).shown()


def run(seed: int) -> None:
    """Somebody hears all, is away now and then, and is told again what was told; the room is the same at the end."""
    rng = random.Random(seed)
    said = log(rng, 60)
    copy, last = Remembered(), 0
    while last < len(said):
        until = min(len(said), last + rng.randint(1, 12))
        if rng.random() < 0.5:  # heard live: as each was when it was said
            for id in range(last + 1, until + 1):
                take(copy, as_frames(said[:id], id, id))
        else:  # caught up: as all of it is now
            take(copy, as_frames(said[:until], last + 1, until))
        if rng.random() < 0.3:  # an older page, which is no news
            for frame in as_frames(said[:until], 1, until):
                copy.read(frame)
        last = until
    late = Remembered()
    take(late, as_frames(said, 1, len(said)))
    for id, row in as_rows(said).items():
        if row.about is None or row.about[0] == "reply":
            assert shown(copy, id) == shown(late, id) == row.shown(), f"seed {seed}, message {id}"
        else:
            assert shown(copy, id) is None


@pytest.mark.parametrize("seed", range(60))
def test_the_room_is_the_same_wherever_one_resumes(seed: int) -> None:
    """And what the reference says."""
    run(seed)


def test_a_client_that_forgets_edits_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would show nothing."""
    monkeypatch.setattr(remembered, "EDIT", "none")
    with pytest.raises(AssertionError, match="seed"):
        all(run(seed) is None for seed in range(20))  # type: ignore[func-returns-value]


def test_a_client_that_keeps_what_was_taken_away_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of a change of the room nothing is left."""
    monkeypatch.setattr(remembered, "is_change", lambda message: False)
    with pytest.raises(AssertionError, match="seed"):
        all(run(seed) is None for seed in range(20))  # type: ignore[func-returns-value]


def test_old_messages_are_let_go_of() -> None:
    """A room takes so much of the memory, and no more."""
    copy = Remembered()
    last = remembered.MOST + remembered.MORE
    for id in range(1, last + 1):
        copy.read(message(id))
    assert copy.find("lobby", 1) == message(1)
    copy.read(message(last + 1))
    oldest = last + 2 - remembered.MOST
    assert (copy.find("lobby", oldest - 1), copy.find("lobby", oldest)) == (None, message(oldest))
    copy.forget("lobby")
    assert copy.find("lobby", oldest) is None


def converse(seed: int) -> None:
    """The same through a whole conversation: heard live, missed and resumed, or asked for as older pages."""
    rng = random.Random(seed)
    said = log(rng, 40)
    talk = Talk(rich=True)
    last = 0
    while last < len(said):
        until = min(len(said), last + rng.randint(1, 8))
        if rng.random() < 0.6:
            for id in range(last + 1, until + 1):
                talk.hear(*as_frames(said[:id], id, id))
        else:
            talk.it.disconnected()
            welcome = {"type": "welcome", "name": "ann", "color": "blue", "epoch": "e1", "accepted": 0}
            talk.it.heard({**welcome, "features": ["entries"]})
            talk.enter("lobby", until, *as_frames(said[:until], last + 1, until))
        if rng.random() < 0.3:
            page = as_frames(said[:until], 1, until)
            talk.hear({"type": "history", "room": "lobby", "messages": page, "gap": False, "more": False})
        last = until
    for id, row in as_rows(said).items():
        if row.about is None or row.about[0] == "reply":
            assert shown(talk.it.state.remembered, id) == row.shown(), f"seed {seed}, message {id}"


@pytest.mark.parametrize("seed", range(30))
def test_a_conversation_ends_in_the_same_room(seed: int) -> None:
    """Whatever was heard, missed or read again in between."""
    converse(seed)


def test_a_conversation_that_forgets_deletions_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would show nothing."""
    monkeypatch.setattr(remembered, "DELETE", "none")
    with pytest.raises(AssertionError, match="seed"):
        all(converse(seed) is None for seed in range(20))  # type: ignore[func-returns-value]
