"""A key for a server that is to encrypt, made before it starts; where that cannot be, an item is not possible."""

from __future__ import annotations

from pathlib import Path

from server_parts.wire.certificate import CertificateError
from server_parts.wire.new_key import make_key
from tests.faults.finding import NotAllowed


def give_key(data: Path) -> None:
    data.mkdir(parents=True, exist_ok=True)
    try:
        make_key(data / "server.crt", data / "server.key")
    except CertificateError as reason:
        raise NotAllowed(str(reason)) from None
