"""What makes somebody look: a sound and a notification, for those who want them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import Chat

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once

# In the place of what a browser without a window and a loudspeaker has.
WATCH = """
window.tones = 0;
window.notes = [];
const known = () => ({ connect: known, setValueAtTime() {}, exponentialRampToValueAtTime() {} });
window.AudioContext = class {
  currentTime = 0;
  createOscillator = () => ({ frequency: {}, connect: known, start: () => (window.tones += 1), stop() {} });
  createGain = () => ({ gain: known(), connect() {} });
};
window.Notification = class {
  static permission = "granted";
  static requestPermission = async () => "granted";
  constructor(title, options) { window.notes.push(this); Object.assign(this, { title, ...options }); }
};
"""


@pytest.fixture
def alice(chat: Chat, open_tab: OpenTab) -> Tab:
    """In the lobby, in a browser that tells what it would have shown and played."""
    alice = open_tab(chat.port)
    alice.page.add_init_script(WATCH)
    alice.page.reload()
    return alice.come_in("alice")


def test_a_sound_for_whom_it_is_meant(chat: Chat, alice: Tab) -> None:
    """In another room only one's own name rings, and private messages do; the settings make it all of them, or none."""
    bob = chat.native("bob")
    alice.open("lobby")
    alice.say("/join garden")
    expect(alice.page.locator("#room-name")).to_have_text("# garden")
    bob.tell("nothing for anybody")
    expect(alice.room("lobby").locator("b")).to_have_text("1")
    bob.tell("alice: look")
    expect(alice.room("lobby").locator("b")).to_have_text("1")
    assert alice.comes_to("window.tones", 1)
    alice.page.click("#me")
    alice.choose("Sound")
    bob.tell("for everybody")
    assert alice.comes_to("window.tones", 2)
    alice.page.click("#me")
    alice.choose("Sound")
    bob.say("a secret", "@alice")
    expect(alice.room("bob").locator("b")).to_have_text("1")
    assert alice.value("window.tones") == 2


def test_a_notification_leads_to_the_place(chat: Chat, alice: Tab) -> None:
    """Only after they were switched on; a click opens the talk."""
    bob = chat.native("bob")
    bob.say("too early", "@alice")
    expect(alice.room("bob").locator("b")).to_have_text("1")
    alice.page.click("#me")
    alice.choose("Notifications")
    bob.say("a secret", "@alice")
    assert alice.comes_to("window.notes.length", 1)
    assert alice.value("[notes[0].title, notes[0].body]") == ["bob", "a secret"]
    alice.value("window.notes[0].onclick()")
    expect(alice.page.locator("#room-name")).to_have_text("bob")
    alice.sees("a secret")
