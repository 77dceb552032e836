"""Whose a session is: a token's, an account's, or whoever knows it and bears one of its names. Run by the hub."""

from __future__ import annotations

from chat_common import is_guest
from server_parts.people.clients import Client
from server_parts.people.names import Names


def may_resume(owner: str, name: str, client: Client, names: Names, *, live: bool) -> bool:
    """Whether a session that belongs to `owner` is this client's.

    One that was opened with a token belongs to that token, and to whoever has the account of which that is a device;
    one that was opened with a password, to the account. One that was opened without belongs to whoever knows it and
    bears one of its last names; or any other name, if somebody else has taken that one meanwhile.
    """
    if not owner or client.is_owner:
        return True
    if _is_token(owner) or _is_account(owner):
        return client.token_hash == owner or _belongs_to_account(owner, name, client, names)
    before = owner.split()
    if name.lower() in before:
        return True
    return not live and any(is_guest(other) or names.refusal(other, client) for other in before)


def _belongs_to_account(owner: str, name: str, client: Client, names: Names) -> bool:
    account = names.owned(name, client)
    return account is not None and (account.has(owner) or owner == _account_owner(account.id))


def session_owner(client: Client, before: str, name: str) -> str:
    """Who a session belongs to when its client bears this name.

    `before` is who it belonged to so far. Of the names, the last two count: a client may not have heard the last.
    """
    if _is_token(before) or _is_account(before):
        return before
    if client.token_hash is not None and not before:
        return client.token_hash
    if client.proved and not before:
        return _account_owner(client.proved)
    latest = before.split()[-1:]
    return " ".join(dict.fromkeys([*latest, name.lower()]))


def _is_token(owner: str) -> bool:
    return len(owner) == 64 and " " not in owner  # longer than any name


def _account_owner(account: int) -> str:
    """The owner of a session that was opened with the password of an account."""
    return f"#{account}"


def _is_account(owner: str) -> bool:
    return owner.startswith("#")  # as no name does
