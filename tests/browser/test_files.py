"""Files on the page: chosen, dropped, pasted, sent over losses; shown as pictures or links, never as anything else."""

from __future__ import annotations

import base64
import re
import socket
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Chat
from tests.peers import Native, wait_until

pytest.importorskip("playwright.sync_api", reason="tests/browser/requirements.txt is not installed")

from playwright.sync_api import Error, Route, expect

if TYPE_CHECKING:
    from tests.browser.conftest import OpenTab
    from tests.browser.tab import Tab

pytestmark = pytest.mark.once

SLICE = 4 * 1024 * 1024
SCRIPT = b"<script>document.title='owned';parent.document.title='owned'</script>"
HOSTILE = {
    "page.html": b"<!doctype html>" + SCRIPT,
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'owned\'">' + SCRIPT + b"</svg>",
    "notes.png": b"<html>" + SCRIPT,
    "x\" onerror=\"document.title='owned'.png": b"GIF89a" + SCRIPT,
    "code.js": b"document.title='owned'",
}


def png(width: int, height: int) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x3d\x6b\x5c" * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def choose(tab: Tab, files: dict[str, bytes], kind: str = "application/octet-stream") -> None:
    """Take files with the button."""
    expect(tab.page.locator("#attach")).to_be_visible()
    tab.page.set_input_files(
        "#pick", [{"name": name, "mimeType": kind, "buffer": content} for name, content in files.items()]
    )


def send(tab: Tab, files: dict[str, bytes], caption: str = "") -> None:
    choose(tab, files)
    tab.say(caption)


def give(tab: Tab, target: str, event: str, files: dict[str, bytes], **more: str) -> None:
    """Let the browser drop or paste files there."""
    listed = {name: base64.b64encode(content).decode() for name, content in files.items()}
    tab.page.evaluate(
        """([target, event, files, texts]) => {
            const transfer = new DataTransfer();
            for (const [name, content] of Object.entries(files))
                transfer.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name));
            for (const [type, text] of Object.entries(texts)) transfer.setData(type, text);
            const about = { bubbles: true, cancelable: true, dataTransfer: transfer, clipboardData: transfer };
            const made = event === "paste" ? new ClipboardEvent(event, about) : new DragEvent(event, about);
            document.querySelector(target).dispatchEvent(made);
        }""",
        [target, event, listed, more],
    )


def fetched(tab: Tab, selector: str = ".file .get") -> bytes:
    """What is downloaded by a click."""
    with tab.page.expect_download() as download:
        tab.page.locator(selector).last.click()
    return Path(download.value.path()).read_bytes()


def opened(tab: Tab, address: str) -> str | None:
    """The title of the page that somebody gets who opens that by itself; None if it is a download."""
    page = tab.page.context.new_page()
    try:
        page.goto(address)
    except Error as error:
        if "Download is starting" in error.message:
            return None
        raise
    else:
        return re.sub(r"x_ onerror=_document.title=_owned_.png.*", "", page.title())  # a picture is called by its name
    finally:
        page.close()


def files_said(reader: Native, number: int) -> list[dict[str, Any]]:
    """The next messages that bring a file."""
    found: list[dict[str, Any]] = []
    while len(found) < number:
        message = reader.until("message")
        found += [message] if "file" in message else []
    return found


def test_a_picture_is_sent_with_a_caption(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """It is shown to its sender first; others see it in its place, in the right size at once, and can get it."""
    bob, carol = open_tab(chat.port).come_in("bob"), chat.native("carol")
    content = png(800, 400)
    choose(alice, {"harbour.png": content, "plan.pdf": b"%PDF-1.4"}, "image/png")
    tray = alice.page.locator("#tray")
    expect(tray.locator("img").first).to_have_js_property("naturalWidth", 800)
    expect(tray).to_contain_text("plan.pdf")
    alice.page.get_by_role("button", name="Do not send plan.pdf").click()
    alice.say("this morning")
    expect(tray).to_be_hidden()
    (message,) = files_said(carol, 1)
    assert (message["text"], message["file"]["name"], message["file"]["size"]) == (
        "this morning",
        "harbour.png",
        len(content),
    )
    picture = bob.row("this morning").locator("img")
    expect(picture).to_have_attribute("alt", "harbour.png")
    assert (picture.get_attribute("width"), picture.get_attribute("height")) == ("400", "200")
    expect(picture).to_have_js_property("naturalWidth", 800)
    assert fetched(bob) == content
    expect(alice.row("this morning").locator(".tick")).to_have_text("✓")
    bob.value("window.picture = document.querySelector('.file img')")
    carol.say("👍", react=message["id"])
    expect(bob.row("this morning").locator(".reactions")).to_be_visible()
    assert bob.value("window.picture.isConnected"), "the picture was loaded once more"


def test_files_are_dropped_and_pasted(chat: Chat, alice: Tab) -> None:
    """Several at once keep their order; one without a caption is its name; a pasted text stays a text."""
    carol = chat.native("carol")
    expect(alice.page.locator("#attach")).to_be_visible()
    give(alice, "#log", "drop", {"one.txt": b"1", "two.txt": b"2"})
    give(alice, "#input", "paste", {"three.png": png(2, 2)})
    give(alice, "#input", "paste", {"table.png": png(2, 2)}, **{"text/plain": "a table"})
    expect(alice.page.locator("#tray li")).to_have_count(3)
    alice.page.press("#input", "Enter")
    assert [one["file"]["name"] for one in files_said(carol, 3)] == ["one.txt", "two.txt", "three.png"]
    expect(alice.row("one.txt").locator(".text")).to_have_count(0)
    expect(alice.row("one.txt")).to_contain_text("1 byte")


def test_what_cannot_be_sent_is_told_before_anything_is(chat: Chat, alice: Tab) -> None:
    """With its size and the limit."""
    alice.value("window.big = Object.defineProperty(new File(['x'], 'film.mp4'), 'size', {value: 2 ** 40})")
    asked: list[str] = []
    alice.page.on("request", lambda request: asked.append(request.url))
    send(alice, {"nothing.txt": b""})
    notices = alice.page.locator("#notices")
    expect(notices).to_contain_text("nothing.txt is empty.")
    alice.value(
        "(() => { const t = {files: [window.big], types: ['Files'], items: []};"
        " const e = new Event('drop', {bubbles: true, cancelable: true}); e.dataTransfer = t;"
        " document.getElementById('log').dispatchEvent(e) })()"
    )
    expect(notices).to_contain_text("film.mp4 has 1 TB; this server takes files of up to 100 MB.")
    expect(alice.page.locator("#tray")).to_be_hidden()
    assert [url for url in asked if "/files/" in url] == []


def cut_off(chat: Chat, but: Native) -> None:
    """End all connections except one, from below."""
    for connection in chat.server.clients:
        if connection.getpeername() != but.socket.getsockname():
            connection.shutdown(socket.SHUT_RDWR)


def test_a_file_goes_on_after_a_cut_and_after_a_reload(chat: Chat, alice: Tab) -> None:
    """From where the server has it; it is whole, and said once."""
    carol = chat.native("carol")
    alice.expects_outage = True
    content = bytes(range(256)) * (17 * 1024)  # two slices
    sent: list[int] = []
    held: list[Route] = []

    def bring(route: Route) -> None:
        """All but the second slice, twice."""
        sent.append(int(route.request.headers["upload-offset"]))
        held.append(route) if len(sent) in (2, 3) else route.continue_()

    alice.page.route("**/files/*", bring)
    send(alice, {"film.bin": content}, "the film")
    assert wait_until(lambda: bool(alice.value("true") and held))
    cut_off(chat, carol)
    held[0].abort()
    expect(alice.page.locator("#uploads .upload")).to_be_visible()
    assert wait_until(lambda: bool(alice.value("true")) and len(held) == 2)
    alice.page.reload()
    alice.sees("the film")
    (message,) = files_said(carol, 1)
    assert (message["text"], message["file"]["size"]) == ("the film", len(content))
    expect(alice.page.locator("#uploads .upload")).to_have_count(0)
    assert fetched(alice) == content
    assert sent == [0, SLICE, SLICE, SLICE]
    assert carol.tell("once")["id"] == message["id"] + 1


def test_a_file_can_be_cancelled(chat: Chat, alice: Tab) -> None:
    """While it is under way, as often as one likes; nothing is said, and its place is free for another one."""
    alice.expects_outage = True
    is_slow = [True]
    alice.page.route("**/files/*", lambda route: None if is_slow[-1] else route.continue_())
    row = alice.page.locator(".upload")
    for number in range(4):  # more than may be under way
        name = f"{number}.bin"
        with alice.page.expect_request("**/files/*"):
            send(alice, {name: b"a"}, "not this")
        row.get_by_role("button", name=f"Cancel {name}").click()
        expect(row).to_have_count(0)
    expect(alice.page.locator("#input")).to_be_focused()
    is_slow.append(False)
    send(alice, {"a.bin": b"a"}, "this")
    alice.sees("this")
    assert alice.texts() == ["this"]


def test_in_private_an_address_is_asked_for_when_it_is_needed(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """Pictures are shown and files got; the address without its ticket is good for nothing."""
    bob = open_tab(chat.port).come_in("bob")
    alice.say("/msg bob for you")
    expect(alice.page.locator("#room-name")).to_have_text("bob")
    content = png(30, 20)
    send(alice, {"secret.png": content}, "look")
    bob.open("alice")
    picture = bob.row("look").locator("img")
    expect(picture).to_have_js_property("naturalWidth", 30)
    assert fetched(bob) == content
    bare = bob.value("fetch(document.querySelector('.file img').src.split('?')[0]).then(one => one.status)")
    assert bare == 404
    bob._said.clear()  # the browser tells of the 404


def test_hostile_files_are_only_downloaded(chat: Chat, alice: Tab, open_tab: OpenTab) -> None:
    """Whatever they are called and hold: no element is made of it, none is shown, nothing runs when they are opened."""
    bob = open_tab(chat.port).come_in("bob")
    send(alice, HOSTILE)
    figures = bob.page.locator("#rows .file")
    expect(figures).to_have_count(len(HOSTILE))
    expect(bob.page.locator("#rows img, #rows svg, #rows script")).to_have_count(0)
    hrefs: list[str] = bob.page.locator(".get").evaluate_all("all => all.map(one => one.href)")
    for href in hrefs:
        answer = bob.page.request.get(href)
        is_picture = answer.headers["content-type"] == "image/gif"  # as its first bytes say
        assert is_picture or answer.headers["content-disposition"].startswith("attachment")
        assert is_picture or answer.headers["content-type"] == "application/octet-stream"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert fetched(bob) == HOSTILE["code.js"]
    for href in hrefs:
        assert opened(bob, href) in (None, "")
    assert "owned" not in bob.page.title()


def test_a_picture_that_is_none_any_more_leaves_its_link(chat: Chat, alice: Tab) -> None:
    """Where it cannot be loaded, no broken picture is left."""
    alice.expects_outage = True
    alice.page.route("**/files/*/*", lambda route: route.abort())
    send(alice, {"gone.png": png(3, 3)})
    expect(alice.page.locator("#rows .get")).to_have_text("↓ gone.png")
    expect(alice.page.locator("#rows img")).to_have_count(0)


def test_the_files_of_a_room_are_listed(chat: Chat, alice: Tab) -> None:
    """With a way to the message."""
    send(alice, {"plan.pdf": b"%PDF"}, "the plan")
    alice.sees("the plan")
    alice.say("/files")
    alice.page.get_by_role("option", name="plan.pdf").click()
    expect(alice.row("the plan")).to_be_focused()


def test_without_files_nothing_is_offered(serve: Any, open_tab: OpenTab) -> None:
    """There is no button, and whoever drops one is told."""
    alice = open_tab(serve(file_size=0).port).come_in("alice")
    expect(alice.page.locator("#input")).to_have_attribute("data-room", "lobby")  # now files can be dropped
    give(alice, "#log", "drop", {"a.txt": b"a"})
    expect(alice.page.locator("#notices")).to_contain_text("This server takes no files.")
    expect(alice.page.locator("#attach")).to_be_hidden()
