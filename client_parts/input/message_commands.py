"""The commands that speak of other messages: answer, correct, delete, react.

A pipe has none of them: what a program passes on may come from anybody, and must not change what was said.
It must not know sockets, frames or screens.
"""

from __future__ import annotations

from client_parts.input.command import Actions, BadUsage, Command, first_word, needed, nothing_more, whole_number
from terminal_parts.emoji import UnknownEmoji, emoji

_A_NUMBER = "the number of a message"


def _number(word: str) -> int | None:
    """The number in a word like `12`, `[12]` or `#12`, if it is one."""
    bare = word.strip("[]").lstrip("#")
    return whole_number(bare, _A_NUMBER) if bare.isascii() and bare.isdigit() and len(bare) < 10 else None


def _re(actions: Actions, words: str) -> None:
    word, rest = first_word(needed(words))
    if (number := _number(word)) is not None and rest:
        actions.messages.answer(number, rest)
    else:
        actions.messages.answer_somebody(word.removeprefix("@") if rest else "", rest, words)


def _delete(actions: Actions, words: str) -> None:
    word, rest = first_word(words)
    nothing_more(rest)
    number = _number(word)
    if word and number is None:
        raise BadUsage(f'"{word}" is not {_A_NUMBER}')
    actions.messages.delete(number)


def _react(actions: Actions, words: str) -> None:
    word, rest = first_word(words)
    number = _number(word)
    written = words.strip() if number is None else rest
    try:
        actions.messages.react(number, emoji(written))
    except UnknownEmoji as problem:
        actions.tell(str(problem))


MESSAGE_COMMANDS: tuple[Command, ...] = (
    Command("re", (), "/re [N|NAME] TEXT", "Answer message N, or the last one (of NAME); it is quoted.", _re),
    Command(
        "edit",
        (),
        "/edit [TEXT]",
        "Correct your last message here: to TEXT, or in the input (as Up on an empty line does).",
        lambda a, w: a.messages.edit(w),
    ),
    Command("delete", (), "/delete [N]", "Delete your last message here, or message N; moderators anybody's.", _delete),
    Command(
        "react",
        (),
        "/react [N] [EMOJI]",
        "React to message N, or the last one, with :+1: or another emoji; without one: take yours back.",
        _react,
    ),
)
