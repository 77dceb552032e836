"""Who has written to whom: a first contact waits for an answer, and only so many may wait at once. Owned by the hub.

It must not know sockets or live rooms.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final, NamedTuple

from chat_common import partners
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client
from server_parts.people.newcomers import is_newcomer
from server_parts.people.permissions import newcomers_wait
from server_parts.protocol.requests import Refusal
from server_parts.storage.account_store import AccountStore, Conversation
from server_parts.storage.search_query import DAY

WAITING: Final = DAY  # seconds that a first contact waits for an answer; then it counts no more
STRANGERS: Final = 20  # first contacts by names that nobody has claimed, for each person
ACQUAINTANCES: Final = 200  # the same by claimed names
MOST_CACHED: Final = 1_000  # people


class _Contact(NamedTuple):
    """A private room as one of its two people sees it."""

    since: float  # when the other one wrote last, or for the first time
    stranger: bool  # the other one's name was not claimed


ANSWERED: Final = _Contact(0.0, stranger=False)


class Contacts:
    def __init__(self, accounts: AccountStore, rules: Rulebook) -> None:
        self._accounts = accounts
        self._rules = rules
        self._cache: OrderedDict[str | int, dict[str, _Contact]] = OrderedDict()

    def refusal(self, writer: Client, other: Client | None, name: str, room: str) -> Refusal | None:
        """Why one may not write to another: too many wait for an answer already. None if it may; that is noted."""
        own = self._of(writer.name.lower(), writer)
        if room not in own and not writer.is_owner and (other is None or not other.is_owner):
            theirs = self._of(name, other)
            if room not in theirs and is_newcomer(writer, self._rules):
                return newcomers_wait("write to people who have not written to them", "room", self._rules)
            if room not in theirs and self._is_full(theirs, stranger=not writer.trusted):
                return Refusal("too_many", f"too many people are waiting for an answer from {name} already", "room")
            theirs.setdefault(room, _Contact(time.time(), stranger=not writer.trusted))
        own[room] = ANSWERED
        return None

    def forget(self, name: str) -> None:
        """The name is nobody's any more."""
        self._cache.pop(name.lower(), None)

    @staticmethod
    def _is_full(contacts: dict[str, _Contact], *, stranger: bool) -> bool:
        oldest = time.time() - WAITING
        waiting = sum(contact.since > oldest and contact.stranger == stranger for contact in contacts.values())
        return waiting >= (STRANGERS if stranger else ACQUAINTANCES)

    def _of(self, name: str, client: Client | None) -> dict[str, _Contact]:
        """Those of a claimed name are as old as the log, those of anybody else as old as they bear the name."""
        key = name if client is None or client.trusted else client.bearing
        found = self._cache.get(key)
        if found is None:
            kept = self._accounts.conversations(name) if isinstance(key, str) else []
            found = self._cache[key] = {c.room: self._contact(name, c) for c in kept if c.last > c.floor}
            if len(self._cache) > MOST_CACHED:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return found

    def _contact(self, name: str, conversation: Conversation) -> _Contact:
        if conversation.spoke or conversation.ts <= time.time() - WAITING:
            return ANSWERED
        other = next((other for other in partners(conversation.room) if other != name), name)
        return _Contact(conversation.ts, stranger=self._accounts.account(other) is None)
