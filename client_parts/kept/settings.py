"""What this person chose, also in earlier runs: colours, when to ring, who comes and goes.

It must not know what a choice does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chat_common import COLORS
from client_parts.kept import json_file
from terminal_parts.theme import THEMES, first_theme

BELLS = ("on", "mentions", "off")


JOINS = ("all", "smart", "off")


_MOST_COLORS = 20  # names whose colour is kept
CHOICES = {"theme": THEMES, "bell": BELLS, "joins": JOINS}


class Settings:
    """One value for each of `CHOICES`. Without a path, for one run only."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._values = {"theme": first_theme(), "bell": "mentions", "joins": "smart"}
        for name, value in (json_file.load(path) if path else {}).items():
            if value in CHOICES.get(name, ()):
                self._values[name] = value

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def choose(self, name: str, value: str) -> bool:
        """Choose that for this run. Returns whether it is kept for the next."""
        self._values[name] = value
        # Another client may have changed another setting meanwhile.
        return self._path is not None and json_file.update(self._path, lambda kept: {**kept, name: value})

    def color_of(self, name: str) -> str | None:
        """What was chosen for that name: colours tell names apart, so each has its own."""
        color = _colors(json_file.load(self._path)).get(name.lower()) if self._path else None
        return color if color in COLORS else None

    def choose_color(self, name: str, color: str) -> bool:
        """Choose that for this run. Returns whether it is kept for the next."""

        def with_it(kept: dict[str, Any]) -> dict[str, Any]:
            others = {known: color for known, color in _colors(kept).items() if known != name.lower()}
            return {**kept, "colors": dict([*others.items(), (name.lower(), color)][-_MOST_COLORS:])}

        return self._path is not None and json_file.update(self._path, with_it)


def _colors(kept: dict[str, Any]) -> dict[str, Any]:
    colors = kept.get("colors")
    return colors if isinstance(colors, dict) else {}
