"""How colours look to this person: on a dark or a light background, or to eyes that take red for green.

Everything is painted in the sixteen colours that have names. A theme puts others in their place on the way to the
terminal, where they could not be read or told apart; so what is on the screen can be drawn again in another theme.
It must not know what a colour means.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from termcolor import COLORS

THEMES = ("dark", "light", "safe")

_CODE = re.compile(r"\x1b\[(\d+)m")
_CODES = {**{name: str(code) for name, code in COLORS.items()}, "dim": "2"}

# For each colour that a theme changes: which of sixteen is shown, and which of 256 where the terminal has so many.
_Shades = dict[str, tuple[str, int | None]]
_DARK: _Shades = {"black": ("dark_grey", None), "grey": ("dark_grey", None), "blue": ("light_blue", None)}
_LIGHT: _Shades = {
    "green": ("blue", 28),
    "light_green": ("blue", 64),
    "cyan": ("light_blue", 30),
    "light_cyan": ("light_blue", 31),
    "yellow": ("magenta", 94),
    "light_yellow": ("magenta", 136),
    "light_grey": ("dark_grey", 243),
    "white": ("dark_grey", 243),
    "dim": ("dark_grey", 243),
}
# Blues and oranges, in tones that a dark and a light background bear.
_BLUE, _TEAL, _ORANGE, _OCHRE, _PURPLE, _GREY = (
    ("light_blue", 32),
    ("light_blue", 30),
    ("light_red", 166),
    ("light_red", 136),
    ("magenta", 133),
    ("dark_grey", 243),
)
_SAFE: _Shades = {
    **dict.fromkeys(("blue", "light_blue", "cyan", "light_cyan"), _BLUE),
    **dict.fromkeys(("green", "light_green"), _TEAL),
    **dict.fromkeys(("red", "light_red"), _ORANGE),
    **dict.fromkeys(("yellow", "light_yellow"), _OCHRE),
    **dict.fromkeys(("magenta", "light_magenta"), _PURPLE),
    **dict.fromkeys(("black", "grey", "dark_grey", "light_grey", "white", "dim"), _GREY),
}
_SHADES = dict(zip(THEMES, (_DARK, _LIGHT, _SAFE), strict=True))


class Theme:
    def __init__(self, shades: _Shades, *, fine: bool = False) -> None:
        """`fine`: the terminal has 256 colours."""
        self._codes = {
            _CODES[name]: f"38;5;{number}" if fine and number is not None else _CODES[shown]
            for name, (shown, number) in shades.items()
        }

    def apply(self, painted: str) -> str:
        """The same text in the colours of this theme. Apply it once: its own colours may be among those it changes."""
        return _CODE.sub(lambda code: f"\x1b[{self._codes.get(code[1], code[1])}m", painted)


AS_PAINTED = Theme({})


def theme_named(name: str, environment: Mapping[str, str] = os.environ) -> Theme:
    fine = "256color" in environment.get("TERM", "") or bool(environment.get("COLORTERM"))
    return Theme(_SHADES[name], fine=fine)


def first_theme(environment: Mapping[str, str] = os.environ) -> str:
    """Before anybody chose: what the terminal says about its background, if it says something."""
    background = environment.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if background in ("7", "9", "10", "11", "12", "13", "14", "15") else "dark"
