"""From the bytes of a keyboard to keys: a run of text, a control character or an escape sequence at a time.

Pure: bytes in, keys out, wherever the bytes are cut. It must not know what a key does.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

_PASTE, _PASTED = "\x1b[200~", "\x1b[201~"
_TEXT = re.compile(r"[^\x00-\x1f\x7f]+")
# Also ESC [ [ A, as the console of a machine says F1, and a doubled ESC, as some terminals say Alt.
_SEQUENCE = re.compile(r"\x1b+(\[\[.|\[[0-?]*[ -/]*[@-Z\\-~]|O.|[^\x1b\[O])", re.DOTALL)
_BEGUN = re.compile(r"\x1b+(\[\[?[0-?]*[ -/]*|O)?")


class Key(NamedTuple):
    """Text that was typed or pasted; or a key's code, with what made it alike on all terminals taken out."""

    code: str
    text: str = ""


class KeyDecoder:
    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""  # a sequence or a paste that has begun

    def feed(self, data: bytes) -> list[Key]:
        text = self._rest + self._decoder.decode(data)
        keys: list[Key] = []
        start = 0
        while start < len(text):
            key, end = _key_at(text, start)
            if key is None:
                break
            keys.append(key)
            start = end
        self._rest = text[start:]
        return keys


def _key_at(text: str, start: int) -> tuple[Key | None, int]:
    """The key that begins there and where it ends; None if its end is still to come."""
    if found := _TEXT.match(text, start):
        return Key("", found[0]), found.end()
    if text.startswith(_PASTE, start):
        end = text.find(_PASTED, start)
        pasted = text[start + len(_PASTE) : end].replace("\r\n", "\n").replace("\r", "\n")
        return (None, start) if end < 0 else (Key("", pasted), end + len(_PASTED))
    if text[start] != "\x1b":
        return Key(text[start]), start + 1
    if found := _SEQUENCE.match(text, start):
        code = "\x1b" + found[1]
        return Key(code.replace("\x1bO", "\x1b[", 1)), found.end()
    if _BEGUN.fullmatch(text, start):
        return None, start
    return Key("\x1b"), start + 1
