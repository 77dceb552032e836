"""Messages that speak of others, in lines for a person: quotes, what was done to a message, and what is told instead.

Every string from outside is made harmless here. It must not know sockets, threads or the terminal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chat_common import Frame, harmless_line, without_padding
from terminal_parts.width import cut

_LONGEST_QUOTE: Final = 60  # columns
_LONGEST_REACTION: Final = 16
_MOST_REACTIONS: Final = 8  # kinds of them
_TAKES_BACK: Final = "/me "


def quote(target: Frame | None, id: int, *, is_hidden: bool = False) -> str:
    """The message that another one answers, in short; only its number, if it is not here or not to be seen."""
    if target is None or is_hidden:
        return f"[{id}]"
    said = "(deleted)" if target.get("deleted") else target["text"].removeprefix("/me ")
    return cut(_in_a_line(f"{target['from']}: {said}"), _LONGEST_QUOTE)


def facts(message: Frame, is_heard: Callable[[str], bool]) -> str:
    """What was done to a message: whether it was edited, and how many people have reacted with what."""
    if message.get("deleted"):
        return ""
    edited = ["(edited)"] if message.get("edited") is not None else []
    counts = [
        f"{short_reaction(text)} {number}"
        for text, names in (message.get("reactions") or {}).items()
        if (number := len(list(filter(is_heard, names))))
    ]
    more = len(counts) - _MOST_REACTIONS
    shown = [*counts[:_MOST_REACTIONS], *([f"+{more}"] if more > 0 else [])]
    return " ".join([*edited, *([f"[{' · '.join(shown)}]"] if shown else [])])


def short_reaction(text: str) -> str:
    return cut(_in_a_line(text), _LONGEST_REACTION)


def deed(entry: Frame, kind: str, id: int, target: str) -> str:
    """What an entry has done, as a line of its own; nothing, if it has done nothing. `target` is a quote."""
    who, text = harmless_line(entry["from"]), entry["text"]
    if kind == "edit":
        return f"{who} corrected [{id}]: {_in_a_line(text)}" if text and not entry.get("deleted") else ""
    if kind == "delete":
        return f"{who or 'the operator'} deleted message [{id}]"
    where = f"[{id}]" if target == f"[{id}]" else f"[{id}] ({target})"
    if text.startswith(_TAKES_BACK):
        return f"{who} took back a reaction to {where}"
    return f"{who} reacted to {where}: {short_reaction(text)}" if text else ""


def _in_a_line(text: str) -> str:
    return without_padding(harmless_line(text))
