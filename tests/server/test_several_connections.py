"""One person at several terminals: one name, one place in every list, and a receipt only where the text was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server_parts.hub.trimming import SESSION_DAYS
from server_parts.storage.records import hashed
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.conftest import Chat, Serve
from tests.peers import Frame, Native, of_type

pytestmark = pytest.mark.usefixtures("both_ways")

TOKEN = "0123456789abcdef0123456789abcdef"
OTHER = TOKEN[::-1]
BY: dict[str, Any] = {"token": TOKEN, "features": ["by"]}


@pytest.fixture
def chat(serve: Serve, store: Store) -> Chat:
    return serve(store=store)


def alices(chat: Chat, count: int = 2) -> list[Native]:
    """The same person at several terminals."""
    return [chat.native("alice", **BY) for _ in range(count)]


def refusal(chat: Chat, **hello: Any) -> str:
    peer = chat.native()
    peer.hello("alice", **hello)
    return str(peer.until("error")["code"])


def names(answer: list[Frame]) -> list[str]:
    return [member["name"] for member in of_type(answer, "who")[0]["members"]]


def news(peer: Native, room: str = "lobby") -> list[dict[str, Any]]:
    """What this client was told of who is there: whoever asks for the list is told all of it before."""
    peer.send("who", room=room)
    frames = [frame for frame in peer.pending() if frame.get("room") == room]
    return [{k: f[k] for k in ("joined", "left", "renamed") if k in f} for f in of_type(frames, "presence")]


# --- who may ---


def test_the_same_proof_opens_the_same_name_again(chat: Chat) -> None:
    """Also before the name is claimed, and under whatever spelling: a person's name has one."""
    first, second = alices(chat)
    assert second.welcome["name"] == "alice"
    assert chat.native("ALICE", **BY).welcome["name"] == "alice"
    assert first.welcome["tag"] != second.welcome["tag"]
    first.tell("it is claimed now")
    assert chat.native("alice", **BY).welcome["name"] == "alice"


@pytest.mark.parametrize("claimed", [False, True])
@pytest.mark.parametrize(
    "hello",
    [
        {},
        {"features": ["by"]},
        {"token": OTHER, "features": ["by"]},
        {"token": TOKEN},
        {"token": TOKEN, "features": []},
    ],
    ids=["no proof", "by alone", "another proof", "knows nothing of by", "no features"],
)
def test_nobody_else_comes_in_under_it(chat: Chat, hello: dict[str, Any], claimed: bool) -> None:
    """Nor a program that would take its other terminal's texts for its own."""
    alice = chat.native("alice", **BY)
    if claimed:
        alice.tell("mine")
    assert refusal(chat, **hello) == "name_taken"


def test_who_cannot_tell_their_own_texts_stays_alone(chat: Chat) -> None:
    """An older program is not put beside a second one."""
    chat.native("alice", token=TOKEN)
    assert refusal(chat, **BY) == "name_taken"


def test_guests_share_no_name(chat: Chat) -> None:
    """Nobody proves anything there."""
    chat.native("alice", features=["by"])
    assert refusal(chat, features=["by"]) == "name_taken"


@pytest.mark.parametrize("features", ["by", 1, {"by": True}])
def test_features_are_a_list(chat: Chat, features: Any) -> None:
    """Anything else is an error of the field; words that the server does not know are not."""
    peer = chat.native()
    peer.hello("alice", token=TOKEN, features=features)
    error = peer.until("error")
    assert (error["code"], error["field"]) == ("bad_field", "features")
    assert chat.native("alice", token=TOKEN, features=["by", "something", 7]).welcome["name"] == "alice"


# --- what is said ---


def test_each_receipt_is_told_by_its_tag(chat: Chat) -> None:
    """Two terminals count for themselves, and hear each other; everybody is sent the same."""
    first, second = alices(chat)
    carol = chat.native("carol")
    one, two = first.tell("from the first"), second.tell("from the second")
    assert (one["seq"], one["by"]) == (1, first.welcome["tag"])
    assert (two["seq"], two["by"]) == (1, second.welcome["tag"])
    assert first.until("message", text="from the second") == two
    assert [carol.until("message"), carol.until("message")] == [one, two]


def test_tags_are_kept_with_the_messages(serve: Serve, tmp_path: Path) -> None:
    """In histories and searches, also after a restart; until the session is forgotten."""
    store = SqliteLog(tmp_path / "data")
    chat = serve(store=store)
    first, second = alices(chat)
    first.tell("needle one")
    second.tell("needle two")
    tags = [first.welcome["tag"], second.welcome["tag"]]
    chat.stop()
    store = SqliteLog(tmp_path / "data")
    chat = serve(store=store)
    again = chat.native()
    again.hello("alice", session=first.session, **BY)
    assert again.until("welcome")["tag"] == tags[0]
    assert [m["by"] for m in again.until("history")["messages"]] == tags
    (found,) = of_type(again.ask("search", text="needle"), "results")
    assert [m["by"] for m in found["messages"]] == tags[::-1]
    store.note_use([hashed(second.session)], 30_000)
    assert not store.forget_sessions(29_000 + SESSION_DAYS)
    (page,) = of_type(again.ask("history", room="lobby"), "history")
    assert [m.get("by") for m in page["messages"]] == [None, tags[1]]


def test_private_messages_reach_every_terminal(chat: Chat) -> None:
    """Of whoever they are for, and of whoever writes them."""
    first, second = alices(chat)
    bob = chat.native("bob", token=OTHER, features=["by"])
    bob_too = chat.native("bob", token=OTHER, features=["by"])
    bob.tell("psst", "@alice")
    for peer in (first, second, bob_too):
        assert peer.until("message", text="psst")["room"] == "@alice+bob"
    first.tell("what?", "@bob")
    for peer in (second, bob, bob_too):
        assert peer.until("message", text="what?")["by"] == first.welcome["tag"]


def test_a_private_room_outlives_one_terminal(chat: Chat) -> None:
    """Before the name is claimed too: it is still the same person."""
    first, second = alices(chat)
    bob = chat.native("bob", token=OTHER)
    bob.tell("psst", "@alice")
    second.until("message", text="psst")
    first.leave()
    assert bob.tell("still there?", "@alice")["room"] == "@alice+bob"
    assert second.until("message", text="still there?")


# --- who is there ---


def test_presence_counts_people(chat: Chat) -> None:
    """Others hear of the first terminal that comes and of the last that goes."""
    carol = chat.native("carol")
    news(carol)
    first, second = alices(chat)
    assert news(carol) == [{"joined": ["alice"]}]
    assert names(carol.ask("who", room="lobby")) == ["carol", "alice"]
    assert names(carol.ask("who")) == ["carol", "alice"]
    rooms = of_type(carol.ask("rooms"), "rooms")[0]["rooms"]
    assert [room["members"] for room in rooms] == [2]
    first.leave()
    assert news(carol) == []
    second.leave()
    assert carol.moved("left", "alice")["members"] == 1


def test_a_room_is_left_by_the_last_terminal(chat: Chat) -> None:
    """And entered by the first."""
    carol = chat.native("carol", rooms={"den": None})
    news(carol, "den")
    first, second = alices(chat)
    first.ask("join", room="den")
    assert news(carol, "den") == [{"joined": ["alice"]}]
    (joined,) = of_type(second.ask("join", room="den"), "joined")
    assert joined["members"] == 2
    first.send("leave", room="den")
    assert first.until("presence", left=["alice"])["members"] == 2
    assert news(carol, "den") == []
    second.ask("leave", room="den")
    assert news(carol, "den") == [{"left": ["alice"]}]


def test_plain_clients_see_one_person(chat: Chat) -> None:
    """In what they are told, and in their list."""
    plain = chat.plain("hello")
    plain.until("delivered")
    first, _ = alices(chat)
    assert plain.until("joined") == "* alice joined *"
    first.leave()
    plain.say("/who")
    assert "alice" in plain.until("here:")


def test_away_is_one_person_s(chat: Chat) -> None:
    """Whichever terminal says so, and also for one that comes later."""
    first, second = alices(chat)
    second.send("away", text="lunch")
    second.pending()
    third = chat.native("alice", **BY)
    for peer in (second, first, third):
        peer.leave()
        carol = chat.native("carol")
        listed = of_type(carol.ask("who", room="lobby"), "who")[0]["members"]
        assert [m.get("away") for m in listed if m["name"] == "alice"] == ["lunch"] * (peer is not third)
        carol.leave()


def test_the_other_terminals_are_told_of_it(chat: Chat) -> None:
    """At once, or when they come; who is alone is told nothing, and keeps its own note."""
    first = chat.native("alice", **BY)
    assert "away" not in first.welcome
    first.ask("away", text="lunch")
    second = chat.native("alice", **BY)
    assert second.welcome["away"] == "lunch"
    second.send("away", text=None)
    assert first.until("away")["text"] is None
    assert of_type(second.pending(), "away") == []
    assert chat.native("alice", **BY).welcome["away"] is None


def test_who_takes_a_name_of_its_person_is_away_like_it(chat: Chat) -> None:
    """And is told so."""
    alice, anna = chat.native("alice", **BY), chat.native("anna", **BY)
    alice.ask("away", text="lunch")
    anna.send("nick", name="alice")
    assert anna.until("away")["text"] == "lunch"


def test_a_new_name_is_one_terminal_s(chat: Chat) -> None:
    """The other one keeps its own; so others hear of somebody who came."""
    carol = chat.native("carol")
    first, second = alices(chat)
    for peer in (carol, first, second):
        news(peer)
    first.send("nick", name="anna")
    assert news(first) == [{"renamed": [["alice", "anna"]]}, {"joined": ["alice"]}]
    assert news(carol) == news(second) == [{"joined": ["anna"]}]
    assert names(carol.ask("who", room="lobby")) == ["carol", "anna", "alice"]
    assert first.tell("as anna")["from"] == "anna"
    assert second.tell("as alice")["from"] == "alice"


def test_two_names_of_one_person_become_one(chat: Chat) -> None:
    """Others hear that the other one left."""
    carol = chat.native("carol")
    anna, alice = chat.native("anna", **BY), chat.native("alice", **BY)
    for peer in (carol, anna, alice):
        news(peer)
    anna.send("nick", name="alice")
    assert news(anna) == [{"renamed": [["anna", "alice"]]}]
    assert news(carol) == news(alice) == [{"left": ["anna"]}]
    assert names(carol.ask("who", room="lobby")) == ["carol", "alice"]
    alice.leave()
    assert news(carol) == []
    anna.leave()
    assert carol.moved("left", "alice")["members"] == 1


def test_each_terminal_resumes_its_own_session(chat: Chat) -> None:
    """The other one notices nothing."""
    first, second = alices(chat)
    first.tell("one")
    second.until("message")
    back = chat.native("alice", session=first.session, epoch=first.welcome["epoch"], rooms={"lobby": 1}, **BY)
    assert back.welcome["accepted"] == 1
    assert first.until("bye")["code"] == "replaced"
    assert news(second) == []
    assert back.tell("two")["seq"] == 2


def test_the_server_s_log_tells_a_terminal_from_a_person(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody is gone when the last one is."""
    caplog.set_level("INFO", "chat")
    first, second = alices(chat)
    first.leave()
    second.leave()
    said = [record.message for record in caplog.records if record.message.startswith("alice")]
    assert said == ["alice ended one of several connections", "alice left"]
