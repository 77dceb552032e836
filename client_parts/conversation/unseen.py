"""What came while this person was not there: since the last run, while the link was gone, while away.

It counts what is new in a room, and holds the mentions that nobody has looked at yet. It knows no clock and no screen,
and of a message only its room and id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from client_parts.kept.bookmarks import MOST_MISSED, Bookmark, Bookmarks, Epoch, Key


class Unseen:
    def __init__(self, bookmarks: Bookmarks) -> None:
        self._bookmarks = bookmarks
        self._last_run: Bookmark | None = None
        self._was_here = False  # in an earlier run, or earlier in this one
        self._since: dict[str, int] = {}  # rooms entered last: the last id that was seen before
        self._untold: dict[str, int] = {}  # of those, how many messages are new, until it was told
        self._noted: dict[str, int] = {}  # last ids of rooms that this client is not in
        self._missed: dict[Key, None] = {}
        self._read: dict[str, int] = {}  # how far this person has read, here or in another terminal

    def arrive(self, epoch: Epoch, name: str) -> bool:
        """Come to a log. Whether an earlier run was there."""
        self._last_run = self._bookmarks.find(epoch, name)
        self._was_here = self._last_run is not None
        self._noted.clear()
        self._read.clear()
        self._missed = dict.fromkeys(self._last_run.missed if self._last_run else ())
        return self._was_here

    def keep_place(self, epoch: Epoch, name: str, shown: Mapping[str, int]) -> None:
        """For the next time: what was shown of each room, and what was missed and not looked at."""
        self._was_here = True
        self._bookmarks.keep(epoch, name, Bookmark({**self._noted, **shown}, tuple(self._missed)))

    # --- What is new in a room ---

    def enter(self, room: str, last: int, shown: int | None = None) -> None:
        """A room whose messages come now, up to that id; `shown` is the last of it that is on the screen."""
        seen = self._last_seen(room, last) if shown is None else max(shown, self._read.get(room, 0))
        self._since[room] = since = min(seen, last)
        self._untold[room] = last - since

    def _last_seen(self, room: str, last: int) -> int:
        if room in self._noted:
            return max(self._noted[room], self._read.get(room, 0))
        last_run = self._last_run.seen if self._last_run is not None else {}
        if seen := [known[room] for known in (last_run, self._read) if room in known]:
            return max(seen)
        # Who writes privately for the first time is news; a public room that one was never in is none.
        return 0 if room.startswith("@") and self._was_here else last

    def was_read(self, room: str, id: int) -> None:
        """This person has read so far, perhaps in another terminal: nothing up to there is new, or missed."""
        self._read[room] = max(id, self._read.get(room, 0))
        since = self._since.get(room)
        if since is not None and id > since:
            self._since[room] = id
            if room in self._untold:
                self._untold[room] -= id - since
        for key in [key for key in self._missed if key[0] == room and key[1] <= id]:
            del self._missed[key]

    def forget_reading(self) -> None:
        """This person bears the name of another account now."""
        self._read.clear()

    def seen_before(self, room: str) -> int:
        """The last id of a room that was seen before it was entered."""
        return self._since.get(room, 0)

    def is_new(self, key: Key) -> bool:
        """Whether a message of a room that was entered came after what was seen before."""
        room, id = key
        return id > self._since.get(room, id)

    def was_seen(self, key: Key) -> bool:
        """Whether an earlier run has shown it."""
        room, id = key
        return self._last_run is not None and id <= self._last_run.seen.get(room, 0)

    def new_at(self, room: str, id: int | None = None) -> tuple[int, int] | None:
        """At the first new message of a room: how many are new, and how many of them come before this one.

        Asked without an id when no more messages come.
        """
        since, count = self._since.get(room, 0), self._untold.get(room, 0)
        if count <= 0 or (id is not None and id <= since):
            return None
        del self._untold[room]
        return count, count if id is None else id - since - 1

    def note(self, room: str, id: int | None) -> None:
        """The last that was shown of a room that this client leaves, or is not in."""
        if id is not None:
            self._noted[room] = max(id, self._noted.get(room, 0))

    # --- Mentions ---

    @property
    def missed(self) -> int:
        return len(self._missed)

    def miss(self, key: Key) -> None:
        """A mention that came while this person was not there."""
        self._missed[key] = None
        if len(self._missed) > MOST_MISSED:
            del self._missed[next(iter(self._missed))]

    def miss_since_the_last_run(self, keys: Iterable[Key]) -> None:
        """Of all the mentions, those that came after it."""
        for room, id in keys:
            if self._last_run is not None and id > max(self._last_run.seen.get(room, 0), self._read.get(room, 0)):
                self.miss((room, id))

    def is_missed(self, key: Key, shown: int | None) -> bool:
        """Whether nobody has looked at it; `shown` is the last id of its room that was on the screen."""
        room, id = key
        seen = self._last_run.seen.get(room, 0) if self._last_run is not None else 0
        known = (seen, self._noted.get(room, 0), self._read.get(room, 0), shown or 0)
        return key in self._missed or id > max(known)

    def look_at(self, keys: Iterable[Key]) -> None:
        """The mentions were listed; none is missed any more."""
        self._missed.clear()
        for room, id in keys:
            self.note(room, id)


class Unread:
    """How much was said in rooms that are not in view."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}  # the room that was first to have news comes first
        self._read_to: dict[str, int] = {}  # the last id before them
        self._for_me: set[str] = set()  # rooms in which something was said to this person

    def add(self, room: str, behind: int, number: int = 1) -> None:
        """Count messages of a room; `behind` is the id before the first of them."""
        self._counts[room] = self._counts.get(room, 0) + number
        self._read_to.setdefault(room, behind)

    def keep(self, room: str, most: int, behind: int) -> None:
        """At most so many are left of it, behind that id."""
        if self._counts.get(room, 0) > most:
            self._counts[room] = most
        if room in self._read_to:
            self._read_to[room] = max(behind, self._read_to[room])
        if not most:
            self.seen(room)

    def read_to(self, room: str, shown: int) -> int:
        """Up to where a room was read of which that id was shown."""
        return min(shown, self._read_to.get(room, shown))

    def seen(self, room: str) -> None:
        self._counts.pop(room, None)
        self._read_to.pop(room, None)
        self._for_me.discard(room)

    def mark_for_me(self, room: str) -> None:
        self._for_me.add(room)

    def is_for_me(self, room: str) -> bool:
        return room in self._for_me

    def counts(self) -> dict[str, int]:
        return dict(self._counts)


class Away:
    """Whether this person is away, and how much was said meanwhile."""

    def __init__(self) -> None:
        self.text: str | None = None  # the note that others see; None for somebody who is here
        self.is_told = True  # the server has been sent it
        self.messages = 0

    def become(self, text: str | None) -> int:
        """Be away with that note, or be here again. Returns how many messages came since the last change."""
        self.text, before = text, self.messages
        self.messages = 0
        return before

    def counts_first(self) -> bool:
        """Count a message, if this person is away. Returns whether it is the first."""
        self.messages += self.text is not None
        return self.messages == 1 and self.text is not None
