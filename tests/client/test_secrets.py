"""A password is typed in a real terminal, or comes from a file, and is then nowhere but with the server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

import termios

from chat_common import Frame
from tests.client.conftest import Open
from tests.client.fakes import Peer, ScriptedServer
from tests.client.programs import Pipe, Terminal

OLD, NEW = "Xq7-old-secret", "Zw9-new-secret"
TAKEN = {"type": "notice", "text": "the password is set", "password": True}
WRONG = {"type": "error", "code": "password_wrong", "text": "that is not it", "field": "old", "fatal": False}
ASKED_FOR_OLD, ASKED_FOR_NEW, ASKED_AGAIN = (
    "Current password, if any>",
    "New password (at least 8)>",
    "New password again>",
)


@pytest.fixture
def ann(server: ScriptedServer, open_terminal: Open, tmp_path: Path) -> Terminal:
    terminal: Terminal = open_terminal(server.port, tmp_path / "token", "--name", "ann")
    return terminal


@pytest.fixture
def peer(server: ScriptedServer, ann: Terminal) -> Peer:
    """The server's end, when ann is in the lobby."""
    peer = server.accept()
    peer.welcome()
    peer.expect("who")  # for the status row
    ann.wait_until(lambda: ann.prompt == "lobby>" and "online" in ann.status_row)
    return peer


def leave(terminal: Terminal, peer: Peer) -> int:
    terminal.type("/exit\r")
    peer.expect("bye")
    peer.send({"type": "bye", "code": "exit", "text": "goodbye", "retry": False})
    return terminal.status()


def assert_unseen(terminal: Terminal, folder: Path) -> None:
    """No row, no byte and no file in that folder holds a piece of a secret."""
    everything = "".join(terminal.history() + terminal.rows) + terminal.title
    for piece in (OLD[:3], NEW[:3], "secret"):
        assert piece not in everything
        assert piece.encode() not in terminal.output
        assert [file for file in folder.rglob("*") if file.is_file() and piece.encode() in file.read_bytes()] == []


def test_a_new_password_is_seen_nowhere(ann: Terminal, peer: Peer, tmp_path: Path) -> None:
    """Dots stand for it; only the server gets it, and the line after it is an ordinary one."""
    ann.type("/password\r")
    ann.wait_for_prompt(ASKED_FOR_OLD)
    ann.type(OLD)
    ann.wait_for_prompt(f"{ASKED_FOR_OLD} {'•' * len(OLD)}")
    ann.type("\r")
    ann.wait_for_prompt(ASKED_FOR_NEW)
    ann.type(f"\x1b[200~{NEW}\n\x1b[201~\r")
    ann.wait_for_prompt(ASKED_AGAIN)
    ann.type(f"{NEW}\r")
    assert peer.expect("password") == {"type": "password", "old": OLD, "new": NEW}
    peer.send(TAKEN)
    ann.wait_for("the password is set")
    ann.wait_for_prompt("lobby>")
    ann.type("\x1b[A\x1b[A")  # up: nothing is remembered of it
    ann.settle()
    ann.wait_for_prompt("lobby>")
    ann.type("\x19\x12sec")  # neither killed text nor a search brings it back
    ann.settle()
    ann.type("\x03")
    ann.wait_for_prompt("lobby>")
    assert leave(ann, peer) == 0
    assert_unseen(ann, tmp_path)


@pytest.mark.parametrize("key", ["\x03", "\x1b", "\x04"], ids=["Ctrl+C", "Esc", "Ctrl+D"])
def test_a_key_leaves_the_question(ann: Terminal, peer: Peer, tmp_path: Path, key: str) -> None:
    """Half typed; nothing is asked of the server, and one is still in the chat."""
    ann.type(f"/password\r\r{NEW}")
    ann.wait_for_prompt(f"{ASKED_FOR_NEW} {'•' * len(NEW)}")
    ann.type(key)
    ann.wait_for("Nothing was changed.")
    ann.wait_for_prompt("lobby>")
    peer.expect_nothing()
    assert leave(ann, peer) == 0
    assert_unseen(ann, tmp_path)


BLOCKS = {
    "in the line": f"/password {OLD}\r{NEW}\r{NEW}\r",
    "too short": f"/password\r{OLD}\rshort\r{NEW}\r{NEW}\r",
    "not the same": f"/password\r{OLD}\r{NEW}\r{NEW}x\r{NEW}\r\r{NEW}\r",
    "a slip": f"/passwd\r{OLD}\r{NEW}\r",
    "nothing to remove": f"/password off\r\r{OLD}\r{NEW}\r",
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_what_is_pasted_behind_a_refused_password_is_not_sent(
    ann: Terminal, peer: Peer, tmp_path: Path, block: str
) -> None:
    """Nor what is typed then, until a key says to go on; dots stand for it."""
    ann.type(block)
    ann.type(2 * OLD)  # more dots than any line of the block has
    ann.wait_for_prompt(f"Nothing is sent; Esc to go on> {'•' * len(2 * OLD)}")
    peer.expect_nothing()
    ann.type("\x1b")
    ann.wait_for_prompt("lobby>")
    ann.type("hello\r")
    assert peer.expect("say")["text"] == "hello"
    peer.receipt({"seq": 1, "room": "lobby", "text": "hello"}, 1, "ann")
    assert leave(ann, peer) == 0
    if block != BLOCKS["in the line"]:  # of which the command itself was seen
        assert_unseen(ann, tmp_path)


@pytest.mark.parametrize("answer", [WRONG, None], ids=["refused", "the link breaks"])
def test_what_is_typed_behind_a_password_that_the_server_refuses_is_not_sent(
    ann: Terminal, peer: Peer, tmp_path: Path, answer: Frame | None
) -> None:
    """It waits until the answer is there; then dots stand for it."""
    ann.type(f"/password\r{OLD}\r{NEW}\r{NEW}\r{NEW}\r")
    assert peer.expect("password")["new"] == NEW
    if answer is None:
        peer.close()
    else:
        peer.send(answer)
        ann.wait_for("That is not it.")
    ann.wait_for_prompt("Nothing is sent; Esc to go on>")
    ann.type("\x1b")
    ann.wait_for_prompt("lobby>")
    assert "waiting" not in ann.status_row
    assert_unseen(ann, tmp_path)


def test_a_password_that_cannot_be_sent_is_not_said_later(ann: Terminal, peer: Peer, tmp_path: Path) -> None:
    """Without a connection it is refused at once; what was typed ahead of that is no text."""
    peer.close()
    ann.wait_for("Reconnecting")
    ann.type(f"/password\r{OLD}\r{NEW}\r{NEW}\r")
    ann.wait_for("You are offline")
    ann.wait_for_prompt("Nothing is sent; Esc to go on>")
    ann.type("\x1b")
    ann.wait_for_prompt("lobby>")
    assert "waiting" not in ann.status_row


def test_what_is_typed_ahead_is_not_seen_either(ann: Terminal, peer: Peer, tmp_path: Path) -> None:
    """Everything in one go, with slips that are taken back, a new size and a screen that is drawn again."""
    ann.type(f"/password\rwrong\x15{OLD}xy\x7f\x7f\r{NEW}")
    ann.wait_for_prompt(f"{ASKED_FOR_NEW} {'•' * len(NEW)}")
    ann.resize(30, 100)
    ann.type("\x0c")
    ann.wait_until(lambda: "online" in ann.status_row and ann.prompt == f"{ASKED_FOR_NEW} {'•' * len(NEW)}")
    ann.type(f"\t\x1b[A\r{NEW}\r")
    assert peer.expect("password") == {"type": "password", "old": OLD, "new": NEW}
    peer.send(TAKEN)
    assert leave(ann, peer) == 0
    assert_unseen(ann, tmp_path)


def test_a_password_is_not_cut_off_by_the_end_of_the_chat(ann: Terminal, peer: Peer, tmp_path: Path) -> None:
    """The rest of it would be shown, and kept as a line that was not sent."""
    ann.type(f"/password\r{OLD[:5]}")
    ann.wait_for_prompt(f"{ASKED_FOR_OLD} •••••")
    peer.send({"type": "bye", "code": "kicked", "text": "enough", "retry": False})
    ann.wait_for("Disconnected: enough.")
    ann.type(f"{OLD[5:]}\r{NEW}\r{NEW}\r")
    ann.wait_for("Press Enter to leave.")
    ann.type("\r")
    assert ann.status() == 1
    assert_unseen(ann, tmp_path)


def test_a_plain_terminal_echoes_no_password(server: ScriptedServer, open_terminal: Open, tmp_path: Path) -> None:
    """Where lines cannot be edited, the terminal's own echo is off while it is asked for."""
    ann = open_terminal(server.port, tmp_path / "token", "--name", "ann", TERM="dumb")
    peer = server.accept()
    peer.welcome()
    ann.wait_for("You are ann")
    ann.type("/password\r")
    ann.wait_for("Current password, if any:")
    ann.type("\r")
    ann.wait_for("New password (at least 8):")
    ann.type(f"{NEW}\r")
    ann.wait_for("New password again:")
    ann.type(f"{NEW}\r")
    assert peer.expect("password") == {"type": "password", "new": NEW}
    peer.send(TAKEN)
    assert leave(ann, peer) == 0
    assert_unseen(ann, tmp_path)


# --- Logging in ---


def test_a_login_asks_before_there_is_a_screen(server: ScriptedServer, open_terminal: Open, tmp_path: Path) -> None:
    """Without an echo; the first hello has the answer."""
    ann = open_terminal(server.port, tmp_path / "token", "--name", "ann", "--login")
    ann.wait_for("Password or code for ann:")
    assert not ann.has_region
    ann.type(f"{OLD}\r")
    peer = server.accept()
    assert peer.welcome()["password"] == OLD
    peer.expect("who")
    ann.wait_until(lambda: ann.prompt == "lobby>" and "online" in ann.status_row)
    assert leave(ann, peer) == 0
    assert_unseen(ann, tmp_path)


@pytest.mark.parametrize(
    ("keys", "status", "said"),
    [("Xq7\x03", 130, ""), ("\r", 2, "No password was given."), ("\x04", 2, "No password was given.")],
    ids=["Ctrl+C", "nothing", "Ctrl+D"],
)
def test_a_login_can_be_left(
    server: ScriptedServer, open_terminal: Open, tmp_path: Path, keys: str, status: int, said: str
) -> None:
    """The terminal shows again what is typed, and nobody was connected."""
    ann = open_terminal(server.port, tmp_path / "token", "--name", "ann", "--login")
    ann.wait_for("Password or code for ann:")
    with ann.shared() as descriptor:
        assert not termios.tcgetattr(descriptor)[3] & termios.ECHO
        ann.type(keys)
        assert ann.status() == status
        assert termios.tcgetattr(descriptor)[3] & termios.ECHO
    ann.wait_for(said)
    assert_unseen(ann, tmp_path)


@pytest.fixture
def pipes() -> Iterator[list[Pipe]]:
    started: list[Pipe] = []
    yield started
    for pipe in started:
        pipe.close()


def in_a_pipe(pipes: list[Pipe], server: ScriptedServer, folder: Path, *arguments: str) -> Pipe:
    pipes.append(Pipe(server.port, folder / "token", "--name", "ci", *arguments))
    return pipes[-1]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_pipe_logs_in_with_a_file(server: ScriptedServer, pipes: list[Pipe], tmp_path: Path, mode: int) -> None:
    """Its first line; one sentence on standard error if others can read it."""
    file = tmp_path / "password"
    file.write_text(f"{OLD}\nnot this\n")
    file.chmod(mode)
    pipe = in_a_pipe(pipes, server, tmp_path, "--password-file", str(file))
    peer = server.accept()
    assert peer.welcome()["password"] == OLD
    assert pipe.process.stdin is not None
    pipe.process.stdin.close()
    pipe.process.stdin = None
    peer.expect("bye")
    peer.send({"type": "bye", "code": "exit", "text": "goodbye", "retry": False})
    status, out, err = pipe.finish()
    assert status == 0
    assert ("chmod 600" in err) is (mode == 0o644)
    assert OLD not in out + err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--login"], "Option --login asks for the password in a terminal; in a pipe, use --password-file FILE.\n"),
        (
            ["--password-file", "{folder}/none"],
            "Cannot read the password in {folder}/none: No such file or directory.\n",
        ),
        (["--password-file", "{folder}/empty"], "There is no password in the first line of {folder}/empty.\n"),
        (["--password-file", "{folder}/long"], "That password is too long: 257 > 256 characters.\n"),
        (["--password-file", "{folder}/binary"], "Cannot read the password in {folder}/binary: it is not text.\n"),
    ],
)
def test_a_pipe_without_a_password_says_so(
    server: ScriptedServer, pipes: list[Pipe], tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    """One sentence and status 2, before anybody is connected."""
    (tmp_path / "empty").write_text("\nsecond\n")
    (tmp_path / "long").write_text("x" * 257)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    pipe = in_a_pipe(pipes, server, tmp_path, *(word.format(folder=tmp_path) for word in arguments))
    assert pipe.finish("hello\n") == (2, "", sentence.format(folder=tmp_path))


def test_a_pipe_asks_nobody_for_a_new_password(server: ScriptedServer, pipes: list[Pipe], tmp_path: Path) -> None:
    """What a program passes on is text, also if it looks like that command."""
    pipe = in_a_pipe(pipes, server, tmp_path)
    peer = server.accept()
    peer.welcome()
    assert pipe.process.stdin is not None
    pipe.process.stdin.write("/password\n")
    pipe.process.stdin.flush()
    assert peer.expect("say")["text"] == "/password"
