"""What `/password` asks for, and that nothing of it can be seen in the order that comes of it."""

from __future__ import annotations

import pytest

from client_parts.input.commands import Intent, Mistake, Order, obey, understand
from client_parts.input.questions import LEFT, answered, asks, may_ask
from tests.client.input.recorder import Recorder

OLD, NEW = "old and good", "new and better"


def asked(line: str, *answers: str | None, has_one: bool | None = None) -> tuple[Intent, list[str]]:
    """What becomes of a line, and what was asked for it."""
    order, waiting, questions = understand(line), list(answers), []
    assert asks(order)

    def ask(question: str) -> str | None:
        questions.append(question)
        return waiting.pop(0)

    intent = answered(order, ask, has_one)
    assert not waiting
    return intent, questions


def calls(intent: Intent) -> list[tuple[object, ...]]:
    recorder = Recorder()
    assert isinstance(intent, Order)
    obey(intent, recorder)
    return recorder.calls


def test_a_new_password_is_asked_for_twice() -> None:
    """After the present one, of which there may be none if nobody knows."""
    intent, questions = asked("/password", OLD, NEW, NEW)
    assert questions == ["Current password, if any", "New password (at least 8)", "New password again"]
    assert calls(intent) == [("change_password", OLD, NEW)]
    assert calls(asked("/password", "", NEW, NEW)[0]) == [("change_password", "", NEW)]


def test_what_is_known_is_not_asked() -> None:
    """Nobody is asked for a password that they do not have."""
    intent, questions = asked("/password", NEW, NEW, has_one=False)
    assert questions == ["New password (at least 8)", "New password again"]
    assert calls(intent) == [("change_password", "", NEW)]
    assert calls(asked("/password", "", NEW, NEW, has_one=False)[0]) == [("change_password", "", NEW)]
    assert asked("/password", "", "", has_one=False)[0] == Mistake(
        "That password is too short: 0 < 8 characters; nothing was changed."
    )
    assert asked("/password", OLD, NEW, NEW, has_one=True)[1][0] == "Current password"
    assert asked("/password off", has_one=False) == (Mistake("There is no password to remove."), [])


def test_a_password_is_taken_away_with_itself() -> None:
    """Nobody else at the keyboard can do it."""
    intent, questions = asked("/password off", OLD)
    assert questions == ["Current password"]
    assert calls(intent) == [("change_password", OLD, None)]


@pytest.mark.parametrize(
    ("line", "answers", "sentence"),
    [
        ("/password", (None,), "Nothing was changed."),
        ("/password", (OLD, None), "Nothing was changed."),
        ("/password", (OLD, NEW, None), "Nothing was changed."),
        ("/password", (OLD, NEW, NEW + "x"), "The two passwords differ; nothing was changed."),
        ("/password", (OLD, "short"), "That password is too short: 5 < 8 characters; nothing was changed."),
        ("/password", (OLD, "x" * 257), "That password is too long: 257 > 256 characters; nothing was changed."),
        ("/password off", (None,), "Nothing was changed."),
        ("/password off", ("",), "No password was typed; nothing was changed."),
    ],
)
def test_whoever_does_not_go_on_changes_nothing(line: str, answers: tuple[str | None, ...], sentence: str) -> None:
    """One sentence says so; it never repeats what was typed."""
    intent = asked(line, *answers)[0]
    assert intent == Mistake(sentence)
    assert (intent is LEFT) == (answers[-1] is None), "what else is refused may be followed by a secret"


def test_no_order_shows_its_secrets() -> None:
    """Not even where a fault prints it."""
    intent, _ = asked("/password", OLD, NEW, NEW)
    assert OLD not in repr(intent)
    assert NEW not in repr(intent)


def test_a_slip_in_the_command_is_seen() -> None:
    """What is typed behind it may be a password; behind other lines it is not."""
    assert [may_ask(line) for line in ("/passwd", "/Pass", "/pasword now")] == [True] * 3
    assert [may_ask(line) for line in ("/dance", "passwd", "/", "/part")] == [False] * 4


def test_only_passwords_are_asked_for() -> None:
    """Other lines go their way, and a password on the line is refused before anything is asked."""
    assert not asks(understand("/whoami"))
    assert not asks(understand("password"))
    intent, questions = asked("/password hunter2hunter2")
    assert questions == []
    assert calls(intent)[0][0] == "tell"
