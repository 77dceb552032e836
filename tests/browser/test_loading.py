"""How little is loaded before the page is there, and that a loss is told in time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from server_parts.web.files import page
from tests.conftest import Chat

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once

MOST_REQUESTS = 8  # before anything is on the screen
MOST_PACKED = 60_000  # bytes: everything there is


def asked_until_it_is_there(tab: Tab) -> list[str]:
    """The requests of a load up to the first picture."""
    assert tab.comes_to("performance.getEntriesByName('first-contentful-paint').length", 1)
    painted = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    is_early = f"one => one.startTime < {painted} && one.transferSize"  # and not in the browser already
    found: list[str] = tab.value(f"performance.getEntriesByType('resource').filter({is_early}).map(one => one.name)")
    return ["", *found]


def test_the_first_load_is_small(chat: Chat, open_tab: OpenTab) -> None:
    """Few requests for newcomers and for those who are known; few bytes for all of the page together."""
    alice = open_tab(chat.port)
    expect(alice.page.locator("#login-name")).to_be_focused()
    newcomer = asked_until_it_is_there(alice)
    assert any("early.js" in url for url in newcomer)
    assert len(newcomer) <= MOST_REQUESTS, newcomer
    sizes = "performance.getEntriesByType('resource').map(one => one.transferSize || 0).reduce((a, b) => a + b)"
    assert alice.comes_to("performance.getEntriesByType('resource').some(one => /page\\.js/.test(one.name))", True)
    assert alice.value(sizes) <= MOST_PACKED
    alice.come_in("alice")
    alice.page.reload()
    alice.seems_online()
    known = [url for url in asked_until_it_is_there(alice) if not url.startswith("blob:")]
    assert len(known) <= MOST_REQUESTS, known
    files = {path: len(file.packed) for path, file in page().items() if path != "/"}
    assert sum(files.values()) <= MOST_PACKED, files


@pytest.mark.parametrize("known", [False, True], ids=["newcomer", "known"])
def test_the_first_picture_waits_for_no_module(chat: Chat, open_tab: OpenTab, known: bool) -> None:
    """The door or the chat's frame is there before any module; what is done at the door then is not lost."""
    alice = open_tab(chat.port)
    if known:
        alice.come_in("alice")
    release = alice.hold(re.compile(r"/(?!early)\w+\.js"))
    alice.page.context.new_cdp_session(alice.page).send("Network.clearBrowserCache")
    alice.page.reload(wait_until="commit")
    if known:
        expect(alice.page.locator("#place")).to_have_text(f"127.0.0.1:{chat.port}")
        expect(alice.page.locator("#login")).to_be_hidden()
    else:
        alice.ask_to_come_in("alice")
        expect(alice.page.locator("#app")).to_be_hidden()
    release()
    alice.seems_online()


def test_only_the_front_is_asked_for_again(chat: Chat, alice: Tab) -> None:
    """The rest is kept for as long as it is the same page."""
    files = "performance.getEntriesByType('resource').filter(one => /\\.(js|css)/.test(one.name))"
    assert alice.comes_to(f"{files}.some(one => one.name.endsWith('panels.js'))", True)
    alice.page.reload()
    alice.seems_online()
    assert alice.value(f"{files}.length") > 5
    assert alice.value(f"{files}.filter(one => one.transferSize).map(one => one.name)") == []


def test_no_module_is_long(chat: Chat) -> None:
    """Each is about one idea, and can be read in one go."""
    lines = {path: file.body.count(b"\n") for path, file in page().items()}
    assert {path for path, number in lines.items() if number > 400} == set()
    assert len(lines) > 10


def test_what_is_typed_early_is_kept(chat: Chat, open_tab: OpenTab) -> None:
    """The field can be written in before the rest is loaded, and Enter sends it then."""
    alice = open_tab(chat.port)
    release = alice.hold("**/composer.js")
    alice.ask_to_come_in("alice")
    expect(alice.page.locator("#room-name")).not_to_be_empty()
    alice.page.fill("#input", "typed early")
    alice.page.press("#input", "Enter")
    alice.page.fill("#input", "and more")
    release()
    alice.sees("typed early")
    expect(alice.page.locator("#input")).to_have_value("and more")
    assert alice.texts() == ["typed early"]


def test_being_offline_is_told_however_often_it_is_tried(chat: Chat, alice: Tab) -> None:
    """After five seconds, whatever the tries in between, each of which fails at once."""
    alice.expects_outage = True
    alice.value("window.begin = performance.now()")
    shown = "new MutationObserver(() => window.told ??= performance.now() - window.begin)"
    alice.value(
        f"({shown}).observe(document.getElementById('banner'), {{attributes: true, attributeFilter: ['hidden']}})"
    )
    chat.stop()
    expect(alice.page.locator("#banner")).to_contain_text("Offline", timeout=15_000)
    assert 4500 < alice.value("window.told") < 7500
