"""What a client may ask for to keep order: one record a request. Without a room it is about the whole server. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

MAX_REASON: Final = 200
MAX_TOPIC: Final = 200
MAX_SLOW: Final = 86_400  # seconds between two texts
MAX_TIME: Final = 315_360_000  # ten years: what is meant to last longer is for good
LOCKDOWN: Final = 600  # seconds, if nobody says how long
ROOM_ROLES: Final = ("owner", "moderator", "voice", "member")
ACTS_PAGE, MAX_ACTS_PAGE = 50, 200


class Kick(NamedTuple):
    name: str
    reason: str = ""
    room: str | None = None


class Ban(NamedTuple):
    """Of a name or of an address, which may be a network."""

    name: str | None = None
    address: str | None = None
    room: str | None = None
    seconds: int | None = None  # None: for good
    reason: str = ""
    sure: bool = False  # however many it hits
    test: bool = False  # only say how many that would be


class Unban(NamedTuple):
    name: str | None = None
    address: str | None = None
    room: str | None = None


class Mute(NamedTuple):
    name: str
    room: str | None = None
    seconds: int | None = None
    reason: str = ""


class Unmute(NamedTuple):
    name: str
    room: str | None = None


class SetRoom(NamedTuple):
    """What is None stays as it is."""

    room: str
    topic: str | None = None
    mode: str | None = None
    slow: int | None = None
    sure: bool = False  # asked a second time


class SetRoomRole(NamedTuple):
    name: str
    room: str
    role: str


class InviteToRoom(NamedTuple):
    room: str
    name: str


class Block(NamedTuple):
    name: str | None = None  # None: whom one has blocked


class Unblock(NamedTuple):
    name: str


class Report(NamedTuple):
    room: str
    id: int | None = None
    name: str | None = None
    reason: str = ""


class Delete(NamedTuple):
    room: str
    id: int


class Lockdown(NamedTuple):
    seconds: int = LOCKDOWN  # 0 ends it


class ListActs(NamedTuple):
    kind: str  # "bans", "audit" or "reports"
    room: str | None = None
    before: int | None = None
    limit: int = ACTS_PAGE


class ListServers(NamedTuple):
    """The servers of this chat."""


ModerationRequest = (
    Kick | Ban | Unban | Mute | Unmute | SetRoom | SetRoomRole | InviteToRoom
    | Block | Unblock | Report | Delete | Lockdown | ListActs | ListServers
)  # fmt: skip
