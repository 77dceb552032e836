"""The operator's commands that speak of other messages of the room that they talk in: answer, correct, react."""

from __future__ import annotations

from typing import Final

from chat_common import is_name
from server_parts.operator.command import BadUsage, Command, first_word, needed
from server_parts.operator.desk import Desk
from server_parts.protocol import plain_entries
from server_parts.protocol.requests import Say
from terminal_parts.emoji import UnknownEmoji, emoji

_MAKE: Final = {row.usage[1:].split()[0]: row.make for row in plain_entries.ROWS}


def is_number(word: str) -> bool:
    digits = word.strip("[]").removeprefix("#")
    return digits.isascii() and digits.isdigit() and len(digits) <= 15 and int(digits) > 0


def _made(desk: Desk, word: str, rest: str) -> Say:
    request = _MAKE[word](desk.room, rest)
    if request is None:
        raise BadUsage
    return request


def numbered(word: str) -> str:
    return word.strip("[]").removeprefix("#")


def _answer(desk: Desk, words: str) -> None:
    word, text = first_word(needed(words))
    if is_number(word) and text:
        desk.ask(_made(desk, "re", f"{numbered(word)} {text}"))
        return
    name = word.removeprefix("@")
    id = desk.chat.heard.last(desk.room, name) if text and is_name(name) else None
    if id is None:
        id, text = desk.chat.heard.last(desk.room), words.strip()
    if id is None:
        raise BadUsage(
            f"there is nothing to answer in #{desk.room} yet; /history shows numbers, and /re N TEXT takes one"
        )
    desk.ask(_made(desk, "re", f"{id} {text}"))


def _react(desk: Desk, words: str) -> None:
    word, rest = first_word(words)
    id: object = numbered(word) if is_number(word) else desk.chat.heard.last(desk.room)
    sign = rest if is_number(word) else words.strip()
    if id is None:
        raise BadUsage(
            f"there is nothing to react to in #{desk.room} yet; /react N EMOJI takes the number of a message"
        )
    try:
        desk.ask(_made(desk, "react", f"{id} {emoji(sign)}".strip()))
    except UnknownEmoji as problem:
        raise BadUsage(str(problem)) from problem


def _edit(desk: Desk, words: str) -> None:
    word, rest = first_word(needed(words))
    desk.ask(_made(desk, "edit", f"{numbered(word)} {rest}" if is_number(word) and rest else words))


MESSAGE_COMMANDS: Final = (
    Command("/re [N|NAME] TEXT", "answer message N, or the last one (of NAME)", _answer),
    Command("/edit [N] TEXT", "correct your last message, or your message N", _edit),
    Command("/react [N] [EMOJI]", "react to message N, or the last one; without EMOJI, take that back", _react),
)
