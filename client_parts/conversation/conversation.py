"""The conversation as the person behind this client leads it: what each text and each command changes.

It stands on incoming.py and knows as little of sockets, threads and clocks. One thread owns it: the receiver.
"""

from __future__ import annotations

from functools import partial

from chat_common import (
    COLORS,
    MAX_TEXT,
    Frame,
    color_problem,
    harmless_line,
    is_name,
    name_problem,
    room_problem,
)
from client_parts.conversation.incoming import Hearing, key_of
from client_parts.conversation.searches import ListPages, Pages
from client_parts.input.commands import Intent, Mistake, Text, obey
from client_parts.kept.settings import CHOICES
from client_parts.screen.found import Results
from client_parts.screen.view import alert, as_sentence, aside, bad, utc_offset

_MOST_LEFT_OUT = 100  # ignored people that a server is asked to leave out of a search


class Conversation(Hearing):
    """One client's whole conversation: it hears, and it obeys."""

    def obey(self, intent: Intent) -> None:
        """Carry out what was typed."""
        if isinstance(intent, Text):
            self.say(intent.text)
        elif isinstance(intent, Mistake):
            self._board.complain(bad(intent.sentence))
        else:
            obey(intent, self)

    def say(self, text: str) -> None:
        if self.current is None:
            self._board.complain(bad("You are in no room; /join ROOM enters one."))
            self.refused += 1
        else:
            self._put(self.current, text)

    def say_privately(self, name: str, text: str) -> None:
        if is_name(name):
            self._put(f"@{name}", text)
        else:
            self._board.complain(bad(f"Nobody can be called {harmless_line(name)}."))

    def reply(self, text: str) -> None:
        if self._correspondent is None:
            self._board.complain(bad("Nobody has written to you privately yet; /msg NAME TEXT writes to somebody."))
        else:
            self._put(f"@{self._correspondent['from']}", text)

    def _put(self, room: str, text: str) -> None:
        self._unread.seen(self._wire_room(room))  # who answers has read
        text = text.replace("\0", "")
        for start in range(0, len(text), MAX_TEXT):
            self.outgoing.add(room, text[start : start + MAX_TEXT])

    def change_name(self, name: str) -> None:
        if problem := name_problem(name):
            self._board.complain(bad(as_sentence(problem)))
        else:
            self._ask({"type": "nick", "name": name})

    def change_color(self, color: str) -> None:
        if not color:
            self._board.note(aside(f"* color: {self.color}; there are: {', '.join(COLORS)}"))
        elif problem := color_problem(color.lower()):
            self._board.complain(bad(as_sentence(problem)))
        else:
            self.color = color.lower()
            if self.online:  # else the next hello says it
                self._ask({"type": "color", "color": self.color})
            self._confirm("color", self.color, kept=self._settings.choose_color(self.name, self.color))

    def who(self, room: str) -> None:
        where = _room_name(room) if room else self.current
        self._list_all({"type": "who"} if where is None else {"type": "who", "room": self._wire_room(where)})

    def list_rooms(self, beginning: str) -> None:
        self._list_all({"type": "rooms", "prefix": _room_name(beginning)} if beginning else {"type": "rooms"})

    def _list_all(self, request: Frame) -> None:
        self._list, self._pages = ListPages(request), None
        self._ask(request.copy())

    def join(self, room: str) -> None:
        room = _room_name(room)
        if room.startswith("@"):
            self.switch(room)
        elif problem := room_problem(room):
            self._board.complain(bad(as_sentence(problem)))
        else:
            self._enter(room)

    def _enter(self, room: str) -> None:
        # Offline, entering is only meant: `hello` asks for it on coming back.
        if room not in self.cursors and self.online:
            self._ask_to_enter(room)
        self.cursors.enter(room)
        self._turn_to(room)

    def leave(self, room: str) -> None:
        room = _room_name(room) if room else self.current or ""
        if self.outgoing.unsent_for(room):
            self._board.complain(bad(f"A text for {harmless_line(room)} is still waiting to be sent; leave later."))
        elif room.startswith("@"):
            self._forget_current(self._wire_room(room))
        elif room not in self.cursors:
            self._board.complain(bad(f"You are not in {self._view.place(room)}." if room else "You are in no room."))
        else:
            if self.online:
                self._ask({"type": "leave", "room": room})
            self._unseen.note(room, self.cursors.last_shown(room))
            self._unread.seen(room)
            self.cursors.leave(room)
            self._board.note(aside(f"* you left {self._view.place(room)}"))
            self._forget_current(room)

    def switch(self, room: str) -> None:
        room = _room_name(room)
        if room.startswith("@"):
            self._turn_to_person(room[1:])
        elif room in self.cursors:
            self._turn_to(room)
        else:
            self._board.complain(
                bad(f"You are not in {harmless_line(room)}; /join {harmless_line(room)} enters a room.")
            )

    def _turn_to_person(self, name: str) -> None:
        if not is_name(name):
            self._board.complain(bad(f"Nobody can be called {harmless_line(name)}."))
        elif self._view.is_me(name):
            self._board.complain(bad("That is you: you can only talk to others alone."))
        else:
            self._turn_to(f"@{name}")
            self._warn_of_a_stranger(name)

    def _warn_of_a_stranger(self, name: str) -> None:
        """Who was never heard of may still be elsewhere: the server knows, when something is said."""
        known = self._wire_room(f"@{name}") in self.cursors or self._company.people.has_heard_of(name)
        if self._board.rich and self.online and not known:
            self._board.note(alert(f"* you have not heard of anybody called {name} so far"))

    def older(self, count: int) -> None:
        if self.current is None:
            self._board.complain(bad("You are in no room."))
            return
        room = self._wire_room(self.current)
        request: Frame = {"type": "history", "room": room, "limit": count}
        if (oldest := self.cursors.oldest_shown(room)) is not None:
            request["before"] = oldest
        self._ask(request)

    def search(self, text: str) -> None:
        request: Frame = {"type": "search", "text": text, "count": True}
        if "since:" in text.lower() or "until:" in text.lower():
            request["utc_offset"] = utc_offset()
        if self._company.ignored:
            request["without"] = list(self._company.ignored)[:_MOST_LEFT_OUT]
        self._pages, self._list = Pages(request), None
        self._search_page(self._pages)

    def more(self) -> None:
        if self._list is not None and self._list.more:
            self._list.more = not self.online
            self._ask(self._list.request.copy())
        elif self._pages is None or not self._pages.more:
            self._board.complain(bad("There is nothing more to show; /search TEXT starts a search."))
        else:
            self._pages.more = not self.online  # not again before the answer is here
            self._search_page(self._pages)

    def _search_page(self, pages: Pages) -> None:
        self._search(pages.request.copy(), partial(self._show_page, pages))

    def list_mentions(self) -> None:
        self._search_for_mentions(self._show_mentions)

    def _show_mentions(self, results: Results) -> None:
        missed: list[Frame] = []
        seen: list[Frame] = []
        for message in filter(self._names_me, results.messages):
            is_missed = self._unseen.is_missed(key_of(message), self.cursors.last_shown(message["room"]))
            (missed if is_missed else seen).append(message)
        for line in self._view.mentions(missed, seen):
            self._board.show(line)
        self._unseen.look_at(map(key_of, missed))
        self._keep_place()

    def choose(self, setting: str, value: str) -> None:
        kept = self._settings.choose(setting, value)
        if setting == "theme":
            self._board.set_theme(value)
        self._confirm(setting, value, kept=kept)

    def _confirm(self, setting: str, value: str, *, kept: bool) -> None:
        self._board.note(aside(f"* {setting}: {value}" + ("" if kept else ", for this run only")))

    def tell_choice(self, setting: str) -> None:
        choices = ", ".join(CHOICES[setting])
        self._board.note(aside(f"* {setting}: {self._settings[setting]}; there are: {choices}"))

    def ignore(self, name: str) -> None:
        if name and not is_name(name):
            self._board.complain(bad(f"Nobody can be called {harmless_line(name)}."))
            return
        if self._view.is_me(name):
            self._board.complain(bad("You cannot ignore yourself."))
            return
        if name:
            self._company.ignored[name.lower()] = name
        if name and not self._company.people.has_heard_of(name):
            self._board.note(aside(f"* nobody called {name} has been here so far; ignored all the same"))
        names = ", ".join(map(harmless_line, self._company.ignored_names()))
        self._board.note(aside(f"* ignored: {names}" if names else "* You ignore nobody."))

    def unignore(self, name: str) -> None:
        known = self._company.ignored.pop(name.lower(), None)
        shown = harmless_line(name)
        self._board.note(aside(f"* {shown} is shown again" if known else f"* You did not ignore {shown}."))

    def away(self, text: str | None) -> None:
        if text is None and self._away is None:
            self._board.note(aside("* you were not away"))
            return
        self._away = text if text is None else text or "away"
        if text is None and self._since_away:
            self._board.note(self._view.missed(self._since_away))
        self._since_away = 0
        if self.online:
            self._ask({"type": "away", "text": self._away})
        self._board.note(aside("* you are back" if self._away is None else "* you are marked as away"))

    def clear(self) -> None:
        self._board.clear()

    def tell(self, text: str) -> None:
        self._board.note(text)

    def tell_table(self, text: str, second_column: int) -> None:
        self._board.note(text, second_column)


def _room_name(text: str) -> str:
    """What a person wrote for a room: `Builds` and `#builds` are builds."""
    return text if text.startswith("@") else text.removeprefix("#").lower()
