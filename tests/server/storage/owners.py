"""Whose a name is, as a store has it."""

from __future__ import annotations

from server_parts.storage.account_store import AccountStore


def owner_of(store: AccountStore, name: str) -> str | None:
    """The hashed token of an account's first device, empty if it has none; None if there is no account."""
    account = store.account(name)
    return next((device.token_hash for device in account.devices), "") if account is not None else None
