"""What is asked of the server to keep order, and how a room is set and what was done in it is shown."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat_common import Frame, instant, with_local_times
from client_parts.screen.view import date
from tests.client.fakes import ATTACKS, SAID, message
from tests.client.talk import Talk

HERE = {"room": "lobby"}


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("/kick bob be kind", {"type": "kick", "name": "bob", **HERE, "reason": "be kind"}),
        ("/kick -s bob", {"type": "kick", "name": "bob"}),
        ("/ban bob 1d spam", {"type": "ban", "name": "bob", **HERE, "for": 86_400, "reason": "spam"}),
        ("/ban bob", {"type": "ban", "name": "bob", **HERE}),
        ("/ban -s 192.0.2.0/24", {"type": "ban", "address": "192.0.2.0/24"}),
        ("/ban -s 192.0.2.7", {"type": "ban", "address": "192.0.2.7"}),
        ("/ban -s 2001:db8::/64", {"type": "ban", "address": "2001:db8::/64"}),
        ("/ban test bob", {"type": "ban", "name": "bob", **HERE, "test": True}),
        ("/unban bob", {"type": "unban", "name": "bob", **HERE}),
        ("/unban -s 192.0.2.7", {"type": "unban", "address": "192.0.2.7"}),
        ("/mute bob 10m", {"type": "mute", "name": "bob", **HERE, "for": 600}),
        ("/unmute -s bob", {"type": "unmute", "name": "bob"}),
        ("/slow 10s", {"type": "room", **HERE, "slow": 10}),
        ("/slow off", {"type": "room", **HERE, "slow": 0}),
        ("/mode moderated", {"type": "room", **HERE, "mode": "moderated"}),
        ("/topic tea", {"type": "room", **HERE, "topic": "tea"}),
        ("/topic off", {"type": "room", **HERE, "topic": ""}),
        ("/voice bob", {"type": "role", "name": "bob", **HERE, "role": "voice"}),
        ("/role bob owner", {"type": "role", "name": "bob", **HERE, "role": "owner"}),
        ("/role -s bob operator", {"type": "role", "name": "bob", "role": "operator"}),
        ("/delete 7", {"type": "delete", **HERE, "id": 7}),  # of a server that knows no entries
        ("/report 7 spam", {"type": "report", **HERE, "id": 7, "reason": "spam"}),
        ("/report spam", {"type": "report", **HERE, "reason": "spam"}),
        ("/bans", {"type": "bans", **HERE}),
        ("/audit -s 5", {"type": "audit", "limit": 5}),
        ("/reports -s", {"type": "reports"}),
        ("/lockdown", {"type": "lockdown"}),
        ("/lockdown 1h", {"type": "lockdown", "for": 3_600}),
        ("/lockdown off", {"type": "lockdown", "for": 0}),
        ("/servers", {"type": "servers"}),
    ],
)
def test_each_command_is_one_request(line: str, request_: Frame) -> None:
    """In its form on the wire; about the current room, or with -s about the server."""
    talk = Talk()
    assert talk.type(line) == []
    assert talk.asked() == [request_]


@pytest.mark.parametrize("line", ["/kick bob", "/slow 10s", "/topic tea", "/topic", "/bans"])
def test_where_there_is_no_public_room_nothing_is_asked(line: str) -> None:
    """In none, and in a private conversation; each is one sentence."""
    talk = Talk()
    talk.type("/switch @bob")
    assert talk.type(line) == ["This is a private conversation; such commands are about public rooms."]
    talk.type("/switch lobby", "/leave")
    talk.asked()
    assert talk.type(line) == ["You are in no room; -s as the first word means the whole server."]
    assert talk.asked() == []


def test_what_is_said_in_private_can_be_reported() -> None:
    """With the name that the room has on the wire; where one is in no room there is nothing to report."""
    talk = Talk()
    talk.type("/switch @bob", "/report 3 threats")
    assert talk.asked() == [{"type": "report", "room": "@ann+bob", "id": 3, "reason": "threats"}]
    talk.type("/switch lobby", "/leave")
    assert talk.type("/report them") == ["You are in no room; /join ROOM enters one."]


def test_what_is_no_name_is_not_asked_about() -> None:
    """One sentence, and no request."""
    talk = Talk()
    for line in ("/kick b+b", "/ban 192.0.2.0/99", "/mute b+b", "/role b+b voice"):
        assert talk.type(line)[0].startswith(f'"{line.split()[1]}" is not a valid name: a name is made of ')
    assert talk.asked() == []


# --- Asked a second time ---

UNSURE = {"type": "error", "code": "sure_needed", "text": "this would hit 5 of 9 people", "fatal": False}


def test_what_the_server_doubts_counts_the_second_time() -> None:
    """The sentence is shown; only the same command, given next, is sent as sure, and only once."""
    talk = Talk()
    ban = {"type": "ban", "address": "192.0.2.0/24"}
    talk.type("/ban -s 192.0.2.0/24")
    assert talk.hear(UNSURE) == ["This would hit 5 of 9 people."]
    talk.type("/ban -s 192.0.2.0/24", "/ban -s 192.0.2.0/24")
    assert talk.asked() == [ban, {**ban, "sure": True}, ban]


@pytest.mark.parametrize("between", ["/ban -s 192.0.2.0/25", "/kick bob", "/ban -s 192.0.2.0/24 1d"])
def test_another_command_is_not_sure(between: str) -> None:
    """Neither it nor the doubted one after it."""
    talk = Talk()
    talk.type("/ban -s 192.0.2.0/24")
    talk.hear(UNSURE)
    talk.type(between, "/ban -s 192.0.2.0/24")
    assert [frame for frame in talk.asked() if "sure" in frame] == []


# --- How a room is set ---


def joined(talk: Talk, room: str = "den", last: int = 0, **more: Any) -> list[str]:
    """What the entry into a room shows."""
    talk.type(f"/join {room}")
    return talk.hear({"type": "joined", "room": room, "last": last, "members": 2, **more})


def test_the_topic_is_shown_when_a_room_is_entered() -> None:
    """In quotes; with the mode and the pace if they are not the usual ones, and one's own role."""
    talk = Talk()
    assert joined(talk, topic="tea *", mode="moderated", slow=10, role="moderator") == [
        "* you are in #den (2 here)",
        "* the topic of #den is “tea *”",
        "* #den is moderated (only people with a voice may talk)",
        "* slow mode in #den: one message in 10 s",
        "* you are moderator of #den",
    ]
    assert joined(talk, "pub", topic=None, mode="open", slow=0, role=None) == ["* you are in #pub (2 here)"]
    assert joined(talk, "old") == ["* you are in #old (2 here)"]


def test_after_a_lost_link_only_news_of_a_room_are_shown() -> None:
    """The same topic is not repeated; another one is."""
    talk = Talk()
    back = {"type": "joined", "room": "lobby", "last": 1, "members": 2, "role": "voice"}
    talk.hear({"type": "room", "room": "lobby", "topic": "tea", "mode": "open", "slow": 0, "by": "bob"}, message(1))
    talk.it.disconnected()
    assert talk.hear({**back, "topic": "tea"}) == ["* you are voice of #lobby"]
    talk.it.disconnected()
    assert talk.hear({**back, "topic": "cake"}) == ["* the topic of #lobby is “cake”"]


def test_a_room_that_is_entered_again_is_shown_again() -> None:
    """Who left it may not remember its topic."""
    talk = Talk()
    first = joined(talk, topic="tea")
    talk.type("/leave den")
    assert joined(talk, topic="tea") == first


def test_a_change_of_a_room_says_who_did_it() -> None:
    """Only what is different; in a room that is not the first with its mark."""
    talk = Talk("lobby", "den")
    frame = {"type": "room", "room": "lobby", "topic": "tea", "mode": "open", "slow": 0, "by": "bob", "ts": SAID}
    assert talk.hear(frame) == ["* bob changed the topic to “tea”"]
    assert talk.hear({**frame, "mode": "read-only", "slow": 60}) == [
        "* bob set the mode to read-only (only moderators may talk)",
        "* bob set slow mode to one message in 1 min",
    ]
    assert talk.hear({**frame, "topic": "", "by": None}) == [
        "* the operator removed the topic",
        "* the operator set the mode to open (everybody may talk)",
        "* the operator ended slow mode",
    ]
    assert talk.hear({**frame, "topic": ""}) == ["* bob: no topic · open (everybody may talk)"]
    assert talk.hear({**frame, "room": "den", "topic": "cake"}) == ["#den * bob changed the topic to “cake”"]
    assert talk.hear({**frame, "room": "elsewhere"}) == []


def test_a_room_tells_how_it_is_set() -> None:
    """Each of the three commands without a word."""
    talk = Talk()
    assert talk.type("/topic") == ["* #lobby: no topic · open (everybody may talk)"]
    talk.hear({"type": "room", "room": "lobby", "topic": "tea", "mode": "invite", "slow": 5, "by": "bob"})
    told = "* #lobby: the topic is “tea” · invite (only invited people may enter) · slow mode: one message in 5 s"
    assert talk.type("/mode", "/slow", "/topic") == [told] * 3
    assert talk.asked() == []


def test_a_topic_cannot_pass_for_a_line_of_the_servers() -> None:
    """It stays in its line, between quotes, and cannot be pushed into a row of its own."""
    talk = Talk()
    forged = "x\n* server stopped *" + " " * 200 + "* you are banned *"
    [line] = talk.hear({"type": "room", "room": "lobby", "topic": forged, "mode": "open", "slow": 0, "by": "bob"})
    assert line == "* bob changed the topic to “x␊* server stopped *    * you are banned *”"


# --- What was done ---


def test_a_deleted_message_is_told() -> None:
    """With its number and by whom; of a room that one is not in nothing is told."""
    talk = Talk("lobby", "den")
    frame = {"type": "deleted", "room": "lobby", "id": 7, "by": "bob"}
    assert talk.hear(frame, {**frame, "room": "den"}, {**frame, "room": "elsewhere"}) == [
        "bob deleted message [7]",
        "#den bob deleted message [7]",
    ]


def test_a_deleted_message_of_the_past_has_no_text() -> None:
    """Its place stays, so that nothing seems to be missing."""
    talk = Talk(online=False)
    talk.it.heard({"type": "welcome", "name": "ann", "color": "blue", "epoch": "e", "accepted": 0})
    talk.it.heard({"type": "joined", "room": "lobby", "last": 2, "members": 1})
    past = {"type": "history", "room": "lobby", "messages": [message(1, "", deleted=True), message(2, "hi")]}
    assert [line.split(" ", 2)[2] for line in talk.hear(past)] == ["bob: (deleted)", "bob: hi"]


def test_whoever_is_put_out_of_a_room_is_not_in_it_any_more() -> None:
    """The client talks elsewhere, and does not ask for the room again when it comes back."""
    talk = Talk("lobby", "den")
    talk.type("/switch den")
    left = {"type": "presence", "room": "den", "left": ["ann"], "members": 1}
    assert talk.hear(left) == ["* you are not in #den any more", "* now talking in #lobby"]
    assert list(talk.it.hello("s", None)["rooms"]) == ["lobby"]
    assert talk.hear(left) == []


def test_who_leaves_by_themselves_is_not_put_out() -> None:
    """Also if they enter again before the server has confirmed the first."""
    talk = Talk("lobby", "den")
    talk.type("/leave den", "/join den")
    left = {"type": "presence", "room": "den", "left": ["ann"], "members": 1}
    assert talk.hear(left) == []
    talk.enter("den")
    assert talk.hear({**left, "joined": ["ann"]}, {**left, "left": ["bob"]}, {**left, "room": "@ann+bob"}) == [
        "#den * bob left (1 here)"
    ]
    assert talk.status().target == "den"


@pytest.mark.parametrize("code", ["banned", "invite_needed"])
def test_a_room_that_lets_nobody_in_is_not_kept(code: str) -> None:
    """One talks elsewhere again."""
    talk = Talk()
    talk.type("/join den")
    assert talk.hear({"type": "error", "code": code, "text": "no", "fatal": False}) == [
        "No.",
        "* now talking in #lobby",
    ]
    assert list(talk.it.hello("s", None)["rooms"]) == ["lobby"]


@pytest.mark.parametrize("code", ["muted", "slow_mode", "read_only"])
def test_a_refused_text_is_given_back(code: str) -> None:
    """To be copied; it is not sent again."""
    talk = Talk()
    talk.type("hello")
    assert talk.said() == [(1, "lobby", "hello")]
    assert talk.hear({"type": "error", "code": code, "text": "wait 9 s", "seq": 1, "fatal": False}) == [
        "Not delivered: Wait 9 s. Your text was: hello"
    ]
    assert talk.said() == []


# --- Lists ---


def ban(id: int, **more: Any) -> Frame:
    frame = {"id": id, "kind": "ban", "name": "bob", "room": "lobby", "until": None, "by": "ann", "reason": "spam"}
    return {**frame, "ts": SAID, **more}


def test_bans_are_listed_page_by_page() -> None:
    """With whom, where, how long, by whom and why; /more asks for those before."""
    talk = Talk()
    talk.type("/bans -s")
    items = [ban(4), ban(5, kind="mute", name=None, address="192.0.2.7", room=None, until=SAID, by=None, reason=None)]
    assert talk.hear({"type": "bans", "items": items, "more": True}) == [
        "Bans and mutes on the whole server:",
        "  [4] bob banned in #lobby for good by ann: “spam”",
        f"  [5] 192.0.2.7 muted until {with_local_times(instant(SAID))}",
        "* /more shows earlier ones",
    ]
    assert talk.type("/more") == []
    assert talk.asked() == [{"type": "bans"}, {"type": "bans", "before": 4}]
    talk.hear({"type": "bans", "items": [ban(1)], "more": False})
    assert talk.type("/more") == ["There is nothing more to show; /search TEXT starts a search."]


def test_acts_and_reports_are_listed() -> None:
    """Each in a line of its own, with what was said in quotes."""
    talk = Talk()
    talk.type("/audit")
    act = {"id": 1, "ts": SAID, "by": "ann", "text": "banned bob"}
    assert talk.hear({"type": "audit", "items": [act], "more": False}) == [
        "What moderators did in #lobby:",
        f"  [1] {date(SAID)} ann: banned bob",
    ]
    talk.type("/reports")
    report = {"id": 2, "ts": SAID, "by": "ann", "room": "lobby", "message": 7, "sender": "bob", "text": "buy!"}
    other = {"id": 3, "ts": SAID, "by": "ann", "room": "lobby", "message": None, "sender": None, "reason": "noise"}
    assert talk.hear({"type": "reports", "items": [{**report, "reason": "spam"}, other], "more": False}) == [
        "Reports in #lobby:",
        f"  [2] {date(SAID)} ann reported message [7] of bob in #lobby: “spam” “buy!”",
        f"  [3] {date(SAID)} ann reported no message in #lobby: “noise”",
    ]


def test_servers_are_listed() -> None:
    """A row for each; one alone is one line, and so is one that can have no others."""
    talk = Talk()
    one = {"label": "one:3030", "clients": 1, "since": SAID, "state": "this"}
    assert talk.hear({"type": "servers", "servers": [one, {"label": "two:3030", "clients": 2, "state": "silent"}]}) == [
        "This chat has 2 servers:",
        f"  one:3030: 1 client, since {date(SAID)}, this one",
        "  two:3030: 2 clients, does not answer",
    ]
    assert talk.hear({"type": "servers", "servers": [one]}) == [
        f"This chat has 1 server: one:3030: 1 client, since {date(SAID)}, this one"
    ]
    assert talk.hear({"type": "servers", "servers": []}) == ["* This is the only server of this chat."]


def test_empty_lists_say_so() -> None:
    """Of each kind."""
    talk = Talk()
    for kind, words in {
        "bans": "* Nobody is banned or muted in #lobby.",
        "audit": "* Nothing was done by moderators in #lobby.",
        "reports": "* Nothing was reported in #lobby.",
    }.items():
        talk.type(f"/{kind}")
        assert talk.hear({"type": kind, "items": [], "more": False}) == [words]


def test_who_shows_roles_and_connections() -> None:
    """Beside a note of who is away; nothing of people who are like most."""
    talk = Talk()
    members = [
        {"name": "ann", "color": "blue", "role": "owner"},
        {"name": "bob", "color": "red", "connections": 2, "away": "tea", "role": "voice"},
        {"name": "carol", "color": "red"},
    ]
    talk.type("/who")
    assert talk.hear({"type": "who", "room": "lobby", "members": members, "total": 3}) == [
        "In #lobby (3): ann (owner), bob (voice, 2 connections, away: tea), carol"
    ]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_of_it_can_steer_the_terminal(attack: str) -> None:
    """Whatever a topic, a reason or a name holds, it stays one harmless line."""
    talk = Talk()
    frames: list[Frame] = [
        {"type": "room", "room": "lobby", "topic": attack, "mode": attack, "slow": 1, "by": attack},
        {"type": "deleted", "room": "lobby", "id": 1, "by": attack},
        {"type": "bans", "items": [ban(1, name=attack, by=attack, reason=attack, room=attack)]},
        {"type": "audit", "items": [{"id": 1, "ts": SAID, "by": attack, "text": attack}]},
        {"type": "reports", "items": [{"id": 1, "ts": SAID, "by": attack, "sender": attack, "text": attack}]},
        {"type": "who", "room": "lobby", "members": [{"name": "bob", "role": attack}]},
        {"type": "servers", "servers": [{"label": attack, "clients": 1, "state": attack}]},
        {"type": "joined", "room": "lobby", "last": 0, "members": 1, "topic": attack * 2, "role": attack},
    ]
    lines = [list(talk.hear(frame)) for frame in frames]
    assert all(lines)
    assert all(re.fullmatch(r"[^\x00-\x1f\x7f-\x9f\u200b\u2028\u202e]+", line) for shown in lines for line in shown)
