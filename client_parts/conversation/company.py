"""Who is here, who comes and goes, and to whom this person does not listen: what is known, and what is told of it.

It must not know texts or positions in rooms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chat_common import Frame, harmless_line, is_name
from client_parts.conversation.known_people import KnownPeople
from client_parts.conversation.room_board import RoomBoard
from client_parts.kept.settings import Settings
from client_parts.screen.board import Board
from client_parts.screen.view import View, aside, bad, not_a_name

_FEW = 200  # members of a room whose names are asked for
_LOOK_AROUND = 60.0  # seconds between questions who is away


class Company:
    def __init__(
        self, room_board: RoomBoard, board: Board, view: View, settings: Settings, ask: Callable[[Frame], bool]
    ) -> None:
        """`ask` sends a request if there is a connection, and returns whether there is."""
        self.people = KnownPeople()
        self.ignored: dict[str, str] = {}  # in lower case → as written
        self._room_board = room_board
        self._board = board
        self._view = view
        self._settings = settings
        self._ask = ask
        self._comings = Comings()
        self._asked_quietly: set[str] = set()  # rooms
        self._names: list[Frame] = []  # a reply that comes in several frames
        self._looked_around: float | None = None  # when it was last asked who is away

    def lost(self) -> None:
        """The link is gone."""
        self._asked_quietly.clear()
        self._comings.forget()
        self.people.lost()

    def is_ignored(self, name: str) -> bool:
        """Whether that person's messages are hidden; never one's own, also after taking an ignored name."""
        return name.lower() in self.ignored and not self._view.is_me(name)

    def ignored_names(self) -> tuple[str, ...]:
        return tuple(filter(self.is_ignored, self.ignored.values()))

    def ignore(self, name: str) -> None:
        """Hide what that person says from now on, and list everybody who is hidden; without a name, only list them."""
        if name and not is_name(name):
            self._board.complain(bad(not_a_name(name)))
            return
        if self._view.is_me(name):
            self._board.complain(bad("You cannot ignore yourself."))
            return
        if name:
            self.ignored[name.lower()] = name
        if name and not self.people.has_heard_of(name):
            self._board.note(aside(f"* nobody called {name} has been here so far; ignored anyway"))
        names = ", ".join(map(harmless_line, self.ignored_names()))
        self._board.note(aside(f"* ignored: {names}" if names else "* You ignore nobody."))

    def unignore(self, name: str) -> None:
        known = self.ignored.pop(name.lower(), None)
        shown = harmless_line(name)
        self._board.note(aside(f"* {shown} is shown again" if known else f"* You did not ignore {shown}."))

    def _not_ignored(self, names: list[str] | None) -> list[str]:
        return [name for name in names or [] if not self.is_ignored(name)]

    # --- Who comes and goes ---

    def presence(self, frame: Frame) -> None:
        """Take in who came, left and changed names, and tell it or hold it back for a moment."""
        room, renamed = frame.get("room"), frame.get("renamed") or []
        if room is not None:
            self.people.count(room, frame.get("members"))
        self._rename(renamed)
        if room is None or room.startswith("@"):
            return
        anew = self._move(room, frame.get("joined") or [], frame.get("left") or [])
        frame = {**frame, **{verb: self._not_ignored(frame.get(verb)) for verb in ("joined", "left")}}
        self._others_came([*frame["joined"], *(new for _, new in renamed)])
        joins = self._settings["joins"]
        if self._board.rich and joins == "smart":
            self._comings.hold({**frame, "joined": self._not_ignored(anew)})
            if any(map(self._view.is_me, frame["left"])):
                self._comings.forget_room(room)
            for old, _ in renamed:
                self.speaks(room, old)
            frame = {"room": room, "renamed": renamed}
        if not self._board.rich or joins != "off":
            self._tell(frame)

    def _rename(self, renamed: list[list[str]]) -> None:
        for old, new in renamed:
            self.people.rename(old, new)
            if self.is_ignored(old):  # under the old name too, if they come back with it
                self.ignored[new.lower()] = new

    def _move(self, room: str, joined: list[str], left: list[str]) -> list[str]:
        """Take in who is in a room now. Returns those of the joined who are news."""
        self.people.leave(room, left)
        if any(map(self._view.is_me, left)):
            self.people.forget(room)
        return self.people.enter(room, joined)

    def speaks(self, room: str, name: str) -> None:
        """Tell that somebody came before what they say, or who they are now."""
        for news in self._comings.speaks(room, name):
            self._tell(news)

    def tell_news(self, now: float) -> float:
        """Tell who came and went, when that is whole. Returns when to ask again."""
        for frame in self._comings.release(now):
            if self._settings["joins"] != "off":  # chosen meanwhile
                self._tell(frame)
        return self._comings.due

    def _tell(self, frame: Frame) -> None:
        for line in self._view.presence(frame):
            self._room_board.show(frame["room"], line)

    # --- Who is there ---

    def who(self, frame: Frame) -> list[Frame]:
        """Take in who is there. Returns those who were shown, when all have come."""
        self._names += frame["members"]
        if frame.get("more"):
            return []
        members, self._names = self._names, []
        room = frame.get("room")
        self._take_in(room, members)
        if room in self._asked_quietly:
            self._asked_quietly.discard(room)
            return []
        self._board.show(self._view.who(members, room, frame.get("total")))
        return members

    def _take_in(self, room: str | None, members: list[dict[str, Any]]) -> None:
        names = [member["name"] for member in members]
        self._others_came(names)
        if room:
            self.people.fill(room, names)
        for member in members:
            self.people.mark(member["name"], away=bool(member.get("away")))

    def away_in(self, room: str) -> list[str]:
        """Nobody in a large room: when they are back would not be known there."""
        return self.people.away_in(room) if self._is_small(room) else []

    def ask_who_is_in(self, room: str) -> None:
        """For the status line and for Tab, not to be shown."""
        wanted = self._board.rich and room not in self._asked_quietly and self._is_small(room)
        if wanted and self._ask({"type": "who", "room": room}):
            self._asked_quietly.add(room)

    def look_around(self, now: float, room: str | None) -> float:
        """Ask who is away in the current room, for the status line: nobody tells. Returns when to ask again."""
        if not self._board.rich:
            return math.inf
        if self._looked_around is None:
            self._looked_around = now  # whoever enters a room asks
        if now >= self._looked_around + _LOOK_AROUND:
            self._looked_around = now
            if room is not None:
                self.ask_who_is_in(room)
        return self._looked_around + _LOOK_AROUND

    def _is_small(self, room: str) -> bool:
        return (self.people.number_in(room) or 0) <= _FEW

    def _others_came(self, names: list[str]) -> None:
        self.people.came(name for name in names if not self._view.is_me(name))


JOINED_AFTER, LEFT_AFTER = 0.6, 2.5  # seconds that news waits: for company, or for the one who comes right back


@dataclass(slots=True)
class _Coming:
    name: str
    verb: str
    due: float = math.inf


class Comings:
    """Who came and went, held back for a moment: several become one note, and a quick return becomes none."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], _Coming] = {}  # by room, and name in lower case
        self._members: dict[str, int | None] = {}

    def hold(self, frame: Frame) -> None:
        """Its moment begins when it is first asked for."""
        room = frame["room"]
        self._members[room] = frame.get("members")
        for verb, other in (("left", "joined"), ("joined", "left")):
            for name in frame.get(verb) or []:
                held = self._held.pop((room, name.lower()), None)
                if held is None or held.verb != other:
                    self._held[room, name.lower()] = _Coming(name, verb)

    def forget(self) -> None:
        """The link is gone: such news would come too late."""
        self._held.clear()

    def forget_room(self, room: str) -> None:
        """This person has left it: who came and went there is nobody's news here."""
        self._held = {key: coming for key, coming in self._held.items() if key[0] != room}

    @property
    def due(self) -> float:
        return min((coming.due for coming in self._held.values()), default=math.inf)

    def release(self, now: float) -> list[Frame]:
        """What is to be told now: with the first news of a room that falls due, all of the same kind."""
        for coming in self._held.values():
            if coming.due == math.inf:
                coming.due = now + (LEFT_AFTER if coming.verb == "left" else JOINED_AFTER)
        ripe = {(room, coming.verb) for (room, _), coming in self._held.items() if coming.due <= now}
        told: dict[str, Frame] = {}
        for (room, key), coming in list(self._held.items()):
            if (room, coming.verb) in ripe:
                del self._held[room, key]
                told.setdefault(room, self._news_of(room)).setdefault(coming.verb, []).append(coming.name)
        return list(told.values())

    def speaks(self, room: str, name: str) -> list[Frame]:
        """Who is heard must have come before: that cannot wait any longer."""
        coming = self._held.get((room, name.lower()))
        if coming is None or coming.verb == "left":
            return []
        del self._held[room, name.lower()]
        return [{**self._news_of(room), "joined": [coming.name]}]

    def _news_of(self, room: str) -> Frame:
        return {"room": room, "members": self._members.get(room)}
