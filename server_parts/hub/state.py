"""What the parts of the hub share. All of it belongs to the hub's thread."""

from __future__ import annotations

from typing import NamedTuple

from server_parts.hub.batch import Batch
from server_parts.hub.conversations import Conversations
from server_parts.hub.live_rooms import LiveRooms
from server_parts.settings import Settings
from server_parts.storage.store import Store


class HubState(NamedTuple):
    store: Store
    settings: Settings
    live_rooms: LiveRooms
    conversations: Conversations
    batch: Batch


def new_state(store: Store, settings: Settings) -> HubState:
    live_rooms = LiveRooms(store, settings.name)
    return HubState(store, settings, live_rooms, Conversations(store, live_rooms), Batch(store, live_rooms))
