"""Who is there: how many in each room, who is away, and who spoke last. It must not know frames or screens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from chat_common import is_name


class KnownPeople:
    """Everybody but oneself, as far as the server has told."""

    def __init__(self) -> None:
        self._spoke: dict[str, str] = {}  # in lower case → as written; the latest last
        self._absent: dict[str, str] = {}  # in lower case → as written
        self._members: dict[str, int] = {}
        self._there: defaultdict[str, set[str]] = defaultdict(set)  # room → in lower case, as far as known
        self._were_there: defaultdict[str, set[str]] = defaultdict(set)  # when the link went; not seen since
        self._filled: set[str] = set()  # rooms of which all members are known
        self._old_names: set[str] = set()  # in lower case: of people who have another now
        self._gone: set[str] = set()  # in lower case: seen leaving the last room they were known to be in

    def lost(self) -> None:
        """The link is gone: who is there now is not known."""
        for room, names in self._there.items():
            self._were_there[room] |= names
        self._there.clear()
        self._filled.clear()
        self._members.clear()
        self._absent.clear()

    # --- Who is in a room ---

    def enter(self, room: str, names: list[str]) -> list[str]:
        """Of these, who is news: not those who were there before the link went, and come back as we did."""
        new = [name for name in names if name.lower() not in self._were_there[room]]
        self._there[room].update(map(str.lower, names))
        for known in (self._gone, self._old_names):
            known.difference_update(map(str.lower, names))
        self._were_there[room] -= self._there[room]
        return new

    def fill(self, room: str, names: list[str]) -> None:
        """These are there, and nobody else."""
        self._there[room].clear()
        self._filled.add(room)
        self.enter(room, names)

    def rename(self, old: str, new: str) -> None:
        for there in self._there.values():
            if old.lower() in there:
                there.remove(old.lower())
                there.add(new.lower())
        if self._absent.pop(old.lower(), None):
            self._absent[new.lower()] = new
        self._gone.discard(new.lower())
        self._old_names.add(old.lower())
        self._old_names.discard(new.lower())
        if old.lower() in self._spoke:
            names = (new if lower == old.lower() else name for lower, name in self._spoke.items())
            self._spoke = {name.lower(): name for name in names}

    def leave(self, room: str, names: list[str]) -> None:
        for known in (self._there[room], self._were_there[room]):
            known.difference_update(map(str.lower, names))
        self._gone.update(lower for lower in map(str.lower, names) if not self._is_anywhere(lower))

    def forget(self, room: str) -> None:
        """Who is there will not be told any more."""
        for known in (self._there, self._were_there):
            known.pop(room, None)
        self._filled.discard(room)

    # --- How many, and who is away ---

    def count(self, room: str, members: int | None) -> None:
        if members is not None:
            self._members[room] = members

    def number_in(self, room: str) -> int | None:
        return self._members.get(room)

    def mark(self, name: str, *, away: bool) -> None:
        self._absent.pop(name.lower(), None)
        if away:
            self._absent[name.lower()] = name

    def is_away(self, name: str) -> bool:
        return name.lower() in self._absent

    def away_in(self, room: str) -> list[str]:
        return [name for lower, name in self._absent.items() if lower in self._there[room]]

    # --- Who spoke ---

    def spoke(self, name: str) -> None:
        if is_name(name):
            self._spoke.pop(name.lower(), None)
            self._spoke[name.lower()] = name

    def came(self, names: Iterable[str]) -> None:
        """Who has said nothing yet comes after all who have."""
        came = {name.lower(): name for name in names if is_name(name) and name.lower() not in self._spoke}
        self._spoke = {**dict(reversed(came.items())), **self._spoke}

    def has_heard_of(self, name: str) -> bool:
        return name.lower() in self._spoke

    def to_offer(self, rooms: Iterable[str], partners: Iterable[str]) -> tuple[str, ...]:
        """Names for Tab: who is in these rooms or was listed in others, then the partners of private conversations.

        Latest speakers first. Where not all members of these rooms are known, others follow, but for those who were
        seen leaving.
        """
        rooms = list(rooms)
        latest = list(reversed(self._spoke.items()))
        known: dict[str, str] = {}
        for present in (self._present(rooms), self._present(self._there)):
            known |= {lower: name for lower, name in latest if lower in present and lower not in known}
        hidden = self._old_names.union(known)
        known |= {lower: self._spoke.get(lower, lower) for lower in map(str.lower, partners) if lower not in hidden}
        if not self._filled.issuperset(rooms) or not rooms:
            known |= {lower: name for lower, name in latest if lower not in known and lower not in self._gone}
        return tuple(known.values())

    def _is_anywhere(self, lower: str) -> bool:
        return any(lower in names for room, names in self._there.items() if not room.startswith("@"))

    def _present(self, rooms: Iterable[str]) -> set[str]:
        return {name for room in rooms if not room.startswith("@") for name in self._there.get(room, ())}
