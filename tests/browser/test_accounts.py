"""Names and their proofs in a browser: guests, passwords, codes, invitations, logging out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Chat, Serve
from tests.server.account_holders import as_operator, ask, holder_of_alice

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once

PASSWORD = "correct horse battery"


@pytest.fixture
def protected(alice: Tab) -> Tab:
    """alice, who has an account with a password."""
    alice.tell("the name is mine")
    alice.page.click("#me")
    alice.choose("Set a password")
    alice.page.fill("dialog input[name=new]", PASSWORD)
    alice.choose("Set it")
    expect(alice.page.locator("#notices")).to_contain_text("password")
    return alice


def test_a_taken_name_is_explained(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """Somebody else's name is refused with a sentence, and another one can be chosen at once."""
    alice.tell("the name is mine")
    other = open_tab(chat.port)
    other.ask_to_come_in("alice")
    expect(other.page.locator("#login-problem")).to_contain_text("alice")
    other.come_in("bob")
    expect(other.page.locator("#me")).to_contain_text("bob")


def test_a_password_opens_the_account_in_another_browser(chat: Chat, protected: Tab, open_tab: OpenTab) -> None:
    """A wrong one does not; afterwards the browser is known, and the password is not asked for again."""
    other = open_tab(chat.port)
    other.ask_to_come_in("alice", "wrong password")
    expect(other.page.locator("#login-problem")).not_to_be_empty()
    expect(other.page.locator("#login-password")).to_have_value("")
    other.come_in("alice", PASSWORD)
    other.tell("from the other browser")
    protected.sees("from the other browser")
    other.page.reload()
    other.seems_online()
    other.tell("still me")


def test_no_secret_is_kept_where_a_script_can_read_it(chat: Chat, protected: Tab) -> None:
    """Neither the password nor the token of the cookie is in the page's memory or storage."""
    cookies = {cookie["name"]: cookie for cookie in protected.page.context.cookies()}
    (cookie,) = cookies.values()
    assert cookie["httpOnly"]
    stored = protected.value("JSON.stringify([localStorage, sessionStorage, document.cookie, document.body.innerHTML])")
    assert PASSWORD not in stored
    assert cookie["value"] not in stored


def test_a_code_opens_the_account_once(chat: Chat, protected: Tab, open_tab: OpenTab) -> None:
    """It is given in the settings, and typed in the place of the password."""
    protected.page.reload()  # whether the name is an account is told at the door
    protected.seems_online()
    protected.page.click("#me")
    protected.choose("Code for another device")
    shown = protected.page.locator("dialog li").text_content() or ""
    code = shown.split(" ", 1)[0]
    open_tab(chat.port).come_in("alice", code)
    third = open_tab(chat.port)
    third.ask_to_come_in("alice", code)
    expect(third.page.locator("#login-problem")).not_to_be_empty()


def test_a_link_opens_the_page_as_the_same_person(chat: Chat, open_tab: OpenTab) -> None:
    """It has the name and a code; both are gone from the address at once, and the browser is known from then on.

    But first the person is asked: a link from somebody else would make this browser a device of theirs.
    """
    terminal = holder_of_alice(chat)
    code = ask(terminal, "link")["code"]
    browser = open_tab(chat.port, path=f"#alice/{code}")
    expect(browser.page.locator("#login-problem")).to_have_text(
        "This link opens the chat as alice: come in only if you made it yourself."
    )
    assert code not in browser.page.url
    assert browser.page.context.cookies() == []
    browser.page.click("#login-button")
    expect(browser.page.locator("#me")).to_contain_text("alice")
    browser.tell("as the same person")
    assert terminal.message_from("alice")["text"] == "as the same person"
    browser.page.reload()
    browser.seems_online()
    browser.tell("still")


def test_logging_out_ends_it_on_this_device(chat: Chat, protected: Tab, open_tab: OpenTab) -> None:
    """Every tab of that browser is out, the name is not remembered, and the password lets in again."""
    second = open_tab(chat.port, beside=protected)
    second.seems_online()
    protected.page.click("#me")
    protected.choose("Log out")
    expect(protected.page.locator("#login")).to_be_visible()
    expect(protected.page.locator("#login-name")).to_have_value("")
    expect(second.page.locator("#login")).to_be_visible()
    assert protected.value("Object.keys(localStorage).filter(key => key.startsWith('chat:'))") == []
    protected.come_in("alice", PASSWORD)


def test_the_only_way_in_is_not_closed(chat: Chat, alice: Tab) -> None:
    """Without a password or another device, logging out is refused with a sentence."""
    alice.tell("the name is mine")
    alice.page.reload()
    alice.seems_online()
    alice.expects_outage = True  # Chromium complains of every answer of 400 or more
    alice.page.click("#me")
    alice.choose("Log out")
    expect(alice.page.locator("#notices")).to_contain_text("set a password first")
    expect(alice.page.locator("#app")).to_be_visible()


def test_an_invitation_lets_in(serve: Serve, open_tab: OpenTab) -> None:
    """A server that wants one asks for it, and only then."""
    chat = serve(entry="invite")
    guest = open_tab(chat.port)
    guest.ask_to_come_in("newcomer")
    expect(guest.page.locator("#login-problem")).to_contain_text(re.compile("invit"))
    expect(guest.page.locator("#login-invite")).to_be_visible()


def test_a_kick_from_the_server_is_explained(chat: Chat, alice: Tab) -> None:
    """The page says why, and does not come back by itself."""
    alice.tell("hello")
    as_operator(chat).ask("kick", name="alice", reason="be nice")
    expect(alice.page.locator("#login-problem")).to_contain_text("be nice")


def test_a_new_name(chat: Chat, alice: Tab) -> None:
    """Others see it, and it is remembered."""
    bob = chat.native("bob")
    alice.page.click("#me")
    alice.choose("Change name")
    alice.page.fill("dialog input", "alicia")
    alice.choose("Change it")
    expect(alice.page.locator("#me")).to_contain_text("alicia")
    bob.moved("renamed", ["alice", "alicia"])
    alice.page.reload()
    expect(alice.page.locator("#me")).to_contain_text("alicia")
