"""Slow mode: when each person said the last thing in a slow room. Owned by the hub; the time is passed in."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from chat_common import lasting
from server_parts.moderation.ranks import Rank
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client, Session
from server_parts.people.permissions import rank_in
from server_parts.people.restraint import source_to_ban
from server_parts.protocol.requests import Refusal

MOST_REMEMBERED: Final = 10_000  # people and rooms


class _Said(NamedTuple):
    when: float
    session: str
    seq: int


class SlowMode:
    def __init__(self, rules: Rulebook) -> None:
        self._rules = rules
        self._said: OrderedDict[tuple[str, str], _Said] = OrderedDict()

    def applies(self, client: Client, room: str) -> bool:
        """Whether each text of that client is to be looked at in that room."""
        rules = self._rules.rooms.get(room)
        return rules is not None and rules.slow > 0 and rank_in(client, room, self._rules) < Rank.MODERATOR

    def refusal(self, client: Client, session: Session, room: str, seq: int, now: float) -> Refusal | None:
        """Why that text comes too soon after the last one; None if it does not, and then it is noted."""
        refusal = self.too_soon(client, session, room, seq, now)
        if refusal is None:
            for name in known_as(client, session):
                self._remember((room, name), _Said(now, session.key, seq))
        return refusal

    def too_soon(self, client: Client, session: Session, room: str, seq: int, now: float) -> Refusal | None:
        """The same, and nothing is noted."""
        pause = self._rules.about(room).slow
        left = max(self._left((room, name), session, seq, pause, now) for name in known_as(client, session))
        if left <= 0:
            return None
        text = f"{room} is in slow mode: one message in {lasting(pause)}; wait {lasting(left)}"
        return Refusal("slow_mode", text, "room", seq)

    def _left(self, key: tuple[str, str], session: Session, seq: int, pause: float, now: float) -> float:
        said = self._said.get(key)
        # The same text once more, because the log could not be written: it was never said.
        again = said is not None and (said.session, said.seq) == (session.key, seq)
        return 0.0 if said is None or again else said.when + pause - now

    def note(self, room: str, key: str, when: float, session: str, seq: int) -> None:
        """Somebody who is known as that has said something then, perhaps at another server."""
        said = self._said.get((room, key))
        if said is None or said.when < when:
            self._remember((room, key), _Said(when, session, seq))

    def _remember(self, key: tuple[str, str], said: _Said) -> None:
        self._said[key] = said
        self._said.move_to_end(key)
        if len(self._said) > MOST_REMEMBERED:
            self._said.popitem(last=False)


def by_source(source: str) -> str:
    return f"at {source}"


def known_as(client: Client, session: Session) -> list[str]:
    """People without an account are one by their address: with a new session each, they would never have to wait.

    Those of this machine's own addresses cannot be told apart by them: there, a session counts. Whose name is about to
    be an account is known by both.
    """
    if client.trusted:
        return [client.name.lower()]
    source = source_to_ban(client)
    own = by_source(source) if source else session.key
    return [own, client.name.lower()] if client.claiming else [own]
