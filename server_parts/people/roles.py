"""What somebody may be on a server. Pure."""

from __future__ import annotations

import enum


class Role(enum.IntEnum):
    """What somebody is on this server; each may do what those before may."""

    GUEST = 0  # bears a name that is not claimed
    MEMBER = 1  # holds the token of a claimed name
    OPERATOR = 2
    OWNER = 3  # sits at the server's own terminal

    @property
    def word(self) -> str:
        """As it is called on the wire and where it is kept."""
        return self.name.lower()


def role_of(word: str) -> Role:
    """The role of an account for which that word is kept."""
    return Role.OPERATOR if word == Role.OPERATOR.word else Role.MEMBER
