"""What a client is told of a room's rules, of a person's role, and of how far that person has read. Pure."""

from __future__ import annotations

from collections.abc import Collection

from chat_common import Frame, partners
from server_parts.moderation.ranks import WORDS
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client
from server_parts.people.names import Names
from server_parts.people.permissions import rank_in
from server_parts.people.roles import Role


def settings_of(room: str, rules: Rulebook) -> Frame:
    """The settings of a public room."""
    found = rules.about(room)
    return {"topic": found.topic, "mode": found.mode, "slow": found.slow}


def described(client: Client, room: str, rules: Rulebook) -> Frame:
    """The same with what this client is in the room; nothing for a private one, which has no rules."""
    if partners(room):
        return {}
    rank = rules.about(room).roles.get(client.name.lower()) if client.trusted else None
    return {**settings_of(room, rules), "role": WORDS.get(rank) if rank is not None else None}


def described_people(people: Collection[Client], room: str | None, names: Names, rules: Rulebook) -> dict[str, Frame]:
    """What `who` says of those who have a role, a display name or several connections, by names in lower case."""
    found: dict[str, Frame] = {name: {"connections": number} for name, number in names.several().items()}
    roles = rules.about(room).roles if room is not None else {}
    ranks = roles | {one.name.lower(): rank_in(one, None, rules) for one in people if one.role >= Role.OPERATOR}
    for name, rank in ranks.items():
        found[name] = {"role": WORDS[rank], **found.get(name, {})}
    for one in people:
        if one.real_name is not None:
            found[one.name.lower()] = {"realname": one.real_name, **found.get(one.name.lower(), {})}
    return found


def how_far(client: Client, room: str, lowest: int, last: int) -> Frame:
    """How far somebody with an account has read a room. What cannot be read any more counts as read."""
    if not client.account:
        return {}
    read = client.read.get(room)
    return {"read": None if read is None else min(max(read, lowest), last)}
