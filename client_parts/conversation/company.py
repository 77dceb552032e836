"""Who is here, who comes and goes, and to whom this person does not listen: what is known, and what is told of it.

It must not know texts or positions in rooms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chat_common import Frame
from client_parts.conversation.attention import Comings
from client_parts.conversation.known_people import KnownPeople
from client_parts.kept.settings import Settings
from client_parts.screen.board import Board
from client_parts.screen.view import View

_FEW = 200  # members of a room whose names are asked for


class Company:
    def __init__(self, board: Board, view: View, settings: Settings, ask: Callable[[Frame], bool]) -> None:
        """`ask` the server, if there is one: whether it was asked."""
        self.people = KnownPeople()
        self.ignored: dict[str, str] = {}  # in lower case → as written
        self._board = board
        self._view = view
        self._settings = settings
        self._ask = ask
        self._comings = Comings()
        self._asked_quietly: set[str] = set()  # rooms
        self._names: list[Frame] = []  # a reply that comes in several frames

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

    def _not_ignored(self, names: list[str] | None) -> list[str]:
        return [name for name in names or [] if not self.is_ignored(name)]

    # --- Who comes and goes ---

    def presence(self, frame: Frame) -> None:
        room = frame.get("room")
        if room is not None:
            self.people.count(room, frame.get("members"))
        for old, new in frame.get("renamed") or []:
            self.people.rename(old, new)
            if self.is_ignored(old):  # under the old name too, if they come back with it
                self.ignored[new.lower()] = new
        if room is None or room.startswith("@"):
            return
        self.people.leave(room, frame.get("left") or [])
        if any(map(self._view.is_me, frame.get("left") or [])):
            self.people.forget(room)
        anew = self.people.enter(room, frame.get("joined") or [])
        frame = {**frame, **{verb: self._not_ignored(frame.get(verb)) for verb in ("joined", "left")}}
        self._others_came([*frame["joined"], *(new for _, new in frame.get("renamed") or [])])
        joins = self._settings["joins"]
        if self._board.rich and joins == "smart":
            self._comings.hold({**frame, "joined": self._not_ignored(anew)})
            for old, _ in frame.get("renamed") or []:
                self.speaks(room, old)
            frame = {"room": room, "renamed": frame.get("renamed")}
        if not self._board.rich or joins != "off":
            self._tell(frame)

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
            self._board.show(line)

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

    def _is_small(self, room: str) -> bool:
        return (self.people.number_in(room) or 0) <= _FEW

    def _others_came(self, names: list[str]) -> None:
        self.people.came(name for name in names if not self._view.is_me(name))
