"""The operator's commands, a row each, in the groups in which `/help` lists them. A handler gets the words behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from chat_common import LOBBY, is_name, nearest
from server_parts.operator import moderation_commands
from server_parts.operator.command import BadUsage, Command, first_word, needed, only_room, room_in
from server_parts.operator.desk import Desk
from server_parts.operator.message_commands import MESSAGE_COMMANDS, is_number, numbered
from server_parts.protocol import plain_files
from server_parts.protocol import requests as ask
from server_parts.protocol.account_lines import OF_OPERATORS, Parse
from server_parts.storage.search_query import query_problem
from terminal_parts.completion import unknown_command
from terminal_parts.theme import THEMES

_PAGE: Final = 20  # messages
_AROUND: Final = 4  # before and behind the one that is meant


# --- Rooms, and what was said there -----------------------------------------------------------------------------


def _join(desk: Desk, words: str) -> None:
    desk.enter(only_room(needed(words)))


def _leave(desk: Desk, words: str) -> None:
    room = only_room(words) if words else desk.room
    if room == LOBBY:
        raise BadUsage("this terminal always follows the lobby")
    desk.quit(room)


def _who(desk: Desk, words: str) -> None:
    desk.ask(ask.Who(only_room(words) if words else desk.room))


def _rooms(desk: Desk, words: str) -> None:
    desk.ask(ask.Rooms(words.removeprefix("#").lower()))


def _history(desk: Desk, words: str) -> None:
    word, rest = first_word(words)
    is_count = word.isascii() and word.isdigit() and not rest
    room = desk.room if is_count or not word else room_in(word)
    count = word if is_count else rest
    if count and not (is_number(count) and int(count) <= ask.MAX_PAGE):
        raise BadUsage
    desk.ask(ask.History(room, None, int(count or _PAGE)))
    if not desk.chat.last(room):  # asked now, when all that the operator has said before is there
        near = nearest(room, (known for known in desk.chat.rooms() if known != room))
        raise BadUsage(f"nothing was said in #{room} yet" + (f"; did you mean #{near}?" if near else ""))


def _search(desk: Desk, words: str) -> None:
    problem = query_problem(needed(words))
    desk.encoder.found.begin()
    desk.ask(problem or ask.Search(words, counting=True, utc_offset=time.localtime().tm_gmtoff // 60))


def _context(desk: Desk, words: str) -> None:
    word, rest = first_word(words)
    if not is_number(word):
        raise BadUsage
    id = int(numbered(word))
    room = only_room(rest) if rest else desk.encoder.found.room_of(id) or desk.room
    if not desk.chat.has_message(room, id):
        raise BadUsage(f"there is no message #{id} in {room if room.startswith('@') else f'#{room}'}")
    behind = max(0, min(_AROUND, desk.chat.last(room) - id))
    desk.ask(ask.History(room, id + behind + 1, _AROUND + 1 + behind))


# --- Talking ----------------------------------------------------------------------------------------------------


def _me(desk: Desk, words: str) -> None:
    desk.say(f"/me {needed(words)}")


def _message(desk: Desk, words: str) -> None:
    name, _, text = words.removeprefix("@").partition(" ")
    if not is_name(name) or not text.strip():
        raise BadUsage
    problem = ask.text_refusal(text)
    desk.ask(problem.text if problem else ask.Say(f"@{name.lower()}", [text], 0))


# --- Files ------------------------------------------------------------------------------------------------------


def _on_files(row: plain_files.Row, usage: str) -> Command:
    def run(desk: Desk, words: str) -> None:
        request = row.make(desk.room, words)
        if request is None:
            raise BadUsage
        desk.ask(request)

    return Command(usage, row.help, run)


# --- Order, and people ------------------------------------------------------------------------------------------


def _ordering(row: moderation_commands.Row) -> Command:
    return Command(row.usage, row.help, lambda desk, words: desk.ask(desk.orders.request(row.word, words, desk.room)))


def _asking(parse: Parse) -> Callable[[Desk, str], None]:
    """Ask the hub for what a line means, or say how the line is written."""
    return lambda desk, words: desk.ask(parse(words))


def _delete(desk: Desk, words: str) -> None:
    """A message of anybody; without a number, the last one of the operator's own."""
    room, rest = moderation_commands.room_and_rest(words)
    if not rest:
        own = desk.chat.last_own(room or desk.room)
        if own is None:
            raise BadUsage(f"you have not said anything in #{room or desk.room} lately; /delete N takes a number")
        rest = f"{own}"
    desk.ask(desk.orders.request("delete", f"-r {room or desk.room} {rest.strip('[]')}"))


# --- The server, and this terminal ------------------------------------------------------------------------------


def _stats(desk: Desk, words: str) -> None:
    desk.tell(desk.sampled.sentence(desk.chat.stats()), desk.chat.about_files())


def _reload(desk: Desk, words: str) -> None:
    if desk.reload_certificate is None:
        raise BadUsage("this server has no certificate: its connections are not encrypted")
    desk.reload_certificate()  # records of the log are shown here too


def _theme(desk: Desk, words: str) -> None:
    name = words.lower()
    if name and name not in THEMES:
        raise BadUsage
    if name:
        desk.screen.choose_theme(name)
    desk.tell(f"theme: {desk.screen.theme}; there are {', '.join(THEMES)}")


def _numbers(desk: Desk, words: str) -> None:
    if words.lower() not in ("on", "off"):
        raise BadUsage
    desk.encoder.numbered = words.lower() == "on"
    desk.tell(f"numbers are {words.lower()}")


def _help(desk: Desk, words: str) -> None:
    if not words:
        desk.screen.show(_listing())
    elif row := COMMANDS.get(words.removeprefix("/").lower()):
        desk.tell(f"{row.usage}: {row.help}")
    else:
        desk.complain(unknown_command(words.removeprefix("/"), COMMANDS))


def _listing() -> str:
    lines = ["What you type goes to everyone in the room that the prompt names, at first the lobby. Commands:"]
    for title, rows in GROUPS.items():
        lines += [f"{title}:", *(f"  {row.usage:<{28 if len(row.usage) <= 28 else 48}}{row.help}" for row in rows)]
    lines.append("exit, quit and over alone on a line stop the server too, and so does Ctrl+D. //text says /text.")
    return "".join(f"{line}\n" for line in lines)


# --- The rows ---------------------------------------------------------------------------------------------------


def _orders(is_meant: Callable[[str], bool]) -> tuple[Command, ...]:
    rows = (row for row in moderation_commands.ROWS if row.word != "delete" and is_meant(row.word))
    return tuple(map(_ordering, rows))


GROUPS: Final = {
    "Talk": (
        Command("/me TEXT", "describe what you do: * alice waves", _me),
        Command("/msg NAME TEXT", "send a private message", _message),
        *MESSAGE_COMMANDS,
        Command("/delete [-r ROOM] [N]", "delete your last message, or anybody's message N", _delete),
    ),
    "Rooms": (
        Command("/join ROOM", "talk in a room, and follow it; a new one is created", _join),
        Command("/leave [ROOM]", "follow a room no longer (default: the one you talk in)", _leave),
        Command("/rooms [BEGINNING]", "list the rooms", _rooms),
        Command("/who [ROOM]", "list the people in a room (default: the one you talk in)", _who),
        Command("/history [ROOM] [N]", "show the last N messages of a room (1 to 500; 20 if not given)", _history),
        Command("/search TEXT", 'find messages by beginnings of words; "TEXT" is exact', _search),
        Command("/context N [ROOM]", "show what was said around message N, as a search shows its number", _context),
        Command("/more", "show more results", lambda desk, words: desk.ask(ask.Search("", again=True))),
    ),
    "Files": tuple(_on_files(row, row.usage.replace("NAME", "FILE")) for row in plain_files.ROWS),
    "Order on the whole server; with -r ROOM, in that room": _orders(lambda word: word not in moderation_commands.ROOM),
    "Order in the room you talk in; with -r ROOM, in that one": _orders(lambda word: word in moderation_commands.ROOM),
    "People": tuple(Command(line.usage, line.help, _asking(line.parse)) for line in OF_OPERATORS),
    "The server, and this terminal": (
        Command("/stats", "clients, rooms in use, messages, deliveries, backlog, files", _stats),
        Command("/reload", "load the certificate again, if it was replaced", _reload),
        Command("/theme [dark|light|safe]", "colours for your background, or for colour-blind eyes", _theme),
        Command("/numbers on|off", "show the number of each message", _numbers),
        Command("/help [COMMAND]", "this list, or one command", _help),
        Command("/exit", "stop the server for everyone", lambda desk, words: desk.leave()),
    ),
}
ROWS: Final = tuple(row for rows in GROUPS.values() for row in rows)
_ALIASES: Final = {"j": "join", "m": "msg", "names": "who", "part": "leave", "quit": "exit"}
BY_WORD: Final = {row.word: row for row in ROWS}
COMMANDS: Final = {**BY_WORD, **{alias: BY_WORD[word] for alias, word in _ALIASES.items()}}
USAGES: Final = {word: row.usage for word, row in BY_WORD.items()}
