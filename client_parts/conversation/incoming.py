"""The conversation as this client hears it: where it is, who is there, and what each of the server's frames changes.

It knows no socket, no thread and no clock. Frames go in through `heard`; what is to be sent comes out of `requests` and
`outgoing`; what a person should see goes to the board. What the person asks for is in conversation.py.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from chat_common import (
    LOBBY,
    MAX_HELLO_LINE,
    PROTOCOL,
    VERSION,
    Frame,
    color_problem,
    encode_frame,
    harmless_line,
    partners,
    private_room,
    room_problem,
)
from client_parts.conversation.company import Company
from client_parts.conversation.delivery import Arrival, Cursors, Outgoing, Say
from client_parts.conversation.searches import ListPages, Pages, Searches, Take
from client_parts.conversation.unseen import Unread, Unseen
from client_parts.input.completion import Vocabulary
from client_parts.kept.bookmarks import MOST_MISSED, Bookmarks, Key
from client_parts.kept.settings import Settings
from client_parts.screen.board import Board
from client_parts.screen.found import Results
from client_parts.screen.status import Status
from client_parts.screen.view import View, alert, as_sentence, aside, bad, good, mentions, message_number

RECENT = 20  # messages of a room that are shown at first, if nobody says how many
_LOOK_AROUND = 60.0  # seconds between questions who is away
_RETRIED = ("storage_unavailable", "rate_limited", "internal")  # the fault is not in the text, so it is sent again


class Hearing:
    """Everything that is not the connection itself, and what the server may change of it."""

    def __init__(
        self,
        board: Board,
        view: View,
        name: str,
        color: str,
        rooms: tuple[str, ...] = (LOBBY,),
        *,
        history: int = RECENT,
        settings: Settings | None = None,
        bookmarks: Bookmarks | None = None,
    ) -> None:
        self.name = view.me = name
        self.color = color
        self.current: str | None = rooms[0] if rooms else None
        self.online = False
        self.refused = 0
        self.outgoing = Outgoing()
        self.cursors = Cursors(rooms)
        self.requests: deque[Frame] = deque()
        self._board = board
        view.timed = board.rich
        view.marks_mentions = board.rich or board.echoes
        self._view = view
        view.home = self.current
        self._correspondent: Frame | None = None  # the newest private message from somebody else
        self._history_wanted = history  # messages of a room that is entered
        self._away: str | None = None
        self._greeted = False
        self._was_cut_off = False  # the link was lost, in this run
        self._settings = settings or Settings()
        self._company = Company(board, view, self._settings, self._ask_quietly)
        self._unseen = Unseen(bookmarks or Bookmarks())
        self._looked_back = True  # the mentions since the last run are known
        self._read: dict[str, int | None] | None = None  # how far, when this person stopped reading
        self._mentioned = False  # while not here, and that is not told yet
        self._searches = Searches(self._show_unasked)
        self._pages: Pages | None = None  # the search that /more goes on with
        self._list: ListPages | None = None  # or the list of people or rooms
        self._public_rooms: tuple[str, ...] = ()  # as far as the server has told
        self._since_away = 0  # messages
        self._looked_around: float | None = None  # when it was last asked who is away
        self._unread = Unread()
        self._left_out: list[str] = []  # rooms for which the hello was too short
        self._rooms: list[Frame] = []  # a reply that comes in several frames
        self._page: list[Frame] = []
        self._listeners = self._all_listeners()

    def _all_listeners(self) -> dict[str, Callable[[Frame], None]]:
        return {
            "welcome": self._welcome,
            "joined": self._joined,
            "history": self._history,
            "message": self._message,
            "ack": self._ack,
            "presence": self._presence,
            "who": self._people,
            "rooms": self._list_of_rooms,
            "results": self._searches.answer,
            "notice": self._notice,
            "error": self._error,
        }

    # --- The connection's side ----------------------------------------------------------------------------------

    def hello(self, session: str, token: str | None) -> Frame:
        """How this client introduces itself, the first time and every time it comes back."""
        positions = {room: last for room, last in self.cursors.positions().items() if self._may_read(room)}
        frame: Frame = {
            "type": "hello",
            "protocol": PROTOCOL,
            "name": self.name,
            "color": self.color,
            "session": session,
            "rooms": positions,
            "history": self._history_wanted,
            "client": f"client.py {VERSION}",
        }
        if token is not None:
            frame["token"] = token
        if self.cursors.epoch is not None:
            frame["epoch"] = self.cursors.epoch
        self._left_out = []
        while len(encode_frame(frame)) > MAX_HELLO_LINE:
            self._left_out.append(positions.popitem()[0])
        return frame

    def heard(self, frame: Frame) -> None:
        """Take in one acceptable frame."""
        if listener := self._listeners.get(frame["type"]):
            listener(frame)

    def disconnected(self) -> None:
        self._keep_place()
        self.online = False
        self._was_cut_off = self._greeted
        self.requests.clear()
        self._company.lost()
        self._searches.forget()
        self.outgoing.disconnected()

    def status(self, link: str, next_try: str = "", *, waiting: bool) -> Status:
        """How things stand; with the texts that wait for their receipt, if they have waited for a while."""
        here = self._wire_room(self.current) if self.current is not None else ""
        return Status(
            target=self._view.target(self.current),
            name=harmless_line(self.name),
            color=self.color,
            away=self._away is not None,
            link=link,
            next_try=next_try,
            online=self.online,
            members=None if here.startswith("@") else self._company.people.number_in(here),
            unread=tuple((self._view.place(room), count) for room, count in self._unread.counts().items()),
            absent=self._absent_partner(here) if here.startswith("@") else self._absent_others(here),
            waiting=self.unconfirmed(300) if waiting else (),
        )

    def _absent_partner(self, here: str) -> str:
        partner = (self.current or here)[1:]
        gone, away = self._company.people.number_in(here) in (0, 1), self._company.people.is_away(partner)
        return f"{harmless_line(partner)} is {'not here' if gone else 'away'}" if gone or away else ""

    def _absent_others(self, here: str) -> str:
        return self._view.away([name for name in self._company.away_in(here) if not self._view.is_me(name)])

    def unconfirmed(self, most: int | None = None) -> tuple[str, ...]:
        """The texts on their way, or the beginning of each, with where they go if that is not here."""
        marks = ((self._view.mark(self._wire_room(say.room)), say.text[:most]) for say in self.outgoing.texts())
        return tuple(harmless_line(mark + text) for mark, text in marks)

    # --- What the server says -----------------------------------------------------------------------------------

    def _welcome(self, frame: Frame) -> None:
        new_log = self.cursors.connected(frame["epoch"])
        self.outgoing.connected(frame["accepted"])
        self.online = True
        self._take_name(frame["name"])
        self.color = frame["color"] if color_problem(frame["color"]) is None else self.color
        if new_log:
            self._board.note(alert("The server has another log than before: showing its recent messages."))
        if new_log or not self._greeted:
            self._looked_back = not self._unseen.arrive(frame["epoch"], self.name)
        if not self._greeted:
            self._greet(frame)
        if not self._looked_back:
            self._search_for_mentions(self._look_back)
        if self._away is not None:
            self._ask({"type": "away", "text": self._away})
        for room in self._left_out:
            self._ask_to_enter(room)

    def _greet(self, frame: Frame) -> None:
        self._greeted = True
        self._board.show(aside("* hello client *"))
        if motd := frame.get("motd"):
            self._board.show(self._view.motd(motd))
        self._board.note(aside(f"You are {harmless_line(self.name)}. /help lists the commands, /exit leaves."))

    def _take_name(self, name: str) -> None:
        self.name = self._view.me = name
        for room in self._unread.counts():
            if not self._may_read(room):  # a conversation of the name before
                self._unread.seen(room)

    def _joined(self, frame: Frame) -> None:
        room, known = frame["room"], self.cursors.last_shown(frame["room"])
        self._company.people.count(room, frame["members"])
        self._company.ask_who_is_in(room)
        if not self.cursors.joined(room, frame["last"]):
            return
        self._unseen.enter(room, frame["last"], known)
        if known is None and not room.startswith("@"):
            self._board.show(aside(f"* you are in {self._view.place(room)} ({frame['members']} here)"))

    def _history(self, frame: Frame) -> None:
        if self.cursors.catching_up(frame["room"]):
            self._catch_up(frame)
        else:
            self._older_page(frame)

    def _catch_up(self, frame: Frame) -> None:
        room = frame["room"]
        resuming = self.cursors.last_shown(room) is not None
        if resuming and frame.get("gap"):
            self._missing(room)
        new = [message for message in frame["messages"] if self._unseen.is_new(key_of(message))]
        news = list(filter(self._is_news, new))
        for message in frame["messages"]:
            self._note_correspondent(message)
            if self._was_read_elsewhere(message):
                continue
            arrival = self.cursors.history(room, message["id"])
            if arrival is Arrival.REPEAT:
                continue
            if arrival is Arrival.JUMP and not frame.get("gap"):
                self._missing(room)
            self._mark_new(room, message["id"], besides=len(new) - len(news))
            self._show_message(message, past=True, delivered=resuming and self._view.is_me(message["from"]))
        self._miss(news)
        if self._was_cut_off:  # what came while the link was gone; what came between two runs is history
            self._ring_for(news)
        if not frame.get("more"):
            self._mark_new(room)
            self.cursors.history_ends(room)

    def _was_read_elsewhere(self, message: Frame) -> bool:
        """In an earlier run, and of another room than the present one: below what is new there, it would look new."""
        return not self._is_current(message["room"]) and self._unseen.was_seen(key_of(message))

    def _mark_new(self, room: str, id: int | None = None, *, besides: int = 0) -> None:
        """The line before what came meanwhile, `besides` what is new for others only."""
        if (new := self._unseen.new_at(room, id)) is None or new[0] <= besides:
            return
        number, hidden = new[0] - besides, new[1]
        self._board.show(self._view.unread(number, room, hidden=hidden))
        if not self._is_current(room):
            self._unread.add(room, number)

    def _missing(self, room: str) -> None:
        self._board.show(
            alert(f"* Some messages of {self._view.place(room)} are missing here; the server has them no more.")
        )

    def _older_page(self, frame: Frame) -> None:
        self._page += frame["messages"]
        if frame.get("more") and frame["messages"]:
            return
        page, self._page = self._page, []
        if not page:
            self._board.show(aside(f"* There is nothing older in {self._view.place(frame['room'])}."))
            return
        for message in page:
            self.cursors.page(frame["room"], message["id"])
            self._show_message(message, past=True)
        self._board.show(aside("* these were the older messages; /history shows more"))

    def _message(self, frame: Frame) -> None:
        own = self._view.is_me(frame["from"])
        # Only live messages are receipts: history may hold an earlier process's message with the same seq.
        delivered = own and frame.get("seq") is not None and self.outgoing.delivered(frame["seq"]) is not None
        arrival = self.cursors.live(frame["room"], frame["id"])
        if arrival is Arrival.JUMP:
            self._resume(frame)
        elif arrival is Arrival.NEW and delivered and self._board.echoes:
            self._board.show(aside(f"* delivered {message_number(frame['id'])} *"))
        elif arrival is Arrival.NEW:
            self._company.speaks(frame["room"], frame["from"])
            self._show_message(frame, delivered=delivered)
            if self._is_news(frame):
                if not self._is_current(frame["room"]):
                    self._unread.add(frame["room"])
                elif frame["room"].startswith("@") and self._company.people.is_away(frame["from"]):
                    self._company.ask_who_is_in(frame["room"])  # perhaps not any more
                if self._away is not None:
                    self._miss([frame])
                self._ring_for([frame])

    def _is_news(self, message: Frame) -> bool:
        """Whether somebody said it to whom this person listens."""
        sender = message["from"]
        return not self._view.is_me(sender) and not self._company.is_ignored(sender)

    def _miss(self, news: list[Frame]) -> None:
        """Keep the mentions that this person was not there for."""
        for message in filter(self._names_me, news):
            self._unseen.miss(key_of(message))
            self._mentioned = True

    def _ring_for(self, news: list[Frame]) -> None:
        """Once, for all that came in at once."""
        named = list(filter(self._names_me, news))
        private = [message for message in news if message["room"].startswith("@")]
        if {"on": news, "mentions": named or private, "off": []}[self._settings["bell"]]:
            self._board.ring()

    def _resume(self, frame: Frame) -> None:
        room, id = frame["room"], frame["id"]
        place, last = self._view.place(room), self.cursors.last_shown(room)
        self._board.note(alert(f"* {place} jumped from message {last} to {id}; asking for what is between."))
        self._ask_to_enter(room)

    def _ask_to_enter(self, room: str) -> None:
        last = self.cursors.last_shown(room)
        wanted = {"history": self._history_wanted} if last is None else {"after": last}
        self._ask({"type": "join", "room": room, **wanted})

    def _show_message(self, message: Frame, *, past: bool = False, delivered: bool = False) -> None:
        sender = message["from"]
        if self._company.is_ignored(sender):
            return
        if not past:
            self._note_correspondent(message)
        if not self._view.is_me(sender):
            self._company.people.spoke(sender)
        if self._board.rich or not past:
            self._mark_day(message)
        if self._board.rich and self._away is not None and not past and not self._view.is_me(sender):
            self._count_while_away()
        line = self._view.message(message, past=past, delivered=delivered)
        if delivered:
            self._board.show_delivered(line)
        else:
            self._board.show(line)

    def _note_correspondent(self, message: Frame) -> None:
        """Whom /reply answers. Rooms are resumed one after the other, so the times of their messages decide."""
        newest = self._correspondent is None or message["ts"] >= self._correspondent["ts"]
        if message["room"].startswith("@") and newest and self._is_news(message):
            self._correspondent = message

    def _mark_day(self, message: Frame) -> None:
        if day := self._view.new_day(message["ts"]):
            self._board.show(day)

    def _count_while_away(self) -> None:
        if self._since_away == 0:
            self._board.show(alert("── new while you are away ──"))
        self._since_away += 1

    def vocabulary(self) -> Vocabulary:
        """What Tab may offer, where there is one."""
        if not self._board.rich:
            return Vocabulary()
        rooms = tuple(self.cursors.rooms())
        partners_here = [self._view.place(room)[1:] for room in self.cursors.positions() if room.startswith("@")]
        names = self._company.people.to_offer(rooms, partners_here)
        return Vocabulary(names, rooms, self._public_rooms, self._company.ignored_names())

    def _ack(self, frame: Frame) -> None:
        self.outgoing.delivered(frame["seq"])

    def _presence(self, frame: Frame) -> None:
        for old, new in frame.get("renamed") or []:
            if self._view.is_me(old) and new != self.name:  # told once per room
                self._take_name(new)
                self._board.note(good(f"You are now {harmless_line(new)}."))
            if self._correspondent is not None and self._correspondent["from"].lower() == old.lower():
                self._correspondent = {**self._correspondent, "from": new}
        self._company.presence(frame)

    def tell_news(self, now: float) -> float:
        """Tell what waits until it is whole: missed mentions, who came and went. Returns when to ask again."""
        if self._mentioned and self._away is None and self._looked_back and not self.cursors.catching_up():
            self._tell_missed()
        return min(self._company.tell_news(now), self._look_around(now))

    def _look_around(self, now: float) -> float:
        """Ask who is away, for the status line: nobody tells. Returns when to ask again."""
        if not self._board.rich:
            return math.inf
        if self._looked_around is None:
            self._looked_around = now  # whoever enters a room asks
        if now >= self._looked_around + _LOOK_AROUND:
            self._looked_around = now
            if self.current is not None and self._wire_room(self.current) in self.cursors:
                self._company.ask_who_is_in(self._wire_room(self.current))
        return self._looked_around + _LOOK_AROUND

    def _list_of_rooms(self, frame: Frame) -> None:
        self._rooms += frame["rooms"]
        if not frame.get("more"):
            rooms, self._rooms = self._rooms, []
            self._public_rooms = tuple(room["room"] for room in rooms if room_problem(room["room"]) is None)
            self._board.show(self._view.rooms(rooms))
            if rooms:
                self._mark_rest(rooms[-1]["room"], len(rooms), frame.get("total"))

    def _people(self, frame: Frame) -> None:
        members = self._company.who(frame)
        if members:
            self._mark_rest(members[-1]["name"], len(members), frame.get("total"))

    def _mark_rest(self, last: str, number: int, total: int | None) -> None:
        """A page of a list is on the screen: say how to see the next."""
        if self._list is None:
            return
        self._list.shown += number
        self._list.more = self._list.shown < (total or 0)
        if self._list.more:
            self._list.request["after"] = last
            self._board.show(aside(f"* {self._list.shown} of {total} · /more shows the next"))

    def _show_unasked(self, results: Results) -> None:
        self._show_page(Pages({"text": ""}), results)

    def _show_page(self, pages: Pages, results: Results) -> None:
        """The newest message last on the screen, then how much is left."""
        shown = [m for m in results.messages if m["from"].lower() not in self._company.ignored]
        for message in reversed(shown):
            self._board.show(self._view.result(message, pages.request["text"]))
        found = len(results.messages)
        self._board.show(aside(self._view.end_of_page(results, pages.shown, hidden=found - len(shown))))
        pages.shown += found
        pages.more = 0 < found < (results.total or 0)
        if pages.more:
            oldest = results.messages[-1]
            pages.request["before"] = {"room": oldest["room"], "id": oldest["id"]}

    # --- Mentions, and where one stopped reading ---

    def _search_for_mentions(self, take: Take) -> None:
        self._search({"type": "search", "text": f'"{self.name}"', "limit": MOST_MISSED}, take)

    def _look_back(self, results: Results) -> None:
        """The mentions at the start of a run: those of the time between the runs were missed."""
        self._looked_back = True
        self._unseen.miss_since_the_last_run(key_of(m) for m in reversed(results.messages) if self._names_me(m))
        self._tell_missed()

    def _tell_missed(self) -> None:
        self._mentioned = False
        if number := self._unseen.missed:
            times = "once" if number == 1 else f"{number} times" + (" or more" if number == MOST_MISSED else "")
            self._board.show(alert(f"── You were mentioned {times} while you were not here: /mentions ──"))

    def _names_me(self, message: Frame) -> bool:
        return self._is_news(message) and bool(mentions(self.name, message["text"]))

    def stop_reading(self) -> None:
        """Nobody looks any more, and nobody will have seen what comes from now on."""
        if self._read is None:
            self._read = self.cursors.positions()

    def _keep_place(self) -> None:
        # Not before it is known what was missed: that would be lost.
        if self.online and self._looked_back and self.cursors.epoch is not None:
            positions = self.cursors.positions() if self._read is None else self._read
            shown = {room: id for room, id in positions.items() if id is not None}
            self._unseen.keep_place(self.cursors.epoch, self.name, shown)

    def _notice(self, frame: Frame) -> None:
        self._board.show(self._view.notice(frame))

    def _error(self, frame: Frame) -> None:
        code, seq, sentence = frame["code"], frame.get("seq"), as_sentence(frame["text"])
        if code == "bad_seq":
            self.outgoing.out_of_step(frame.get("accepted") or 0)
        elif seq is not None and code in _RETRIED:
            if not self.outgoing.held:
                self._board.complain(bad(f"Not delivered yet: {sentence} Trying again…"))
            self.outgoing.hold()
        elif seq is not None:
            self._refusal(self.outgoing.refused(seq), sentence)
        else:
            self._board.complain(bad(sentence))
            if code in ("bad_room", "denied") and (room := self.cursors.refused()) is not None:
                self._forget_current(room)

    def _refusal(self, say: Say | None, sentence: str) -> None:
        if say is not None:
            self.refused += 1
            self._board.complain(bad(f"Not delivered: {sentence}") + f" Your text was: {harmless_line(say.text)}")

    # --- Small questions ----------------------------------------------------------------------------------------

    def _turn_to(self, room: str | None) -> None:
        if room != self.current:
            self._board.note(self._view.turn(room))
        self.current = room
        if room is not None:
            self._unread.seen(self._wire_room(room))
            if room.startswith("@") and self._wire_room(room) in self.cursors:
                self._company.ask_who_is_in(self._wire_room(room))

    def _forget_current(self, room: str) -> None:
        if self._is_current(room):
            self._turn_to(next(iter(self.cursors.rooms()), None))

    def _ask(self, request: Frame) -> None:
        """Send a request that makes sense only now; without a connection, say so."""
        if self.online:
            self.requests.append(request)
        else:
            self._board.complain(bad("You are offline; try again when the connection is back."))

    def _ask_quietly(self, request: Frame) -> bool:
        if self.online:
            self.requests.append(request)
        return self.online

    def _search(self, request: Frame, take: Take) -> None:
        if self.online:
            self._searches.expect(request["text"], take)
        self._ask(request)

    def _wire_room(self, room: str) -> str:
        return private_room(self.name, room[1:]) if room.startswith("@") else room

    def _is_current(self, room: str) -> bool:
        return self.current is not None and room == self._wire_room(self.current)

    def _may_read(self, room: str) -> bool:
        return not room.startswith("@") or self.name.lower() in partners(room)


def key_of(message: Frame) -> Key:
    return message["room"], message["id"]
