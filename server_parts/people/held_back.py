"""What somebody types after a password was refused may be the password once more: nothing of it is said, until /ok.

For people at the plain door; programs ask for passwords where they are not said. Run by the hub's thread, and by the
client's reader while nothing of the client is under way.
"""

from __future__ import annotations

from typing import Final

from chat_common import Frame
from server_parts.people.clients import Client
from server_parts.protocol.events import notice
from server_parts.protocol.requests import Refusal

SECRET_FIELDS: Final = ("password", "old", "new")
NOT_SAID: Final = Refusal("not_allowed", "that was not said, as it may be a password: /ok ends that", "text")
_HELD: Final = "what you type now is not said, as it may be a password: /ok ends that"
_SAID: Final = "what you type is said"


def hold_back(client: Client) -> list[Frame]:
    """Nothing that the client types is said from now on. Returns what it is to be told."""
    if not client.encoder.is_for_people or client.session is None or client.is_owner:
        return []
    client.holds_back = True
    return [notice(_HELD)]


def let_talk(client: Client) -> Frame:
    client.holds_back = False
    return notice(_SAID)
