"""What strangers say can do nothing to the page: no element, no script, no foreign address is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import Chat

if TYPE_CHECKING:
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once

HOSTILE = (
    "<img src=x onerror=document.title='owned'>",
    "<script>document.title='owned'</script>",
    "[x](javascript:document.title='owned')",
    "javascript:alert(1) data:text/html,<script>1</script> vbscript:x",
    "https://a.example/\"onmouseover=\"document.title='owned'",
    "```\n</code></pre><img src=x>\n```",
    "`<b>`",
    "\u202egnp.exe\u202c \u2066bidi\u2069",
    "Z" + "\u0301" * 500,
    "/me <svg onload=1>",
    "{{constructor.constructor('alert(1)')()}}",
)


def test_hostile_texts_are_only_texts(chat: Chat, alice: Tab) -> None:
    """They are shown as they are; nothing is requested, run or added beside what the page makes itself."""
    asked: list[str] = []
    alice.page.on("request", lambda request: asked.append(request.url))
    bob = chat.native("bob")
    for text in HOSTILE:
        bob.tell(text)
    alice.sees("constructor.constructor")
    tags = "[...new Set([...document.querySelectorAll('#rows *')].map(one => one.localName))].sort()"
    own = {"a", "article", "b", "button", "code", "div", "header", "p", "pre", "span", "small", "time"}
    assert set(alice.value(tags)) <= own
    hrefs = alice.page.locator("#rows a").evaluate_all("all => all.map(one => one.protocol)")
    assert set(hrefs) <= {"http:", "https:"}
    assert "owned" not in alice.page.title()
    assert [url for url in asked if not url.startswith(alice.url)] == []


def test_marks_do_not_cover_other_messages(chat: Chat, alice: Tab) -> None:
    """Hundreds of marks on one letter stay within their row."""
    bob = chat.native("bob")
    bob.tell("Z" + "\u0301" * 500)
    alice.sees("Z")
    assert alice.page.locator("#rows .text").first.evaluate("one => getComputedStyle(one).overflow") == "clip"


def test_the_policy_holds(chat: Chat, alice: Tab) -> None:
    """A text cannot become HTML even if somebody asked for it: the browser refuses."""
    refused = alice.value("(() => { try { document.body.innerHTML = '<b>x</b>' } catch (e) { return e.name } })()")
    assert refused == "TypeError"
    alice._said.clear()  # Chromium tells of that in the console, as it should
