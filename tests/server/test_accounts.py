"""Accounts over the native door: what one is, passwords and roles."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from server_parts.people import attempts
from server_parts.people.clients import Client
from server_parts.people.roles import Role, role_of
from server_parts.storage.records import hashed
from server_parts.storage.store import Store
from tests.conftest import Chat, ChatLog, Serve
from tests.peers import Frame, Native, Peer
from tests.tls.certificates import needs_openssl, trusting_context

from .account_holders import (
    BY,
    PASSWORD,
    PHONE,
    STRANGER,
    TOKEN,
    account,
    as_operator,
    ask,
    holder_of_alice,
    refusal,
    set_password,
)


@pytest.fixture
def chat(serve: Serve, store: Store) -> Chat:
    return serve(store=store)


@pytest.fixture
def alice(chat: Chat) -> Native:
    return holder_of_alice(chat)


# --- what one is ---


def test_the_welcome_says_what_one_is(chat: Chat, alice: Native) -> None:
    """A guest until the name is claimed; then a member with an account."""
    assert (alice.welcome["role"], alice.welcome["account"]) == ("guest", False)
    alice.leave()
    again = chat.native("alice", token=TOKEN)
    assert (again.welcome["role"], again.welcome["account"]) == ("member", True)
    assert "accounts" in again.welcome["features"]


def test_whois_tells_everybody_the_same(chat: Chat, store: Store, alice: Native) -> None:
    """Whether there is an account, since when, and whether its owner is here; of nobody, that there is nobody."""
    bob = chat.native("bob")
    alice.send("away", text="at lunch")
    alice.pending()
    since = account(store).since
    assert since is not None
    found = ask(bob, "whois", name="ALICE")
    assert found == {
        "type": "whois",
        "name": "alice",
        "role": "member",
        "account": True,
        "since": round(since),
        "connections": 1,
        "away": "at lunch",
    }
    alice.leave()
    assert ask(bob, "whois", name="alice") == found | {"connections": 0, "away": None}
    mine = ask(bob, "whois", name="bob")
    assert (mine["role"], mine["account"], mine["since"]) == ("guest", False, None)
    assert ask(bob, "whois", name="carol")["code"] == "no_such_user"


# --- passwords ---


def test_a_password_opens_an_account(chat: Chat, store: Store, alice: Native) -> None:
    """From another machine: its token becomes a device, and from then on it needs no password."""
    assert refusal(chat, "alice", token=PHONE) == "name_taken"
    set_password(alice)
    phone = chat.native("alice", token=PHONE, password=PASSWORD, client="phone", **BY)
    assert (phone.welcome["role"], phone.welcome["account"]) == ("member", True)
    assert [device.label for device in account(store).devices] == ["laptop", "phone"]
    phone.leave()
    assert chat.native("alice", token=PHONE, **BY).welcome["account"]
    assert PASSWORD not in str(account(store))


def test_a_password_without_a_token_proves_this_connection(chat: Chat, store: Store, alice: Native) -> None:
    """No device is added; what was said in private can be read, and the session belongs to the account."""
    bob = chat.native("bob")
    bob.tell("psst", "@alice")
    set_password(alice)
    alice.leave()
    browser = chat.native("alice", password=PASSWORD)
    assert "psst" in str(browser.ask("history", room="@bob"))
    browser.tell("from the browser")
    browser.leave()
    assert len(account(store).devices) == 1
    assert refusal(chat, "bobby", session=browser.session) == "session_taken"
    assert refusal(chat, "alice", session=browser.session) == "session_taken"
    again = chat.native("alice", password=PASSWORD, session=browser.session)
    assert again.welcome["accepted"] == 1
    again.leave()
    assert chat.native("alice", token=TOKEN, session=browser.session).welcome["accepted"] == 1


def test_a_wrong_password_is_refused(chat: Chat, store: Store, alice: Native, chat_log: ChatLog) -> None:
    """Whether the account has none or another one, or there is no account; the same hello may be tried again."""
    assert refusal(chat, "alice", token=PHONE, password=PASSWORD) == "password_wrong"
    assert refusal(chat, "nobody-here", token=PHONE, password=PASSWORD) == "password_wrong"
    set_password(alice)
    with Native(chat.port) as peer:
        peer.hello("alice", token=PHONE, password="not this one", **BY)
        assert peer.until("error")["field"] == "password"
        peer.hello("alice", token=PHONE, password=PASSWORD, **BY)
        assert peer.until("welcome")["account"]
    logged = str([(record.getMessage(), record.args, record.exc_text) for record in chat_log.records])
    assert not any(secret in logged for secret in (PASSWORD, "not this one", TOKEN, PHONE))


@pytest.mark.parametrize("wrong", ["", "x" * 257, 7, ["a"]])
def test_a_password_has_a_form(chat: Chat, wrong: Any) -> None:
    """1 to 256 characters."""
    with Native(chat.port) as peer:
        peer.hello("alice", password=wrong)
        error = peer.until("error")
        assert (error["code"], error["field"]) == ("bad_field", "password")


def test_changing_a_password_needs_the_old_one(chat: Chat, store: Store, alice: Native) -> None:
    """Once there is one; a new one has 8 characters at least, and null takes it away."""
    assert ask(alice, "password", new="7 signs")["field"] == "new"
    assert ask(alice, "password", new=None)["code"] == "not_allowed"
    set_password(alice)
    for fields in ({}, {"old": "wrong one"}):
        answer = ask(alice, "password", new="another password", **fields)
        assert (answer["code"], answer["field"]) == ("password_wrong", "old")
    set_password(alice, "another password", old=PASSWORD)
    assert refusal(chat, "alice", password=PASSWORD) == "password_wrong"
    set_password(alice, None, old="another password")
    assert account(store).password is None
    assert refusal(chat, "alice", password="another password") == "password_wrong"


def test_a_new_password_ends_who_came_with_the_old_one(chat: Chat, alice: Native) -> None:
    """Under any name; devices stay, and so does whoever changed it."""
    set_password(alice)
    phone = chat.native("alice", token=PHONE, password=PASSWORD, **BY)
    thieves = [chat.native("alice", password=PASSWORD, **BY) for _ in range(2)]
    thieves[1].ask("nick", name="mallory")
    set_password(alice, "another password", old=PASSWORD)
    assert [thief.until("bye")["code"] for thief in thieves] == ["forgotten"] * 2
    assert phone.tell("still here")
    browser = chat.native("alice", password="another password", **BY)
    set_password(browser, PASSWORD, old="another password")
    assert browser.tell("so am I")


def test_a_code_is_no_old_password(chat: Chat, alice: Native) -> None:
    """Or whoever finds a device unlocked could have one made, and shut its owner out with it."""
    set_password(alice)
    code = ask(alice, "link")["code"]
    for new in (None, "another password"):
        assert ask(alice, "password", old=code, new=new)["code"] == "password_wrong"
    assert chat.native("alice", password=PASSWORD, **BY).welcome["account"]


def test_a_password_is_changed_while_others_guess(chat: Chat, alice: Native) -> None:
    """What is tried at the door does not count inside."""
    set_password(alice)
    guesses = [refusal(chat, "alice", password="not this one") for _ in range(attempts.FREE + 1)]
    assert guesses[-1] == "too_many"
    assert ask(alice, "password", old=PASSWORD, new="another password")["type"] == "notice"
    wrong = [ask(alice, "password", old=PASSWORD, new="a third password")["code"] for _ in range(attempts.FREE + 1)]
    assert wrong == ["password_wrong"] * attempts.FREE + ["too_many"]


def test_a_password_makes_an_account(chat: Chat, store: Store) -> None:
    """Of a name that nobody has claimed, also for somebody without a token."""
    with Native(chat.port) as silent:  # who is called guest-1 by the server
        silent.line()
        silent.hello("bob")
        silent.until("welcome")
        set_password(silent)
        assert (account(store, "bob").devices, silent.ask("whois", name="bob")[0]["account"]) == ((), True)


def test_the_only_way_in_stays(chat: Chat, store: Store, alice: Native) -> None:
    """Neither the last device nor the last password can be taken away."""
    number = account(store).devices[0].id
    assert ask(alice, "devices", forget=number)["code"] == "not_allowed"
    bob = chat.native("bob")
    set_password(bob)
    assert ask(bob, "password", new=None, old=PASSWORD)["code"] == "not_allowed"
    assert account(store, "bob").password is not None


def test_too_many_wrong_passwords_make_a_pause(chat: Chat, alice: Native) -> None:
    """Also for the right one, from anywhere; not for whoever has a device of the account."""
    set_password(alice)
    for _ in range(attempts.FREE):
        assert refusal(chat, "alice", password="wrong one") == "password_wrong"
    with Native(chat.port) as peer:
        peer.hello("alice", password=PASSWORD)
        error = peer.until("error")
        assert error["code"] == "too_many"
        assert "try again in 1 min" in error["text"]
    assert chat.native("alice", token=TOKEN, **BY).welcome["account"]
    chat.native("bob", token=PHONE)
    assert refusal(chat, "carol", password="wrong one") == "password_wrong", "other names are not concerned"


def test_a_password_changed_meanwhile_does_not_open(
    chat: Chat, store: Store, alice: Native, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was right when it was checked, and is not any more when the hub has its turn."""
    set_password(alice)
    real = chat.server._hub.prover.prepared

    def changed_in_between(client: Client, request: Any) -> Any:
        prepared = real(client, request)
        monkeypatch.setattr(chat.server._hub.prover, "prepared", real)
        set_password(alice, "another password", old=PASSWORD)
        return prepared

    monkeypatch.setattr(chat.server._hub.prover, "prepared", changed_in_between)
    assert refusal(chat, "alice", token=PHONE, password=PASSWORD) == "password_wrong"
    assert [device.label for device in account(store).devices] == ["laptop"]


def test_nick_becomes_an_account(chat: Chat, store: Store, alice: Native) -> None:
    """With its password; its private rooms come with it. Without, or with a wrong one, nothing changes."""
    set_password(alice)
    chat.native("bob").tell("psst", "@alice")
    alice.leave()
    guest = chat.native("somebody")
    assert ask(guest, "nick", name="alice")["code"] == "name_taken"
    assert ask(guest, "nick", name="alice", password="wrong one")["code"] == "password_wrong"
    guest.send("nick", name="alice", password=PASSWORD)
    guest.moved("renamed", ["somebody", "alice"])
    assert "psst" in str(guest.until("history", room="@alice+bob"))
    assert ask(guest, "whois", name="alice")["role"] == "member"
    assert account(store).devices[0].label == "laptop"


def test_in_clear_text_from_elsewhere_no_secret_is_taken(
    chat: Chat, alice: Native, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it is that comes with it."""
    set_password(alice)
    monkeypatch.setattr("server_parts.people.clients.is_own", lambda source: False)
    assert refusal(chat, "alice", token=PHONE, password=PASSWORD) == "encryption_needed"
    assert refusal(chat, "carol", token=PHONE, invite="k3f9-0h2m-x7qa-9d4c") == "encryption_needed"
    bob = chat.native("bob")
    assert ask(bob, "password", new=PASSWORD)["code"] == "encryption_needed"
    assert ask(bob, "nick", name="alice", password=PASSWORD)["code"] == "encryption_needed"


@pytest.mark.parametrize(("what", "fields"), [("link", {}), ("recover", {"name": "alice"}), ("invite", {})])
def test_in_clear_text_from_elsewhere_no_code_is_given(
    chat: Chat, alice: Native, what: str, fields: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads along could use it first."""
    monkeypatch.setattr("server_parts.people.clients.is_own", lambda source: False)
    assert ask(as_operator(chat), what, **fields)["code"] == "encryption_needed"


@needs_openssl
def test_encrypted_secrets_are_taken_from_anywhere(chat: Chat, alice: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords, and a token of before; at the plain door, too, a password is asked for."""
    set_password(alice)
    monkeypatch.setattr("server_parts.people.clients.is_own", lambda source: False)
    monkeypatch.setattr(Peer, "tls", trusting_context())
    assert chat.native("alice", token=PHONE, password=PASSWORD, **BY).welcome["account"]
    assert chat.native("alice", token=STRANGER, former_token=TOKEN, **BY).welcome["account"]
    ncat = chat.plain("/login alice")
    ncat.until("password:")
    ncat.say(PASSWORD)
    ncat.until("is now alice")


# --- operators ---


def test_only_the_owner_gives_roles(chat: Chat, store: Store, alice: Native) -> None:
    """An operator may do much, but not that; and nothing to another operator."""
    olga = as_operator(chat)
    assert chat.native("olga", token="o" * 32, **BY).welcome["role"] == "operator"
    assert ask(olga, "role", name="alice", role="operator")["code"] == "not_allowed"
    as_operator(chat, "oscar", "p" * 32)
    assert ask(olga, "release", name="oscar")["code"] == ask(olga, "recover", name="oscar")["code"] == "not_allowed"
    for what in ("release", "recover"):
        assert ask(alice, what, name="olga")["code"] == "not_allowed"
        assert ask(olga, what, name="carol")["code"] == "no_such_user"


def test_an_operator_sees_addresses_and_devices(chat: Chat, store: Store, alice: Native) -> None:
    """Nobody else does."""
    olga = as_operator(chat)
    found = ask(olga, "whois", name="alice")
    assert found["devices"] == 1
    assert [address.startswith("127.0.0.1:") for address in found["addresses"]] == [True]
    assert "addresses" not in ask(alice, "whois", name="olga")


def test_a_released_name_is_free(chat: Chat, store: Store, alice: Native) -> None:
    """Its owner's connections end; whoever claims it next reads nothing of what was said to it in private."""
    olga = as_operator(chat)
    bob = chat.native("bob")
    bob.tell("psst", "@alice")
    assert "the name is free" in ask(olga, "release", name="alice")["text"]
    assert alice.until("bye")["code"] == "forgotten"
    assert store.account("alice") is None
    new = chat.native("alice", token=STRANGER)
    new.tell("now it is mine")
    assert "psst" not in str([*new.ask("history", room="@bob"), *new.pending()])
    assert account(store).has(hashed(STRANGER))


def test_operators_are_told_of_lookalikes(chat: Chat, store: Store, alice: Native) -> None:
    """When somebody claims a name that can be taken for another account's."""
    olga = as_operator(chat)
    mallory = chat.native("A1ice", token=STRANGER)
    mallory.tell("I am alice")
    assert "A1ice looks like alice" in olga.until("notice")["text"]
    assert "notice" not in [frame["type"] for frame in alice.pending()]


@pytest.mark.parametrize("name", ["0perator", "sErver.", "A.l.l", "R00T", "M0derat0r", "delivered", "GUEST-"])
def test_names_that_look_like_the_server_s_words_are_refused(chat: Chat, name: str) -> None:
    """Whether to claim or only to bear them."""
    assert refusal(chat, name) == refusal(chat, name, token=TOKEN) == "bad_name"


def test_a_common_name_is_not_taken_for_a_word(chat: Chat) -> None:
    """Ali is called like millions of others."""
    assert chat.native("Ali", token=TOKEN).tell("hello")["from"] == "Ali"


def test_who_had_such_a_name_keeps_it(chat: Chat, store: Store) -> None:
    """Its account is from before names were compared like that."""
    store.claim("r00t", hashed(TOKEN))
    assert chat.native("r00t", token=TOKEN).welcome["account"]
    assert refusal(chat, "r00t", token=STRANGER) == "bad_name"


# --- the log of the service ---


def test_no_secret_is_logged_when_the_server_fails(
    chat: Chat, alice: Native, errors_expected: ChatLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even in a record of what went wrong."""

    def fail(*arguments: Any) -> None:
        raise RuntimeError(f"cannot do {arguments}")

    monkeypatch.setattr("server_parts.hub.entering.Entering.complete", fail)
    set_password(alice)
    code = ask(alice, "link")["code"]
    assert refusal(chat, "alice", token=PHONE, password=PASSWORD, **BY) == "internal"
    assert refusal(chat, "alice", token=PHONE, password=code, former_token=STRANGER, **BY) == "internal"
    assert errors_expected.errors
    formatted = " ".join(logging.Formatter().format(record) for record in errors_expected.records)
    assert "cannot do" in formatted
    assert not any(secret in formatted for secret in (PASSWORD, code, TOKEN, PHONE, STRANGER, "scrypt:"))


def test_roles_have_words() -> None:
    """The same on the wire and where they are kept."""
    assert [role.word for role in Role] == ["guest", "member", "operator", "owner"]
    assert [role_of(word) for word in ("member", "operator", "owner", "")] == [Role.MEMBER, Role.OPERATOR] + [
        Role.MEMBER
    ] * 2
