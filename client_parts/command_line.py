"""The client's command line and environment, read into `Options`. It must not know sockets or threads."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from chat_common import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    LOBBY,
    VERSION,
    color_problem,
    harmless_line,
    name_problem,
    parse_address,
    parse_port,
    room_problem,
)
from client_parts.view import bad

_MOST_HISTORY = 500  # the server sends no more
_EPILOG = """\
In a pipe (make 2>&1 | python client.py --room builds) every line is sent; a line that begins with a command, like
/join ROOM, is obeyed. At the end of input the client waits until all is delivered and exits with 0, or with 1 and a
sentence. With --json each event is one JSON line on standard output; a program that never writes anything
(python client.py --json < /dev/null) goes on listening until the link ends or a signal comes.
Environment: CHAT_HOST, CHAT_PORT, CHAT_NAME, CHAT_COLOR, CHAT_TOKEN_FILE; NO_COLOR, FORCE_COLOR."""


class _Parser(argparse.ArgumentParser):
    """Argparse, in one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, _red(f"{message[0].upper()}{message[1:]}.") + "\n")

    def refuse(self, option: str, problem: str | None) -> None:
        """A problem, with what it is about before it: what was typed is never the beginning of the sentence."""
        if problem:
            self.error(f"argument {option}: {problem}")


def _red(text: str) -> str:
    return bad(text) if sys.stderr.isatty() else text


def _parser() -> _Parser:
    parser = _Parser(
        prog="client.py",
        description="Chat in the terminal.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("address", nargs="?", metavar="HOST[:PORT]", help="the server (default 127.0.0.1:3030)")
    parser.add_argument("--host", default=None, help="the server's host")
    parser.add_argument("--port", default=None, help="the server's port")
    parser.add_argument("--name", help="your name (default: your login name)")
    parser.add_argument("--color", help="your colour (default: from your name)")
    parser.add_argument("--room", action="append", metavar="ROOM", help="a room to be in; may be given several times")
    parser.add_argument("--history", type=_natural, metavar="N", help="recent messages to show (20; in a pipe 0)")
    parser.add_argument("--style", choices=("classic", "short"), default="classic", help="how messages are written")
    parser.add_argument("--json", action="store_true", help="one JSON event per line on standard output")
    parser.add_argument("--no-reconnect", action="store_true", help="end with status 1 when the connection is lost")
    parser.add_argument("--version", action="version", version=f"client.py {VERSION}")
    return parser


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= _MOST_HISTORY):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of messages from 0 to {_MOST_HISTORY}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Options:
    """What a command line and the environment ask of a ChatClient, checked: each goes by the name that it has there."""

    host: str
    port: int
    color: str | None
    name: str | None
    rooms: tuple[str, ...]
    history: int | None
    style: str
    json_events: bool
    reconnect: bool


def read_command_line(argv: Sequence[str] | None) -> Options:
    """SystemExit for one that cannot be obeyed, after a sentence about it."""
    parser = _parser()
    options, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.error(f"unrecognized arguments: {harmless_line(' '.join(unknown))}; --help lists what there is")
    host, port = _server(parser, options)
    rooms = [room.removeprefix("#").lower() for room in options.room or [LOBBY]]
    for room in rooms:
        parser.refuse("--room", room_problem(room))
    name, name_source = _or_from_environment(options.name, "--name", "CHAT_NAME")
    parser.refuse(name_source, name and name_problem(name))
    color, color_source = _or_from_environment(options.color, "--color", "CHAT_COLOR")
    parser.refuse(color_source, color and color_problem(color.lower()))
    return Options(
        host=host,
        port=port,
        color=color.lower() if color else None,
        name=name or None,
        rooms=tuple(dict.fromkeys(rooms)),
        history=options.history,
        style=options.style,
        json_events=options.json,
        reconnect=not options.no_reconnect,
    )


def _or_from_environment(given: str | None, option: str, variable: str) -> tuple[str | None, str]:
    """A value, and who is to blame for it."""
    return (os.environ.get(variable), variable) if given is None else (given, option)


def _server(parser: _Parser, options: argparse.Namespace) -> tuple[str, int]:
    """The address, or --host and --port, before the environment."""
    environment = os.environ
    host, port = _address(parser, options.address or "")
    option_host, option_port = options.host or None, _port(parser, "--port", options.port)
    for option, asked, given in (("--host", option_host, host), ("--port", option_port, port)):
        if asked is not None and given is not None and asked != given:
            parser.refuse(option, f"{asked} or {given}? {harmless_line(options.address)} was given too")
    port = option_port if option_port is not None else port
    if port is None:
        port = _port(parser, "CHAT_PORT", environment.get("CHAT_PORT") or str(DEFAULT_PORT))
    return option_host or host or environment.get("CHAT_HOST") or DEFAULT_HOST, port or 0


def _address(parser: _Parser, text: str) -> tuple[str | None, int | None]:
    """Host and port, as far as they are given."""
    scheme, found, rest = text.partition("://")
    if found:
        parser.refuse("HOST[:PORT]", harmless_line(f"write it without {scheme}://, like {rest.strip('/') or 'HOST'}"))
    try:
        host, port = parse_address(text, default_port=-1)
    except ValueError as problem:
        parser.error(f"argument HOST[:PORT]: {problem}")
    has_host = text.startswith("::") or not text.startswith(":")
    return host if text and has_host else None, None if port < 0 else port


def _port(parser: _Parser, option: str, text: str | None) -> int | None:
    try:
        return None if text is None else parse_port(text)
    except ValueError as problem:
        parser.error(f"argument {option}: {problem}")
