"""Replies, edits, deletions and reactions over real sockets, through both doors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from server_parts.storage.message_log import everything_in
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.conftest import Chat, Serve
from tests.peers import Frame, Native, of_type
from tests.programs import run_server

pytestmark = pytest.mark.usefixtures("chat_log")


def speak(peer: Native, text: str | None = None, **fields: int) -> Frame:
    """Say something about a message of the lobby, and wait for its receipt."""
    peer.seq += 1
    said = {} if text is None else {"text": text}
    peer.send("say", room="lobby", seq=peer.seq, **said, **fields)
    return peer.until("message", seq=peer.seq, by=peer.welcome["tag"])


def test_a_server_says_that_it_knows_entries(alice: Native) -> None:
    assert "entries" in alice.welcome["features"]


def test_who_was_away_learns_of_it(chat: Chat, alice: Native) -> None:
    """By the entries behind what it has seen; and what it reads of the past is as it is now."""
    for text in ("one", "two", "three"):
        alice.tell(text)
    speak(alice, "ONE", edit=1)
    speak(alice, "One", edit=1)
    speak(alice, delete=2)
    speak(alice, "three, too", reply=3)
    carol = chat.native()
    carol.hello("carol", rooms={"lobby": 3}, epoch=alice.welcome["epoch"])
    missed = carol.history()
    assert [(m["id"], m["text"], m.get("edit"), m.get("delete"), m.get("reply")) for m in missed] == [
        (4, "", 1, None, None),
        (5, "One", 1, None, None),
        (6, "/me deleted message #2", None, 2, None),
        (7, "three, too", None, None, 3),
    ]
    assert [m.get("deleted") for m in missed] == [True, None, None, None]
    (page,) = of_type(carol.ask("history", room="lobby", before=4), "history")
    assert [(m["text"], "edited" in m, m.get("deleted")) for m in page["messages"]] == [
        ("One", True, None),
        ("", False, True),
        ("three", False, None),
    ]
    (found,) = of_type(carol.ask("search", text="one", count=True), "results")
    assert ([m["id"] for m in found["messages"]], found["total"]) == ([1], 1)
    (found,) = of_type(carol.ask("search", text="too"), "results")
    assert found["messages"][0]["reply"] == 3


def test_the_plain_door(chat: Chat, alice: Native) -> None:
    """Everything can be typed, and everything is read."""
    plain = chat.plain()
    name = plain.enter()
    alice.tell("where do we meet?")
    assert plain.until("meet").endswith("alice said -> where do we meet?")
    plain.say("/numbers on")
    plain.until("numbers are on")
    plain.say("/re 1 at the harbuor")
    assert plain.text() == "* delivered #2 *"
    reply = alice.until("message", id=2)
    assert (reply["reply"], reply["text"], reply["from"]) == (1, "at the harbuor", name)
    plain.say("/edit at the harbour")
    plain.until("#3")
    edit = alice.until("message", id=3)
    assert (edit["edit"], edit["text"]) == (2, "at the harbour")
    plain.say("/react 1 \u2764")
    plain.until("#4")
    assert alice.until("message", id=4)["react"] == 1
    speak(alice, "+1", react=2)
    assert plain.text() == f"#5 * alice reacted to #2 ({name}: at the harbour): +1 *"
    speak(alice, "fine", reply=2)
    assert plain.text().startswith(f"#6 (to #2 {name}: at the harbour) [COLOR (")
    plain.say("/delete 1")
    assert plain.text() == "* error: message #1 is not yours *"
    plain.say("/delete 2")
    plain.until("#7")
    plain.say("/history 9")
    assert plain.until("#1 ").endswith("alice said -> where do we meet?")
    assert plain.text() == f"* reactions to #1: \u2764 {name} *"
    assert plain.text() == f"#2 * #2 by {name} was deleted *"
    assert plain.text().startswith("#6 (to #2) [COLOR (")
    plain.say("/history 2")
    assert plain.text().startswith("#6 (to #2) [COLOR (")
    assert plain.text() == f"#7 * {name} deleted message #2 *"


def test_a_line_and_its_correction_at_once(chat: Chat, alice: Native) -> None:
    """What was just typed is meant, even if it was not stored yet."""
    plain = chat.plain()
    plain.enter()
    plain.send_bytes(b"/edit nothing\nfrist\n/edit first\n")
    assert "you have not said anything in lobby lately" in plain.until("error")
    alice.until("message", text="frist")
    assert alice.until("message", id=2)["edit"] == 1
    plain.say("/edit 1 the first")
    assert alice.until("message", id=3)["text"] == "the first"


def test_a_room_is_written_out_as_it_is(tmp_path: Path, serve: Serve) -> None:
    """With what became of each message, and nothing of what was taken away."""
    chat = serve(store=SqliteLog(tmp_path / "data"))
    alice = chat.native("alice")
    for text in ("zanzibar one", "zanzibar two", "three"):
        alice.tell(text)
    speak(alice, "ONE", edit=1)
    speak(alice, delete=2)
    speak(alice, "+1", react=3)
    run = run_server("--data", str(tmp_path / "data"), "--export", "lobby")
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert [line["text"] for line in lines] == ["ONE", "", "three", "ONE", "/me deleted message #2", "+1"]
    assert lines[2]["reactions"] == {"+1": ["alice"]}
    assert (lines[1]["deleted"], lines[3]["edit"], "edited" in lines[0]) == (True, 1, True)
    assert "zanzibar" not in run.stdout


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_nothing_is_half_done(store: Store, serve: Serve) -> None:
    """After a restart, too: what an entry did, and the entry."""
    chat = serve(store=store)
    alice = chat.native("alice")
    alice.tell("one")
    speak(alice, "two", edit=1)
    assert [m.text for m in everything_in("lobby", store)] == ["two", "two"]
