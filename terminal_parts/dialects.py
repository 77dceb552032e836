"""Keys as newer terminals may spell them, in the spelling that all terminals share. Pure.

kitty's protocol writes `ESC [ code ; modifiers u`, and xterm's modifyOtherKeys `ESC [ 27 ; modifiers ; code ~`. No
program here asks for either, but a terminal or a multiplexer may be set to use it for every program.
"""

from __future__ import annotations

import re
from typing import Final

ALT_ENTER: Final = "\x1b\r"
_KITTY: Final = re.compile(r"\x1b\[(\d{1,7})(?::\d*)*(?:;(\d{0,4})(?::(\d))?)?(?:;[\d:]*)?u")
_XTERM: Final = re.compile(r"\x1b\[27;(\d{1,4});(\d{1,7})~")
_SHIFT, _ALT, _CTRL, _LOCKS = 1, 2, 4, 0b1100_0000
_RELEASED: Final = "3"
_ENTER, _BACKSPACE = 13, 127
_CONTROLS: Final = (9, _ENTER, 27, _BACKSPACE)
_OTHER_CONTROLS: Final = {"/": "\x1f", "-": "\x1f", "7": "\x1f", " ": "\x00", "\x7f": "\x08"}
_FUNCTIONAL: Final = range(0xE000, 0xF900)  # keys without a sign of their own
_LAST: Final = 0x110000


def plain(sequence: str) -> tuple[str, str] | None:
    """The code and the text of that key as other terminals send it; None if it is spelled so already, or unknown."""
    if (found := _XTERM.fullmatch(sequence)) is not None:
        return _key(int(found[2]), int(found[1]) - 1)
    if (found := _KITTY.fullmatch(sequence)) is not None and found[3] != _RELEASED:
        return _key(int(found[1]), int(found[2] or 1) - 1)
    return None


def _key(number: int, modifiers: int) -> tuple[str, str] | None:
    modifiers &= ~_LOCKS
    if modifiers not in range((_SHIFT | _ALT | _CTRL) + 1) or number in _FUNCTIONAL or not 9 <= number < _LAST:
        return None
    if number in _CONTROLS:
        return _control_key(number, modifiers)
    sign = chr(number)
    if modifiers & _CTRL:
        code = _with_ctrl(sign)
        return None if code is None else ("\x1b" * bool(modifiers & _ALT) + code, "")
    if not sign.isprintable() or 0xD800 <= number < 0xE000:
        return None
    sign = sign.upper() if modifiers & _SHIFT else sign
    return (f"\x1b{sign}", "") if modifiers & _ALT else ("", sign)


def _control_key(number: int, modifiers: int) -> tuple[str, str] | None:
    if number == _ENTER and modifiers:
        return ALT_ENTER, ""
    if modifiers in (0, _ALT):
        return "\x1b" * bool(modifiers) + chr(number), ""
    return (chr(number), "") if number == _BACKSPACE else None


def _with_ctrl(sign: str) -> str | None:
    if sign in _OTHER_CONTROLS:
        return _OTHER_CONTROLS[sign]
    return chr(ord(sign) & 0x1F) if "@" <= sign.upper() <= "_" else None
