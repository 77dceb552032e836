"""The cookie that keeps a browser's token where no script can read it.

The token is one like that of any other client: random, and a device of the account that it has been used for. A cookie
is sent to all ports of a host, so its name says for which one it is.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from server_parts.protocol.account_requests import Secret
from server_parts.web.heads import Head
from server_parts.web.hosts import port_of

LASTS: Final = 400 * 86_400  # seconds; browsers keep nothing for longer
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> Secret:
    return Secret(secrets.token_urlsafe(32))


def token_of(head: Head, *, is_encrypted: bool) -> Secret | None:
    """What a browser was given before. Of two with that name one is somebody else's, so neither counts."""
    wanted = cookie_name(head, is_encrypted=is_encrypted)
    pairs = [pair.strip().partition("=") for line in head.values("cookie") for pair in line.split(";")]
    found = {value for name, _, value in pairs if name == wanted}
    token = found.pop() if len(found) == 1 else ""
    return Secret(token) if _TOKEN.fullmatch(token) else None


def cookie_name(head: Head, *, is_encrypted: bool) -> str:
    """`__Host-`: browsers take it only encrypted and from the host itself, and not from its neighbours."""
    port = port_of(head.get("host") or "", "https" if is_encrypted else "http")
    return f"{'__Host-' if is_encrypted else ''}chat-{port}"


def kept(head: Head, token: str, *, is_encrypted: bool) -> tuple[str, str]:
    """The field that makes a browser keep a token."""
    return _field(head, token, LASTS, is_encrypted=is_encrypted)


def forgotten(head: Head, *, is_encrypted: bool) -> tuple[str, str]:
    """The field that makes it forget."""
    return _field(head, "", 0, is_encrypted=is_encrypted)


def _field(head: Head, value: str, lasts: int, *, is_encrypted: bool) -> tuple[str, str]:
    name = cookie_name(head, is_encrypted=is_encrypted)
    secure = "; Secure" if is_encrypted else ""
    return "Set-Cookie", f"{name}={value}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Strict{secure}"
