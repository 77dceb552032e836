"""Keys and certificates for tests, made by the openssl program: each kind once for all tests of a process."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not installed")


class Pair(NamedTuple):
    certificate: Path
    key: Path


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="chat-test-keys-")


@cache
def key_pair(name: str = "localhost", kind: str = "ec") -> Pair:
    """A key and a certificate for it that it signed itself. Another `name` is another key."""
    folder = Path(_folder().name)
    pair = Pair(folder / f"{name}-{kind}.crt", folder / f"{name}-{kind}.key")
    how = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] if kind == "ec" else ["rsa:2048"]
    files = ["-keyout", str(pair.key), "-out", str(pair.certificate)]
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", *how, *files]
    subject = ["-subj", f"/CN={name}", "-days", "3650", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1"]
    subprocess.run([*command, *subject], check=True, capture_output=True, timeout=20)
    return pair


def der(pair: Pair) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())


def server_context(pair: Pair | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    pair = pair or key_pair()
    context.load_cert_chain(pair.certificate, pair.key)
    return context


def trusting_context() -> ssl.SSLContext:
    """A client's that accepts whatever certificate it is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
