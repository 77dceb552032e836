"""No text passes for a line of the server in the text form, whatever it says and whoever says it."""

from __future__ import annotations

import re
import time
from unittest import mock

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from chat_common import RESERVED_WORDS, harmless, is_blank, without_padding
from client_parts.screen.view import View
from server_parts.operator.console_encoder import ConsoleEncoder
from server_parts.operator.screen import Screen
from server_parts.protocol.plain_door import PlainDoor
from server_parts.protocol.plain_encoder import PLAIN, PLAIN_TIMED
from server_parts.protocol.requests import Answer, Refusal, text_refusal
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Run, hashed
from terminal_parts.width import height, wrap
from tests.client.fakes import message, timeless, unpainted
from tests.conftest import Serve
from tests.peers import Frame, Native

pytestmark = pytest.mark.usefixtures("both_ways")

BLANKS = "\u3164\u2800\u115f\u1160\uffa0\u034f\u200b\u2060\ufeff\u00a0\u3000\u200d\ufe0f\u0301\ufffc\U000e0041 \t"
TOKEN = "t" * 32
NOTICE = re.compile(r"\* .*\*")  # as a person reads it, who sees no blanks

FRAMES: list[Frame] = [
    {"type": "welcome", "motd": "Be kind.", "name": "ann"},
    {"type": "joined", "room": "tea"},
    {"type": "presence", "room": "lobby", "joined": ["a"], "left": ["b"], "renamed": [["c", "d"]], "members": 2},
    {"type": "who", "room": None, "members": [{"name": "a", "away": "tea"}]},
    {"type": "who", "room": "tea", "members": []},
    {"type": "rooms", "rooms": [{"room": "tea", "members": 1, "last": 2}]},
    {"type": "results", "text": "x", "messages": []},
    {"type": "notice", "text": "kicked"},
    {"type": "ack", "id": 41},
    {"type": "bye", "code": "exit", "text": "goodbye"},
    {"type": "bye", "code": "kicked", "text": "out"},
    {"type": "history", "gap": True, "messages": []},
    Refusal("bad_name", "no").frame(),
]
COMMANDS = (b"/help", b"/nope", b"/msg", b"/times", b"/history x", b"/search")


def test_every_line_of_the_server_has_the_form() -> None:
    """It begins and ends with a star: so the test below looks for all of them."""
    lines = [line for frame in FRAMES for line in PLAIN.frame(frame).decode().splitlines()]
    assert len(lines) > len(FRAMES)
    answers = [answer for command in COMMANDS for answer in PlainDoor().receive(command + b"\n", 0.0)]
    lines += [line for answer in answers if isinstance(answer, Answer) for line in answer.block.decode().splitlines()]
    assert len(answers) == len(COMMANDS)
    assert [line for line in lines if not NOTICE.fullmatch(line)] == []


STARS = "*\u2217\uff0a\ufe61\u2731\u066d\u22c6\u20f0\u2605\u2b51"


def as_seen(line: str) -> str:
    """As a person reads it, to whom one star is like another."""
    return re.sub(f"[{STARS}]", "*", line.rstrip(BLANKS))


texts = st.text(st.sampled_from(BLANKS + STARS + "#41 delivered\n/me"), max_size=30)
actions = st.builds("{}{}{}{}".format, st.sampled_from(["#41 ", "joined ", ""]), st.sampled_from(STARS), texts, texts)
names = st.sampled_from(["bob", "delivered", "hello", "error", "goodbye"])


@given(texts | actions, st.sampled_from(["lobby", "tea", "@ann+bob"]), names, st.booleans())
@example("#41 * ", "lobby", "delivered", True)
@example("#41 *\u3164", "lobby", "delivered", True)
@example("#41 *\u2800", "lobby", "delivered", True)
@example("*\u0301", "lobby", "error", True)
@example("joined *\nfor ever", "lobby", "bob", True)
@example("client \uff0a", "lobby", "hello", True)
@example("client \u20f0", "lobby", "hello", True)
def test_no_text_has_it(text: str, room: str, name: str, action: bool) -> None:
    """Neither live, nor in history, nor among results, with times or without, nor in the operator's log."""
    said = f"/me {text}" if action else text
    assume(said)  # nobody can say nothing: it stands for a text that was deleted
    run = Run(room, 1, time.time(), name, "blue", [said], "", 1)
    for encoder in (PLAIN, PLAIN_TIMED, ConsoleEncoder()):
        history = encoder.pages({"type": "history", "room": "@ann+bob", "gap": False}, "messages", list(run.messages()))
        results = encoder.pages({"type": "results", "text": "x"}, "messages", list(run.messages()))
        for line in unpainted((encoder.live([run]) + history + results).decode()).split("\n"):
            assert not NOTICE.fullmatch(as_seen(timeless(line))), line


@given(texts | actions, names, st.sampled_from(["classic", "short"]), st.booleans())
def test_in_the_client_only_messages_begin_with_a_time(text: str, name: str, style: str, action: bool) -> None:
    """Further lines of a message are indented, and notices have no time: so none passes for the other."""
    view = View(style)
    said = message(1, f"/me {text}" if action else text, sender=name)
    first, *further = unpainted(view.message(said)).split("\n")
    assert re.match(r"\d\d:\d\d ", first)
    assert all(line.startswith("    ") for line in further)
    moved = {"room": "lobby", "joined": ["a"], "left": ["b"], "renamed": [["c", "d"]], "members": 2}
    notices = [*view.presence(moved), view.notice({"text": "kicked"}), view.turn("tea"), view.unread(3, "lobby")]
    assert not any(re.match(r"[\d\s]", unpainted(notice)) for notice in notices)


@given(st.text(st.sampled_from("x" * 9 + BLANKS + "*"), max_size=90), st.integers(20, 40))
@example("x" * 28 + "\u2800*\u2800bob\u2800joined", 30)
@example("x" * 28 + "\u3164*\u3164bob\u3164joined", 30)
def test_a_row_of_a_terminal_that_is_not_indented_holds_one_word_at_most(text: str, columns: int) -> None:
    """So no text, however it is padded, starts a row that reads like a line of its own."""
    for row in wrap(unpainted(View().message(message(1, text))), columns)[1:]:
        assert row.startswith("  ")
        assert height(row, columns) == 1 or not any(blank in row.strip() for blank in " \u2800\u3164\u115f\uffa0")


def test_a_form_without_the_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check above can fail."""
    monkeypatch.setattr("chat_common._unlike_a_notice", lambda body: body)
    line = PLAIN.live([Run("lobby", 1, 0.0, "delivered", "blue", ["/me #41 * "], "", 1)]).decode().rstrip("\n")
    assert NOTICE.fullmatch(as_seen(line))


@pytest.mark.parametrize(
    "blank",
    [*BLANKS, BLANKS, "", "/me ", "/me \u3164", "\U000e0100", "\U0001d159", "\u180b", "\u2028", "\U000e0001", "\u202e"],
)
def test_what_nobody_can_see_is_empty(blank: str) -> None:
    """It is refused like an empty text."""
    refusal = text_refusal(blank)
    assert refusal is not None
    assert refusal.code == "empty_text"


@pytest.mark.parametrize("text", ["x", "\u3164x", "。", "👍", "\U0001fae8", "\ufffd", "\u0915\u094d\u200d"])
def test_what_somebody_can_see_is_not(text: str) -> None:
    """Also emoji that are younger than this Python."""
    assert not is_blank(text)
    assert text_refusal(text) is None


@pytest.mark.parametrize("word", sorted(RESERVED_WORDS))
def test_nobody_new_bears_a_word_of_the_server(serve: Serve, word: str) -> None:
    """In any case. Whoever has claimed it before keeps it."""
    store = MemoryLog()
    chat = serve(store=store)
    assert chat.native("alice").ask("nick", name=word.title())[-1]["code"] == "bad_name"
    newcomer = chat.native()
    newcomer.send("hello", protocol=1, name=word, session="s" * 20)
    assert newcomer.until("error")["code"] == "bad_name"


def test_whoever_has_such_a_name_keeps_it(serve: Serve) -> None:
    """Names that were claimed before the words were reserved."""
    store = MemoryLog()
    store.claim("all", hashed(TOKEN))
    owner: Native = serve(store=store).native("all", token=TOKEN)
    assert owner.tell("still me")["from"] == "all"


@pytest.mark.parametrize("blank", [" ", "\u2800", "\u3164", " \u2800", " \u034f", "\u3164\ufe0f", " \u0301\u034f"])
def test_a_terminal_cannot_be_padded(blank: str) -> None:
    """A long run of blanks would let a terminal begin its next row with whatever stands behind it."""
    text = f"hi{blank * 80} * delivered #41 *"
    assert without_padding(harmless(text)) == "hi    * delivered #41 *"
    assert without_padding("a b  c    d") == "a b  c    d"
    assert without_padding("a 中 文 字 é è ê") == "a 中 文 字 é è ê"
    assert b"hi    * delivered" in PLAIN.live([Run("lobby", 1, 0.0, "bob", "blue", [text], "", 1)])


def test_an_away_note_cannot_be_padded(serve: Serve) -> None:
    """It stands in lines of the server: in the list of people, and where somebody writes to who is away."""
    chat = serve()
    note = f"lunch){' ' * 80}* server: your password, please *"
    plain, alice = chat.plain("/who"), chat.native("alice")
    assert alice.ask("away", text=note) == []
    plain.send_bytes(b"/who\n/msg alice hi\n")
    plain.until("lunch)    * server")
    plain.until("is away: lunch)    * server")
    people = [{"name": "alice", "color": "red", "away": note}]
    assert "lunch)    * server" in unpainted(View().who(people, "lobby"))


def test_times_are_shown_on_demand(serve: Serve) -> None:
    """On the plain door, live and in what was said before; without the command the form is the one programs read."""
    chat = serve()
    plain, alice = chat.plain("/times maybe"), chat.native("alice")
    plain.until("usage: /times on|off")
    alice.tell("first")
    plain.until("alice said -> first")
    plain.say("/times on")
    plain.until("* times are on *")
    alice.tell("second")
    assert re.fullmatch(r"\d\d:\d\d \[COLOR \(\w+\)\] alice said -> second", plain.until("second"))
    plain.say("/history 1")
    assert re.fullmatch(r"\d\d:\d\d \[COLOR \(\w+\)\] alice said -> second", plain.until("second"))
    plain.say("/times off")
    plain.until("* times are off *")
    alice.tell("third")
    assert plain.until("third").startswith("[COLOR")


def test_the_date_stands_before_what_is_older() -> None:
    """A time alone would be taken for today's."""
    line = PLAIN_TIMED.live([Run("lobby", 1, 1_700_000_000.0, "bob", "blue", ["hi"], "", 1)]).decode()
    assert line.startswith("2023-11-1")


def test_a_pipe_and_a_dumb_terminal_cannot_be_padded_either() -> None:
    """Nobody knows where their rows end. A screen that breaks its rows itself shows every blank."""
    view, said = View(), message(1, f"hi{' ' * 80}* bob left (2 here)")
    assert unpainted(view.message(said)).endswith("said -> hi    * bob left (2 here)")
    view.timed = True
    assert " " * 80 in view.message(said)


def test_a_new_day_has_a_line_in_the_operators_log() -> None:
    """Before the first line of that day, once: a time without a date is always of the day above it."""
    written: list[str] = []
    screen = Screen(written.append)
    screen.show("a\n")
    with mock.patch(
        "server_parts.operator.screen.time.localtime", return_value=time.struct_time((2031, 2, 3, 0, 0, 1, 0, 34, 0))
    ):
        screen.show("b\n")
        screen.show("c\n")
    screen.close()
    assert unpainted("".join(written)) == "a\n── Monday 03 February 2031 ──\nb\nc\n"
