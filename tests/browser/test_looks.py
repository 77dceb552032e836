"""The page for everybody: checked by axe, by keyboard alone, narrow and wide, light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Chat

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")
axe_package = pytest.importorskip("axe_playwright_python", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import expect  # noqa: E402

from tests.browser.test_files import choose, png, send  # noqa: E402

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once

AXE = (Path(axe_package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
PHONE = {"width": 390, "height": 780}
LOOKS = pytest.mark.parametrize("color_scheme", ["light", "dark"])
SIZES = pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, PHONE], ids=["wide", "narrow"])


def violations(tab: Tab) -> list[str]:
    """What axe finds wrong, a line each."""
    tab.page.evaluate(AXE)
    result: Any = tab.page.evaluate("axe.run()")
    return [
        f"{one['id']}: {node['html']} {node.get('failureSummary')}"
        for one in result["violations"]
        for node in one["nodes"]
    ]


def furnish(chat: Chat, tab: Tab) -> None:
    """Something of everything."""
    bob, carol = chat.native("bob", color="yellow"), chat.native("carol", color="light_cyan")
    bob.tell("Good morning! See https://example.org/a/very/long/address/that/has/to/be/broken/somewhere/on/a/phone")
    carol.tell(
        "It is `fast` now:\n```\nsome code that is long, longer than a phone is wide, and must not widen the page\n```"
    )
    carol.tell("alice: look at this")
    bob.tell("/me makes coffee")
    send(tab, {"a picture with a long name.png": png(900, 500), "plan.pdf": b"%PDF"}, "Here is what I meant")
    tab.sees("plan.pdf")
    tab.tell("Thank you.")
    bob.say("a secret", "@alice")
    expect(tab.room("bob").locator("b")).to_have_text("1")


@LOOKS
@SIZES
def test_axe_finds_nothing(chat: Chat, open_tab: OpenTab, color_scheme: str, viewport: dict[str, int]) -> None:
    """At the door, in the conversation, in each window that opens."""
    alice = open_tab(chat.port, color_scheme=color_scheme, viewport=viewport, bypass_csp=True)
    assert violations(alice) == []
    alice.come_in("alice")
    furnish(chat, alice)
    choose(alice, {"one.png": png(4, 4), "two.txt": b"2"}, "image/png")
    assert violations(alice) == []
    release = alice.hold("**/files/*")
    alice.page.press("#input", "Enter")
    expect(alice.page.locator(".upload").last).to_contain_text("waits")
    assert violations(alice) == []
    release()
    expect(alice.page.locator(".upload")).to_have_count(0)
    alice.row("look at this").hover()
    expect(alice.page.locator(".tools")).to_be_visible()
    alice.page.click("#people-button")
    expect(alice.page.locator("#people")).to_contain_text("carol")
    assert violations(alice) == []
    alice.page.click("#people-button")
    for opens in ("Control+k", "?", "#room-menu", "#find", "#me"):
        if opens.startswith("#") and not alice.page.locator(opens).is_visible():
            alice.page.click("#menu")
        if opens.startswith("#"):
            alice.page.click(opens)
        else:
            alice.page.locator("#log").focus()
            alice.page.keyboard.press(opens)
        expect(alice.page.locator("dialog")).to_be_visible()
        assert violations(alice) == [], opens
        alice.page.keyboard.press("Escape")
        expect(alice.page.locator("dialog")).to_have_count(0)


def test_axe_finds_what_is_wrong(chat: Chat, open_tab: OpenTab) -> None:
    """An image without a text and a text that can hardly be read are found."""
    alice = open_tab(chat.port, bypass_csp=True)
    alice.value("document.querySelector('h1').style.color = '#ddd'")
    alice.value("document.querySelector('form').append(document.createElement('img'))")
    found = " ".join(violations(alice))
    assert "color-contrast" in found
    assert "image-alt" in found


@SIZES
def test_nothing_is_wider_than_the_screen(chat: Chat, open_tab: OpenTab, viewport: dict[str, int]) -> None:
    """Neither the page nor the log scrolls sideways, whatever is said."""
    alice = open_tab(chat.port, viewport=viewport).come_in("alice")
    furnish(chat, alice)
    alice.tell("w" * 3000)
    for element in ("document.documentElement", "document.getElementById('log')"):
        assert alice.value(f"{element}.scrollWidth <= {element}.clientWidth"), element


def test_a_phone_has_a_drawer(chat: Chat, open_tab: OpenTab) -> None:
    """The rooms are behind a button, and choosing one closes them; Esc too."""
    alice = open_tab(chat.port, viewport=PHONE, has_touch=True, is_mobile=True).come_in("alice")
    side = alice.page.locator("#side")
    expect(side).to_be_hidden()
    alice.page.tap("#menu")
    expect(side).to_be_visible()
    alice.page.get_by_role("button", name="Join a room").tap()
    alice.page.locator("dialog input").fill("garden")
    alice.page.get_by_role("option", name="new room").tap()
    expect(alice.page.locator("#room-name")).to_have_text("# garden")
    expect(side).to_be_hidden()
    alice.page.tap("#menu")
    alice.page.keyboard.press("Escape")
    expect(side).to_be_hidden()


def test_everything_by_keyboard(chat: Chat, open_tab: OpenTab) -> None:
    """Come in, talk, change rooms, walk through the messages, without a mouse."""
    alice = open_tab(chat.port)
    keys = alice.page.keyboard
    expect(alice.page.locator("#login-name")).to_be_focused()
    keys.type("alice")
    keys.press("Enter")
    expect(alice.page.locator("#input")).to_be_focused()
    keys.type("first")
    keys.press("Enter")
    alice.sees("first")
    keys.press("Control+k")
    expect(alice.page.locator("dialog input")).to_be_focused()
    keys.type("garden")
    keys.press("Enter")
    expect(alice.page.locator("#room-name")).to_have_text("# garden")
    keys.press("Alt+ArrowUp")
    expect(alice.page.locator("#room-name")).to_have_text("# lobby")
    alice.page.locator("#log").focus()
    keys.press("ArrowUp")
    expect(alice.row("first")).to_be_focused()
    keys.type("typing goes to the field")
    expect(alice.page.locator("#input")).to_have_value("typing goes to the field")


def test_the_focus_can_be_seen_and_the_log_can_be_skipped(chat: Chat, open_tab: OpenTab) -> None:
    """The first Tab offers a way to the field."""
    alice = open_tab(chat.port).come_in("alice")
    alice.page.reload()
    alice.seems_online()
    alice.value("document.body.tabIndex = -1, document.body.focus()")
    alice.page.keyboard.press("Tab")
    skip = alice.page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    assert skip.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    alice.page.keyboard.press("Enter")
    expect(alice.page.locator("#input")).to_be_focused()


def test_less_motion_is_respected(chat: Chat, open_tab: OpenTab) -> None:
    """Nothing moves for whoever asked for that."""
    alice = open_tab(chat.port, viewport=PHONE, reduced_motion="reduce").come_in("alice")
    assert re.match("0s|none", alice.value("getComputedStyle(document.getElementById('side')).transitionDuration"))
