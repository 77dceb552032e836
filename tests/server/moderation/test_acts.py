"""Acts as the log holds them: what goes in comes out, and what a later version wrote does no harm."""

from __future__ import annotations

import json

import pytest

from server_parts.moderation import acts
from server_parts.moderation.acts import Act, Kept
from server_parts.moderation.sentences import audit_line
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import ACTS, Draft, Message

FULL = Act(
    acts.BAN,
    name="Bob",
    room="tea",
    until=1_790_000_600.5,
    reason='said "no" é 🎉\\',
    text="t",
    value="v",
    number=3,
    rank=2,
    keys=("bob", "session x"),
    sources=("192.0.2.1",),
    soft=1_790_000_060.0,
)


def message(text: str) -> Message:
    return Message(ACTS, 7, 5.0, "alice", "", text, "", 0)


@pytest.mark.parametrize("act", [FULL, Act(acts.KICK, "bob"), Act(acts.ROOM, room="tea", text="", number=0)])
def test_an_act_comes_back_as_it_went_in(act: Act) -> None:
    """Through a log, with who did it and when; an empty topic is not the same as none."""
    log = MemoryLog()
    log.append([acts.draft_of("Alice", act, 1_790_000_000.1239)], {})
    (stored,) = log.after(ACTS, 0, 9)
    assert acts.read(stored) == Kept(1, 1_790_000_000.124, "Alice", act)


def test_only_what_applies_is_written() -> None:
    """A kick of somebody is short."""
    assert json.loads(acts.written(Act(acts.KICK, "bob"))) == {"do": "kick", "name": "bob"}


def test_what_is_new_is_passed_over() -> None:
    """A field or a kind of a later version."""
    assert acts.read(message('{"do":"kick","name":"bob","mood":[1]}')) == Kept(7, 5.0, "alice", Act("kick", "bob"))
    kept = acts.read(message('{"do":"exile","name":"bob"}'))
    assert kept is not None
    assert "does not know" in audit_line(kept)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "{", '"x"', '{"do":1}', '{"do":"kick","name":5}', '{"do":"ban","keys":[1]}'),
        *('{"do":"ban","until":true}', '{"do":"ban","until":"soon"}', '{"do":"ban","keys":"bob"}'),
    ],
)
def test_what_makes_no_sense_is_no_act(text: str) -> None:
    """It does not stop the server from starting."""
    assert acts.read(message(text)) is None


@pytest.mark.parametrize(
    ("act", "line"),
    [
        (Act(acts.KICK, "bob", reason="flood"), "kicked bob: flood"),
        (Act(acts.KICK, "bob", room="tea"), "kicked bob from tea"),
        (Act(acts.BAN, "bob", until=660.0), "banned bob until 1970-01-01T00:11:00Z"),
        (Act(acts.BAN, address="192.0.2.0/24", reason="spam"), "banned 192.0.2.0/24 for good: spam"),
        (Act(acts.BAN, "bob", sources=("192.0.2.1",)), "banned bob, with 192.0.2.1 for good"),
        (Act(acts.UNBAN, "bob", room="tea"), "lifted the ban of bob in tea"),
        (Act(acts.MUTE, "bob", room="tea", until=200_000.0), "muted bob in tea until 1970-01-03T07:33:20Z"),
        (Act(acts.UNMUTE, "bob"), "lifted the mute of bob"),
        (Act(acts.ROOM, room="tea", value="invite", number=0), "set tea to mode invite, slow mode off"),
        (Act(acts.ROOM, room="tea", text="Cups", number=9), "set tea to slow mode 9 s, topic Cups"),
        (Act(acts.ROLE, "bob", room="tea", value="voice"), "made bob voice in tea"),
        (Act(acts.FOUND, "bob", room="tea"), "became owner of tea, as the first to speak there"),
        (Act(acts.INVITE, "bob", room="tea"), "invited bob to tea"),
        (Act(acts.REPORT, "bob", room="tea", number=4, reason="rude"), "reported message #4 of bob in tea: rude"),
        (Act(acts.DELETE, "bob", room="tea", number=4), "deleted message #4 of bob in tea"),
        (Act(acts.LOCKDOWN, until=660.0), "locked the server to new people until 1970-01-01T00:11:00Z"),
        (Act(acts.LOCKDOWN), "ended the lockdown"),
        (Act(acts.FORGET, "bob"), "released the name bob"),
        (Act(acts.NOTE, text="made ann operator"), "made ann operator"),
    ],
)
def test_the_audit_has_a_line_for_each_kind(act: Act, line: str) -> None:
    """Whom, where, until when, why."""
    assert audit_line(Kept(1, 60.0, "alice", act)) == line
    assert isinstance(acts.draft_of("alice", act, 60.0), Draft)
