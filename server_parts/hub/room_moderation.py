"""What is decided about one room: its settings, its roles, who is invited, which texts go.

Run only by the hub's thread. It must not know sockets.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Final

from chat_common import LOBBY, Frame
from server_parts.hub.acting import Acting, Person, last_owner
from server_parts.hub.amending import Amending, act_of
from server_parts.hub.state import HubState
from server_parts.moderation import acts
from server_parts.moderation.acts import Act
from server_parts.moderation.ranks import ROOM_RANKS, Rank
from server_parts.moderation.rulebook import INVITE_ONLY
from server_parts.moderation.sentences import with_article
from server_parts.people.allowance import Allowance
from server_parts.people.clients import Client
from server_parts.people.described import settings_of
from server_parts.people.permissions import outranked, rank_in
from server_parts.people.restraint import keys_to_invite
from server_parts.protocol import changes, events, moderation_events
from server_parts.protocol import moderation_requests as ask
from server_parts.protocol.changes import Change
from server_parts.protocol.entries import deletion
from server_parts.protocol.plain_moderation_lines import LINES
from server_parts.protocol.requests import Refusal
from server_parts.storage.records import DELETE, About, Draft

CHANGES: Final = 1_000  # of settings, roles and invitations, that one person may make in a day


class RoomModeration:
    def __init__(self, state: HubState, acting: Acting, amending: Amending) -> None:
        self._amending = amending
        self._live_rooms = state.live_rooms
        self._batch = state.batch
        self._rules = state.rules
        self._acting = acting
        self._changes = Allowance(CHANGES, "changes of rooms")

    def _may_change(self, client: Client) -> bool:
        return not self._changes.is_used_up(client, time.monotonic())

    # --- settings ---

    def set_room(self, client: Client, wanted: ask.SetRoom) -> None:
        room = wanted.room
        if room == LOBBY and wanted.mode == INVITE_ONLY:
            client.tell(Refusal("bad_field", "the lobby is for everybody: it cannot be invite-only", "mode").frame())
            return
        if wanted.mode not in (None, INVITE_ONLY) and room in self._rules.closed and not wanted.sure:
            text = f"everybody would see {room}, also what was said there so far: repeat it if you mean it"
            client.tell(Refusal("sure_needed", text, "sure").frame())
            return
        change = self._differing(wanted)
        if not change.fields():
            client.tell(events.notice(f"{room} is set so already"))
        elif self._may_change(client):
            members = self._members(room)
            ts = self._change(client, room, change, members)
            self._tell_settings(client, room, members, ts)

    def _differing(self, wanted: ask.SetRoom) -> Change:
        """What is to be another one than it is. Act and entry are made of it, so that they tell the same story."""
        now = self._rules.about(wanted.room)
        return Change(
            None if wanted.topic == now.topic else wanted.topic,
            None if wanted.mode == now.mode else wanted.mode,
            None if wanted.slow == now.slow else wanted.slow,
        )

    def _change(self, client: Client, room: str, change: Change, members: Iterable[Client]) -> float:
        """Keep the act, and with it an entry of the room, for those who are not there. Returns when it was."""
        topic, mode, slow = change
        stay = {key: None for one in members for key in keys_to_invite(one)} if mode == INVITE_ONLY else {}
        act = Act(acts.ROOM, room=room, text=topic, value=mode, number=slow, keys=tuple(stay), noted=1)
        now = round(self._rules.clock(), 3)
        entry = Draft(room, now, client.name, client.color, [changes.written(change)], "", 0, changes.ABOUT)
        self._acting.record(client.name, act, [entry])
        return now

    def _tell_settings(self, client: Client, room: str, members: list[Client], ts: float) -> None:
        """All who are there, and whoever has set it: people who read lines are shown the entry, if they get it."""
        frame = moderation_events.room(room, settings_of(room, self._rules), client.name, ts)
        self._live_rooms.tell_room(room, frame, client)
        if client.encoder.is_for_people and client not in members:
            client.tell(events.notice(*LINES["room"](frame)))

    def _members(self, room: str) -> list[Client]:
        live = self._live_rooms.rooms.get(room)
        return list(live.members) if live is not None else []

    @staticmethod
    def _tell(clients: Iterable[Client], frame: Frame) -> None:
        for one in dict.fromkeys(clients):
            one.tell(frame)

    # --- roles and invitations ---

    def set_role(self, client: Client, wanted: ask.SetRoomRole) -> None:
        person = self._acting.find(wanted.name)
        if person is None or not person.account:
            text = f"{wanted.name} has no account: only people with one have a role"
            client.tell(Refusal("no_such_user", text, "name").frame())
            return
        refusal = self._may_give(client, person, wanted)
        if refusal is not None:
            client.tell(refusal.frame())
            return
        if not self._may_change(client):
            return
        self._acting.record(client.name, Act(acts.ROLE, person.name, room=wanted.room, value=wanted.role))
        text = f"{person.name} is now {with_article(wanted.role)} of {wanted.room}, by {client.name}"
        self._tell([client, *self._hearers(client, person)], events.notice(text))

    def _may_give(self, client: Client, person: Person, wanted: ask.SetRoomRole) -> Refusal | None:
        """Roles below one's own, to those below oneself. An owner may make another one, and anybody may step down."""
        own = rank_in(client, wanted.room, self._rules)
        new = ROOM_RANKS[wanted.role]
        if (
            client in person.connections
            and new < Rank.OWNER
            and (refusal := last_owner(wanted.room, person.name, self._rules))
        ):
            return refusal
        if client in person.connections and new < own and own < Rank.OPERATOR:
            return None
        if new == Rank.VOICE < self._rules.about(wanted.room).roles.get(person.name.lower(), Rank.MEMBER):
            return Refusal(
                "not_allowed", f"{person.name} has more rights in {wanted.room} than a voice already", "role"
            )
        if new >= own and not (new == own == Rank.OWNER):
            return Refusal("not_allowed", f"you cannot make somebody {wanted.role} of {wanted.room}", "role")
        rank = self._rules.about(wanted.room).roles.get(person.name.lower(), Rank.MEMBER)
        if client in person.connections:
            return None  # an operator, of a room
        return outranked(
            client, max(rank, self._acting.rank(person, wanted.room)), person.name, wanted.room, self._rules
        )

    def _hearers(self, client: Client, person: Person) -> Sequence[Client]:
        """The connections of somebody who has not blocked this client."""
        blocked = client.name.lower() in self._rules.blocked_by(person.name)
        return () if blocked else person.connections

    def invite(self, client: Client, wanted: ask.InviteToRoom) -> None:
        room = wanted.room
        person = self._acting.find(wanted.name)
        refusal = self._may_invite(client, wanted, person)
        if refusal is not None:
            client.tell(refusal.frame())
            return
        assert person is not None
        keys = {person.name.lower()} if person.account else set[str]()
        keys |= {key for one in person.connections for key in keys_to_invite(one)}
        if keys <= self._rules.about(room).invited:
            client.tell(events.notice(f"{person.name} is invited to {room} already"))
            return
        if self._may_change(client):
            self._acting.record(client.name, Act(acts.INVITE, person.name, room=room, keys=tuple(sorted(keys))))
            client.tell(events.notice(f"{person.name} is invited to {room}"))
            self._tell(self._hearers(client, person), events.notice(f"{client.name} invites you to {room}"))

    def _may_invite(self, client: Client, wanted: ask.InviteToRoom, person: Person | None) -> Refusal | None:
        if self._rules.about(wanted.room).mode != INVITE_ONLY:
            return Refusal("bad_field", f"{wanted.room} is not invite-only: nobody needs an invitation", "room")
        if person is None or not (person.account or person.connections):
            return Refusal("no_such_user", f"there is nobody called {wanted.name}", "name")
        return None

    # --- texts ---

    def delete(self, client: Client, wanted: ask.Delete) -> None:
        """Take a text away. That is an act, and an entry of the room, so that who is not there learns of it."""
        self._batch.commit()
        about = About(DELETE, wanted.id)
        message = self._amending.target(client, wanted.room, about)
        if isinstance(message, Refusal):
            client.tell(Refusal("bad_field", message.text, "id").frame())
            return
        refusal = self._amending.deletion_refusal(client, message)
        if refusal is not None:
            client.tell(refusal.frame())
            return
        now = round(self._rules.clock(), 3)
        entry = Draft(wanted.room, now, client.name, client.color, [deletion(wanted.id)], "", 0, about)
        self._acting.record(client.name, act_of(message), [entry])
        frame = moderation_events.deleted(wanted.room, wanted.id, client.name)
        self._live_rooms.tell_room(wanted.room, frame, client)
