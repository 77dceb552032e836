"""Who is new here: people from elsewhere without an account, or with one that is only minutes old.

For a while after trouble they are watched: see `rulebook.Rulebook.newcomers_until`. Any thread may ask.
"""

from __future__ import annotations

from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client
from server_parts.people.restraint import source_to_ban
from server_parts.people.roles import Role


def is_newcomer(client: Client, rules: Rulebook) -> bool:
    """Whether somebody is watched now."""
    until = rules.newcomers_until()
    if not until:
        return False
    now = rules.clock()
    if now >= until or client.role >= Role.OPERATOR or now >= client.settles:
        return False
    return bool(source_to_ban(client))
