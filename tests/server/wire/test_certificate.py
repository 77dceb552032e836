"""A server's key and certificate: what can be used, what is refused and why, and how they are replaced."""

from __future__ import annotations

import logging
import os
import shutil
import ssl
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server_parts.wire import certificate as module
from server_parts.wire.certificate import CERTIFIED, Certificate, CertificateError
from tests.peers import WAIT
from tests.tls.certificates import Pair, der, key_pair, needs_openssl, server_context, trusting_context
from tls_parts.channel import Channel
from tls_parts.public_key import digest_of, words

pytestmark = needs_openssl


def put(pair: Pair, folder: Path) -> Pair:
    """Put a copy there, over what was there, as a renewal does."""
    copy = Pair(folder / "server.crt", folder / "server.key")
    for source, target in zip(pair, copy, strict=True):
        fresh = target.with_suffix(".new")
        shutil.copyfile(source, fresh)
        fresh.chmod(0o600)
        fresh.replace(target)
    return copy


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return put(key_pair(), tmp_path)


def shake(context: ssl.SSLContext, theirs: ssl.SSLContext | None = None) -> tuple[Channel, Channel]:
    """A server's and a client's side that have agreed on everything."""
    server, client = Channel(context, server_side=True), Channel(theirs or trusting_context(), server_side=False)
    while not (server.is_open and client.is_open):
        client.shake_hands()
        if client.has_outgoing:
            server.feed(client.outgoing())
        server.shake_hands()
        if server.has_outgoing:
            client.feed(server.outgoing())
    return server, client


def said(sender: Channel, receiver: Channel, text: bytes) -> bytes | None:
    sender.seal(text)
    receiver.feed(sender.outgoing())
    return receiver.read()


def refusal(pair: Pair) -> str:
    with pytest.raises(CertificateError) as refused:
        Certificate(*pair)
    return str(refused.value)


# --- what can be used ---


def test_it_is_shown_to_clients(pair: Pair) -> None:
    """And its digest is that of the key in it."""
    certificate = Certificate(*pair)
    _, client = shake(certificate.context)
    assert client.certificate() == der(pair)
    assert certificate.digest == digest_of(der(pair))
    assert certificate.is_self_signed
    assert certificate.known_by == words(certificate.digest)


def test_with_an_authority_the_key_does_not_matter(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients go by the name then; most renewals change the key."""
    certificate = Certificate(*pair)
    monkeypatch.setattr(Certificate, "is_self_signed", False)
    assert certificate.known_by == CERTIFIED
    assert certificate.warning is None


def test_only_the_newest_version_without_tickets(pair: Pair) -> None:
    """What clients and tests of the encryption rely on."""
    context = Certificate(*pair).context
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert context.num_tickets == 0


def offering(group: str) -> ssl.SSLContext:
    context = trusting_context()
    context.set_ecdh_curve(group)
    return context


@pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO < (3,), reason="this OpenSSL does not know large groups")
@pytest.mark.parametrize("group", ["ffdhe4096", "ffdhe6144", "ffdhe8192"])
def test_no_client_makes_a_handshake_expensive(pair: Pair, group: str) -> None:
    """With the largest group one takes 0.2 s, in which a thread of few, and a lock that others need, are taken."""
    if ssl.OPENSSL_VERSION_INFO < (3, 5):
        shake(server_context(pair), offering(group))  # where nothing is done about it, it works
    with pytest.raises(ssl.SSLError):
        shake(Certificate(*pair).context, offering(group))


def test_a_client_that_knows_only_what_it_must(pair: Pair) -> None:
    shake(Certificate(*pair).context, offering("prime256v1"))


def test_a_chain_begins_with_the_servers_own(pair: Pair) -> None:
    """Those that vouch for it come after it; text between them does not matter."""
    chain = f"Subject: me\n{pair.certificate.read_text()}\nIssuer: you\n{key_pair('authority').certificate.read_text()}"
    pair.certificate.write_text(chain)
    assert Certificate(*pair).digest == digest_of(der(key_pair()))


def test_one_file_may_hold_both(pair: Pair) -> None:
    pair.key.write_text(pair.certificate.read_text() + pair.key.read_text())
    assert Certificate(pair.key, pair.key).digest == digest_of(der(key_pair()))


def test_a_key_of_another_kind_can_be_used(tmp_path: Path) -> None:
    """The operator's own may be RSA."""
    pair = put(key_pair("localhost", "rsa"), tmp_path)
    _, client = shake(Certificate(*pair).context)
    assert digest_of(client.certificate()) == Certificate(*pair).digest


def test_an_expired_one_is_used_with_a_warning(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that remember its key do not mind; the operator is told."""
    monkeypatch.setattr(module, "_now", lambda: datetime(2222, 1, 1, tzinfo=UTC))
    certificate = Certificate(*pair)
    shake(certificate.context)
    assert certificate.warning is not None
    assert certificate.warning.startswith(f"the certificate in {pair.certificate} expired on 20")


# --- what is refused ---


@pytest.mark.parametrize("what", ["certificate", "key"])
def test_a_missing_file(pair: Pair, what: str) -> None:
    path: Path = getattr(pair, what)
    path.unlink()
    assert refusal(pair) == f"the {what} {path} cannot be read: No such file or directory"


@pytest.mark.parametrize("what", ["certificate", "key"])
def test_a_folder_is_no_file(pair: Pair, what: str) -> None:
    path: Path = getattr(pair, what)
    path.unlink()
    path.mkdir()
    assert refusal(pair) == f"the {what} {path} is not a file"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_pipe_is_not_waited_for(pair: Pair) -> None:
    pair.key.unlink()
    os.mkfifo(pair.key, 0o600)
    assert refusal(pair) == f"the key {pair.key} is not a file"


@pytest.mark.parametrize("garbage", ["", "hello\n", "\x00" * 100, "-----BEGIN CERTIFICATE-----\n"])
def test_a_file_that_holds_no_certificate(pair: Pair, garbage: str) -> None:
    pair.certificate.write_text(garbage)
    assert refusal(pair) == f"there is no certificate in PEM form in {pair.certificate}"


def test_a_certificate_that_is_damaged(pair: Pair) -> None:
    """Its form is right, its content is not."""
    pair.certificate.write_text(ssl.DER_cert_to_PEM_cert(b"\x30\x03\x30\x01\x00"))
    assert refusal(pair) == f"the certificate in {pair.certificate} is damaged"


def test_a_file_that_holds_no_key(pair: Pair) -> None:
    pair.key.write_text("hello\n")
    assert refusal(pair) == f"there is no private key in PEM form in {pair.key}"


def test_a_damaged_key(pair: Pair) -> None:
    """OpenSSL's own words, in one sentence."""
    pair.key.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    assert refusal(pair).startswith(f"{pair.certificate} and {pair.key} cannot be used: ")


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_key_of_another_certificate(pair: Pair, kind: str) -> None:
    """Of the same kind, or of another."""
    shutil.copyfile(key_pair("other", kind).key, pair.key)
    assert refusal(pair) == f"the key {pair.key} does not fit the certificate {pair.certificate}"


def test_a_key_with_a_password_is_not_asked_for(pair: Pair) -> None:
    """Not even at the terminal: a service would wait for ever."""
    command = ["openssl", "pkey", "-in", str(key_pair().key), "-aes256", "-passout", "pass:secret", "-out"]
    subprocess.run([*command, str(pair.key)], check=True, capture_output=True, timeout=WAIT)
    assert refusal(pair) == f"the key {pair.key} needs a password; save it without one"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_key_that_others_can_use(pair: Pair, mode: int) -> None:
    """In any way; the remedy can be pasted into a shell."""
    pair.key.chmod(mode)
    remedy = refusal(pair).partition("take that away with: ")[2]
    subprocess.run(remedy, shell=True, check=True, timeout=WAIT)
    Certificate(*pair)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_the_remedy_is_quoted(tmp_path: Path) -> None:
    folder = tmp_path / "my server's keys"
    folder.mkdir()
    pair = put(key_pair(), folder)
    pair.key.chmod(0o644)
    subprocess.run(refusal(pair).partition("with: ")[2], shell=True, check=True, timeout=WAIT)
    Certificate(*pair)


def test_a_pair_that_is_being_replaced(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loaded in the middle of it, it is not mistaken for either."""
    whole = module._context

    def meanwhile(certificate: Path, key: Path) -> ssl.SSLContext:
        context = whole(certificate, key)
        put(key_pair("other"), certificate.parent)
        return context

    monkeypatch.setattr(module, "_context", meanwhile)
    assert refusal(pair) == f"{pair.certificate} was replaced while it was read"


# --- replacing ---


def test_a_new_pair_is_for_new_connections(pair: Pair) -> None:
    """Those that are open go on with the old one; the context they were made with is left alone."""
    certificate = Certificate(*pair)
    old_context = certificate.context
    server, client = shake(old_context)
    put(key_pair("other"), pair.key.parent)
    outcome = certificate.reload()
    assert outcome.endswith(f"has another key: {words(certificate.digest)}")
    assert certificate.digest == digest_of(der(key_pair("other")))
    assert certificate.context is not old_context
    assert said(server, client, b"still here") == b"still here"
    assert said(client, server, b"me too") == b"me too"
    _, newcomer = shake(certificate.context)
    assert newcomer.certificate() == der(key_pair("other"))
    assert client.certificate() == der(key_pair())


def test_a_new_certificate_of_the_same_key(pair: Pair) -> None:
    """Nobody has to be warned of it."""
    certificate = Certificate(*pair)
    new = ["openssl", "req", "-x509", "-new", "-key", str(pair.key), "-subj", "/CN=new", "-out", str(pair.certificate)]
    subprocess.run(new, check=True, capture_output=True, timeout=WAIT)
    assert certificate.reload().endswith("which has the same key")
    assert certificate.digest == digest_of(der(key_pair()))


def test_the_same_pair_again(pair: Pair) -> None:
    assert Certificate(*pair).reload() == f"the certificate in {pair.certificate} is the same as before"


def test_a_new_one_that_has_expired(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is used, as it would be at a start."""
    certificate = Certificate(*pair)
    put(key_pair("other"), pair.key.parent)
    monkeypatch.setattr(module, "_now", lambda: datetime(2222, 1, 1, tzinfo=UTC))
    assert certificate.reload() == f"loaded, but {certificate.warning}"
    assert certificate.digest == digest_of(der(key_pair("other")))


def damage_key(pair: Pair) -> None:
    pair.key.write_text("hello\n")


def damage_certificate(pair: Pair) -> None:
    pair.certificate.write_text("hello\n")


def remove_key(pair: Pair) -> None:
    pair.key.unlink()


def mix(pair: Pair) -> None:
    shutil.copyfile(key_pair("other").certificate, pair.certificate)


@pytest.mark.parametrize("spoil", [damage_key, damage_certificate, remove_key, mix])
def test_a_bad_new_pair_changes_nothing(
    pair: Pair, spoil: object, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one serves on; the reason is logged as a warning, once, until a file changes again."""
    monkeypatch.setattr(logging.getLogger("chat"), "propagate", True)
    certificate = Certificate(*pair)
    context = certificate.context
    assert callable(spoil)
    spoil(pair)
    outcome = certificate.reload_if_changed()
    assert outcome is not None
    assert outcome.startswith("the old certificate stays in use: ")
    assert certificate.context is context
    assert certificate.digest == digest_of(der(key_pair()))
    shake(certificate.context)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", outcome)]
    assert certificate.reload_if_changed() is None
    put(key_pair("other"), pair.key.parent)
    assert certificate.reload_if_changed() is not None
    assert certificate.digest == digest_of(der(key_pair("other")))


def test_nothing_is_loaded_unless_a_file_changed(pair: Pair) -> None:
    certificate = Certificate(*pair)
    context = certificate.context
    assert certificate.reload_if_changed() is None
    assert certificate.context is context
    os.utime(pair.certificate, (1, 1))
    assert certificate.reload_if_changed() is not None
    assert certificate.context is not context
    assert certificate.reload_if_changed() is None


def test_a_file_with_the_same_date_and_size_is_seen(pair: Pair, tmp_path: Path) -> None:
    """As when an older one is copied back with its date."""
    certificate = Certificate(*pair)
    before = pair.key.stat()
    twin = tmp_path / "twin"
    shutil.copyfile(pair.key, twin)
    twin.chmod(0o600)
    os.utime(twin, ns=(before.st_atime_ns, before.st_mtime_ns))
    twin.replace(pair.key)
    assert certificate.reload_if_changed() is not None


@pytest.mark.skipif(os.name == "nt", reason="Windows makes links for few")
def test_links_that_point_elsewhere_are_seen(tmp_path: Path) -> None:
    """As certbot leaves them: a link in one folder, the files in another. First one changes, then the other."""
    old, new = tmp_path / "1", tmp_path / "2"
    for folder, name in ((old, "localhost"), (new, "other")):
        folder.mkdir()
        put(key_pair(name), folder)
    live = Pair(tmp_path / "fullchain.pem", tmp_path / "privkey.pem")
    live.certificate.symlink_to(old / "server.crt")
    live.key.symlink_to(old / "server.key")
    certificate = Certificate(*live)
    outcomes = []
    for link, target in ((live.certificate, new / "server.crt"), (live.key, new / "server.key")):
        link.unlink()
        link.symlink_to(target)
        outcomes.append(certificate.reload_if_changed())
    assert "does not fit" in str(outcomes[0])
    assert "another key" in str(outcomes[1])
    assert certificate.digest == digest_of(der(key_pair("other")))


def test_replaced_again_and_again_while_clients_come(pair: Pair) -> None:
    """Every client shakes hands with one of the two, whole; nothing goes wrong in between."""
    certificate, stopped = Certificate(*pair), threading.Event()
    known = {der(key_pair()), der(key_pair("other"))}
    seen: list[bytes] = []

    def come() -> None:
        while not stopped.is_set():
            seen.append(shake(certificate.context)[1].certificate())

    clients = [threading.Thread(target=come) for _ in range(2)]
    for thread in clients:
        thread.start()
    try:
        for turn in range(30):
            put(key_pair("other" if turn % 2 == 0 else "localhost"), pair.key.parent)
            assert certificate.reload_if_changed()
    finally:
        stopped.set()
        for thread in clients:
            thread.join(WAIT)
    assert not any(thread.is_alive() for thread in clients)
    assert seen
    assert set(seen) <= known
