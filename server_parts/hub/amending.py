"""Whether a text may speak of another message: answer it, change it, take it away. Run only by the hub's thread.

What it does to that message, the log sees to. It must not know sockets, nor how entries are stored.
"""

from __future__ import annotations

import time
from typing import Final, NamedTuple

from chat_common import partners
from server_parts.hub.acting import Acting
from server_parts.hub.state import HubState
from server_parts.moderation import acts
from server_parts.moderation.acts import Act
from server_parts.people.allowance import Allowance
from server_parts.people.clients import Client
from server_parts.people.permissions import amend_refusal, floor_of, is_old, outranked
from server_parts.protocol import moderation_events
from server_parts.protocol.changes import is_change
from server_parts.protocol.entries import LAST_OWN
from server_parts.protocol.requests import Refusal, Say
from server_parts.storage.amending import MOST_REACTIONS, can_be_meant, reaction_of
from server_parts.storage.records import DELETE, REACT, About, Message

DELETIONS: Final = 10_000  # of others' messages, that one person may make in a day: they may be those of a flood


class Allowed(NamedTuple):
    """What an entry speaks of. `judged`: the message, if it is taken away by the right of a moderator."""

    about: About
    judged: Message | None = None


class Amending:
    def __init__(self, state: HubState, acting: Acting) -> None:
        self._store = state.store
        self._batch = state.batch
        self._rules = state.rules
        self._acting = acting
        self._deletions = Allowance(DELETIONS, "deleted messages")

    def make_way(self, client: Client, say: Say) -> None:
        """Before such a text is counted: what waits to be stored may decide about it, and is stored first.

        Edits and reactions decide nothing: a crowd of them at one message does not make others wait for as many writes.
        """
        assert say.about is not None
        if say.about.id == LAST_OWN:
            is_decided = self._batch.has_words_of(client)
        else:
            is_decided = self._batch.takes_away(client.resolve(say.room), say.about.id)
        if is_decided:
            self._batch.commit()

    def judge(self, client: Client, room: str, about: About, text: str) -> Allowed | Refusal:
        """Whether the client, who is in that room, may say this now."""
        if about.id == LAST_OWN:
            about = about._replace(id=client.said_last.get(room, LAST_OWN))
        target = self.target(client, room, about)
        if isinstance(target, Refusal):
            return target
        now = self._rules.clock()
        is_own = self._is_own(client, target)
        refusal = amend_refusal(client, about.kind, target, is_own=is_own, now=now, rules=self._rules)
        if refusal is not None:
            return refusal
        if about.kind == REACT and self._is_full(client, target, text):
            return Refusal("too_many", f"{MOST_REACTIONS} people have reacted to message #{about.id}", about.kind)
        is_judged = about.kind == DELETE and not (is_own and not is_old(target, now))
        refusal = self.deletion_refusal(client, target) if is_judged else None
        return refusal or Allowed(about, target if is_judged else None)

    def target(self, client: Client, room: str, about: About) -> Message | Refusal:
        """The message that is meant, if such an entry may speak of it and the client may know of it."""
        message = self._store.said(room, about.id)
        if message is None or not self._may_know(client, message):
            return _no_such_message(about, room)
        if can_be_meant(message, about.kind):
            return message
        return _is_a_change(about) if is_change(message) else _no_such_message(about, room)

    def _may_know(self, client: Client, message: Message) -> bool:
        """Not what was said in private to somebody who bore the name before."""
        if not partners(message.room) or client.is_owner or self._has_said(client, message):
            return True
        floor = floor_of(client, self._store, message.room)
        if floor is not None:
            return message.id > floor
        return message.id > client.floors.get(message.room, message.id)

    @staticmethod
    def _has_said(client: Client, message: Message) -> bool:
        return client.session is not None and message.session != "" and message.session == client.session.key

    def _is_own(self, client: Client, message: Message) -> bool:
        """Said in the same session; or by the account that has the name, and not by somebody who bore it before."""
        if is_change(message):
            return False  # whoever made it need not be a moderator any more
        if self._has_said(client, message):
            return True
        if not client.trusted or message.sender.lower() != client.name.lower():
            return False
        account = self._store.account(client.name)
        if account is None or account.id != client.account:
            return False
        if account.since is None or account.since <= message.ts:
            return True
        # The message with which an account was made is older than it.
        return message.session != "" and account.has(self._store.session(message.session).owner)

    @staticmethod
    def _is_full(client: Client, message: Message, text: str) -> bool:
        reactions = message.fate.reactions if message.fate is not None else ()
        has_one = any(name.lower() == client.name.lower() for name, _ in reactions)
        return bool(reaction_of(text)) and not has_one and len(reactions) >= MOST_REACTIONS

    # --- by the right of a moderator ---

    def deletion_refusal(self, client: Client, message: Message) -> Refusal | None:
        """Why a moderator may not delete a message: one's own may go, and those of people one may act on."""
        if message.sender.lower() != client.name.lower():
            person = self._acting.find(message.sender)
            rank = None if person is None else self._acting.rank(person, message.room)
            if person is not None and rank is not None:
                refusal = outranked(client, rank, person.name, message.room, self._rules)
                if refusal is not None:
                    return refusal
        return self._deletions.refusal(client, time.monotonic())

    def note(self, client: Client, message: Message) -> None:
        """Such a deletion is an act, which is kept together with it; what old clients are told of it, they are told."""
        draft = acts.draft_of(client.name, act_of(message), self._rules.clock())
        self._batch.decide(draft, message.room, moderation_events.deleted(message.room, message.id, client.name))


def _no_such_message(about: About, room: str) -> Refusal:
    if about.id == LAST_OWN:
        return Refusal("no_such_message", f"you have not said anything in {room} lately", about.kind)
    return Refusal("no_such_message", f"there is no message #{about.id} in {room}", about.kind)


def _is_a_change(about: About) -> Refusal:
    text = f"message #{about.id} tells of a change of the room: it can only be answered, and deleted by moderators"
    return Refusal("no_such_message", text, about.kind)


def act_of(message: Message) -> Act:
    return Act(acts.DELETE, message.sender, room=message.room, number=message.id)
