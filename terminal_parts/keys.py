"""From the bytes of a keyboard to keys: a run of text, a control character or an escape sequence at a time.

Pure: bytes in, keys out, wherever the bytes are cut. It must not know what a key does, nor the clock: it says how long
something that has begun is worth waiting for, and is told when that was in vain.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

from terminal_parts.dialects import ALT_ENTER, plain

NEW_LINE: Final = ("\n", ALT_ENTER, "\x1b\n")  # Ctrl+J, and Alt+Enter as terminals send it
KEY_PATIENCE: Final = 0.05  # seconds: then Esc was the key itself, and not the beginning of another
PASTE_PATIENCE: Final = 1.0  # seconds without a byte: then the end of the paste, or of an answer, was lost
MOST_GATHERED: Final = 65_536  # characters of a paste that are handed over at once
_LONGEST_SEQUENCE = 64
_CTRL_C = b"\x03"
_PASTE, _PASTED = "\x1b[200~", "\x1b[201~"
_TEXT = re.compile(r"[^\x00-\x1f\x7f]+")
# Also ESC [ [ A, as the console of a machine says F1, and a doubled ESC, as some terminals say Alt.
_SEQUENCE = re.compile(r"\x1b+(\[\[.|\[[0-?]*[ -/]*[@-Z\\-~]|O.|[^\x1b\[O])", re.DOTALL)
_BEGUN = re.compile(r"\x1b+(\[\[?[0-?]*[ -/]*|O)?")
# What a terminal answers to a question about it. Alt and ] alone begin alike.
_ANSWER = re.compile(r"(\x1b\]\d{1,4};[^\x07\x1b]*)(?:\x07|\x1b\\)")
_ANSWER_BEGUN = re.compile(r"\x1b\](\d{1,4}(;[^\x07\x1b]*\x1b?)?)?")


class Key(NamedTuple):
    """Text that was typed or pasted; or a key's code, with what made it alike on all terminals taken out."""

    code: str
    text: str = ""


class KeyDecoder:
    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = ""  # a sequence whose end is still to come
        self._paste: str | None = None  # what has come of a paste, and was not handed over

    @property
    def patience(self) -> float | None:
        """After so many seconds without a byte, `give_up`. None if nothing has begun."""
        if self._paste is not None or (self._begun.startswith("\x1b]") and len(self._begun) > 2):
            return PASTE_PATIENCE
        return KEY_PATIENCE if self._begun else None

    def feed(self, data: bytes) -> list[Key]:
        # By itself it was pressed: terminals take it out of what is pasted. It must always help.
        keys = self.give_up() if data == _CTRL_C else []
        text, self._begun = self._begun + self._decoder.decode(data), ""
        start = 0
        while start < len(text):
            if self._paste is not None:
                text, start = self._fed_paste(text[start:], keys), 0
            elif text.startswith(_PASTE, start):
                self._paste = ""
                start += len(_PASTE)
            else:
                key, end = _key_at(text, start)
                if key is None:
                    self._begun = text[start:]
                    break
                keys.append(key)
                start = end
        return keys

    def give_up(self) -> list[Key]:
        """What has begun, as it is: nothing more will come."""
        begun, paste = self._begun, self._paste
        self._begun, self._paste = "", None
        if paste is not None:
            return [_pasted(paste)]
        return [Key("\x1b" + begun.lstrip("\x1b"))] if begun else []

    def _fed_paste(self, text: str, keys: list[Key]) -> str:
        """Add to the paste, and to the keys what is due of it. What comes after the paste is left."""
        paste, end, after = f"{self._paste}{text}".partition(_PASTED)
        if end:
            self._paste = None
            keys.append(_pasted(paste))
        elif len(paste) < MOST_GATHERED:
            self._paste = paste
        else:
            # Back stays what may be the beginning of its end, and lines' ends, which may be the last.
            due = paste[: -len(_PASTED)].rstrip("\r\n") or paste[: -len(_PASTED)]
            self._paste = paste[len(due) :]
            keys.append(Key("", _with_newlines(due)))
        return after


def _pasted(text: str) -> Key:
    """The last of a paste: a copied line brings its end along, which nobody means."""
    return Key("", _with_newlines(text).rstrip("\n"))


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _key_at(text: str, start: int) -> tuple[Key | None, int]:
    """The key that begins there and where it ends; None if its end is still to come."""
    if found := _TEXT.match(text, start):
        return Key("", found[0]), found.end()
    if text[start] != "\x1b":
        return Key(text[start]), start + 1
    if found := _ANSWER.match(text, start):
        return Key(found[1]), found.end()
    if len(text) - start <= _LONGEST_SEQUENCE and _ANSWER_BEGUN.fullmatch(text, start):
        return None, start
    if found := _SEQUENCE.match(text, start):
        code = "\x1b" + found[1]
        return Key(*(plain(code) or (code.replace("\x1bO", "\x1b[", 1),))), found.end()
    if len(text) - start <= _LONGEST_SEQUENCE and _BEGUN.fullmatch(text, start):
        return None, start
    return Key("\x1b"), start + 1
