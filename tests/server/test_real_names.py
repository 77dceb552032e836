"""Display names: what may be one, who sees it, how long it holds; through both doors, at every backend."""

from __future__ import annotations

from typing import Any

import pytest

from server_parts.people.lookalikes import passes_for_the_server
from server_parts.protocol.real_names import MAX_REAL_NAME, real_name_problem, tidy
from server_parts.storage.store import Store
from tests.conftest import Chat, Serve
from tests.peers import Native, of_type
from tests.server.account_holders import holder_of_alice

BY: dict[str, Any] = {"token": "0123456789abcdef0123456789abcdef", "features": ["by"]}
NAME = "Алиса Ли"


@pytest.fixture
def chat(serve: Serve, store: Store) -> Chat:
    return serve(store=store)


def listed(peer: Native, name: str = "alice") -> Any:
    """What `who` and `whois` say; they must say the same."""
    (in_list,) = [m for m in of_type(peer.ask("who", room="lobby"), "who")[0]["members"] if m["name"] == name]
    asked = of_type(peer.ask("whois", name=name), "whois")[0]
    assert asked.get("realname") == in_list.get("realname")
    return in_list.get("realname")


def test_it_stands_in_lists_and_is_kept_with_the_account(chat: Chat) -> None:
    """For every connection of it, and for the next one that comes; whois knows it also of somebody who is not here."""
    alice, bob = holder_of_alice(chat), chat.native("bob")
    second = chat.native("alice", **BY)
    assert (listed(bob), "realname" in alice.welcome) == (None, False)
    (notice,) = alice.ask("realname", text=f"  {NAME.replace(' ', '   ')} ")
    assert NAME in notice["text"]
    assert listed(bob) == NAME
    alice.leave()
    assert listed(bob) == NAME
    assert chat.native("alice", **BY).welcome["realname"] == NAME
    second.ask("realname", text=None)
    assert listed(bob) is None


def test_of_somebody_who_is_not_here(chat: Chat) -> None:
    """It is kept."""
    alice, bob = holder_of_alice(chat), chat.native("bob")
    alice.ask("realname", text=NAME)
    alice.leave()
    bob.sees_off("alice")
    assert of_type(bob.ask("whois", name="alice"), "whois")[0]["realname"] == NAME


def test_without_an_account_it_holds_for_the_connection(chat: Chat) -> None:
    """Until a new name: it is not passed on with the old one."""
    carol, bob = chat.native("carol"), chat.native("bob")
    carol.ask("realname", text=NAME)
    assert listed(bob, "carol") == NAME
    carol.ask("nick", name="cara")
    assert listed(bob, "cara") is None
    carol.ask("realname", text=NAME)
    carol.leave()
    bob.sees_off("cara")
    assert "realname" not in chat.native("cara").welcome


def test_it_is_kept_when_the_name_becomes_an_account(chat: Chat) -> None:
    """With the first message, or with a password."""
    carol, bob = chat.native("alice", **BY), chat.native("bob")
    carol.ask("realname", text=NAME)
    carol.tell("mine")
    assert listed(bob) == NAME
    carol.leave()
    assert chat.native("alice", **BY).welcome["realname"] == NAME
    bob.ask("realname", text="Bob")
    bob.ask("password", new="correct horse battery")
    assert (bob.ask("whois", name="bob")[-1]["account"], listed(bob, "bob")) == (True, "Bob")


def test_through_the_plain_door(chat: Chat) -> None:
    """Set with a command, shown in brackets behind the name, in lists and by whois; alone, it takes it away."""
    plain = chat.plain()
    name = plain.enter()
    plain.say(f"/realname {NAME}")
    assert f"{name} ({NAME})" in plain.until("lists show you")
    plain.say("/who")
    assert f"{name} ({NAME})" in plain.until("here: ")
    plain.say("/whoami")
    assert plain.until(": guest").startswith(f"* {name} ({NAME}): guest")
    plain.say("/realname")
    assert plain.until("lists show you").endswith(f"as {name} *")
    plain.say("/realname (boss)")
    assert "a display name is made of" in plain.until("error")


GOOD = ["Anna", "Mary-Jane O'Neil, Ph.D.", "Ελένη", "李小龍", "محمد", "Ānna 2", "Allison", "Hi Ro", "नेहा", "Zoë & Co."]
BAD = [
    "", "  ", "x" * (MAX_REAL_NAME + 1), "a\x1b[2Jb", "a\u202eb", "a\u200bb", "(boss)", "boss *", "[op]", "\u3164",
    "a" + "\u0301" * 40, "a: b", "@bob", "#lobby",
]  # fmt: skip
PRETENDERS = [
    "Server",
    "the admin",
    "Moder-Admin",
    "SERVER",
    "ｓｅｒｖｅｒ",
    "sérver",
    "r00t",
    "ev ery one",
    "аdmin",
    "Rооt",
    "Lobby",
]


@pytest.mark.parametrize("text", GOOD)
def test_people_of_all_scripts_have_names(text: str) -> None:
    """And nothing of the server's is seen in them."""
    assert real_name_problem(tidy(text)) is None
    assert not passes_for_the_server(tidy(text))


@pytest.mark.parametrize("text", BAD)
def test_what_could_harm_is_no_name(text: str) -> None:
    """Nothing that steers a terminal or turns a line, shows nothing, or looks like a part of a line of the server's."""
    assert real_name_problem(tidy(text)) is not None


@pytest.mark.parametrize("text", PRETENDERS)
def test_nobody_passes_for_the_server(text: str) -> None:
    """In whatever case, width or accents, with digits for letters, or with letters of another script."""
    assert real_name_problem(tidy(text)) is None
    assert passes_for_the_server(tidy(text))


def test_what_is_wrong_is_said(chat: Chat) -> None:
    """And changes nothing."""
    alice = holder_of_alice(chat)
    alice.ask("realname", text=NAME)
    for text in ("x" * 41, "(boss)", "Admin", 7):
        (error,) = alice.ask("realname", text=text)
        assert (error["code"], error["field"]) == ("bad_field", "text")
    assert listed(alice) == NAME
