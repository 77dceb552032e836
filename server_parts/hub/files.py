"""Files in the conversation: who may send one to a room, say it there, or learn where it is fetched.

What is asked is decided by the hub's thread, without touching a byte; what needs the store of files is done by whoever
sends the answer, the client's reader mostly. It must not know HTTP or sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from chat_common import Frame, partners
from server_parts.files.promises import Sender
from server_parts.hub.bringing import owners_of
from server_parts.hub.saying import Saying
from server_parts.hub.state import HubState
from server_parts.people.clients import Client
from server_parts.people.permissions import floor_of, hidden_from, may_see
from server_parts.people.restraint import source_to_ban
from server_parts.protocol import file_events
from server_parts.protocol.file_events import NO_SUCH_FILE
from server_parts.protocol.file_names import size_text
from server_parts.protocol.file_requests import GiveUp, GoOn, ListFiles, Promise, Reserve, WhereIs
from server_parts.protocol.requests import Refusal, Request, Say
from server_parts.protocol.unavailable import unavailable
from server_parts.storage.file_records import FilesWanted, SaidFile
from server_parts.storage.records import StorageError

Submit = Callable[[Client, Sequence[Request]], None]


class Files:
    def __init__(self, state: HubState, saying: Saying, submit: Submit) -> None:
        self._desk = state.desk
        self._store = state.store
        self._rules = state.rules
        self._settings = state.settings
        self._saying = saying
        self._submit = submit

    # --- by the hub ---

    def reserve(self, client: Client, asked: Reserve) -> None:
        place = self._saying.place_now(client, asked.room)
        if isinstance(place, Refusal):
            client.tell(place._replace(ref=asked.ref).frame())
        else:
            self._answer(client, partial(self._desk.reserve, asked, place, self._sender(client)), asked.ref)

    def go_on(self, client: Client, asked: GoOn) -> None:
        self._answer(client, partial(self._desk.go_on, asked.ref, asked.id, owners_of(client)), asked.ref)

    def give_up(self, client: Client, asked: GiveUp) -> None:
        self._answer(client, partial(self._desk.give_up, asked.ref, asked.id, owners_of(client)), asked.ref)

    def promise(self, client: Client, asked: Promise) -> None:
        place = self._saying.place_now(client, asked.room)
        if isinstance(place, Refusal):
            client.tell(place.frame())
            return
        say = partial(self._say_for, client, place)
        self._answer(client, partial(self._desk.promise, asked.name, place, self._sender(client), say, client.site))

    def _say_for(self, client: Client, room: str, file: str) -> bool:
        """Say a file in the name of somebody, if they are still here; by the reader that has received it."""
        client.credits.get()
        if client.gone:
            client.credits.put(None)
            return False
        self._submit(client, [Say(room, [""], 0, file=file)])
        return True

    @staticmethod
    def _sender(client: Client) -> Sender:
        return Sender(owners_of(client)[0], "" if client.trusted else source_to_ban(client))

    def _answer(self, client: Client, make: Callable[[], Frame | Refusal], ref: str | None = None) -> None:
        client.outbox.offer_pages(_pages(client, make, ref))

    # --- by the client's reader, while nothing of it is under way in the hub ---

    def read(self, client: Client, asked: WhereIs | ListFiles) -> bytes:
        """The answer. StorageError: nobody can tell just now."""
        return self._where(client, asked.id) if isinstance(asked, WhereIs) else self._listed(client, asked)

    def _where(self, client: Client, id: str) -> bytes:
        said = self._desk.store.said(id)
        if said is None or not self._may_read(client, said):
            return client.encoder.frame(NO_SUCH_FILE.frame())
        server = client.site if client.encoder.is_for_people else ""  # programs know how they have reached it
        return client.encoder.frame(self._desk.where(said.file, server, is_public=self.is_public(said.room)))

    def _may_read(self, client: Client, said: SaidFile) -> bool:
        floor = self._floor(client, said.room)
        return floor is not None and said.message > floor

    def _floor(self, client: Client, room: str) -> int | None:
        """The number above which a client may read a room; None if it may not at all."""
        if not partners(room):
            return 0 if may_see(client, room, self._rules) else None
        if not client.takes_part(room):
            return None
        floors = [floor_of(client, self._store, room), client.floors.get(room) if room in client.rooms else None]
        return min((floor for floor in floors if floor is not None), default=None)

    def _listed(self, client: Client, asked: ListFiles) -> bytes:
        room = None if asked.room is None else client.resolve(asked.room)
        rooms = list(client.rooms) if room is None else [room]
        floors = self._store.private_rooms(client.name) if client.trusted and room is None else {}
        own = {one: floor for one in rooms if partners(one) and (floor := self._floor(client, one)) is not None}
        wanted = FilesWanted(asked.limit, room, {**floors, **own}, hidden_from(client, self._rules), asked.before)
        found = self._desk.store.listed(wanted)
        frame = file_events.files(room, more=found.more)
        return client.encoder.pages(frame, "files", list(map(file_events.listed, found.files)))

    # --- by anybody ---

    def summary(self) -> str:
        """What files take up, and how many are under way, in words."""
        desk = self._desk
        try:
            files, size = desk.in_use()
        except StorageError as error:
            return f"files: {error}"
        known = f"{_counted(files, 'file')} with {size_text(size)} of {size_text(desk.limits.space)}"
        return f"{known}, {_counted(desk.running.count, 'transfer')}"

    def is_public(self, room: str) -> bool:
        """Whether anybody may read a room, without coming in."""
        is_open = self._settings.guests != "no" and self._settings.entry == "open"
        return is_open and not partners(room) and room not in self._rules.closed


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _pages(client: Client, make: Callable[[], Frame | Refusal], ref: str | None) -> Iterator[bytes]:
    """An answer that is made when its turn to be sent has come."""
    try:
        answer = make()
    except StorageError as error:
        answer = unavailable(str(error))
    yield client.encoder.frame(answer._replace(ref=ref).frame() if isinstance(answer, Refusal) else answer)
