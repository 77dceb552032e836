"""The devices of an account over the native door, and the codes that add one."""

from __future__ import annotations

import pytest

from server_parts.hub import accounts
from server_parts.people import attempts
from server_parts.storage.records import StorageError, hashed
from server_parts.storage.store import Store
from tests.conftest import Chat, Serve
from tests.peers import Native, codes

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


# --- devices ---


def test_devices_are_listed_and_forgotten(chat: Chat, store: Store, alice: Native) -> None:
    """Whose connections end at once, with all that is theirs; it cannot come back."""
    set_password(alice)
    phone = chat.native("alice", token=PHONE, password=PASSWORD, client="phone", **BY)
    phone.leave()
    listed = ask(alice, "devices")["devices"]
    assert [(device["label"], device["here"], device["yours"]) for device in listed] == [
        ("laptop", True, True),
        ("phone", False, False),
    ]
    assert listed[0]["added"] == pytest.approx(listed[0]["last"], abs=60)
    phone = chat.native("alice", token=PHONE, **BY)
    left = ask(alice, "devices", forget=listed[1]["id"])["devices"]
    assert [device["label"] for device in left] == ["laptop"]
    goodbye = phone.until("bye")
    assert (goodbye["code"], goodbye["retry"]) == ("forgotten", False)
    assert phone.ended()
    assert refusal(chat, "alice", token=PHONE) == "name_taken"
    assert ask(alice, "devices", forget=listed[1]["id"])["field"] == "forget"
    assert alice.tell("still here")


def test_one_may_forget_one_s_own_device(chat: Chat, store: Store, alice: Native) -> None:
    """That is how one leaves a machine for good."""
    set_password(alice)
    alice.send("devices", forget=account(store).devices[0].id)
    assert alice.until("bye")["code"] == "forgotten"
    assert refusal(chat, "alice", token=TOKEN) == "name_taken"
    assert chat.native("alice", password=PASSWORD).welcome["account"]


def test_a_forgotten_device_ends_under_any_name(chat: Chat, alice: Native) -> None:
    """It has proved the account once, by a code; under another name it does not wait until nobody looks."""
    thief = chat.native("alice", token=PHONE, password=ask(alice, "link")["code"], **BY)
    thief.ask("nick", name="mallory")
    ask(alice, "devices", forget=ask(alice, "devices")["devices"][1]["id"])
    assert thief.until("bye")["code"] == "forgotten"
    assert refusal(chat, "alice", token=PHONE) == "name_taken"


def test_only_an_account_has_devices(chat: Chat) -> None:
    """A guest is told so; so is whoever wants to link one."""
    guest = chat.native("guy")
    assert [ask(guest, what)["code"] for what in ("devices", "link")] == ["not_allowed", "not_allowed"]


def test_devices_of_one_person_share_a_name(chat: Chat, alice: Native) -> None:
    """Each with its own token and session; presence counts one person, and private texts reach both."""
    set_password(alice)
    bob = chat.native("bob")
    phone = chat.native("alice", token=PHONE, password=PASSWORD, **BY)
    bob.tell("psst", "@alice")
    assert alice.until("message", text="psst")["room"] == phone.until("message", text="psst")["room"] == "@alice+bob"
    assert bob.ask("who", room="lobby")[-1]["total"] == 2
    assert ask(bob, "whois", name="alice")["connections"] == 2
    assert refusal(chat, "alice", token=PHONE) == "name_taken", "a program that does not know `by` is put beside nobody"


def test_a_session_is_resumed_from_another_device(chat: Chat, alice: Native) -> None:
    """It belongs to the account; for anybody else it is taken, and its owner notices nothing."""
    set_password(alice)
    phone = chat.native("alice", token=PHONE, password=PASSWORD, **BY)
    phone.leave()
    assert refusal(chat, "mallory", token=STRANGER, session=alice.session) == "session_taken"
    assert refusal(chat, "alice", token=STRANGER, session=alice.session) == "session_taken"
    assert alice.tell("nothing happened")
    taken_over = chat.native("alice", token=PHONE, session=alice.session, **BY)
    assert taken_over.welcome["accepted"] == 2
    assert alice.until("bye")["code"] == "replaced"


# --- the token of before ---


def test_a_device_of_before_is_known_by_its_derived_token(chat: Chat, store: Store, alice: Native) -> None:
    """It comes with both tokens once; the one of before means nothing from then on."""
    alice.leave()
    chat.native("alice", token=PHONE, former_token=TOKEN, client="new client", **BY).leave()
    assert [device.token_hash for device in account(store).devices] == [hashed(PHONE)]
    assert refusal(chat, "alice", token=TOKEN) == "name_taken"
    assert chat.native("alice", token=PHONE, former_token=TOKEN, **BY).welcome["account"]


def test_a_token_of_before_goes_also_where_the_new_one_is_known(chat: Chat, store: Store, alice: Native) -> None:
    """Somebody who has logged in by password since would keep it as a second device otherwise."""
    set_password(alice)
    alice.leave()
    chat.native("alice", token=PHONE, password=PASSWORD).leave()
    chat.native("alice", token=PHONE, former_token=TOKEN).leave()
    assert [device.token_hash for device in account(store).devices] == [hashed(PHONE)]


def test_a_former_token_proves_nothing_else(chat: Chat, store: Store, alice: Native) -> None:
    """Not a wrong one, and not without a token to replace it."""
    assert refusal(chat, "alice", token=PHONE, former_token=STRANGER) == "name_taken"
    assert refusal(chat, "alice", former_token=TOKEN) == "name_taken"
    assert account(store).has(hashed(TOKEN))


def test_a_former_token_is_not_taken_in_clear_text(
    chat: Chat, store: Store, alice: Native, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would open other servers to whoever reads along."""
    alice.leave()
    monkeypatch.setattr("server_parts.people.clients.is_own", lambda source: False)
    assert refusal(chat, "alice", token=PHONE, former_token=TOKEN) == "name_taken"
    assert account(store).has(hashed(TOKEN))


# --- codes ---


def test_a_code_links_another_device(chat: Chat, store: Store, alice: Native) -> None:
    """Once, typed in any case and with any dashes; a new one takes the place of the one before."""
    first, code = (ask(alice, "link") for _ in range(2))
    assert (code["purpose"], code["name"]) == ("link", "alice")
    assert refusal(chat, "alice", token=PHONE, password=first["code"]) == "password_wrong"
    typed = code["code"].upper().replace("-", "")
    assert chat.native("alice", token=PHONE, password=typed, client="phone", **BY).welcome["account"]
    assert [device.label for device in account(store).devices] == ["laptop", "phone"]
    assert refusal(chat, "alice", token=STRANGER, password=code["code"]) == "password_wrong"
    assert code["code"] not in str(vars(store))


def test_a_code_is_for_its_account_and_its_time(chat: Chat, alice: Native, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other account, and no longer than it says."""
    chat.native("bob", token=PHONE).tell("mine")
    assert refusal(chat, "bob", token=STRANGER, password=ask(alice, "link")["code"]) == "password_wrong"
    monkeypatch.setattr(accounts, "LINK_TIME", -1)
    assert refusal(chat, "alice", token=STRANGER, password=ask(alice, "link")["code"]) == "password_wrong"


def test_a_code_opens_while_others_guess(chat: Chat, alice: Native) -> None:
    """Whoever guesses passwords for a name keeps nobody from being recovered."""
    code = ask(as_operator(chat), "recover", name="alice")["code"]
    guesses = [refusal(chat, "alice", password="not this one") for _ in range(attempts.FREE + 1)]
    assert guesses == ["password_wrong"] * attempts.FREE + ["too_many"]
    assert chat.native("alice", token=STRANGER, password=code).welcome["account"]


def test_a_code_is_not_used_up_by_a_refused_hello(chat: Chat, alice: Native) -> None:
    """Here alice's other connection cannot be beside one that does not know `by`."""
    code = ask(alice, "link")["code"]
    assert refusal(chat, "alice", token=PHONE, password=code) == "name_taken"
    assert chat.native("alice", token=PHONE, password=code, **BY).welcome["account"]


@pytest.mark.parametrize("way", ["hello", "nick"])
def test_a_code_is_not_used_up_while_the_log_cannot_be_read(
    chat: Chat, store: Store, alice: Native, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Whoever could not come in because of that tries again with the same code."""
    code = ask(alice, "link")["code"]
    phone = chat.native("visitor", **BY) if way == "nick" else chat.native()
    fields = {"name": "alice", "password": code, "token": PHONE, **BY}

    def fails(name: str) -> None:
        raise StorageError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(store, "conversations", fails)
        if way == "hello":
            phone.hello(**fields)
            assert phone.until("error")["code"] == "storage_unavailable"
        else:
            assert codes(phone.ask("nick", name="alice", password=code)) == ["storage_unavailable"]
    account = store.account("alice")
    assert account is not None
    assert len(account.devices) == 1
    assert chat.native(**fields).welcome["account"]


def test_recovery_leaves_one_device(chat: Chat, store: Store, alice: Native) -> None:
    """That of whoever comes with the code; all other connections end, and no password is left."""
    olga = as_operator(chat)
    set_password(alice)
    phone = chat.native("alice", token=PHONE, password=PASSWORD, **BY)
    browser = chat.native("alice", password=PASSWORD, **BY)
    code = ask(olga, "recover", name="alice")
    assert (code["purpose"], code["name"]) == ("recover", "alice")
    assert (
        "recovers your account" in alice.until("notice", text="olga has made a code that recovers your account")["text"]
    )
    owner = chat.native("alice", token=STRANGER, password=code["code"])  # beside others it could not be
    assert owner.welcome["account"]
    assert [peer.until("bye")["code"] for peer in (alice, phone, browser)] == ["forgotten"] * 3
    assert [device.token_hash for device in account(store).devices] == [hashed(STRANGER)]
    assert refusal(chat, "alice", token=TOKEN) == refusal(chat, "alice", token=PHONE) == "name_taken"
    assert refusal(chat, "alice", password=PASSWORD) == "password_wrong"
    assert refusal(chat, "alice", password=code["code"]) == "password_wrong"


def test_recovery_by_a_new_name(chat: Chat, store: Store, alice: Native) -> None:
    """Whoever is in already becomes the account by the code, and everybody else leaves it."""
    code = ask(as_operator(chat), "recover", name="alice")["code"]
    guest = chat.native("somebody", token=STRANGER)
    guest.send("nick", name="alice", password=code)
    guest.moved("renamed", ["somebody", "alice"])
    assert alice.until("bye")["code"] == "forgotten"
    assert [device.token_hash for device in account(store).devices] == [hashed(STRANGER)]
    assert guest.tell("it is me")["from"] == "alice"
