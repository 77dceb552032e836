"""What the parts of the hub share. All of it belongs to the hub's thread."""

from __future__ import annotations

import logging
from typing import NamedTuple

from server_parts.hub.batch import Batch
from server_parts.hub.conversations import Conversations
from server_parts.hub.live_rooms import LiveRooms
from server_parts.moderation import acts
from server_parts.moderation.acts import Act
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.last_seen import LastSeen
from server_parts.settings import Settings
from server_parts.storage.records import StorageError
from server_parts.storage.store import Entry, Store

log = logging.getLogger("chat")


class HubState(NamedTuple):
    store: Store
    settings: Settings
    live_rooms: LiveRooms
    conversations: Conversations
    batch: Batch
    rules: Rulebook
    last_seen: LastSeen

    def audit(self, by: str, text: str) -> None:
        """Somebody has used a right that others do not have, or it was used on them."""
        log.info("%s %s", by, text)
        self._keep(by, Act(acts.NOTE, text=text))

    def forget_account(self, by: str, name: str) -> None:
        """An account is gone: whoever claims its name next has none of its roles, invitations and blocks."""
        log.info("%s released the name %s", by, name)
        self._keep(by, Act(acts.FORGET, name))

    def _keep(self, by: str, act: Act) -> None:
        try:
            draft = acts.draft_of(by, act, self.rules.clock())
            self.rules.note(self.store.write(Entry([draft], {})))
        except StorageError as error:  # it was done all the same
            log.error("the audit cannot be written: %s", error)


def new_state(store: Store, settings: Settings) -> HubState:
    rules = Rulebook()
    rules.read(store)
    live_rooms = LiveRooms(store, settings.name, rules)
    conversations = Conversations(store, live_rooms, rules)
    return HubState(store, settings, live_rooms, conversations, Batch(store, live_rooms, rules), rules, LastSeen())
