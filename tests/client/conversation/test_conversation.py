"""What frames and commands do to a conversation, without any connection."""

from __future__ import annotations

import time

import pytest

from chat_common import MAX_HELLO_LINE, MAX_TEXT, encode_frame
from client_parts.screen.status import status_line
from tests.client.fakes import message, timeless, unpainted
from tests.client.talk import Talk


def test_the_hello_says_who_where_and_from_when() -> None:
    """Everything the server needs to welcome, or to resume."""
    talk = Talk("lobby", "builds", online=False, history=5)
    hello = talk.it.hello("s" * 32, "t" * 32)
    assert hello["protocol"] == 1
    assert hello["client"] == "client.py 1.0.0"
    assert hello["features"] == ["by"]
    assert hello["rooms"] == {"lobby": None, "builds": None}
    assert (hello["history"], hello["token"], "epoch" in hello) == (5, "t" * 32, False)
    talk.welcome(last=7)
    again = talk.it.hello("s" * 32, None)
    assert (again["rooms"], again["epoch"], "token" in again) == ({"lobby": 7, "builds": 7}, "e1", False)


def test_an_own_text_appears_when_it_is_confirmed() -> None:
    """Typed text is sent, and shown once, with a tick, in the room's order."""
    talk = Talk()
    assert talk.type("hello") == []
    assert talk.said() == [(1, "lobby", "hello")]
    assert talk.hear(message(1, "hello", "ann", seq=1)) == ["ann: hello ✓"]
    assert talk.hear(message(1, "hello", "ann", seq=1)) == []


def test_history_is_no_receipt() -> None:
    """An earlier process's message with the same number and name confirms nothing."""
    talk = Talk()
    talk.type("new text")
    talk.said()
    talk.enter("lobby", 1, message(1, "old text", "ann", seq=1))
    assert len(talk.it.state.outgoing) == 1


def test_a_strangers_number_is_no_receipt() -> None:
    """Everybody counts from 1: only one's own message confirms one's own text."""
    talk = Talk()
    talk.type("mine")
    talk.said()
    assert talk.hear(message(1, "theirs", "bob", seq=1)) == ["bob: theirs"]
    assert len(talk.it.state.outgoing) == 1


def test_where_typed_lines_stay_a_receipt_is_short() -> None:
    """A screen that echoes does not show the text twice."""
    talk = Talk()
    talk.board.echoes = True
    talk.type("hello")
    talk.said()
    assert talk.hear(message(1, "hello", "ann", seq=1)) == ["* delivered [1] *"]


def test_text_typed_offline_waits_and_is_resumed_in_order() -> None:
    """Nothing is lost: neither what was typed meanwhile nor what others said."""
    talk = Talk()
    talk.it.disconnected()
    talk.type("one", "two")
    assert talk.it.status("offline", waiting=True).waiting == ("one", "two")
    talk.it.heard({"type": "welcome", "name": "ann", "color": "blue", "epoch": "e1", "accepted": 1})
    talk.enter("lobby", 2, message(1, "meanwhile"), message(2, "one", "ann", seq=1))
    assert [timeless(line) for line in talk.board.lines] == [
        "── 1 new message ──",
        "bob: meanwhile",
        "ann: one ✓",
    ]
    assert talk.said() == [(2, "lobby", "two")]


def test_a_waiting_text_for_another_place_names_it() -> None:
    """So that private words are not taken for public ones."""
    talk = Talk()
    talk.type("/join builds", "here", "/msg bob psst", "/switch lobby")
    assert talk.it.status("offline", waiting=True).waiting == ("#builds here", "@bob psst")


def test_a_jump_is_said_and_filled() -> None:
    """A hole between live messages is reported, and the room resumed from before it."""
    talk = Talk()
    [line] = talk.hear(message(1), message(4))[1:]
    assert "messages between 1 and 4 are missing" in line
    assert talk.asked() == [{"type": "join", "room": "lobby", "after": 1}]
    talk.enter("lobby", 4, message(2), message(3), message(4))
    assert talk.hear(message(5, "next")) == ["bob: next"]


def test_a_gap_is_said() -> None:
    """A history that does not reach back to where we were is not passed over in silence."""
    talk = Talk()
    talk.enter("lobby", 50, message(40), gap=True)
    assert any("missing" in line for line in talk.board.lines)


def test_an_unannounced_gap_is_said_too() -> None:
    """The numbers themselves tell."""
    talk = Talk()
    talk.enter("lobby", 50, message(40))
    assert any("missing" in line for line in talk.board.lines)


def test_a_new_log_is_told_and_shown_from_its_end() -> None:
    """Another epoch: the positions mean nothing, and a person is told."""
    talk = Talk()
    talk.hear(message(1))
    talk.it.disconnected()
    talk.board.lines.clear()
    talk.it.heard({"type": "welcome", "name": "ann", "color": "blue", "epoch": "e2", "accepted": 0})
    assert "history was replaced" in talk.board.lines[0]
    assert talk.it.state.cursors.positions() == {"lobby": None}


def test_a_refused_text_is_given_back() -> None:
    """The reason and the text, so that it can be copied; it counts as failed."""
    talk = Talk()
    talk.type("/msg nobody psst")
    talk.said()
    [line] = talk.hear({"type": "error", "code": "no_such_user", "text": "there is no nobody", "seq": 1})
    assert line == "Not delivered: There is no nobody. Your text was: psst"
    assert (talk.it.state.refused, len(talk.it.state.outgoing)) == (1, 0)


def test_a_full_disk_keeps_the_text() -> None:
    """storage_unavailable holds everything, says so once, and loses nothing."""
    talk = Talk()
    talk.type("one", "two")
    talk.said()
    lines = talk.hear(
        {"type": "error", "code": "storage_unavailable", "text": "The disk is full.", "seq": 1},
        {"type": "error", "code": "bad_seq", "text": "expected 1", "seq": 2, "accepted": 0},
    )
    assert lines == ["Not delivered yet: The disk is full. Trying again…"]
    assert talk.it.state.outgoing.held
    talk.it.state.outgoing.release()
    assert talk.said() == [(1, "lobby", "one"), (2, "lobby", "two")]


def test_a_long_text_is_split() -> None:
    """More than a message may hold becomes several; NUL cannot be sent at all."""
    talk = Talk()
    talk.type("x" * (MAX_TEXT + 1) + "\0")
    assert [len(text) for _, _, text in talk.said()] == [MAX_TEXT, 1]


def test_rooms_can_be_entered_switched_and_left() -> None:
    """The present room follows, and the prompt shows it."""
    talk = Talk()
    talk.type("/join #Builds")
    assert talk.asked() == [{"type": "join", "room": "builds", "history": 20}]
    assert talk.status().prompt == "builds> "
    talk.enter("builds")
    talk.type("made it", "/switch lobby", "back")
    assert [room for _, room, _ in talk.said()] == ["builds", "lobby"]
    talk.type("/leave builds")
    assert talk.asked() == [{"type": "leave", "room": "builds"}]
    assert talk.type("/switch builds") == ["You are not in builds; /join builds enters a room."]


def test_who_comes_right_back_to_a_room_is_shown_its_recent_messages() -> None:
    """What was still on its way from before is part of them: it neither stands alone, nor makes the rest look lost."""
    talk = Talk("lobby", "builds")
    talk.enter("builds", 56)
    talk.type("/leave builds", "/join builds")
    assert talk.asked() == [{"type": "leave", "room": "builds"}, {"type": "join", "room": "builds", "history": 20}]
    assert talk.hear(message(57, "late", room="builds")) == []
    talk.hear({"type": "presence", "room": "builds", "left": ["ann"], "members": 1})
    talk.enter("builds", 58, *(message(id, f"no. {id}", room="builds") for id in (56, 57, 58)), gap=True)
    assert talk.board.lines[0] == "* you are in #builds (2 here)"
    assert list(map(timeless, talk.board.lines[1:])) == [
        "#builds bob: no. 56",
        "── 2 new messages in #builds ──",
        "#builds bob: no. 57",
        "#builds bob: no. 58",
    ]
    assert talk.hear(message(59, "live", room="builds")) == ["#builds bob: live"]


def test_leaving_the_last_room_leaves_nowhere_to_talk() -> None:
    """A text in no room is refused at once, with the way out."""
    talk = Talk()
    talk.type("/leave")
    assert talk.status().prompt == "(no room)> "
    assert talk.type("hello") == ["You are in no room; /join ROOM enters one."]
    assert talk.type("/leave") == ["You are in no room."]


def test_a_room_with_waiting_text_is_not_left() -> None:
    """Leaving would make the text undeliverable."""
    talk = Talk()
    talk.it.disconnected()
    assert "still waiting" in talk.type("hello", "/leave")[0]


def test_a_refused_room_is_not_entered() -> None:
    """The present room goes back to one that we are in."""
    talk = Talk()
    talk.type("/join secret")
    talk.hear({"type": "error", "code": "denied", "text": "You may not.", "field": "room"})
    assert talk.status().prompt == "lobby> "
    assert "secret" not in talk.it.state.cursors


def test_other_rooms_are_marked() -> None:
    """A message from elsewhere names its room; one of the present room does not."""
    talk = Talk("lobby", "builds")
    assert talk.hear(message(1, "here"), message(1, "there", room="builds")) == ["bob: here", "#builds bob: there"]


def test_private_messages_and_the_answer() -> None:
    """They are marked with the other's name, and /reply goes there."""
    talk = Talk()
    assert "Nobody has written" in talk.type("/reply hm")[0]
    talk.enter("@ann+bob")
    assert talk.hear(message(1, "psst", room="@ann+bob")) == ["@bob bob: psst"]
    talk.type("/reply what?", "/msg carol did you hear")
    assert talk.said() == [(1, "@bob", "what?"), (2, "@carol", "did you hear")]
    talk.type("/switch @bob")
    assert talk.hear(message(2, "listen", room="@ann+bob")) == ["@bob bob: listen"]
    assert talk.type("/leave") == ["* you talk in #lobby now"]


def test_who_can_read_a_line_never_changes() -> None:
    """Wherever one talks, private and other rooms' lines bear their mark; and each turn leaves a trace."""
    talk = Talk("lobby", "builds")
    talk.enter("@ann+bob")
    said = [message(1), message(1, room="builds"), message(1, room="@ann+bob")]
    marked: list[list[str]] = []
    for turn, trace in (
        ("lobby", []),
        ("@bob", ["* you talk to bob privately now"]),
        ("builds", ["* you talk in #builds now"]),
    ):
        assert talk.type(f"/switch {turn}") == trace
        marked.append(list(talk.hear(*({**one, "id": len(marked) + 1} for one in said))))
    assert marked == [["bob: hello", "#builds bob: hello", "@bob bob: hello"]] * 3


def test_my_name_is_what_the_server_says() -> None:
    """A change counts from the moment the server tells it, in whatever room."""
    talk = Talk()
    talk.type("/nick anna")
    assert talk.asked() == [{"type": "nick", "name": "anna"}]
    assert talk.it.state.name == "ann"
    renamed = {"type": "presence", "room": "lobby", "renamed": [["ann", "anna"]], "members": 1}
    assert talk.hear(renamed, {**renamed, "room": None}) == ["You are now anna."]
    talk.type("hi")
    talk.said()
    assert talk.hear(message(1, "hi", "anna", seq=1)) == ["anna: hi ✓"]


@pytest.mark.parametrize(
    "line", ["/nick a b", "/nick server", "/color ultraviolet", "/join Ö", "/msg ö x", "/switch @"]
)
def test_what_the_server_would_refuse_is_refused_here(line: str) -> None:
    """A sentence, and no request."""
    talk = Talk()
    assert len(talk.type(line)) == 1
    assert talk.asked() == []
    assert talk.said() == []


def test_ignored_people_are_not_shown() -> None:
    """Neither what they say nor that they come and go; whatever the case; until they are shown again."""
    talk = Talk()
    assert talk.type("/ignore b b") == ['"b b" is not a valid name.']
    assert talk.type("/ignore BOB") == [
        "* nobody called BOB has been here so far; ignored anyway",
        "* ignored: BOB",
    ]
    coming = {"type": "presence", "room": "lobby", "joined": ["bob"], "members": 2}
    assert talk.hear(message(1), coming) == []
    assert talk.type("/unignore bob", "/unignore bob") == ["* bob is shown again", "* You did not ignore bob."]
    assert talk.hear(message(2, "again")) == ["bob: again"]
    assert talk.type("/ignore bob") == ["* ignored: bob"]


def test_what_waits_before_the_first_welcome_names_whom_it_is_for() -> None:
    """Not the room that is theirs together."""
    talk = Talk(online=False)
    talk.type("/msg bob hi")
    assert talk.it.unconfirmed() == ("@bob hi",)


def test_ignored_people_stay_ignored_under_a_new_name() -> None:
    """And under the one they had, should they come back with it; a new name of others changes nothing."""
    talk = Talk()
    talk.type("/ignore bob")
    talk.hear({"type": "presence", "room": "lobby", "renamed": [["bob", "Robert"], ["carol", "carla"]], "members": 3})
    assert talk.hear(message(1, sender="Robert"), message(2, sender="bob")) == []
    assert talk.hear(message(3, "hi", sender="carla")) == ["carla: hi"]
    assert talk.type("/ignore") == ["* ignored: bob, Robert"]


def test_away_is_asked_for_and_asked_again_after_a_reconnect() -> None:
    """The server forgets it with the connection; the client does not."""
    talk = Talk()
    talk.type("/away lunch")
    assert talk.asked() == [{"type": "away", "text": "lunch"}]
    talk.it.disconnected()
    talk.welcome()
    assert talk.asked() == [{"type": "away", "text": "lunch"}]
    talk.type("/back")
    assert talk.asked() == [{"type": "away", "text": None}]


def test_older_messages_come_page_by_page() -> None:
    """Each /history goes further back, and pages do not move the position in the room."""
    talk = Talk()
    talk.enter("lobby", 50, message(50))
    talk.type("/history 2")
    assert talk.asked() == [{"type": "history", "room": "lobby", "limit": 2, "before": 50}]
    lines = talk.hear(
        {"type": "history", "room": "lobby", "messages": [message(48, "a")], "more": True},
        {"type": "history", "room": "lobby", "messages": [message(49, "b")], "more": False},
    )
    assert [timeless(line) for line in lines[:2]] == ["bob: a", "bob: b"]
    talk.type("/history")
    assert talk.asked()[0]["before"] == 48
    assert talk.hear(message(51, "live")) == ["bob: live"]
    assert "nothing older" in talk.hear({"type": "history", "room": "lobby", "messages": []})[0]


def test_requests_have_their_wire_form() -> None:
    """/who, /rooms, /search and /color ask for what the page says."""
    talk = Talk()
    talk.type("/who", "/who builds", "/rooms", "/search a b", "/color RED", "/switch @Bob", "/who")
    assert talk.asked() == [
        {"type": "who", "room": "lobby"},
        {"type": "who", "room": "builds"},
        {"type": "rooms"},
        {"type": "search", "text": "a b", "count": True},
        {"type": "color", "color": "red"},
        {"type": "who", "room": "@ann+bob"},
    ]


def test_a_colour_that_is_not_named_is_a_question() -> None:
    """One's own and all others are told, as with other choices, and nothing is asked of the server."""
    talk = Talk()
    [line] = talk.type("/color")
    assert line.startswith("* color: blue; there are: black, ")
    assert talk.asked() == []


def test_replies_in_several_frames_are_shown_as_one() -> None:
    """`more` holds a list back until it is whole."""
    talk = Talk()
    assert talk.hear(
        {"type": "who", "room": "lobby", "members": [{"name": "ann"}], "more": True},
        {"type": "who", "room": "lobby", "members": [{"name": "bob"}], "more": False},
    ) == ["In #lobby (2): ann, bob"]
    [table] = talk.hear(
        {"type": "rooms", "rooms": [{"room": "a", "members": 1, "last": 1}], "more": True},
        {"type": "rooms", "rooms": [{"room": "b", "members": 1, "last": 1}], "more": False},
    )
    assert table.count("\n") == 2
    assert talk.hear({"type": "results", "text": "x", "messages": []}) == ["* Nothing found."]


def test_questions_make_no_sense_offline() -> None:
    """They are refused with a sentence, and not asked later."""
    talk = Talk()
    talk.it.disconnected()
    for line in ("/who", "/rooms", "/search x", "/history", "/nick bob"):
        assert "offline" in talk.type(line)[0]
    talk.welcome()
    assert talk.asked() == []


def test_wishes_are_kept_offline() -> None:
    """A colour goes into the next hello, and being away is asked for after it."""
    talk = Talk()
    talk.it.disconnected()
    assert talk.type("/color red", "/away lunch") == [
        "* color: red, for this run only",
        "* you are marked as away",
    ]
    assert "ann · away · " in unpainted(status_line(talk.status(), 80))
    assert talk.it.hello("s", None)["color"] == "red"
    talk.welcome()
    assert talk.asked() == [{"type": "away", "text": "lunch"}]


def test_a_hello_fits_its_line_however_many_rooms_there_are() -> None:
    """What does not fit is joined after the welcome."""
    talk = Talk(*(f"{number:03}{'x' * 50}" for number in range(100)))
    hello = talk.it.hello("s" * 32, "t" * 43)
    assert len(encode_frame(hello)) <= MAX_HELLO_LINE
    talk.it.heard({"type": "welcome", "name": "ann", "color": "blue", "epoch": "e1", "accepted": 0})
    joined = {frame["room"] for frame in talk.asked()}
    assert joined | set(hello["rooms"]) == set(talk.it.state.cursors.rooms())
    assert not joined & set(hello["rooms"])


def test_a_room_that_is_entered_later_shows_as_much_of_its_past_as_the_first() -> None:
    """What was wished at the start, also if that is nothing."""
    talk = Talk(history=0)
    talk.type("/join builds")
    assert talk.asked() == [{"type": "join", "room": "builds", "history": 0}]
    assert talk.it.hello("s", None)["history"] == 0


def test_rooms_entered_offline_are_entered_on_return() -> None:
    """The next hello names them."""
    talk = Talk()
    talk.it.disconnected()
    talk.type("/join builds")
    assert talk.it.hello("s", None)["rooms"] == {"lobby": 0, "builds": None}


def test_an_old_private_room_is_not_asked_for_under_a_new_name() -> None:
    """The server would deny it."""
    talk = Talk()
    talk.enter("@ann+bob")
    talk.hear({"type": "presence", "room": None, "renamed": [["ann", "anna"]]})
    assert list(talk.it.hello("s", None)["rooms"]) == ["lobby"]


def test_the_screen_is_cleared_on_request() -> None:
    """/clear."""
    talk = Talk()
    talk.type("/clear")
    assert talk.board.cleared == 1


def test_an_error_cannot_steer_the_terminal() -> None:
    """Sentences from the server are as harmless as texts, and so is a text that comes back."""
    talk = Talk()
    talk.type("\x1b[2Jboo")
    talk.said()
    talk.hear(
        {"type": "error", "code": "internal", "text": "\x1b[2J\nx"},
        {"type": "error", "code": "denied", "text": "\x9b", "seq": 1},
    )
    assert not any(mark in line for line in talk.board.lines for mark in ("\x1b", "\x9b", "\n"))


@pytest.mark.parametrize("line", ["/ignore ann", "/ignore ANN"])
def test_nobody_ignores_themselves(line: str) -> None:
    """Neither by that command, in any case, nor by taking a name that they ignore."""
    talk = Talk()
    assert talk.type(line, "/ignore") == ["You cannot ignore yourself.", "* You ignore nobody."]
    talk.type("/ignore bob")
    talk.hear({"type": "presence", "room": "lobby", "renamed": [["ann", "Bob"]], "members": 2})
    assert talk.hear(message(1, "hello", "Bob")) == ["Bob: hello"]
    assert talk.type("/ignore") == ["* You ignore nobody."]


def test_a_reply_after_a_restart_goes_to_who_wrote_last() -> None:
    """Of all the private rooms that are resumed, by the time; not to those who are ignored, nor to oneself."""
    talk = Talk()
    talk.type("/ignore eve")
    talk.enter("@ann+dan", 1, message(1, "later", "Dan", "@ann+dan", ts=300.0))
    talk.enter("@ann+bob", 2, message(1, "sooner", "bob", "@ann+bob", ts=200.0))
    talk.enter("@ann+eve", 1, message(1, "latest", "eve", "@ann+eve", ts=400.0))
    talk.enter("@ann+carol", 1, message(1, "mine", "ann", "@ann+carol", ts=500.0))
    talk.type("/reply hi")
    assert talk.said() == [(1, "@Dan", "hi")]


def test_a_reply_to_nobody_says_how_to_write() -> None:
    """Public messages are no reason to reply."""
    talk = Talk()
    talk.enter("lobby", 1, message(1))
    assert talk.type("/reply hi") == ["Nobody has written to you privately yet; /msg NAME TEXT writes to somebody."]
    assert talk.said() == []


def test_a_reply_follows_a_new_name() -> None:
    """Who wrote is reached under the name that they have now."""
    talk = Talk()
    talk.hear({"type": "joined", "room": "@ann+bob", "last": 0, "members": 2}, message(1, "psst", "bob", "@ann+bob"))
    talk.hear({"type": "presence", "room": "lobby", "renamed": [["bob", "rob"]], "members": 2})
    talk.type("/reply hi")
    assert talk.said() == [(1, "@rob", "hi")]


def test_search_results_come_page_by_page() -> None:
    """The newest is last, the match is marked, the end says how many there are, and /more goes on before the oldest."""
    talk = Talk()
    talk.type("/ignore eve", "/search whale")
    assert talk.asked()[-1] == {"type": "search", "text": "whale", "count": True, "without": ["eve"]}
    page = {"type": "results", "text": "whale", "messages": [message(9, "a whale"), message(7, "Whale")], "total": 3}
    lines = talk.hear(page)
    assert [line.rpartition(": ")[2] for line in lines[:2]] == ["*Whale*", "a *whale*"]
    assert lines[2:] == ["* 2 of 3 · /more shows the next"]
    talk.type("/more")
    assert talk.asked()[-1]["before"] == {"room": "lobby", "id": 7}
    assert talk.hear({**page, "messages": [message(2, "whales")], "total": 1})[1:] == ["* 3 of 3 · end of the search"]
    assert talk.type("/more") == ["There is nothing more to show; /search TEXT starts a search."]


def test_a_search_that_was_cut_short_says_so() -> None:
    """With advice on how to ask for less."""
    talk = Talk()
    talk.type("/search e*")
    [line] = talk.hear({"type": "results", "text": "e*", "messages": [], "total": 0, "partial": True})
    assert line == "* Nothing found: the search took too long: use more words or in:ROOM / since:DAY"


def test_days_of_a_search_carry_the_local_clock() -> None:
    """Only a search for days says how far the clock is from UTC."""
    talk = Talk()
    talk.type("/search whale since:2026-11-26")
    assert talk.asked()[-1]["utc_offset"] == time.localtime().tm_gmtoff // 60
