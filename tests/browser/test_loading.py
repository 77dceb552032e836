"""How little is loaded before the page is there, and that a loss is told in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from server_parts.web.files import page
from tests.conftest import Chat
from tests.peers import wait_until

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once

MOST_REQUESTS = 8  # before anything is on the screen
MOST_PACKED = 60_000  # bytes: everything there is


def asked_until_it_is_there(tab: Tab) -> list[str]:
    """The requests of a load up to the moment in which the page's own program has begun."""
    script = "performance.getEntriesByType('navigation')[0].domContentLoadedEventStart"
    early = f"performance.getEntriesByType('resource').filter(one => one.startTime < {script}).map(one => one.name)"
    found: list[str] = tab.value(early)
    return ["", *found]


def test_the_first_load_is_small(chat: Chat, open_tab: OpenTab) -> None:
    """Few requests for newcomers and for those who are known; few bytes for all of the page together."""
    alice = open_tab(chat.port)
    expect(alice.page.locator("#login-name")).to_be_focused()
    newcomer = asked_until_it_is_there(alice)
    assert any("page.js" in url for url in newcomer)
    assert len(newcomer) <= MOST_REQUESTS, newcomer
    alice.come_in("alice")
    alice.page.reload()
    alice.seems_online()
    known = [url for url in asked_until_it_is_there(alice) if not url.startswith("blob:")]
    assert len(known) <= MOST_REQUESTS, known
    files = {path: len(file.packed) for path, file in page().items() if path != "/"}
    assert sum(files.values()) <= MOST_PACKED, files


def test_no_module_is_long(chat: Chat) -> None:
    """Each is about one idea, and can be read in one go."""
    lines = {path: file.body.count(b"\n") for path, file in page().items()}
    assert {path for path, number in lines.items() if number > 400} == set()
    assert len(lines) > 10


def test_what_is_typed_early_is_kept(chat: Chat, open_tab: OpenTab) -> None:
    """The field can be written in before the rest is loaded, and Enter sends it then."""
    alice = open_tab(chat.port)
    held: list[object] = []
    alice.page.route("**/composer.js", lambda route: held.append(route))
    alice.come_in("alice")
    alice.page.fill("#input", "typed early")
    alice.page.press("#input", "Enter")
    alice.page.fill("#input", "and more")
    assert wait_until(lambda: bool(alice.value("true") and held))
    for route in held:
        route.continue_()  # type: ignore[attr-defined]
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
