"""What the parts of the hub share. All of it belongs to the hub's thread."""

from __future__ import annotations

import logging
from typing import NamedTuple

from server_parts.hub.batch import Batch
from server_parts.hub.conversations import Conversations
from server_parts.hub.live_rooms import LiveRooms
from server_parts.settings import Settings
from server_parts.storage.store import Store

log = logging.getLogger("chat")


class HubState(NamedTuple):
    store: Store
    settings: Settings
    live_rooms: LiveRooms
    conversations: Conversations
    batch: Batch

    def audit(self, by: str, text: str) -> None:
        """Somebody has used a right that others do not have, or it was used on them."""
        log.info("%s %s", by, text)


def new_state(store: Store, settings: Settings) -> HubState:
    live_rooms = LiveRooms(store, settings.name)
    return HubState(store, settings, live_rooms, Conversations(store, live_rooms), Batch(store, live_rooms))
