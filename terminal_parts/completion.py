"""What Tab may make of the beginning of a line, whatever commands there are: a command, what follows it, emoji, names.

Pure. It must not know which commands there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from chat_common import harmless_line, nearest
from terminal_parts import emoji

NO_HABITS: Mapping[str, str] = MappingProxyType({})
NextArgument = Callable[[Sequence[str], str], "list[str] | None"]


def complete(line: str, commands: Iterable[str], next_argument: NextArgument, names: Sequence[str]) -> list[str]:
    """Whole lines that `line` may become, likeliest first.

    `next_argument` says what a word may become that follows a command and its words; None where any text may follow.
    """
    before, space, word = line.rpartition(" ")
    if not space and line.startswith("/"):
        return [f"/{name} " for name in beginning(line[1:], commands)]
    before += space
    if word.startswith(":") and (named := emoji.beginning(word)):
        return [f"{before}{name if line.startswith('/react ') else sign} " for name, sign in named]
    if line.startswith("/") and (found := next_argument(line[1:].split(" ")[:-1], word)) is not None:
        return [f"{before}{match} " for match in found]
    at = "@" if word.startswith("@") else ""
    after = ": " if not before and not at else " "
    return [f"{before}{at}{name}{after}" for name in beginning(word[len(at) :], names) if word]


def beginning(word: str, candidates: Iterable[str]) -> list[str]:
    """Those that begin so, whatever the case."""
    return [candidate for candidate in candidates if candidate.lower().startswith(word.lower())]


def unknown_command(
    word: str,
    known: Iterable[str],
    *,
    shows: str = "/help lists the commands.",
    habits: Mapping[str, str] = NO_HABITS,
) -> str:
    """What is said of a command that there is not: one sentence, with what may have been meant.

    `habits` names the commands of other chats; they are surer than a word that only looks alike.
    """
    if not word:
        return "A command is a word after the slash; /help lists them."
    near = habits.get(word.lower()) or nearest(word.lower(), known)
    hint = f"did you mean /{near}?" if near else shows
    shown = harmless_line(word)
    return f"There is no command /{shown}; {hint} (To send it as text: //{shown})"
