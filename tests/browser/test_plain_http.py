"""Over plain http from a name that browsers do not trust, much is missing; the page works without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import Serve

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab

pytestmark = pytest.mark.once

MISSING = "[isSecureContext, 'subtle' in crypto, 'serviceWorker' in navigator, 'clipboard' in navigator]"


def test_everything_works_without_a_secure_context(serve: Serve, open_tab: OpenTab) -> None:
    """Coming in, talking, a reload; what cannot be had is not offered."""
    chat = serve(web_host=("chat.test",))
    bob = chat.native("bob")
    alice = open_tab(chat.port, host="chat.test").come_in("alice")
    assert alice.value(MISSING) == [False] * 4
    alice.tell("hello")
    assert bob.message_from("alice")["text"] == "hello"
    bob.tell("alice: hi")
    alice.sees("alice: hi")
    alice.page.reload()
    alice.sees("hello", "alice: hi")
    alice.page.click("#me")
    expect(alice.page.get_by_role("button", name="Sound")).to_be_visible()
    expect(alice.page.get_by_role("button", name="Notifications")).to_have_count(0)


def test_what_is_missing_is_there_elsewhere(serve: Serve, open_tab: OpenTab) -> None:
    """On this machine the same settings offer notifications, and the page can be installed."""
    alice = open_tab(serve().port).come_in("alice")
    expect(alice.page.locator("link[rel=manifest]")).to_have_count(1)
    alice.page.click("#me")
    expect(alice.page.get_by_role("button", name="Notifications")).to_be_visible()
