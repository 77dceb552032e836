"""Chooses the key and certificate of a server: the operator's files, or its own, made when it first starts."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import NamedTuple

from server_parts.settings import EVERYONE, LOOPBACK, MEMORY, NOBODY, Settings
from server_parts.wire.certificate import Certificate, CertificateError

log = logging.getLogger("chat")


class Encryption(NamedTuple):
    """The certificate, or why there is none."""

    certificate: Certificate | None
    why_not: str = ""


class PassingCertificate(Certificate):
    """Of a server that keeps nothing: its files are gone once they are loaded."""

    def reload(self) -> str:
        outcome = "the key of this server exists in memory only, so there is nothing to load again"
        log.info("%s", outcome)
        return outcome

    def reload_if_changed(self) -> None:
        return None


def open_certificate(settings: Settings, *, is_reachable: bool) -> Encryption:
    """CertificateError says why the server must not start; `is_reachable`: other machines can reach it.

    Files that the operator has named are used or complained about: with another key than theirs, the server would look
    like an impostor's. Without a key of its own, a server goes on only if its people can still come in without one.
    """
    if settings.tls_cert and settings.tls_key:
        return Encryption(Certificate(Path(settings.tls_cert).expanduser(), Path(settings.tls_key).expanduser()))
    try:
        return Encryption(_passing() if settings.data == MEMORY else _kept(settings))
    except CertificateError as error:
        if settings.plain == NOBODY or (is_reachable and settings.plain != EVERYONE):
            anyway = EVERYONE if is_reachable else LOOPBACK
            raise CertificateError(f"{error}; to start without encryption, use --plain {anyway}") from error
        return Encryption(None, str(error))


def _kept(settings: Settings) -> Certificate:
    certificate, key = settings.own_certificate, settings.own_key
    if not certificate.exists():
        _make(certificate, key)
    elif not key.exists():  # a new one would look like an impostor's, so that is for a person to decide
        raise CertificateError(f"{key} is missing: restore it, or delete {certificate} to get a new key")
    return Certificate(certificate, key)


def _passing() -> Certificate:
    try:
        with tempfile.TemporaryDirectory(prefix="chat-key-") as folder:
            certificate, key = Path(folder, "server.crt"), Path(folder, "server.key")
            _make(certificate, key)
            return PassingCertificate(certificate, key)
    except OSError as error:
        raise CertificateError(f"no temporary folder can be made: {error.strerror}") from error


def _make_folder(folder: Path) -> None:
    """Where the log is in a database, there may be none yet."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CertificateError(f"the folder {folder} cannot be made: {error.strerror}") from error


def _make(certificate: Path, key: Path) -> None:
    from server_parts.wire.new_key import make_key  # a server that has a key starts faster without it

    _make_folder(certificate.parent)
    make_key(certificate, key)
