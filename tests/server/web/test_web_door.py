"""Browsers at a running server: what they get, how they talk, and how the conversation ends."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from typing import Any

import pytest

from server_parts.protocol import native_frames
from server_parts.protocol.requests import EndConnection
from server_parts.web.chat_door import ChatDoor
from server_parts.web.web_encoder import HTTP
from tests.browsers import BINARY, CLOSE, PING, PONG, TEXT, Web, ask, closing, frame, read_answer
from tests.conftest import Chat, Serve
from tests.peers import WAIT, Native, Plain, wait_until


def web(chat: Chat, name: str | None = None, **hello: Any) -> Web:
    return chat.admit(Web(chat.port, name, **hello))


# --- the conversation ---


@pytest.mark.usefixtures("both_ways")
def test_a_page_and_a_terminal_talk(chat: Chat) -> None:
    """Each hears the other, and each text comes back to its author as a receipt."""
    ann, bob = web(chat, "ann"), chat.native("bob")
    assert ann.tell("hello 👋🏽")["text"] == "hello 👋🏽"
    assert bob.until("message")["from"] == "ann"
    bob.tell("x" * 5_000)
    assert ann.message_from("bob")["text"] == "x" * 5_000
    ann.leave()
    assert ann.closed == (1000, "goodbye")
    bob.sees_off("ann")


def test_many_texts_in_one_go_are_a_message_each(chat: Chat) -> None:
    """Ann's come in one block to all of them; nobody's are lost or out of order."""
    pages, terminal = [web(chat, f"page-{number}") for number in range(3)], chat.native("ann")
    for number in range(200):
        terminal.say(f"{number}")
    for page in pages:
        assert [page.message_from("ann")["text"] for _ in range(200)] == [str(number) for number in range(200)]


def test_history_and_lists_come_in_messages(chat: Chat) -> None:
    """A long page of the past is several; each is one object."""
    ann = chat.native("ann")
    for number in range(40):
        ann.tell(f"{number} " + "x" * 4_900)
    page = web(chat, "page", history=40)
    asked = page.ask("history", room="lobby", limit=40)
    texts = [message["text"].split()[0] for one in asked if one["type"] == "history" for message in one["messages"]]
    assert texts == [str(number) for number in range(40)]
    assert page.ask("who")[0]["total"] == 2


def test_what_one_message_may_hold(chat: Chat) -> None:
    """One object, with blanks and line breaks around or within it; nothing is nothing; two are none."""
    page = web(chat, "page")
    for text in (b'{"type":"ping","n":1}\n', b'\r\n {"type":\n"ping",\n"n":1}\n\n', b"", b"\n", b" \r\n"):
        page.send_raw(frame(TEXT, text))
    assert [frame for frame in page.pending() if frame["type"] != "presence"] == [{"type": "pong", "n": 1}] * 2
    page.send_raw(frame(TEXT, b'{"type":"ping"}\n{"type":"ping"}'))
    assert page.until("error")["code"] == "bad_frame"


def test_messages_of_nothing_cost_as_much_as_others(serve: Serve) -> None:
    """A flood of them is read no faster than the rate: what comes behind it has to wait for that long."""
    page = web(serve(rate=100.0), "page")
    page.pending()
    begun = time.monotonic()
    page.send_raw(frame(TEXT, b" \n") * 80 + frame(TEXT, b'{"type":"ping","n":5}'))
    while page.until("pong").get("n") != 5:
        pass
    assert time.monotonic() - begun > 0.3  # 40 at once, the other 41 at 100 a second


@pytest.mark.parametrize(
    ("sent", "costs"),
    [((b"", b" \n", b"\r\n"), 3), ((b'{"type":"ping"}\n',), 1), ((b'{"type":"ping"}', b"\n"), 2)],
    ids=["nothing", "blanks around an object", "a line of its own"],
)
def test_each_message_is_a_request(sent: tuple[bytes, ...], costs: int) -> None:
    """Also one of blanks alone; blanks around an object are none."""
    assert len(ChatDoor(0.0).receive(b"".join(frame(TEXT, one) for one in sent), 0.0)) == costs


def test_pings_are_answered_and_fragments_are_joined(chat: Chat) -> None:
    """In the order they came."""
    page = web(chat, "page")
    page.ping(b"one")
    page.send_raw(frame(TEXT, b'{"type":', final=False) + frame(9, b"two") + frame(0, b'"ping","n":7}'))
    assert page.until("pong")["n"] == 7
    assert page.pongs == [b"one", b"two"]


def test_many_pings_are_answered(chat: Chat) -> None:
    """A thousand at once."""
    page = web(chat, "page")
    page.send_raw(frame(PING, b"x") * 1_000)
    page.pending()
    assert len(page.pongs) == 1_000


@pytest.mark.parametrize(
    "flood",
    [frame(PING), frame(PONG), frame(TEXT, final=False) + frame(0, final=False)],
    ids=["pings", "pongs", "fragments"],
)
def test_a_flood_of_small_frames_is_ended(chat: Chat, flood: bytes) -> None:
    """It would cost a hundred times what as many bytes of text do. Nobody else is hurt."""
    page, ann = web(chat, "page"), chat.native("ann")
    page.pending()
    page.send_raw(flood[:6] + flood[-6:] * 9_999)
    assert page.until("bye")["code"] == "bad_frames"
    page.rest()
    assert page.closed is not None
    assert page.closed[0] == 1008
    assert ann.tell("still here")["id"] == 1


def test_a_second_tab_is_the_same_person(chat: Chat) -> None:
    """With the same token and what tells its texts apart."""
    token = "t" * 40
    one = web(chat, "ann", token=token, features=["by"])
    other = web(chat, "ann", token=token, features=["by"])
    assert other.tell("hi")["by"] == other.welcome["tag"]
    assert one.until("message")["by"] == other.welcome["tag"]


# --- ends ---


@pytest.mark.parametrize(
    ("sent", "code", "said"),
    [
        (b"\x81\x01a", 1002, "bad_frames"),
        (frame(BINARY, b"a"), 1003, "bad_frames"),
        (frame(TEXT, b"\xff"), 1007, "bad_frames"),
        (frame(TEXT, b"x" * 65_536), 1009, "too_long"),
        (frame(TEXT, b"x" * 40_000, final=False) + frame(0, b"x" * 25_536), 1009, "too_long"),
        (frame(TEXT, b"{") * 5, 1008, "bad_frames"),
    ],
    ids=["unmasked", "binary", "no UTF-8", "too long", "too long in fragments", "no frames"],
)
def test_what_breaks_the_rules_ends_it(chat: Chat, sent: bytes, code: int, said: str) -> None:
    """With a `bye`, then a Close with the code for it."""
    page = web(chat, "page")
    page.send_raw(sent)
    assert page.until("bye")["code"] == said
    page.rest()
    assert page.closed is not None
    assert page.closed[0] == code


@pytest.mark.parametrize(("size", "taken"), [(4_095, True), (4_096, False)])
def test_the_first_message_is_short(chat: Chat, size: int, taken: bool) -> None:
    """Before the welcome, as short as a line there."""
    page = web(chat)
    hello = {"type": "hello", "protocol": 1, "name": "page", "session": "s" * 20, "x": ""}
    hello["x"] = "x" * (size - len(json.dumps(hello)))
    page.send_raw(frame(TEXT, json.dumps(hello).encode()))
    assert page.until("welcome" if taken else "bye")


def test_the_longest_message_is_taken(chat: Chat) -> None:
    """After the welcome, 65,535 bytes."""
    page = web(chat, "page")
    ping = b'{"type":"ping","x":"' + b"x" * (65_535 - 22) + b'"}'
    assert len(ping) == 65_535
    page.send_raw(frame(TEXT, ping))
    assert page.until("pong")


@pytest.mark.parametrize("code", [1000, 1001, 4000])
def test_a_close_is_answered_by_the_same(chat: Chat, code: int) -> None:
    """And by nothing else; others hear that somebody left."""
    ann, page = chat.native("ann"), web(chat, "page")
    page.pending()
    page.send_raw(closing(code) + frame(TEXT, b'{"type":"ping"}'))
    page.closed = None
    assert {json.loads(line)["type"] for line in page.rest().splitlines()} <= {"presence"}  # on its way before
    assert page.closed == (code, "")
    ann.sees_off("page")


def test_a_close_without_a_code_is_answered_by_the_same(chat: Chat) -> None:
    """There is nothing to say."""
    page = web(chat, "page")
    page.send_raw(frame(CLOSE))
    page.rest()
    assert page.closed == (1005, "")


def test_the_server_s_end_is_told(serve: Serve) -> None:
    """In the channel's own way: to who is in, and to who only asks for the page."""
    chat = serve()
    page, half = web(chat, "page"), chat.peer()
    half.send_bytes(b"GET / HTTP/1.1\r\n")
    assert wait_until(lambda: any(client.encoder is HTTP for client in chat.server._connections.values()))
    chat.server.stop_server()
    assert page.until("bye")["code"] == "shutdown"
    page.rest()
    assert page.closed == (1001, "the server is stopping")
    assert read_answer(half.rest()).status == 503


def test_a_hello_has_to_come(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """In time, as at the native door."""
    monkeypatch.setattr(native_frames, "HELLO_WAIT", 0.2)
    page = web(chat)
    assert page.until("bye")["code"] == "idle"
    page.rest()
    assert page.closed is not None
    assert page.closed[0] == 1008


def test_a_message_has_to_end(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """However its bytes drip."""
    page = web(chat, "page")
    page.pending()
    monkeypatch.setattr(native_frames, "LINE_WAIT", 0.3)
    page.send_raw(frame(TEXT, b"{", final=False))
    for _ in range(3):
        page.send_raw(frame(0, b" ", final=False))
    assert page.until("bye")["code"] == "idle"


def test_pings_do_not_put_off_the_end_of_a_message() -> None:
    """Those between its fragments."""
    door = ChatDoor(0.0)
    door.welcomed()
    door.receive(frame(TEXT, b"{", final=False), 1.0)
    for second in (10.0, 20.0, 30.9):
        assert len(door.receive(frame(PING), second)) == 1
    assert door.deadline() == 1.0 + native_frames.LINE_WAIT
    assert isinstance(door.silence(31.0)[-1], EndConnection)


@pytest.mark.parametrize("whole", [frame(PING), frame(TEXT, b" "), frame(TEXT, b"", final=False) + frame(0, b"")])
def test_whoever_is_always_in_the_middle_of_a_frame_goes_on(whole: bytes) -> None:
    """Each is another one, which began when the one before it ended."""
    door = ChatDoor(0.0)
    door.welcomed()
    door.receive(whole[:1], 0.0)
    for second in range(10, 100, 10):
        door.receive(whole[1:] + whole[:1], second)
        assert door.deadline() == second + native_frames.LINE_WAIT


# --- other programs ---

NODE = """
const WebSocket = globalThis.WebSocket;
const socket = new WebSocket(process.argv[1]);
socket.onopen = () => socket.send(JSON.stringify({type: "hello", protocol: 1, name: "node", session: "n".repeat(20)}));
socket.onmessage = (event) => {
  const frame = JSON.parse(event.data);
  if (frame.type === "history") socket.send(JSON.stringify({type: "say", room: "lobby", text: "grüße 👋", seq: 1}));
  if (frame.type !== "message") return;
  console.log(frame.text);
  process.argv[2] ? socket.close(4001, "enough") : socket.send('{"type":"bye"}');
};
socket.onerror = (event) => console.log("error", event.message);
socket.onclose = (event) => console.log(event.code, event.wasClean);
"""


@pytest.mark.parametrize(("who_ends", "code"), [("", "1000"), ("client", "4001")])
def test_node_s_own_websocket_talks(chat: Chat, who_ends: str, code: str) -> None:
    """Another implementation, that of browsers' programmers, and a clean end by either side."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on this machine")
    command = [node, "--experimental-websocket", "-e", NODE, f"ws://127.0.0.1:{chat.port}/chat", who_ends]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3 * WAIT, check=False)
    if "bad option" in done.stderr or "not a constructor" in done.stderr:
        pytest.skip("this node has no WebSocket")
    assert done.stdout.splitlines() == ["grüße 👋", f"{code} true"], done.stderr


def test_other_doors_are_as_before(chat: Chat) -> None:
    """A native and a plain client beside a page."""
    page, ann, guest = web(chat, "page"), chat.native("ann"), chat.plain("hi there")
    assert isinstance(ann, Native)
    assert isinstance(guest, Plain)
    assert page.until("message")["text"] == "hi there"
    assert ann.until("message")["text"] == "hi there"
    page.tell("hello")
    assert guest.until("said -> hello")


def test_without_a_page_there_is_no_web(serve: Serve) -> None:
    """Who switches it off has a chat server as it was before."""
    chat = serve(web="off")
    assert ask(chat.port, "/").status == 400
    assert web(chat).upgrade.status == 400


def test_a_reset_connection_is_forgotten(chat: Chat) -> None:
    """Also in the middle of a frame."""
    ann, page = chat.native("ann"), web(chat, "page")
    page.send_raw(frame(TEXT, b'{"type":"ping"}')[:7])
    page.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    page.close()
    ann.sees_off("page")
