"""What the operator may set: flags of the command line, each with an environment variable."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, NoReturn

from chat_common import DEFAULT_HOST, DEFAULT_PORT, MAX_DIGITS, VERSION, harmless_line, is_name, parse_port

MEMORY: Final = ":memory:"
FOLDER: Final = "chat-data"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server behaves; where it listens is said apart."""

    data: str = MEMORY  # a server made by hand keeps nothing; the command line's default is a folder
    keep_days: float | None = None
    keep_messages: int | None = None
    name: str = "server"
    motd: str = "Welcome. Be kind."
    rate: float = 10.0
    max_clients: int = 0  # 0: as many as there are descriptors for
    backlog: int = 1024 * 1024
    console: bool = True
    log_file: str | None = None
    verbose: bool = False


class _Flag(NamedTuple):
    name: str
    kind: Callable[[str], Any]
    default: Any
    help: str
    metavar: str


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise ValueError(f"it must be a whole number, 0 or more, of at most {MAX_DIGITS} digits")
    return int(text)


def _at_least_one(text: str) -> int:
    if _count(text) < 1:
        raise ValueError("it must be 1 or more")
    return int(text)


def _days(text: str) -> float:
    days = _rate(text)
    if not days:
        raise ValueError("it must be more than 0")
    return days


def _rate(text: str) -> float:
    if not (text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= MAX_DIGITS):
        raise ValueError(f"it must be a number, 0 or more, of at most {MAX_DIGITS} digits")
    return float(text)


def _backlog(text: str) -> int:
    size = _count(text)
    if size < 65_536:
        raise ValueError("a backlog of less than 65536 bytes cannot hold one line")
    return size


def _operator(text: str) -> str:
    if not is_name(text):
        raise ValueError("a name is 1 to 32 of A-Z a-z 0-9 _ . - and starts with a letter or a digit")
    return text


_DEFAULTS: Final = Settings()
_FLAGS: Final = (
    _Flag("host", str, DEFAULT_HOST, "address to listen on; 0.0.0.0 or :: lets other machines in", "ADDRESS"),
    _Flag("port", parse_port, DEFAULT_PORT, "port to listen on; 0 picks a free one", "PORT"),
    _Flag("data", str, FOLDER, "folder that keeps the rooms; :memory: keeps nothing", "DIR"),
    _Flag("keep", _days, None, "let go of messages older than so many days", "DAYS"),
    _Flag("keep-messages", _at_least_one, None, "let go of all but the newest so many messages of each room", "N"),
    _Flag("name", _operator, _DEFAULTS.name, "what the operator is called", "NAME"),
    _Flag("motd", str, _DEFAULTS.motd, "what newcomers are told first", "TEXT"),
    _Flag("rate", _rate, _DEFAULTS.rate, "requests a second per client; faster ones wait; 0 is no limit", "N"),
    _Flag("max-clients", _count, _DEFAULTS.max_clients, "connections at once; 0 is as many as this system allows", "N"),
    _Flag(
        "backlog",
        _backlog,
        _DEFAULTS.backlog,
        "bytes kept for a client that does not read, before it is let go",
        "BYTES",
    ),
    _Flag("log-file", str, _DEFAULTS.log_file, "write the log to this file too", "FILE"),
)


class Command(NamedTuple):
    """What the command line asks for: to serve, or to write out a room or a copy and be done."""

    host: str
    port: int
    settings: Settings
    export: str | None = None
    backup: str | None = None


def parse(argv: Sequence[str] | None, environment: Mapping[str, str] = os.environ) -> Command:
    """The command line, filled up from the environment. Exits with one sentence if something is wrong."""
    parser = _parser()
    given = parser.parse_args(argv)
    values = {flag.name.replace("-", "_"): _value(parser, flag, given, environment) for flag in _FLAGS}
    host, port, keep_days = values.pop("host"), values.pop("port"), values.pop("keep")
    console = not (given.no_console or _yes(environment.get("CHAT_NO_CONSOLE")))
    verbose = given.verbose or _yes(environment.get("CHAT_VERBOSE"))
    settings = Settings(**values, keep_days=keep_days, console=console, verbose=verbose)
    if settings.data == MEMORY and (given.export or given.backup):
        parser.exit(2, "server.py: --export and --backup need a folder: name it with --data\n")
    return Command(host, port, settings, given.export, given.backup)


class _Parser(argparse.ArgumentParser):
    """Argparse, in one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"server.py: {harmless_line(message)}; --help lists what there is\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="server.py",
        description="A chat server. People come in with client.py, nc or telnet.",
        epilog="Every option up to --verbose can be set in the environment too: --max-clients N is CHAT_MAX_CLIENTS=N, "
        "--no-console is CHAT_NO_CONSOLE=1.",
        allow_abbrev=False,
    )
    for flag in _FLAGS:
        shown = "" if flag.default is None else f" (default: {flag.default})"
        parser.add_argument(f"--{flag.name}", metavar=flag.metavar, help=flag.help + shown)
    parser.add_argument("--no-console", action="store_true", help="do not talk and take commands on this terminal")
    parser.add_argument("-v", "--verbose", action="store_true", help="log more")
    parser.add_argument("--version", action="version", version=f"server.py {VERSION}")
    parser.add_argument("--export", metavar="ROOM", help="write a room to standard output as JSON lines, and end")
    parser.add_argument("--backup", metavar="FILE", help="write a copy of everything kept to a new file, and end")
    return parser


def _value(parser: argparse.ArgumentParser, flag: _Flag, given: Any, environment: Mapping[str, str]) -> Any:
    source, text = f"--{flag.name}", getattr(given, flag.name.replace("-", "_"))
    if text is None:
        source = f"CHAT_{flag.name.replace('-', '_').upper()}"
        text = environment.get(source)
    if text is None:
        return flag.default
    try:
        return flag.kind(text)
    except ValueError as error:
        parser.exit(2, f"server.py: {source} {harmless_line(text)}: {error}\n")


def _yes(text: str | None) -> bool:
    return (text or "").lower() in ("1", "yes", "true", "on")
