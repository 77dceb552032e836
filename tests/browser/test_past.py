"""Long logs: fast while they come, bounded in the document, read back to the first message, found by search."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Chat, Serve
from tests.peers import Native

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once

MOST_ROWS = 400
LONGEST = 100  # ms
TRIES = 3  # a machine that has something else to do for a moment makes a page stand still, too
WATCH = """
window.longTasks = [];
new PerformanceObserver(list => window.longTasks.push(...list.getEntries().map(one => one.duration)))
  .observe({type: "longtask", buffered: true});
window.mostRows = 0;
new MutationObserver(() => {
  window.mostRows = Math.max(window.mostRows, document.querySelectorAll("#rows > *").length);
}).observe(document, {subtree: true, childList: true});
"""
STAND_STILL = """
setInterval(() => { for (const until = performance.now() + 150; performance.now() < until;); }, 300);
"""
FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def fill(peer: Native, count: int, room: str = "lobby") -> None:
    """Say so many texts and wait until all are stored."""
    for number in range(1, count + 1):
        peer.say(f"message number {number} of a long evening", room)
        if number % 500 == 0 or number == count:
            peer.until("message", seq=peer.seq)


def scroll(tab: Tab, to: str) -> None:
    tab.value(f"document.getElementById('log').scrollTop = {to}")
    tab.value(f"({FRAME})()")


def longest_task(chat: Chat, tab: Tab, messages: int, script: str = "") -> float:
    """Of the page, in milliseconds, while so many messages come."""
    tab.page.add_init_script(WATCH + script)
    tab.page.reload()
    tab.come_in("alice")
    fill(chat.native("bob"), messages)
    tab.sees(f"message number {messages} of")
    tab.value(f"({FRAME})()")
    long, rows = tab.value("window.longTasks"), tab.value("window.mostRows")
    print(f"long tasks: {sorted(map(round, long))} ms, at most {rows} rows")
    assert rows <= MOST_ROWS
    assert tab.texts()[-1] == f"message number {messages} of a long evening"
    return float(max(long, default=0.0))


@pytest.mark.alone
def test_ten_thousand_messages_come_in(serve: Serve, open_tab: OpenTab) -> None:
    """No task takes more than 100 ms, and never are there more than 400 rows in the document."""
    tries: list[float] = []
    while len(tries) < TRIES and min(tries, default=math.inf) > LONGEST:
        chat = serve()
        tries.append(longest_task(chat, open_tab(chat.port), 10_000))
    assert min(tries) <= LONGEST, tries


@pytest.mark.alone
def test_a_page_that_stands_still_is_found_out(chat: Chat, open_tab: OpenTab) -> None:
    """However few messages come."""
    assert longest_task(chat, open_tab(chat.port), 500, STAND_STILL) > LONGEST


def test_a_long_log_is_read_back_to_its_first_message(chat: Chat, open_tab: OpenTab) -> None:
    """Page after page in order, without a hole, and forward again to the newest."""
    bob = chat.native("bob")
    fill(bob, 700)
    alice = open_tab(chat.port).come_in("alice")
    alice.sees("message number 700 of")
    seen: dict[int, str] = {}
    for _ in range(200):
        seen.update(shown(alice))
        if 1 in seen:
            break
        scroll(alice, "0")
    assert sorted(seen) == list(range(1, 701))
    assert all(text == f"message number {id} of a long evening" for id, text in seen.items())
    assert len(shown(alice)) <= MOST_ROWS
    alice.page.click("#down")
    alice.sees("message number 700 of")
    bob.tell("still alive")
    alice.sees("still alive")


def shown(tab: Tab) -> list[tuple[int, str]]:
    """The rows, in order: number and text."""
    rows = "all => all.map(one => [Number(one.dataset.id), one.querySelector('.text').textContent])"
    found = [(id, text) for id, text in tab.page.locator("#rows article").evaluate_all(rows)]
    assert found == sorted(found)
    return found


def test_the_place_is_held_while_rows_come(chat: Chat, open_tab: OpenTab) -> None:
    """Whoever reads what is older stays where they are: rows come above and below without a jump."""
    bob = chat.native("bob")
    fill(bob, 300)
    alice = open_tab(chat.port).come_in("alice")
    alice.sees("message number 300 of")
    scroll(alice, "document.getElementById('log').scrollHeight - 2500")
    place: Any = None
    for number in range(6):
        row = alice.page.locator("#rows article[data-id='240']")
        top = row.evaluate("one => one.getBoundingClientRect().top")
        assert place is None or abs(top - place) <= 2, number
        place = top
        bob.tell(f"something new {number}")
        expect(alice.page.locator("#down")).to_have_text(f"{number + 1} new ↓")
    alice.page.click("#down")
    alice.sees("something new 5")
    expect(alice.page.locator("#down")).to_be_hidden()


def test_a_search_by_command_stands_in_the_field(chat: Chat, alice: Tab) -> None:
    """With its hits below; an emptied field shows none."""
    alice.tell("a needle in the hay")
    alice.say("/search needle")
    field = alice.page.locator("dialog input")
    expect(field).to_have_value("needle")
    expect(alice.page.get_by_role("option", name="a needle in the hay")).to_be_visible()
    field.fill("")
    expect(alice.page.get_by_role("option")).to_have_count(0)


def test_a_found_message_is_shown_in_its_place(chat: Chat, open_tab: OpenTab) -> None:
    """Search, choose, and the log is there, with what was said before and after; the way back leads to the newest."""
    bob = chat.native("bob")
    fill(bob, 200)
    bob.tell("the needle")
    fill(bob, 400)
    alice = open_tab(chat.port).come_in("alice")
    alice.page.click("#find")
    expect(alice.page.locator("dialog input")).to_be_focused()
    alice.page.keyboard.type("needle")
    option = alice.page.get_by_role("option", name="the needle")
    expect(option).to_be_visible()
    alice.page.keyboard.press("Enter")
    row = alice.row("the needle")
    expect(row).to_be_in_viewport()
    expect(row).to_be_focused()
    alice.sees("message number 200 of", "message number 1 of")
    bob.tell("meanwhile")
    alice.page.click("#down")
    alice.sees("meanwhile")
    alice.tell("back at the end")
