"""What the person does to keep order in a room or on the whole server, or to ask for order: a request for each.

What they are not allowed to do the server says; here only what cannot be meant is refused.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from chat_common import Frame
from client_parts.conversation.paging import Paging
from client_parts.conversation.room_facts import RoomFacts
from client_parts.conversation.rooms import Rooms
from client_parts.conversation.state import State
from client_parts.screen import order


class Moderation:
    def __init__(self, state: State, rooms: Rooms, paging: Paging) -> None:
        self.facts = RoomFacts(state)
        self._state = state
        self._rooms = rooms
        self._paging = paging
        self._asked: Frame | None = None  # the last request
        self._doubted: Frame | None = None  # what the server wants to be asked a second time

    # --- People ---

    def kick(self, name: str, reason: str, *, everywhere: bool) -> None:
        self._act("kick", {"name": name}, everywhere, reason=reason)

    def ban(self, who: str, seconds: int | None, reason: str, *, everywhere: bool) -> None:
        self._act("ban", _named(who), everywhere, **{"for": seconds}, reason=reason)

    def test_ban(self, who: str, *, everywhere: bool) -> None:
        self._act("ban", _named(who), everywhere, test=True)

    def unban(self, who: str, *, everywhere: bool) -> None:
        self._act("unban", _named(who), everywhere)

    def mute(self, name: str, seconds: int | None, reason: str, *, everywhere: bool) -> None:
        self._act("mute", {"name": name}, everywhere, **{"for": seconds}, reason=reason)

    def unmute(self, name: str, *, everywhere: bool) -> None:
        self._act("unmute", {"name": name}, everywhere)

    def change_role(self, name: str, role: str, *, everywhere: bool) -> None:
        self._act("role", {"name": name}, everywhere, role=role)

    def invite_to_room(self, name: str) -> None:
        self._act("invite", {"name": name}, False)

    def _act(self, kind: str, whom: Frame, everywhere: bool, **details: Any) -> None:
        name = whom.get("name")
        if name is not None and not self._state.accepts_name(name):
            return
        if (scope := self._scope(everywhere=everywhere)) is not None:
            given = {key: value for key, value in details.items() if value not in (None, "")}
            self._request({"type": kind, **whom, **scope, **given})

    # --- The room ---

    def change_slow(self, seconds: int) -> None:
        self._change_room(slow=seconds)

    def change_mode(self, mode: str) -> None:
        self._change_room(mode=mode)

    def change_topic(self, topic: str) -> None:
        self._change_room(topic=topic)

    def _change_room(self, **changes: Any) -> None:
        if (scope := self._scope()) is not None:
            self._request({"type": "room", **scope, **changes})

    def tell_room(self) -> None:
        if (scope := self._scope()) is not None:
            self.facts.tell(scope["room"])

    def report(self, id: int | None, reason: str) -> None:
        """Also what was said in private."""
        if (room := self._rooms.current_on_the_wire) is None:
            self._state.complain("You are in no room; /join ROOM enters one.")
        else:
            message = {} if id is None else {"id": id}
            self._request({"type": "report", "room": room, **message, "reason": reason})

    # --- The server ---

    def lock_down(self, seconds: int | None) -> None:
        self._request({"type": "lockdown"} if seconds is None else {"type": "lockdown", "for": seconds})

    def list_servers(self) -> None:
        self._request({"type": "servers"})

    def servers(self, frame: Frame) -> None:
        """Take in the list of them."""
        for line in order.servers(frame["servers"]):
            self._state.board.show(line)

    def list_records(self, kind: str, number: int | None, *, everywhere: bool) -> None:
        if (scope := self._scope(everywhere=everywhere)) is not None:
            limit = {} if number is None else {"limit": number}
            self._paging.list_all({"type": kind, **scope, **limit})

    # --- What is asked a second time ---

    def _request(self, request: Frame) -> None:
        """Ask. What the server doubted counts, if it comes a second time and nothing else came between."""
        is_sure = request == self._doubted
        self._asked, self._doubted = request, None
        self._state.ask({**request, "sure": True} if is_sure else request)

    def doubted(self) -> None:
        """The server wants to be asked again."""
        self._doubted = self._asked

    def _scope(self, *, everywhere: bool = False) -> Frame | None:
        """What a request says about where; None if that cannot be, as was said then."""
        if everywhere:
            return {}
        if (room := self._rooms.current_on_the_wire) is None:
            self._state.complain("You are in no room; -s as the first word means the whole server.")
        elif room.startswith("@"):
            self._state.complain("This is a private conversation; such commands are about public rooms.")
        else:
            return {"room": room}
        return None


def _named(who: str) -> Frame:
    """A person, or an address or a network: what can be one of these is one, although it could be a name."""
    try:
        ip_network(who, strict=False)
    except ValueError:
        return {"name": who}
    return {"address": who}
