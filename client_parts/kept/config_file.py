"""The file of settings, `config.toml`: read, checked, and changed line by line so that comments stay.

It must not know what a setting does.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from chat_common import COLORS
from client_parts.kept import json_file
from client_parts.kept.shared_file import one_at_a_time, replace
from client_parts.kept.toml_text import Value, line_of, parsed, with_value
from client_parts.kept.values import AT_START, CHOICES, Saved, checked, saved_color, saved_server, written

NAME: Final = "config.toml"
_BEFORE: Final = "settings.json"  # where settings were kept before there was such a file
_HEADING: Final = "# Settings of the chat client. /set lists them; docs/client.md explains them.\n"
_LARGEST: Final = 1_000_000  # characters


@dataclass(slots=True)
class Config:
    """What the file says, as far as it makes sense; a sentence for each thing that does not."""

    values: dict[str, str] = field(default_factory=dict)
    servers: dict[str, Saved] = field(default_factory=dict)
    colors: dict[str, str] = field(default_factory=dict)  # of names in lower case
    obstacle: str | None = None  # why the client cannot know which server and which name are meant
    complaints: list[str] = field(default_factory=list)  # about everything else


def read_config(path: Path) -> Config:
    """Return what is kept there. A file that is missing, or none at all, counts as an empty one."""
    try:
        text = _text_of(path)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        return Config(obstacle=f"the settings in {path} cannot be read: {reason}")
    if not text:
        return Config()
    try:
        return _checked(path, text, parsed(text))
    except ValueError as problem:
        return Config(obstacle=_about_the_form(path, str(problem)))


def _text_of(path: Path) -> str:
    try:
        # Opening what is no file, a pipe for instance, may wait for ever.
        if not path.is_file():
            return ""
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if len(text) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST} characters")
    return text.removeprefix("\ufeff")


def _about_the_form(path: Path, problem: str) -> str:
    """A sentence about a text that is no TOML."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", problem, re.DOTALL)
    if found is None:
        return f"{path}: {problem}"
    place = f"line {found[2]}" if found[2] else "at its end"
    return f"{path}, {place}: {found[1][:1].lower()}{found[1][1:]}"


def _checked(path: Path, text: str, document: dict[str, Any]) -> Config:
    config = Config()

    def complaint(table: str, key: str, problem: ValueError) -> str:
        parent, _, name = table.rpartition(".")
        number = line_of(text, table, key) or line_of(text, parent, name)
        return f"{path}{f', line {number}' if number else ''}: {problem}"

    for key, value in document.items():
        if key in ("servers", "colors") and isinstance(value, dict):
            continue
        try:
            config.values[key] = checked(key, value)
        except ValueError as problem:
            if key in AT_START:
                config.obstacle = config.obstacle or complaint("", key, problem)
            else:
                config.complaints.append(complaint("", key, problem))
    for name, table in _table(document, "servers").items():
        try:
            config.servers[name] = saved_server(name, table)
        except ValueError as problem:
            wrong = re.match(r"(?:there is no )?servers\.[^ ]*\.(\w+)", str(problem))
            config.obstacle = config.obstacle or complaint(f"servers.{name}", wrong[1] if wrong else "", problem)
    for name, color in _table(document, "colors").items():
        try:
            config.colors[name.lower()] = saved_color(name, color)
        except ValueError as problem:
            config.complaints.append(complaint("colors", name, problem))
    return config


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name)
    return table if isinstance(table, dict) else {}


# --- Changing it -------------------------------------------------------------------------------------------------


def change(path: Path, table: str, key: str, value: Value | None) -> bool:
    """Set one key in the file, or take it out for None, while no other client writes. Returns whether that is kept."""
    try:
        path = path.resolve()  # people keep such files elsewhere, and put a link here
        with one_at_a_time(path.parent):
            if (text := with_value(_text_of(path) or _HEADING, table, key, value)) is None:
                return False
            replace(path, text)
    except (OSError, ValueError, RuntimeError):  # the last for links that lead in a circle
        return False
    return True


def take_over_older(path: Path) -> Config:
    """Move the settings of an earlier version into the file, if there is none yet.

    Returns what they were, also if they could not be moved.
    """
    before = path.with_name(_BEFORE)
    if not before.is_file() or path.exists():
        return Config()
    kept = json_file.load(before)
    older = Config({key: value for key, value in kept.items() if value in CHOICES.get(key, ())})
    colors = _table(kept, "colors").items()
    older.colors = {name.lower(): color for name, color in colors if color in COLORS}
    with suppress(OSError), one_at_a_time(path.parent):
        if not path.exists():
            replace(path, _as_text(older))
        before.unlink(missing_ok=True)
    return older


def _as_text(config: Config) -> str:
    text = _HEADING
    for key, value in config.values.items():
        text = with_value(text, "", key, written(key, value)) or text
    for name, color in config.colors.items():
        text = with_value(text, "colors", name, color) or text
    return text
