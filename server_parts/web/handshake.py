"""How a request becomes a WebSocket, as RFC 6455 wants it. It must not know who may have one."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

from server_parts.web.heads import BadHeadError, Head
from server_parts.web.responses import switched

VERSION: Final = "13"
_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES: Final = 16
HOW: Final = (("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", VERSION))


def accepted(head: Head) -> bytes:
    """The answer that makes the connection a WebSocket. BadHeadError if that is not what is asked for."""
    if head.version != "1.1" or not (head.has_word("upgrade", "websocket") and head.has_word("connection", "upgrade")):
        raise BadHeadError(426, "This is where a program opens a WebSocket; people open the page at /.")
    if head.get("sec-websocket-version") != VERSION:
        raise BadHeadError(426, f"This server speaks version {VERSION} of WebSocket.")
    if int(head.get("content-length") or 0):
        raise BadHeadError(400, "A request for a WebSocket has no body.")
    key = head.get("sec-websocket-key") or ""
    if not _is_key(key):
        raise BadHeadError(400, "The Sec-WebSocket-Key of this request is not valid.")
    accept = base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode()).digest()).decode()
    return switched((("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)))


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key.encode("latin-1"), validate=True)) == _KEY_BYTES
    except binascii.Error:
        return False
