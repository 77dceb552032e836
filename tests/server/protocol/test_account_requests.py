"""Native frames about accounts: the requests that they make, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest

from chat_common import FrameError
from server_parts.protocol.account_requests import (
    DEFAULT_INVITATION,
    Devices,
    GiveRole,
    Link,
    MakeInvitation,
    Password,
    Recover,
    Release,
    Secret,
    Whois,
)
from server_parts.protocol.native_requests import from_frame
from server_parts.protocol.requests import Hello, Nick, Request

REQUESTS: list[tuple[dict[str, Any], Request]] = [
    ({"type": "password", "old": "o" * 8, "new": "n" * 8}, Password(Secret("o" * 8), Secret("n" * 8))),
    ({"type": "password", "new": None}, Password(None, None)),
    ({"type": "devices"}, Devices()),
    ({"type": "devices", "forget": 3}, Devices(3)),
    ({"type": "link"}, Link()),
    ({"type": "recover", "name": "bob"}, Recover("bob")),
    ({"type": "release", "name": "Bob"}, Release("Bob")),
    ({"type": "role", "name": "bob", "role": "operator"}, GiveRole("bob", "operator")),
    ({"type": "invite"}, MakeInvitation(1, DEFAULT_INVITATION)),
    ({"type": "invite", "uses": 5, "for": 60}, MakeInvitation(5, 60)),
    ({"type": "whois", "name": "guest-1"}, Whois("guest-1")),
    ({"type": "nick", "name": "bob", "password": "p"}, Nick("bob", Secret("p"))),
]


@pytest.mark.parametrize(("frame", "request_"), REQUESTS, ids=lambda part: str(part)[:30])
def test_a_frame_makes_a_request(frame: dict[str, Any], request_: Request) -> None:
    """One of each."""
    assert from_frame(frame) == request_


def test_a_hello_brings_secrets() -> None:
    """A password or a code, an invitation, and the token of before; none of them shows in what may be logged."""
    secrets = {"password": "k3f9-0h1m", "invite": "x7qa-9d4c", "token": "t" * 16, "former_token": "f" * 16}
    hello = from_frame({"type": "hello", "protocol": 1, "name": "bob", "session": "s" * 16} | secrets)
    assert isinstance(hello, Hello)
    assert {field: getattr(hello, field) for field in secrets} == secrets
    assert not any(secret in repr(hello) for secret in secrets.values())


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"type": "password"}, "new"),
    ({"type": "password", "old": "o" * 8}, "new"),
    ({"type": "password", "new": ""}, "new"),
    ({"type": "password", "new": "x" * 257}, "new"),
    ({"type": "password", "old": 7, "new": None}, "old"),
    ({"type": "devices", "forget": "1"}, "forget"),
    ({"type": "recover"}, "name"),
    ({"type": "whois", "name": "no name"}, "name"),
    ({"type": "role", "name": "bob", "role": "owner"}, "role"),
    ({"type": "invite", "uses": -1}, "uses"),
    ({"type": "invite", "for": 10**9}, "for"),
    ({"type": "nick", "name": "bob", "password": ""}, "password"),
    ({"type": "hello", "protocol": 1, "name": "bob", "session": "s" * 16, "former_token": "short"}, "former_token"),
    ({"type": "hello", "protocol": 1, "name": "bob", "session": "s" * 16, "invite": []}, "invite"),
]


@pytest.mark.parametrize(("frame", "field"), WRONG, ids=lambda part: str(part)[:30])
def test_a_wrong_value_is_named(frame: dict[str, Any], field: str) -> None:
    """By its field, and without repeating it: it may be a secret all the same."""
    with pytest.raises(FrameError) as wrong:
        from_frame(frame)
    assert (wrong.value.field, wrong.value.code in ("bad_field", "bad_name")) == (field, True)
