"""Who stands above whom: the roles of a server and of a room in one order. Pure."""

from __future__ import annotations

import enum
from typing import Final


class Rank(enum.IntEnum):
    """What somebody is in one room, where a role on the server counts more than any of the room."""

    MEMBER = 0
    VOICE = 1
    MODERATOR = 2
    OWNER = 3  # of the room
    OPERATOR = 4  # of the server
    TERMINAL = 5  # the owner of the server


ROOM_RANKS: Final = {"member": Rank.MEMBER, "voice": Rank.VOICE, "moderator": Rank.MODERATOR, "owner": Rank.OWNER}
WORDS: Final = {
    Rank.VOICE: "voice",
    Rank.MODERATOR: "moderator",
    Rank.OWNER: "owner",
    Rank.OPERATOR: "operator",
    Rank.TERMINAL: "owner",
}
