"""Everybody gets what the table says at every door; and a server that forgets to ask for one thing is found out."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import pytest

from server_parts.hub import amending as speaking
from server_parts.hub import complaints, lists
from server_parts.hub import files as hub_files
from server_parts.hub.amending import Amending
from server_parts.hub.bringing import Bringing, Brought
from server_parts.hub.files import Files
from server_parts.hub.hub import Hub
from server_parts.people import permissions
from server_parts.people.clients import Client
from server_parts.people.roles import Role
from server_parts.protocol import account_requests as account
from server_parts.protocol import file_requests as file
from server_parts.protocol import moderation_requests as order
from server_parts.protocol import native_requests, plain_door
from server_parts.protocol import requests as ask
from server_parts.protocol.requests import Refusal, Request
from server_parts.storage import amending
from server_parts.storage.file_records import Attachment
from tests.faults import rights
from tests.faults.actors import chosen_seed
from tests.faults.at_doors import DOORS
from tests.faults.rights_scene import ACTOR, Stand
from tests.faults.rights_table import BY_KIND, LETTERS, PLACES, ROLES, ROWS
from tests.server.moderation.broken_rules import BROKEN

pytestmark = [pytest.mark.once, pytest.mark.timeout(90), pytest.mark.usefixtures("chat_log", "no_threads_left")]
NATIVE, PLAIN = (
    next(door for door in DOORS if door.native is native and not door.encrypted) for native in (True, False)
)


def test_some_get_what_the_table_says() -> None:
    """A third of all roles in all rooms, each at one of the doors; and random kicks, bans and mutes."""
    rng = random.Random(chosen_seed())
    stands = rights.stands(rng, quick=True)
    asked = [rights.tried(stand) for stand in rng.sample(stands, len(stands) // 3)]
    assert [wrong for tally in (*asked, rights.played(rng, worlds=3)) for wrong in tally.wrong] == []


@pytest.mark.thorough
def test_everybody_gets_what_the_table_says() -> None:
    """Each role in each room, at one of the doors; and random kicks, bans and mutes."""
    finding = rights.run(True, chosen_seed())
    print(finding)
    assert finding.met, finding.figure


def test_the_table_is_whole() -> None:
    """A letter for each role in each place, and no two rows of one name."""
    for row in (*ROWS, *(row for rows in BY_KIND.values() for row in rows)):
        words = row.expected.split()
        assert [len(word) for word in words] == [len(ROLES)] * len(PLACES), row.name
        assert set("".join(words)) <= {*LETTERS, "."}, row.name
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_every_request_has_a_row() -> None:
    """Also those to come, at both doors; but hellos, goodbyes, and what is about oneself alone."""
    rows = [*ROWS, *(row for rows in BY_KIND.values() for row in rows)]
    assert {row.native[0] for row in rows} == {"say", *native_requests._MAKERS} - {"hello", "bye"}
    typed = {(row.plain or "").split()[0].removeprefix("/") for row in rows if (row.plain or "").startswith("/")}
    of_oneself = {
        "me", "say", "more", "ok", "times", "numbers", "help", "exit", "quit", "login", "password", "whoami",
    }  # fmt: skip
    assert typed == plain_door._COMMANDS.keys() - of_oneself


# --- Servers that forget to ask ---

KINDS: Final = (
    order.Kick, order.Ban, order.Unban, order.Mute, order.Unmute, order.SetRoom, order.SetRoomRole, order.Delete,
    order.ListActs, order.Lockdown, account.MakeInvitation, account.Recover, account.Release, account.GiveRole,
    account.Whois, ask.Say, order.Block, order.Unblock, file.Reserve, file.Promise,
)  # fmt: skip


def take_for_another(monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    """The actor is taken for the owner of the server when it asks for one kind of thing, or for a member."""
    taken_for = Role.MEMBER if kind in (order.Block, order.Unblock) else Role.OWNER
    carry_out = Hub._carry_out_or_refuse

    def as_another(self: Hub, client: Client, request: Request) -> Refusal | None:
        if type(request) is not kind or client.name != ACTOR:
            return carry_out(self, client, request)
        role, client.role = client.role, taken_for
        try:
            return carry_out(self, client, request)
        finally:
            client.role = role

    monkeypatch.setattr(Hub, "_carry_out_or_refuse", as_another)


NATIVE_ONLY: Final = (order.Delete, account.Recover, account.Release, account.GiveRole, file.Reserve)
PLAIN_ONLY: Final = (file.Promise,)


@pytest.mark.parametrize(
    ("kind", "door"),
    [
        (kind, door)
        for kind in KINDS
        for door in (NATIVE, PLAIN)
        if kind not in (NATIVE_ONLY if door is PLAIN else PLAIN_ONLY)
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_request_that_anybody_may_make_is_found_out(monkeypatch: pytest.MonkeyPatch, kind: type, door: Any) -> None:
    """For each request that not everybody may make, at both doors where both have it."""
    take_for_another(monkeypatch, kind)
    assert rights.tried(Stand("guest", "read-only", "in", door)).wrong


_bring: Final = Bringing.bring


def bring_any(self: Bringing, client: Client, room: str, id: str, text: str) -> Brought | Refusal:
    """For the actor."""
    return Brought(Attachment(id, ()), "a file") if client.name == ACTOR else _bring(self, client, room, id, text)


LEAKS: Final[dict[str, tuple[object, str, Callable[..., Any], Stand]]] = {
    "hidden rooms are found": (
        permissions, "hidden_from", lambda *_: frozenset(), Stand("member", "invite", "hidden", NATIVE),
    ),
    "hidden rooms are found with lines": (
        permissions, "hidden_from", lambda *_: frozenset(), Stand("member", "invite", "hidden", PLAIN),
    ),
    "hidden rooms are listed": (lists, "may_know", lambda *_: True, Stand("guest", "open", "in", NATIVE)),
    "hidden rooms are entered": (
        permissions, "may_see", lambda *_: True, Stand("owner", "invite", "hidden", PLAIN),
    ),
    "guests read what was said to a name": (
        permissions, "floor_of", lambda *_: 0, Stand("guest", "private", "own", NATIVE),
    ),
    "everybody takes part everywhere": (
        Client, "takes_part", lambda *_: True, Stand("member", "private", "others", NATIVE),
    ),
    "everything is one's own": (Amending, "_is_own", lambda *_: True, Stand("guest", "open", "in", PLAIN)),
    "everything private is one's own": (
        Amending, "_is_own", lambda *_: True, Stand("member", "private", "own", NATIVE),
    ),
    "everybody deletes": (
        speaking, "amend_refusal", lambda *_, **__: None, Stand("voice", "moderated", "in", NATIVE),
    ),
    "everything may be spoken of": (speaking, "can_be_meant", lambda *_: True, Stand("guest", "open", "in", NATIVE)),
    "nobody is above": (Amending, "deletion_refusal", lambda *_: None, Stand("moderator", "open", "in", PLAIN)),
    "old texts are kept": (amending, "erased", lambda message: message, Stand("guest", "open", "in", PLAIN)),
    "files of hidden rooms are listed": (
        hub_files, "hidden_from", lambda *_: frozenset(), Stand("member", "invite", "hidden", NATIVE),
    ),
    "files of hidden rooms are fetched": (
        hub_files, "may_see", lambda *_: True, Stand("member", "invite", "hidden", PLAIN),
    ),
    "files of others are fetched": (Files, "_floor", lambda *_: 0, Stand("owner", "private", "others", NATIVE)),
    "files of others are said": (Bringing, "bring", bring_any, Stand("guest", "open", "in", NATIVE)),
    "hidden rooms are reported": (
        complaints, "may_know", lambda *_: True, Stand("voice", "invite", "hidden", NATIVE),
    ),
}  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS)
def test_what_comes_out_is_found_out(monkeypatch: pytest.MonkeyPatch, leak: str) -> None:
    """Through a list, a search, a history, a door or an error."""
    owner, name, wrong, stand = LEAKS[leak]
    assert hasattr(owner, name)
    monkeypatch.setattr(owner, name, wrong)
    assert rights.tried(stand).wrong


# --- The model at the doors ---


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_rule_is_found_out(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Each within as many steps as the short form takes."""
    owner, name, wrong = BROKEN[broken]
    monkeypatch.setattr(owner, name, wrong)
    assert rights.played(random.Random(1), worlds=3).wrong
