"""What was said before: resuming after a reconnect, older pages, search, and who may read what."""

from __future__ import annotations

import json
import math
import threading
from typing import Any

import pytest

from chat_common import MAX_TEXT
from server_parts.hub import pages
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.plain_encoder import PLAIN
from server_parts.protocol.requests import History, Search
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Draft, Message
from server_parts.web.web_encoder import WEB
from tests.conftest import Chat, Serve
from tests.peers import Frame, Native

pytestmark = pytest.mark.usefixtures("both_ways")

TOKEN = "0123456789abcdef0123456789abcdef"
OTHER_TOKEN = TOKEN[::-1]


def book_of(count: int, text: str = "old", keep: int = 100_000) -> MemoryLog:
    """A log whose lobby has numbered messages."""
    store = MemoryLog(keep)
    store.append(
        [Draft("lobby", 1700000000.0 + i, "old", "blue", [f"{text} {i}"], "", 0) for i in range(1, count + 1)], {}
    )
    return store


def come_in(chat: Chat, name: str = "alice", **hello: Any) -> dict[str, list[Frame]]:
    """Say hello; the joined and history frames of each room."""
    peer = chat.native()
    peer.hello(name, **hello)
    rooms: dict[str, list[Frame]] = {}
    for frame in peer.pending():
        if frame["type"] in ("joined", "history"):
            rooms.setdefault(frame["room"], []).append(frame)
        assert frame["type"] != "error", frame
    peer.send("bye")
    peer.until("bye")  # now the name is free again
    peer.close()
    return rooms


def numbers(frames: list[Frame]) -> list[int]:
    return [m["id"] for frame in frames if frame["type"] == "history" for m in frame["messages"]]


def gaps(frames: list[Frame]) -> list[bool]:
    return [frame["gap"] for frame in frames if frame["type"] == "history"]


# --- coming in with recent messages ---


@pytest.mark.parametrize(
    ("hello", "first"),
    [
        ({}, 11),
        ({"rooms": {"lobby": None}}, 11),
        ({"history": 5}, 26),
        ({"history": 0}, 31),
        ({"history": 500}, 1),
    ],
)
def test_recent_messages(serve: Serve, hello: dict[str, Any], first: int) -> None:
    """Twenty unless another number is asked for; that there is more before them is no gap."""
    rooms = come_in(serve(store=book_of(30)), **hello)
    assert numbers(rooms["lobby"]) == list(range(first, 31))
    assert gaps(rooms["lobby"]) == [False]
    assert rooms["lobby"][0]["last"] == 30


def test_recent_messages_are_at_most_a_page(serve: Serve) -> None:
    """Five hundred, however many are asked for."""
    assert len(numbers(come_in(serve(store=book_of(600)), history=10**6)["lobby"])) == 500


def test_the_rooms_that_are_named_and_no_other(chat: Chat) -> None:
    """Each with its own joined and history; with an empty object, none."""
    assert list(come_in(chat, rooms={"tea": None, "work": 0})) == ["tea", "work"]
    assert come_in(chat, rooms={}) == {}


# --- resuming ---


def test_resume_is_exact(serve: Serve) -> None:
    """Every message after the last one seen, and none before."""
    rooms = come_in(serve(store=book_of(30)), rooms={"lobby": 17})
    assert numbers(rooms["lobby"]) == list(range(18, 31))
    assert gaps(rooms["lobby"]) == [False]


@pytest.mark.parametrize(("after", "expected"), [(0, list(range(1, 31))), (29, [30]), (30, [])])
def test_resume_at_the_edges(serve: Serve, after: int, expected: list[int]) -> None:
    """From the very beginning, from the last but one, and from the end."""
    rooms = come_in(serve(store=book_of(30)), rooms={"lobby": after})
    assert numbers(rooms["lobby"]) == expected
    assert gaps(rooms["lobby"]) == [False]


def test_a_long_resume_comes_in_several_frames(serve: Serve) -> None:
    """`more` is true until the last; together they are complete, whatever fits a line."""
    rooms = come_in(serve(store=book_of(1300, "x" * 300)), rooms={"lobby": 10})
    _, *history = rooms["lobby"]
    assert numbers(history) == list(range(11, 1301))
    assert [frame["more"] for frame in history] == [True] * (len(history) - 1) + [False]
    assert len(history) > 3


def test_resume_with_the_same_epoch(serve: Serve) -> None:
    """It is the same log."""
    store = book_of(30)
    rooms = come_in(serve(store=store), rooms={"lobby": 28}, epoch=store.epoch)
    assert numbers(rooms["lobby"]) == [29, 30]
    assert gaps(rooms["lobby"]) == [False]


def test_another_epoch_is_a_gap(serve: Serve) -> None:
    """The numbers mean nothing here: recent messages, and the gap is told."""
    rooms = come_in(serve(store=book_of(30)), rooms={"lobby": 17, "tea": None}, epoch="another", history=3)
    assert numbers(rooms["lobby"]) == [28, 29, 30]
    assert gaps(rooms["lobby"]) == [True]
    assert gaps(rooms["tea"]) == [False], "nothing had been seen there"


def test_an_id_from_the_future_is_a_gap(serve: Serve) -> None:
    """A client that has seen more than there is has seen another log."""
    rooms = come_in(serve(store=book_of(30)), rooms={"lobby": 31}, history=3)
    assert numbers(rooms["lobby"]) == [28, 29, 30]
    assert gaps(rooms["lobby"]) == [True]


def test_a_trimmed_log_is_a_gap(serve: Serve) -> None:
    """What is not kept any more is missing, and that is told; what is kept comes."""
    store = book_of(30, keep=10)
    chat = serve(store=store)
    rooms = come_in(chat, rooms={"lobby": 15})
    assert numbers(rooms["lobby"]) == list(range(21, 31))
    assert gaps(rooms["lobby"]) == [True]
    exact = come_in(chat, rooms={"lobby": 20})
    assert numbers(exact["lobby"]) == list(range(21, 31))
    assert gaps(exact["lobby"]) == [False]


def test_a_gap_is_told_in_the_first_frame_alone(serve: Serve) -> None:
    """It lies before the first message."""
    rooms = come_in(serve(store=book_of(1300, "x" * 300, keep=1200)), rooms={"lobby": 5})
    told = gaps(rooms["lobby"])
    assert len(told) > 3
    assert told == [True] + [False] * (len(told) - 1)


def test_joining_a_room_resumes_too(serve: Serve) -> None:
    """`join` with `after` is as exact, and as open about gaps."""
    alice = serve(store=book_of(30)).native("alice", rooms={})
    for after, expected, gap in ((28, [29, 30], False), (30, [], False), (31, list(range(11, 31)), True)):
        frames = alice.ask("join", room="lobby", after=after)
        assert (numbers(frames), gaps(frames)) == (expected, [gap])
    assert numbers(alice.ask("join", room="lobby", history=2)) == [29, 30]


def test_the_whole_of_a_reconnect(chat: Chat) -> None:
    """Same session, last id seen, epoch: what was missed comes once, and what lost its receipt is stored once."""
    alice, bob = chat.native("alice"), chat.native("bob")
    seen = alice.tell("seen")["id"]
    bob.tell("one")
    alice.say("two, whose receipt is lost")
    assert bob.until("message", text="two, whose receipt is lost")
    alice.close()
    bob.sees_off("alice")
    bob.tell("three")
    again = chat.native()
    again.hello("alice", session=alice.session, rooms={"lobby": seen}, epoch=alice.welcome["epoch"])
    assert again.until("welcome")["accepted"] == 2
    assert [m["text"] for m in again.history()] == ["one", "two, whose receipt is lost", "three"]
    assert again.ask("say", room="lobby", text="two", seq=2) == [{"type": "ack", "seq": 2, "room": "lobby", "id": 3}]
    again.send("say", room="lobby", text="four", seq=3)
    assert again.until("message")["id"] == 5


def test_what_was_missed_is_in_the_history(chat: Chat) -> None:
    """With the same fields as live."""
    alice, bob = chat.native("alice"), chat.native("bob")
    live = bob.tell("missed")
    alice.close()
    back = chat.native()
    back.hello("alice", session=alice.session, rooms={"lobby": 0})
    assert back.history() == [live]


def test_history_comes_before_anything_live(serve: Serve) -> None:
    """While somebody speaks without a pause: every number once, in order, across the seam."""
    chat = serve(store=book_of(700))
    talker = chat.native("talker")

    def talk() -> None:
        for number in range(400):
            talker.say(f"live {number}")

    talking = threading.Thread(target=talk)
    talking.start()
    listener = chat.native()
    listener.hello("listener", rooms={"lobby": 0})
    heard = [m["id"] for m in listener.history()]
    while not heard or heard[-1] < 1100:
        heard.append(listener.until("message")["id"])
    talking.join()
    assert heard == list(range(1, 1101))


def test_a_session_connected_elsewhere_is_replaced(chat: Chat) -> None:
    """The old connection is told and ended; others do not see its name leave for good."""
    old = chat.native("alice")
    new = chat.native("alice", session=old.session)
    goodbye = old.until("bye")
    assert (goodbye["code"], goodbye["retry"]) == ("replaced", False)
    assert old.ended()
    assert new.tell("it is still me")["from"] == "alice"


# --- older pages ---


def test_older_pages_until_the_beginning(serve: Serve) -> None:
    """Each page joins the one after it; the first is followed by an empty one; nothing is missing."""
    alice = serve(store=book_of(25)).native("alice", history=0)
    before, pages = 26, []
    while (frames := alice.ask("history", room="lobby", before=before, limit=10)) and numbers(frames):
        pages.append(numbers(frames))
        assert gaps(frames) == [False]
        before = pages[-1][0]
    assert pages == [list(range(16, 26)), list(range(6, 16)), list(range(1, 6))]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, range(551, 601)),
        ({"limit": 3}, range(598, 601)),
        ({"limit": 0}, range(0)),
        ({"limit": 500}, range(101, 601)),
        ({"before": 3}, range(1, 3)),
        ({"before": 1}, range(0)),
        ({"before": 0}, range(0)),
        ({"before": 10**14, "limit": 2}, range(599, 601)),
    ],
    ids=str,
)
def test_a_page(serve: Serve, asked: dict[str, int], expected: range) -> None:
    """The newest below `before`, fifty unless another number is asked for."""
    alice = serve(store=book_of(600)).native("alice", history=0)
    assert numbers(alice.ask("history", room="lobby", **asked)) == list(expected)


def test_a_page_longer_than_a_line(serve: Serve) -> None:
    """It comes in several frames, `more` true until the last, in rising order."""
    alice = serve(store=book_of(50, "x" * 4900)).native("alice", history=0)
    frames = alice.ask("history", room="lobby")
    assert [frame["more"] for frame in frames] == [True] * (len(frames) - 1) + [False]
    assert len(frames) > 3
    assert numbers(frames) == list(range(1, 51))


def test_a_page_that_reaches_what_was_trimmed_has_a_gap(serve: Serve) -> None:
    """Asked too far back."""
    alice = serve(store=book_of(30, keep=10)).native("alice", history=0)
    frames = alice.ask("history", room="lobby", limit=15)
    assert (numbers(frames), gaps(frames)) == (list(range(21, 31)), [True])
    assert gaps(alice.ask("history", room="lobby", limit=5)) == [False]
    nothing = alice.ask("history", room="lobby", before=21)
    assert (numbers(nothing), gaps(nothing)) == ([], [True])


def test_a_room_that_never_was(chat: Chat) -> None:
    """An empty page, and no gap."""
    frames = chat.native("alice").ask("history", room="never")
    assert (numbers(frames), gaps(frames)) == ([], [False])


# --- search ---


def test_results_longer_than_a_line(serve: Serve) -> None:
    """A hundred of the longest texts, newest first, in lines that fit."""
    alice = serve(store=book_of(120, "whale " + "x" * 4900)).native("alice", history=0)
    frames = alice.ask("search", text="whale", limit=100)
    assert {frame["type"] for frame in frames} == {"results"}
    assert [m["id"] for frame in frames for m in frame["messages"]] == list(range(120, 20, -1))
    assert [frame["more"] for frame in frames] == [True] * (len(frames) - 1) + [False]


def test_long_results_on_the_plain_door(serve: Serve) -> None:
    """The page is read from its oldest message to its newest, and says once, at its end, how many are older."""
    guest = serve(store=book_of(120, "whale " + "x" * 4900)).plain("/search whale")
    lines = [guest.until("#")] + [guest.text() for _ in range(50)]
    assert [int(line.split(" ")[0][1:]) for line in lines[:50]] == list(range(71, 121))
    assert lines[50] == "* 70 older; /more shows more *"


class Counting(MemoryLog):
    """Notes how much of it is read at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.most_read = 0

    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        page = super().after(room, after, limit, size)
        self.most_read = max(self.most_read, sum(len(message.text) for message in page))
        return page


@pytest.mark.parametrize("asked", ["history", "join", "search"])
@pytest.mark.parametrize("character", ["x", "\x01", "\U0001f600"], ids=["letters", "controls", "emoji"])
@pytest.mark.parametrize("encoder", [NATIVE, PLAIN, WEB], ids=["native", "plain", "web"])
def test_what_waits_to_be_read_is_bounded(asked: str, character: str, encoder: Encoder) -> None:
    """However long the messages are, at every door: 256 KB are made at a time, and not more read from the log."""
    store = Counting()
    texts = [f"whale {number} " + character * 4900 for number in range(200)] + ["whale"] * 300
    store.append([Draft("lobby", 1.0, "old", "blue", texts, "", 0)], {})
    if asked == "search":
        request = Search("whale", limit=100)
        blocks = list(pages.results(store, encoder, request, pages.find(store, request, "whale 1*", {})))
    elif asked == "history":
        blocks = list(pages.older(store, encoder, History("lobby", None, 500), 0))
    else:
        blocks = list(pages.catch_up(store, encoder, "lobby", 0, 500, gap=False))
    assert len(blocks) > 3
    assert max(map(len, blocks)) <= 256 * 1024
    assert store.most_read <= pages.PORTION + MAX_TEXT


def test_what_was_trimmed_while_results_are_sent_is_missing() -> None:
    """Neither an error nor another message takes its place, and the last frame is the last."""
    store = book_of(30, "whale " + "x" * 4900)
    request = Search("whale", limit=30)
    sent = pages.results(store, NATIVE, request, pages.find(store, request, "whale", {}))
    blocks = [next(sent)]
    while store.trim(None, 10):
        pass
    frames = [json.loads(line) for block in [*blocks, *sent] for line in block.splitlines()]
    assert [m["id"] for frame in frames for m in frame["messages"]] == list(range(30, 20, -1))
    assert [frame["more"] for frame in frames] == [True] * (len(frames) - 1) + [False]


def test_a_search_without_a_room_looks_everywhere_it_may(chat: Chat) -> None:
    """All public rooms and one's own private ones, if the name is one's own."""
    alice, bob = chat.native("alice", token=TOKEN), chat.native("bob")
    bob.ask("join", room="tea")
    for room in ("lobby", "tea", "@alice"):
        bob.tell(f"whale in {room}", room)
    alice.until("message", room="@alice+bob")
    found = {m["room"] for m in alice.ask("search", text="whale")[-1]["messages"]}
    assert found == {"lobby", "tea", "@alice+bob"}
    found = {m["room"] for m in chat.native("carol", token=OTHER_TOKEN).ask("search", text="whale")[-1]["messages"]}
    assert found == {"lobby", "tea"}


# --- private history ---


def test_private_messages_wait_for_their_reader(chat: Chat) -> None:
    """Somebody who was away gets them at the next hello, without naming the room."""
    bob = chat.native("bob", token=TOKEN)
    bob.leave()
    alice = chat.native("alice")
    alice.tell("for when you are back", "@bob")
    rooms = come_in(chat, "bob", token=TOKEN)
    assert set(rooms) == {"lobby", "@alice+bob"}
    assert numbers(rooms["@alice+bob"]) == [1]


def test_private_rooms_are_resumed_after_the_last_id(chat: Chat) -> None:
    """As public ones are."""
    alice, bob = chat.native("alice"), chat.native("bob", token=TOKEN)
    for text in "abc":
        alice.tell(text, "@bob")
    bob.close()
    alice.sees_off("bob")
    rooms = come_in(chat, "bob", token=TOKEN, rooms={"lobby": None, "@alice+bob": 2})
    assert numbers(rooms["@alice+bob"]) == [3]


def test_without_a_token_there_is_no_private_history(chat: Chat) -> None:
    """Neither at the hello, nor by asking, nor by searching: the name may have been somebody else's yesterday."""
    alice, bob = chat.native("alice"), chat.native("bob")
    alice.tell("psst", "@bob")
    bob.close()
    alice.sees_off("bob")
    stranger = chat.native()
    stranger.hello("bob", rooms={"lobby": None, "@alice+bob": 0})
    frames = stranger.pending() + stranger.ask("history", room="@alice+bob") + stranger.ask("search", text="psst")
    frames += stranger.ask("join", room="@alice+bob", after=0)
    assert "psst" not in str([frame.get("messages") for frame in frames])
    alice.tell("who is there?", "@bob")
    assert stranger.until("message")["text"] == "who is there?", "what is said now is for whoever is there now"


def test_a_name_claimed_later_does_not_open_what_was_said_before(chat: Chat) -> None:
    """Only what is said to its owner."""
    alice, bob = chat.native("alice"), chat.native("bob")
    alice.tell("to the old bob", "@bob")
    bob.close()
    alice.sees_off("bob")
    owner = chat.native()
    owner.enter("bob", token=TOKEN)
    alice.tell("to the owner", "@bob")
    assert owner.until("message")["text"] == "to the owner"
    answers = (
        owner.ask("history", room="@alice") + owner.ask("search", text="to") + owner.ask("join", room="@alice", after=0)
    )
    assert "to the old bob" not in str([frame.get("messages") for frame in owner.passed + answers])
    assert numbers(owner.ask("history", room="@alice")) == [2]


def test_a_new_name_takes_its_private_rooms_along_only_if_it_is_one_s_own(chat: Chat) -> None:
    """Changing to one's own claimed name opens them; passing through a free name opens nothing."""
    alice, bob = chat.native("alice"), chat.native("bob", token=TOKEN)
    alice.tell("psst", "@bob")
    bob.send("nick", name="passing")
    assert bob.moved("renamed", ["bob", "passing"])
    assert "psst" not in str(bob.ask("history", room="@alice+bob"))
    bob.send("nick", name="bob")
    assert [m["text"] for m in bob.history()] == ["psst"]


def test_a_search_tells_how_many_and_goes_on(alice: Native) -> None:
    """`total` counts what matches, `before` leads to the next page, and a wrong field is told by its name."""
    for number in range(5):
        alice.tell(f"whale {number}")
    page = alice.ask("search", text="whale", limit=2, count=True)[0]
    assert page["total"] == 5
    oldest = page["messages"][-1]
    place = {"room": oldest["room"], "id": oldest["id"]}
    page = alice.ask("search", text="whale", limit=2, before=place, count=True)[0]
    assert ([m["text"] for m in page["messages"]], page["total"]) == (["whale 2", "whale 1"], 3)
    assert alice.ask("search", text="whale", without=["ALICE"], count=True)[0]["total"] == 0
    assert "total" not in alice.ask("search", text="whale")[0]
    for field, value in (("before", 3), ("utc_offset", 9999), ("without", [1])):
        assert alice.ask("search", text="whale", **{field: value})[0]["field"] == field
