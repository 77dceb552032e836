"""Histories in small portions: right at every edge, and the end of whoever asks for them and does not read."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from server_parts.hub import pages
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.plain_encoder import PLAIN_FORMS
from server_parts.protocol.requests import History
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import EDIT, About, Draft
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from server_parts.wire import outbox, sockets
from tests.conftest import Chat, ChatLog, Serve
from tests.peers import Frame, Native, Peer

LAST = 7
TEXTS = ["1", "22", "", "4444", "55555", "6", "7"]
LONG_TEXTS = ["\U0001f600" * 4_900] * 500  # of 20 KB each


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three messages or five characters."""
    monkeypatch.setattr(pages, "PAGE", 3)
    monkeypatch.setattr(pages, "PORTION", 5)


@pytest.fixture(params=["memory", "SQLite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Seven messages in the lobby."""
    with closing(MemoryLog() if request.param == "memory" else SqliteLog(tmp_path)) as store:
        store.append([Draft("lobby", 1.0, "old", "blue", [text or "3"], "", 0) for text in TEXTS], {})
        yield store


def trim(store: Store, kept: int) -> None:
    while store.trim(None, kept):
        pass


def frames_of(blocks: Iterable[bytes]) -> list[Frame]:
    """What was sent: only the first frame may have a gap, and only the last has nothing behind it."""
    frames = [json.loads(line) for block in blocks for line in block.splitlines()]
    assert [frame["more"] for frame in frames] == [True] * (len(frames) - 1) + [False]
    assert not any(frame["gap"] for frame in frames[1:])
    for frame in frames:
        texts = [message["text"] for message in frame["messages"]]
        assert len(texts) <= pages.PAGE
        assert sum(map(len, texts[:-1])) < pages.PORTION
    return frames


def ids(frames: list[Frame]) -> list[int]:
    return [message["id"] for frame in frames for message in frame["messages"]]


def test_people_read_a_corrected_message_once_over_all_portions(store: Store) -> None:
    """A correction is left out if its message is anywhere in the same answer; programs get all."""
    store.append([Draft("lobby", 2.0, "old", "blue", ["new"], "", 0, about=About(EDIT, 4))], {})
    for limit, numbers in ((8, [1, 2, 3, 4, 5, 6, 7]), (5, [4, 5, 6, 7]), (4, [5, 6, 7, 8])):
        history = History("lobby", None, limit)
        lines = b"".join(pages.older(store, PLAIN_FORMS[False, True], history, 0)).decode().splitlines()
        assert [int(line[1]) for line in lines] == numbers, lines
        assert sum("said -> new" in line for line in lines) == 1
        assert ids(frames_of(pages.older(store, NATIVE, history, 0))) == list(range(9 - limit, 9))


@pytest.mark.parametrize("trimmed", range(LAST + 1))
def test_an_older_page_at_every_edge(store: Store, trimmed: int) -> None:
    """The newest `limit` numbers below `before` and above the floor; a gap if one of them is not kept any more."""
    trim(store, LAST - trimmed)
    for before in (None, *range(LAST + 3)):
        for limit in range(LAST + 2):
            for floor in range(LAST + 1):
                below = range(1, LAST + 1 if before is None else min(before, LAST + 1))
                wanted = [id for id in below[max(len(below) - limit, 0) :] if id > floor]
                frames = frames_of(pages.older(store, NATIVE, History("lobby", before, limit), floor))
                assert ids(frames) == [id for id in wanted if id > trimmed], (before, limit, floor)
                assert frames[0]["gap"] == any(id <= trimmed for id in wanted), (before, limit, floor)


@pytest.mark.parametrize("trimmed", range(LAST + 1))
def test_what_was_missed_at_every_edge(store: Store, trimmed: int) -> None:
    """Everything above one number and up to another; a gap if some of it is gone, or was known to be missing before."""
    trim(store, LAST - trimmed)
    for after in range(LAST):
        for upto in range(after + 1, LAST + 1):
            for gap in (False, True):
                frames = frames_of(pages.catch_up(store, NATIVE, "lobby", after, upto, gap=gap))
                assert ids(frames) == list(range(max(after, trimmed) + 1, upto + 1)), (after, upto)
                assert frames[0]["gap"] == (gap or trimmed > after), (after, upto, gap)


@pytest.mark.parametrize("kept", range(LAST + 1))
def test_what_is_trimmed_between_two_portions_is_a_gap(store: Store, kept: int) -> None:
    """Told in the frame before which it is missing, and the last frame is the last all the same."""
    sent = pages.catch_up(store, NATIVE, "lobby", 0, LAST, gap=False)
    first = json.loads(next(sent))
    trim(store, kept)
    rest = [json.loads(line) for block in sent for line in block.splitlines()]
    reached = first["messages"][-1]["id"]
    assert (first["gap"], first["more"]) == (False, True)
    assert ids(rest) == list(range(max(reached, LAST - kept) + 1, LAST + 1))
    assert [frame["gap"] for frame in rest] == [LAST - kept > reached] + [False] * (len(rest) - 1)
    assert [frame["more"] for frame in rest] == [True] * (len(rest) - 1) + [False]


def test_a_long_history_over_a_connection(serve: Serve, store: Store) -> None:
    """As it was made: several frames, each message once and in order, on both ways to ask for it."""
    alice = serve(store=store).native("alice", rooms={}, history=0)
    for answer in (alice.ask("join", room="lobby", after=0), alice.ask("history", room="lobby", limit=LAST)):
        frames = [frame for frame in answer if frame["type"] == "history"]
        assert len(frames) > 2
        assert ids(frames) == list(range(1, LAST + 1))
        assert [frame["more"] for frame in frames] == [True] * (len(frames) - 1) + [False]


# --- asking, and not reading ---


def hog(chat: Chat, door: str) -> tuple[Peer, str]:
    """Somebody who asks for the whole history three times, and reads nothing of it; and the name."""
    if door == "native":
        native = chat.native("hog", history=0)
        native.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        for _ in range(3):
            native.send("history", room="lobby", limit=500)
        return native, "hog"
    plain = chat.plain("hello")
    name = plain.enter()
    plain.until("delivered")
    plain.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    for _ in range(3):
        plain.say("/history 500")
    return plain, name


@pytest.mark.skipif(sockets.DONTWAIT is None, reason="a send that blocks has no deadline")
@pytest.mark.parametrize("door", ["native", "plain"])
def test_who_asks_and_does_not_read_is_ended(
    door: str, serve: Serve, chat_log: ChatLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log says why, the others are told, and they go on."""
    monkeypatch.setattr(outbox, "TICK", 0.02)
    monkeypatch.setattr(outbox, "STALLED", 0.2)
    monkeypatch.setattr(pages, "PAGE", 500)
    monkeypatch.setattr(pages, "PORTION", 32 * 1024)
    store = MemoryLog()
    store.append([Draft("lobby", 1.0, "old", "blue", LONG_TEXTS, "", 0)], {})
    chat = serve(store=store)
    listener: Native = chat.native("listener", history=0)
    _, name = hog(chat, door)
    listener.sees_off(name)
    said = [record.getMessage() for record in chat_log.records]
    assert f"{name} left: too slow: it asked for more than it read" in said
    assert listener.tell("still here")["text"] == "still here"


def test_a_page_is_read_when_its_turn_has_come(store: Store) -> None:
    """What is told before it is sent is in it: else an edit that came meanwhile would be lost to who asked."""
    page = pages.older(store, NATIVE, History("lobby", None, 2), 0)
    store.append([Draft("lobby", 1.0, "old", "blue", ["new"], "", 0, About(EDIT, LAST))], {})
    texts = [message["text"] for frame in frames_of(page) for message in frame["messages"]]
    assert texts == ["6", "new"]
