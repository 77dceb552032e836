"""The Python package cryptography, as it makes a key and a certificate where there is no openssl program.

It is no requirement of this project: it is imported only when needed, and may be missing.
"""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from pathlib import Path

from server_parts.wire.certificate import CertificateError


class CryptographyPackage:
    """ImportError: it is not installed."""

    def __init__(self) -> None:
        self._x509 = importlib.import_module("cryptography.x509")
        self._names = importlib.import_module("cryptography.x509.oid").NameOID
        self._hashes = importlib.import_module("cryptography.hazmat.primitives.hashes")
        self._forms = importlib.import_module("cryptography.hazmat.primitives.serialization")
        self._curves = importlib.import_module("cryptography.hazmat.primitives.asymmetric.ec")

    def private_key(self) -> bytes:
        forms = self._forms
        key = self._curves.generate_private_key(self._curves.SECP256R1())
        pem: bytes = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
        return pem

    def certificate(self, key: Path) -> bytes:
        """Self-signed, for a key in a file."""
        try:
            private = self._forms.load_pem_private_key(key.read_bytes(), None)
        except (ValueError, TypeError):
            raise CertificateError(f"there is no private key in PEM form, without a password, in {key}") from None
        x509 = self._x509
        name = x509.Name([x509.NameAttribute(self._names.COMMON_NAME, "chat server")])
        builder = (
            x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
            .not_valid_before(datetime(1970, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        pem: bytes = builder.sign(private, self._hashes.SHA256()).public_bytes(self._forms.Encoding.PEM)
        return pem
