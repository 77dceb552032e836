"""A server's key and certificate, and the TLS context made of them: loaded, replaced while it is used, or refused.

It must not know where they come from, or who connects.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from tls_parts.der import CertificateContent, read_certificate
from tls_parts.public_key import digest_of, words

_PEM: Final = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_LARGEST: Final = 1_000_000  # bytes; a whole chain of certificates has a few thousand
_OTHERS: Final = 0o077
# Before this one, a client may have OpenSSL agree on a key in groups so large that one handshake takes 0.2 seconds.
_NO_LARGE_GROUPS: Final = (3, 5)
_GROUP: Final = "prime256v1"  # the one that every client must know
CERTIFIED: Final = "certified by an authority"
_MISMATCHES: Final = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")

log = logging.getLogger("chat")


class CertificateError(Exception):
    """Why a key or a certificate cannot be used: a reason in one sentence, for the person who runs the server."""


class _Loaded(NamedTuple):
    """What belongs together; it is replaced as a whole."""

    context: ssl.SSLContext
    certificate: bytes  # in DER
    digest: bytes
    content: CertificateContent


class Certificate:
    """`context` is for new connections; those that were made with an older one keep it."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """CertificateError says why they cannot be used."""
        self._certificate, self._key = certificate, key
        self._reloading = threading.Lock()  # guards the two below; `_loaded` may be read without it
        self._seen = self._stamp()
        self._loaded = self._load()

    @property
    def context(self) -> ssl.SSLContext:
        """The present one. It is never changed: that could end the process while somebody shakes hands."""
        return self._loaded.context

    @property
    def digest(self) -> bytes:
        """Of the public key, as clients remember it."""
        return self._loaded.digest

    @property
    def known_by(self) -> str:
        """How clients know the server: by its key, or by a name for which an authority vouches, whatever the key is."""
        return words(self.digest) if self.is_self_signed else CERTIFIED

    @property
    def is_self_signed(self) -> bool:
        """Nobody else vouches for its key."""
        return self._loaded.content.is_self_signed

    @property
    def warning(self) -> str | None:
        """A reason why some clients may not accept it."""
        try:
            expires = self._loaded.content.expires()
        except ValueError:
            return f"the dates in {self._certificate} cannot be read"
        return f"the certificate in {self._certificate} expired on {expires:%Y-%m-%d}" if expires < _now() else None

    # --- loading it again ---

    def reload(self) -> str:
        """Load both files again. The outcome is logged and returned; if they cannot be used, nothing changes."""
        with self._reloading:
            return self._reload()

    def reload_if_changed(self) -> str | None:
        """The same, but only if one of the files is another than when last looked at."""
        with self._reloading:
            return None if self._stamp() == self._seen else self._reload()

    def _reload(self) -> str:
        self._seen = self._stamp()  # first: what is replaced meanwhile is found changed the next time
        try:
            before, self._loaded = self._loaded, self._load()
        except CertificateError as error:
            outcome = f"the old certificate stays in use: {error}"
            log.warning("%s", outcome)
        else:
            outcome = self._what_is_new(before)
            log.info("%s", outcome)
        return outcome

    def _what_is_new(self, before: _Loaded) -> str:
        if self.warning:
            return f"loaded, but {self.warning}"
        if self._loaded.certificate == before.certificate:
            return f"the certificate in {self._certificate} is the same as before"
        is_same_key = self._loaded.digest == before.digest
        key = "the same key" if is_same_key else f"another key: {words(self._loaded.digest)}"
        return f"new connections use the new certificate in {self._certificate}, which has {key}"

    def _stamp(self) -> tuple[object, ...]:
        return _stamp(self._certificate), _stamp(self._key)

    def _load(self) -> _Loaded:
        der = _der(self._certificate)
        _check_key(self._key)
        try:
            content, digest = read_certificate(der), digest_of(der)
        except ValueError:
            raise CertificateError(f"the certificate in {self._certificate} is damaged") from None
        context = _context(self._certificate, self._key)
        if _der(self._certificate) != der:
            raise CertificateError(f"{self._certificate} was replaced while it was read")
        return _Loaded(context, der, digest, content)


def _now() -> datetime:
    return datetime.now(UTC)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino  # a file copied with its date is another file


# --- The two files ----------------------------------------------------------------------------------------------


def _read(path: Path, what: str) -> bytes:
    try:
        if path.exists() and not path.is_file():  # opening a pipe may wait for ever
            raise CertificateError(f"the {what} {path} is not a file")
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise CertificateError(f"the {what} {path} cannot be read: {error.strerror}") from error


def _der(certificate: Path) -> bytes:
    """The first certificate in the file; those of a chain that vouch for it come after it."""
    found = _PEM.search(_read(certificate, "certificate").decode("latin-1"))
    try:
        return ssl.PEM_cert_to_DER_cert(found[0] if found else "")
    except ValueError:
        raise CertificateError(f"there is no certificate in PEM form in {certificate}") from None


def _check_key(key: Path) -> None:
    if b"PRIVATE KEY-----" not in _read(key, "key"):
        raise CertificateError(f"there is no private key in PEM form in {key}")
    if os.name != "nt" and key.stat().st_mode & _OTHERS:
        remedy = f"chmod 600 {shlex.quote(str(key))}"
        raise CertificateError(f"others on this machine can use the key {key}; take that away with: {remedy}")


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    def refuse() -> NoReturn:  # without this, OpenSSL would ask at the terminal
        raise CertificateError(f"the key {key} needs a password; save it without one")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0  # a ticket would be sent to every client, and none comes back with it
    if ssl.OPENSSL_VERSION_INFO < _NO_LARGE_GROUPS:
        context.set_ecdh_curve(_GROUP)  # Python cannot leave out the large ones only
    try:
        context.load_cert_chain(certificate, key, refuse)
    except ssl.SSLError as error:
        if error.reason in _MISMATCHES:
            raise CertificateError(f"the key {key} does not fit the certificate {certificate}") from None
        reason = (error.reason or "OpenSSL gives no reason").replace("_", " ").lower()
        raise CertificateError(f"{certificate} and {key} cannot be used: {reason}") from None
    except OSError as error:
        raise CertificateError(f"{certificate} and {key} cannot be read: {error.strerror}") from error
    return context
