"""Which colours mean what. Every painted line of the client takes its colours from the theme.

It must not know frames or the terminal. Names are termcolor's, so 16 colours are enough, and none will do.
"""

from __future__ import annotations

from dataclasses import dataclass

from chat_common import paint


@dataclass(frozen=True, slots=True)
class Theme:
    """A colour, or None for the terminal's own, for each kind of line."""

    good: str | None
    bad: str | None
    lost: str | None
    heard: str | None  # what others say
    place: str | None  # the name of another room
    mention: str | None
    attributes: tuple[str, ...] = ()  # a second sign beside the colour, for who cannot tell colours apart


THEMES = {
    "dark": Theme("green", "red", "yellow", "cyan", "yellow", "light_yellow"),
    "light": Theme("green", "red", "magenta", None, "magenta", "red"),
    # Blue and yellow are told apart by nearly everybody, red and green are not; and weight says it once more.
    "safe": Theme("blue", "yellow", "yellow", None, "blue", "yellow", ("bold",)),
}


class Palette:
    """Paints by meaning, in a theme that may change."""

    def __init__(self, theme: str = "dark") -> None:
        self.name = theme
        self._theme = THEMES[theme]

    def use(self, theme: str) -> None:
        self.name, self._theme = theme, THEMES[theme]

    def good(self, text: str) -> str:
        return paint(text, self._theme.good)

    def bad(self, text: str) -> str:
        return paint(text, self._theme.bad, *self._theme.attributes)

    def lost(self, text: str) -> str:
        return paint(text, self._theme.lost, *self._theme.attributes)

    def heard(self, text: str) -> str:
        return paint(text, self._theme.heard) if self._theme.heard else text

    def place(self, text: str) -> str:
        return paint(text, self._theme.place)

    def mention(self, text: str) -> str:
        return paint(text, self._theme.mention, "bold", "reverse")

    def aside(self, text: str) -> str:
        """What may be overlooked."""
        return paint(text, None, "dark")
