"""Who is connected and where they are: plain records that belong to the hub.

Only the hub writes, but for how far behind a reader is. Others may read a client's fields while none of its requests is
under way (see dispatcher.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import count
from queue import SimpleQueue
from typing import Final, Protocol

from chat_common import Frame, partners, private_room
from server_parts.moderation.sanctions import Who
from server_parts.people.addresses import is_own, source_of
from server_parts.people.presence import News
from server_parts.people.renames import Renames
from server_parts.people.roles import Role
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.plain_encoder import PLAIN

CREDITS: Final = 2  # batches of one client that may be under way at once: this bounds the hub's queue


_numbers = count(1)  # in the order of accepting: tells which of two connections of one session is the later


class Outlet(Protocol):
    """What takes a client's bytes: an outbox, or the operator's terminal. See outbox.py for the promises."""

    @property
    def closed(self) -> bool: ...
    @property
    def overflowed(self) -> bool: ...
    @property
    def stalled(self) -> bool: ...
    @property
    def backlog(self) -> int: ...
    def offer(self, block: bytes) -> bool: ...
    def offer_pages(self, pages: Iterable[bytes]) -> None: ...
    def drain(self) -> None: ...
    def finish(self, last_words: bytes, *, at_once: bool = False) -> None: ...
    def cut(self) -> None: ...
    def close(self) -> None: ...


class Creditor(Protocol):
    """What tells clients later what they are owed already."""

    def settle(self, client: Client) -> None:
        """Tell it all that now."""


class Session:
    """One client process, across its reconnects: how far its texts have been counted."""

    __slots__ = ("accepted", "counted", "key", "owner", "stored_owner", "unsure")

    def __init__(self, key: str, accepted: int, owner: str = "", stored_owner: str = "") -> None:
        self.key = key  # hashed
        self.owner = owner  # see names.py
        self.stored_owner = stored_owner
        self.accepted = accepted  # committed
        self.counted = accepted  # the same, and what waits for the commit
        self.unsure = False  # the log may have more of it: it is to be asked before the next text


class Client:
    """One connection. Nameless until its hello."""

    __slots__ = (
        "account", "address", "asked", "away", "bearing", "behind_since", "came", "claiming", "color", "credits",
        "encoder", "floors", "gone", "holds_back", "informed", "invited", "is_confidential", "is_silent", "joined_with",
        "known_as", "name", "number", "on_kept_place", "outbox", "owed", "page", "program", "proved", "read",
        "reads_only", "real_name", "renames", "replaced", "resumed", "role", "rooms", "said_last", "session", "settles",
        "shares_name", "site", "takes_over", "token_hash", "wrote_in",
    )  # fmt: skip

    is_distant = False  # connected to another server of this chat: see distant.py

    def __init__(self, outbox: Outlet, address: str, role: Role = Role.GUEST) -> None:
        self.number = next(_numbers)
        self.outbox = outbox
        self.address = address
        self.role = role
        self.encoder: Encoder = PLAIN
        self.name = ""
        self.color = ""
        self.away: str | None = None
        self.session: Session | None = None
        self.token_hash: str | None = None
        self.program = ""  # what it says it is
        self.real_name: str | None = None  # shown beside the name, never without it
        self.account = 0  # whose name it bears, if it has proved that that account is its own
        self.proved = 0  # the account of which it had the password or a code
        self.takes_over = False  # by a code that leaves that account to it alone
        self.invited = False
        self.reads_only = False  # unless it has an account, or is about to
        self.bearing = 0  # the same for all connections that bear one name at a time
        self.shares_name = False  # its program can tell its own texts from those of its person's other connections
        self.settles = math.inf  # from when on its account is not new any more (see newcomers.py); without one, never
        self.claiming = False  # its name will be claimed for its token with the first message
        self.replaced = 0.0  # when somebody else gave up its present name; see conversations.py for the next ones
        self.came = self.informed = self.asked = -math.inf
        self.resumed = False
        self.behind_since = math.inf  # since when its reader has had more to do than it may do; else never
        self.joined_with: dict[str, int] = {}
        self.wrote_in: dict[str, None] = {}  # private rooms; a set needs three times as much while it is empty
        self.read: dict[str, int] = {}  # how far its account has read each room, as far as it knows
        self.said_last: dict[str, int] = {}  # in each room, for who is not told numbers in a form to keep
        self.known_as: tuple[object, Who] | None = None  # see restraint.py
        self.renames: Renames | None = None  # for who sees no rooms in them
        self.rooms: dict[str, Room] = {}
        self.floors: dict[str, int] = {}  # of private rooms, the numbers above which it has heard what was said
        self.is_confidential = is_own(source_of(address))  # nobody on the way can read what is said
        self.site = ""  # where this server is found by HTTP, if it is …
        self.page = ""  # … and by a browser
        self.on_kept_place = False  # let in to prove that its name is claimed
        self.holds_back = False  # what it types may be a password: see held_back.py
        self.is_silent = False  # it has said nothing at all, and nobody was told that it is here
        self.gone = False
        self.owed: Creditor | None = None  # told in a moment what it should have been told by now
        self.credits: SimpleQueue[None] = SimpleQueue()
        for _ in range(CREDITS):
            self.credits.put(None)

    @property
    def is_owner(self) -> bool:
        """Whether this is the person at the server's own terminal."""
        return self.role is Role.OWNER

    @property
    def trusted(self) -> bool:
        """Whether it holds the token of its claimed name, and so may read that name's private history."""
        return self.role in (Role.MEMBER, Role.OPERATOR)

    @property
    def may_speak(self) -> bool:
        """Whether the settings let it say anything. A name that is about to be claimed is as good as claimed."""
        return not self.reads_only or self.claiming or self.role > Role.GUEST

    def tell(self, frame: Frame) -> None:
        if self.owed is not None:
            self.owed.settle(self)
        self.outbox.offer(self.encoder.frame(frame))

    def resolve(self, room: str) -> str:
        """The room that is meant: `@bob` is the private room with bob."""
        names = partners(room)
        return private_room(self.name, names[0]) if len(names) == 1 else room

    def takes_part(self, room: str) -> bool:
        """Whether a private room is one of this client's own."""
        names = partners(room)
        return len(names) == 2 and self.name.lower() in names and room == private_room(*names)


class Room:
    """The live side of a room: who hears it. The log keeps what was said."""

    __slots__ = ("doubles", "here", "last", "members", "name", "news")

    def __init__(self, name: str, last: int) -> None:
        self.name = name
        self.last = last  # the newest number that was told here
        self.news = News()
        self.members: dict[Client, int] = {}  # in the order they came, each with its position in the news
        self.doubles = 0  # members that are further connections of somebody who is here
        self.here = 0  # members that are connected to this server

    @property
    def people(self) -> int:
        """How many there are; each counts once, however many connections they have."""
        return len(self.members) - self.doubles

    def one_of_each(self) -> list[Client]:
        """One connection of everybody who is here, in the order they came."""
        if not self.doubles:
            return list(self.members)
        firsts: dict[str, Client] = {}
        for client in self.members:
            firsts.setdefault(client.name.lower(), client)
        return list(firsts.values())
