"""By what a connected person is known to the rules: a name, a token, a session, an address. Pure."""

from __future__ import annotations

from chat_common import is_guest
from server_parts.moderation.sanctions import Who
from server_parts.people.addresses import is_own, source_of
from server_parts.people.clients import Client, Session


def source_to_ban(client: Client) -> str:
    """The address that a client comes from, of IPv6 the network; empty if that is this machine's own."""
    source = source_of(client.address)
    return "" if is_own(source) else source


def who(client: Client) -> Who:
    """A client that is in. Asked for with each text while anybody is muted: so it is kept until something changes."""
    now = client.name, client.role, client.token_hash, client.session
    if client.known_as is None or client.known_as[0] != now:
        found = Who(keys_of(client, client.name, client.session), source_to_ban(client), client.trusted)
        client.known_as = now, found
    return client.known_as[1]


def who_would_be(client: Client, name: str | None, session: Session, *, account: bool) -> Who:
    """A client that wants that name, and that session."""
    return Who(keys_of(client, name or "", session), source_to_ban(client), account)


def keys_of(client: Client, name: str, session: Session | None) -> tuple[str, ...]:
    """All that tells who somebody is, whatever of it they changed. The server's own names for guests tell nothing."""
    keys = [name.lower()] if name and not is_guest(name) else []
    if client.token_hash is not None:
        keys.append(f"token {client.token_hash}")
    if session is not None and session.key:
        keys.append(f"session {session.key}")
    return tuple(keys)


def keys_to_invite(client: Client) -> tuple[str, ...]:
    """By what an invitation holds: of an account its name alone: other sessions of theirs are not known."""
    return (client.name.lower(),) if client.trusted else proven_keys(client)


def proven_keys(client: Client) -> tuple[str, ...]:
    """What nobody else can come with: for what somebody was given."""
    session = client.session
    own = (f"session {session.key}",) if session is not None and session.key else ()
    return (client.name.lower(), *own) if client.trusted else own
