"""How commands are explained: in a few rows, a row each, one alone, and what was wrong with one. Pure.

It must not know which commands there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chat_common import harmless_line
from client_parts.input.command import Command

_WIDEST = 22  # columns for how a command is written: half a narrow terminal must be left for what it does


def overview(groups: Mapping[str, Sequence[Command]]) -> str:
    """Only how they are written, a row for each group."""
    width = overview_column(groups) - 2
    rows = [
        f"{title:<{width}}  {'  '.join(command.brief_usage for command in commands)}"
        for title, commands in groups.items()
    ]
    return "\n".join(rows)


def overview_column(groups: Iterable[str]) -> int:
    """Where the commands begin in it."""
    return max(map(len, groups)) + 2


def listing(title: str, commands: Sequence[Command], *more: str) -> str:
    """A row for each, with what it does; that goes below what is written too long."""
    width = second_column(commands) - 4
    rows = [f"  {_beside(command.full_usage, width)}  {command.help}" for command in commands]
    return "\n".join([title, *rows, *more])


def _beside(usage: str, width: int) -> str:
    return f"{usage:<{width}}" if len(usage) <= width else f"{usage}\n{'':<{width + 2}}"


def second_column(commands: Sequence[Command]) -> int:
    """Where what they do begins in it."""
    return min(_WIDEST, max(len(command.full_usage) for command in commands)) + 4


def explanation(command: Command) -> str:
    return f"{command.full_usage}: {command.help}"


def correction(command: Command, problem: str) -> str:
    """One sentence for a command that cannot be carried out as it was written."""
    if not problem:
        return f"Usage: {explanation(command)}"
    return harmless_line(f"{problem[:1].upper()}{problem[1:]}; write {command.full_usage}")
