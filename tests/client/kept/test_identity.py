"""A client has a name, a session, and a secret of its own that survives."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from chat_common import MAX_NAME, name_problem
from client_parts.kept import identity


def test_the_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    """The same secret is found again, in a file and a folder that only its owner can read."""
    path = tmp_path / "chat-pair" / "token"
    first = identity.name_token(path)
    assert identity.name_token(path) == first
    assert len(first) >= 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_secret_that_others_can_read_is_told(tmp_path: Path, mode: int) -> None:
    """With the remedy; a private one is not, nor one that is not there."""
    path = tmp_path / "token"
    assert identity.exposure(path) is None
    identity.name_token(path)
    assert identity.exposure(path) is None
    path.chmod(mode)
    told = identity.exposure(path)
    assert told == f"Other users of this machine can use your name: protect your secret with chmod 600 {path}"


def test_two_users_have_two_secrets(tmp_path: Path) -> None:
    """Secrets are random."""
    assert identity.name_token(tmp_path / "a") != identity.name_token(tmp_path / "b")


@pytest.mark.parametrize("content", ["short", "with spaces in it, long enough to be one", "x" * 200])
def test_a_spoilt_secret_is_reported_and_kept(tmp_path: Path, content: str) -> None:
    """A file that holds something else is neither used nor overwritten."""
    path = tmp_path / "token"
    path.write_text(content)
    with pytest.raises(identity.IdentityError, match="holds no valid secret"):
        identity.name_token(path)
    assert path.read_text() == content


def test_a_binary_file_is_reported(tmp_path: Path) -> None:
    """Bytes that are no text give a sentence too."""
    path = tmp_path / "token"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(identity.IdentityError, match="it is not text"):
        identity.name_token(path)


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    """Where nothing can be written, one sentence says so."""
    (tmp_path / "file").write_text("")
    with pytest.raises(identity.IdentityError, match="cannot use"):
        identity.name_token(tmp_path / "file" / "token")


def test_where_the_secret_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment decides, then the user's configuration folder."""
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    assert identity.token_path({"CHAT_TOKEN_FILE": "/x/y"}) == Path("/x/y")
    assert identity.token_path({"XDG_CONFIG_HOME": "/conf"}) == Path("/conf/chat-pair/token")
    assert identity.token_path({"XDG_CONFIG_HOME": "relative"}) == Path("/home/ann/.config/chat-pair/token")
    assert identity.token_path({}) == Path("/home/ann/.config/chat-pair/token")


def test_without_a_home_the_name_is_not_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    """In some containers there is no place to keep a secret: one sentence, and the chat goes on."""
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(identity.IdentityError, match="Your name is not protected"):
        identity.name_token(identity.token_path({}))


def test_a_session_fits_the_protocol_and_is_new_each_time() -> None:
    """16 to 64 characters, never the same."""
    one, other = identity.new_session(), identity.new_session()
    assert re.fullmatch(r"[A-Za-z0-9_-]{16,64}", one)
    assert one != other


@pytest.mark.parametrize("login", ["alice", "Jörg Müller", "", "..", "admin", "guest-7", "_x", "a" * 90, "DOM\\user"])
def test_any_login_name_becomes_a_valid_name(login: str) -> None:
    """Whatever the system calls its user, the server accepts the name made of it."""
    assert name_problem(identity.valid_name(login)) is None


def test_a_user_without_a_name_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container nobody may have a login name."""

    def nobody() -> str:
        raise KeyError(os.getuid())

    monkeypatch.setattr("getpass.getuser", nobody)
    assert name_problem(identity.login_name()) is None


def test_a_taken_login_name_is_numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it makes sense to try; a long name gives way, and a chosen one is not changed."""
    monkeypatch.setattr("getpass.getuser", lambda: "a" * MAX_NAME)
    names = identity.Names(None)
    tried = [names.first, *iter(names.next, None)]
    assert tried[1:3] == ["a" * (MAX_NAME - 2) + "-2", "a" * (MAX_NAME - 2) + "-3"]
    assert len(set(tried)) == len(tried) == 100
    assert {len(name or "") for name in tried} == {MAX_NAME}
    chosen = identity.Names("ann")
    assert (chosen.first, chosen.next()) == ("ann", None)
