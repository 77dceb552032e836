"""What the command line and the environment may ask for, and one sentence for what they may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat_common import COLORS, VERSION
from client_parts.command_line import read_command_line
from tls_parts.invitation import Invitation

KEY = bytes(range(12))
LINK = str(Invitation("chat.example", 4000, "builds", KEY))


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHAT_TOKEN_FILE", str(tmp_path / "token"))
    for variable in ("CHAT_SERVER", "CHAT_HOST", "CHAT_PORT", "CHAT_NAME", "CHAT_COLOR"):
        monkeypatch.delenv(variable, raising=False)


def test_nothing_asked_for_is_the_local_lobby() -> None:
    """The defaults are those of the first run."""
    options = read_command_line([])
    assert (options.host, options.port, options.preferences.rooms, options.preferences.name) == (
        "127.0.0.1",
        3030,
        ("lobby",),
        None,
    )
    assert (
        options.preferences.history,
        options.preferences.style,
        options.preferences.json_events,
        options.preferences.reconnect,
    ) == (None, None, False, True)


@pytest.mark.parametrize(
    ("arguments", "host", "port"),
    [
        (["chat.example"], "chat.example", 3030),
        (["chat.example:4000"], "chat.example", 4000),
        (["[::1]:4000"], "::1", 4000),
        (["::1"], "::1", 3030),
        (["--host", "h", "--port", "9"], "h", 9),
        (["chat.example", "--port", "9"], "chat.example", 9),
        ([":9", "--host", "h"], "h", 9),
        (["h:9", "--host", "h", "--port", "9"], "h", 9),
    ],
)
def test_addresses(arguments: list[str], host: str, port: int) -> None:
    """One argument, or two flags that go before it."""
    options = read_command_line(arguments)
    assert (options.host, options.port) == (host, port)


@pytest.mark.parametrize(
    ("arguments", "servers"),
    [
        (["a:1", "b:2", "[::1]:3", "c"], [("a", 1), ("b", 2), ("::1", 3), ("c", 3030)]),
        (["a:1,b", "c"], [("a", 1), ("b", 3030), ("c", 3030)]),
        (["a:1", "b", "--port", "1"], [("a", 1), ("b", 1)]),
        (["chat://a:1,b,[::1]:3/builds"], [("a", 1), ("b", 3030), ("::1", 3)]),
    ],
)
def test_several_servers_of_one_chat(arguments: list[str], servers: list[tuple[str, int]]) -> None:
    """In their order; the first is the one that a single address would be."""
    options = read_command_line(arguments)
    assert [(options.host, options.port), *options.preferences.other_servers] == servers


@pytest.mark.parametrize(
    ("value", "servers"),
    [
        ("a:1 b:2", [("a", 1), ("b", 2)]),
        (" a:1, b:2,c ", [("a", 1), ("b", 2), ("c", 99)]),
        ("chat://a:1,b:2/builds", [("a", 1), ("b", 2)]),
        (" , ", [("h", 99)]),
    ],
)
def test_the_usual_servers(value: str, servers: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    """CHAT_SERVER comes before CHAT_HOST, and behind any address or --host on the command line."""
    for name, text in (("SERVER", value), ("HOST", "h"), ("PORT", "99")):
        monkeypatch.setenv(f"CHAT_{name}", text)
    options = read_command_line([])
    assert [(options.host, options.port), *options.preferences.other_servers] == servers
    for arguments in (["::1"], ["--host", "::1"]):
        options = read_command_line(arguments)
        assert (options.host, options.port, options.preferences.other_servers) == ("::1", 99, ())


def test_a_port_alone_contradicts_the_usual_servers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAT_SERVER", "a:1 b:2")
    with pytest.raises(SystemExit):
        read_command_line([":9"])
    assert capsys.readouterr().err == ":9 contradicts the address in CHAT_SERVER; give one of them.\n"


def test_a_link_is_an_address_a_room_and_a_key() -> None:
    """Its room comes before others; the address may be repeated."""
    options = read_command_line([LINK])
    assert (options.host, options.port) == ("chat.example", 4000)
    assert (options.preferences.rooms, options.preferences.key) == (("builds",), KEY)
    options = read_command_line([LINK, "--room", "den", "--room", "builds", "--port", "4000"])
    assert options.preferences.rooms == ("builds", "den")
    options = read_command_line(["chat://chat.example"])
    assert (options.port, options.preferences.rooms, options.preferences.key) == (3030, ("lobby",), None)


def test_a_link_may_be_the_usual_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the other variables; a server on the command line is another one, with another key."""
    monkeypatch.setenv("CHAT_HOST", LINK)
    monkeypatch.setenv("CHAT_PORT", "99")
    options = read_command_line([])
    assert (options.host, options.port, options.preferences.rooms) == ("chat.example", 4000, ("builds",))
    assert options.preferences.key == KEY
    for arguments in (["h:4000"], ["--host", "h", "--port", "4000"]):
        options = read_command_line(arguments)
        assert (options.host, options.port) == ("h", 4000)
        assert (options.preferences.rooms, options.preferences.key) == (("lobby",), None)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([":99"], "contradicts the link in CHAT_HOST; give one of them."),
        (["--port", "99"], f"Option --port 99 contradicts {LINK}; give one of them."),
        (["--no-tls"], "Option --no-tls contradicts the key in the link; leave out one of them."),
    ],
)
def test_what_contradicts_the_usual_server(
    arguments: list[str], part: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAT_HOST", LINK)
    with pytest.raises(SystemExit):
        read_command_line(arguments)
    assert part in capsys.readouterr().err


def test_a_link_that_is_none_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variable is to blame."""
    monkeypatch.setenv("CHAT_HOST", "chat://chat.example#key")
    with pytest.raises(SystemExit):
        read_command_line([])
    assert capsys.readouterr().err.startswith("Invalid CHAT_HOST chat://chat.example#key: the key is six words")


def test_whether_to_encrypt() -> None:
    """As the server's place wants it, unless somebody says."""
    assert [read_command_line(arguments).preferences.tls for arguments in ([], ["--tls"], ["--no-tls"])] == [
        None,
        True,
        False,
    ]
    assert [read_command_line(arguments).preferences.forget_server for arguments in ([], ["--forget-server"])] == [
        False,
        True,
    ]


def test_the_environment_is_asked_where_the_command_line_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """CHAT_HOST, CHAT_PORT, CHAT_NAME and CHAT_COLOR, each below its flag."""
    for variable, value in {"HOST": "h", "PORT": "99", "NAME": "zoe", "COLOR": "RED"}.items():
        monkeypatch.setenv(f"CHAT_{variable}", value)
    options = read_command_line([])
    assert (options.host, options.port, options.preferences.name, options.color) == ("h", 99, "zoe", "red")
    options = read_command_line(["--port", "1", "--name", "bob", "--color", "blue"])
    assert (options.host, options.port, options.preferences.name, options.color) == ("h", 1, "bob", "blue")


def test_ways_to_come_in() -> None:
    """A password is asked for, or read from a file; it is never an argument. An invitation is one."""
    asked = read_command_line(["--login", "--invite", " k3f9-aaaa "]).preferences
    assert (asked.login, asked.invitation, asked.password, asked.password_file) == (True, "k3f9-aaaa", None, None)
    from_file = read_command_line(["--password-file", "secret"]).preferences
    assert (from_file.login, from_file.password_file) == (False, Path("secret"))


def test_rooms_are_kept_in_order_and_once() -> None:
    """With or without the sign, in any case."""
    options = read_command_line(["--room", "#Builds", "--room", "lobby", "--room", "builds"])
    assert options.preferences.rooms == ("builds", "lobby")


@pytest.mark.parametrize("variable", ["CHAT_NAME", "CHAT_COLOR", "CHAT_PORT"])
def test_the_environment_is_named_when_it_is_to_blame(
    variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not the flag that nobody gave."""
    monkeypatch.setenv(variable, "x y")
    with pytest.raises(SystemExit):
        read_command_line([])
    assert capsys.readouterr().err.startswith(f'Invalid {variable} "x y": ')


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--color", "ultraviolet"], f"choose from {', '.join(COLORS)}"),
        (["--name", "two words"], "a name is made of"),
        (["--name", "server"], "is reserved"),
        (["--room", "Ö"], "a room name is made of"),
        (["--port", "99999"], "from 0 to 65535"),
        (["host:port"], "from 0 to 65535"),
        (["127.0.0.1:"], "Invalid address 127.0.0.1:: write HOST, HOST:PORT or [IPV6]:PORT."),
        ([" "], 'Invalid address " ": write HOST, HOST:PORT or [IPV6]:PORT.'),
        (["[::1"], "Invalid address [::1: write HOST, HOST:PORT or [IPV6]:PORT."),
        (["--history", "-1"], "Invalid --history -1: use a number of messages"),
        (["--history", "501"], "from 0 to 500"),
        (["--port", "abc"], "Invalid --port abc: use a number from 0 to 65535."),
        (["http://localhost:3030/"], "write it without http://, like localhost:3030."),
        (["--tls", "--no-tls"], "Option --tls contradicts --no-tls; give one of them."),
        ([LINK, "--no-tls"], "Option --no-tls contradicts the key in the link; leave out one of them."),
        ([LINK, "--port", "99"], f"Option --port 99 contradicts {LINK}; give one of them."),
        ([LINK, "--host", "h"], f"Option --host h contradicts {LINK}; give one of them."),
        (["--host", LINK], "give a link without --host"),
        (["chat://h#key"], "Invalid address chat://h#key: the key is six words, or 43 letters and digits."),
        (["chat://"], "write chat://HOST:PORT/ROOM#KEY"),
        (["localhost:3999", "--port", "3030"], "Option --port 3030 contradicts localhost:3999; give one of them."),
        (["b", "--host", "a"], "Option --host a contradicts b; give one of them."),
        (["--host", "a:1"], "Invalid --host a:1: write the host alone, and its port with --port."),
        (["4101"], "Invalid address 4101: write HOST:4101, or :4101 for a port on this machine."),
        (["127.0.0.1", "4101"], "Unexpected argument 4101; write 127.0.0.1:4101."),
        (["::1", "4101"], "Unexpected argument 4101; write [::1]:4101."),
        (["a", "--name", "x", "b"], "Unexpected argument b; write all addresses side by side."),
        (["a", "b:99999"], "Invalid address b:99999: use a number from 0 to 65535."),
        (["a", "1" * 5000], "Invalid address 1111"),
        (["a,,b"], 'Invalid address "": write HOST, HOST:PORT or [IPV6]:PORT.'),
        (["a:1", "b:2", "--port", "1"], "Option --port 1 contradicts a:1 b:2; give one of them."),
        (["a", "b", "--host", "a"], "Option --host a contradicts a b; give one of them."),
        (["a", LINK], "A link names all servers; give it alone."),
        ([f"h{number}" for number in range(17)], "Too many servers: 17 > 16."),
        (["--prot", "4101"], "Unknown option --prot; did you mean --port?"),
        (["--prot=4101"], "Unknown option --prot; did you mean --port?"),
        (["--xyzzy"], "Unknown option --xyzzy; --help lists the options."),
        (["--port"], "Option --port needs a value, as in --port=VALUE."),
        (["--json=yes"], "Option --json takes no value."),
        (["--h", "x"], "Option --h is ambiguous: it may be "),
        (["--style", "fancy"], "classic"),
        (["--send", "/no/such/file"], "There is no file /no/such/file."),
        (["--password", "x"], "Other users can see command lines: use --login, which asks for a password, or"),
        (["--password=x"], "Other users can see command lines: use --login, which asks for a password, or"),
        (["--invite", ""], 'Invalid --invite "": use the code of the invitation.'),
        (["--invite", "a\nb"], "use the code of the invitation."),
        (["--login=x"], "Option --login takes no value."),
        (["--naem", "x"], "Unknown option --naem; did you mean --name?"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_status_2(
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names what is wrong; there is no usage dump and no traceback."""
    with pytest.raises(SystemExit) as ending:
        read_command_line(arguments)
    assert ending.value.code == 2
    sentence = capsys.readouterr().err
    assert part in sentence
    assert sentence[0].isupper()
    assert sentence.count("\n") == 1


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version says it on standard output."""
    with pytest.raises(SystemExit) as ending:
        read_command_line(["--version"])
    assert ending.value.code == 0
    assert capsys.readouterr().out == f"client.py {VERSION}\n"


SETTINGS = """
server = "home"
name = "zoe"
[servers.home]
address = "a:1, b:2"
[servers.work]
address = "chat://chat.example:4000/builds"
rooms = ["den"]
name = "ann"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(SETTINGS)
    return path


@pytest.mark.usefixtures("settings")
def test_a_server_has_a_short_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its rooms and the name there; options and the environment come first."""
    options = read_command_line(["work"])
    preferences = options.preferences
    assert (options.host, options.port, preferences.rooms) == ("chat.example", 4000, ("builds", "den"))
    assert preferences.name == "ann"
    asked = read_command_line(["work", "--name", "bob", "--room", "x"]).preferences
    assert (asked.name, asked.rooms) == ("bob", ("builds", "x"))
    monkeypatch.setenv("CHAT_NAME", "eve")
    monkeypatch.setenv("CHAT_SERVER", "elsewhere")
    assert read_command_line(["work"]).preferences.name == "eve"


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("arguments", "insists", "talks_there"),
    [
        (["work"], True, False),
        (["work", "--room", "x"], True, True),
        (["home"], False, False),
        (["a:1"], False, False),
        (["chat://chat.example/builds"], True, True),
        (["chat://chat.example"], False, False),
    ],
)
def test_rooms_that_are_named_anew_come_before_those_of_the_last_run(
    arguments: list[str], insists: bool, talks_there: bool
) -> None:
    """Those of a saved server are entered each time, but one talks where one talked last."""
    preferences = read_command_line(arguments).preferences
    assert (preferences.insists, preferences.talks_there) == (insists, talks_there)


@pytest.mark.usefixtures("settings")
def test_the_settings_say_where_to_go_if_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address, an option or a variable is another server."""
    options = read_command_line([])
    assert ((options.host, options.port), options.preferences.other_servers) == (("a", 1), (("b", 2),))
    assert options.preferences.name == "zoe"
    for arguments, place in (
        (["--port", "9"], ("127.0.0.1", 9)),
        ([":9"], ("127.0.0.1", 9)),
        (["other"], ("other", 3030)),
    ):
        options = read_command_line(arguments)
        assert ((options.host, options.port), options.preferences.other_servers) == (place, ())
    monkeypatch.setenv("CHAT_HOST", "h")
    assert read_command_line([]).host == "h"


def test_a_wrong_short_server_is_blamed_on_the_settings(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its place; a file that cannot be read has one too. --help is shown all the same."""
    settings.write_text('[servers.work]\naddress = "http://x"\n')
    for text, sentence in (
        (
            '[servers.work]\naddress = "http://x"\n',
            "Invalid servers.work http://x: write it without http://, like x.\n",
        ),
        ("[servers", f"{settings}, at its end: expected ']' at the end of a table declaration.\n"),
    ):
        settings.write_text(text)
        with pytest.raises(SystemExit) as ending:
            read_command_line(["work"])
        assert (ending.value.code, capsys.readouterr().err) == (2, sentence)
    with pytest.raises(SystemExit) as ending:
        read_command_line(["--help"])
    assert ending.value.code == 0
