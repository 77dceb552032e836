"""Who is let in, as the owner's settings say, and what the proof of an account changes: devices, codes, sessions.

Owned by the hub, run only by its thread. It must not know sockets, nor any password: see proving.py.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from chat_common import is_guest
from server_parts.hub.departures import Departures
from server_parts.hub.proving import PASSWORD_WRONG
from server_parts.hub.state import HubState
from server_parts.people.clients import Client
from server_parts.protocol.account_requests import Proof
from server_parts.protocol.events import notice
from server_parts.protocol.requests import Hello, Refusal
from server_parts.storage.account_records import (
    Account,
    AccountChange,
    AddDevice,
    CloseCodes,
    Create,
    Purpose,
    Recover,
    ReplaceToken,
    UseCode,
)
from server_parts.storage.records import hashed

MOST_DEVICES: Final = 50  # of an account

_LOG_IN: Final = "type /login NAME if you have an account here"
HOW_IN: Final = f"{_LOG_IN}, or /invite CODE if you have an invitation"
_CLOSED: Final = "this server accepts no new people: connect with the name and the device or password of your account"
_INVITED_ONLY: Final = "this server accepts new people by invitation only: ask for one, and connect with its code"
_NO_GUESTS: Final = "this server accepts no guests: use client.py, or log in with the password of your account"
_BAD_CODE: Final = Refusal("invite_needed", "that invitation is not valid, or not any more: ask for another", "invite")
_NEEDS_TOKEN: Final = Refusal("bad_field", "an invitation makes an account: send a token with it", "token")
_NO_NEW_NAMES: Final = Refusal("invite_needed", "this server gives new names to invited people only", "name")
_FORGOTTEN: Final = "this account was recovered from elsewhere; this device does not belong to it any more"

log = logging.getLogger("chat")


class Entering:
    def __init__(self, state: HubState, departures: Departures) -> None:
        self._state = state
        self._store = state.store
        self._settings = state.settings
        self._live_rooms = state.live_rooms
        self._names = state.live_rooms.names
        self._departures = departures

    # --- what is proved ---

    def prove(self, client: Client, name: str | None, proof: Proof | None) -> Refusal | None:
        """Note which account the client has proved to own. Refused if the proof does not hold any more."""
        client.takes_over = False
        if proof is None or name is None:
            return None
        account = self._store.account(name)
        if account is None or not self._holds(account, proof):
            return PASSWORD_WRONG
        client.proved, client.takes_over = account.id, proof.recovers
        return None

    def _holds(self, account: Account, proof: Proof) -> bool:
        if account.id != proof.account:
            return False
        if proof.code is None:
            return account.password == proof.password
        code = self._store.code(proof.code)
        return code is not None and code.account == account.id and code.expires > time.time()

    def replace_token(self, client: Client, hello: Hello) -> None:
        """A device of the time before tokens were derived: it comes with both, and is known by the new one."""
        if hello.former_token is None or hello.name is None or client.token_hash is None or not client.is_confidential:
            return
        account, former = self._store.account(hello.name), hashed(hello.former_token)
        if account is not None and account.has(former) and former != client.token_hash:
            self._store.change(ReplaceToken(account.id, former, client.token_hash))

    # --- who is let in ---

    def refusal(self, client: Client, hello: Hello) -> Refusal | None:
        """Why the settings do not let the client in; None if they do."""
        entry, guests = self._settings.entry, self._settings.guests
        client.reads_only = guests != "talk"
        if entry == "open" and guests != "no" and hello.invite is None:
            return None
        if client.is_owner or (hello.name is not None and self._names.owns(hello.name, client)):
            return None
        if entry == "closed":
            return _refused(client, "not_allowed", _CLOSED, _LOG_IN)
        if hello.invite is not None:
            return self._invitation_refusal(client, hello)
        if entry == "invite":
            return _refused(client, "invite_needed", _INVITED_ONLY)
        if guests == "no" and client.token_hash is None:
            return _refused(client, "not_allowed", _NO_GUESTS)
        return None

    def _invitation_refusal(self, client: Client, hello: Hello) -> Refusal | None:
        code = self._store.code(hello.invite or "")
        if code is None or code.purpose is not Purpose.INVITE or code.expires <= time.time():
            return _BAD_CODE
        return _NEEDS_TOKEN if hello.name is not None and client.token_hash is None else None

    def new_name_refusal(self, client: Client, name: str) -> Refusal | None:
        """Why the settings do not let somebody who is in change to that name; None if they do."""
        if self._settings.entry == "open" and self._settings.guests != "no":
            return None
        if client.is_owner or client.invited or name.lower() == client.name.lower() or self._names.owns(name, client):
            return None
        if self._settings.entry != "open":
            return _NO_NEW_NAMES
        if self._settings.guests == "no" and client.token_hash is None:
            return Refusal("not_allowed", _NO_GUESTS, "name")
        return None

    # --- what changes when it comes in ---

    def complete(
        self, client: Client, name: str | None, account: Account | None, proof: Proof | None, invite: str | None = None
    ) -> Account | None:
        """Nothing refuses the client: store what it brings. Returns the account that it has then, if any.

        `account` is the one that it has already. Where this fails, nothing has changed.
        """
        changes: list[AccountChange] = []
        if account is not None and proof is not None:
            changes = self._proved_changes(client, account, proof)
        elif account is None and invite is not None:
            changes.append(UseCode(invite))
            if name is not None and not is_guest(name):
                changes.append(Create(name, client.token_hash, client.program))
        if not changes:
            return account
        if proof is not None and account is not None and proof.recovers:
            self._state.change(account.name, f"recovered the account {account.name} from {client.address}", *changes)
            self._end_others(client, account)
        else:
            self._store.change(*changes)
        if account is None and invite is not None:
            client.invited = not any(isinstance(made, Create) for made in changes)  # the account is what it was for
        if account is None and name is not None:
            self._live_rooms.claimed(name, client.token_hash)
            return self._names.owned(name, client)
        return account

    @staticmethod
    def _proved_changes(client: Client, account: Account, proof: Proof) -> list[AccountChange]:
        changes: list[AccountChange] = [UseCode(proof.code)] if proof.code is not None else []
        if proof.recovers:
            recovered = Recover(account.id, client.token_hash, client.program, time.time())
            return [recovered, CloseCodes(account.id), *changes]
        if client.token_hash is not None and not account.has(client.token_hash):
            if len(account.devices) < MOST_DEVICES:
                return [AddDevice(account.id, client.token_hash, client.program, time.time()), *changes]
            client.tell(notice(f"{account.name} has {MOST_DEVICES} devices already: this one is not added"))
        return changes

    def _end_others(self, client: Client, account: Account) -> None:
        """All that was connected as that account by what proved it before."""
        client.takes_over = False
        for other in self._names.connections():
            if other is not client and account.id in (other.account, other.proved):
                self._departures.disconnect(other, "forgotten", _FORGOTTEN, retry=False)


def _refused(client: Client, code: str, text: str, how: str = HOW_IN) -> Refusal:
    """At the plain door there are commands to come in with."""
    return Refusal(code, f"{text.partition(':')[0]}: {how}" if client.encoder.is_for_people else text)
