"""Lists of people and of rooms: one page of either, made by whoever sends it to the client, its reader mostly.

To choose two hundred of thousands takes milliseconds, in which no other thread of this program gets on. So one list is
made at a time, in steps, and after each step all of them rest. For the operator the hub makes it, which waits for
nobody. It must not know sockets.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import MappingProxyType
from typing import Final, TypeVar

from chat_common import Frame
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client, Room
from server_parts.people.permissions import may_know
from server_parts.protocol import events
from server_parts.protocol.requests import Rooms, Who

A_STEP: Final = 1_000  # people or rooms that are looked at in a row
NOTHING: Final[Mapping[str, Frame]] = MappingProxyType({})
REST: Final = 4  # of the time, lists take a fifth: after a step they rest four times as long as it took

T = TypeVar("T")
Person = tuple[str, str, str | None]  # name, colour, and a note if away
Step = Callable[[], AbstractContextManager[None]]

_making = threading.Lock()  # held by whoever makes a list; guards what follows
_resting_until = 0.0


@contextmanager
def _one_at_a_time(client: Client) -> Iterator[Step]:
    """What is to be done around each step of a list for that client."""
    if client.is_owner:
        yield nullcontext
    else:
        with _making:
            yield _rested


@contextmanager
def _rested() -> Iterator[None]:
    global _resting_until
    if (rest := _resting_until - time.monotonic()) > 0:
        time.sleep(rest)
    begun = time.thread_time()  # what it computes: where others have the processor meanwhile, nobody needs a rest
    yield
    _resting_until = time.monotonic() + REST * (time.thread_time() - begun)


def member_list(
    client: Client, room: str | None, people: Sequence[Person], wanted: Who, more: Mapping[str, Frame] = NOTHING
) -> Iterator[bytes]:
    """A page of people: all in the order they came, or where they are many, some in the order of their names.

    `more` has further fields of those few who have any, by their names in lower case.
    """
    total = len(people)
    with _one_at_a_time(client) as step:
        if wanted.after is not None or (total > wanted.limit and not client.is_owner):
            after = (wanted.after or "").lower()
            chosen: list[tuple[str, Person]] = []
            for some in _in_steps(people, step):
                behind = ((person[0].lower(), person) for person in some)
                chosen = heapq.nsmallest(wanted.limit, [*chosen, *(one for one in behind if one[0] > after)])
            people = [person for _, person in chosen]
        with step():
            members = [
                {"name": name, "color": color} | ({"away": away} if away else {}) | more.get(name.lower(), {})
                for name, color, away in people
            ]
            page = client.encoder.pages(events.who(room, total), "members", members)
    yield page


def room_list(
    client: Client, wanted: Rooms, lit: Mapping[str, Room], kept: Mapping[str, int], rules: Rulebook
) -> Iterator[bytes]:
    """A page of the rooms that this client may know of: of those with somebody in them and those in the log.

    Who is in a room is counted when the page is made: what happens after that, the client is told after that.
    """
    with _one_at_a_time(client) as step:
        with step():
            names = [*kept, *(name for name in lit if name not in kept)]
        limit = len(names) if client.is_owner else wanted.limit
        total, chosen = 0, list[str]()
        for some in _in_steps(names, step):
            known = [name for name in some if name.startswith(wanted.prefix) and may_know(client, name, rules)]
            total += len(known)
            behind = known if wanted.after is None else [name for name in known if name > wanted.after]
            chosen = heapq.nsmallest(limit, [*chosen, *behind])
        with step():
            rooms = [
                {"room": name, "members": lit[name].people if name in lit else 0, "last": kept.get(name, 0)}
                for name in chosen
            ]
            page = client.encoder.pages(events.rooms(total), "rooms", rooms)
    yield page


def _in_steps(items: Sequence[T], step: Step) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), A_STEP):
        with step():
            yield items[start : start + A_STEP]
