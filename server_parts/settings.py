"""What the operator may set: flags of the command line, each with an environment variable."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from chat_common import DEFAULT_HOST, DEFAULT_PORT, VERSION, harmless_line, is_name, parse_port

MEMORY: Final = ":memory:"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server behaves; where it listens is said apart."""

    data: str = MEMORY
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


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("it must be a whole number, 0 or more")
    return int(text)


def _rate(text: str) -> float:
    rate = float(text) if text.replace(".", "", 1).isdigit() else -1.0
    if rate < 0:
        raise ValueError("it must be a number, 0 or more")
    return rate


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
    _Flag("host", str, DEFAULT_HOST, "address to listen on; 0.0.0.0 or :: lets other machines in"),
    _Flag("port", parse_port, DEFAULT_PORT, "port to listen on; 0 picks a free one"),
    _Flag("data", str, _DEFAULTS.data, "folder that keeps the rooms; :memory: keeps nothing"),
    _Flag("name", _operator, _DEFAULTS.name, "what the operator is called"),
    _Flag("motd", str, _DEFAULTS.motd, "what newcomers are told first"),
    _Flag("rate", _rate, _DEFAULTS.rate, "requests a second per client; faster ones wait; 0 is no limit"),
    _Flag("max-clients", _count, _DEFAULTS.max_clients, "connections at once; 0 is as many as this system allows"),
    _Flag("backlog", _backlog, _DEFAULTS.backlog, "bytes kept for a client that does not read, before it is let go"),
    _Flag("log-file", str, _DEFAULTS.log_file, "write the log to this file too"),
)


def parse(argv: Sequence[str] | None, environment: Mapping[str, str] = os.environ) -> tuple[str, int, Settings]:
    """(host, port, settings) from the command line, then the environment. Exits with one sentence if it is wrong."""
    parser = argparse.ArgumentParser(
        prog="server.py",
        description="A chat server. People come in with client.py, nc or telnet.",
        epilog="Every option can be set as an environment variable too: --max-clients is CHAT_MAX_CLIENTS.",
        allow_abbrev=False,
    )
    for flag in _FLAGS:
        shown = "" if flag.default is None else f" (default: {flag.default})"
        parser.add_argument(f"--{flag.name}", metavar="", help=flag.help + shown)
    parser.add_argument("--no-console", action="store_true", help="do not talk and take commands on this terminal")
    parser.add_argument("-v", "--verbose", action="store_true", help="log more")
    parser.add_argument("--version", action="version", version=f"server.py {VERSION}")
    given = parser.parse_args(argv)
    values = {flag.name.replace("-", "_"): _value(parser, flag, given, environment) for flag in _FLAGS}
    host, port = values.pop("host"), values.pop("port")
    console = not (given.no_console or _yes(environment.get("CHAT_NO_CONSOLE")))
    verbose = given.verbose or _yes(environment.get("CHAT_VERBOSE"))
    return host, port, Settings(**values, console=console, verbose=verbose)


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
