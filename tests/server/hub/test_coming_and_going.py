"""Who is in, under which name and where; all of it decided without a socket anywhere."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Generator, Mapping, Sequence

import pytest

from server_parts.hub import hub
from server_parts.hub.dispatcher import Dispatcher
from server_parts.hub.hub import GREETING
from server_parts.hub.live_rooms import PRESENCE_SLICE, LiveRooms
from server_parts.people.clients import Client
from server_parts.people.rate_limit import RateLimits
from server_parts.people.roles import Role
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.requests import (
    LIST_LIMIT,
    Announce,
    Away,
    Bye,
    Disconnected,
    Hello,
    Join,
    Kick,
    Leave,
    Nick,
    Request,
    Rooms,
    Say,
    StartAgain,
    Who,
)
from server_parts.storage.records import Draft, Run, hashed
from server_parts.storage.session_store import SessionRecord
from tests.peers import WAIT, codes, of_type, wait_until
from tests.server.hub.bench import Bench, Remembering, Seat, ids

pytestmark = pytest.mark.usefixtures("no_threads_left", "chat_log")

TOKEN = "0123456789abcdef0123456789abcdef"


# --- coming in ---


def test_a_hello_is_welcomed_into_the_lobby(bench: Bench) -> None:
    """Welcome, joined, history, in this order."""
    seat = Seat(bench)
    told = of_type(seat.ask(Hello("alice", bench.session())), "welcome", "joined", "history")
    assert [frame["type"] for frame in told] == ["welcome", "joined", "history"]
    welcome, joined, history = told
    assert (welcome["name"], welcome["accepted"], welcome["motd"]) == ("alice", 0, "be kind")
    assert welcome["epoch"] == bench.store.epoch
    assert (joined["room"], joined["last"], joined["members"]) == ("lobby", 0, 1)
    assert (history["messages"], history["gap"], history["more"]) == ([], False, False)


@pytest.mark.parametrize("request_", [Say("lobby", ["x"], 1), Join("tea"), Who(), Rooms(), Nick("x"), Leave("lobby")])
def test_hello_comes_first(bench: Bench, request_: Say) -> None:
    """Whoever has not said hello can do nothing."""
    assert codes(Seat(bench).ask(request_)) == ["hello_first"]


def test_a_second_hello_is_refused(alice: Seat, bench: Bench) -> None:
    """And changes nothing."""
    assert codes(alice.ask(Hello("mallory", bench.session()))) == ["bad_field"]
    assert [m["name"] for m in of_type(alice.ask(Who()), "who")[0]["members"]] == ["alice"]


def test_a_guest_that_turns_out_native_gets_its_name(bench: Bench) -> None:
    """Half a second of silence made it a guest; its hello makes it somebody, and the guest's name is free again."""
    seat = Seat(bench)
    seat.submit(Hello(None, bench.session()))
    seat.settle()
    seat.outbox.blocks.clear()
    seat.submit(StartAgain(NATIVE))
    assert of_type(seat.ask(Hello("alice", bench.session())), "welcome")[0]["name"] == "alice"
    assert [m["name"] for m in of_type(seat.ask(Who()), "who")[0]["members"]] == ["alice"]


def test_a_crowd_at_the_door_is_behind_those_who_are_in(bench: Bench, alice: Seat) -> None:
    """What alice says in the same turn is said before any of them is let in."""
    crowd = [Seat(bench) for _ in range(20)]
    hellos: list[tuple[Seat, list[Request]]] = [(one, [Hello(f"c{n}", bench.session())]) for n, one in enumerate(crowd)]
    bench.in_one_turn(*hellos, (alice, [Say("lobby", ["excuse me"], 1)]))
    assert {seat.heard("joined")[0]["last"] for seat in crowd} == {alice.heard("message")[-1]["id"]}


def test_a_slow_crowd_lets_others_have_a_word(bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait at the door, a turn has time for a few of them only."""
    begun = threading.Event()
    session = bench.store.session

    def slowly(key: str) -> SessionRecord:
        begun.set()
        time.sleep(GREETING)
        return session(key)

    monkeypatch.setattr(bench.store, "session", slowly)
    crowd = [Seat(bench) for _ in range(20)]
    for number, seat in enumerate(crowd):
        seat.submit(Hello(f"c{number}", bench.session()))
    assert begun.wait(WAIT)
    alice.say("excuse me")
    for seat in crowd:
        seat.settle()
    assert sum(seat.heard("joined")[0]["last"] == 0 for seat in crowd) < 10


def test_a_busy_hub_has_time_for_a_crowd(bench: Bench, alice: Seat, bob: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The longer a turn takes, the more of them are let in at its end."""
    append, session = bench.store.append, bench.store.session
    next_turn = [Say("lobby", ["and now to something else"], 1)]

    def append_slowly(drafts: Sequence[Draft], counted: Mapping[str, int], *more: Mapping[str, str]) -> list[Run]:
        runs = append(drafts, counted, *more)
        time.sleep(80 * GREETING)
        return runs

    def session_slowly(key: str) -> SessionRecord:
        if next_turn:
            bob.submit(next_turn.pop())
        time.sleep(GREETING)
        return session(key)

    monkeypatch.setattr(bench.store, "append", append_slowly)
    monkeypatch.setattr(bench.store, "session", session_slowly)
    crowd = [Seat(bench) for _ in range(40)]
    alice.submit(Say("lobby", ["first"], 1))
    assert bench.store.appending.wait(WAIT)
    alice.submit(Say("lobby", ["second"], 2))
    for number, seat in enumerate(crowd):
        seat.submit(Hello(f"c{number}", bench.session()))
    for seat in crowd:
        seat.settle()
    assert sum(seat.heard("joined")[0]["last"] == 2 for seat in crowd) > 4


def test_a_crowd_that_speaks_at_once_is_heard_at_once(
    bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they say while they are let in is stored as one batch, and all of them are told of as one before it."""
    monkeypatch.setattr(hub, "GREETING", WAIT)
    bench.store.batches.clear()
    crowd = [Seat(bench) for _ in range(5)]
    names = [f"c{number}" for number in range(5)]
    sessions = [bench.session() for _ in range(5)]
    first_words: list[tuple[Seat, list[Request]]] = [
        (seat, [Hello(name, session), Say("lobby", [name], 1)])
        for seat, name, session in zip(crowd, names, sessions, strict=True)
    ]
    bench.in_one_turn(*first_words)
    assert bench.store.batches[1:] == [(names, dict.fromkeys(map(hashed, sessions), 1))]
    told = of_type(alice.heard(), "presence", "message")
    assert [frame.get("joined") or frame["text"] for frame in told][-6:] == [names, *names]


def test_news_for_many_let_another_room_have_a_word(bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many hear who came, a turn has time to tell a few of them only."""
    told = threading.Event()
    offer = Remembering.offer

    def slowly(outbox: Remembering, block: bytes) -> bool:
        if b'"joined":[' in block and b'"newcomer"' in block:
            told.set()
            time.sleep(PRESENCE_SLICE)
        return offer(outbox, block)

    monkeypatch.setattr(Remembering, "offer", slowly)
    crowd = [bench.seat(f"c{number}") for number in range(20)]
    alice.ask(Join("den"))
    bench.seat("newcomer")
    assert told.wait(WAIT)
    alice.say("excuse me", "den")
    assert sum(heard_of(seat, "newcomer") for seat in crowd) < 10


def heard_of(seat: Seat, name: str) -> bool:
    return any(name in frame.get("joined", ()) for frame in seat.heard("presence"))


# --- names ---


def test_a_live_name_is_taken(bench: Bench, alice: Seat) -> None:
    """In any case of letters; a free one may be taken."""
    seat = Seat(bench)
    (error,) = of_type(seat.ask(Hello("ALICE", bench.session())), "error")
    assert (error["code"], error["field"]) == ("name_taken", "name")
    alice.ask(Disconnected())
    assert of_type(seat.ask(Hello("ALICE", bench.session())), "welcome")


def test_a_claimed_name_needs_its_token(bench: Bench) -> None:
    """Without it, or with another, the name stays closed, also when nobody uses it."""
    bench.seat("alice", token=TOKEN).ask(Disconnected())
    assert codes(Seat(bench).ask(Hello("alice", bench.session()))) == ["name_taken"]
    assert codes(Seat(bench).ask(Hello("Alice", bench.session(), token=TOKEN[::-1]))) == ["name_taken"]
    assert of_type(Seat(bench).ask(Hello("Alice", bench.session(), token=TOKEN)), "welcome")


def test_a_token_claims_only_a_hello_s_name(bench: Bench) -> None:
    """Passing through a name does not make it one's own."""
    alice = bench.seat("alice", token=TOKEN)
    alice.ask(Nick("passing"))
    alice.ask(Nick("alice"))
    assert of_type(Seat(bench).ask(Hello("passing", bench.session())), "welcome")


def test_a_new_name_is_told_to_the_room(alice: Seat, bob: Seat) -> None:
    """To the one who changed it too."""
    renamed = {"type": "presence", "room": "lobby", "renamed": [["alice", "anna"]], "members": 2}
    assert alice.ask(Nick("anna")) == [renamed]
    assert bob.hears(renamed)


def test_new_names_come_behind_what_others_say(bench: Bench, alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same turn: a name is told to many, and however many change theirs, nobody waits for all of them."""
    done: list[str] = []
    rename = LiveRooms.rename

    def note_and_rename(live_rooms: LiveRooms, client: Client, new: str | None, *, trusted: bool = False) -> None:
        done.append(" ".join(text for texts, _ in bench.store.batches for text in texts))
        rename(live_rooms, client, new, trusted=trusted)

    monkeypatch.setattr(LiveRooms, "rename", note_and_rename)
    crowd = [bench.seat(f"c{number}") for number in range(3)]
    nicks: list[tuple[Seat, list[Request]]] = [(seat, [Nick(f"d{n}")]) for n, seat in enumerate(crowd)]
    bench.in_one_turn(*nicks, (alice, [Say("lobby", ["excuse me"], 1)]))
    assert done == ["holding the hub excuse me"] * 3


def test_a_name_in_use_cannot_be_changed_to(alice: Seat, bob: Seat) -> None:
    """Nor a claimed one without its token."""
    assert codes(alice.ask(Nick("BOB"))) == ["name_taken"]
    assert of_type(alice.say("still alice"), "message")[0]["from"] == "alice"


def test_the_case_of_one_s_own_name_may_change(alice: Seat) -> None:
    """It is not taken by somebody else."""
    assert of_type(alice.ask(Nick("Alice")), "presence")[0]["renamed"] == [["alice", "Alice"]]


def test_a_new_name_leaves_the_old_private_rooms(alice: Seat, bob: Seat) -> None:
    """They belong to the old name."""
    alice.say("psst", "@bob")
    alice.ask(Nick("anna"))
    assert codes(alice.say("and?", "@alice+bob")) == ["denied"]


def test_guests_get_the_first_free_number(bench: Bench) -> None:
    """A number that comes back is given again."""
    guests = [Seat(bench) for _ in range(3)]
    for guest in guests:
        guest.submit(Hello(None, bench.session()))
        guest.settle()
    guests[1].submit(Disconnected())
    guests[1].settle()
    late = Seat(bench)
    late.submit(Hello(None, bench.session()))
    late.settle()
    alice = bench.seat("alice")
    names = {m["name"] for m in of_type(alice.ask(Who()), "who")[0]["members"]}
    assert names == {"guest-1", "guest-2", "guest-3", "alice"}


# --- sessions ---


def test_a_session_that_comes_again_replaces_the_old_one(bench: Bench) -> None:
    """The old connection is told; the new one has the name, the count and the rooms' state."""
    session = bench.session()
    old = bench.seat("alice", session=session)
    old.say("one")
    new = Seat(bench)
    welcome = of_type(new.ask(Hello("alice", session)), "welcome")[0]
    assert (welcome["name"], welcome["accepted"]) == ("alice", 1)
    goodbye = old.heard("bye")
    assert [(f["code"], f["retry"]) for f in goodbye] == [("replaced", False)]
    assert ids(new.ask(Say("lobby", ["two"], 2))) == [2]


def test_what_a_replaced_connection_still_asks_is_ignored(bench: Bench) -> None:
    """Its count goes on in the new connection alone."""
    session = bench.session()
    old, new = bench.seat("alice", session=session), Seat(bench)
    new.ask(Hello("alice", session))
    old.heard()
    assert old.ask(Say("lobby", ["late"], 1)) == []
    assert ids(new.ask(Say("lobby", ["one"], 1))) == [1]


def test_texts_of_a_replaced_connection_are_stored_first(bench: Bench) -> None:
    """They came in the same turn, before the new hello, so its welcome counts them."""
    session = bench.session()
    old, new = bench.seat("alice", session=session), Seat(bench)
    bench.in_one_turn((old, [Say("lobby", ["last words"], 1)]), (new, [Hello("alice", session)]))
    assert new.heard("welcome")[0]["accepted"] == 1


# --- who is where ---


def test_comings_and_goings_are_told(bench: Bench, alice: Seat) -> None:
    """With the number of members there are now."""
    bob = bench.seat("bob")
    assert alice.hears({"type": "presence", "room": "lobby", "joined": ["bob"], "members": 2})
    bob.ask(Disconnected())
    assert alice.hears({"type": "presence", "room": "lobby", "left": ["bob"], "members": 1})


def test_who_comes_and_speaks_at_once_is_heard_to_come_first(bench: Bench, alice: Seat) -> None:
    """In each room, by everybody there; also who is gone again at once."""
    alice.ask(Join("den"))
    for room in ("lobby", "den"):
        assert alice.hears({"type": "presence", "room": room, "joined": ["alice"], "members": 1})
    bob = Seat(bench)
    bob.submit(
        Hello("bob", bench.session()), Join("den"), Say("den", ["one"], 1), Say("lobby", ["two"], 2), Disconnected()
    )
    bob.settle()
    assert alice.hears({"type": "presence", "room": "den", "left": ["bob"], "members": 1})
    assert alice.hears({"type": "presence", "room": "lobby", "left": ["bob"], "members": 1})
    for room, text in (("den", "one"), ("lobby", "two")):
        heard = [frame for frame in of_type(alice.ever, "presence", "message") if frame["room"] == room]
        assert [frame.get("joined") or frame.get("text") for frame in heard][-3:] == [["bob"], text, None]


def test_a_leaver_is_told_itself(alice: Seat) -> None:
    """It is no member any more when the others hear."""
    alice.ask(Join("tea"))
    assert {"type": "presence", "room": "tea", "left": ["alice"], "members": 0} in alice.ask(Leave("tea"))
    assert codes(alice.ask(Leave("tea"))) == ["not_in_room"]


def test_away_is_seen_by_those_who_ask(alice: Seat, bob: Seat) -> None:
    """In the list, and by whoever writes in private; until it is over."""
    bob.ask(Away("at lunch"))
    assert of_type(alice.ask(Who("lobby")), "who")[0]["members"][1]["away"] == "at lunch"
    assert "at lunch" in of_type(alice.say("psst", "@bob"), "notice")[0]["text"]
    bob.ask(Away(None))
    assert "away" not in of_type(alice.ask(Who("lobby")), "who")[0]["members"][1]


def test_rooms_are_listed_with_members_and_last(alice: Seat, bob: Seat) -> None:
    """A room that has emptied keeps its log; one that never had a message is gone."""
    alice.ask(Join("tea"), Join("empty"))
    alice.say("x", "tea")
    alice.ask(Leave("tea"), Leave("empty"))
    (rooms,) = of_type(bob.ask(Rooms()), "rooms")
    assert rooms["rooms"] == [{"room": "lobby", "members": 2, "last": 0}, {"room": "tea", "members": 0, "last": 1}]


def test_a_long_list_of_rooms_comes_page_by_page(bench: Bench, alice: Seat) -> None:
    """Two hundred, with how many there are; the next page begins behind the last room, and is made while it is sent."""
    rooms = [f"room-{number:04}" for number in range(450)]
    bench.store.append([Draft(room, 0.5, "zoe", "blue", ["x"], "", 0) for room in rooms], {})
    alice.outbox.pages.clear()
    listed: list[str] = []
    for number in (200, 200, 51):
        (page,) = of_type(alice.ask(Rooms(after=listed[-1] if listed else None)), "rooms")
        assert (len(page["rooms"]), page["total"], page["more"]) == (number, 451, False)
        listed += [room["room"] for room in page["rooms"]]
    assert listed == ["lobby", *rooms]
    assert [len(pages) for pages in alice.outbox.pages] == [1, 1, 1]


def test_rooms_can_be_listed_by_their_beginning(bench: Bench, alice: Seat) -> None:
    """Only those are counted, too."""
    bench.store.append([Draft(room, 0.5, "zoe", "blue", ["x"], "", 0) for room in ("tea", "team", "work")], {})
    (page,) = of_type(alice.ask(Rooms("te")), "rooms")
    assert ([room["room"] for room in page["rooms"]], page["total"]) == (["tea", "team"], 2)


def test_many_people_come_page_by_page(bench: Bench, alice: Seat) -> None:
    """In the order of their names; few people come all at once, in the order in which they came."""
    zoe = bench.seat("Zoe")
    (page,) = of_type(alice.ask(Who("lobby")), "who")
    assert ([member["name"] for member in page["members"]], page["total"]) == (["alice", "Zoe"], 2)
    crowd = [bench.seat(f"p{number:03}") for number in range(250)]
    listed: list[str] = []
    for number in (200, 52):
        (page,) = of_type(zoe.ask(Who("lobby", listed[-1] if listed else None)), "who")
        assert (len(page["members"]), page["total"]) == (number, 252)
        listed += [member["name"] for member in page["members"]]
    assert listed == ["alice", *(seat.client.name for seat in crowd), "Zoe"]


def test_the_list_of_rooms_is_made_by_its_reader(alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub only notes what there is: it has no time for 50,000 rooms."""
    kept: list[Generator[bytes, None, None]] = []
    monkeypatch.setattr(alice.outbox, "offer_pages", kept.append)
    alice.ask(Rooms())
    assert [inspect.getgeneratorstate(pages) for pages in kept] == [inspect.GEN_CREATED]
    alice.ask(Join("later"))
    assert b'"lobby"' in (page := next(kept[0]))
    assert b"later" not in page


def test_what_whoever_enters_is_told_is_made_by_its_reader(alice: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who enters hundreds of rooms at once holds up nobody with that; the number of members is that of its coming."""
    kept: list[Generator[bytes, None, None]] = []
    monkeypatch.setattr(alice.outbox, "offer_pages", kept.append)
    alice.ask(Join("den"))
    assert [inspect.getgeneratorstate(pages) for pages in kept] == [inspect.GEN_CREATED]
    assert b'"type":"joined","room":"den","last":0,"members":1' in next(kept[0])


def test_the_list_of_people_is_made_by_its_reader(alice: Seat, bob: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they were called when it was asked for: of a later name alice is told behind the list."""
    kept: list[Generator[bytes, None, None]] = []
    monkeypatch.setattr(alice.outbox, "offer_pages", kept.append)
    alice.ask(Who("lobby"))
    assert [inspect.getgeneratorstate(pages) for pages in kept] == [inspect.GEN_CREATED]
    bob.ask(Nick("later"))
    page = next(kept[0])
    assert b'"bob"' in page
    assert b"later" not in page


def test_the_operators_list_of_rooms_is_made_in_one_go(bench: Bench) -> None:
    """By the hub itself, and whole: nothing else is shown there meanwhile."""
    rooms = [f"room-{number:04}" for number in range(2 * LIST_LIMIT + 1)]
    bench.store.append([Draft(room, 0.5, "zoe", "blue", ["x"], "", 0) for room in rooms], {})
    operator = Seat(bench, role=Role.OWNER)
    operator.ask(Hello("server", ""))
    (listing,) = of_type(operator.ask(Rooms()), "rooms")
    assert [room["room"] for room in listing["rooms"]] == ["lobby", *rooms]


def test_long_lists_are_sent_one_at_a_time(bench: Bench, alice: Seat) -> None:
    """However many are asked for at once: what waits to be made counts for no bound."""
    rooms = [f"room-{number:04}" for number in range(2 * LIST_LIMIT + 1)]
    bench.store.append([Draft(room, 0.5, "zoe", "blue", ["x"], "", 0) for room in rooms], {})
    alice.outbox.drain()
    alice.outbox.pages.clear()
    alice.outbox.most_unsent = 0
    Dispatcher(alice.client, bench.hub, bench.store, RateLimits(0)).serve([Rooms(), Rooms(), Who(), Rooms()])
    assert len(alice.outbox.pages) == 4
    assert alice.outbox.most_unsent == 1
    assert [frame["type"] for frame in alice.heard("rooms", "who") if not frame["more"]] == ["rooms"] * 2 + [
        "who",
        "rooms",
    ]


# --- letting go ---


def test_goodbye(bench: Bench, alice: Seat, bob: Seat) -> None:
    """It is answered, the name is free, and nothing more is heard."""
    (goodbye,) = of_type(alice.ask(Bye()), "bye")
    assert (goodbye["code"], goodbye["retry"]) == ("exit", False)
    bob.say("gone?")
    assert alice.heard() == []
    assert of_type(Seat(bench).ask(Hello("alice", bench.session())), "welcome")


def test_a_client_that_reads_too_slowly_is_let_go(bench: Bench, alice: Seat, bob: Seat) -> None:
    """It is told why and may come back; what is waiting is dropped, and nobody else notices."""
    alice.outbox.refuses = True
    alice.outbox.backlog = 12345
    assert ids(bob.say("anyone?")) == [1]
    assert wait_until(lambda: alice.outbox.closed)
    (goodbye,) = alice.heard("bye")
    assert (goodbye["code"], goodbye["retry"]) == ("too_slow", True)
    assert "12345" in goodbye["text"]
    assert alice.outbox.at_once
    assert bob.hears({"type": "presence", "room": "lobby", "left": ["alice"], "members": 1})


def test_a_client_whose_own_answers_pile_up_is_let_go(alice: Seat) -> None:
    """Asking for more than it reads is reading too slowly, too."""
    alice.outbox.refuses = True
    alice.ask(Leave("nowhere"))
    assert wait_until(lambda: alice.outbox.closed)


def test_a_broken_connection_is_cut(alice: Seat, bob: Seat) -> None:
    """It could not take its message, and there is nobody to tell why."""
    alice.outbox.closed = True
    bob.say("hello?")
    assert wait_until(lambda: alice.outbox.was_cut)


def test_the_operator_kicks(bench: Bench, alice: Seat) -> None:
    """With a reason, by name in any case; the operator is told, and told when there is nobody."""
    operator = Seat(bench, role=Role.OWNER)
    operator.ask(Hello("server", ""))
    operator.heard()
    assert "alice" in of_type(operator.ask(Kick("ALICE", "shouting")), "notice")[0]["text"]
    (goodbye,) = alice.heard("bye")
    assert (goodbye["code"], goodbye["retry"]) == ("kicked", False)
    assert "shouting" in goodbye["text"]
    assert codes(operator.ask(Kick("alice", "again"))) == ["no_such_user"]


def test_an_announcement_is_a_message_in_the_lobby(alice: Seat, bob: Seat) -> None:
    """Numbered and stored like any other, and it uses up no seq."""
    alice.ask(Announce("hear, hear"))
    (heard,) = bob.heard("message")
    assert (heard["from"], heard["text"], heard["id"]) == ("alice", "hear, hear", 1)
    assert ids(alice.ask(Say("lobby", ["one"], 1))) == [2]


def test_stopping_carries_out_what_waits(bench: Bench, alice: Seat) -> None:
    """Everything asked before is stored; what comes after it is not."""
    alice.submit(Say("lobby", ["before"], 1))
    bench.hub.stop()
    assert bench.hub.closing.wait()
    alice.submit(Say("lobby", ["after"], 2))
    alice.settle()
    assert [m["text"] for m in alice.heard("message")] == ["before"]
    assert bench.store.last("lobby") == 1


def test_figures(bench: Bench, alice: Seat, bob: Seat) -> None:
    """Clients, rooms, messages, deliveries and bytes waiting."""
    alice.say("x")
    bob.outbox.backlog = 7
    assert bench.hub.stats() == (2, 1, 1, 2, 7)


def test_a_remembering_outbox_is_a_way_out() -> None:
    """The bench's outbox keeps the promises that the tests rely on: it refuses once it has overflowed."""
    outbox = Remembering()
    assert outbox.offer(b"a")
    outbox.refuses = True
    assert not outbox.offer(b"b")
    outbox.refuses = False
    assert not outbox.offer(b"c")


def test_what_came_before_a_connection_broke_is_said(alice: Seat, bob: Seat) -> None:
    """She has hung up, and bob's words do not reach her; hers, which were read before that, reach him."""
    alice.outbox.closed = True
    bob.say("are you there?")
    assert alice.outbox.was_cut
    alice.submit(Say("lobby", ["my last words"], 1), Disconnected())
    alice.settle()
    assert [frame["text"] for frame in bob.heard("message")] == ["my last words"]
    assert [member["name"] for frame in bob.ask(Who()) for member in frame.get("members", ())] == ["bob"]
