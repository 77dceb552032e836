"""Who may come in, under which name and in which session, and who has to leave a name to somebody else.

Owned by the hub, run only by its thread. It must not know sockets.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from chat_common import instant, is_guest, name_problem
from server_parts.hub.state import HubState
from server_parts.moderation.sentences import banned
from server_parts.people.clients import Client, Session
from server_parts.people.restraint import who_would_be
from server_parts.people.roles import Role, role_of
from server_parts.people.session_owners import may_resume, session_owner
from server_parts.protocol.events import notice
from server_parts.protocol.requests import Hello, Refusal
from server_parts.storage.account_records import Account
from server_parts.storage.session_store import SessionRecord

SESSION_TAKEN: Final = Refusal("session_taken", "that session belongs to somebody else: start a new one", "session")

log = logging.getLogger("chat")


class Admission:
    def __init__(self, state: HubState) -> None:
        self._store = state.store
        self._live_rooms = state.live_rooms
        self._batch = state.batch
        self._rules = state.rules
        self._conversations = state.conversations
        self._last_seen = state.last_seen

    def session(self, key: str, earlier: Client | None) -> Session:
        """The session that a hello names, as it was left. `earlier` is still connected with it."""
        if not key:
            return Session("", 0)
        record = self._store.session(key)
        live = earlier.session if earlier is not None else None
        return Session(key, record.accepted, live.owner if live else record.owner, record.owner)

    def refusal(self, client: Client, name: str, session: Session, earlier: Client | None) -> Refusal | None:
        """Why a client may not come in with this name and this session. If it may, no other server has the session."""
        names = self._live_rooms.names
        if is_guest(name) and name.lower() not in session.owner.split():  # another one than the server gave it
            return Refusal("bad_name", name_problem(name) or "", "name")
        if not may_resume(session.owner, name, client, names, live=earlier is not None):
            return SESSION_TAKEN
        refusal = None if is_guest(name) else names.refusal(name, client, earlier)
        if refusal is None and session.key:
            seen = SessionRecord(session.accepted, session.stored_owner)
            session.accepted = session.counted = self._store.take(session.key, seen).accepted
        return refusal

    def closed_to(self, client: Client, hello: Hello, session: Session, earlier: Client | None) -> Refusal | None:
        """Why a client may not come in now, whatever its name: it is banned, or new people need an invitation."""
        if client.is_owner:
            return None
        account = None if hello.name is None else self._live_rooms.names.owned(hello.name, client)
        refusal = self.ban(client, hello.name, session, account)
        if refusal is not None or account is not None or earlier is not None or hello.invite is not None:
            return refusal
        now, end = self._rules.clock(), self._rules.lockdown_until
        if now >= end or self._last_seen.is_expected(hello.name or "", session.key, time.monotonic()):
            return None
        text = f"this server accepts no new people until {instant(end)}, unless they are invited"
        return Refusal("invite_needed", text, "name", until=end)

    def ban(self, client: Client, name: str | None, session: Session, account: Account | None) -> Refusal | None:
        """The ban that keeps a client out under that name."""
        if not self._rules.sanctions:
            return None
        who = who_would_be(client, name, session, account=account is not None)
        if account is not None and role_of(account.role) >= Role.OPERATOR:  # they are banned by name alone
            who = who._replace(source="")
        rule = self._rules.sanctions.ban(who, "", self._rules.clock())
        return None if rule is None else Refusal("banned", banned(rule), "name")

    def make_way(self, name: str, client: Client, leaving: Client | None = None) -> None:
        """A guest who bears the name leaves it, with all connections, to a client that comes with a token."""
        names = self._live_rooms.names
        if names.gives_way(name, client):
            for bearer in [bearer for bearer in names.bearers(name) if bearer not in (client, leaving)]:
                self.give_up(bearer, client.address)

    def give_up(self, bearer: Client, address: str) -> None:
        """A guest leaves its name to somebody who has come from that address."""
        names = self._live_rooms.names
        if bearer in self._batch:
            self._batch.commit()
        self.note_owner(bearer, names.guests.next(), store=True)
        self._conversations.close(bearer)
        text = f"somebody with a claim to the name {bearer.name} has connected: you are now {names.guests.next()}"
        bearer.tell(notice(text))
        log.info("%s gave the name up to %s and is now %s", bearer.name, address, names.guests.next())
        self._live_rooms.rename(bearer, None)

    def note_owner(self, client: Client, name: str, *, store: bool = False) -> None:
        """The client is about to get a name: note whose its session is then. Stored at once, if the old owner is.

        `store`: in any case. Whoever becomes a guest could not come back under that name to a session nobody knows.
        """
        session = client.session
        assert session is not None
        owner = session_owner(client, session.owner, name)
        if session.key and session.stored_owner != owner and (session.stored_owner or store):
            self._store.append([], {}, {session.key: owner})
            session.stored_owner = owner
        session.owner = owner
