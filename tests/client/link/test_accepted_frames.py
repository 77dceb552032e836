"""Nothing malformed gets past the gate, and everything the protocol knows does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_parts.conversation.conversation import Conversation, Wishes
from client_parts.link.accepted_frames import FORMS, acceptable
from client_parts.screen.view import View
from tests.client.fakes import FILE, Notebook, message

GOOD: list[dict[str, Any]] = [
    {
        **{"type": "welcome", "name": "a", "color": "red", "epoch": "e", "accepted": 0, "motd": "", "limits": {}},
        **{"tag": "t", "away": "tea"},
    },
    {"type": "away", "text": None},
    {"type": "read", "room": "lobby", "id": 3},
    {"type": "joined", "room": "lobby", "last": 3, "members": 1, "read": 2},
    {"type": "who", "room": "lobby", "members": [{"name": "a", "color": "red", "realname": "Anna"}]},
    {"type": "joined", "room": "lobby", "last": 0, "members": 1},
    {"type": "history", "room": "lobby", "messages": [message(1)], "gap": False, "more": False},
    message(1, by="t"),
    {"type": "ack", "seq": 1, "room": "lobby", "id": 1},
    {"type": "presence", "room": None, "renamed": [["a", "b"]]},
    {"type": "who", "room": "lobby", "members": [{"name": "a", "color": "red"}]},
    {"type": "rooms", "rooms": [{"room": "lobby", "members": 1, "last": 1}]},
    {"type": "results", "text": "x", "messages": []},
    {
        **{"type": "room", "room": "lobby", "topic": "tea", "mode": "open", "slow": 0, "by": "bob", "ts": 1.5},
        "role": "moderator",
    },
    {"type": "deleted", "room": "lobby", "id": 1, "by": "bob"},
    {
        "type": "bans",
        "items": [
            {
                **{"id": 1, "kind": "ban", "name": "bob", "address": None, "room": None, "until": 9},
                **{"by": "ann", "reason": "spam", "ts": 1.5},
            }
        ],
        "more": False,
    },
    {"type": "audit", "items": [{"id": 1, "ts": 1.5, "by": "ann", "text": "banned bob"}], "more": True},
    {
        "type": "reports",
        "items": [
            {
                **{"id": 1, "ts": 1.5, "by": "ann", "room": "lobby", "message": 7, "sender": "bob"},
                **{"text": "x", "reason": "spam"},
            }
        ],
        "more": False,
    },
    {"type": "servers", "servers": [{"label": "one:3030", "clients": 1, "since": 1, "state": "this"}]},
    {"type": "devices", "devices": [{"id": 1, "added": 1.5, "last": 2, "label": "client.py", "here": True}]},
    {"type": "code", "purpose": "link", "name": "ann", "code": "k3f9-aaaa", "expires": 9},
    {"type": "invitation", "code": "k3f9", "uses": 5, "expires": 9},
    {
        **{"type": "whois", "name": "bob", "role": "member", "account": True, "since": 1, "connections": 2},
        **{"away": None, "addresses": ["192.0.2.1"], "devices": 2},
    },
    {"type": "blocked", "names": ["bob"]},
    {"type": "upload", "ref": "1", "id": FILE["id"], "url": "/files/x?t=y", "offset": 0, "expires": 9},
    {"type": "file", **FILE, "url": "/files/x/plan.png", "expires": None},
    {"type": "files", "room": "lobby", "files": [{**FILE, "room": "lobby", "message": 1, "from": "bob", "ts": 1}]},
    message(2, file={**FILE, "bare": True}),
    {"type": "notice", "text": "x"},
    {"type": "pong"},
    {"type": "error", "code": "bad_seq", "text": "x", "seq": 4, "accepted": 1, "fatal": False},
    {"type": "bye", "code": "exit", "text": "x", "retry": False},
]


@pytest.mark.parametrize("frame", GOOD, ids=lambda frame: str(frame["type"]))
def test_frames_of_the_protocol_pass_with_unknown_fields(frame: dict[str, Any]) -> None:
    """Every type is accepted, and so are fields that a later server may add."""
    assert acceptable(frame)
    assert acceptable({**frame, "later": [1]})


def test_every_form_is_tried_here() -> None:
    """The table above has a frame of every type."""
    assert {frame["type"] for frame in GOOD} == set(FORMS)


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"type": 1},
        {"type": ["message"]},
        {"type": "unheard-of"},
        {**message(1), "id": "1"},
        {**message(1), "id": True},
        {**message(1), "ts": None},
        {**message(1), "text": None},
        {"type": "history", "room": "lobby", "messages": [None]},
        {"type": "history", "room": "lobby", "messages": {}},
        {"type": "presence", "renamed": [["a"]]},
        {"type": "presence", "joined": [1]},
        {"type": "who", "members": ["a"]},
        {"type": "error", "code": "x"},
        {"type": "error", "code": "x", "text": "y", "ref": 1},
        *(message(1, file=file) for file in (1, {}, {**FILE, "id": "../x"}, {**FILE, "sha256": "x"})),
        *(message(1, file={**FILE, field: value}) for field, value in (("size", 0), ("size", True), ("name", None))),
        {"type": "file", **FILE},
        {"type": "files", "files": [FILE]},
        {"type": "devices", "devices": [{"id": "1"}]},
        {"type": "code", "purpose": "link", "name": "ann", "code": None},
        {"type": "whois", "name": "bob", "addresses": [1]},
        {"type": "room", "room": "lobby", "topic": 1},
        {"type": "bans", "items": [{"id": 1, "until": "soon"}]},
        {"type": "audit", "items": [{"id": 1, "ts": 1.5, "text": None}]},
        {"type": "reports", "items": {}},
        {"type": "deleted", "room": "lobby", "id": None},
        {"type": "blocked", "names": [None]},
        {"type": "servers", "servers": [{"label": "one:3030", "clients": "1"}]},
        {**message(1), "deleted": 1},
        {**GOOD[0], "name": "x" * 33},  # it goes back in every hello, and so must fit one
        {**GOOD[0], "epoch": "e" * 5_000},
        {**GOOD[0], "tag": 1},
        {**GOOD[0], "away": True},
        {"type": "away", "text": ["tea"]},
        {"type": "read", "room": "lobby", "id": "3"},
        {"type": "joined", "room": "lobby", "last": 3, "members": 1, "read": 1.5},
        {"type": "who", "room": "lobby", "members": [{"name": "a", "realname": 1}]},
        {**GOOD[0], "tag": ["t"]},
        message(1, by=1),
        message(1, by={"tag": "t"}),
        {"type": "history", "room": "lobby", "messages": [message(1), message(2, by=True)]},
        {"type": "results", "text": "x", "messages": [message(1, by=[])]},
        {**message(1), "id": 10**4_000},
        {**message(1), "ts": float("inf")},
        {**message(1), "text": "\ud800"},
        {**message(1), "text": "\0"},
    ],
)
def test_malformed_frames_are_stopped(frame: dict[str, Any]) -> None:
    """A wrong kind in any field, at any depth, is not passed on."""
    assert not acceptable(frame)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(GOOD), st.data())
def test_a_conversation_survives_whatever_passes(frame: dict[str, Any], data: st.DataObject) -> None:
    """Any field may become anything: the frame is stopped here, or the conversation copes with it."""
    changed = {**frame, data.draw(st.sampled_from(sorted(frame))): data.draw(VALUES)}
    if "messages" in frame and frame["messages"] and data.draw(st.booleans()):
        field = data.draw(st.sampled_from(sorted(frame["messages"][0])))
        changed = {**frame, "messages": [{**frame["messages"][0], field: data.draw(VALUES)}]}
    conversation = Conversation(Notebook(), View(), Wishes("ann", "blue"))
    conversation.heard(GOOD[0])
    for candidate in (changed, GOOD[1], changed, GOOD[3]):
        if acceptable(candidate) and candidate["type"] != "bye":
            conversation.heard(candidate)
    assert conversation.status("online", waiting=False).prompt
