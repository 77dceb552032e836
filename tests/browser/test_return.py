"""Texts arrive once and in order, and drafts stay, whatever becomes of the server, the network and the page."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Chat
from tests.peers import Native

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")
pytest.importorskip("pexpect")

from playwright.sync_api import expect

from tests.client.programs import ServerProgram

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once


@pytest.fixture
def program(tmp_path: Path) -> Iterator[ServerProgram]:
    """A server that can be killed and started again on its port, with its data."""
    program = ServerProgram(tmp_path / "data")
    yield program
    program.close()


def said(program: ServerProgram) -> list[str]:
    """All that the server has of the lobby, in order."""
    with Native(program.port) as reader:
        reader.hello("reader", history=500)
        reader.welcome = reader.until("welcome")
        return [message["text"] for message in reader.history()]


def cut_off(chat: Chat, *, but: Native) -> None:
    """End all connections except one, from below."""
    for connection in chat.server.clients:
        if connection.getpeername() != but.socket.getsockname():
            connection.shutdown(socket.SHUT_RDWR)


def test_a_server_is_killed_and_started_again_while_somebody_types(program: ServerProgram, open_tab: OpenTab) -> None:
    """What was said meanwhile waits, dimmed; then everything is there once, in order, on the page and in the log."""
    alice = open_tab(program.port).come_in("alice")
    alice.expects_outage = True
    for round in range(3):
        for number in range(5):
            alice.say(f"{round} before {number}")
        program.stop(signal.SIGKILL)
        for number in range(3):
            alice.say(f"{round} while away {number}")
        expect(alice.page.locator("#pending .row")).not_to_have_count(0)
        program.start()
        alice.sees(f"{round} while away 2")
    expected = [
        f"{round} {when} {number}" for round in range(3) for when, count in (("before", 5), ("while away", 3))
        for number in range(count)
    ]  # fmt: skip
    assert alice.texts() == expected
    assert said(program) == expected
    expect(alice.page.locator("#pending .row")).to_have_count(0)


def test_what_is_not_delivered_outlives_the_page(program: ServerProgram, open_tab: OpenTab) -> None:
    """The page is reloaded and the server comes back later: what was said arrives once, the draft is still there."""
    alice = open_tab(program.port).come_in("alice")
    alice.expects_outage = True
    alice.tell("first")
    program.stop(signal.SIGKILL)
    alice.say("second")
    alice.say("third")
    alice.page.fill("#input", "a draft")
    program.start()
    alice.page.reload()
    alice.sees("second", "third")
    alice.tell("fourth") if alice.page.input_value("#input") == "a draft" else pytest.fail("the draft is lost")
    assert said(program) == ["first", "second", "third", "fourth"]


def test_a_tab_that_was_closed_leaves_its_texts_to_the_next(program: ServerProgram, open_tab: OpenTab) -> None:
    """Nobody opens the closed tab again, but another one of that browser: the texts arrive, once."""
    alice = open_tab(program.port).come_in("alice")
    other = open_tab(program.port, beside=alice)
    other.seems_online()
    alice.expects_outage = other.expects_outage = True
    program.stop(signal.SIGKILL)
    alice.say("said into the void")
    expect(alice.page.locator("#pending .row")).to_have_count(1)
    alice.page.close(run_before_unload=False)
    program.start()
    third = open_tab(program.port, beside=other)
    third.sees("said into the void")
    other.sees("said into the void")
    assert said(program) == ["said into the void"]


def test_a_copied_tab_takes_a_session_of_its_own(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """Both copies talk at the same time; nothing is lost or taken for a repeat."""
    session = alice.value("sessionStorage.getItem('chat:session')")
    copy = open_tab(chat.port, beside=alice)
    copy.page.evaluate("session => sessionStorage.setItem('chat:session', session)", session)
    copy.page.goto("about:blank")
    copy.page.goto(copy.url)
    copy.seems_online()
    assert copy.value("sessionStorage.getItem('chat:session')") != session
    for number in range(5):
        alice.say(f"original {number}")
        copy.say(f"copy {number}")
    for number in range(5):
        alice.sees(f"original {number}", f"copy {number}")
        copy.sees(f"original {number}", f"copy {number}")


def test_the_network_goes_and_comes(chat: Chat, alice: Tab) -> None:
    """After five seconds the page says that it is offline; it is back at once when the network is."""
    bob = chat.native("bob")
    alice.expects_outage = True
    alice.tell("hello")
    alice.page.context.set_offline(True)
    cut_off(chat, but=bob)
    alice.say("said offline")
    expect(alice.page.locator("#banner")).to_contain_text("Offline", timeout=15_000)
    bob.tell("said meanwhile")
    alice.page.context.set_offline(False)
    alice.sees("said meanwhile", "said offline")
    expect(alice.page.locator("#banner")).to_be_hidden()
    assert alice.texts() == ["hello", "said meanwhile", "said offline"]


def test_a_short_loss_is_not_told(chat: Chat, alice: Tab) -> None:
    """A connection that is back within moments shows no banner, and loses nothing."""
    bob = chat.native("bob")
    alice.tell("hello")
    shown = (
        "new MutationObserver(() => window.shown = true).observe(document.getElementById('banner'), {attributes: true})"
    )
    alice.value(shown)
    cut_off(chat, but=bob)
    bob.tell("said meanwhile")
    alice.sees("said meanwhile")
    alice.tell("again")
    assert alice.value("window.shown && !document.getElementById('banner').hidden") in (None, False)


def test_another_log_starts_over(open_tab: OpenTab, tmp_path: Path) -> None:
    """The server's history was replaced: the page says so, shows the new one, and delivers what waits."""
    program = ServerProgram(tmp_path / "data")
    try:
        alice = open_tab(program.port).come_in("alice")
        alice.expects_outage = True
        alice.tell("in the old log")
        program.stop(signal.SIGKILL)
        for file in (tmp_path / "data").iterdir():
            file.unlink()
        alice.say("waiting")
        program.start()
        alice.sees("waiting")
        expect(alice.page.locator("#notices")).to_contain_text("history was replaced")
        assert alice.texts() == ["waiting"]
        assert said(program) == ["waiting"]
    finally:
        program.close()
