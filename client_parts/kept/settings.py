"""What this person chose, also in earlier runs: colours, when to ring, who comes and goes.

It must not know what a choice does.
"""

from __future__ import annotations

from pathlib import Path

from client_parts.kept.config_file import Config, change, read_config, take_over_older
from client_parts.kept.values import FIRST, KEYS, Saved, checked, written
from terminal_parts.theme import first_theme

_MOST_COLORS = 20  # names whose colour is kept


class Settings:
    """A value for each of `KEYS`. Without a path, for one run only."""

    def __init__(self, path: Path | None = None, *, style: str | None = None, usual_style: str = "classic") -> None:
        """`style` is the one of this run, if somebody asked for one; `usual_style` is that of those who chose none."""
        self.path = path
        self._first = {**dict.fromkeys(KEYS, ""), **FIRST, "theme": first_theme(), "style": usual_style}
        config = _read(path) if path else Config()
        self.complaints = [*([config.obstacle] if config.obstacle else []), *config.complaints]
        self._chosen = config.values
        self._for_this_run = {"style": style} if style else {}
        self.servers: dict[str, Saved] = config.servers

    def __getitem__(self, name: str) -> str:
        return self._for_this_run.get(name) or self._chosen.get(name) or self._first[name]

    def is_chosen(self, name: str) -> bool:
        """Whether somebody chose it, and it is not the value of those who did not."""
        return name in self._chosen or name in self._for_this_run

    def suppose_theme(self, name: str) -> bool:
        """The theme of those who chose none. Returns whether it holds."""
        self._first["theme"] = name
        return not self.is_chosen("theme")

    def choose(self, name: str, value: str) -> bool:
        """Choose that from now on. Returns whether it is kept for the next run. ValueError if there is none."""
        self._chosen[name] = value = checked(name, value)
        self._for_this_run.pop(name, None)
        return self._path_takes("", name, written(name, value))

    def take_back(self, name: str) -> bool:
        """Choose nothing from now on. Returns whether that is kept for the next run."""
        self._chosen.pop(name, None)
        self._for_this_run.pop(name, None)
        return self._path_takes("", name, None)

    def save_server(self, name: str, address: str) -> bool:
        """Give a server a short name. Returns whether that is kept for the next run."""
        self.servers[name] = (self.servers.get(name) or Saved(address))._replace(address=address)
        return self._path_takes(f"servers.{name}", "address", address)

    def _path_takes(self, table: str, key: str, value: str | int | None) -> bool:
        return self.path is not None and change(self.path, table, key, value)

    def color_of(self, name: str) -> str | None:
        """What was chosen for that name: colours tell names apart, so each has its own."""
        return _read(self.path).colors.get(name.lower()) if self.path else None

    def choose_color(self, name: str, color: str) -> bool:
        """Choose that for this run. Returns whether it is kept for the next."""
        if self.path is None:
            return False
        known = [other for other in _read(self.path).colors if other != name.lower()]
        for oldest in known[: max(0, len(known) - _MOST_COLORS + 1)]:
            change(self.path, "colors", oldest, None)
        return change(self.path, "colors", name.lower(), color)


def _read(path: Path) -> Config:
    older = take_over_older(path)
    config = read_config(path)
    if not config.values and not config.colors:  # where they cannot be moved, they hold all the same
        config.values = older.values
        config.colors = older.colors
    return config
