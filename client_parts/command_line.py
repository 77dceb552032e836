"""The client's command line and environment, read into `Options`. It must not know sockets or threads."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chat_common import (
    COLORS,
    DEFAULT_HOST,
    DEFAULT_PORT,
    LOBBY,
    color_problem,
    name_problem,
    room_problem,
)
from client_parts.addresses import Chosen, chosen_servers
from client_parts.files.local import FileProblem, look_at
from client_parts.kept.config_file import NAME, Config, read_config
from client_parts.kept.identity import token_path
from client_parts.kept.values import STYLES
from terminal_parts.command_line import CommandLine
from tls_parts.invitation import Invitation

_MOST_HISTORY = 500  # the server sends no more
_LONGEST_CODE = 100
_EPILOG = """\
Examples:
  python client.py                                  chat in the lobby of the server on this machine
  python client.py chat.example:4000 --name alice   on another machine's, as alice
  python client.py chat://chat.example/lobby#KEY    follow a link, which also tells the server's key
  python client.py a.example b.example              one chat on two servers, the first of them that answers
  python client.py work                             the server that your settings call work
  make 2>&1 | python client.py --room builds        send every line of a program's output
  python client.py --room builds --send app.zip     send a file
  python client.py --json < /dev/null               listen, and print each event as JSON

In a pipe, a line that begins with an everyday command, like /join ROOM, is carried out; commands about accounts and
moderation are sent as text. At the end of input the client waits until all is delivered and exits with status 0, or
with status 1 and a sentence.

The connection is encrypted unless the server is on this machine (localhost, 127.0.0.1, ::1).

Environment variables, used where the option is not given: CHAT_SERVER (addresses, separated by spaces or commas, or a
link), CHAT_HOST (also a link), CHAT_PORT, CHAT_NAME, CHAT_COLOR.
Where neither is given, the settings hold: config.toml, beside your secret key. /set lists them.
CHAT_TOKEN_FILE is the file that holds your secret key. NO_COLOR and FORCE_COLOR are respected."""


def _command_line() -> CommandLine:
    usage = "[HOST[:PORT] ... | LINK | SHORT-NAME] [OPTIONS]"
    parser = CommandLine("client.py", usage, "Chat in the terminal.", _EPILOG, allow_abbrev=True)
    add = parser.group("Server")
    default = f"{DEFAULT_HOST}:{DEFAULT_PORT}"
    what = f"the server, or a link to it (default: {default}); several addresses for one chat that has several servers"
    add("addresses", nargs="*", metavar="HOST[:PORT]", help=what)
    add("--host", metavar="HOST", help="the server's host, instead of HOST[:PORT]")
    add("--port", metavar="PORT", help="the server's port, instead of HOST[:PORT]")
    add("--tls", action="store_true", help="encrypt, also on this machine")
    add("--no-tls", action="store_true", help="do not encrypt: others on the network can read everything")
    add("--forget-server", action="store_true", help="forget the remembered key of this server, and connect")
    add("--no-reconnect", action="store_true", help="exit with status 1 when the connection is lost")
    add = parser.group("You")
    add("--name", metavar="NAME", help="your name in this run (default: that of /set name, else your login name)")
    add("--color", metavar="COLOR", help="your colour (default: chosen from your name)")
    add("--login", action="store_true", help="log in to your name with its password, or with a code (asked for)")
    add("--password", nargs="?", const="", help=argparse.SUPPRESS)  # only to be refused
    add("--password-file", metavar="FILE", help="log in with the password in the first line of FILE")
    add("--invite", metavar="CODE", help="the invitation that lets you into the server")
    add("--room", action="append", metavar="ROOM", help="enter this room; repeat it for several (default: lobby)")
    add = parser.group("Messages")
    add("--history", metavar="N", help="show N recent messages, 0 to 500 (default: 20; in a pipe: 0)")
    add(
        "--style",
        metavar="STYLE",
        help="how to write messages: short or classic (default: short in a terminal with colours, else classic)",
    )
    add("--send", action="append", metavar="FILE", help="send this file to the room, and exit; repeat it for several")
    add("--json", action="store_true", help="write one JSON event per line to standard output")
    parser.add_general()
    return parser


def _history(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= _MOST_HISTORY):
        raise ValueError(f"use a number of messages from 0 to {_MOST_HISTORY}")
    return int(text)


def _style(text: str) -> str:
    if text not in STYLES:
        raise ValueError(f"use {' or '.join(STYLES)}")
    return text


def _code(text: str) -> str:
    if not (text.isascii() and text.isprintable() and 1 <= len(text.strip()) <= _LONGEST_CODE):
        raise ValueError("use the code of the invitation")
    return text.strip()


def _color(text: str) -> str:
    if color_problem(text.lower()):
        raise ValueError(f"choose from {', '.join(COLORS)}")
    return text.lower()


def _room(text: str) -> str:
    return _without(room_problem, text.removeprefix("#").lower())


def _name(text: str) -> str:
    return _without(name_problem, text)


def _without(problem_of: Callable[[str], str | None], text: str) -> str:
    if problem := problem_of(text):
        raise ValueError(problem)
    return text


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a client takes part in the chat."""

    name: str | None = None  # None for the login name, or the next free one like it
    rooms: tuple[str, ...] = (LOBBY,)
    insists: bool = False  # on those rooms, also if the last run was in others
    talks_there: bool = False  # in the first of them, also if the last run talked elsewhere
    history: int | None = None  # recent messages to show; None for as many as fit the use
    style: str | None = None  # None for short in a terminal with colours, else classic
    json_events: bool = False
    files: tuple[str, ...] = ()  # to be sent, and nothing else
    reconnect: bool = True
    token_file: Path | None = None  # None for the one in the user's configuration folder
    tls: bool | None = None  # None to encrypt unless the server is on this machine
    key: bytes | None = None  # what a link says of the server's key
    other_servers: tuple[tuple[str, int], ...] = ()  # of the same chat, where the first one does not answer
    forget_server: bool = False  # what is remembered of its key
    login: bool = False  # a password is to be asked for
    password_file: Path | None = None
    password: str | None = field(default=None, repr=False)  # or a one-time code: never from the command line
    invitation: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Options:
    """What a command line and the environment ask for, checked."""

    host: str
    port: int
    color: str | None
    preferences: Preferences


def read_command_line(argv: Sequence[str] | None) -> Options:
    """SystemExit for one that cannot be obeyed, after a sentence about it."""
    parser = _command_line()
    options = parser.read(argv, lambda *_: "write all addresses side by side")
    if options.password is not None:
        parser.error("other users can see command lines: use --login, which asks for a password, or --password-file")
    config = read_config(token_path().with_name(NAME))
    if config.obstacle:
        parser.error(config.obstacle)
    servers = chosen_servers(parser, options, config.servers, config.values.get("server"))
    _refuse_contradictions(parser, options, servers.link)
    preferences = _preferences(parser, options, servers, config)
    color, source = _or_from_environment(options.color, "--color", "CHAT_COLOR")
    return Options(*servers.first, parser.value(source, color, _color) if color else None, preferences)


def _refuse_contradictions(parser: CommandLine, options: argparse.Namespace, link: Invitation | None) -> None:
    if options.tls and options.no_tls:
        parser.error("option --tls contradicts --no-tls; give one of them")
    if options.no_tls and link is not None and link.key is not None:
        parser.error("option --no-tls contradicts the key in the link; leave out one of them")


def _preferences(parser: CommandLine, options: argparse.Namespace, servers: Chosen, config: Config) -> Preferences:
    link = servers.link
    name, source = _or_from_environment(options.name, "--name", "CHAT_NAME")
    usual_name = servers.saved.name if servers.saved and servers.saved.name else config.values.get("name")
    return Preferences(
        name=parser.value(source, name, _name) if name else usual_name,
        rooms=_rooms(parser, options, servers),
        insists=_names_a_room(options, servers) or bool(servers.saved and servers.saved.rooms),
        talks_there=_names_a_room(options, servers) and (servers.saved is None or bool(options.room)),
        history=None if options.history is None else parser.value("--history", options.history, _history),
        style=parser.value("--style", options.style, _style) if options.style else None,
        json_events=options.json,
        files=_files(parser, options.send or []),
        reconnect=not options.no_reconnect,
        tls=True if options.tls else False if options.no_tls else None,
        key=None if link is None else link.key,
        other_servers=servers.others,
        forget_server=options.forget_server,
        login=options.login,
        password_file=Path(options.password_file) if options.password_file else None,
        invitation=parser.value("--invite", options.invite, _code) if options.invite is not None else None,
    )


def _files(parser: CommandLine, paths: list[str]) -> tuple[str, ...]:
    for path in paths:
        try:
            look_at(path)
        except FileProblem as problem:
            parser.error(str(problem))
    return tuple(paths)


def _rooms(parser: CommandLine, options: argparse.Namespace, servers: Chosen) -> tuple[str, ...]:
    rooms = [parser.value("--room", room, _room) for room in options.room or []]
    if not rooms and servers.saved is not None:
        rooms += servers.saved.rooms
    if servers.link is not None and servers.link.room is not None:
        rooms.insert(0, servers.link.room)
    return tuple(dict.fromkeys(rooms or [LOBBY]))


def _names_a_room(options: argparse.Namespace, servers: Chosen) -> bool:
    return bool(options.room) or (servers.link is not None and servers.link.room is not None)


def _or_from_environment(given: str | None, option: str, variable: str) -> tuple[str | None, str]:
    """A value, and where it comes from."""
    return (os.environ.get(variable), variable) if given is None else (given, option)
