"""The bans and mutes that hold now, and whom they are about. Pure: the time is passed in.

A person is known by keys: a name in lower case, a hashed token, a session. Addresses come in two ways. Those of the act
are networks and concern everybody who comes from there. Those where a banned person was seen concern only people
without an account, for a while: others may live behind the same one.
"""

from __future__ import annotations

import heapq
import ipaddress
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from server_parts.moderation.acts import BAN, MUTE, Kept

MOST: Final = 10_000  # bans and mutes of the whole server at once …
MOST_IN_ROOM: Final = 1_000  # … of one room …
MOST_IN_ROOMS: Final = 100_000  # … and of all rooms

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Who(NamedTuple):
    """Somebody who is looked for."""

    keys: tuple[str, ...]
    source: str = ""  # the address, of IPv6 the network; empty if it is this machine's own, which nobody bans
    account: bool = False


class Rule(NamedTuple):
    """A ban or a mute."""

    kind: str
    kept: Kept

    @property
    def subject(self) -> tuple[str, str, str]:
        """Two rules about the same are one: the later."""
        act = self.kept.act
        return self.kind, act.room, act.name.lower() or act.address

    def holds(self, now: float) -> bool:
        until = self.kept.act.until
        return until is None or now < until

    def holds_softly(self, now: float) -> bool:
        """Whether it still concerns people without an account who come from the same address."""
        soft = self.kept.act.soft
        return self.holds(now) and (soft is None or now < soft)


class Sanctions:
    """Owned by one thread."""

    def __init__(self) -> None:
        self._rules: dict[tuple[str, str, str], Rule] = {}
        self._ends: list[tuple[float, tuple[str, str, str], int]] = []
        self.bans: dict[str, dict[str, dict[int, Rule]]] = {}  # by room, the server's own under "", and by key
        self.mutes: dict[str, dict[str, dict[int, Rule]]] = {}
        self._networks: dict[int, tuple[Network, Rule]] = {}
        self._in: Counter[str] = Counter()  # how many there are, by room

    def __len__(self) -> int:
        return len(self._rules)

    def __iter__(self) -> Iterator[Rule]:
        """In the order they were made."""
        return iter(sorted(self._rules.values(), key=lambda rule: rule.kept.id))

    def has_room_for(self, room: str) -> bool:
        """Whether there may be one more in a room, or with "" on the server.

        They are counted apart: anybody may start rooms, and must not use up what operators need.
        """
        if not room:
            return self._in[""] < MOST
        return self._in[room] < MOST_IN_ROOM and len(self) - self._in[""] < MOST_IN_ROOMS

    # --- as it changes ---

    def add(self, rule: Rule) -> None:
        self.lift(rule.subject)
        self._rules[rule.subject] = rule
        self._in[rule.kept.act.room] += 1
        act = rule.kept.act
        if act.until is not None:
            heapq.heappush(self._ends, (act.until, rule.subject, rule.kept.id))
        network = _network(act.address) if act.address else None
        if network is not None:
            self._networks[rule.kept.id] = network, rule
        for key in _keys(rule):
            self._table(rule).setdefault(act.room, {}).setdefault(key, {})[rule.kept.id] = rule

    def lift(self, subject: tuple[str, str, str]) -> None:
        """End a rule, if there is such a one."""
        rule = self._rules.pop(subject, None)
        if rule is None:
            return
        self._networks.pop(rule.kept.id, None)
        table, room = self._table(rule), rule.kept.act.room
        self._in[room] -= 1
        if not self._in[room]:
            del self._in[room]
        for key in _keys(rule):
            del table[room][key][rule.kept.id]
            if not table[room][key]:
                del table[room][key]
            if not table[room]:
                del table[room]

    def _table(self, rule: Rule) -> dict[str, dict[str, dict[int, Rule]]]:
        return self.bans if rule.kind == BAN else self.mutes

    def expire(self, now: float) -> None:
        """Let go of what has come to its end; what asks about somebody does not rely on that."""
        while self._ends and self._ends[0][0] <= now:
            _, subject, id = heapq.heappop(self._ends)
            if subject in self._rules and self._rules[subject].kept.id == id:  # not of one that was replaced
                self.lift(subject)

    # --- what holds ---

    def find(self, kind: str, room: str, name: str, address: str = "") -> Rule | None:
        """The rule about a name or an address, if there is one."""
        return self._rules.get((kind, room, name.lower() or address))

    def ban(self, who: Who, room: str, now: float) -> Rule | None:
        """The ban that keeps somebody out of a room, or with "" out of the server."""
        found = self._look_up(self.bans.get(room), who, now)
        return found or (self._network_ban(who.source, room, now) if who.source and self._networks else None)

    def mute(self, who: Who, room: str, now: float) -> Rule | None:
        """The mute that keeps somebody from speaking in a room: the server's, or the room's own."""
        found = self._look_up(self.mutes.get(""), who, now)
        return found or (self._look_up(self.mutes.get(room), who, now) if room else None)

    @staticmethod
    def _look_up(by_key: dict[str, dict[int, Rule]] | None, who: Who, now: float) -> Rule | None:
        if by_key is None:
            return None
        for key in who.keys:
            for rule in by_key.get(key, {}).values():
                if rule.holds(now):
                    return rule
        if who.account or not who.source:
            return None
        softly = by_key.get(_at(who.source), {}).values()
        return next((rule for rule in softly if rule.holds_softly(now)), None)

    def _network_ban(self, source: str, room: str, now: float) -> Rule | None:
        there = ipaddress.ip_network(source)
        for network, rule in self._networks.values():
            applies = rule.kept.act.room == room and rule.holds(now)
            if applies and network.version == there.version and there.overlaps(network):
                return rule
        return None


def _network(address: str) -> Network | None:
    try:
        return ipaddress.ip_network(address)
    except ValueError:  # in a form that this version does not know
        return None


def _keys(rule: Rule) -> list[str]:
    return [*rule.kept.act.keys, *map(_at, rule.kept.act.sources)]


def _at(source: str) -> str:
    return f"at {source}"


def rule_of(kept: Kept) -> Rule:
    """The rule that an act makes."""
    return Rule(BAN if kept.act.do == BAN else MUTE, kept)
