"""Keeping order from the menus: mutes, bans, modes, slow mode, reports; blocks and devices for oneself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Chat

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once


@pytest.fixture
def owner(chat: Chat, alice: Tab) -> Tab:
    """alice, in a room that is hers."""
    alice.enter("garden")
    alice.tell("mine now")
    return alice


@pytest.fixture
def guest(chat: Chat, owner: Tab, open_tab: OpenTab) -> Tab:
    """bob, who has said something there."""
    bob = open_tab(chat.port).come_in("bob")
    bob.enter("garden")
    bob.tell("buy cheap seeds")
    owner.sees("cheap seeds")
    return bob


def menu_of(tab: Tab, text: str) -> None:
    """Click the name of who said that."""
    tab.row(text).locator("header b").click()
    expect(tab.page.locator("dialog")).to_be_visible()


def answer(tab: Tab, button: str, **values: str) -> None:
    """Fill the form that has opened."""
    for name, value in values.items():
        field = tab.page.locator(f"dialog [name={name}]")
        if field.evaluate("one => one.localName") == "select":
            field.select_option(value)
        else:
            field.fill(value)
    tab.choose(button)


def told(tab: Tab, text: str) -> None:
    expect(tab.page.locator("#notices")).to_contain_text(re.compile(text, re.IGNORECASE))


def test_a_mute_lasts_until_it_is_lifted(owner: Tab, guest: Tab) -> None:
    """The text that was refused can be edited; the list tells why; afterwards one may talk again."""
    menu_of(owner, "cheap seeds")
    owner.choose("Mute")
    answer(owner, "Do it", reason="advertising", **{"for": "1 hour"})
    told(guest, "advertising")
    guest.say("more seeds")
    expect(guest.page.locator("#pending .failed")).to_contain_text("Not delivered")
    owner.page.click("#room-menu")
    owner.choose("Bans and mutes")
    expect(owner.page.locator("dialog li")).to_contain_text(re.compile("mute of bob until .*by alice: advertising"))
    owner.page.keyboard.press("Escape")
    menu_of(owner, "cheap seeds")
    owner.choose("Let talk again")
    told(guest, "not muted in garden any more")
    guest.choose("Edit")
    expect(guest.page.locator("#input")).to_have_value("more seeds")
    guest.page.press("#input", "Enter")
    owner.sees("more seeds")


def test_a_ban_keeps_somebody_out(owner: Tab, guest: Tab) -> None:
    """They are told, the room is gone, and they cannot enter it again."""
    menu_of(owner, "cheap seeds")
    owner.choose("Ban from this room")
    answer(owner, "Do it", reason="advertising", **{"for": "1 day"})
    told(guest, "advertising")
    expect(guest.room("garden")).to_have_count(0)
    guest.say("/join garden")
    told(guest, "banned")
    expect(guest.room("garden")).to_have_count(0)


def test_modes_and_slow_mode(owner: Tab, guest: Tab) -> None:
    """Who may speak, and how often; both are told to everybody and shown in the menu."""
    owner.page.click("#room-menu")
    owner.choose("Who may talk")
    answer(owner, "Set it", mode="read-only")
    expect(guest.page.locator("#topic")).to_have_text("(read-only)")
    guest.say("not allowed")
    expect(guest.page.locator("#pending .failed")).to_contain_text("Not delivered")
    guest.choose("Dismiss")
    expect(guest.page.locator("#pending .failed")).to_have_count(0)
    owner.page.click("#room-menu")
    owner.choose("Who may talk")
    answer(owner, "Set it", mode="open")
    expect(guest.page.locator("#topic")).to_be_empty()
    owner.page.click("#room-menu")
    owner.choose("Slow mode")
    answer(owner, "Set it", slow="60")
    expect(guest.page.locator("#rows .note").last).to_contain_text("one message in 60 s")
    guest.tell("the first")
    guest.say("the second")
    expect(guest.page.locator("#pending .failed")).to_contain_text("Not delivered")


def test_a_report_reaches_who_keeps_order(owner: Tab, guest: Tab) -> None:
    """With the message and what is wrong with it."""
    guest.row("mine now").hover()
    guest.choose("Report")
    answer(guest, "Report", reason="it is not hers")
    owner.page.click("#room-menu")
    owner.choose("Reports")
    expect(owner.page.locator("dialog li")).to_contain_text(re.compile("bob: it is not hers .*mine now"))


def test_a_block_and_the_devices(owner: Tab, guest: Tab) -> None:
    """Who is blocked cannot write privately; the devices of a name are listed."""
    owner.page.reload()  # whether the name is an account is told at the beginning
    owner.seems_online()
    menu_of(owner, "cheap seeds")
    owner.page.get_by_role("button", name="Block no private messages").click()
    told(owner, "no longer get private messages")
    guest.say("/msg alice can you hear me?")
    expect(guest.page.locator("#pending .failed")).to_contain_text("Not delivered")
    owner.page.click("#me")
    owner.choose("Devices")
    expect(owner.page.locator("dialog p")).to_have_text("1 device may use your name.")
