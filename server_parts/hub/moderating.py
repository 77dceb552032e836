"""Kicks, bans, mutes and the lockdown, carried out. Run only by the hub's thread.

An act is kept first; then whoever it concerns is told and removed. Who may ask for it, `people.permissions` has said;
that nobody acts on equals and superiors is looked at here, with its help. It must not know sockets.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from typing import Final

from chat_common import instant
from server_parts.hub.acting import NOT_ONESELF, Acting, Person, last_owner
from server_parts.hub.departures import Departures
from server_parts.hub.state import HubState
from server_parts.moderation import acts, sentences
from server_parts.moderation.acts import Act, Kept
from server_parts.moderation.ranks import Rank
from server_parts.moderation.sanctions import Rule, Sanctions, rule_of
from server_parts.people import restraint
from server_parts.people.allowance import Allowance
from server_parts.people.clients import Client, Room
from server_parts.people.permissions import is_hit, outranked, rank_in
from server_parts.people.roles import Role
from server_parts.protocol import events
from server_parts.protocol import moderation_requests as ask
from server_parts.protocol.requests import Refusal

SOFT: Final = 3_600.0  # seconds for which the address of a banned account counts for people without one
SHARE: Final = 0.2  # of those present: a ban that hits more of them must be repeated
DECISIONS: Final = 1_000  # kicks, bans, mutes and their ends, by one person who is no operator, in a day
WIDEST: Final = {4: 16, 6: 32}  # networks that are wider must be repeated too


class Moderating:
    def __init__(self, state: HubState, departures: Departures, acting: Acting) -> None:
        self._live_rooms = state.live_rooms
        self._departures = departures
        self._acting = acting
        self._rules = state.rules
        self._decisions = Allowance(DECISIONS, "kicks, bans and mutes")

    # --- kicks ---

    def kick(self, client: Client, kick: ask.Kick) -> None:
        person = self._acting.find_lower(client, kick.name, kick.room)
        if isinstance(person, Refusal):
            client.tell(person.frame())
            return
        room = self._live_rooms.rooms.get(kick.room or "")
        here = [one for one in person.connections if kick.room is None or (room is not None and one in room.members)]
        if not here:
            where = f" in {kick.room}" if kick.room else ""
            client.tell(Refusal("no_such_user", f"there is nobody called {kick.name}{where} to kick", "name").frame())
            return
        if self._decisions.is_used_up(client, time.monotonic()):
            return
        act = Act(acts.KICK, person.name, room=kick.room or "", reason=kick.reason, keys=person.keys)
        number = self._acting.record(client.name, act)
        because = sentences.because(kick.reason)
        where = f" from {kick.room}" if kick.room else ""
        client.tell(events.notice(f"{person.name} was kicked{where}{because}"))
        sentence = f"you were removed{f' from {kick.room}' if kick.room else ''} by {client.name}{because}"
        self._remove(here, room, "kicked", sentence, number)

    def _remove(
        self, connections: Sequence[Client], room: Room | None, code: str, sentence: str, kick: int | None = None
    ) -> None:
        """From a room, or without one from the server. `kick`: the number of the act."""
        for one in connections:
            if room is None:
                self._departures.disconnect(one, code, sentence, retry=False)
            elif one in room.members:
                one.tell(events.notice(sentence))
                self._live_rooms.leave(one, room, kick)
                one.tell(events.presence(room.name, {"left": [one.name]}, room.people))

    # --- bans ---

    def ban(self, client: Client, ban: ask.Ban) -> None:
        act = self._ban_of(client, ban)
        if isinstance(act, Refusal):
            client.tell(act.frame())
            return
        hit, present = self._would_hit(client, act)
        people = {one.name.lower() for one in hit}
        count = f"{len(people)} of {len(present)} people who are here"
        if ban.test:
            client.tell(events.notice(f"that ban would affect {count}"))
            return
        problem = None if ban.sure else self._needs_sure(client, act, people, len(present))
        if problem is not None:
            text = f"{problem} ({count}): repeat it if you mean it"
            client.tell(Refusal("sure_needed", text, "sure").frame() | {"hits": len(people)})
            return
        if self._decisions.is_used_up(client, time.monotonic()):
            return
        room = self._live_rooms.rooms.get(ban.room) if ban.room else None
        self._acting.record(client.name, act)
        client.tell(events.notice(self._what_was_banned(client, act)))
        if room is not None or not ban.room:  # those elsewhere are let go where they are (acts_heard.py)
            here = [one for one in hit if not one.is_distant]
            self._remove(here, room, "banned", sentences.banned_by(client.name, act))

    def _ban_of(self, client: Client, ban: ask.Ban) -> Act | Refusal:
        """The act that a ban makes, or why it makes none."""
        rank = rank_in(client, ban.room, self._rules)
        now = self._rules.clock()
        until = None if ban.seconds is None else now + ban.seconds
        act = Act(acts.BAN, room=ban.room or "", until=until, reason=ban.reason, rank=rank)
        if ban.address is not None:
            if ipaddress.ip_network(ban.address).is_loopback:
                return Refusal("bad_field", "this machine's own addresses are never banned", "address")
            act = act._replace(address=ban.address)
        else:
            person = self._acting.find(ban.name or "")
            if person is None:
                return Refusal("no_such_user", f"there is nobody called {ban.name}", "name")
            refusal = self._may_ban(client, person, ban.room)
            if refusal is not None:
                return refusal
            soft = None if not person.account else now + SOFT
            act = act._replace(name=person.name, keys=person.keys, sources=person.sources, soft=soft)
        return self._replaces(act, acts.BAN) or act

    def _may_ban(self, client: Client, person: Person, room: str | None) -> Refusal | None:
        """Oneself, if one is sure of it and leaves no room without an owner; else nobody of the same rank or above."""
        if client in person.connections:
            if client.is_owner:
                return NOT_ONESELF
            return last_owner(room, person.name, self._rules) if room is not None else None
        return outranked(client, self._acting.rank(person, room), person.name, room, self._rules)

    def _replaces(self, act: Act, kind: str) -> Refusal | None:
        """Why a rule may not take the place of the one that holds: a superior made that; or there are too many."""
        self._rules.sanctions.expire(self._rules.clock())
        earlier = self._rules.sanctions.find(kind, act.room, act.name, act.address)
        if earlier is not None:
            return self._made_by_superior(earlier, act.rank)
        return None if self._rules.sanctions.has_room_for(act.room) else _full(act.room)

    @staticmethod
    def _made_by_superior(rule: Rule, rank: int) -> Refusal | None:
        if rule.kept.act.rank <= rank:
            return None
        return Refusal("not_allowed", f"that {rule.kind} was made by {rule.kept.by}: you cannot change it", "name")

    def _would_hit(self, client: Client, act: Act) -> tuple[list[Client], set[str]]:
        """The connections that a ban would end, or remove from its room, and the names of all who are there.

        Operators are hit by their name alone.
        """
        trial = Sanctions()
        trial.add(rule_of(Kept(1, self._rules.clock(), "", act)))
        now = self._rules.clock()
        room = self._live_rooms.rooms.get(act.room)
        everyone = list(room.members) if room is not None else []
        if not act.room:
            everyone = self._live_rooms.names.connections()
        everyone = [one for one in everyone if not one.is_owner]
        hit = [
            one
            for one in everyone
            if trial.ban(restraint.who(one), act.room, now) is not None and is_hit(one, act, self._rules)
        ]
        return hit, {one.name.lower() for one in everyone}

    def _needs_sure(self, client: Client, act: Act, people: set[str], present: int) -> str | None:
        """Why a ban has to be repeated before it counts."""
        if client.name.lower() in people or self._is_in(client, act.address):
            return "that ban would affect you too"
        network = ipaddress.ip_network(act.address) if act.address else None
        if network is not None and network.prefixlen < WIDEST[network.version]:
            return f"that is a very large network: /{network.prefixlen} < /{WIDEST[network.version]}"
        if len(people) > 1 and len(people) > SHARE * present:
            return "that ban would affect many people"
        return None

    @staticmethod
    def _is_in(client: Client, address: str) -> bool:
        source = restraint.source_to_ban(client)
        if not source or not address:
            return False
        there, network = ipaddress.ip_network(source), ipaddress.ip_network(address)
        return there.version == network.version and there.overlaps(network)

    def _what_was_banned(self, client: Client, act: Act) -> str:
        """With the addresses for operators only: anybody may start a room, and ban people from it."""
        length = sentences.until(act.until) or " for good"
        place = sentences.place(act.room)
        if act.address:
            return f"{sentences.shown(act.address)} is banned from {place}{length}"
        where = ", ".join(act.sources) if client.role >= Role.OPERATOR or not act.sources else "the same address"
        if not where:  # this machine's own addresses are never banned
            by = "with all devices of the account" if act.soft is not None else "by name and session, not by address"
            return f"{act.name} is banned from {place}{length}, {by}"
        if act.soft is None:
            return f"{act.name} is banned from {place}{length}, and with them people without an account from {where}"
        soft = instant(min(act.soft, act.until or act.soft))
        also = f"people without an account from {where} until {soft}"
        return f"{act.name} is banned from {place}{length}, with all devices of the account; and {also}"

    def unban(self, client: Client, unban: ask.Unban) -> None:
        address = unban.address or ""
        act = Act(acts.UNBAN, unban.name or "", address, unban.room or "")
        self._lift(client, act, acts.BAN)

    # --- mutes ---

    def mute(self, client: Client, mute: ask.Mute) -> None:
        person = self._acting.find_lower(client, mute.name, mute.room)
        if isinstance(person, Refusal):
            client.tell(person.frame())
            return
        now = self._rules.clock()
        until = None if mute.seconds is None else now + mute.seconds
        act = Act(acts.MUTE, person.name, "", mute.room or "", until, mute.reason, keys=person.keys)
        act = act._replace(rank=rank_in(client, mute.room, self._rules))
        if not person.account:
            act = act._replace(sources=person.sources)
        if refusal := self._replaces(act, acts.MUTE):
            client.tell(refusal.frame())
            return
        if self._decisions.is_used_up(client, time.monotonic()):
            return
        self._acting.record(client.name, act)
        rule = Rule(acts.MUTE, Kept(0, now, client.name, act))
        where = f" in {mute.room}" if mute.room else ""
        client.tell(events.notice(f"{person.name} is muted{where}{sentences.until(until) or ' for good'}"))
        self._tell(person.connections, mute.room, f"{client.name}: {sentences.muted(rule)}")

    def unmute(self, client: Client, unmute: ask.Unmute) -> None:
        if self._lift(client, Act(acts.UNMUTE, unmute.name, room=unmute.room or ""), acts.MUTE):
            where = f" in {unmute.room}" if unmute.room else ""
            bearers = self._live_rooms.names.bearers(unmute.name)
            self._tell(bearers, unmute.room, f"you are not muted{where} any more")

    def _tell(self, connections: Sequence[Client], room: str | None, text: str) -> None:
        """Those it concerns: in a room, if it is about a room."""
        for one in connections:
            if room is None or room in one.rooms:
                one.tell(events.notice(text))

    def _lift(self, client: Client, act: Act, kind: str) -> bool:
        """End a ban or a mute, whether whoever it is about is here or not."""
        self._rules.sanctions.expire(self._rules.clock())
        rule = self._rules.sanctions.find(kind, act.room, act.name, act.address)
        whom = act.name or sentences.shown(act.address)
        rank: Rank = rank_in(client, act.room or None, self._rules)
        if rule is None:
            refusal = Refusal(
                "no_such_ban",
                f"there is no {kind} of {whom} {'in' if act.room else 'on'} {sentences.place(act.room)}",
                "name",
            )
            client.tell(refusal.frame())
            return False
        if refused := self._made_by_superior(rule, rank):
            client.tell(refused.frame())
            return False
        if self._decisions.is_used_up(client, time.monotonic()):
            return False
        self._acting.record(client.name, act)
        client.tell(events.notice(f"the {kind} of {whom} is lifted"))
        return True

    # --- the whole server ---

    def lockdown(self, client: Client, lockdown: ask.Lockdown) -> None:
        now = self._rules.clock()
        until = now + lockdown.seconds if lockdown.seconds else None
        self._acting.record(client.name, Act(acts.LOCKDOWN, until=until))
        end = sentences.until(until)
        text = f"new people need an invitation{end}" if until else "the lockdown is over: new people may come in"
        client.tell(events.notice(text))


def _full(room: str) -> Refusal:
    place = f"in {room}" if room else "on this server"
    return Refusal("too_many", f"too many bans and mutes hold {place} already: lift some first", "type")
