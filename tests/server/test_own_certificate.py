"""Which key and certificate a server uses, and when it must not start without."""

from __future__ import annotations

import shutil
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from server_parts.own_certificate import Encryption, open_certificate
from server_parts.settings import Settings
from server_parts.wire.certificate import Certificate, CertificateError
from tests.tls.certificates import der, key_pair, needs_openssl
from tls_parts.public_key import digest_of


def opened(folder: Path | None, *, is_reachable: bool = False, **settings: Any) -> Encryption:
    data = ":memory:" if folder is None else str(folder)
    return open_certificate(Settings(data=data, **settings), is_reachable=is_reachable)


def certificate_of(folder: Path | None, **settings: Any) -> Certificate:
    certificate = opened(folder, **settings).certificate
    assert certificate is not None
    return certificate


def refusal(folder: Path | None, **settings: Any) -> str:
    with pytest.raises(CertificateError) as refused:
        opened(folder, **settings)
    return str(refused.value)


@pytest.fixture
def no_maker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here can make a key any more."""
    if shutil.which("openssl"):
        key_pair()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "cryptography", None)
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)


@needs_openssl
def test_a_server_keeps_its_key(tmp_path: Path) -> None:
    """Made at the first start, next to the log, and the same at the second."""
    first, second = certificate_of(tmp_path), certificate_of(tmp_path)
    assert first.digest == second.digest
    assert sorted(path.name for path in tmp_path.iterdir()) == ["server.crt", "server.key"]


@needs_openssl
@pytest.mark.usefixtures("no_maker")
def test_a_server_that_has_its_key_needs_no_program(tmp_path: Path) -> None:
    shutil.copyfile(key_pair().certificate, tmp_path / "server.crt")
    shutil.copyfile(key_pair().key, tmp_path / "server.key")
    (tmp_path / "server.key").chmod(0o600)
    assert certificate_of(tmp_path).digest == digest_of(der(key_pair()))


@needs_openssl
def test_the_operators_files_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made then; the files may be named from the home folder."""
    monkeypatch.setenv("HOME", str(key_pair().key.parent))
    monkeypatch.setenv("USERPROFILE", str(key_pair().key.parent))
    given = {"tls_cert": f"~/{key_pair().certificate.name}", "tls_key": f"~/{key_pair().key.name}"}
    for folder in (tmp_path, None):
        assert certificate_of(folder, is_reachable=True, **given).digest == digest_of(der(key_pair()))
    assert list(tmp_path.iterdir()) == []


@needs_openssl
@pytest.mark.parametrize("plain", ["loopback", "everyone", "nobody"])
def test_the_operators_files_stop_the_start_if_they_are_bad(tmp_path: Path, plain: str) -> None:
    """Even where the server could do without: clients would find another key than the operator believes."""
    missing = str(tmp_path / "no.key")
    told = refusal(tmp_path, tls_cert=str(key_pair().certificate), tls_key=missing, plain=plain)
    assert told == f"the key {missing} cannot be read: No such file or directory"


@needs_openssl
def test_a_key_that_is_missing_is_not_made_anew(tmp_path: Path) -> None:
    """Clients would take the server for an impostor."""
    certificate_of(tmp_path)
    (tmp_path / "server.key").unlink()
    encryption = opened(tmp_path)
    assert encryption.certificate is None
    remedy = f"restore it, or delete {tmp_path / 'server.crt'} to get a new key"
    assert encryption.why_not == f"{tmp_path / 'server.key'} is missing: {remedy}"
    assert not (tmp_path / "server.key").exists()


@needs_openssl
def test_a_key_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that keeps nothing has a key that nobody finds on the disk, and another one each time."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first, second = certificate_of(None), certificate_of(None)
    assert first.digest != second.digest
    assert list(tmp_path.iterdir()) == []
    assert isinstance(first.context, ssl.SSLContext)
    assert first.reload_if_changed() is None
    assert "nothing to load again" in first.reload()


@pytest.mark.usefixtures("no_maker")
@pytest.mark.parametrize("in_memory", [False, True])
@pytest.mark.parametrize(
    ("plain", "is_reachable", "remedy"),
    [
        ("loopback", False, None),
        ("everyone", False, None),
        ("everyone", True, None),
        ("loopback", True, "everyone"),
        ("nobody", True, "everyone"),
        ("nobody", False, "loopback"),
    ],
)
def test_without_a_key(tmp_path: Path, in_memory: bool, plain: str, is_reachable: bool, remedy: str | None) -> None:
    """The server goes on if its people can come in without encryption, and refuses otherwise; either way with why."""
    reason = "no key for encryption can be made: install the openssl program, or the Python package cryptography"
    folder = None if in_memory else tmp_path
    if remedy is None:
        assert opened(folder, is_reachable=is_reachable, plain=plain) == (None, reason)
    else:
        told = refusal(folder, is_reachable=is_reachable, plain=plain)
        assert told == f"{reason}; to start without encryption, use --plain {remedy}"


@needs_openssl
def test_without_a_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no"))
    assert opened(None) == (None, "no temporary folder can be made: No such file or directory")
