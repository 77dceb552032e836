"""Private rooms: they crowd nobody out, strangers wait for an answer, the next bearer of a name hears nothing."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from server_parts.hub import conversations
from server_parts.storage.records import Draft
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.conftest import Chat, Serve
from tests.peers import Frame, Native, codes, of_type, wait_until
from tests.sending import reserve, send

pytestmark = pytest.mark.usefixtures("both_ways")

TOKEN = "0123456789abcdef0123456789abcdef"
OTHER = TOKEN[::-1]
DAY = 86_400


@pytest.fixture
def chat(serve: Serve, store: Store) -> Chat:
    return serve(store=store)


def claimed(chat: Chat, name: str, token: str = TOKEN) -> Native:
    """Somebody whose name is claimed, because something was said under it."""
    peer = chat.native(name, token=token, history=0)
    peer.tell("this is me")
    return peer


def refusal(peer: Native, room: str, text: str = "psst") -> str:
    peer.say(text, room)
    return str(peer.until("error", seq=peer.seq)["code"])


def private_past(store: Store, name: str, ages: list[float]) -> list[str]:
    """Rooms in which somebody wrote to a name, each so many days ago."""
    rooms = [f"@a{number:04}+{name}" for number in range(len(ages))]
    now = time.time()
    for start in range(0, len(rooms), 500):
        some = zip(rooms[start : start + 500], ages[start : start + 500], strict=True)
        store.append([Draft(room, now - age * DAY, room[1:6], "blue", ["hi"], "", 0) for room, age in some], {})
    return rooms


def rooms_joined(frames: list[Frame]) -> list[str]:
    return [frame["room"] for frame in of_type(frames, "joined")]


# --- they crowd nobody out ---


def test_a_thousand_conversations_leave_room_for_public_rooms(chat: Chat, store: Store) -> None:
    """However many have written to a name, its owner finds 200 of them open and can enter a thousand other rooms."""
    claimed(chat, "victim").leave()
    private_past(store, "victim", [0.1] * 1_040)
    back = chat.native()
    back.hello("victim", token=TOKEN)
    joined = rooms_joined(back.pending())
    assert joined[0] == "lobby"
    assert len(joined) == 201
    for number in range(999):
        back.send("join", room=f"r{number}", history=0)
    assert codes(back.pending()) == []
    assert codes(back.ask("join", room="one-too-many")) == ["bad_room"]
    assert rooms_joined(back.ask("join", room="@a0000")) == ["@a0000+victim"], "they are counted apart"


def test_what_was_active_lately_is_resumed_newest_first(chat: Chat, store: Store) -> None:
    """What has been quiet for thirty days is not, unless it is named; it can still be read and written to."""
    claimed(chat, "alice").leave()
    rooms = private_past(store, "alice", [31, 3, 29, 1, 40])
    back = chat.native()
    back.hello("alice", token=TOKEN, rooms={"lobby": None, rooms[4]: None})
    assert rooms_joined(back.pending()) == ["lobby", rooms[4], rooms[3], rooms[1], rooms[2]]
    (page,) = of_type(back.ask("history", room=rooms[0]), "history")
    assert [message["text"] for message in page["messages"]] == ["hi"]
    assert rooms_joined(back.ask("join", room=rooms[0])) == [rooms[0]]


# --- strangers wait for an answer ---


def test_twenty_strangers_wait_at_most(chat: Chat) -> None:
    """The next one is told so; that text is used up and not said; an answer, or a claimed name, opens the door."""
    owner = claimed(chat, "olga")
    strangers = [chat.native(f"stranger-{number}") for number in range(21)]
    for stranger in strangers[:20]:
        stranger.tell("hello?", "@olga")
    assert refusal(strangers[20], "@olga") == "too_many"
    assert of_type(strangers[20].ask("say", room="@olga", text="psst", seq=1), "ack")[0]["id"] is None
    assert of_type(owner.pending(), "joined")[-1]["room"] == "@olga+stranger-19"
    assert strangers[0].tell("are you there?", "@olga")["id"] == 2, "who waits may write on"
    friend = claimed(chat, "friend", OTHER)
    assert friend.tell("hello", "@olga")["id"] == 1
    owner.tell("yes?", "@stranger-7")
    assert strangers[20].tell("psst", "@olga")["id"] == 1


def test_strangers_wait_across_leaving_and_a_restart(serve: Serve, tmp_path: Path) -> None:
    """Neither side's leaving makes room for more of them; a day does."""
    chat = serve(store=SqliteLog(tmp_path))
    claimed(chat, "olga").leave()
    for number in range(20):
        stranger = chat.native(f"stranger-{number}")
        stranger.tell("hello?", "@olga")
        stranger.leave()
    assert refusal(chat.native("one-more"), "@olga") == "too_many"
    chat.stop()
    again = serve(store=SqliteLog(tmp_path))
    assert refusal(again.native("one-more"), "@olga") == "too_many"


def test_a_request_counts_for_a_day(chat: Chat, store: Store) -> None:
    """What nobody has answered by then keeps no others out."""
    claimed(chat, "olga").leave()
    private_past(store, "olga", [1.01] * 20)
    assert chat.native("stranger").tell("hello?", "@olga")["id"] == 1


def test_a_guest_s_requests_end_with_its_connection(chat: Chat) -> None:
    """The next bearer of the name starts with none."""
    guest = chat.native("guest-x")
    for number in range(20):
        chat.native(f"stranger-{number}").tell("hello?", "@guest-x")
    late = chat.native("late")
    assert refusal(late, "@guest-x") == "too_many"
    guest.leave()
    late.sees_off("guest-x")
    chat.native("guest-x")
    assert late.tell("hello?", "@guest-x")["text"] == "hello?"


def test_who_answers_is_no_stranger(chat: Chat) -> None:
    """Somebody to whom one has written first may always write back."""
    owner = claimed(chat, "olga")
    people = [chat.native(f"friend-{number}") for number in range(25)]
    for number, friend in enumerate(people):
        owner.tell("hello", f"@friend-{number}")
        friend.tell("hello to you", "@olga")


def test_a_plain_stranger_is_told_too(chat: Chat) -> None:
    """In words."""
    claimed(chat, "olga")
    for number in range(20):
        chat.native(f"stranger-{number}").tell("hello?", "@olga")
    plain = chat.plain("/msg olga hello")
    plain.until("error: too many people are waiting for an answer from olga already")


# --- the next bearer of a name hears nothing ---


def test_the_room_closes_when_its_bearer_leaves(chat: Chat) -> None:
    """Both are out of it, the one who stays is told, and there is nobody to write to."""
    alice, bob = claimed(chat, "alice"), chat.native("bob")
    alice.tell("psst", "@bob")
    bob.leave()
    closed = alice.until("presence", room="@alice+bob")
    assert (closed["left"], closed["members"]) == (["bob", "alice"], 0)
    assert refusal(alice, "@bob") == "no_such_user"
    assert codes(alice.ask("leave", room="@bob")) == ["not_in_room"]


def test_the_room_closes_when_its_bearer_takes_another_name(chat: Chat) -> None:
    """For both: the old name is somebody else's from then on."""
    alice, bob = claimed(chat, "alice"), chat.native("bob")
    alice.tell("psst", "@bob")
    bob.send("nick", name="robert")
    assert alice.until("presence", room="@alice+bob", left=["bob", "alice"])
    assert bob.until("presence", room="@alice+bob", left=["alice", "bob"])
    assert refusal(alice, "@bob") == "no_such_user"


def test_a_claimed_name_s_room_stays(chat: Chat) -> None:
    """Its bearer comes back to it, and finds there what was said meanwhile."""
    alice, bob = claimed(chat, "alice"), claimed(chat, "bob", OTHER)
    alice.tell("psst", "@bob")
    bob.leave()
    assert alice.tell("for later", "@bob")["id"] == 2
    back = chat.native()
    back.hello("bob", token=OTHER)
    assert "for later" in str(of_type(back.pending(), "history"))


def test_a_text_on_its_way_does_not_reach_the_next_bearer(chat: Chat) -> None:
    """It was written to somebody else: it is refused, however many there are of them; what is said later arrives."""
    alice, bob = claimed(chat, "alice"), chat.native("bob")
    alice.tell("psst", "@bob")
    bob.leave()
    mallory = chat.native("bob")
    seqs = [alice.say(f"for the one who left, {number}", "@bob") for number in range(5)]
    assert [alice.until("error", seq=seq)["code"] for seq in seqs] == ["no_such_user"] * 5
    assert "for the one who left" not in str(mallory.pending())
    assert codes(alice.ask("join", room="@bob")) == []
    alice.tell("who are you?", "@bob")
    assert mallory.until("message", room="@alice+bob")["text"] == "who are you?"


def test_nor_does_the_first_text_of_somebody_who_saw_the_one_before(chat: Chat) -> None:
    """There was no conversation yet, but whoever wrote it meant the one who was there."""
    alice, bob = chat.native("alice"), chat.native("bob")
    bob.leave()
    mallory = chat.native("bob")
    assert refusal(alice, "@bob") == "no_such_user"
    assert of_type(mallory.pending(), "message") == []
    newcomer = chat.native("newcomer")
    assert newcomer.tell("hello", "@bob")["text"] == "hello", "who came later can only mean the new one"


def test_nor_if_the_next_bearer_writes_first(chat: Chat) -> None:
    """An answer that is already on its way is still to the one before."""
    alice, bob = chat.native("alice"), chat.native("bob")
    alice.tell("psst", "@bob")
    bob.leave()
    mallory = chat.native("bob")
    mallory.tell("hi, me again", "@alice")
    assert refusal(alice, "@bob", "so, the password is") == "no_such_user"
    assert "password" not in str(mallory.pending())


def test_asking_who_is_here_shows_that_one_has_been_told(chat: Chat) -> None:
    """From then on what is said is for whoever is there."""
    alice, bob = chat.native("alice"), chat.native("bob")
    alice.tell("psst", "@bob")
    bob.leave()
    stranger = chat.native("bob")
    alice.ask("who")
    assert alice.tell("who is there?", "@bob")["text"] == stranger.until("message", room="@alice+bob")["text"]


def test_so_does_time(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is on its way for ever."""
    monkeypatch.setattr(conversations, "UNDER_WAY", 0.0)
    alice, bob = chat.native("alice"), chat.native("bob")
    alice.tell("psst", "@bob")
    bob.leave()
    chat.native("bob")
    assert alice.tell("who is there?", "@bob")["id"] == 2


def test_not_even_a_file_that_was_sent_for_long(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else has the name when it is whole. Who joins the room with them means them."""
    monkeypatch.setattr(conversations, "UNDER_WAY", 0.0)
    alice, bob = chat.native("alice"), chat.native("bob")
    alice.tell("psst", "@bob")
    place = reserve(alice, "plan.txt", 4, "@bob")
    bob.leave()
    stranger = chat.native("bob")
    assert send(chat.port, place["url"], b"plan").status == 201
    refused = alice.until("error", seq=alice.say("", "@bob", file=place["id"]))
    assert (refused["code"], refused["text"][:26]) == ("no_such_user", "this is a different bob th")
    assert [frame for frame in stranger.pending() if frame["type"] == "message"] == []
    alice.send("join", room="@bob")
    assert alice.until("message", seq=alice.say("", "@bob", file=place["id"]))["file"]["name"] == "plan.txt"
    again = reserve(alice, "more.txt", 4, "@bob")
    assert send(chat.port, again["url"], b"more").status == 201
    assert alice.until("message", seq=alice.say("", "@bob", file=again["id"]))["file"]["name"] == "more.txt"


def test_who_was_held_back_is_told_in_time_again(serve: Serve) -> None:
    """When the server has caught up with all that somebody asked for, what they ask next counts as sent just now."""
    chat = serve(rate=200.0)
    alice, bob = chat.native("alice"), chat.native("bob")
    for number in range(60):
        alice.send("ping", n=number)
    assert alice.until("pong", n=59)
    record = chat.server._connections[chat.connection_of(alice)]
    assert wait_until(lambda: record.behind_since == math.inf)  # or what comes next might be more of that
    bob.leave()
    stranger = chat.native("bob")
    alice.ask("who")
    assert alice.tell("who is there?", "@bob")["text"] == stranger.until("message", room="@alice+bob")["text"]


def test_nor_what_is_sent_again_after_a_lost_link(chat: Chat) -> None:
    """It was written while another one bore the name, even if the client asks who is here before sending it."""
    alice, bob, witness = claimed(chat, "alice"), chat.native("bob"), chat.native("witness")
    alice.tell("psst", "@bob")
    alice.close()
    witness.sees_off("alice")
    bob.leave()
    mallory = chat.native("bob")
    back = chat.native("alice", session=alice.session, token=TOKEN, epoch=alice.welcome["epoch"])
    back.ask("who")
    assert refusal(back, "@bob", "written before") == "no_such_user"
    assert "written before" not in str(mallory.pending())


def test_what_is_sent_again_reaches_the_one_it_was_written_to(chat: Chat) -> None:
    """Whoever has been there all the time, or has come back with the same session, is the same."""
    alice, witness = claimed(chat, "alice"), chat.native("witness")
    bob, guy = chat.native("bob"), chat.native("guy")
    alice.tell("psst", "@bob")
    alice.tell("psst", "@guy")
    alice.close()
    witness.sees_off("alice")
    guy.leave()
    guy_again = chat.native("guy", session=guy.session)
    back = chat.native("alice", session=alice.session, token=TOKEN, epoch=alice.welcome["epoch"])
    back.tell("still there?", "@bob")
    back.tell("still there?", "@guy")
    for peer in (bob, guy_again):
        assert peer.until("message", text="still there?")


def test_after_a_restart_nobody_knows_who_bore_a_name(serve: Serve, tmp_path: Path) -> None:
    """What is sent again reaches a guest who comes back with its session, not one who takes its name."""
    chat = serve(store=SqliteLog(tmp_path))
    alice, bob, guy = claimed(chat, "alice"), chat.native("bob"), chat.native("guy")
    alice.tell("psst", "@bob")
    guy.tell("hello")
    chat.stop()
    again = serve(store=SqliteLog(tmp_path))
    mallory, guy_again = again.native("bob"), again.native("guy", session=guy.session)
    back = again.native("alice", session=alice.session, token=TOKEN, epoch=alice.welcome["epoch"])
    assert refusal(back, "@bob", "written before") == "no_such_user"
    assert of_type(mallory.pending(), "message") == []
    assert back.tell("written before", "@guy")["text"] == guy_again.until("message", room="@alice+guy")["text"]
    bob.close()


def test_what_a_replaced_session_sends_again_arrives(chat: Chat) -> None:
    """The guest it is for has been there all the time."""
    alice, bob = chat.native("alice"), chat.native("bob")
    alice.tell("psst", "@bob")
    again = chat.native("alice", session=alice.session, epoch=alice.welcome["epoch"])
    assert again.tell("and?", "@bob")["text"] == "and?"
    assert bob.until("message", text="and?")


def test_a_session_that_is_replaced_has_not_left(chat: Chat) -> None:
    """A guest whose link was lost unnoticed keeps its conversations."""
    alice, bob = chat.native("alice"), chat.native("bob")
    alice.tell("psst", "@bob")
    again = chat.native("bob", session=bob.session)
    alice.tell("and?", "@bob")
    assert again.until("message", room="@alice+bob")["text"] == "and?"
    assert not any("alice" in frame.get("left", ()) for frame in alice.passed), "it has not been closed"


def test_a_guest_s_number_is_a_name_like_any_other(chat: Chat) -> None:
    """A new guest-1 may neither read nor get what was said to the former one."""
    alice = chat.native("alice")
    plain = chat.plain("hello")
    assert plain.enter() == "guest-1"
    alice.tell("psst", "@guest-1")
    plain.say("/exit")
    plain.rest()
    assert alice.until("presence", room="@alice+guest-1")["left"] == ["guest-1", "alice"]
    other = chat.plain("hello")
    assert other.enter() == "guest-1"
    assert refusal(alice, "@guest-1", "second thoughts") == "no_such_user"
    other.say("/search psst")
    assert "nothing found" in other.until("nothing found")
