"""Bytes at the doors, and what is asked for with them; the time is passed in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server_parts.protocol.doorway import Doorway
from server_parts.protocol.requests import EndConnection, Hello, Request

HELLO = b'{"type":"hello","protocol":1,"name":"alice","session":"aaaaaaaaaaaaaaaa"}\n'


def pieces_of(data: bytes, *, byte_by_byte: bool) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))] if byte_by_byte else [data]


def asked(data: bytes, *, byte_by_byte: bool = False) -> list[Request]:
    """What a newcomer asks for with these bytes, all of them at the same instant."""
    doorway = Doorway(0.0)
    return [request for piece in pieces_of(data, byte_by_byte=byte_by_byte) for request in doorway.receive(piece, 0.1)]


def plainly(data: bytes, *, byte_by_byte: bool = False) -> list[Request]:
    """The same, without the greeting of a plain client."""
    greeting, *rest = asked(data, byte_by_byte=byte_by_byte)
    assert isinstance(greeting, Hello)
    assert greeting.name is None
    return rest


def welcomed_native() -> Doorway:
    doorway = Doorway(0.0)
    doorway.receive(HELLO, 0.0)
    doorway.welcomed()
    return doorway


def frame(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def last_frame(ending: Request) -> dict[str, Any]:
    assert isinstance(ending, EndConnection)
    found = json.loads(ending.block)
    assert isinstance(found, dict)
    return found


whole_and_bytewise = pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
