"""How a sentence of the server begins here: with a capital letter, unless it begins with somebody's name, or a room's.

Servers do not say which word is a name; so only words with which their sentences are known to begin get one. Pure.
"""

from __future__ import annotations

from typing import Final

OPENERS: Final = frozenset(
    (
        *(
            "a",
            "after",
            "an",
            "at",
            "browsers",
            "choose",
            "codes",
            "everybody",
            "for",
            "goodbye",
            "hello",
            "if",
            "it",
            "line",
            "log",
            "message",
            "new",
            "no",
            "nobody",
        ),
        *(
            "nothing",
            "only",
            "passwords",
            "people",
            "please",
            "repeat",
            "say",
            "somebody",
            "start",
            "thank",
            "that",
            "the",
            "there",
        ),
        *("they", "this", "too", "until", "usage", "use", "wait", "what", "who", "you", "your"),
    )
)


def capitalised(text: str) -> str:
    is_name = text.partition(" ")[0].rstrip(",:;") not in OPENERS
    return text if is_name else text[:1].upper() + text[1:]
