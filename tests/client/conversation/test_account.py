"""What is asked of the server about accounts, and how its answers are shown."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat_common import Frame, instant, with_local_times
from client_parts.conversation.admission import IN_CLEAR
from client_parts.input.commands import Order, understand
from client_parts.input.questions import answered
from client_parts.screen.view import date
from tests.client.fakes import ATTACKS, SAID, message
from tests.client.talk import Talk


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("/whoami", {"type": "whois", "name": "ann"}),
        ("/whois Bob", {"type": "whois", "name": "Bob"}),
        ("/realname Анна Белл", {"type": "realname", "text": "Анна Белл"}),
        ("/realname", {"type": "realname", "text": None}),
        ("/devices", {"type": "devices"}),
        ("/devices forget 2", {"type": "devices", "forget": 2}),
        ("/link", {"type": "link"}),
        ("/browser", {"type": "link", "browser": True}),
        ("/invite bob", {"type": "invite", "room": "lobby", "name": "bob"}),
        ("/invite-code", {"type": "invite"}),
        ("/invite-code 5 1d", {"type": "invite", "uses": 5, "for": 86_400}),
        ("/block", {"type": "block"}),
        ("/block bob", {"type": "block", "name": "bob"}),
        ("/unblock bob", {"type": "unblock", "name": "bob"}),
        ("/recover bob", {"type": "recover", "name": "bob"}),
        ("/release bob", {"type": "release", "name": "bob"}),
    ],
)
def test_each_command_is_one_request(line: str, request_: Frame) -> None:
    """In its form on the wire, and without a word on the screen before the answer."""
    talk = Talk()
    assert talk.type(line) == []
    assert talk.asked() == [request_]


@pytest.mark.parametrize("line", ["/whois b+b", "/recover b+b", "/release b+b", "/block b+b", "/unblock b+b"])
def test_what_is_no_name_is_not_asked_about(line: str) -> None:
    """One sentence, and no request."""
    talk = Talk()
    assert talk.type(line) == [
        '"b+b" is not a valid name: a name is made of A-Z a-z 0-9 _ . - and starts with a letter or a digit.'
    ]
    assert talk.asked() == []


def test_nobody_blocks_themselves() -> None:
    """It would only be confusing."""
    talk = Talk()
    assert talk.type("/block ANN") == ["You cannot block yourself."]
    assert talk.asked() == []


def test_without_a_connection_nothing_is_asked() -> None:
    """A sentence says why."""
    talk = Talk(online=False)
    assert talk.type("/whoami") == ["You are offline; try again when the connection is back."]


# --- Passwords ---


def change_password(talk: Talk, line: str, *answers: str) -> list[str]:
    """What a person sees who answers the questions of that line."""
    order, waiting = understand(line), list(answers)
    assert isinstance(order, Order)
    del talk.board.lines[:]
    talk.it.obey(answered(order, lambda question: waiting.pop(0)))
    return talk.board.lines


def test_a_password_is_sent_where_nobody_else_can_read_it() -> None:
    """With the present one, if there is one; null takes it away."""
    talk = Talk()
    talk.it.state.exposure = ""
    shown = change_password(talk, "/password", "", "new and better", "new and better")
    shown += change_password(talk, "/password", "new and better", "newer still", "newer still")
    shown += change_password(talk, "/password off", "newer still")
    assert talk.asked() == [
        {"type": "password", "new": "new and better"},
        {"type": "password", "old": "new and better", "new": "newer still"},
        {"type": "password", "old": "newer still", "new": None},
    ]
    assert shown == []


def test_a_password_is_not_sent_in_clear() -> None:
    """Nor kept for later."""
    talk = Talk()
    assert change_password(talk, "/password off", "new and better") == [f"Passwords cannot be sent now: {IN_CLEAR}."]
    assert talk.asked() == []


# --- Answers ---


def device(id: int, **more: Any) -> Frame:
    return {"id": id, "added": SAID, "last": SAID, "label": "client.py 1.0.0", **more}


def test_devices_are_listed() -> None:
    """With their numbers, when they came, when they were used, which of them are connected, and which is this one."""
    talk = Talk()
    listed = [device(1, here=True), device(2, here=True, yours=True), device(3, last=SAID + 86_400, label=None)]
    assert talk.hear({"type": "devices", "devices": listed}) == [
        "Devices that may use your name:",
        f"  1  client.py 1.0.0, added {date(SAID)} (connected)",
        f"  2  client.py 1.0.0, added {date(SAID)} (this one)",
        f"  3  unknown, added {date(SAID)}, last used {date(SAID + 86_400)[:10]}",
        "* /devices forget N removes one",
    ]
    assert talk.hear({"type": "devices", "devices": []}) == [
        "* Your name is not protected yet: it becomes yours with the first message you send."
    ]


def test_a_code_is_shown_with_what_to_do_with_it() -> None:
    """At another device of one's own, or by somebody whose name was lost."""
    talk = Talk()
    talk.it.state.here = '"chat://h:1#key"'
    code = {"type": "code", "name": "ann", "code": "k3f9-aaaa", "expires": SAID}
    assert talk.hear({**code, "purpose": "link"}) == [
        f"Code for another device of yours: k3f9-aaaa (works once, until {with_local_times(instant(SAID))})",
        '* on that device, start python client.py "chat://h:1#key" --name ann --login '
        "and type it when a password is asked for",
    ]
    assert talk.hear({**code, "purpose": "link", "page": "https://h/#ann/k3f9\x1b"}) == [
        "Link that opens the chat in a browser as ann: https://h/#ann/k3f9\u241b "
        f"(works once, until {with_local_times(instant(SAID))})",
        "* whoever opens it first is you: do not pass it on",
    ]
    assert talk.hear({**code, "name": "bob", "purpose": "recover"})[0] == (
        f"Code that gives bob back: k3f9-aaaa (works once, until {with_local_times(instant(SAID))})"
    )


def test_an_invitation_is_shown_with_its_limits() -> None:
    """How many may use it, until when, and how."""
    talk = Talk()
    frame = {"type": "invitation", "code": "k3f9", "uses": 1, "expires": SAID}
    assert talk.hear(frame, {**frame, "uses": 5, "expires": None}) == [
        f"Invitation: k3f9 (for 1 person, until {with_local_times(instant(SAID))})",
        "* who has it starts client.py with this server's address and --invite k3f9",
        "Invitation: k3f9 (for 5 people)",
        "* who has it starts client.py with this server's address and --invite k3f9",
    ]


def test_who_somebody_is() -> None:
    """Oneself, a guest, and what only operators are told."""
    talk = Talk()
    me = {"type": "whois", "name": "ann", "role": "member", "account": True, "since": SAID, "connections": 2}
    guest = {"type": "whois", "name": "guest-1", "role": "guest", "account": False, "since": None, "connections": 1}
    known = {**me, "name": "bob", "connections": 0, "away": "tea", "addresses": ["192.0.2.1"], "devices": 1}
    assert talk.hear(me, guest, known) == [
        f"* you are ann · member · the name is protected since {date(SAID)} · here with 2 connections",
        "* guest-1 · guest · the name is nobody's yet · here with 1 connection",
        f"* bob · member · the name is protected since {date(SAID)} · not here · away: tea · 1 device · from 192.0.2.1",
    ]


def test_display_names_stand_beside_names() -> None:
    """In lists and in the answer to whois; not before what somebody says."""
    talk = Talk()
    people = [{"name": "ann", "realname": "Анна Белл", "role": "voice"}, {"name": "bob", "realname": None}]
    assert talk.hear({"type": "who", "room": "lobby", "members": people}) == [
        "In #lobby (2): ann (Анна Белл) (voice), bob"
    ]
    (line,) = talk.hear({"type": "whois", "name": "bob", "role": "guest", "realname": "Bob B."})
    assert line.startswith("* bob (Bob B.) · guest · ")
    assert talk.hear(message(1, "hello", "ann")) == ["ann: hello"]


def test_who_is_blocked() -> None:
    """All of them, or that there is nobody."""
    talk = Talk()
    assert talk.hear({"type": "blocked", "names": ["bob", "carol"]}) == ["* blocked: bob, carol"]
    assert talk.hear({"type": "blocked", "names": []}) == ["* You block nobody."]


def test_the_welcome_names_a_role_that_matters() -> None:
    """Operators and the owner; of others there is nothing to say."""
    for role, words in {"operator": "You are ann, operator of this server.", "member": "You are ann."}.items():
        talk = Talk(online=False)
        frame = {"type": "welcome", "name": "ann", "color": "blue", "epoch": "e", "accepted": 0, "account": True}
        assert talk.hear({**frame, "role": role})[-1] == f"{words} /help lists the commands, /exit leaves."


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_answer_can_steer_the_terminal(attack: str) -> None:
    """Whatever a label, a code, a note or an address holds, it stays one harmless line."""
    talk = Talk()
    frames: list[Frame] = [
        {"type": "devices", "devices": [device(1, label=attack)]},
        {"type": "code", "purpose": "link", "name": attack, "code": attack, "expires": SAID},
        {"type": "invitation", "code": attack},
        {"type": "whois", "name": attack, "role": attack, "away": attack, "addresses": [attack], "realname": attack},
        {"type": "who", "room": "lobby", "members": [{"name": "bob", "realname": attack}]},
        {"type": "blocked", "names": [attack]},
    ]
    lines = [talk.hear(frame) for frame in frames]
    assert all(re.fullmatch(r"[^\x00-\x1f\x7f-\x9f\u200b\u2028\u202e]+", line) for shown in lines for line in shown)
