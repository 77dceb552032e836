"""What the operator may set: flags of the command line, each with an environment variable."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from chat_common import DEFAULT_HOST, DEFAULT_PORT, parse_address, parse_port
from server_parts import setting_forms as forms
from terminal_parts.command_line import CommandLine

MEMORY: Final = ":memory:"
FOLDER: Final = "chat-data"
LOOPBACK, EVERYONE, NOBODY = PLAIN = ("loopback", "everyone", "nobody")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server behaves; where it listens is said apart."""

    data: str = MEMORY  # a server made by hand keeps nothing; the command line's default is a folder
    store: str | None = field(default=None, repr=False)  # a database instead; there may be a password in it
    keep_days: float | None = None
    keep_messages: int | None = None
    name: str = "server"
    motd: str = "Welcome. Be kind."
    rate: float = 10.0
    max_clients: int = 0  # 0: as many as there are descriptors for
    per_address: int = 16  # 0: no limit
    backlog: int = 1024 * 1024
    console: bool = True
    log_file: str | None = None
    verbose: bool = False
    tls_cert: str | None = None  # files of the operator's own; both or neither
    tls_key: str | None = None
    plain: str = LOOPBACK  # who may talk to the server without encryption
    entry: str = "open"  # who may come in that has no account
    guests: str = "talk"  # what those may do that have none
    web: str = "on"  # whether browsers get in
    file_size: int = 100 * 1024**2  # bytes of one file; 0: none are taken
    file_space: int = 5 * 1024**3  # bytes of all of them
    file_rate: float = 40.0  # millions of bytes a second; 0: no limit
    file_hook: str | None = None  # a program that may refuse a file
    web_host: tuple[str, ...] = ()  # names under which browsers reach this server, besides those that it knows
    trusted_proxy: tuple[str, ...] = ()  # addresses of proxies that say for whom they talk

    @property
    def folder(self) -> Path:
        """Where the log is, if it is in no database, and in any case the server's key."""
        return Path(self.data).expanduser()

    @property
    def place(self) -> str:
        """Where the log is, as it is shown to people: without a password."""
        return self.data if self.store is None else forms.without_password(self.store)

    @property
    def own_certificate(self) -> Path:
        """Made by the server, where it is given none."""
        return self.folder / "server.crt"

    @property
    def own_key(self) -> Path:
        return self.folder / "server.key"


class _Flag(NamedTuple):
    name: str
    kind: Callable[[str], Any]
    default: Any
    help: str
    metavar: str
    is_secret: bool = False  # a wrong value is not shown
    is_repeated: bool = False  # it may be given several times; in the environment, with commas between
    shown: str = ""  # the default, where it is shown in another form


_DEFAULTS: Final = Settings()
_FLAGS: Final = (
    _Flag("host", str, DEFAULT_HOST, "address to listen on; 0.0.0.0 or :: lets other machines in", "ADDRESS"),
    _Flag("port", parse_port, DEFAULT_PORT, "port to listen on; 0 picks a free one", "PORT"),
    _Flag("data", forms.folder, FOLDER, "folder where messages are stored; :memory: stores nothing", "DIR"),
    _Flag(
        "store",
        forms.database,
        None,
        "PostgreSQL database where messages are stored, instead of a folder; a password belongs into CHAT_STORE",
        "ADDRESS",
        is_secret=True,
    ),
    _Flag("keep", forms.days, None, "delete messages older than DAYS days", "DAYS"),
    _Flag("keep-messages", forms.at_least_one, None, "keep only the newest N messages of each room", "N"),
    _Flag("name", forms.operator_name, _DEFAULTS.name, "name of the operator", "NAME"),
    _Flag("motd", str, _DEFAULTS.motd, "message of the day, shown to everyone who connects", "TEXT"),
    _Flag("rate", forms.rate, _DEFAULTS.rate, "requests per second from a client, more are delayed; 0: no limit", "N"),
    _Flag(
        "max-clients",
        forms.count,
        _DEFAULTS.max_clients,
        "maximum number of connections; 0: as many as this system allows",
        "N",
    ),
    _Flag(
        "per-address",
        forms.count,
        _DEFAULTS.per_address,
        "maximum number of connections from another address; 0: no limit",
        "N",
    ),
    _Flag(
        "backlog",
        forms.backlog,
        _DEFAULTS.backlog,
        "bytes kept for a client that does not read, before it is disconnected; at least 65536",
        "BYTES",
    ),
    _Flag(
        "tls-cert", forms.file, None, "certificate to use instead of the server's own, with its chain, in PEM", "FILE"
    ),
    _Flag("tls-key", forms.file, None, "private key of that certificate, in PEM without a password", "FILE"),
    _Flag(
        "plain",
        forms.one_of(*PLAIN),
        _DEFAULTS.plain,
        "who may connect without encryption: loopback (this machine), everyone or nobody",
        "WHO",
    ),
    _Flag(
        "entry",
        forms.one_of("open", "invite", "closed"),
        _DEFAULTS.entry,
        "who may join without an account: open (everybody), invite (people with an invitation) or closed (nobody)",
        "WHO",
    ),
    _Flag(
        "guests",
        forms.one_of("talk", "read", "no"),
        _DEFAULTS.guests,
        "what people without an account may do: talk, read (but not talk), or no (they need client.py or a password)",
        "WHAT",
    ),
    _Flag("web", forms.one_of("on", "off"), _DEFAULTS.web, "whether browsers get a page: on or off", "on|off"),
    _Flag(
        "web-host",
        forms.host_name,
        (),
        "name under which browsers reach this server; may be repeated",
        "NAME",
        is_repeated=True,
    ),
    _Flag(
        "trusted-proxy",
        forms.address,
        (),
        "address of a proxy whose X-Forwarded-For is believed; may be repeated",
        "ADDRESS",
        is_repeated=True,
    ),
    _Flag(
        "file-size",
        forms.size,
        _DEFAULTS.file_size,
        "largest file that people may send, like 100M or 2G; 0: none",
        "SIZE",
        shown="100M",
    ),
    _Flag("file-space", forms.size, _DEFAULTS.file_space, "space for all files together", "SIZE", shown="5G"),
    _Flag(
        "file-rate",
        forms.rate,
        _DEFAULTS.file_rate,
        "megabytes a second for all transfers of files, half of it for each; 0: no limit",
        "N",
    ),
    _Flag(
        "file-hook",
        forms.program,
        None,
        "program that is run with the path of each file received; unless it exits with 0, the file is refused",
        "PROGRAM",
    ),
    _Flag("log-file", str, _DEFAULTS.log_file, "write the log to this file too", "FILE"),
)
_GROUPS: Final = {
    "Network": ("host", "port", "max-clients", "per-address", "rate", "backlog"),
    "Encryption": ("tls-cert", "tls-key", "plain"),
    "Messages": ("data", "store", "keep", "keep-messages", "motd"),
    "People": ("entry", "guests"),
    "Files": ("file-size", "file-space", "file-rate", "file-hook"),
    "Browsers": ("web", "web-host", "trusted-proxy"),
    "Operator": ("name", "log-file"),
}


class Command(NamedTuple):
    """What the command line asks for: to serve, or to copy something and be done."""

    host: str
    port: int
    settings: Settings
    export: str | None = None
    backup: str | None = None
    import_from: str | None = None
    shows_password: bool = False  # there is one on the command line, where everybody on the machine can see it


def parse(argv: Sequence[str] | None, environment: Mapping[str, str] = os.environ) -> Command:
    """The command line, filled up from the environment. Exits with one sentence if something is wrong."""
    parser = _command_line()
    given = parser.read(argv, _argument_too_many)
    values = {flag.name.replace("-", "_"): _value(parser, flag, given, environment) for flag in _FLAGS}
    host, port, keep_days = values.pop("host"), values.pop("port"), values.pop("keep")
    console = not (given.no_console or _yes(environment.get("CHAT_NO_CONSOLE")))
    verbose = given.verbose or _yes(environment.get("CHAT_VERBOSE"))
    settings = Settings(**values, keep_days=keep_days, console=console, verbose=verbose)
    if bool(settings.tls_cert) != bool(settings.tls_key):
        parser.error("options --tls-cert and --tls-key need each other; name both files, or neither")
    if sum(map(bool, (given.export, given.backup, given.import_from))) > 1:
        parser.error("options --export, --backup and --import exclude each other; use one at a time")
    _check_place(parser, settings, given, environment)
    shows_password = given.store is not None and forms.has_password(given.store)
    return Command(host, port, settings, given.export, given.backup, given.import_from, shows_password)


def _check_place(parser: CommandLine, settings: Settings, given: Any, environment: Mapping[str, str]) -> None:
    """Exit with one sentence where what is asked for does not go with where the log is."""
    if settings.store is None:
        if settings.data == MEMORY and (given.export or given.backup):
            parser.error("options --export and --backup need a folder; name it with --data")
        if given.import_from:
            parser.error("option --import copies a folder into a database; name that with --store or CHAT_STORE")
        return
    if given.data is not None or environment.get("CHAT_DATA") is not None:
        parser.error("options --data and --store exclude each other; messages are stored in one place")
    if given.backup:
        parser.error("option --backup copies a folder; copy a database with PostgreSQL's own pg_dump")


_EPILOG: Final = """\
Examples:
  python server.py                       serve this machine, and keep the rooms in chat-data
  python server.py --host 0.0.0.0        let other machines in
  python server.py --data :memory:       keep nothing
  python server.py --export lobby        print what was said in the lobby

Environment variables, used where the option is not given: CHAT_ and the name of the option, like CHAT_PORT=4000 or
CHAT_MAX_CLIENTS=100; CHAT_NO_CONSOLE=1 and CHAT_VERBOSE=1."""


def _command_line() -> CommandLine:
    description = "A chat server. People connect with client.py, nc or telnet."
    parser = CommandLine("server.py", "[OPTIONS]", description, _EPILOG, allow_abbrev=False)
    for title, names in _GROUPS.items():
        add = parser.group(title)
        for flag in _FLAGS:
            if flag.name in names:
                shown = "" if flag.default in (None, ()) else f" (default: {flag.shown or flag.default})"
                action = "append" if flag.is_repeated else "store"
                add(f"--{flag.name}", metavar=flag.metavar, help=flag.help + shown, action=action)
        if title == "Operator":
            add("--no-console", action="store_true", help="do not use this terminal for talking and commands")
            add("-v", "--verbose", action="store_true", help="log more details")
    add = parser.group("Export, back up or import, and exit")
    add("--export", metavar="ROOM", help="write a room to standard output as JSON lines")
    add("--backup", metavar="FILE", help="copy everything to a new file")
    add("--import", metavar="DIR", dest="import_from", help="copy everything in a folder into the database of --store")
    parser.add_general()
    return parser


def _argument_too_many(argument: str, given: argparse.Namespace) -> str:
    if argument.isascii() and argument.isdigit():
        return f"did you mean --port {argument}?"
    try:
        host, port = parse_address(argument, default_port=-1)
    except ValueError:
        return "--help lists the options"
    return f"did you mean --host {host}" + (f" --port {port}?" if port >= 0 else "?")


def _value(parser: CommandLine, flag: _Flag, given: Any, environment: Mapping[str, str]) -> Any:
    source, text = f"--{flag.name}", getattr(given, flag.name.replace("-", "_"))
    if text is None:
        source = f"CHAT_{flag.name.replace('-', '_').upper()}"
        text = environment.get(source)
        if flag.is_repeated and text is not None:
            text = text.split(",")
    if flag.is_repeated:
        return tuple(parser.value(source, one.strip(), flag.kind) for one in text or ())
    if text is not None and flag.is_secret:
        return _secret(parser, source, text, flag.kind)
    return flag.default if text is None else parser.value(source, text, flag.kind)


def _secret(parser: CommandLine, source: str, text: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(text)
    except ValueError as problem:
        parser.error(f"invalid {source}: {problem}")


def _yes(text: str | None) -> bool:
    return (text or "").lower() in ("1", "yes", "true", "on")
