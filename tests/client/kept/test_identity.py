"""A client has a name, a session, and a secret of its own that survives."""

from __future__ import annotations

import base64
import hmac
import os
import re
import stat
from pathlib import Path

import pytest

from chat_common import MAX_NAME, name_problem
from client_parts.kept import audience, identity


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


# --- Tokens are made for one server each ---

AUDIENCES = {
    "a key": audience.of_key(bytes(32)),
    "another key": audience.of_key(bytes([1] * 32)),
    "a name": audience.of_name("chat.example"),
    "another name": audience.of_name("chat.example.org"),
    "this machine": audience.OWN_MACHINE,
    "an address in clear": audience.in_clear("chat.example:3030"),
    "another port in clear": audience.in_clear("chat.example:3031"),
    "a name that is as a key": audience.of_name("\0" * 32),
}


def test_every_server_gets_a_token_of_its_own() -> None:
    """By how it is recognised, and by what; none is the secret, and another secret gives others."""
    tokens = [audience.token_for("x" * 43, one) for one in AUDIENCES.values()]
    assert len({*tokens, "x" * 43}) == len(tokens) + 1
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)
    assert not {audience.token_for("y" * 43, one) for one in AUDIENCES.values()} & set(tokens)


def test_a_token_stays_the_same() -> None:
    """In every run and version, or names would be lost; letters of a name count in either case."""
    assert audience.token_for("x" * 43, audience.OWN_MACHINE) == hmac_of(b"chat-pair token, own machine, in clear\0")
    assert audience.token_for("x" * 43, audience.of_key(b"k")) == hmac_of(b"chat-pair token, server key\0k")
    assert audience.token_for("x" * 43, audience.of_name("A.Example")) == hmac_of(
        b"chat-pair token, server name\0a.example"
    )
    assert audience.token_for("x" * 43, audience.in_clear("B:1")) == hmac_of(b"chat-pair token, address, in clear\0b:1")


def hmac_of(message: bytes) -> str:
    """Of what is documented, with the secret of these tests."""
    return base64.urlsafe_b64encode(hmac.new(b"x" * 43, message, "sha256").digest()).decode().rstrip("=")


def test_an_old_secret_is_shown_on_this_machine_only(tmp_path: Path) -> None:
    """There, older clients have claimed names with it."""
    path = tmp_path / "token"
    path.write_text("x" * 43)
    path.chmod(0o600)
    one = identity.Identity("ann", path)
    assert one.load_secret() is None
    assert one.token_for(audience.OWN_MACHINE) == audience.token_for("x" * 43, audience.OWN_MACHINE)
    assert [one.former_token_for(who) for who in AUDIENCES.values()] == [
        "x" * 43 if who == audience.OWN_MACHINE else None for who in AUDIENCES.values()
    ]


def test_a_new_secret_is_never_shown(tmp_path: Path) -> None:
    """No older client can have used it."""
    one = identity.Identity("ann", tmp_path / "token")
    assert one.token_for(audience.OWN_MACHINE) is None
    one.load_secret()
    assert one.token_for(audience.OWN_MACHINE) is not None
    assert [one.former_token_for(who) for who in AUDIENCES.values()] == [None] * len(AUDIENCES)
