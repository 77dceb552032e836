"""The server as a program: what it says when it starts, and what it says when it cannot."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from chat_common import format_address
from server_parts import starting
from server_parts.own_certificate import Encryption
from server_parts.settings import Settings
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.wire import sockets
from server_parts.wire.certificate import Certificate
from tests.conftest import Chat, ChatLog, Serve
from tests.peers import WAIT, Native, wait_until
from tests.programs import read_line, read_rest, run_server, server_program, started
from tests.tls.certificates import key_pair, needs_openssl
from tls_parts.invitation import Invitation, read_link
from tls_parts.public_key import words

OWN = ("192.168.1.7", "10.0.0.7")
NO_MAKER = {"PATH": ""}  # no program to make a key; the package that could is not among the tests' requirements


def test_it_says_where_it_listens() -> None:
    """The real address, and it runs without a terminal until it is told to stop."""
    with server_program() as program:
        assert program.printed.startswith(f"Server started on 127.0.0.1:{program.port}\n".encode())
        with Native(program.port, "alice") as alice:
            assert alice.tell("hi")["id"] == 1
        assert program.stop() == 0


@pytest.mark.parametrize("more", [(), ("--export", "lobby")], ids=["serve", "export"])
def test_a_password_that_everybody_can_see_is_warned_of(more: tuple[str, ...]) -> None:
    """In one sentence that says what to do, and never shows it; in the environment, it is right."""
    address = "postgresql://chat:s3cr3t@127.0.0.1:1/chat"
    run = run_server("--port", "0", "--store", address, *more)
    assert run.stderr.count("with ps") == 1
    assert "CHAT_STORE" in run.stderr
    assert "~/.pgpass" in run.stderr
    assert "s3cr3t" not in run.stdout + run.stderr
    run = run_server("--port", "0", *more, env={"CHAT_STORE": address})
    assert "with ps" not in run.stderr
    assert "s3cr3t" not in run.stdout + run.stderr


def test_the_address_is_green_where_colours_are_wanted() -> None:
    """FORCE_COLOR wants them even in a pipe."""
    with started({"FORCE_COLOR": "1"}) as process:
        assert read_line(process).startswith(b"\x1b[32mServer started on 127.0.0.1:")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_at_any_instant_shows_no_traceback() -> None:
    """From the first import to a server that runs, Ctrl+C ends the program quietly."""
    for delay in range(16):
        with started({"PYTHONPROFILEIMPORTTIME": "1"}) as process:
            # Before the program's first line, an interrupt is the interpreter's own affair.
            while not read_line(process).endswith(b"| contextlib\n"):
                assert process.poll() is None
            time.sleep(delay * 0.015)  # no gate: any instant will do
            process.send_signal(signal.SIGINT)
            printed = read_rest(process).decode()
            assert process.wait(2 * WAIT) in (0, -signal.SIGINT), printed
            assert "Traceback" not in printed, printed


INTERRUPTED_COPY = """
    import signal, sys
    sys.path.insert(0, sys.argv.pop(1))
    import server
    from server_parts.storage.sqlite import backup
    backup._copy_files = lambda source, pool, partial: signal.raise_signal(signal.SIGINT)
    sys.exit(server.main())
"""


def test_ctrl_c_leaves_no_half_of_a_copy(tmp_path: Path) -> None:
    """Nothing beside the log, and no traceback."""
    SqliteLog(tmp_path / "data").close()
    flags = ("--data", str(tmp_path / "data"), "--backup", str(tmp_path / "copy.db"))
    with started({}, *flags, code=textwrap.dedent(INTERRUPTED_COPY)) as process:
        assert (read_rest(process), process.wait(2 * WAIT)) == (b"", 130)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


FIFTY_MORE_THAN_IT_KEEPS = """
    import resource, sys
    resource.setrlimit(resource.RLIMIT_NOFILE, (80, 114))
    sys.path.insert(0, sys.argv.pop(1))
    import server
    sys.exit(server.main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no RLIMIT_NOFILE")
@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ((), "50 clients"),
        (("--max-clients", "1"), "1 client"),
        (("--max-clients", "9999"), "50 clients"),
    ],
    ids=["as many as fit", "fewer", "more than fit"],
)
def test_it_says_how_many_clients_fit(flags: tuple[str, ...], told: str) -> None:
    """As many as the system's limit leaves room for, once it has been raised; fewer if so chosen."""
    with started({}, *flags, code=textwrap.dedent(FIFTY_MORE_THAN_IT_KEEPS)) as process:
        assert read_line(process).startswith(b"Server started on")
        assert read_line(process) == f"Room for {told} (114 descriptors)\n".encode()


def test_one_line_for_who_comes_and_one_for_who_goes(chat: Chat, chat_log: ChatLog) -> None:
    """Whichever way; what else there is to know about a connection is for --verbose."""
    alice, bob = chat.native("alice", client="client.py 1.0.0"), chat.plain("hi")
    bob.until("delivered")
    alice.send("bye")
    alice.rest()
    bob.send_bytes(b"x" * 100_000)
    bob.rest()
    chat.stop()
    shown = [record.getMessage() for record in chat_log.records if record.levelno >= logging.INFO]
    assert [re.sub(r"\d{5,}", "N", line) for line in shown] == [
        'Client connected from 127.0.0.1:N: alice ("client.py 1.0.0")',
        "Client connected from 127.0.0.1:N: guest-1",
        "alice left",
        "guest-1 left: line too long: N > N bytes",
    ]


def test_starting_twice() -> None:
    """The second one is told in one red sentence what to do, with status 1; the first goes on."""
    with server_program() as program:
        second = run_server("--port", str(program.port), "--data", ":memory:", env={"FORCE_COLOR": "1"})
        assert second.returncode == 1
        assert second.stdout == ""
        assert second.stderr.startswith("\x1b[31m")
        assert second.stderr.count("\n") == 1
        assert str(program.port) in second.stderr
        assert "--port" in second.stderr
        with Native(program.port, "alice") as alice:
            assert alice.tell("still here")["id"] == 1
        assert program.stop() == 0


def test_two_servers_started_at_once() -> None:
    """Exactly one of them gets the port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    flags = ("--port", str(port))
    with started({}, *flags) as one, started({}, *flags) as other:
        assert wait_until(lambda: one.poll() is not None or other.poll() is not None)
        loser, winner = (one, other) if one.poll() is not None else (other, one)
        assert loser.wait(WAIT) == 1
        assert b"taken" in read_rest(loser)
        assert winner.poll() is None


def test_restarting_at_once(serve: Serve) -> None:
    """The same port is free again although connections were open until the end."""
    first = serve()
    alice = first.native("alice")
    port = first.port
    first.server.stop_server()
    assert alice.until("bye")["code"] == "shutdown"
    first.stop()
    second = serve(port=port)
    assert second.port == port
    assert second.native("alice").tell("again")["id"] == 1


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--host", "no.such.host.invalid"), "--host"),
        (("--host", "192.0.2.1"), "--host"),
        (("--host", "a" * 70), "is not an address"),
        (("--host", "\udcff"), "is not an address"),
        (("--log-file", "/no/such/folder/x.log"), "/no/such/folder/x.log"),
    ],
)
def test_what_cannot_be_started_is_told(flags: tuple[str, ...], told: str) -> None:
    """One sentence, no traceback, status 1."""
    run = run_server("--port", "0", "--data", ":memory:", *flags)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.count("\n") == 1
    assert told in run.stderr


@pytest.mark.parametrize(
    "flags",
    [("--port", "x"), ("--rate", "-1"), ("--backlog", "1"), ("--name", "a b"), ("--max-clients", "x"), ("--what",)],
)
def test_a_wrong_flag(flags: tuple[str, ...]) -> None:
    """It is named, without a traceback, with status 2."""
    run = run_server(*flags)
    assert (run.returncode, run.stdout) == (2, "")
    assert flags[0] in run.stderr
    assert "Traceback" not in run.stderr


def test_version_and_help() -> None:
    """Both end with status 0 and start nothing."""
    version, help_ = run_server("--version"), run_server("--help")
    assert (version.returncode, help_.returncode) == (0, 0)
    assert version.stdout.startswith("server.py ")
    assert "--port" in help_.stdout


def test_settings_from_the_environment() -> None:
    """CHAT_ variables are heard."""
    with server_program(env={"CHAT_MOTD": "from the environment"}) as program, Native(program.port, "alice") as alice:
        assert alice.welcome["motd"] == "from the environment"


def test_the_log_file(tmp_path: Path) -> None:
    """Who came and from where; control characters of strangers stay out of it."""
    path = tmp_path / "chat.log"
    with server_program("--log-file", str(path)) as program:
        with Native(program.port, "alice", client="bot \x1b[31m\u202e\n7") as alice:
            alice.tell("hi")
        program.stop()
    text = path.read_text()
    assert "alice" in text
    assert "bot" in text
    assert not set(text) & set("\x1b\u202e")
    assert "hi" not in text.split(), "what is said is not logged"


def test_a_program_cannot_pass_for_a_log_record(chat: Chat, chat_log: ChatLog) -> None:
    """What a client calls itself is quoted, and its quotation marks are escaped."""
    chat.native("alice", client='x") bob left: kicked ("').leave()
    chat.stop()
    shown = [record.getMessage() for record in chat_log.records if "Client connected" in record.getMessage()]
    assert shown[0].endswith(r'alice ("x\") bob left: kicked (\"")')


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_the_log_file_is_private(tmp_path: Path) -> None:
    """A new one can be read by its owner alone, whatever the umask; one that exists keeps the mode it was given."""
    new, old = tmp_path / "new.log", tmp_path / "old.log"
    old.touch()
    old.chmod(0o640)
    before = os.umask(0)
    try:
        for path, mode in ((new, 0o600), (old, 0o640)):
            with server_program("--log-file", str(path)) as program:
                program.stop()
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(before)


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_ipv6() -> None:
    """The address is printed as it can be typed, and reached."""
    with server_program("--host", "::1") as program:
        assert b"Server started on [::1]:" in program.printed
        with Native(program.port, "alice", host="::1") as alice:
            assert alice.tell("hi")["id"] == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost"])
def test_other_ways_to_name_a_host(host: str) -> None:
    """All interfaces come with a warning where everyone may talk in clear, a loopback name without."""
    with server_program("--host", host, "--plain", "everyone") as program:
        if host == "0.0.0.0":
            program.read_until(b"unencrypted.*\n")
        with socket.create_connection((host if host == "localhost" else "127.0.0.1", program.port), WAIT):
            pass
        program.stop()
        assert ("unencrypted" in program.output()) == (host == "0.0.0.0")


# --- encryption ---


@needs_openssl
def test_the_key_is_made_once(tmp_path: Path) -> None:
    """The first start makes it and the second uses it; on this machine alone nothing has to be said about it."""
    keys = []
    for _ in range(2):
        with server_program("--data", str(tmp_path / "data")) as program:
            program.stop()
            assert "key" not in program.output()
        keys.append((tmp_path / "data" / "server.key").read_bytes())
    assert keys[0] == keys[1]


@pytest.mark.parametrize("plain", ["loopback", "nobody"])
def test_others_cannot_come_without_encryption_by_accident(plain: str) -> None:
    """Where no key can be made, a server for other machines does not start, and says what to do."""
    run = run_server("--port", "0", "--data", ":memory:", "--host", "0.0.0.0", "--plain", plain, env=NO_MAKER)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        "No key for encryption can be made: install the openssl program, or the Python package cryptography; "
        "to start without encryption, use --plain everyone.\n"
    )


def test_this_machine_can_do_without_encryption() -> None:
    """It is told why."""
    with server_program(env=NO_MAKER) as program:
        program.read_until(b"Connections are not encrypted: no key for encryption can be made: .*\n")
        with Native(program.port, "alice") as alice:
            assert alice.tell("hi")["id"] == 1


@needs_openssl
def test_files_that_cannot_be_used_stop_the_start(tmp_path: Path) -> None:
    """In one sentence; nothing is made instead."""
    missing = str(tmp_path / "no.key")
    files = ("--tls-cert", str(key_pair().certificate), "--tls-key", missing)
    run = run_server("--port", "0", "--data", str(tmp_path / "data"), *files)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == f"The key {missing} cannot be read: No such file or directory.\n"
    assert not (tmp_path / "data" / "server.key").exists()


def told(capsys: pytest.CaptureFixture[str], encryption: Encryption, address: str, **settings: Any) -> list[str]:
    starting.tell_reach(address, 3030, encryption, Settings(**settings))
    return capsys.readouterr().out.splitlines()


@pytest.fixture
def two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "own_addresses", lambda: list(OWN))


@needs_openssl
@pytest.mark.usefixtures("two_addresses")
@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_others_are_invited_with_the_key(capsys: pytest.CaptureFixture[str], address: str) -> None:
    """A command for each address, whose link leads to the lobby and names the key; the words can be compared."""
    own = Certificate(*key_pair())
    lines = told(capsys, Encryption(own), address, data="rooms")
    assert lines == [
        *(f'From other machines: python client.py "chat://{host}:3030/lobby#{words(own.digest)}"' for host in OWN),
        f"The key of this server: {words(own.digest)}",
    ]
    assert read_link(lines[0].split('"')[1]) == Invitation("192.168.1.7", 3030, "lobby", own.digest[:12])


@needs_openssl
def test_a_machine_that_knows_no_address_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator fills it in; the key is there."""
    monkeypatch.setattr(sockets, "own_addresses", list)
    own = Certificate(*key_pair())
    [line, _] = told(capsys, Encryption(own), "0.0.0.0", data="rooms")
    link = f'"chat://HOST:3030/lobby#{words(own.digest)}"'
    assert line == f"From other machines: python client.py {link}, where HOST is the address of this machine"


@needs_openssl
@pytest.mark.parametrize("address", ["203.0.113.5", "2001:db8::1"])
def test_a_server_on_one_address_invites_to_that(capsys: pytest.CaptureFixture[str], address: str) -> None:
    lines = told(capsys, Encryption(Certificate(*key_pair())), address, data="rooms")
    assert f'"chat://{format_address(address, 3030)}/lobby#' in lines[0]


@needs_openssl
@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_on_this_machine_nobody_has_to_be_invited(capsys: pytest.CaptureFixture[str], address: str) -> None:
    for plain in ("loopback", "everyone", "nobody"):
        assert told(capsys, Encryption(Certificate(*key_pair())), address, plain=plain) == []


@needs_openssl
@pytest.mark.usefixtures("two_addresses")
def test_a_key_that_ends_with_the_server_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Unless it is the operator's own."""
    encryption = Encryption(Certificate(*key_pair()))
    assert "--tls-key to keep a key" in told(capsys, encryption, "0.0.0.0", data=":memory:")[-1]
    given = {"tls_cert": "a.crt", "tls_key": "a.key"}
    assert "to keep a key" not in "".join(told(capsys, encryption, "0.0.0.0", data=":memory:", **given))


@needs_openssl
@pytest.mark.usefixtures("two_addresses")
@pytest.mark.parametrize("has_key", [True, False])
def test_a_server_that_everyone_may_talk_to_in_clear_warns(capsys: pytest.CaptureFixture[str], has_key: bool) -> None:
    encryption = Encryption(Certificate(*key_pair())) if has_key else Encryption(None, "no key can be made")
    lines = told(capsys, encryption, "0.0.0.0", plain="everyone", data="rooms")
    assert "unencrypted: use this server only in networks that you trust." in lines[-1]
    if not has_key:
        assert lines[0] == "Connections are not encrypted: no key can be made."
        assert lines[1] == "From other machines: python client.py 192.168.1.7:3030 --no-tls"


@needs_openssl
@pytest.mark.usefixtures("two_addresses")
def test_a_certificate_of_an_authority_invites_by_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link names no key: the next certificate may have another, and clients ask the authority instead."""
    monkeypatch.setattr(Certificate, "is_self_signed", False)
    own = Certificate(*key_pair())
    assert told(capsys, Encryption(own), "0.0.0.0", data="rooms") == [
        'From other machines: python client.py "chat://HOST:3030/lobby", where HOST is the name in the certificate',
        f"The key of this server: {words(own.digest)}",
    ]


@needs_openssl
def test_an_expired_certificate_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on this machine alone."""
    monkeypatch.setattr(Certificate, "warning", "the certificate in x.crt expired on 2020-01-01")
    lines = told(capsys, Encryption(Certificate(*key_pair())), "127.0.0.1")
    assert lines == ["The certificate in x.crt expired on 2020-01-01."]


@needs_openssl
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "pwsh", "dash"])
def test_shells_pass_the_link_on_as_it_is(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Some take `#` or brackets for patterns; in these quotes none does."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    line = told(capsys, Encryption(Certificate(*key_pair())), "2001:db8::1", data="rooms")[0]
    link = line.partition("client.py ")[2]
    run = subprocess.run([shell, "-c", f"echo {link}"], capture_output=True, text=True, timeout=WAIT, check=True)
    assert run.stdout.strip() == link.strip('"')


FOUND_AT = [
    ("127.0.0.1", {}, True, ["http://127.0.0.1:3030/"]),
    ("::1", {}, True, ["http://[::1]:3030/"]),
    ("127.0.0.1", {"plain": "nobody"}, True, ["https://127.0.0.1:3030/"]),
    ("127.0.0.1", {"web": "off"}, True, []),
    ("0.0.0.0", {}, True, ["http://127.0.0.1:3030/", *(f"https://{own}:3030/" for own in OWN)]),
    ("0.0.0.0", {"web_host": ("chat.example",)}, True, ["http://127.0.0.1:3030/", "https://chat.example:3030/"]),
    ("192.0.2.7", {"plain": "everyone"}, False, ["http://192.0.2.7:3030/"]),
]


@needs_openssl
@pytest.mark.parametrize(("address", "settings", "encrypts", "pages"), FOUND_AT)
def test_it_says_where_browsers_find_it(
    address: str,
    settings: dict[str, Any],
    encrypts: bool,
    pages: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On this machine, and from others by its addresses or names; encrypted where that is needed."""
    monkeypatch.setattr(sockets, "own_addresses", lambda: list(OWN))
    certificate = Certificate(*key_pair()) if encrypts else None
    starting.tell_pages(address, 3030, certificate, Settings(**settings))
    assert re.findall(r"\S+://\S+", capsys.readouterr().out) == pages
