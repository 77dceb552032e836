"""What a typed line means: a text, or an order to the client. One row per command.

It must not know sockets, frames or screens: a handler turns the words after its command into one call of `Actions`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chat_common import harmless_line, is_exit, nearest
from client_parts.kept.settings import CHOICES


class Actions(Protocol):
    """What a command may ask of the client."""

    def say(self, text: str) -> None: ...
    def say_privately(self, name: str, text: str) -> None: ...
    def reply(self, text: str) -> None: ...
    def change_name(self, name: str) -> None: ...
    def change_color(self, color: str) -> None: ...
    def who(self, room: str) -> None: ...
    def list_rooms(self, beginning: str) -> None: ...
    def join(self, room: str) -> None: ...
    def leave(self, room: str) -> None: ...
    def switch(self, room: str) -> None: ...
    def older(self, count: int) -> None: ...
    def search(self, text: str) -> None: ...
    def more(self) -> None: ...
    def ignore(self, name: str) -> None: ...
    def unignore(self, name: str) -> None: ...
    def away(self, text: str | None) -> None: ...
    def choose(self, setting: str, value: str) -> None: ...
    def tell_choice(self, setting: str) -> None: ...
    def list_mentions(self) -> None: ...
    def clear(self) -> None: ...
    def tell(self, text: str) -> None: ...
    def tell_table(self, text: str, second_column: int) -> None: ...


class BadUsage(Exception):
    """A command without what it needs."""


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    aliases: tuple[str, ...]
    usage: str
    help: str
    handler: Callable[[Actions, str], None]

    @property
    def brief_usage(self) -> str:
        """Without what may be left out."""
        return self.usage.partition(" [")[0]


@dataclass(frozen=True, slots=True)
class Text:
    """A line to be said in the present room."""

    text: str


@dataclass(frozen=True, slots=True)
class Order:
    """A command and the words after it."""

    command: Command
    words: str

    @property
    def is_exit(self) -> bool:
        return self.command.handler is _exit


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line that means nothing, and a sentence about it."""

    sentence: str


Intent = Text | Order | Mistake


def understand(line: str) -> Intent:
    """A line that a person typed: what begins with a slash is never sent by accident."""
    if is_exit(line):
        return Order(_BY_WORD["exit"], "")
    if line.startswith("//"):
        return Text(line[1:])
    if not line.startswith("/"):
        return Text(line)
    word, words = _split(line)
    if command := _BY_WORD.get(word):
        return Order(command, words)
    return Mistake(_unknown(word))


def understand_piped(line: str, *, continues: bool = False) -> Intent:
    """A line that a program wrote, or a further piece of a long one: only a known command is one, all else is text."""
    if continues:
        return Text(line)
    if line.startswith("//") and _split(line[1:])[0] in _BY_WORD:
        return Text(line[1:])
    if line.startswith("/"):
        word, words = _split(line)
        if command := _BY_WORD.get(word):
            return Order(command, words)
    return Text(line)


def obey(order: Order, actions: Actions) -> None:
    try:
        order.command.handler(actions, order.words)
    except BadUsage:
        actions.tell(f"Usage: {_help_of(order.command)}")


def _split(line: str) -> tuple[str, str]:
    word, _, words = line[1:].partition(" ")
    return word.strip().lower(), words.strip()


def _unknown(word: str) -> str:
    if not word:
        return "A command is a word after the slash; /help lists them."
    near = nearest(word, _BY_WORD)
    hint = f"did you mean /{near}?" if near else "/help lists the commands."
    shown = harmless_line(word)
    return f"There is no command /{shown}; {hint} (To send it as text: //{shown})"


# --- The handlers, and the rows ---------------------------------------------------------------------------------


def _needed(words: str) -> str:
    if not words:
        raise BadUsage
    return words


def _exit(actions: Actions, words: str) -> None:
    """Never called: the input loop itself leaves on this command."""


def _help(actions: Actions, words: str) -> None:
    if not words:
        actions.tell_table(overview(), _LONGEST_TITLE + 2)
        actions.tell(f"/help COMMAND says more, /help all lists all.\n{_NO_COMMAND}")
    elif words.lower() == "all":
        actions.tell_table(help_text(), _longest_usage() + 4)
    elif command := _BY_WORD.get(words.lower().lstrip("/")):
        actions.tell(_help_of(command))
    else:
        actions.tell(_unknown(words.lower().lstrip("/")))


def _msg(actions: Actions, words: str) -> None:
    name, _, text = words.partition(" ")
    actions.say_privately(_needed(name.lstrip("@")), _needed(text.strip()))


def _me(actions: Actions, words: str) -> None:
    actions.say(f"/me {_needed(words)}")


def _history(actions: Actions, words: str) -> None:
    if words and not (words.isascii() and words.isdigit() and len(words) < 9 and 1 <= int(words) <= 500):
        raise BadUsage
    actions.older(int(words or 20))


def _choose(actions: Actions, setting: str, words: str) -> None:
    if not words:
        actions.tell_choice(setting)
    elif words.lower() in CHOICES[setting]:
        actions.choose(setting, words.lower())
    else:
        raise BadUsage


COMMANDS: tuple[Command, ...] = (
    Command("help", (), "/help [COMMAND|all]", "List the commands, or explain one or all.", _help),
    Command("exit", ("quit",), "/exit", "Leave. So do exit, quit and over alone on a line, and Ctrl+D.", _exit),
    Command("nick", (), "/nick NAME", "Change your name.", lambda a, w: a.change_name(_needed(w))),
    Command(
        "color", (), "/color [COLOR]", "Change your colour; alone: list the colours.", lambda a, w: a.change_color(w)
    ),
    Command("who", ("names",), "/who [ROOM]", "List the people in a room.", lambda a, w: a.who(w)),
    Command("rooms", (), "/rooms [BEGINNING]", "List the rooms.", lambda a, w: a.list_rooms(w)),
    Command("join", ("j",), "/join ROOM", "Enter a room and talk there.", lambda a, w: a.join(_needed(w))),
    Command("leave", ("part",), "/leave [ROOM]", "Leave a room.", lambda a, w: a.leave(w)),
    Command(
        "switch",
        (),
        "/switch ROOM|@NAME",
        "Talk in another of your rooms, or to one person.",
        lambda a, w: a.switch(_needed(w)),
    ),
    Command("msg", ("m",), "/msg NAME TEXT", "Send a private message.", _msg),
    Command("reply", ("r",), "/reply TEXT", "Answer the last private message.", lambda a, w: a.reply(_needed(w))),
    Command("me", (), "/me TEXT", "Describe what you do: /me waves.", _me),
    Command("history", (), "/history [N]", "Show N older messages (1 to 500; 20 if not given).", _history),
    Command(
        "search",
        (),
        "/search TEXT",
        "Find messages in public rooms and your private conversations.",
        lambda a, w: a.search(_needed(w)),
    ),
    Command("more", (), "/more", "Show the next page of a search or list.", lambda a, w: a.more()),
    Command(
        "ignore",
        (),
        "/ignore [NAME]",
        "Hide what somebody says, under later names too; alone: list whom you ignore.",
        lambda a, w: a.ignore(w),
    ),
    Command("unignore", (), "/unignore NAME", "Show somebody's messages again.", lambda a, w: a.unignore(_needed(w))),
    Command("away", (), "/away [TEXT]", "Tell those who write to you that you are away.", lambda a, w: a.away(w)),
    Command("back", (), "/back", "Say that you are here again.", lambda a, w: a.away(None)),
    Command(
        "mentions",
        (),
        "/mentions",
        "List messages that mention you: first those you missed, also of earlier runs.",
        lambda a, w: a.list_mentions(),
    ),
    Command(
        "bell",
        (),
        "/bell [on|mentions|off]",
        "Ring for every message (on), for your name and private messages (default), or never (off).",
        lambda a, w: _choose(a, "bell", w),
    ),
    Command(
        "joins",
        (),
        "/joins [all|smart|off]",
        "Show who comes and goes: all at once, merged (smart, default), or never (off).",
        lambda a, w: _choose(a, "joins", w),
    ),
    Command(
        "theme",
        (),
        "/theme [dark|light|safe]",
        "Colours for a dark or light background, or for colour-blind eyes on either.",
        lambda a, w: _choose(a, "theme", w),
    ),
    Command("clear", (), "/clear", "Empty the screen.", lambda a, w: a.clear()),
    Command(
        "say", (), "/say TEXT", "Send TEXT even if it looks like a command: /say over.", lambda a, w: a.say(_needed(w))
    ),
)

_BY_WORD = {word: command for command in COMMANDS for word in (command.name, *command.aliases)}


_NO_COMMAND = "Anything else is a message; //text sends /text."
_GROUPS = {
    "Talk": ("msg", "reply", "me", "say"),
    "Rooms": ("join", "leave", "switch", "rooms", "who"),
    "Past": ("history", "search", "more", "mentions"),
    "You": ("nick", "color", "away", "back", "ignore", "unignore"),
    "Screen": ("bell", "joins", "theme", "clear"),
    "Other": ("help", "exit"),
}
_LONGEST_TITLE = max(map(len, _GROUPS))


def overview() -> str:
    """All commands in a few rows."""
    rows = [
        f"{title:<{_LONGEST_TITLE}}  {'  '.join(_BY_WORD[name].brief_usage for name in names)}"
        for title, names in _GROUPS.items()
    ]
    return "\n".join(rows)


def help_text() -> str:
    """All commands, a row each, with what they do."""
    width = _longest_usage()
    rows = [f"  {_usages(command):<{width}}  {command.help}" for command in COMMANDS]
    return "\n".join(["Commands:", *rows, _NO_COMMAND])


def _longest_usage() -> int:
    return max(len(_usages(command)) for command in COMMANDS)


def _help_of(command: Command) -> str:
    return f"{_usages(command)}: {command.help}"


def _usages(command: Command) -> str:
    return " ".join([command.usage, *(f"(or /{alias})" for alias in command.aliases)])
