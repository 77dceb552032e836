"""What holds now: a fold of all acts, in their order. Pure: the clock is injected.

It belongs to the hub's thread. Other threads may read what is only ever replaced as a whole, and never changed:
`closed`, `alarm_until` and `lockdown_until`. Whoever reads one of them twice may find two answers, each of them true at
its time. What an act means to people who are connected is the hub's to carry out.
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from server_parts.moderation import acts
from server_parts.moderation.acts import Kept
from server_parts.moderation.ranks import ROOM_RANKS, Rank
from server_parts.moderation.sanctions import Sanctions, rule_of

OPEN, MODERATED, READ_ONLY, INVITE_ONLY = MODES = ("open", "moderated", "read-only", "invite")
ALARM: Final = 3_600.0  # seconds after a ban or kick from the server in which newcomers are watched


class RoomRules:
    """What was decided about one room."""

    __slots__ = ("invited", "mode", "noted", "roles", "slow", "topic")

    def __init__(self) -> None:
        self.topic = ""
        self.mode = OPEN
        self.slow = 0  # seconds between two texts of one person
        self.roles: dict[str, Rank] = {}  # by the names of accounts, in lower case
        self.invited: set[str] = set()  # keys
        self.noted = 0  # entries of the room's log that tell of its settings

    def is_only_owner(self, name: str) -> bool:
        """Whether the room would have no owner without that account."""
        return [who for who, rank in self.roles.items() if rank == Rank.OWNER] == [name.lower()]


PLAIN: Final = RoomRules()  # of rooms about which nothing was decided; never changed


class Index:
    """Numbers of acts, rising."""

    __slots__ = ("_ids",)

    def __init__(self) -> None:
        self._ids = array("Q")

    def add(self, id: int) -> None:
        self._ids.append(id)

    def page(self, before: int | None, limit: int) -> tuple[Sequence[int], bool]:
        """The newest `limit` below a number; and whether there are older ones."""
        end = len(self._ids) if before is None else bisect_left(self._ids, before)
        start = max(end - limit, 0)
        return self._ids[start:end].tolist(), start > 0


class Rulebook:
    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.forget()

    def forget(self) -> None:
        """Nothing was decided."""
        self.sanctions = Sanctions()
        self.mutes = self.sanctions.mutes  # looked at for each text
        self.rooms: dict[str, RoomRules] = {}
        self.closed: Mapping[str, frozenset[str]] = MappingProxyType({})  # invite-only rooms, and the keys that enter
        self.alarm_until = 0.0
        self.lockdown_until = 0.0
        self.blocks: dict[str, dict[str, str]] = {}  # by account; names in lower case and as they are spelled
        self._places: dict[str, set[str]] = {}  # rooms in which a name has, or had, a role or an invitation
        self._lists: dict[tuple[str, str], Index] = {}  # of an answer's type and a room, or "" for all of it

    def apply(self, kept: Kept) -> None:
        """An act is in the log. A kind that this version does not know changes nothing."""
        change = _CHANGES.get(kept.act.do)
        if change is not None:
            change(self, kept)
        self._enter(kept)

    def _enter(self, kept: Kept) -> None:
        """Into the lists that are asked for. Whom somebody blocks is nobody else's business."""
        act = kept.act
        if act.do in (acts.BLOCK, acts.UNBLOCK):
            return
        kinds = ("audit", "reports") if act.do == acts.REPORT else ("audit",)
        for kind in kinds:
            for room in {"", act.room}:
                self._lists.setdefault((kind, room), Index()).add(kept.id)

    def page(self, kind: str, room: str, before: int | None, limit: int) -> tuple[Sequence[int], bool]:
        """The numbers of acts for a list: "audit" or "reports", of one room or of all."""
        return self._lists.get((kind, room), Index()).page(before, limit)

    # --- rooms ---

    def about(self, room: str) -> RoomRules:
        return self.rooms.get(room, PLAIN)

    def is_begun(self, room: str, last: int) -> bool:
        """Whether somebody has said something there, if the newest number of the room's log is that one."""
        return last > self.about(room).noted

    def _of(self, room: str) -> RoomRules:
        return self.rooms.setdefault(room, RoomRules())

    def _publish(self, room: str) -> None:
        """Who may enter an invite-only room has changed, or whether it is one."""
        rules = self._of(room)
        closed = dict(self.closed)
        closed.pop(room, None)
        if rules.mode == INVITE_ONLY:
            closed[room] = frozenset([*rules.invited, *rules.roles])
        self.closed = MappingProxyType(closed)

    def _room(self, kept: Kept) -> None:
        act = kept.act
        rules = self._of(act.room)
        rules.topic = rules.topic if act.text is None else act.text
        rules.slow = rules.slow if act.number is None else act.number
        rules.noted += act.noted
        if act.value in MODES:
            invited = rules.invited if rules.mode == INVITE_ONLY else set[str]()
            rules.mode = act.value
            rules.invited = invited | set(act.keys) if rules.mode == INVITE_ONLY else set()
            self._note_place(act.room, act.keys)
            self._publish(act.room)

    def _role(self, kept: Kept) -> None:
        act = kept.act
        rank = ROOM_RANKS.get(act.value or "")
        if rank is None:
            return
        roles = self._of(act.room).roles
        roles.pop(act.name.lower(), None)
        if rank:
            roles[act.name.lower()] = rank
            self._note_place(act.room, [act.name.lower()])
        self._publish_if_closed(act.room)

    def _invite(self, kept: Kept) -> None:
        self._of(kept.act.room).invited.update(kept.act.keys)
        self._note_place(kept.act.room, kept.act.keys)
        self._publish_if_closed(kept.act.room)

    def _publish_if_closed(self, room: str) -> None:
        if room in self.closed:
            self._publish(room)

    def _found(self, kept: Kept) -> None:
        self._of(kept.act.room).roles[kept.act.name.lower()] = Rank.OWNER
        self._note_place(kept.act.room, [kept.act.name.lower()])
        self._publish_if_closed(kept.act.room)

    def _note_place(self, room: str, keys: Iterable[str]) -> None:
        """So that an account that goes is found without a look at all rooms. Other keys than names have a blank."""
        for name in keys:
            if " " not in name:
                self._places.setdefault(name, set()).add(room)

    # --- people ---

    def _kick(self, kept: Kept) -> None:
        """Whoever is asked to leave an invite-only room needs a new invitation."""
        act = kept.act
        if act.room:
            self._of(act.room).invited.difference_update(act.keys)
            self._publish_if_closed(act.room)
        else:
            self.alarm_until = max(self.alarm_until, kept.ts + ALARM)

    def _ban(self, kept: Kept) -> None:
        self._sanction(kept)
        if kept.act.room:
            self._of(kept.act.room).roles.pop(kept.act.name.lower(), None)
        self._kick(kept)

    def _sanction(self, kept: Kept) -> None:
        self.sanctions.expire(self.clock())
        rule = rule_of(kept)
        if rule.holds(self.clock()):
            self.sanctions.add(rule)
        else:
            self.sanctions.lift(rule.subject)

    def _lift(self, kept: Kept) -> None:
        act = kept.act
        kind = acts.BAN if act.do == acts.UNBAN else acts.MUTE
        self.sanctions.lift((kind, act.room, act.name.lower() or act.address))

    def _lockdown(self, kept: Kept) -> None:
        self.lockdown_until = kept.act.until or 0.0

    def _block(self, kept: Kept) -> None:
        self.blocks.setdefault(kept.by.lower(), {})[kept.act.name.lower()] = kept.act.name

    def _unblock(self, kept: Kept) -> None:
        self.blocks.get(kept.by.lower(), {}).pop(kept.act.name.lower(), None)

    def _forget(self, kept: Kept) -> None:
        """The account is gone: whoever claims the name next inherits nothing."""
        name = kept.act.name.lower()
        self.blocks.pop(name, None)
        for room in self._places.pop(name, ()):
            self._of(room).roles.pop(name, None)
            self._of(room).invited.discard(name)
            self._publish_if_closed(room)

    def blocked_by(self, name: str) -> Mapping[str, str]:
        """Whom an account has blocked: by names in lower case."""
        return self.blocks.get(name.lower(), MappingProxyType({}))

    def newcomers_until(self) -> float:
        """Until when those without an account of some age are watched."""
        return max(self.alarm_until, self.lockdown_until)


_CHANGES: Final[Mapping[str, Callable[[Rulebook, Kept], None]]] = {
    acts.KICK: Rulebook._kick,
    acts.BAN: Rulebook._ban,
    acts.UNBAN: Rulebook._lift,
    acts.MUTE: Rulebook._sanction,
    acts.UNMUTE: Rulebook._lift,
    acts.ROOM: Rulebook._room,
    acts.ROLE: Rulebook._role,
    acts.FOUND: Rulebook._found,
    acts.INVITE: Rulebook._invite,
    acts.BLOCK: Rulebook._block,
    acts.UNBLOCK: Rulebook._unblock,
    acts.LOCKDOWN: Rulebook._lockdown,
    acts.FORGET: Rulebook._forget,
}
