"""A key and certificate of the server's own: what they are, and what goes wrong in making them."""

from __future__ import annotations

import os
import shutil
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from server_parts.wire import new_key, openssl_program
from server_parts.wire.certificate import Certificate, CertificateError
from server_parts.wire.cryptography_package import CryptographyPackage
from server_parts.wire.new_key import make_key
from server_parts.wire.openssl_program import OpensslProgram
from tests.peers import WAIT
from tests.tls.certificates import Pair, key_pair, needs_openssl

HAS_CRYPTOGRAPHY = False
try:
    CryptographyPackage()
    HAS_CRYPTOGRAPHY = True
except ImportError:
    pass
unix = pytest.mark.skipif(os.name == "nt", reason="a program here is a shell script")


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Where they are to be."""
    return Pair(tmp_path / "server.crt", tmp_path / "server.key")


@pytest.fixture(
    params=[
        pytest.param("openssl", marks=needs_openssl),
        pytest.param(
            "cryptography", marks=pytest.mark.skipif(not HAS_CRYPTOGRAPHY, reason="cryptography is not installed")
        ),
    ]
)
def maker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of making them are held to the same."""
    if request.param == "cryptography":
        monkeypatch.setattr(shutil, "which", lambda _: None)
    return str(request.param)


def refusal(pair: Pair) -> str:
    with pytest.raises(CertificateError) as refused:
        make_key(*pair)
    return str(refused.value)


def only_these(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def content_of(certificate: Path) -> dict[str, Any]:
    decode = ssl._ssl._test_decode_cert  # type: ignore[attr-defined]
    found: dict[str, Any] = decode(str(certificate))
    return found


# --- what is made ---


@pytest.mark.usefixtures("maker")
def test_they_fit_and_are_valid_for_ever(pair: Pair) -> None:
    """From 1970 to 9999: what time it is never matters to anybody. It vouches for itself and for nobody else."""
    make_key(*pair)
    certificate = Certificate(*pair)
    content = content_of(pair.certificate)
    assert (content["notBefore"], content["notAfter"]) == ("Jan  1 00:00:00 1970 GMT", "Dec 31 23:59:59 9999 GMT")
    assert content["subject"] == content["issuer"] == ((("commonName", "chat server"),),)
    assert content["version"] == 3
    assert int(content["serialNumber"], 16) > 1 << 64
    assert certificate.is_self_signed
    assert certificate.warning is None


@needs_openssl
@pytest.mark.usefixtures("maker")
def test_as_openssl_sees_them(pair: Pair) -> None:
    """A key on P-256, named as a curve; a certificate that can be trusted as its own authority, but is none."""
    make_key(*pair)
    text = [
        ["pkey", "-in", str(pair.key), "-noout", "-text"],
        ["x509", "-in", str(pair.certificate), "-noout", "-text"],
    ]
    key, certificate = (subprocess.check_output(["openssl", *one], text=True, timeout=WAIT) for one in text)
    assert "ASN1 OID: prime256v1" in key
    assert "CA:FALSE" in certificate
    verify = ["openssl", "verify", "-CAfile", str(pair.certificate), "-purpose", "sslserver", str(pair.certificate)]
    assert subprocess.check_output(verify, text=True, timeout=WAIT).endswith(": OK\n")


@pytest.mark.usefixtures("maker")
def test_each_is_another(tmp_path: Path) -> None:
    """Two servers never have the same key."""
    digests = set()
    for name in ("a", "b"):
        pair = Pair(tmp_path / f"{name}.crt", tmp_path / f"{name}.key")
        make_key(*pair)
        digests.add(Certificate(*pair).digest)
    assert len(digests) == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
@pytest.mark.usefixtures("maker")
def test_only_the_owner_can_read_the_key(pair: Pair) -> None:
    """Whatever the umask."""
    before = os.umask(0)
    try:
        make_key(*pair)
    finally:
        os.umask(before)
    assert stat.S_IMODE(pair.key.stat().st_mode) == 0o600


@pytest.mark.usefixtures("maker")
def test_nothing_else_is_left(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither beside them, nor in the folder for temporary files."""
    passing = tmp_path / "passing"
    passing.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(passing))
    make_key(*pair)
    assert only_these(tmp_path) == ["passing", "server.crt", "server.key"]
    assert only_these(passing) == []


@pytest.mark.usefixtures("maker")
def test_a_key_that_is_there_is_kept(pair: Pair) -> None:
    """A certificate that was lost is made anew for it, and no client notices."""
    make_key(*pair)
    key, digest = pair.key.read_bytes(), Certificate(*pair).digest
    pair.certificate.unlink()
    make_key(*pair)
    assert pair.key.read_bytes() == key
    assert Certificate(*pair).digest == digest


@needs_openssl
@pytest.mark.parametrize("wrong", ["hello", "[req]\ndefault_bits = x\n[ca]\ndefault_ca = nowhere\n"])
def test_the_programs_own_configuration_does_not_count(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    (tmp_path / "openssl.cnf").write_text(wrong)
    monkeypatch.setenv("OPENSSL_CONF", str(tmp_path / "openssl.cnf"))
    make_key(*pair)
    Certificate(*pair)


@needs_openssl
@pytest.mark.parametrize("name", ["with space", "d\u00e9j\u00e0", "$HOME % 'x'", "-key"])
def test_folders_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Also named from where one is."""
    monkeypatch.chdir(tmp_path)
    Path(name).mkdir()
    pair = Pair(Path(name, "server.crt"), Path(name, "server.key"))
    make_key(*pair)
    Certificate(*pair)


# --- several at once ---


@pytest.mark.usefixtures("maker")
def test_many_makers_agree_on_one_key(pair: Pair, tmp_path: Path) -> None:
    """Whoever comes second uses the key of the first, and each finds a pair that fits."""
    together = threading.Barrier(6)
    digests: list[bytes] = []

    def make() -> None:
        together.wait(WAIT)
        make_key(*pair)
        digests.append(Certificate(*pair).digest)

    makers = [threading.Thread(target=make) for _ in range(6)]
    for thread in makers:
        thread.start()
    for thread in makers:
        thread.join(2 * WAIT)
    assert len(digests) == 6
    assert len(set(digests)) == 1
    assert only_these(tmp_path) == ["server.crt", "server.key"]


@needs_openssl
def test_a_key_that_appears_meanwhile_stays(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other maker was faster by the time that the program takes."""
    make = OpensslProgram.private_key

    def meanwhile(program: OpensslProgram) -> bytes:
        shutil.copyfile(key_pair().key, pair.key)
        pair.key.chmod(0o600)
        return make(program)

    monkeypatch.setattr(OpensslProgram, "private_key", meanwhile)
    make_key(*pair)
    assert pair.key.read_bytes() == key_pair().key.read_bytes()
    Certificate(*pair)


@needs_openssl
def test_a_file_system_without_links(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    make_key(*pair)
    Certificate(*pair)
    assert only_these(tmp_path) == ["server.crt", "server.key"]


@needs_openssl
def test_interrupted_between_the_two(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a key then and no certificate; the next start goes on from there."""

    def stop(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(OpensslProgram, "certificate", stop)
        with pytest.raises(KeyboardInterrupt):
            make_key(*pair)
    assert only_these(pair.key.parent) == ["server.key"]
    key = pair.key.read_bytes()
    make_key(*pair)
    Certificate(*pair)
    assert pair.key.read_bytes() == key


# --- what goes wrong ---


@contextmanager
def without_rights() -> Iterator[Path]:
    """A folder that this process can only read; root can write everywhere, so it becomes somebody else for a while."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.seteuid(65_534)
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


@needs_openssl
@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_a_folder_that_cannot_be_written() -> None:
    """One sentence, which names the file."""
    with without_rights() as folder:
        pair = Pair(folder / "server.crt", folder / "server.key")
        assert refusal(pair) == f"{pair.key} cannot be made: Permission denied"
        assert only_these(folder) == []


@needs_openssl
def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    pair = Pair(tmp_path / "no" / "server.crt", tmp_path / "no" / "server.key")
    assert refusal(pair) == f"{pair.key} cannot be made: No such file or directory"


def test_without_a_program_or_a_package(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install, in one sentence."""
    monkeypatch.setenv("PATH", "")
    for name in ("cryptography", "cryptography.x509"):
        monkeypatch.setitem(sys.modules, name, None)
    assert refusal(pair) == new_key._MISSING
    assert not pair.key.exists()


@needs_openssl
def test_the_package_is_left_alone_where_there_is_a_program(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def imported() -> NoReturn:
        raise AssertionError("it was asked for")

    monkeypatch.setattr(new_key, "CryptographyPackage", imported)
    make_key(*pair)


def another_openssl(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A program of that name that does something else."""
    folder.mkdir()
    program = folder / "openssl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return str(program)


@unix
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo first >&2; echo 'unknown option' >&2; exit 1", "failed: unknown option"),
        ("exit 3", "failed: 3"),
        ("exit 0", "made nothing that can be used"),
        ("echo hello", "made nothing that can be used"),
        ("kill -9 $$", "failed: -9"),
    ],
)
def test_a_program_that_fails(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    """It is named with what it said last, and no half of a pair is left."""
    program = another_openssl(tmp_path / "bin", script, monkeypatch)
    assert refusal(pair) == f"the openssl program ({program}) {told}"
    assert only_these(tmp_path) == ["bin"]


@unix
def test_a_program_that_cannot_run(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = another_openssl(tmp_path / "bin", "", monkeypatch)
    Path(program).write_text("#!/no/such/interpreter\n")
    assert refusal(pair) == f"the openssl program ({program}) cannot run: No such file or directory"


@unix
def test_a_program_that_does_not_end(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended after a while."""
    monkeypatch.setattr(openssl_program, "_PATIENCE", 0.2)
    program = another_openssl(tmp_path / "bin", "while :; do :; done", monkeypatch)
    assert refusal(pair) == f"the openssl program ({program}) did not end"


@needs_openssl
def test_a_key_with_a_password_is_not_asked_for(pair: Pair) -> None:
    """Where only the certificate is missing, the program does not wait at the terminal."""
    command = ["openssl", "pkey", "-in", str(key_pair().key), "-aes256", "-passout", "pass:secret", "-out"]
    subprocess.run([*command, str(pair.key)], check=True, capture_output=True, timeout=WAIT)
    assert "failed" in refusal(pair)
    assert not pair.certificate.exists()
