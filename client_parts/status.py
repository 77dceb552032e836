"""What a person should see at a glance, and the one row that says it.

It must not know frames, threads or the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass

from chat_common import paint
from terminal_parts.width import cut, width


@dataclass(frozen=True, slots=True)
class Status:
    """Where one is and how things stand. Every string is harmless."""

    target: str  # whom a typed line goes to: lobby, @bob
    name: str
    color: str
    link: str = "online"
    online: bool = True
    members: int | None = None
    unread: tuple[tuple[str, int], ...] = ()
    away: str = ""  # the partner of a private conversation who is away
    waiting: tuple[str, ...] = ()  # texts that the server has not confirmed for a moment now

    @property
    def prompt(self) -> str:
        return f"{self.target}> "

    @property
    def title(self) -> str:
        count = sum(number for _, number in self.unread)
        return f"({count}) {self.target} - chat" if count else f"{self.target} - chat"


def status_line(status: Status, columns: int) -> str:
    """A painted line of at most that many columns. What matters least is cut off first."""
    parts = [
        (f"{status.target} ({status.members} here)" if status.members is not None else status.target, None),
        (status.name, status.color),
        (status.link, "green" if status.online else "yellow"),
        *((f"{place} {number} new", "yellow") for place, number in status.unread),
    ]
    if status.away:
        parts.insert(1, (f"{status.away} is away", "yellow"))
    line, used = paint("── ", None, "dark"), 3
    for number, (text, color) in enumerate(parts):
        joint = " · " if number else ""
        text = cut(text, columns - used - len(joint) - 1)
        if not text:
            break
        line += paint(joint, None, "dark") + paint(text, color)
        used += len(joint) + width(text)
    return line + paint(" " + "─" * max(0, columns - used - 1), None, "dark")


def waiting_lines(status: Status, rows: int) -> tuple[str, ...]:
    """The texts on their way, a row each, and a count of those for which there is no row."""
    texts = status.waiting
    if len(texts) > rows:
        texts = (*texts[: rows - 1], f"and {len(texts) - rows + 1} more on their way")
    return texts[:rows]
