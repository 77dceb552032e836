"""Texts that speak of other messages, at the plain door: lines that make them, and lines that they become. Pure.

What they do is written where no text can stand: before the form of a message, or between the stars of the server's own
lines. So no text can pass for an answer or for a correction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from chat_common import LOBBY, harmless_line, partners, without_padding
from server_parts.protocol.changes import change_in, is_change, text_of, words
from server_parts.protocol.entries import LAST_OWN, problem_of, said
from server_parts.protocol.requests import Say
from server_parts.storage.amending import reaction_of
from server_parts.storage.records import DELETE, EDIT, REACT, REPLY, About, Fate, Message

QUOTED: Final = 40  # characters of a message that is answered
NAMED: Final = 5  # people who reacted alike; of more, only the number is told
_BRACKETS: Final = str.maketrans("()", "[]")  # of a quotation, which stands in round ones


# --- Lines that are typed ---------------------------------------------------------------------------------------


class Row(NamedTuple):
    usage: str
    help: str
    make: Callable[[str, str], Say | None]  # of a room and what follows the word; None: it is not written so


def _say(room: str, about: About, text: str) -> Say:
    return Say(room, [said(about, text)], 0, problem_of(about, text), about)


def _numbered(rest: str) -> tuple[int | None, str]:
    """The number that a line begins with, and what follows."""
    word, _, text = rest.partition(" ")
    digits = word.removeprefix("#")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= 15 and int(digits) > 0
    return (int(digits), text.strip()) if is_number else (None, rest)


def _with_number(kind: str, *, needs_text: bool) -> Callable[[str, str], Say | None]:
    def make(room: str, rest: str) -> Say | None:
        id, text = _numbered(rest)
        return None if id is None or (needs_text and not text) else _say(room, About(kind, id), text)

    return make


def _edit(room: str, rest: str) -> Say | None:
    """Without a number, the last message of one's own is meant; a number alone is a text."""
    id, text = _numbered(rest)
    if id is None or not text:
        id, text = LAST_OWN, rest
    return _say(room, About(EDIT, id), text) if text else None


ROWS: Final = (
    Row("/re ID TEXT", "answer a message", _with_number(REPLY, needs_text=True)),
    Row("/edit [ID] TEXT", "correct your last message, or the one with that number", _edit),
    Row("/delete ID", "delete a message of your own", _with_number(DELETE, needs_text=False)),
    Row("/react ID [TEXT]", "react with a sign; without one, take that back", _with_number(REACT, needs_text=False)),
)


# --- Lines that are shown ---------------------------------------------------------------------------------------


def quotation(message: Message) -> str:
    """The author and the first words of a message."""
    text = harmless_line(text_of(message).removeprefix("/me ")[: 2 * QUOTED])
    words = without_padding(text).strip()
    cut = f"{words[:QUOTED].rstrip()}\u2026" if len(words) > QUOTED else words
    return f"{harmless_line(message.sender)}: {cut.translate(_BRACKETS)}"


def before(message: Message) -> str:
    """What stands before a message: whom it answers, that it corrects another one, or that it was corrected."""
    about = message.about
    edited = "(edited) " if message.fate is not None and message.fate.edited is not None else ""
    if about is None:
        return edited
    what = f"correcting #{about.id}" if about.kind == EDIT else f"to #{about.id}{_with(about.quoted)}"
    return f"({what}) {edited}"


def deed(message: Message) -> str:
    """What somebody did to another message or to the room, without its stars; nothing, if that is void or a text."""
    about = message.about
    if about is None or not message.text:
        return ""
    if is_change(message):
        return f"{message.sender} {words(change_in(message), '' if message.room == LOBBY else f'#{message.room}')}"
    place = f"#{about.id}{_place(message.room)}"
    if about.kind == DELETE:
        return f"{message.sender} deleted message {place}"
    if about.kind != REACT:
        return ""
    if reaction := reaction_of(message.text):
        quoted = f" ({about.quoted})" if about.quoted else ""
        return f"{message.sender} reacted to {place}{quoted}: {reaction}"
    return f"{message.sender} took back the reaction to {place}"


def is_void(message: Message) -> bool:
    """Whether it was to change another message, and does not any more: there is nothing to be shown."""
    return not message.text and message.about is not None and message.about.kind in (EDIT, REACT)


def reactions(id: int, fate: Fate | None) -> str:
    """Who has reacted to a message, without its stars."""
    if fate is None or not fate.reactions:
        return ""
    names: dict[str, list[str]] = {}
    for name, reaction in fate.reactions:
        names.setdefault(reaction, []).append(name)
    return f"reactions to #{id}: {'; '.join(_counted(names.items()))}"


def _counted(names: Iterable[tuple[str, list[str]]]) -> Iterable[str]:
    return (f"{what} {', '.join(who) if len(who) <= NAMED else len(who)}" for what, who in names)


def _with(quoted: str) -> str:
    return f" {quoted}" if quoted else ""


def _place(room: str) -> str:
    return "" if room == LOBBY else " (private)" if partners(room) else f" in #{room}"
