"""Somebody who is connected to another server of this chat, as this one's hub knows them.

Such a client is changed by what its own server posts, and by nothing else. What this hub wants done with it, it asks of
that server. So nothing that is offered to its outbox goes anywhere. It must not know how servers talk to each other.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from chat_common import Frame
from server_parts.people.clients import Client, Session
from server_parts.people.roles import Role
from server_parts.storage.records import Run

Ask = Callable[["Distant", str, dict[str, Any]], None]  # whom it is about, what is to be done, and its details


class _Silent:
    """Encodes nothing: its own server does."""

    newest_last = own_receipts = is_for_people = False

    def frame(self, frame: Frame) -> bytes:
        return b""

    def live(self, runs: Iterable[Run], session: str | None = None) -> bytes:
        return b""

    def pages(self, frame: Frame, field: str, items: Sequence[Any]) -> bytes:
        return b""


class _Nowhere:
    """Takes everything, and keeps nothing."""

    closed = overflowed = stalled = False
    backlog = 0

    def offer(self, block: bytes) -> bool:
        return True

    def offer_pages(self, pages: Iterable[bytes]) -> None:
        pass

    def finish(self, last_words: bytes, *, at_once: bool = False) -> None:
        pass

    def drain(self) -> None:
        pass

    def cut(self) -> None:
        pass

    def close(self) -> None:
        pass


SILENT: Final = _Silent()
NOWHERE: Final = _Nowhere()


class Distant(Client):
    __slots__ = ("_ask", "awaited", "id", "server", "unconfirmed")

    is_distant = True

    def __init__(self, server: int, id: int, ask: Ask) -> None:
        super().__init__(NOWHERE, "")
        self.encoder = SILENT
        self.server = server
        self.id = id  # its number there
        self.awaited: dict[str, int | None] = {}  # private rooms that it was asked to enter, and has not yet
        self.unconfirmed: dict[str, tuple[str, dict[str, Any]]] = {}  # what else it was asked, by what that is about
        self._ask = ask

    def tell(self, frame: Frame) -> None:
        self._ask(self, "tell", {"frame": frame})

    def enter(self, room: str, after: int | None) -> None:
        """It is to be a member of a private room, and hears what is numbered above; None: what it may read of it.

        What it was asked first counts: that may have been lost, and what was said since then with it.
        """
        self._ask(self, "enter", {"room": room, "after": self.awaited.setdefault(room, after)})

    def ask_again(self) -> None:
        """Its server has come back, or this one: what was asked meanwhile may be lost."""
        for room, after in self.awaited.items():
            self.enter(room, after)
        for what, details in self.unconfirmed.values():
            self._ask(self, what, details)

    def confirm(self, ask: str) -> None:
        """Its server says that this is done."""
        self.unconfirmed = {about: asked for about, asked in self.unconfirmed.items() if asked[1]["ask"] != ask}

    def _insist(self, what: str, about: str = "", **details: Any) -> None:
        """Ask for something until it is confirmed. What is asked later about the same takes its place."""
        details["ask"] = secrets.token_hex(8)  # so that it is done once, however often it is asked
        self.unconfirmed[f"{what} {about}"] = what, details
        self._ask(self, what, details)

    def leave(self, room: str, kick: int | None = None) -> None:
        """It is to leave a room. `kick`: the number of the act by which it has to."""
        self.awaited.pop(room, None)
        self._insist("leave", room, room=room, **({} if kick is None else {"kick": kick}))

    def end(self, code: str, text: str, *, retry: bool, comes_back: bool = False) -> None:
        """Its connection is to end."""
        self._insist("end", code=code, text=text, retry=retry, comes_back=comes_back)

    def see_account(self) -> None:
        """What is kept of its account has changed."""
        self._insist("account")

    def be_away(self, text: str | None) -> None:
        """Its person is, at another connection."""
        self._insist("away", text=text)

    def hear_away(self) -> None:
        """Its person has said so at a third server, or at its own: what this one has asked before is out of date."""
        self.unconfirmed.pop("away ", None)

    def give_way(self) -> None:
        """It is to leave its name to somebody who has a claim to it."""
        self._ask(self, "give way", {"name": self.name})


_FACTS: Final = (
    "account", "address", "away", "claiming", "color", "is_confidential", "program", "proved", "reads_only",
    "shares_name", "token_hash",
)  # fmt: skip


def facts_of(client: Client, now: float) -> dict[str, Any]:
    """What other servers need to know of a client, as JSON has it. Times are ages: each machine has its own clock."""
    session = client.session
    return {field: getattr(client, field) for field in _FACTS} | {
        "name": client.name,
        "real_name": client.real_name,
        "role": int(client.role),
        "replaced": _age(client.replaced, now),
        "came": _age(client.came, now),
        "informed": _age(client.informed, now),
        "resumed": client.resumed,
        "settles": None if math.isinf(client.settles) else client.settles,
        "session": session.key if session is not None else "",
        "owner": session.owner if session is not None else "",
    }


def apply_facts(client: Distant, facts: dict[str, Any]) -> None:
    """All but the name, and what its writers and it know of who bore it: that means more than what is written here."""
    for field in _FACTS:
        setattr(client, field, facts[field])
    client.role = Role(facts["role"])
    client.real_name = facts.get("real_name")  # an older server knows nothing of that
    client.settles = math.inf if facts["settles"] is None else facts["settles"]
    client.session = Session(facts["session"], 0, facts["owner"], facts["owner"])


def moment(facts: dict[str, Any], fact: str, posted: float) -> float:
    """One of its times, by the clock of this machine, or a little later. `posted`: when the facts were told."""
    age = facts.get(fact)  # an older server does not tell all of them
    return -math.inf if age is None else posted - age


def _age(then: float, now: float) -> float | None:
    return None if math.isinf(then) else now - then
