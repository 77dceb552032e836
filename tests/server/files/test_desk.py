"""Where people get a place for a file: a new one, the one that they have, or none."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import pytest

from chat_common import Frame
from server_parts.files.desk import WAITS, WAITS_FOR_ALL, FileDesk
from server_parts.files.promises import MOST_OF_ONE, Sender
from server_parts.files.quota import FileLimits
from server_parts.files.tickets import Tickets
from server_parts.protocol.file_requests import Reserve
from server_parts.protocol.requests import Refusal
from server_parts.storage.memory_log import MemoryLog

ANN = Sender("session:ann", "")
HASH = "0" * 64


@pytest.fixture
def desk() -> Iterator[FileDesk]:
    log = MemoryLog()
    yield FileDesk(log.files, Tickets(b"key"), FileLimits(1_000, 100_000))
    log.close()


def place(desk: FileDesk, name: str, sha256: str | None = None, sender: Sender = ANN) -> Frame:
    found = desk.reserve(Reserve("r", "lobby", name, 10, sha256), "lobby", sender)
    return found.frame() if isinstance(found, Refusal) else found


def test_the_same_file_has_one_place(desk: FileDesk) -> None:
    """Whose answer was lost asks again, and goes on; what may be another file gets another place."""
    first = place(desk, "a", HASH)
    desk.store.write(first["id"], 0, b"12345")
    again = place(desk, "a", HASH)
    assert (again["id"], again["offset"]) == (first["id"], 5)
    assert place(desk, "b", HASH)["id"] != first["id"]
    assert place(desk, "a", HASH, Sender("session:bob", ""))["id"] != first["id"]
    with desk.running.receiving(first["id"], ANN.owner):
        assert place(desk, "a", HASH)["id"] != first["id"]


def test_without_a_hash_nobody_can_tell(desk: FileDesk) -> None:
    """So each gets a place of its own."""
    assert place(desk, "a")["id"] != place(desk, "a")["id"]


def test_what_nobody_goes_on_with_makes_way(desk: FileDesk) -> None:
    """The oldest of three, once it was idle for a while; but not one that is being sent."""
    ids = [place(desk, name)["id"] for name in "abc"]
    assert place(desk, "d")["code"] == "quota"
    desk.clock = lambda: time.time() + WAITS + 1
    with desk.running.receiving(ids[0], ANN.owner):
        new = place(desk, "d")["id"]
    assert {upload.reservation.id for upload in desk.store.unsaid(ANN.owner)} == {ids[0], ids[2], new}


def test_places_that_nobody_uses_make_way_where_there_is_no_space(
    desk: FileDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or few could keep it from all, without a byte; a little while after they were asked for, they are safe."""
    desk.limits = FileLimits(1_000, 30)
    idle = [place(desk, name)["id"] for name in "abc"]
    bob = Sender("session:bob", "")
    assert place(desk, "d", sender=bob)["code"] == "quota"
    desk._cleared = -math.inf
    long_ago = time.time() + WAITS_FOR_ALL + 1
    monkeypatch.setattr(time, "time", lambda: long_ago)
    assert place(desk, "d", sender=bob)["type"] == "upload"
    assert desk.store.unsaid(ANN.owner) == [], idle
    assert [place(desk, name, sender=bob).get("code") for name in "efg"] == [None, None, "quota"]


def test_promises_are_few(desk: FileDesk) -> None:
    """Of one person the newest are kept; those of whoever is sent away are not."""
    ids = [desk.promises.make("lobby", "a", ANN, lambda file: True) for _ in range(MOST_OF_ONE + 1)]
    other = desk.promises.make("lobby", "a", Sender("session:bob", ""), lambda file: True)
    assert [desk.promises.find(id) is None for id in ids] == [True, *[False] * MOST_OF_ONE]
    desk.end([ANN.owner])
    assert all(desk.promises.find(id) is None for id in ids)
    assert desk.promises.find(other) is not None


def test_a_file_that_was_not_looked_at_cannot_be_said() -> None:
    """Where a program of the operator's looks at each."""
    log = MemoryLog()
    for is_checked in (True, False):
        desk = FileDesk(log.files, Tickets(b"key"), FileLimits(1_000, 100_000), is_checked=is_checked)
        id = place(desk, "a")["id"]
        log.files.write(id, 0, b"1234567890")
        log.files.finish(id)
        assert (desk.ready(id, (ANN.owner,), "lobby") is None) is is_checked
        if desk.accepted is not None:
            desk.accepted.add(id)
        assert desk.ready(id, (ANN.owner,), "lobby") is not None
    log.close()
