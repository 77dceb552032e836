"""Makes a key for a server and a certificate for the key, valid for ever: clients remember the key, never the dates.

It must not know where they are kept. Several servers may do this at once in the same folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from server_parts.folders import sync_folder
from server_parts.wire.certificate import CertificateError
from server_parts.wire.cryptography_package import CryptographyPackage
from server_parts.wire.openssl_program import OpensslProgram

_MISSING = "no key for encryption can be made: install the openssl program, or the Python package cryptography"


class _Maker(Protocol):
    """Both methods return PEM, or raise CertificateError."""

    def private_key(self) -> bytes: ...

    def certificate(self, key: Path) -> bytes: ...


def make_key(certificate: Path, key: Path) -> None:
    """Make what is not there yet. CertificateError says why that cannot be.

    The key first, and never over another: of two servers that begin at once, one goes on with the other's key. At no
    time is there a certificate without its key.
    """
    maker = _maker()
    with _told(key):
        if not key.exists():
            _place(key, maker.private_key())
    with _told(certificate):
        if not certificate.exists():
            _place(certificate, maker.certificate(key))


def _maker() -> _Maker:
    program = shutil.which("openssl")
    if program:
        return OpensslProgram(os.path.abspath(program))
    try:
        return CryptographyPackage()
    except ImportError:
        raise CertificateError(_MISSING) from None


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CertificateError(f"{path} cannot be made: {error.strerror}") from error


# --- Files in one step ------------------------------------------------------------------------------------------


def _place(path: Path, content: bytes) -> None:
    """In one step, on disk, readable by its owner only. If there is one meanwhile, that one stays."""
    descriptor, fresh = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _name(fresh, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
    sync_folder(path.parent)


def _name(fresh: str, path: Path) -> None:
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links: this may replace what was made a moment ago, but halves nothing
        os.replace(fresh, path)
