"""What a client is told when it comes in: who it is, which log this is, and what this server can do. Pure."""

from __future__ import annotations

from typing import Final

from chat_common import MAX_LINE, MAX_NAME, MAX_ROOM, MAX_TEXT, PROTOCOL, VERSION, Frame
from server_parts.people.clients import Client, Session

LIMITS: Final = {"line": MAX_LINE, "text": MAX_TEXT, "name": MAX_NAME, "room": MAX_ROOM}
# What was added after the first servers of this protocol; docs/protocol.md says what each means.
FEATURES: Final = [
    "claims_when_used",
    "contact_requests",
    "list_pages",
    "presence_per_hearer",
    "private_rooms_close",
    "renamed_guests",
    "search_pages",
    "session_owners",
]


def welcome(client: Client, session: Session, epoch: str, motd: str) -> Frame:
    return {
        "type": "welcome",
        "protocol": PROTOCOL,
        "name": client.name,
        "color": client.color,
        "epoch": epoch,
        "accepted": session.accepted,
        "motd": motd,
        "server": f"server.py {VERSION}",
        "limits": LIMITS,
        "features": FEATURES,
    }
