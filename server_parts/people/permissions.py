"""Who may ask for what: one table, looked at once for each request, before it is carried out.

Run by the hub's thread; for what only reads, by a client's reader, which may look at what the rulebook says is for any
thread. It must not know sockets, live rooms or how a request is carried out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from chat_common import LOBBY, instant, lasting, partners
from server_parts.moderation import sentences
from server_parts.moderation.acts import Act
from server_parts.moderation.ranks import WORDS, Rank
from server_parts.moderation.rulebook import MODERATED, READ_ONLY, Rulebook
from server_parts.people import restraint
from server_parts.people.clients import Client
from server_parts.people.newcomers import is_newcomer
from server_parts.people.roles import Role
from server_parts.protocol import account_requests as account
from server_parts.protocol import file_requests as file
from server_parts.protocol import moderation_requests as order
from server_parts.protocol import requests as ask
from server_parts.protocol.requests import Refusal, Request
from server_parts.storage.account_store import AccountStore
from server_parts.storage.records import DELETE, EDIT, Message
from server_parts.storage.search_query import DAY

HELLO_FIRST: Final = Refusal("hello_first", "say hello first", "type")
NOT_ALLOWED: Final = Refusal("not_allowed", "only the operator of this server may do that", "type")
LOG_IN_FIRST: Final = Refusal(
    "hello_first", "you are not in yet: connect again, or type /login NAME or /invite CODE", "type"
)
_WITHOUT_ROLE: Final = {
    Role.MEMBER: NOT_ALLOWED._replace(text="for that you need an account: a name that you have claimed"),
    Role.OPERATOR: NOT_ALLOWED,
    Role.OWNER: NOT_ALLOWED._replace(text="only the owner of this server, at its terminal, may do that"),
}
MAY_ONLY_READ: Final = Refusal(
    "not_allowed", "only people with an account may say something on this server: /nick NAME, then /password makes one"
)
NO_NAME: Final = Refusal("not_allowed", "choose a name first, with /nick NAME", "type")
DENIED: Final = Refusal("denied", "that conversation is private", "room")
NO_MODERATORS: Final = Refusal("not_allowed", "a private conversation has no moderators: block the other one", "room")
NO_ACCOUNT: Final = Refusal(
    "not_allowed",
    "only people with an account may block: /password makes one, in client.py your first message too",
    "type",
)

CHANGED_FOR: Final = DAY  # seconds for which people may edit and delete what they said

_NO_RULES: Final = Rulebook()

# --- Speaking and entering --------------------------------------------------------------------------------------


def rank_in(client: Client, room: str | None, rules: Rulebook) -> Rank:
    """What a client is in a room, or without one on the server."""
    if client.role >= Role.OPERATOR:
        return Rank.TERMINAL if client.is_owner else Rank.OPERATOR
    if room is None or not client.trusted:
        return Rank.MEMBER
    return rules.about(room).roles.get(client.name.lower(), Rank.MEMBER)


def is_hit(client: Client, ban: Act, rules: Rulebook) -> bool:
    """Whether who falls under a ban has to go: equals and superiors of who made it only if it names them."""
    rank = rank_in(client, ban.room or None, rules)
    return client.name.lower() == ban.name.lower() or rank < min(ban.rank, Rank.OPERATOR)


def _may_say(client: Client, say: ask.Say | file.Reserve | file.Promise, rules: Rulebook) -> Refusal | None:
    """For nearly every text this is two look-ups that find nothing."""
    room = say.room
    here = client.rooms.get(room)  # whoever is not there is told only that
    mutes = rules.mutes
    if mutes and ("" in mutes or (here is not None and room in mutes)):
        refusal = _muted(client, "" if here is None else room, rules)
        if refusal is not None:
            return refusal
    if room.startswith("@"):
        return _may_write_to(client, room, rules) if rules.blocks else None
    if here is None:
        return None
    found = rules.rooms.get(room)
    if found is not None and found.mode in (MODERATED, READ_ONLY):
        return _may_speak_in(client, room, found.mode, rules)
    return None if here.last > (found.noted if found is not None else 0) else _may_begin(client, room, rules)


def _muted(client: Client, room: str, rules: Rulebook) -> Refusal | None:
    rule = rules.sanctions.mute(restraint.who(client), room, rules.clock())
    return None if rule is None else Refusal("muted", sentences.muted(rule), "room")


def _may_speak_in(client: Client, room: str, mode: str, rules: Rulebook) -> Refusal | None:
    rank = rank_in(client, room, rules)
    if mode == MODERATED and rank < Rank.VOICE:
        return Refusal("read_only", f"{room} is moderated: only people with a voice may speak there", "room")
    if mode == READ_ONLY and rank < Rank.MODERATOR:
        return Refusal("read_only", f"{room} is read-only: only its moderators may speak there", "room")
    return None


def _may_begin(client: Client, room: str, rules: Rulebook) -> Refusal | None:
    """Whether a client may say the first thing in a room."""
    if room != LOBBY and is_newcomer(client, rules):
        return newcomers_wait("start a room", "room", rules)
    return None


def newcomers_wait(what: str, field: str, rules: Rulebook) -> Refusal:
    """Why somebody without an account of some age may not do that now."""
    end = instant(rules.newcomers_until())
    return Refusal("not_allowed", f"after trouble on this server, new people cannot {what} until {end}", field)


def _may_write_to(client: Client, room: str, rules: Rulebook) -> Refusal | None:
    """Blocked people cannot write. Operators can: who is warned must hear of it."""
    name = next((name for name in partners(client.resolve(room)) if name != client.name.lower()), "")
    if client.name.lower() in rules.blocked_by(name) and client.role < Role.OPERATOR:
        return Refusal("denied", f"{name} does not take messages from you", "room")
    return None


def _may_join(client: Client, join: ask.Join, rules: Rulebook) -> Refusal | None:
    return entry_refusal(client, client.resolve(join.room), rules)


def entry_refusal(client: Client, room: str, rules: Rulebook) -> Refusal | None:
    """Why a client may not enter a room."""
    if client.role >= Role.OPERATOR:
        return None
    if rules.sanctions:
        rule = rules.sanctions.ban(restraint.who(client), room, rules.clock())
        if rule is not None:
            return Refusal("banned", sentences.banned(rule), "room")
    if not may_see(client, room, rules):
        return Refusal("invite_needed", f"{room} is for invited people: ask one of its moderators", "room")
    return None


# --- Speaking of other messages ---------------------------------------------------------------------------------


def is_old(message: Message, now: float) -> bool:
    """Whether it is too late for its author to change or delete it."""
    return now - message.ts > CHANGED_FOR


def amend_refusal(
    client: Client, kind: str, message: Message, *, is_own: bool, now: float, rules: Rulebook
) -> Refusal | None:
    """Why a client may not say something of that kind about a message which it can read."""
    if kind not in (EDIT, DELETE):
        return None
    if kind == DELETE and not partners(message.room) and rank_in(client, message.room, rules) >= Rank.MODERATOR:
        return None
    if not is_own:
        return Refusal("not_yours", f"message #{message.id} is not yours", kind)
    if is_old(message, now):
        return Refusal("too_late", f"message #{message.id} is older than {lasting(CHANGED_FOR)}", kind)
    return None


# --- Keeping order ----------------------------------------------------------------------------------------------


def _moderates(client: Client, request: Any, rules: Rulebook) -> Refusal | None:
    """Operators anywhere; the moderators of a room there."""
    room: str | None = request.room
    if room is not None and partners(client.resolve(room)):
        return NO_MODERATORS
    if room is None or getattr(request, "address", None) is not None:
        return None if client.role >= Role.OPERATOR else NOT_ALLOWED
    if rank_in(client, room, rules) < Rank.MODERATOR:
        return Refusal("not_allowed", f"only the moderators of {room} may do that", "room")
    return None


def _may_set(client: Client, wanted: order.SetRoom, rules: Rulebook) -> Refusal | None:
    """A topic is a text that everybody there is told: not from somebody who is muted."""
    refusal = _moderates(client, wanted, rules)
    return refusal if refusal is not None or not wanted.topic else _muted(client, wanted.room, rules)


def _may_list(client: Client, wanted: order.ListActs, rules: Rulebook) -> Refusal | None:
    if wanted.kind == "audit":
        return None if client.role >= Role.OPERATOR else NOT_ALLOWED
    return _moderates(client, wanted, rules)


def _may_block(client: Client, _: Any, rules: Rulebook) -> Refusal | None:
    return None if client.trusted else NO_ACCOUNT


def outranked(client: Client, rank: Rank, name: str, room: str | None, rules: Rulebook) -> Refusal | None:
    """Why a client may not act on somebody of that rank: nobody acts on equals and superiors."""
    if rank < rank_in(client, room, rules):
        return None
    of = "of this server" if rank >= Rank.OPERATOR else f"of {room}"
    return Refusal("not_allowed", f"{name} is {WORDS.get(rank, 'member')} {of}: you cannot do that to them", "name")


# --- The table --------------------------------------------------------------------------------------------------


class _Needs(NamedTuple):
    """What a request needs of whoever makes it."""

    hello: bool = True
    role: Role = Role.GUEST
    own_room: bool = True  # its `room`, if that is a private one, is one's own
    speaking: bool = False  # it is something that is said
    rule: Callable[[Client, Any, Rulebook], Refusal | None] | None = None  # looked at last


_ANYBODY: Final = _Needs(hello=False)
_SOMEBODY: Final = _Needs()
_MODERATOR: Final = _Needs(rule=_moderates)
_NEEDS: Final[dict[type, _Needs]] = {
    ask.Hello: _ANYBODY,
    ask.Bye: _ANYBODY,
    ask.Ping: _ANYBODY,
    ask.Answer: _ANYBODY,
    ask.Refusal: _ANYBODY,
    ask.EndConnection: _ANYBODY,
    ask.StartAgain: _ANYBODY,
    ask.Appear: _ANYBODY,
    ask.Disconnected: _ANYBODY,
    ask.Leave: _Needs(own_room=False),
    ask.Say: _Needs(speaking=True, rule=_may_say),
    file.Reserve: _Needs(speaking=True, rule=_may_say),
    file.Promise: _Needs(speaking=True, rule=_may_say),
    ask.Join: _Needs(rule=_may_join),
    order.Kick: _MODERATOR,
    order.Ban: _MODERATOR,
    order.Unban: _MODERATOR,
    order.Mute: _MODERATOR,
    order.Unmute: _MODERATOR,
    order.SetRoom: _Needs(rule=_may_set),
    order.SetRoomRole: _MODERATOR,
    order.InviteToRoom: _MODERATOR,
    order.Delete: _MODERATOR,
    order.ListActs: _Needs(rule=_may_list),
    order.Lockdown: _Needs(role=Role.OPERATOR),
    order.ListServers: _Needs(role=Role.OPERATOR),
    order.Block: _Needs(rule=_may_block),
    order.Unblock: _Needs(rule=_may_block),
    account.Login: _ANYBODY,
    account.Redeem: _ANYBODY,
    account.LogOut: _ANYBODY,
    account.Devices: _Needs(role=Role.MEMBER),
    account.Link: _Needs(role=Role.MEMBER),
    account.MakeInvitation: _Needs(role=Role.MEMBER),
    account.Recover: _Needs(role=Role.OPERATOR),
    account.Release: _Needs(role=Role.OPERATOR),
    account.GiveRole: _Needs(role=Role.OWNER),
}


def refusal(client: Client, request: Request, rules: Rulebook = _NO_RULES) -> Refusal | None:
    """Why this client may not ask for that; None if it may."""
    needs: _Needs = _NEEDS.get(type(request), _SOMEBODY)
    hello, role, own_room, speaking, rule = needs
    if hello and client.session is None:
        return LOG_IN_FIRST if client.encoder.is_for_people else HELLO_FIRST
    if client.role < role:
        return _WITHOUT_ROLE[role]
    if speaking and not client.may_speak:
        return MAY_ONLY_READ
    room: str | None = getattr(request, "room", None)
    if room is not None and room.startswith("@") and own_room and not client.takes_part(client.resolve(room)):
        return DENIED
    return None if rule is None else rule(client, request, rules)


# --- Reading ----------------------------------------------------------------------------------------------------


def floor_of(client: Client, accounts: AccountStore, room: str) -> int | None:
    """The number up to which a client may not read a room; None: it may read nothing that was said."""
    if not partners(room):
        return 0
    if not (client.trusted and client.takes_part(room)):
        return None
    return accounts.private_rooms(client.name).get(room, 0)


def may_know(client: Client, room: str, rules: Rulebook = _NO_RULES) -> bool:
    """Whether a client may learn that there is such a room. Any thread may ask."""
    if partners(room):
        return room in client.rooms or (client.trusted and client.takes_part(room))
    return may_see(client, room, rules)


def may_see(client: Client, room: str, rules: Rulebook) -> bool:
    """Whether a client may know of a public room, read it and enter it. Any thread may ask."""
    closed = rules.closed.get(room)
    if closed is None or client.role >= Role.OPERATOR or room in client.rooms:
        return True
    return any(key in closed for key in restraint.proven_keys(client))


def hidden_from(client: Client, rules: Rulebook) -> frozenset[str]:
    """The public rooms that a client must not learn of. Any thread may ask."""
    return frozenset(room for room in rules.closed if not may_see(client, room, rules))
