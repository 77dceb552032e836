"""Answers, corrections, deletions and reactions, by mouse and keyboard, in several browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chat_common import Frame
from tests.conftest import Chat
from tests.peers import Native

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def needs_entries(chat: Chat) -> None:
    """The page offers nothing that its server does not know."""
    reader = chat.native("feature-reader")
    if "entries" not in reader.welcome["features"]:
        pytest.skip("this server knows no entries that speak of others")
    reader.leave()


def use(tab: Tab, text: str, tool: str) -> None:
    """Click one of the buttons of a message."""
    tab.row(text).hover()
    tab.page.locator(".tools").get_by_role("button", name=tool, exact=True).click()


def test_an_answer_shows_what_it_answers(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """With the beginning of the other message, which leads there."""
    bob = open_tab(chat.port).come_in("bob")
    bob.tell("is anybody here?")
    alice.sees("is anybody here?")
    use(alice, "is anybody here?", "Answer")
    expect(alice.page.locator("#context")).to_contain_text("Answer bob: is anybody here?")
    alice.tell("yes, me")
    quote = bob.row("yes, me").locator(".quote")
    expect(quote).to_have_text("bob is anybody here?")
    quote.click()
    expect(bob.row("is anybody here?").first).to_be_focused()
    alice.tell("this answers nothing")
    expect(alice.row("this answers nothing").locator(".quote")).to_have_count(0)


def test_the_last_message_is_corrected_with_the_arrow_key(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """The text comes into the field; the new one stands in its place, for everybody, marked as edited."""
    bob = open_tab(chat.port).come_in("bob")
    alice.tell("helo")
    alice.page.press("#input", "ArrowUp")
    expect(alice.page.locator("#input")).to_have_value("helo")
    alice.page.fill("#input", "hello")
    alice.page.press("#input", "Enter")
    expect(bob.row("hello").locator("small")).to_have_text("(edited)")
    expect(alice.row("helo")).to_have_count(0)
    assert bob.texts() == alice.texts()
    alice.page.press("#input", "ArrowUp")
    alice.page.press("#input", "Escape")
    expect(alice.page.locator("#input")).to_have_value("")


def test_reactions_come_and_go(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """One of each person: a second one replaces it, a click on one's own takes it back."""
    bob = open_tab(chat.port).come_in("bob")
    bob.tell("cake in the kitchen")
    alice.sees("cake in the kitchen")
    use(alice, "cake", "React 👍")
    button = bob.row("cake").locator(".reactions button")
    expect(button).to_have_text("👍 1")
    button.click()
    expect(alice.row("cake").locator(".reactions button")).to_have_text("👍 2")
    expect(button).to_have_attribute("aria-pressed", "true")
    use(alice, "cake", "React with something else")
    alice.page.fill("dialog input", "🍰")
    alice.choose("React")
    expect(bob.row("cake").locator(".reactions button")).to_have_text(["👍 1", "🍰 1"])
    bob.row("cake").locator(".reactions button").first.click()
    expect(alice.row("cake").locator(".reactions button")).to_have_text(["🍰 1"])


def test_one_deletes_what_one_said(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """For everybody; who comes later does not see it either, nor its reactions."""
    bob = open_tab(chat.port).come_in("bob")
    alice.tell("the password is swordfish")
    bob.sees("swordfish")
    use(alice, "swordfish", "Delete")
    expect(bob.row("This message was deleted.")).to_be_visible()
    expect(bob.row("swordfish")).to_have_count(0)
    expect(open_tab(chat.port).come_in("carol").row("This message was deleted.")).to_be_visible()


def test_the_page_is_the_same_after_a_reload(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """Whatever was answered, corrected, deleted and reacted to: lived through or read later, it looks the same."""
    bob = chat.native("bob")
    first = bob.tell("first")["id"]
    second = bob.tell("second")["id"]
    bob.say("first, corrected", edit=first)
    bob.say("👍", react=first)
    bob.say("🎉", react=first)
    bob.say("an answer", reply=second)
    bob.say("", delete=second)
    bob.tell("the end")
    alice.sees("the end")
    rows = "document.getElementById('rows').innerText"
    alice.page.mouse.move(0, 0)  # over a message there are buttons
    lived = alice.value(rows).split("\nToday\n")[-1]
    late = open_tab(chat.port).come_in("carol")
    late.page.mouse.move(0, 0)
    late.sees("the end")
    assert late.value(rows).split("Today\n")[-1] == lived


def test_commands_do_the_same(chat: Chat, alice: Tab) -> None:
    """With the number of a message, as in the terminal."""
    id = chat.native("bob").tell("a statement")["id"]
    alice.say(f"/re {id} an answer")
    alice.sees("an answer")
    alice.say(f"/react {id} 👍")
    expect(alice.row("a statement").first.locator(".reactions button")).to_have_text("👍 1")
    alice.say(f"/react {id}")
    expect(alice.page.locator(".reactions")).to_have_count(0)


def test_commands_without_a_number_mean_the_last_message(chat: Chat, alice: Tab) -> None:
    """Of others, or of somebody, to answer and react to; one's own to correct and delete. As in the terminal."""
    bob, carol = chat.native("bob"), chat.native("carol")
    first, second = bob.tell("tea or coffee?")["id"], carol.tell("or water?")["id"]
    alice.tell("3 cups")
    alice.say("/react 👍")
    alice.say("/re bob tea")
    alice.say("/re both, please")
    alice.sees("both, please")
    assert [(one.get("react"), one.get("reply"), one["text"]) for one in said_by_alice(bob, 4)] == [
        (None, None, "3 cups"),
        (second, None, "👍"),
        (None, first, "tea"),
        (None, second, "both, please"),
    ]
    alice.say("/edit tea, please")
    alice.sees("tea, please")
    alice.say("/edit")
    expect(alice.page.locator("#input")).to_have_value("tea, please")
    alice.page.press("#input", "Escape")
    alice.say("/delete")
    alice.sees("This message was deleted.")
    alice.say("/react")
    expect(alice.page.locator(".reactions")).to_have_count(0)
    changes = said_by_alice(bob, 3)
    assert [(one.get("edit"), one.get("delete"), one.get("react")) for one in changes] == [
        (second + 4, None, None),
        (None, second + 4, None),
        (None, None, second),
    ]


def said_by_alice(bob: Native, number: int) -> list[Frame]:
    return [bob.message_from("alice") for _ in range(number)]


def test_commands_that_can_mean_no_message_say_so(chat: Chat, alice: Tab) -> None:
    """The line stays in the field. A name of an emoji is not sent as a reaction."""
    notices = alice.page.locator("#notices")
    alice.enter("den")
    for line, problem in (
        ("/delete", "There is no message of yours here to delete."),
        ("/re what?", "There is no message of anybody else here to answer."),
        ("/react :+1:", "React with an emoji"),
        ("/delete it", "Write /delete [N]"),
    ):
        alice.say(line)
        expect(notices).to_contain_text(problem)
        expect(alice.page.locator("#input")).to_have_value(line)
