"""A text that brings a file: whether its author may say that there. Run only by the hub's thread; touches no bytes."""

from __future__ import annotations

from typing import NamedTuple

from chat_common import partners
from server_parts.files.desk import FileDesk
from server_parts.hub.conversations import Conversations
from server_parts.people.clients import Client
from server_parts.protocol.file_events import NO_FILES, NO_SUCH_FILE
from server_parts.protocol.file_names import bare_text
from server_parts.protocol.requests import Refusal
from server_parts.storage.file_records import Attachment, account_owner, session_owner


class Brought(NamedTuple):
    """What a message carries, and its text: without one of its own, that is the file's name and size."""

    attachment: Attachment
    text: str


def owners_of(client: Client) -> tuple[str, ...]:
    """As whom somebody may have begun to send a file; as the first of them they do now."""
    session = () if client.session is None else (session_owner(client.session.key),)
    return (account_owner(client.account), *session) if client.account else session


class Bringing:
    def __init__(self, desk: FileDesk, conversations: Conversations) -> None:
        self._desk = desk
        self._conversations = conversations

    def bring(self, client: Client, room: str, id: str, text: str) -> Brought | Refusal:
        owners = owners_of(client)
        file = self._desk.ready(id, owners, room)
        if file is None:
            return (NO_SUCH_FILE if self._desk.limits.size else NO_FILES)._replace(field="file")
        # Somebody else may have got the name while it was sent: it is not for them.
        refusal = self._conversations.meant(client, room, self._desk.age(id)) if partners(room) else None
        return refusal or Brought(Attachment(id, owners, not text), text or bare_text(file))
