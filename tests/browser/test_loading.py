"""How little is loaded before the page is there, and that a loss is told in time."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import pytest

from server_parts.protocol.requests import Reply
from server_parts.web.files import page
from server_parts.web.heads import Head
from server_parts.web.site import Answered, Caller, Site, Upgrade
from tests.conftest import Chat

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import Route, expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once

MOST_REQUESTS = 8
MOST_BYTES = 60_000


class Traffic:
    """What a server is asked over HTTP, and how much it sends: what the browser keeps to itself counts as well."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.sent = 0
        self._lock = threading.Lock()
        answer = Site.answer

        def counted(site: Site, head: Head, caller: Caller) -> Answered:
            answered = answer(site, head, caller)
            assert isinstance(answered, Reply | Upgrade)
            with self._lock:
                self.asked.append(head.target)
                self.sent += len(answered.block)
            return answered

        monkeypatch.setattr(Site, "answer", counted)

    def hear(self, tab: Tab) -> None:
        """Count what comes over the tab's WebSocket, too."""
        tab.page.on("websocket", lambda socket: socket.on("framereceived", self._receive))

    def _receive(self, payload: str | bytes) -> None:
        with self._lock:
            self.sent += len(payload if isinstance(payload, bytes) else payload.encode())


def test_the_first_visit_is_small(chat: Chat, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few requests and few bytes from the first one on, until something was said in the lobby and windows were open."""
    traffic = Traffic(monkeypatch)
    alice = open_tab(chat.port)
    traffic.hear(alice)
    expect(alice.page.locator("#login-name")).to_be_focused()
    alice.come_in("alice")
    alice.tell("here I am")
    alice.choose("Search messages", "Close")
    alice.say("/help")
    expect(alice.page.get_by_role("dialog")).to_be_visible()
    assert {"/", "/chat", "/session"} < set(traffic.asked)
    assert len(traffic.asked) <= MOST_REQUESTS, traffic.asked
    assert "/favicon.ico" not in traffic.asked  # it was in the page already
    assert "here I am" in alice.texts()
    assert 40_000 < traffic.sent <= MOST_BYTES
    has_asked = len(traffic.asked)
    alice.page.reload()
    alice.seems_online()
    assert len(traffic.asked) > has_asked  # each one is counted


@pytest.mark.parametrize("known", [False, True], ids=["newcomer", "known"])
def test_the_first_picture_waits_for_no_module(chat: Chat, open_tab: OpenTab, known: bool) -> None:
    """The door or the chat's frame is there before any module; what is done at the door then is not lost."""
    alice = open_tab(chat.port)
    if known:
        alice.come_in("alice")
    release = alice.hold(re.compile(r"/page\.js"))
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
    alice.page.reload()
    alice.seems_online()
    files = "performance.getEntriesByType('resource').filter(one => /\\.(js|css)/.test(one.name))"
    assert alice.value(f"{files}.length") == 3
    assert alice.value(f"{files}.filter(one => one.transferSize).map(one => one.name)") == []


def test_no_module_is_long(chat: Chat) -> None:
    """Each is about one idea, and can be read in one go."""
    lines = {path: file.body.count(b"\n") for path, file in page().items()}
    assert {path for path, number in lines.items() if number > 400} == set()
    assert len(lines) > 10


def test_what_is_typed_early_is_kept(chat: Chat, alice: Tab) -> None:
    """The field can be written in before the rest is loaded, and Enter sends it then."""
    release = alice.hold("**/page.js")
    alice.page.context.new_cdp_session(alice.page).send("Network.clearBrowserCache")
    alice.page.reload(wait_until="commit")
    alice.say("typed early")
    alice.say("and again")
    alice.page.fill("#input", "and more")
    release()
    alice.sees("typed early", "and again")
    expect(alice.page.locator("#input")).to_have_value("and more")
    assert alice.texts() == ["typed early", "and again"]


def test_a_script_that_does_not_come_is_asked_for_again(chat: Chat, open_tab: OpenTab) -> None:
    """The server, or the network, may be away for a moment."""
    alice = open_tab(chat.port)
    alice.expects_outage = True
    lost: list[str] = []

    def lose(route: Route) -> None:
        lost.append(route.request.url)
        if len(lost) < 3:
            route.abort()
        else:
            route.continue_()

    assert alice.comes_to("early.isHeard", True)  # what is asked for from here on is the next page's
    alice.page.route(re.compile(r"/page\.js"), lose)
    alice.page.context.new_cdp_session(alice.page).send("Network.clearBrowserCache")
    alice.page.reload(wait_until="commit")
    alice.come_in("alice")
    assert [url.partition("page.js")[2] for url in lost] == ["", "?1", "?2"]


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
