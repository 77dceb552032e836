"""The openssl program, as it makes a key and a certificate: version 1.1.1 or later, or LibreSSL.

It must not know files of the server's.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from server_parts.wire.certificate import CertificateError

_PATIENCE: Final = 20.0  # seconds; it needs milliseconds
# Older versions can be told both dates of a certificate only where they play an authority, with a list of what it has
# signed. All files are beside this one, and no file of the program's own counts.
_CONFIGURATION: Final = """\
[req]
distinguished_name = subject
prompt = no
string_mask = utf8only
[subject]
commonName = chat server
[ca]
default_ca = authority
[authority]
database = signed
serial = serial
new_certs_dir = .
default_md = sha256
policy = policy
x509_extensions = extensions
[policy]
commonName = supplied
[extensions]
basicConstraints = critical,CA:FALSE
"""
_CURVE: Final = ("-pkeyopt", "ec_paramgen_curve:prime256v1", "-pkeyopt", "ec_param_enc:named_curve")
_ALWAYS: Final = ("-startdate", "700101000000Z", "-enddate", "99991231235959Z")
_NO_PROMPT: Final = ("-passin", "pass:")  # were the key encrypted, it would ask at the terminal


class OpensslProgram:
    """Each step is a run of its own, of a few milliseconds."""

    def __init__(self, program: str) -> None:
        self._program = program

    def private_key(self) -> bytes:
        with _own_folder() as folder:
            return self._pem("PRIVATE KEY", folder, "genpkey", "-algorithm", "EC", *_CURVE)

    def certificate(self, key: Path) -> bytes:
        """Self-signed, for a key in a file."""
        own, config = str(key.absolute()), ("-config", "configuration")
        with _own_folder() as folder:
            request = self._pem("CERTIFICATE REQUEST", folder, "req", "-new", *config, "-key", own, *_NO_PROMPT)
            (folder / "request").write_bytes(request)
            sign = ("ca", "-batch", "-selfsign", "-notext", *config, "-in", "request", "-keyfile", own, *_NO_PROMPT)
            return self._pem("CERTIFICATE", folder, *sign, *_ALWAYS)

    def _pem(self, kind: str, folder: Path, *arguments: str) -> bytes:
        """What one run prints. Other programs may be called openssl too, so it is looked at."""
        printed = self._run(folder, *arguments)
        if f"-----END {kind}-----".encode() not in printed:
            raise CertificateError(f"the openssl program ({self._program}) made nothing that can be used")
        return printed

    def _run(self, folder: Path, *arguments: str) -> bytes:
        try:
            run = subprocess.run(
                [self._program, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                cwd=folder,
                env={**os.environ, "OPENSSL_CONF": str(folder / "configuration")},
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CertificateError(f"the openssl program ({self._program}) did not end") from None
        except OSError as error:
            raise CertificateError(f"the openssl program ({self._program}) cannot run: {error.strerror}") from error
        if run.returncode:
            last = run.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise CertificateError(f"the openssl program ({self._program}) failed: {last or run.returncode}")
        return run.stdout


@contextmanager
def _own_folder() -> Iterator[Path]:
    """With the files that the program wants. No key is ever there."""
    with tempfile.TemporaryDirectory(prefix="chat-openssl-") as name:
        folder = Path(name)
        (folder / "configuration").write_text(_CONFIGURATION)
        (folder / "signed").touch()
        (folder / "serial").write_text(f"{1 << 120 | secrets.randbits(120):032X}\n")
        yield folder
