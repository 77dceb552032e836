"""Events to bytes: JSON lines for native clients, lines of text for plain ones."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_common import MAX_LINE, Frame
from server_parts.protocol.changes import ABOUT, Change, words, written
from server_parts.protocol.events import history
from server_parts.protocol.native_encoder import MANY, NATIVE, message_json
from server_parts.protocol.plain_encoder import PLAIN
from server_parts.protocol.requests import Refusal
from server_parts.storage.amending import MOST_REACTIONS
from server_parts.storage.file_records import FileRecord
from server_parts.storage.records import About, Fate, Message, Run, tag_of

SESSION = "f00dcafe" * 8

# --- going out ---


def message(number: int, text: str = "hello", room: str = "lobby") -> Message:
    return Message(room, number, 1700000000.5, "alice", "blue", text, SESSION, number)


def run(number: int, text: str = "hello", room: str = "lobby") -> Run:
    return Run(room, number, 1700000000.5, "alice", "blue", [text], SESSION, number)


awkward = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)


@given(awkward)
def test_a_message_is_valid_json(text: str) -> None:
    """Whatever is said, the frame carries exactly that, on one line."""
    block = NATIVE.live([run(7, text)])
    assert block.count(b"\n") == 1
    assert json.loads(block) == {
        "type": "message",
        "room": "lobby",
        "id": 7,
        "ts": 1700000000.5,
        "from": "alice",
        "color": "blue",
        "text": text,
        "by": tag_of(SESSION),
        "seq": 7,
    } | ({} if text else {"deleted": True})


@pytest.mark.parametrize("odd", ["hello", "größer 🙂", *map(chr, (*range(1, 0x20), 0x22, 0x5C, 0x7F, 0x2028)), ""])
def test_many_messages_are_valid_json(odd: str) -> None:
    """One among them that JSON does not write as it is, and none."""
    texts = ["hello"] * (2 * MANY)
    texts[MANY] = f"{odd} said" if odd else ""
    told = [json.loads(line) for line in NATIVE.live([run(7)._replace(texts=texts)]).splitlines()]
    assert [frame["text"] for frame in told] == texts
    assert [frame["id"] for frame in told] == [frame["seq"] for frame in told] == [*range(7, 7 + 2 * MANY)]


def test_the_time_has_three_decimals() -> None:
    """As the protocol says, also for a whole second."""
    assert '"ts":1700000000.500,' in message_json(message(1))


def pages(count: int, text: str, **fields: Any) -> list[dict[str, Any]]:
    history = {"type": "history", "room": "lobby", "gap": True, "more": False, **fields}
    lines = NATIVE.pages(history, "messages", [message(i, text) for i in range(1, count + 1)]).split(b"\n")
    assert lines.pop() == b""
    assert all(len(line) + 1 <= 65_536 for line in lines)
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("text", ["x" * 5000, "👋" * 5000, '"' * 5000, "\n" * 5000, "\x01" * 5000])
def test_every_page_fits_a_line(text: str) -> None:
    """Sixty of the longest texts are several frames, complete and in order."""
    frames = pages(60, text)
    assert len(frames) > 1
    assert [m["id"] for f in frames for m in f["messages"]] == list(range(1, 61))
    assert all(m["text"] == text for f in frames for m in f["messages"])


def test_more_is_true_until_the_last_page() -> None:
    """And the last says what it was told to say."""
    assert [f["more"] for f in pages(60, "x" * 5000)][-2:] == [True, False]
    assert all(f["more"] for f in pages(60, "x" * 5000, more=True))


def test_a_gap_is_told_once() -> None:
    """It lies before the first message."""
    gaps = [f["gap"] for f in pages(60, "x" * 5000)]
    assert gaps == [True] + [False] * (len(gaps) - 1)


def test_no_items_are_one_empty_page() -> None:
    """The answer comes, even if it is empty."""
    assert pages(0, "") == [{"type": "history", "room": "lobby", "gap": True, "more": False, "messages": []}]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=3000), max_size=60))
def test_pages_lose_nothing(texts: list[str]) -> None:
    """Any texts, in any number, come out whole, in order, in lines that fit."""
    history = {"type": "history", "room": "lobby", "gap": False, "more": False}
    lines = NATIVE.pages(history, "messages", [message(i, text) for i, text in enumerate(texts)]).splitlines()
    assert all(len(line) < 65_536 for line in lines)
    assert [m["text"] for line in lines for m in json.loads(line)["messages"]] == texts


# --- events in plain text ---


PLAINLY = {
    "a message in the lobby": (PLAIN.live([run(1, "hi")]), "[COLOR (blue)] alice said -> hi"),
    "a message elsewhere": (PLAIN.live([run(1, "hi", "tea")]), "#tea [COLOR (blue)] alice said -> hi"),
    "a private message": (PLAIN.live([run(1, "hi", "@a+b")]), "(private) [COLOR (blue)] alice said -> hi"),
    "one's own": (PLAIN.live([run(41, "hi")], SESSION), "* delivered #41 *"),
    "somebody else's": (PLAIN.live([run(1, "hi")], "bob"), "[COLOR (blue)] alice said -> hi"),
    "an ack": (PLAIN.frame({"type": "ack", "seq": 1, "room": "lobby", "id": 41}), "* delivered #41 *"),
    "an error": (PLAIN.frame(Refusal("bad_name", "no").frame()), "* error: no *"),
    "a notice": (PLAIN.frame({"type": "notice", "text": "hi\x1b"}), "* hi␛ *"),
    "a goodbye": (PLAIN.frame({"type": "bye", "code": "exit", "text": "goodbye", "retry": False}), "* goodbye *"),
    "a reason": (PLAIN.frame({"type": "bye", "code": "kicked", "text": "out", "retry": False}), "* goodbye: out *"),
    "comers": (
        PLAIN.frame({"type": "presence", "room": "lobby", "joined": ["a", "b"], "members": 2}),
        "* a, b joined *",
    ),
    "a leaver": (PLAIN.frame({"type": "presence", "room": "tea", "left": ["a"], "members": 2}), "* a left #tea *"),
    "a new name": (
        PLAIN.frame({"type": "presence", "room": "lobby", "renamed": [["a", "b"]], "members": 2}),
        "* a is now b *",
    ),
    "nothing found": (PLAIN.frame({"type": "results", "text": "x", "messages": []}), "* nothing found for x *"),
    "found": (
        PLAIN.pages({"type": "results", "text": "x"}, "messages", [message(9, "x")]),
        "#9 [COLOR (blue)] alice said -> x",
    ),
    "who": (PLAIN.frame({"type": "who", "room": None, "members": [{"name": "a"}, {"name": "b"}]}), "* here: a, b *"),
    "rooms": (
        PLAIN.frame({"type": "rooms", "rooms": [{"room": "tea", "members": 1, "last": 2}]}),
        "* tea: 1 here, last message #2 *",
    ),
    "several lines": (PLAIN.live([run(1, "a\nb")]), "[COLOR (blue)] alice said -> a\n    b"),
    "an unknown event": (PLAIN.frame({"type": "hologram"}), ""),
}


@pytest.mark.parametrize(("block", "shown"), PLAINLY.values(), ids=PLAINLY.keys())
def test_events_in_plain_text(block: bytes, shown: str) -> None:
    """Each event has one written form, without JSON and without escape codes."""
    assert block.decode() == (shown + "\n" if shown else "")


@given(awkward)
def test_no_escape_code_leaves_the_plain_door(text: str) -> None:
    """Whatever is said, nothing reaches a terminal but text and line breaks."""
    for block in (PLAIN.live([run(1, text)]), PLAIN.frame({"type": "notice", "text": text})):
        assert not set(block.decode()) & set("\x1b\x9b\x07\r\x08\u202e\u2028")


def test_answers_about_accounts_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Harmless ones: the name of a program is its own word."""
    monkeypatch.setattr(time, "localtime", time.gmtime)
    device = {"id": 3, "added": None, "last": 86_400, "label": "a\x1b[31m client", "here": True, "yours": False}
    code = {"type": "code", "purpose": "recover", "name": "bob", "code": "k3f9-0h1m-x7qa-9d4c", "expires": 60}
    who = {"type": "whois", "name": "bob", "role": "operator", "account": True, "since": 86_400, "connections": 2}
    frames: list[Frame] = [
        {
            "type": "devices",
            "devices": [device, device | {"label": "", "here": False}, device | {"label": "x", "yours": True}],
        },
        {"type": "devices", "devices": []},
        code,
        code | {"purpose": "link"},
        {"type": "invitation", "code": "k3f9-0h1m-x7qa-9d4c", "uses": 1, "expires": 60},
        who | {"away": "at lunch"},
        who | {"away": None, "account": False, "since": None, "connections": 0, "devices": 0, "addresses": []},
    ]
    assert b"".join(map(PLAIN.frame, frames)).decode().splitlines() == [
        "* 3: a\u241b[31m client, last used 1970-01-02, connected now *",
        "* 3: unknown program, last used 1970-01-02 *",
        "* 3: x, last used 1970-01-02, this one *",
        "* /devices forget NUMBER removes one *",
        "* your account has no devices, only a password *",
        "* the code k3f9-0h1m-x7qa-9d4c recovers the account bob once, until 1970-01-01 00:01:00 GMT *",
        "* the code k3f9-0h1m-x7qa-9d4c links another device to the account bob once, until 1970-01-01 00:01:00 GMT *",
        "* the code k3f9-0h1m-x7qa-9d4c lets one person in, until 1970-01-01 00:01:00 GMT *",
        "* bob: operator, an account since 1970-01-02, here 2 times, away: at lunch *",
        "* bob: operator, no account, not here *",
        "* devices: 0; addresses: none *",
    ]


def test_what_became_of_a_message_is_valid_json() -> None:
    """Also of one with as many reactions as it may have: it fits into a line of any page."""
    names = [f"{number:0>32}" for number in range(MOST_REACTIONS)]
    reactions = tuple((name, f"{chr(0x1F600 + number)}" * 32) for number, name in enumerate(names))
    told = Message("@" + "+".join(["a" * 32, "b" * 32]), 9, 1.5, "alice", "blue", "\x01" * 5_000, SESSION, 1)
    told = told._replace(about=About("reply", 3), fate=Fate(2.5, 8, reactions))
    (line,) = NATIVE.pages(history(told.room, gap=False), "messages", [told]).splitlines()
    assert len(line) < MAX_LINE
    (found,) = json.loads(line)["messages"]
    assert (found["reply"], found["edited"], found["text"]) == (3, 2.5, told.text)
    assert found["reactions"] == {text: [name] for name, text in reactions}
    assert "deleted" not in found


def test_several_may_react_alike() -> None:
    """Names come in the order of time; quotes are no trouble."""
    told = Message("lobby", 1, 0.5, "a", "red", "x", "", 1, None, Fate(reactions=(("b", '"'), ("c", "-"), ("d", '"'))))
    assert json.loads(message_json(told))["reactions"] == {'"': ["b", "d"], "-": ["c"]}
    assert "edited" not in json.loads(message_json(told))


@given(awkward)
def test_a_file_is_valid_json(name: str) -> None:
    """In pages and live, whatever it is called; without the size of a picture where there is none."""
    file = FileRecord("i" * 22, name, 123, "0" * 64, "image/png", 640, 480)
    told = run(7)._replace(file=file)
    ((live,), page) = told.messages(), message_json(message(7)._replace(file=file))
    for line in (message_json(live), page, NATIVE.live([told]).decode()):
        assert json.loads(line)["file"] == {
            "id": "i" * 22,
            "name": name,
            "size": 123,
            "sha256": "0" * 64,
            "mime": "image/png",
            "width": 640,
            "height": 480,
        }
    unknown = json.loads(message_json(message(7)._replace(file=FileRecord("i" * 22, name, 0, "0" * 64))))["file"]
    assert (unknown["mime"], "width" in unknown) == ("application/octet-stream", False)


@given(awkward, st.sampled_from([None, "open", "invite"]), st.none() | st.integers(0, 10**6))
def test_a_change_of_a_room_is_valid_json(topic: str, mode: str | None, slow: int | None) -> None:
    """Live and in a page: what has changed as it is, and words for those who do not know it."""
    change = Change(topic, mode, slow)
    told = Run("lobby", 7, 1.5, "alice", "blue", [written(change)], "", 0, ABOUT)
    live = json.loads(NATIVE.live([told]))
    (line,) = NATIVE.pages(history("lobby", gap=False), "messages", list(told.messages())).splitlines()
    assert [live] == json.loads(line)["messages"]
    assert live.pop("text") == f"/me {words(change)}"
    assert live == {
        "type": "message",
        "room": "lobby",
        "id": 7,
        "ts": 1.5,
        "from": "alice",
        "color": "blue",
        "seq": 0,
        "change": {name: value for name, value in change._asdict().items() if value is not None},
    }
