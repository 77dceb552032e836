"""What a typed line means: a text, or an order to the client. One row per command.

The rows here are those of every day; `file_commands.py`, `settings_commands.py` and others of that name have the rest.
It must not know sockets, frames or screens: a handler turns the words after its command into one call of `Actions`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from chat_common import is_exit
from client_parts.input import help as texts
from client_parts.input import keys
from client_parts.input.account_commands import ACCOUNT_COMMANDS
from client_parts.input.command import Actions, BadUsage, Command, first_word, needed, nothing_more, whole_number
from client_parts.input.correctable import Correctable
from client_parts.input.file_commands import FILE_COMMANDS
from client_parts.input.habits import HABITS
from client_parts.input.message_commands import MESSAGE_COMMANDS
from client_parts.input.moderation_commands import MODERATION_COMMANDS
from client_parts.input.settings_commands import SETTINGS_COMMANDS, choose
from client_parts.kept.values import CHOICES
from terminal_parts.completion import unknown_command


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


@dataclass(frozen=True, slots=True)
class Correction:
    """The new text of a message of one's own, as it was corrected in the input."""

    which: Correctable
    text: str


Intent = Text | Order | Mistake | Correction
_BLANK = re.compile("[ \n]")


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
    return Mistake(unknown_command(word, _BY_WORD, habits=HABITS))


def understand_piped(line: str, *, continues: bool = False) -> Intent:
    """A line that a program wrote, or a further piece of a long one: only an everyday command is one, all else is text.

    What a program passes on may come from anybody: it must not ban people, or give an account away.
    """
    if continues:
        return Text(line)
    if line.startswith("//") and _split(line[1:])[0] in _PIPED:
        return Text(line[1:])
    if line.startswith("/"):
        word, words = _split(line)
        if command := _PIPED.get(word):
            return Order(command, words)
    return Text(line)


def to_send(path: str) -> Order:
    """The order to send a file, however its path may look."""
    return Order(replace(_BY_WORD["send"], handler=lambda actions, _: actions.files.send(path, "", "")), path)


def obey(order: Order, actions: Actions) -> None:
    try:
        order.command.handler(actions, order.words)
    except BadUsage as usage:
        actions.tell(texts.correction(order.command, str(usage)))


def _split(line: str) -> tuple[str, str]:
    """The word of a command, and what comes after it, also in a further line."""
    word, *words = _BLANK.split(line[1:], maxsplit=1)
    return word.strip().lower(), "".join(words).strip()


# --- The handlers, and the rows ---------------------------------------------------------------------------------


def _exit(actions: Actions, words: str) -> None:
    """Never called: the input loop itself leaves on this command."""


def _help(actions: Actions, words: str) -> None:
    is_command, words = words.startswith("/"), words.lower().lstrip("/")
    if not words:
        actions.tell_table(overview(), texts.overview_column(_GROUPS))
        actions.tell(f"More: /help {', '.join(MORE_HELP)}, COMMAND.\n{_NO_COMMAND}")
    elif words == "all":
        _tell_rows(actions, "Commands:", COMMANDS, _NO_COMMAND)
    elif words == "keys":
        actions.tell_table(keys.listing(), keys.SECOND_COLUMN)
    elif words in TOPICS and not (is_command and words in _BY_WORD):
        title, commands = TOPICS[words]
        _tell_rows(actions, title, commands)
    elif command := _BY_WORD.get(words):
        actions.tell(texts.explanation(command))
    else:
        actions.tell(unknown_command(words, _BY_WORD, habits=HABITS))


def _tell_rows(actions: Actions, title: str, commands: tuple[Command, ...], *more: str) -> None:
    actions.tell_table(texts.listing(title, commands, *more), texts.second_column(commands))


def _msg(actions: Actions, words: str) -> None:
    name, *text = _BLANK.split(words, maxsplit=1)
    actions.say_privately(needed(name.lstrip("@")), needed("".join(text).strip()))


def _me(actions: Actions, words: str) -> None:
    actions.say(f"/me {needed(words)}")


def _history(actions: Actions, words: str) -> None:
    if words and not (words.isascii() and words.isdigit() and len(words) < 9 and 1 <= int(words) <= 500):
        raise BadUsage
    actions.older(int(words or 20))


def _context(actions: Actions, words: str) -> None:
    number, room = first_word(words)
    nothing_more(first_word(room)[1])
    number = number.strip("[]")
    actions.show_context(whole_number(number, "the number of a message"), room)


def _next(actions: Actions, words: str) -> None:
    if words:
        actions.navigation.nth(whole_number(words, "the number of a room"))
    else:
        actions.navigation.next()


def _only(actions: Actions, words: str) -> None:
    if words and words.lower() not in CHOICES["only"]:
        raise BadUsage
    actions.navigation.show_only_one(words.lower())


_EVERYDAY: tuple[Command, ...] = (
    Command("help", (), "/help [COMMAND|all]", "List the commands, or explain one or all.", _help),
    Command("exit", ("quit",), "/exit", "Leave. So do exit, quit and over alone on a line, and Ctrl+D.", _exit),
    Command(
        "nick",
        (),
        "/nick NAME",
        "Change your name in this run; /set name NAME changes it for good.",
        lambda a, w: a.change_name(needed(w)),
    ),
    Command(
        "color", (), "/color [COLOR]", "Change your colour; alone: list the colours.", lambda a, w: a.change_color(w)
    ),
    Command("who", ("names",), "/who [ROOM]", "List the people in a room.", lambda a, w: a.who(w)),
    Command("rooms", (), "/rooms [BEGINNING]", "List the rooms.", lambda a, w: a.list_rooms(w)),
    Command("join", ("j",), "/join ROOM", "Enter a room and talk there.", lambda a, w: a.join(needed(w))),
    Command("leave", ("part",), "/leave [ROOM]", "Leave a room.", lambda a, w: a.leave(w)),
    Command(
        "switch",
        (),
        "/switch [BEGINNING|@NAME]",
        "Talk in the one of your rooms that begins so, or to one person; alone: list your rooms.",
        lambda a, w: a.navigation.switch(w),
    ),
    Command(
        "next",
        (),
        "/next [N]",
        "Talk where something new is, first where you are meant (Alt+A); N: in your Nth room (Alt+1 to Alt+9).",
        _next,
    ),
    Command("msg", ("m",), "/msg NAME TEXT", "Send a private message.", _msg),
    Command("reply", ("r",), "/reply TEXT", "Answer the last private message.", lambda a, w: a.reply(needed(w))),
    Command("me", (), "/me TEXT", "Describe what you do: /me waves.", _me),
    Command("history", (), "/history [N]", "Show N older messages (1 to 500; 20 if not given).", _history),
    Command(
        "search",
        (),
        "/search TEXT",
        'Find messages by words or their beginnings; "TEXT" in quotation marks is exact.',
        lambda a, w: a.search(needed(w)),
    ),
    Command(
        "context",
        (),
        "/context N [ROOM]",
        "Show what stood around message N, as a search shows its number.",
        _context,
    ),
    Command("more", (), "/more", "Show the next page of a search or list.", lambda a, w: a.more()),
    Command(
        "ignore",
        (),
        "/ignore [NAME]",
        "Hide what somebody says, under later names too; alone: list whom you ignore.",
        lambda a, w: a.ignore(w),
    ),
    Command("unignore", (), "/unignore NAME", "Show somebody's messages again.", lambda a, w: a.unignore(needed(w))),
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
        lambda a, w: choose(a, "bell", w),
    ),
    Command(
        "joins",
        (),
        "/joins [all|smart|off]",
        "Show who comes and goes: all at once, merged (smart, default), or never (off).",
        lambda a, w: choose(a, "joins", w),
    ),
    Command(
        "theme",
        (),
        "/theme [dark|light|safe]",
        "Colours for a dark or light background, or for colour-blind eyes on either.",
        lambda a, w: choose(a, "theme", w),
    ),
    Command(
        "only",
        (),
        "/only [on|off]",
        "Show one room at a time; others are counted, and shown when you go there. Alone: change it.",
        _only,
    ),
    Command("clear", (), "/clear", "Empty the screen.", lambda a, w: a.clear()),
    Command(
        "say", (), "/say TEXT", "Send TEXT even if it looks like a command: /say over.", lambda a, w: a.say(needed(w))
    ),
)

COMMANDS: tuple[Command, ...] = (
    *_EVERYDAY,
    *MESSAGE_COMMANDS,
    *FILE_COMMANDS,
    *SETTINGS_COMMANDS,
    *ACCOUNT_COMMANDS,
    *MODERATION_COMMANDS,
)
_BY_WORD = {word: command for command in COMMANDS for word in (command.name, *command.aliases)}
_PIPED = {word: command for word, command in _BY_WORD.items() if command in _EVERYDAY}


TOPICS = {
    "messages": ("Answering and correcting; N is a number that /search shows:", MESSAGE_COMMANDS),
    "files": ("Sending and fetching files; N is the number that is shown with a file:", FILE_COMMANDS),
    "settings": ("What you choose and keep; see also /theme, /bell, /joins, /only and /color:", SETTINGS_COMMANDS),
    "account": ("Your account, and who may come in:", ACCOUNT_COMMANDS),
    "moderation": ("Keeping order; -s as the first word means the whole server:", MODERATION_COMMANDS),
}
MORE_HELP = ("keys", *TOPICS, "all")
_NO_COMMAND = "All else is said; //text says /text."
_GROUPS = {
    "Talk": ("msg", "reply", "me", "say"),
    "Answer": ("re", "edit", "delete", "react"),
    "Files": ("send", "files", "get"),
    "Rooms": ("join", "leave", "switch", "next", "rooms", "who", "only"),
    "Past": ("history", "search", "context", "more", "mentions"),
    "You": ("nick", "color", "away", "back", "ignore", "unignore"),
    "Screen": ("bell", "joins", "theme", "clear"),
    "Other": ("help", "exit"),
}


def overview() -> str:
    """The commands of every day in a few rows."""
    return texts.overview({title: [_BY_WORD[name] for name in names] for title, names in _GROUPS.items()})


def help_text() -> str:
    """All commands, a row each, with what they do."""
    return texts.listing("Commands:", COMMANDS, _NO_COMMAND)
