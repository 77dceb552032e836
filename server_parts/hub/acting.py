"""What all parts of moderation need: whom a name means, and an act that is kept before anybody feels it.

Owned by the hub, run only by its thread. It must not know sockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from chat_common import is_guest
from server_parts.hub.state import HubState
from server_parts.moderation import acts
from server_parts.moderation.acts import Act
from server_parts.moderation.ranks import Rank
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client
from server_parts.people.permissions import outranked, rank_in
from server_parts.people.restraint import keys_of, source_to_ban
from server_parts.people.roles import Role, role_of
from server_parts.protocol.requests import Refusal
from server_parts.storage.records import Draft
from server_parts.storage.store import Entry

MOST_KEYS: Final = 64  # by which one person is known
NOT_ONESELF: Final = Refusal("not_allowed", "you cannot do that to yourself", "name")


class Person(NamedTuple):
    """Whom a name means: somebody who is here, has an account, or was here lately."""

    name: str
    connections: Sequence[Client]
    account: bool
    role: Role  # of the account, whether it is connected or not
    keys: tuple[str, ...]
    sources: tuple[str, ...]


class Acting:
    def __init__(self, state: HubState) -> None:
        self.rules = state.rules
        self._acts = state.acts
        self._store = state.store
        self._live_rooms = state.live_rooms
        self._names = state.live_rooms.names
        self._batch = state.batch
        self._last_seen = state.last_seen

    def record(self, by: str, act: Act, entries: Sequence[Draft] = ()) -> int:
        """Keep an act, and let it hold from now on. Returns its number. StorageError: it was not kept.

        `entries`: what is said of it where it was done, which is kept together with it, and told.

        What was said before is told before: nobody is muted or removed for a text that others have not seen.
        """
        self._batch.commit()
        draft = acts.draft_of(by, act, self.rules.clock())
        runs = self._store.write(Entry([draft, *entries], {}))
        self._acts.note(runs)
        for run in runs[1:]:
            self._live_rooms.publish(run.room, [run])
        return runs[0].id

    def find(self, name: str) -> Person | None:
        """Whom a name means."""
        connections = self._names.bearers(name)
        account = self._store.account(name)
        seen = self._last_seen.find(name)
        if not connections and account is None and seen is None:
            return None
        keys = [] if is_guest(name) else [name.lower()]
        keys += [f"token {device.token_hash}" for device in account.devices] if account is not None else []
        sources = [source_to_ban(one) for one in connections]
        for one in connections:
            keys += keys_of(one, one.name, one.session)
        if not connections and seen is not None:
            keys += seen.keys
            sources.append(seen.source)
        spelled = connections[0].name if connections else seen.name if seen is not None else name
        return Person(
            spelled,
            tuple(connections),
            account is not None,
            Role.GUEST if account is None else role_of(account.role),
            tuple(dict.fromkeys(keys))[:MOST_KEYS],
            tuple(sorted({source for source in sources if source})),
        )

    def rank(self, person: Person, room: str | None) -> Rank:
        """What somebody is in a room, or on the server; the highest of all connections, or as the rules have it."""
        ranks = [Rank.OPERATOR] if person.role >= Role.OPERATOR else []
        ranks += [rank_in(one, room, self.rules) for one in person.connections]
        if room is not None and person.account:
            ranks.append(self.rules.about(room).roles.get(person.name.lower(), Rank.MEMBER))
        return max(ranks, default=Rank.MEMBER)

    def find_lower(self, client: Client, name: str, room: str | None) -> Person | Refusal:
        """Somebody on whom the client may act, or why it may not."""
        person = self.find(name)
        if person is None:
            return Refusal("no_such_user", f"there is nobody called {name}", "name")
        if client in person.connections:
            return NOT_ONESELF
        return outranked(client, self.rank(person, room), person.name, room, self.rules) or person


def last_owner(room: str, name: str, rules: Rulebook) -> Refusal | None:
    """Why somebody may not give up what they are in a room: nobody would own it then."""
    if not rules.about(room).is_only_owner(name):
        return None
    return Refusal("not_allowed", f"you are the only owner of {room}: make somebody else its owner first", "name")
