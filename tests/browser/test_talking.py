"""People talk in browsers and beside them: what is said, seen, unread, private."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Chat

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab
    from tests.client.programs import Terminal

pytestmark = pytest.mark.once

TOKEN = "0123456789abcdef0123456789abcdef"


def test_a_message_is_seen_by_everybody(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """Two browsers and a native client hear each other; one's own message gets its receipt."""
    bob, carol = open_tab(chat.port).come_in("bob"), chat.native("carol")
    alice.tell("hello everybody")
    bob.sees("hello everybody")
    assert carol.message_from("alice")["text"] == "hello everybody"
    carol.say("hello from a program")
    alice.sees("hello from a program")
    bob.tell("and from me")
    alice.sees("and from me")
    expect(alice.row("hello everybody").locator(".tick")).to_have_text("✓")
    expect(alice.row("and from me").locator(".tick")).to_have_count(0)


def test_a_terminal_client_takes_part(
    chat: Chat, alice: Tab, open_terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    """What is typed in a terminal is seen in the browser, and the other way round."""
    terminal = open_terminal(chat.port, tmp_path / "token", "--name", "bob")
    terminal.wait_for("You are bob")
    terminal.type("typed in a terminal\r")
    alice.tell("typed in a browser")
    alice.sees("typed in a terminal")
    terminal.wait_for("typed in a browser")


def test_texts_of_several_lines_and_signs_stay_as_they_are(chat: Chat, alice: Tab) -> None:
    """Shift+Enter makes a line; nothing is read as HTML; a double slash is one."""
    bob = chat.native("bob")
    alice.page.fill("#input", "one")
    alice.page.press("#input", "Shift+Enter")
    alice.page.keyboard.type("two")
    alice.page.press("#input", "Enter")
    assert bob.message_from("alice")["text"] == "one\ntwo"
    alice.tell("<b onclick=alert(1)>not bold</b> &amp;")
    assert bob.message_from("alice")["text"] == "<b onclick=alert(1)>not bold</b> &amp;"
    assert alice.texts()[-1] == "<b onclick=alert(1)>not bold</b> &amp;"
    alice.say("//slash")
    assert bob.message_from("alice")["text"] == "/slash"


def test_a_long_text_goes_in_pieces(chat: Chat, alice: Tab) -> None:
    """12,000 characters are three messages, in order."""
    bob = chat.native("bob")
    text = "".join(f"{number:05d}" for number in range(2400))
    alice.say(text)
    assert "".join(bob.message_from("alice")["text"] for _ in range(3)) == text


def test_an_input_method_is_not_disturbed(chat: Chat, alice: Tab) -> None:
    """Enter that ends the composing of a word does not send it."""
    alice.page.fill("#input", "にほん")
    alice.page.dispatch_event("#input", "keydown", {"key": "Enter", "isComposing": True})
    expect(alice.page.locator("#input")).to_have_value("にほん")


def test_links_and_code_are_shown_as_such(chat: Chat, alice: Tab) -> None:
    """Only http and https are links; they open elsewhere and tell nobody where one came from."""
    chat.native("bob").tell("see https://a.example/x and javascript:alert(1) and `code`\n```\nblock\n```")
    row = alice.row("see https")
    link = row.locator("a")
    expect(link).to_have_count(1)
    expect(link).to_have_attribute("href", "https://a.example/x")
    expect(link).to_have_attribute("rel", re.compile("noopener.*noreferrer"))
    expect(row.locator("pre code")).to_have_text("block")
    expect(row.locator(".text > code")).to_have_text("code")


def test_senders_are_grouped_and_days_are_told(chat: Chat, alice: Tab) -> None:
    """The name stands above the first of several messages; a day is told once."""
    bob = chat.native("bob")
    for text in ("first", "second", "third"):
        bob.tell(text)
    alice.sees("third")
    expect(alice.page.locator("#rows article header")).to_have_count(1)
    expect(alice.page.locator("#rows .line")).to_have_text("Today")


def test_comings_and_goings_are_one_line(chat: Chat, alice: Tab) -> None:
    """Who came and went before anything was said stands in one line."""
    for name in ("bob", "carol"):
        chat.native(name)
    expect(alice.page.locator("#rows .note")).to_have_text("bob, carol joined")


def test_unread_messages_and_mentions_are_counted(chat: Chat, alice: Tab) -> None:
    """In other rooms: beside their names, in the title; opening one reads it."""
    bob = chat.native("bob", rooms={"lobby": None, "builds": None})
    alice.say("/join builds")
    expect(alice.page.locator("#room-name")).to_have_text("# builds")
    alice.open("lobby")
    bob.tell("nothing special", "builds")
    expect(alice.room("builds").locator("b")).to_have_text("1")
    bob.tell("alice: look", "builds")
    expect(alice.room("builds")).to_have_attribute("aria-label", "builds, 1 mention")
    expect(alice.page).to_have_title(re.compile(r"^\(1\) lobby"))
    alice.open("builds")
    alice.sees("nothing special", "alice: look")
    expect(alice.page.locator("#rows .line.new")).to_have_text("New")
    expect(alice.room("builds").locator("b")).to_have_count(0)
    expect(alice.page).to_have_title(re.compile(r"^builds"))
    alice.page.keyboard.press("Escape")
    expect(alice.page.locator("#rows .line.new")).to_have_count(0)


def test_two_people_talk_in_private(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """From the list of people; the other one sees a new talk with a count, and answers."""
    bob, carol = open_tab(chat.port).come_in("bob"), open_tab(chat.port).come_in("carol")
    alice.page.click("#people-button")
    alice.page.locator("#people").get_by_role("button", name="bob").click()
    alice.choose("Write privately")
    alice.tell("just for you")
    expect(bob.room("alice").locator("b")).to_have_text("1")
    bob.open("alice")
    bob.sees("just for you")
    bob.tell("thank you")
    alice.sees("thank you")
    expect(carol.page.locator("#room-list [data-room]")).to_have_count(1)


def test_a_draft_waits_in_its_room(chat: Chat, alice: Tab) -> None:
    """Each room keeps what was begun there, also over a reload."""
    alice.page.fill("#input", "half a thought")
    alice.page.keyboard.press("Control+k")
    expect(alice.page.locator("dialog input")).to_be_focused()
    alice.page.keyboard.type("builds")
    alice.page.keyboard.press("Enter")
    expect(alice.page.locator("#room-name")).to_have_text("# builds")
    expect(alice.page.locator("#input")).to_have_value("")
    alice.page.fill("#input", "something else")
    alice.open("lobby")
    expect(alice.page.locator("#input")).to_have_value("half a thought")
    alice.page.reload()
    expect(alice.page.locator("#input")).to_have_value("half a thought")
    alice.open("builds")
    expect(alice.page.locator("#input")).to_have_value("something else")


def test_a_reload_keeps_rooms_and_what_was_read(chat: Chat, alice: Tab) -> None:
    """The same rooms are open; what came in between is unread, what was read is not."""
    bob = chat.native("bob", rooms={"lobby": None, "builds": None})
    alice.say("/join builds")
    bob.tell("old news", "builds")
    alice.sees("old news")
    alice.open("lobby")
    alice.page.goto("about:blank")
    bob.tell("fresh news", "builds")
    alice.page.goto(alice.url)
    expect(alice.page.locator("#room-name")).to_have_text("# lobby")
    expect(alice.room("builds").locator("b")).to_have_text("1")
    alice.open("builds")
    alice.sees("old news", "fresh news")


def test_a_second_tab_of_the_same_person_works(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """Both show what either says, each with its own receipts; others see one person."""
    bob = chat.native("bob")
    second = open_tab(chat.port, beside=alice)
    second.seems_online()
    second.tell("from the second tab")
    alice.sees("from the second tab")
    alice.tell("from the first tab")
    second.sees("from the first tab")
    expect(alice.row("from the second").locator(".tick")).to_have_count(0)
    who = bob.ask("who", room="lobby")[-1]
    assert sorted(member["name"] for member in who["members"]) == ["alice", "bob"]


def test_names_rooms_and_commands_are_completed(chat: Chat, alice: Tab) -> None:
    """Tab completes what is begun, and offers the next one."""
    for name in ("bob", "bonnie"):
        chat.native(name).tell("hi")
    alice.sees("hi")
    expect(alice.page.locator("#people-button")).to_have_text("3 people")
    field = alice.page.locator("#input")
    alice.page.keyboard.type("bo")
    alice.page.keyboard.press("Tab")
    expect(field).to_have_value("bonnie: ")
    alice.page.keyboard.press("Tab")
    expect(field).to_have_value("bob: ")
    alice.page.keyboard.type("see #lob")
    alice.page.keyboard.press("Tab")
    expect(field).to_have_value("bob: see #lobby ")
    field.fill("/aw")
    expect(alice.page.locator("#offers")).to_contain_text("/away [TEXT]")
    field.press("Tab")
    expect(field).to_have_value("/away ")


def test_what_is_typed_behind_a_join_belongs_to_the_new_room(chat: Chat, alice: Tab) -> None:
    """Also if the page needs a moment to turn there; the other room keeps nothing of it."""
    field = alice.page.locator("#input")
    expect(field).to_have_attribute("data-room", "lobby")
    alice.value("[window.held, window.send] = [[], WebSocket.prototype.send]")
    alice.value("void (WebSocket.prototype.send = function (text) { held.push(() => send.call(this, text)); })")
    alice.say("/reports")  # the next line waits until this one is answered
    alice.say("/join garden")
    field.fill("for the garden")
    expect(alice.page.locator("#room-name")).to_have_text("# lobby")
    alice.value("(WebSocket.prototype.send = send) && held.forEach((one) => one())")
    expect(alice.page.locator("#room-name")).to_have_text("# garden")
    expect(field).to_have_value("for the garden")
    alice.open("lobby")
    expect(field).to_have_value("")
    alice.open("garden")
    expect(field).to_have_value("for the garden")
    alice.page.press("#input", "Enter")
    alice.sees("for the garden")


def test_rooms_and_people_may_be_called_like_what_every_object_knows(chat: Chat, open_tab: OpenTab) -> None:
    """They are entered, talked in, and remembered as any other; drafts of theirs are their own."""
    alice, bob = open_tab(chat.port).come_in("toString"), chat.native("valueOf")
    field = alice.page.locator("#input")
    for room in ("constructor", "__proto__"):
        alice.enter(room)
        expect(field).to_have_value("")
        alice.tell(f"in {room}")
    field.fill("a draft")
    bob.say("psst", "@toString")
    alice.open("constructor")
    expect(field).to_have_value("")
    alice.page.reload()
    expect(alice.page.locator("#room-name")).to_have_text("# constructor")
    alice.sees("in constructor")
    alice.open("__proto__")
    alice.sees("in __proto__")
    expect(field).to_have_value("a draft")
    expect(alice.room("valueOf").locator("b")).to_have_text("1")


def test_a_display_name_stands_beside_the_name(chat: Chat, alice: Tab) -> None:
    """In any script; it is set by command or in the settings, and seen in the lists and in private."""
    bob = chat.native("bob")
    bob.ask("realname", text="Борис")
    alice.say("/realname Ἀλίκη Ω")
    alice.page.click("#people-button")
    people = alice.page.locator("#people")
    expect(people).to_contain_text("alice Ἀλίκη Ω")
    expect(people).to_contain_text("bob Борис")
    assert {one["name"]: one.get("realname") for one in bob.ask("who", room="lobby")[-1]["members"]} == {
        "alice": "Ἀλίκη Ω",
        "bob": "Борис",
    }
    alice.page.click("#me")
    expect(alice.page.get_by_role("button", name="Display name")).to_contain_text("Ἀλίκη Ω")
    alice.choose("Display name")
    alice.page.fill("dialog input", "")
    alice.choose("Take it")
    expect(people).not_to_contain_text("Ἀλίκη")
    bob.say("psst", "@alice")
    alice.open("bob")
    expect(alice.page.locator("#topic")).to_have_text("Борис")


def test_a_wrong_command_is_not_sent(chat: Chat, alice: Tab) -> None:
    """It is explained, and stays in the field."""
    bob = chat.native("bob")
    alice.say("/exti now")
    expect(alice.page.locator("#notices")).to_contain_text("There is no command /exti")
    expect(alice.page.locator("#input")).to_have_value("/exti now")
    alice.tell("harmless")
    assert bob.message_from("alice")["text"] == "harmless"


def test_a_refused_text_comes_back(chat: Chat, alice: Tab) -> None:
    """It says why, and can be edited and sent again."""
    alice.say("/msg nobody-here")
    expect(alice.page.locator("#room-name")).to_have_text("nobody-here")
    alice.say("are you there?")
    failed = alice.page.locator("#pending .failed")
    expect(failed).to_contain_text("Not delivered")
    failed.get_by_role("button", name="Edit").click()
    expect(alice.page.locator("#input")).to_have_value("are you there?")
    expect(failed).to_have_count(0)


def test_somebody_can_be_hidden(chat: Chat, alice: Tab) -> None:
    """What they say is not shown and not counted, and shown again when that ends."""
    bob = chat.native("bob")
    bob.tell("first")
    alice.sees("first")
    alice.say("/ignore bob")
    expect(alice.row("first")).to_be_hidden()
    bob.tell("second")
    alice.tell("mine")
    expect(alice.row("second")).to_be_hidden()
    alice.say("/unignore bob")
    expect(alice.row("second")).to_be_visible()


def test_away_is_told_and_ended(chat: Chat, alice: Tab) -> None:
    """From the settings; others see the note."""
    bob = chat.native("bob")
    alice.page.click("#me")
    alice.choose("I am away")
    alice.page.fill("dialog input", "lunch")
    alice.choose("Say so")
    expect(alice.page.locator("#me")).to_contain_text("lunch")
    assert {one["name"]: one.get("away") for one in bob.ask("who", room="lobby")[-1]["members"]}["alice"] == "lunch"
    alice.say("/back")
    expect(alice.page.locator("#me")).not_to_contain_text("lunch")


def test_a_topic_is_shown(chat: Chat, open_tab: OpenTab) -> None:
    """Whoever owns a room sets it, from the room's menu; who comes later reads that, once."""
    alice = open_tab(chat.port).come_in("alice")
    alice.enter("garden")
    alice.tell("mine now")
    alice.page.click("#room-menu")
    alice.choose("Topic")
    alice.page.fill("dialog input", "Tomatoes, see https://a.example/")
    alice.choose("Set it")
    expect(alice.page.locator("#topic")).to_have_text("Tomatoes, see https://a.example/")
    expect(alice.page.locator("#topic a")).to_have_count(1)
    alice.say("/me changed the topic to: nothing at all")
    bob = open_tab(chat.port).come_in("bob")
    bob.enter("garden")
    for tab in (alice, bob):
        tab.sees("nothing at all")
        note = tab.page.locator(".note", has_text="changed the topic")
        expect(note).to_have_count(1)
        expect(note).to_contain_text("alice changed the topic to: Tomatoes, see")


def test_moderators_remove_people(chat: Chat, open_tab: OpenTab) -> None:
    """The owner of a room deletes a message and removes its author, who is told."""
    alice = open_tab(chat.port).come_in("alice")
    alice.enter("garden")
    alice.tell("mine now")
    alice.page.reload()  # the role is told with the entry
    alice.seems_online()
    bob = open_tab(chat.port).come_in("bob")
    bob.enter("garden")
    bob.tell("buy cheap seeds")
    alice.row("cheap seeds").hover()
    alice.choose("Delete")
    expect(bob.row("This message was deleted")).to_be_visible()
    expect(alice.row("cheap seeds")).to_have_count(0)
    alice.say("/kick bob advertising")
    expect(bob.page.locator("#notices")).to_contain_text("advertising")
    expect(bob.room("garden")).to_have_count(0)


def test_a_flood_is_one_sentence_for_a_screen_reader(chat: Chat, alice: Tab) -> None:
    """Few messages are read out, many are counted; the log itself is silent."""
    bob = chat.native("bob")
    bob.tell("just one")
    expect(alice.page.locator("#announcer")).to_have_text("bob: just one")
    for number in range(30):
        bob.say(f"message {number}")
    expect(alice.page.locator("#announcer")).to_have_text(re.compile(r"^\d+ new messages$"))
    assert alice.page.locator("#log").get_attribute("aria-live") is None


def test_what_was_read_elsewhere_is_not_new(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """Two tabs of a person with an account: what is opened in one is not counted in the other any more."""
    bob = chat.native("bob")
    alice.tell("hello")
    alice.enter("garden")
    expect(alice.page.locator("#room-name")).to_have_text("# garden")
    alice.page.reload()  # whether the name is an account is told at the beginning
    expect(alice.page.locator("#room-name")).to_have_text("# garden")
    beside = open_tab(chat.port, beside=alice)
    expect(beside.page.locator("#room-name")).to_have_text("# garden")
    bob.tell("anybody?")
    for tab in (alice, beside):
        expect(tab.room("lobby").locator("b")).to_have_text("1")
    alice.open("lobby")
    expect(beside.room("lobby").locator("b")).to_have_count(0)


def test_a_sentence_that_is_told_again_is_shown_once(chat: Chat, alice: Tab) -> None:
    """Else equal ones would cover the messages."""
    for _ in range(3):
        alice.say("/exti")
        expect(alice.page.locator("#input")).to_have_value("/exti")
    alice.say("/nick")
    expect(alice.page.locator("#notices p")).to_have_text(
        [re.compile("There is no command /exti"), re.compile("Write /nick")]
    )
