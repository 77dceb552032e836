"""What the parts of the hub share. All of it belongs to the hub's thread."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from server_parts.files.desk import FileDesk
from server_parts.files.quota import FileLimits
from server_parts.files.tickets import Tickets
from server_parts.hub.announcing import Announcer
from server_parts.hub.batch import Batch
from server_parts.hub.conversations import Conversations
from server_parts.hub.live_rooms import LiveRooms
from server_parts.moderation import acts
from server_parts.moderation.act_log import ActLog
from server_parts.moderation.acts import Act
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.last_seen import LastSeen
from server_parts.settings import Settings
from server_parts.storage.account_records import AccountChange, Release
from server_parts.storage.exchange import Alone, Exchange
from server_parts.storage.records import Draft
from server_parts.storage.store import Entry, Store

log = logging.getLogger("chat")


class HubState(NamedTuple):
    store: Store
    settings: Settings
    live_rooms: LiveRooms
    conversations: Conversations
    batch: Batch
    rules: Rulebook
    acts: ActLog
    last_seen: LastSeen
    exchange: Exchange
    desk: FileDesk

    def change(self, by: str, text: str, *changes: AccountChange) -> None:
        """Change accounts by a right that others do not have: with its line in the audit, or not at all."""
        self._keep([acts.draft_of(by, Act(acts.NOTE, text=text), self.rules.clock())], changes)
        log.info("%s %s", by, text)

    def release(self, by: str, accounts: Mapping[int, str]) -> None:
        """Delete accounts, given as names by ids: whoever claims one of the names next inherits nothing of it."""
        now = self.rules.clock()
        drafts = [acts.draft_of(by, Act(acts.FORGET, name), now) for name in accounts.values()]
        self._keep(drafts, list(map(Release, accounts)))
        for name in accounts.values():
            log.info("%s released the name %s", by, name)
            self.conversations.forget(name)

    def _keep(self, drafts: Sequence[Draft], changes: Sequence[AccountChange] = ()) -> None:
        self.acts.note(self.store.write(Entry(drafts, {}, changes=changes)))


def new_state(store: Store, settings: Settings, exchange: Exchange | None = None) -> HubState:
    exchange = exchange or Alone()
    rules = Rulebook()
    act_log = ActLog(store, rules)
    live_rooms = LiveRooms(store, settings.name, rules, Announcer(exchange))
    conversations = Conversations(store, live_rooms, rules)
    limits = FileLimits(settings.file_size, settings.file_space)
    desk = FileDesk(store.files, Tickets(store.secret), limits, is_checked=settings.file_hook is not None)
    batch = Batch(store, live_rooms, act_log, rules.clock)
    return HubState(store, settings, live_rooms, conversations, batch, rules, act_log, LastSeen(), exchange, desk)
