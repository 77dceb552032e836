"""Texts that speak of other messages at the plain door: what is typed, and what is read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.protocol import plain_entries
from server_parts.protocol.plain_door import PlainDoor
from server_parts.protocol.plain_encoder import PLAIN, PLAIN_FORMS
from server_parts.protocol.requests import Refusal, Request, Say
from server_parts.storage.records import CHANGE, DELETE, EDIT, REACT, REPLY, About, Fate, Message, Run

WITH_NUMBERS = PLAIN_FORMS[False, True]


def asked(line: str) -> Request:
    door = PlainDoor()
    (request,) = door.receive(line.encode() + b"\n", 0.0)
    return request


@pytest.mark.parametrize(
    ("line", "text", "about"),
    [
        ("/re 12 yes, of course", "yes, of course", About(REPLY, 12)),
        ("/re #12 yes", "yes", About(REPLY, 12)),
        ("/edit 12 better", "better", About(EDIT, 12)),
        ("/edit better words", "better words", About(EDIT, 0)),
        ("/edit 12", "12", About(EDIT, 0)),
        ("/delete 12", "/me deleted message #12", About(DELETE, 12)),
        ("/react 12 \U0001f44d", "\U0001f44d", About(REACT, 12)),
        ("/react 12", "/me took back the reaction to message #12", About(REACT, 12)),
    ],
)
def test_what_is_typed(line: str, text: str, about: About) -> None:
    """In the room where one is."""
    assert asked(line) == Say("lobby", [text], 0, None, about)


@pytest.mark.parametrize(
    "line",
    ["/re", "/re 12", "/re x y", "/re 0 x", "/edit", "/delete", "/delete x", "/react", "/react x", "/re \u0661 x"],
)
def test_how_it_is_written(line: str) -> None:
    """A slip is never said."""
    assert b"usage: " in getattr(asked(line), "block", b"")


def test_too_long_a_reaction() -> None:
    """The sentence has both numbers."""
    request = asked(f"/react 12 {'x' * 33}")
    assert isinstance(request, Say)
    assert request.refusal == Refusal("text_too_long", "that reaction is too long: 33 > 32 characters", "text", None)


def run(text: str, about: About, room: str = "lobby", sender: str = "alice") -> Run:
    return Run(room, 41, 0.0, sender, "blue", [text], "", 1, about)


@pytest.mark.parametrize(
    ("text", "about", "line"),
    [
        ("yes", About(REPLY, 12), "(to #12) [COLOR (blue)] alice said -> yes"),
        ("yes", About(REPLY, 12, "bob: is it?"), "(to #12 bob: is it?) [COLOR (blue)] alice said -> yes"),
        ("/me nods", About(REPLY, 12), "(to #12) * alice nods"),
        ("better", About(EDIT, 12), "(correcting #12) [COLOR (blue)] alice said -> better"),
        ("/me deleted message #12", About(DELETE, 12), "* alice deleted message #12 *"),
        ("\u2764", About(REACT, 12), "* alice reacted to #12: \u2764 *"),
        ("\u2764", About(REACT, 12, "bob: is it?"), "* alice reacted to #12 (bob: is it?): \u2764 *"),
        ("/me took it back", About(REACT, 12), "* alice took back the reaction to #12 *"),
    ],
)
def test_what_is_read(text: str, about: About, line: str) -> None:
    """The author reads a receipt, as for every text; in another room the line says where."""
    assert PLAIN.live([run(text, about)]).decode() == f"{line}\n"
    assert PLAIN.live([run(text, about)], "").decode() == "* delivered #41 *\n"
    assert ("#tea " if "COLOR" in line or "(to" in line else " in #tea") in PLAIN.live(
        [run(text, about, "tea")]
    ).decode()


@pytest.mark.parametrize(
    ("text", "room", "line"),
    [
        ('{"topic":"Cups"}', "lobby", "* alice changed the topic to: Cups *"),
        ('{"topic":"Cups"}', "tea", "* alice changed the topic of #tea to: Cups *"),
        ('{"topic":""}', "tea", "* alice removed the topic of #tea *"),
        (
            '{"mode":"read-only","slow":0}',
            "tea",
            "* alice set the mode of #tea to read-only, ended slow mode in #tea *",
        ),
        ('{"slow":90}', "tea", "* alice set slow mode in #tea to one message in 1 min 30 s *"),
        (
            '{"topic":"a\\n* bob left *\\u001b[1m"}',
            "lobby",
            "* alice changed the topic to: a\u240a* bob left *\u241b[1m *",
        ),
        ('{"colour":"red","topic":3}', "tea", "* alice changed #tea *"),
        ("[", "lobby", "* alice changed the room *"),
        ("", "lobby", "* #41 by alice was deleted *"),
    ],
)
def test_what_is_changed_about_a_room(text: str, room: str, line: str) -> None:
    """In one line of the server's, live and later; what a later version has written is passed over."""
    told = run(text, About(CHANGE, 0), room)
    page = PLAIN.pages({"type": "history", "room": room, "gap": False}, "messages", list(told.messages()))
    assert page.decode() == PLAIN.live([told], "somebody's").decode() == f"{line}\n"
    assert WITH_NUMBERS.live([told]).decode() == f"#41 {line}\n"


def test_what_does_nothing_is_not_shown() -> None:
    """Nor is there an empty line for it."""
    void = run("", About(EDIT, 12))
    assert PLAIN.live([void]) == WITH_NUMBERS.live([void]) == PLAIN_FORMS[True, True].live([void]) == b""
    assert PLAIN.pages({"type": "history", "room": "lobby", "gap": False}, "messages", list(void.messages())) == b""


def test_what_became_of_a_message() -> None:
    """Its present text, that it was corrected, and who reacted; of many, how many."""
    fate = Fate(1.0, 3, (("bob", "+1"), ("carol", "+1"), *((f"user{n}", "\u2764") for n in range(6))))
    message = Message("lobby", 2, 0.0, "alice", "blue", "hi", "", 1, None, fate)
    shown = WITH_NUMBERS.pages({"type": "history", "room": "lobby", "gap": False}, "messages", [message]).decode()
    assert shown == "#2 (edited) [COLOR (blue)] alice said -> hi\n* reactions to #2: +1 bob, carol; \u2764 6 *\n"


def test_a_quotation_is_short() -> None:
    """One line, the first words, without the brackets in which it stands."""
    message = Message("lobby", 2, 0.0, "bob", "red", f"/me (waves)\n{'far away ' * 20}", "", 1)
    assert plain_entries.quotation(message) == "bob: [waves]\u240afar away far away far away far a\u2026"


FORMS = re.compile(
    r"\(to #\d+( [A-Za-z0-9_.-]+: [^()]*)?\) |\(correcting #\d+\) |\(edited\) "
    r"|\* \S+ (deleted message|reacted to|took back) .* \*$"
)


@given(st.text(max_size=60), st.sampled_from(["", "/me "]))
def test_no_text_passes_for_an_answer_or_a_correction(text: str, action: str) -> None:
    """Whatever an ordinary message says, none of its lines looks so."""
    for tried in (
        text,
        f"(to #1 bob: x) {text}",
        f"\n(correcting #1) {text}",
        f"deleted message #1 {text} *",
        f"x\n* bob reacted to #1: y *{text}",
    ):
        shown = PLAIN.live([Run("lobby", 1, 0.0, "eve", "blue", [action + tried], "", 1)]).decode()
        assert not any(FORMS.match(line) for line in shown.split("\n")), shown


@given(st.text(max_size=80))
def test_a_quotation_ends_where_its_bracket_does(text: str) -> None:
    """So what is quoted cannot pass for what is answered."""
    quoted = plain_entries.quotation(Message("lobby", 1, 0.0, "bob", "red", text or "x", "", 1))
    shown = PLAIN.live([run("the answer", About(REPLY, 1, quoted))]).decode()
    found = re.fullmatch(r"\(to #1 bob: [^()\n]*\) \[COLOR \(blue\)\] alice said -> the answer\n", shown)
    assert found is not None, shown


def test_the_forms_would_be_noticed() -> None:
    """The pattern knows the real ones."""
    for about in (About(REPLY, 12), About(REPLY, 12, "bob: x"), About(EDIT, 1), About(DELETE, 1), About(REACT, 1)):
        assert FORMS.match(PLAIN.live([run("x", about)]).decode()), about
