"""What the operator may set, by flag and by environment, and what is said when it is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server_parts import settings
from server_parts.settings import Command


def parse(*argv: str, **environment: str) -> Command:
    return settings.parse(argv, environment)


def test_the_defaults() -> None:
    """Without a flag: this machine alone, port 3030, ten requests a second, one mebibyte of backlog, a console."""
    command = parse()
    assert (command.host, command.port) == ("127.0.0.1", 3030)
    chosen = command.settings
    assert (chosen.name, chosen.rate, chosen.max_clients, chosen.backlog) == ("server", 10.0, 0, 1024 * 1024)
    assert (chosen.console, chosen.verbose, chosen.log_file) == (True, False, None)
    assert chosen.data


VALUES = {
    "host": ("::", "::"),
    "port": ("0", 0),
    "data": (":memory:", ":memory:"),
    "store": ("postgresql://chat@db/chat", "postgresql://chat@db/chat"),
    "keep": ("30", 30.0),
    "keep_messages": ("1000", 1000),
    "name": ("boss", "boss"),
    "motd": ("Hello, all", "Hello, all"),
    "rate": ("2.5", 2.5),
    "max_clients": ("7", 7),
    "backlog": ("65536", 65_536),
    "entry": ("invite", "invite"),
    "guests": ("read", "read"),
    "log_file": ("x.log", "x.log"),
    "plain": ("nobody", "nobody"),
}
PAIRED = ("tls_cert", "tls_key")


def value(command: Command, name: str) -> object:
    holder = command if name in ("host", "port") else command.settings
    return getattr(holder, {"keep": "keep_days"}.get(name, name))


@pytest.mark.parametrize("name", VALUES)
def test_flags_and_variables(name: str) -> None:
    """Every option has a flag and a CHAT_ variable; the flag wins."""
    text, wanted = VALUES[name]
    flag, variable = f"--{name.replace('_', '-')}", f"CHAT_{name.upper()}"
    assert value(parse(flag, text), name) == wanted
    assert value(parse(f"{flag}={text}"), name) == wanted
    assert value(settings.parse([], {variable: text}), name) == wanted
    assert value(settings.parse([flag, text], {variable: "wrong!"}), name) == wanted


def test_two_files_that_belong_together() -> None:
    """Each may come from the command line or the environment; without them, the server uses its own."""
    given = settings.parse(["--tls-cert", "a.crt"], {"CHAT_TLS_KEY": "a.key", "CHAT_TLS_CERT": "b.crt"}).settings
    assert (given.tls_cert, given.tls_key) == ("a.crt", "a.key")
    own = parse("--data", "rooms").settings
    assert (own.tls_cert, own.tls_key, own.plain) == (None, None, "loopback")
    assert (own.own_certificate, own.own_key) == (Path("rooms/server.crt"), Path("rooms/server.key"))


SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://chat:s3cr3t@db.example.org:5433/chat", "postgresql://chat@db.example.org:5433/chat"),
        ("postgres://chat:s3cr3t%40%2F@db/chat?sslmode=require", "postgres://chat@db/chat"),
        ("postgresql://db/chat?user=chat&password=s3cr3t", "postgresql://db/chat"),
        ("postgresql://chat@/chat?host=/run/postgresql", "postgresql://chat@/chat"),
        ("postgresql://a,b:5433/chat", "postgresql://a,b:5433/chat"),
    ],
)
def test_a_password_is_never_shown(address: str, shown: str) -> None:
    """Of the address of a database, people see what is no secret; so does who logs the settings."""
    chosen = settings.parse([], {"CHAT_STORE": address}).settings
    assert (chosen.store, chosen.place) == (address, shown)
    assert SECRET not in repr(chosen)


@pytest.mark.parametrize(
    "address",
    [
        "s3cr3t",
        "postgresql:s3cr3t",
        "mysql://chat:s3cr3t@db/chat",
        "postgresql://chat:s3cr3t@@db/chat",
        "postgresql://chat:s3cr3t/@db/chat",
        "postgresql://chat:s3cr3t?@db/chat",
        "postgresql://chat:s3cr3t#@db/chat",
        "postgresql://chat:s3cr3t@db",
        "postgresql://chat:s3cr3t@db/",
    ],
)
@pytest.mark.parametrize("source", ["--store", "CHAT_STORE"])
def test_a_wrong_address_of_a_database_is_not_shown(
    address: str, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """There may be a password in it. What is wrong is told all the same."""
    with pytest.raises(SystemExit):
        settings.parse([source, address] if source == "--store" else [], {source: address})
    told = capsys.readouterr().err
    assert told.startswith(f"Invalid {source}: ")
    assert SECRET not in told


@pytest.mark.parametrize(
    ("address", "has_one"),
    [
        ("postgresql://chat:s3cr3t@db/chat", True),
        ("postgresql://db/chat?user=chat&password=s3cr3t", True),
        ("postgresql://db/chat?p%61ssword=s3cr3t", True),
        ("postgresql://chat@db/chat", False),
        ("postgresql:///chat?passfile=/srv/chat/.pgpass", False),
    ],
)
def test_a_password_on_the_command_line_is_noticed(address: str, has_one: bool) -> None:
    """In an environment variable it is seen by nobody else."""
    assert parse("--store", address).shows_password == has_one
    assert not parse(CHAT_STORE=address).shows_password


@pytest.mark.parametrize("yes", ["1", "yes", "TRUE", "on"])
def test_switches(yes: str) -> None:
    """Flags without a value have variables too; anything that is not yes is no."""
    assert not parse("--no-console").settings.console
    assert parse("-v").settings.verbose
    assert parse("--verbose").settings.verbose
    assert not settings.parse([], {"CHAT_NO_CONSOLE": yes}).settings.console
    assert settings.parse([], {"CHAT_VERBOSE": yes}).settings.verbose
    assert settings.parse([], {"CHAT_NO_CONSOLE": "0"}).settings.console


BAD_VALUES = [
    *(("entry", text) for text in ("", "Open", "invited", "no")),
    *(("guests", text) for text in ("", "yes", "write")),
    *(("port", text) for text in ("x", "-1", "65536", "", "8080.0", "٣", "9" * 5000)),
    *(("name", text) for text in ("", "a b", "-x", "x" * 33, "\x1b[31m", "é")),
    *(("rate", text) for text in ("x", "-1", "nan", "inf", "1e5", "", "1.2.3", "²", "9" * 400)),
    *(("max_clients", text) for text in ("x", "-1", "1.5", "", "٣", "9" * 5000)),
    *(("keep", text) for text in ("x", "0", "-1", "", "9" * 400)),
    *(("keep_messages", text) for text in ("x", "0", "-1", "1.5", "", "9" * 30)),
    *(("plain", text) for text in ("", "none", "Nobody", "127.0.0.1")),
    *(("tls_cert", text) for text in ("",)),
    *(("tls_key", text) for text in ("",)),
    *(("backlog", text) for text in ("x", "0", "65535", "-1", "")),
]


@pytest.mark.parametrize("source", ["flag", "variable"])
@pytest.mark.parametrize(("name", "text"), BAD_VALUES, ids=[f"{name} {text[:8]!r}" for name, text in BAD_VALUES])
def test_a_wrong_value_gets_one_sentence(name: str, text: str, source: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the flag or the variable, quotes the value harmlessly, and the status is 2."""
    flag, variable = f"--{name.replace('_', '-')}", f"CHAT_{name.upper()}"
    with pytest.raises(SystemExit) as leaving:
        settings.parse([f"{flag}={text}"] if source == "flag" else [], {} if source == "flag" else {variable: text})
    shown = capsys.readouterr()
    assert leaving.value.code == 2
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert (flag if source == "flag" else variable) in shown.err
    assert shown.err[:-1].isprintable()


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--prot", "1"], "Unknown option --prot; did you mean --port?"),
        (["--xyzzy"], "Unknown option --xyzzy; --help lists the options."),
        (["--port"], "Option --port needs a value, as in --port=VALUE."),
        (["--verbose=1"], "Option --verbose takes no value."),
        (["--port", "99999"], "Invalid --port 99999: use a number from 0 to 65535."),
        (["4101"], "Unexpected argument 4101; did you mean --port 4101?"),
        (["::1"], "Unexpected argument ::1; did you mean --host ::1?"),
        (["a:4101"], "Unexpected argument a:4101; did you mean --host a --port 4101?"),
        (["a:b"], "Unexpected argument a:b; --help lists the options."),
        (["--plain", "all"], "Invalid --plain all: use loopback, everyone or nobody."),
        (["--tls-cert", ""], 'Invalid --tls-cert "": name a file.'),
        (["--tls-cert", "x"], "Options --tls-cert and --tls-key need each other; name both files, or neither."),
        (["--tls-key", "x"], "Options --tls-cert and --tls-key need each other; name both files, or neither."),
        (["--data", ""], 'Invalid --data "": name a folder, or :memory: to keep nothing.'),
        (
            ["--store", "postgresql://chat@db/chat", "--data", "rooms"],
            "Options --data and --store exclude each other; messages are stored in one place.",
        ),
        (
            ["--store", "postgresql://chat@db/chat", "--backup", "x"],
            "Option --backup copies a folder; copy a database with PostgreSQL's own pg_dump.",
        ),
        (
            ["--import", "rooms"],
            "Option --import copies a folder into a database; name that with --store or CHAT_STORE.",
        ),
        (
            ["--store", "postgresql://chat@db/chat", "--import", "rooms", "--export", "lobby"],
            "Options --export, --backup and --import exclude each other; use one at a time.",
        ),
        (["--store", "chat"], "Invalid --store: use an address like postgresql://USER@HOST/DATABASE."),
        (["--data", ":memory:", "--backup", "x"], "Options --export and --backup need a folder; name it with --data."),
    ],
)
def test_a_wrong_command_line_gets_advice(argv: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence in the form that the client's has."""
    with pytest.raises(SystemExit) as leaving:
        settings.parse(argv, {})
    assert (leaving.value.code, capsys.readouterr().err) == (2, f"{sentence}\n")


def test_a_wrong_variable_is_named_as_a_variable(capsys: pytest.CaptureFixture[str]) -> None:
    """And not as the option that nobody gave."""
    with pytest.raises(SystemExit):
        settings.parse([], {"CHAT_PORT": "99999"})
    assert capsys.readouterr().err == "Invalid CHAT_PORT 99999: use a number from 0 to 65535.\n"


@pytest.mark.parametrize("argv", [["--prot", "1"], ["--por", "1"], ["extra"], ["--port"], ["--rate"]])
def test_a_wrong_flag(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown or cut flag is named in one sentence, and the status is 2; flags are not guessed."""
    with pytest.raises(SystemExit) as leaving:
        settings.parse(argv, {})
    assert leaving.value.code == 2
    shown = capsys.readouterr().err
    assert argv[0] in shown
    assert shown.count("\n") == 1


def test_help_names_every_flag_once(capsys: pytest.CaptureFixture[str]) -> None:
    """With its default where it has one."""
    with pytest.raises(SystemExit) as leaving:
        settings.parse(["--help"], {})
    assert leaving.value.code == 0
    text = capsys.readouterr().out
    for flag in (
        "--no-console",
        "--version",
        "--verbose",
        *(f"--{name.replace('_', '-')}" for name in (*VALUES, *PAIRED)),
    ):
        assert len(re.findall(rf"^  (?:-v, )?{flag}(?= |$)", text, re.MULTILINE)) == 1, flag
    assert "3030" in text
    assert "CHAT_" in text


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """One line."""
    with pytest.raises(SystemExit) as leaving:
        settings.parse(["--version"], {})
    assert leaving.value.code == 0
    assert re.fullmatch(r"server\.py \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_the_readme_knows_every_flag() -> None:
    """What can be set is written down."""
    root = Path(settings.__file__).parents[1]
    written = "".join(page.read_text() for page in [root / "README.md", *root.glob("docs/*.md")])
    for name in (*VALUES, *PAIRED):
        assert f"--{name.replace('_', '-')}" in written, name
