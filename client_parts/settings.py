"""What this person chose, also in earlier runs: colours, when to ring, who comes and goes.

It must not know what a choice does.
"""

from __future__ import annotations

from pathlib import Path

from client_parts import keepsake
from client_parts.attention import BELLS, JOINS
from client_parts.theme import THEMES, first_theme

CHOICES = {"theme": THEMES, "bell": BELLS, "joins": JOINS}


class Settings:
    """One value for each of `CHOICES`. Without a path, for one run only."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._values = {"theme": first_theme(), "bell": "mentions", "joins": "smart"}
        for name, value in (keepsake.load(path) if path else {}).items():
            if value in CHOICES.get(name, ()):
                self._values[name] = value

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def choose(self, name: str, value: str) -> bool:
        """Whether the next run will know it too."""
        self._values[name] = value
        # Read again: another client may have changed another setting meanwhile.
        return self._path is not None and keepsake.store(self._path, {**keepsake.load(self._path), name: value})
