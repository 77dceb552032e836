"""What other servers ask of this one, about people who are connected here. Owned by the hub, run only by its thread.

It must not know sockets, nor how servers talk to each other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from server_parts.hub.admission import Admission
from server_parts.hub.departures import Departures
from server_parts.hub.room_kicks import RoomKicks
from server_parts.hub.state import HubState
from server_parts.people.clients import Client
from server_parts.people.distant import Distant
from server_parts.protocol import events
from server_parts.protocol.requests import DEFAULT_HISTORY

ELSEWHERE: Final = "another server of this chat"
MOST_REMEMBERED: Final = 10_000  # of what was done, in case it is asked again

Details = Mapping[str, Any]


class AskedElsewhere:
    """Each is asked for by a method of `people.distant.Distant`."""

    def __init__(self, state: HubState, departures: Departures, admission: Admission, room_kicks: RoomKicks) -> None:
        self._live_rooms = state.live_rooms
        self._store = state.store
        self._conversations = state.conversations
        self._departures = departures
        self._admission = admission
        self._room_kicks = room_kicks
        self._giving_way: dict[Client, str] = {}
        self._done: OrderedDict[str, None] = OrderedDict()
        self._carry_out: dict[str, Callable[[Client, Details], None]] = {
            "tell": self._tell,
            "enter": self._enter,
            "leave": self._leave,
            "end": self._end,
            "away": self._away,
            "account": self._account,
            "give way": self._give_way,
        }

    def carry_out(self, client: Client, what: str, details: Details) -> None:
        ask = details.get("ask")
        if ask is None or ask not in self._done:
            self._carry_out[what](client, details)
        if ask is not None:
            self._note_done(client, ask)

    def _note_done(self, client: Client, ask: str) -> None:
        """Others are told each time: the last time may be what was lost."""
        self._done[ask] = None
        if len(self._done) > MOST_REMEMBERED:
            self._done.popitem(last=False)
        self._live_rooms.announcer.done(client, ask)

    def _tell(self, client: Client, details: Details) -> None:
        client.tell(details["frame"])

    def _enter(self, client: Client, details: Details) -> None:
        room, after = details["room"], details["after"]
        if room in client.rooms:  # it wrote there itself meanwhile, or is asked for a second time
            return
        if after is None:
            floor = self._conversations.resumed(client.name).get(room, self._store.last(room))
            self._conversations.bring_in(client, room, floor, None, DEFAULT_HISTORY)
        else:
            self._conversations.bring_in(client, room, after, after)

    def _leave(self, client: Client, details: Details) -> None:
        if "kick" in details:
            self._room_kicks.asked(client, details["kick"])
        room = client.rooms.get(details["room"])
        if room is not None:
            self._live_rooms.leave(client, room)

    def _end(self, client: Client, details: Details) -> None:
        how = {"retry": details["retry"], "comes_back": details["comes_back"]}
        self._departures.disconnect(client, details["code"], details["text"], **how)

    def _away(self, client: Client, details: Details) -> None:
        client.away = details["text"]
        for other in self._live_rooms.names.others(client):
            if isinstance(other, Distant):
                other.hear_away()
        client.tell(events.away(client.away))
        self._live_rooms.announcer.person(client)

    def _account(self, client: Client, _: Details) -> None:
        """What is kept of the account with its name has changed."""
        account = self._live_rooms.names.owned(client.name, client)
        if account is not None and not client.is_owner:
            self._live_rooms.names.bear(client, account)
        self._live_rooms.announcer.person(client)

    # --- a name that somebody else has a claim to ---

    def _give_way(self, client: Client, details: Details) -> None:
        self._giving_way = {asked: name for asked, name in self._giving_way.items() if not asked.gone}
        self._giving_way[client] = details["name"]

    @property
    def has_more(self) -> bool:
        """Whether something is left that is to be decided with all other servers."""
        return any(not client.gone for client in self._giving_way)

    def give_way(self) -> None:
        """The guests that were asked to leave their names do so. Meanwhile no other server gives guests numbers."""
        while self._giving_way:
            client, name = next(iter(self._giving_way.items()))
            if client.name == name and not client.gone and not (client.trusted or client.claiming):
                self._admission.give_up(client, ELSEWHERE)
            self._giving_way.pop(client, None)
