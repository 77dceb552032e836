"""What everybody may do against others: block them, and report them. Run only by the hub's thread.

It must not know sockets.
"""

from __future__ import annotations

import time
from typing import Final

from chat_common import partners
from server_parts.hub.acting import Acting
from server_parts.hub.state import HubState
from server_parts.moderation import acts
from server_parts.moderation.acts import Act
from server_parts.moderation.ranks import Rank
from server_parts.people.allowance import Allowance
from server_parts.people.clients import Client
from server_parts.people.permissions import floor_of, may_know, rank_in
from server_parts.people.roles import Role
from server_parts.protocol import events, moderation_events
from server_parts.protocol import moderation_requests as ask
from server_parts.protocol.changes import text_of
from server_parts.protocol.requests import Refusal
from server_parts.storage.records import Message

MOST_BLOCKED: Final = 1_000  # names, by one account
BLOCKS: Final = 1_000  # blocks and their ends, that one account may make in a day …
REPORTS: Final = 20  # … and reports, by one account or address
QUOTED: Final = 500  # characters of a text that is reported


class Complaints:
    def __init__(self, state: HubState, acting: Acting) -> None:
        self._store = state.store
        self._names = state.live_rooms.names
        self._live_rooms = state.live_rooms
        self._batch = state.batch
        self._rules = state.rules
        self._acting = acting
        self._blocks = Allowance(BLOCKS, "blocks")
        self._reports = Allowance(REPORTS, "reports")

    # --- blocks ---

    def block(self, client: Client, block: ask.Block) -> None:
        blocked = self._rules.blocked_by(client.name)
        if block.name is None:
            client.tell(moderation_events.blocked(sorted(blocked.values(), key=str.lower)))
            return
        refusal = self._may_block(client, block.name) or self._blocks.refusal(client, time.monotonic())
        if refusal is not None:
            client.tell(refusal.frame())
            return
        if block.name.lower() not in blocked:
            self._acting.record(client.name, Act(acts.BLOCK, block.name))
        client.tell(events.notice(f"you no longer get private messages from {block.name}"))

    def _may_block(self, client: Client, name: str) -> Refusal | None:
        if name.lower() == client.name.lower():
            return Refusal("not_allowed", "you cannot block yourself", "name")
        if any(one.role >= Role.OPERATOR for one in self._names.bearers(name)):
            return Refusal("not_allowed", f"{name} runs this server and cannot be blocked", "name")
        if self._acting.find(name) is None:
            return Refusal("no_such_user", f"there is nobody called {name}", "name")
        if len(self._rules.blocked_by(client.name)) >= MOST_BLOCKED:
            return Refusal("too_many", f"you have blocked {MOST_BLOCKED} names: unblock some first", "name")
        return None

    def unblock(self, client: Client, unblock: ask.Unblock) -> None:
        if unblock.name.lower() not in self._rules.blocked_by(client.name):
            client.tell(Refusal("no_such_ban", f"you have not blocked {unblock.name}", "name").frame())
            return
        self._acting.record(client.name, Act(acts.UNBLOCK, unblock.name))
        client.tell(events.notice(f"{unblock.name} may write to you again"))

    # --- reports ---

    def report(self, client: Client, report: ask.Report) -> None:
        self._batch.commit()
        room = client.resolve(report.room)
        message = None if report.id is None else self._message(client, room, report.id)
        refusal = self._may_report(client, room, report, message)
        refusal = refusal or self._reports.refusal(client, time.monotonic())
        if refusal is not None:
            client.tell(refusal.frame())
            return
        name = message.sender if message is not None else report.name or ""
        text = text_of(message)[:QUOTED] if message is not None else None
        act = Act(acts.REPORT, name, room=room, reason=report.reason, text=text, number=report.id)
        self._acting.record(client.name, act)
        client.tell(events.notice("thank you: the moderators have your report"))
        what = f"message #{report.id} of {name}" if message is not None else name or "something"
        told = f"{client.name} reports {what} in {room}: {report.reason}"
        for one in self._names.connections():
            if one is not client and rank_in(one, room, self._rules) >= Rank.MODERATOR:
                one.tell(events.notice(told))

    def _may_report(self, client: Client, room: str, report: ask.Report, message: Message | None) -> Refusal | None:
        """What nobody may see is, to whoever asks, not there."""
        known = bool(self._store.last(room)) or room in self._live_rooms.rooms
        if not known or not may_know(client, room, self._rules):
            return Refusal("bad_room", f"there is no room {report.room}", "room")
        if report.id is not None and message is None:
            return Refusal("bad_field", f"there is no message #{report.id} in {report.room}", "id")
        if report.id is None and report.name is not None and self._acting.find(report.name) is None:
            return Refusal("no_such_user", f"there is nobody called {report.name}", "name")
        return None

    def _message(self, client: Client, room: str, id: int) -> Message | None:
        """A message that this client may read, or has heard just now in private."""
        floor = floor_of(client, self._store, room)
        if floor is None and not (partners(room) and room in client.rooms):
            return None
        return self._store.said(room, id) if id > (floor or 0) else None
