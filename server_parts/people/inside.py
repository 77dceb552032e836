"""What a door may know of its client: see `protocol.door.Inside`. Run by the client's reader."""

from __future__ import annotations

from collections.abc import Collection

from chat_common import is_guest
from server_parts.people.clients import Client
from server_parts.people.permissions import NO_NAME
from server_parts.protocol.requests import Refusal
from server_parts.storage.account_store import AccountStore
from server_parts.storage.records import StorageError


class InsideView:
    __slots__ = ("_accounts", "_client")

    def __init__(self, client: Client, accounts: AccountStore) -> None:
        self._client = client
        self._accounts = accounts

    @property
    def rooms(self) -> Collection[str]:
        return self._client.rooms

    def password_refusal(self) -> Refusal | None:
        has_name = self._client.account or not is_guest(self._client.name)
        return None if has_name else NO_NAME._replace(field="password")

    def has_password(self) -> bool:
        """Also where that is not known: then one is asked for, and refused if it is needed."""
        if not self._client.account:
            return False
        try:
            account = self._accounts.account(self._client.name)
        except StorageError:
            return True
        return account is not None and account.password is not None
