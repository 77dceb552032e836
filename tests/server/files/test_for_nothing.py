"""What is sent and not kept counts for the day, whatever keeps the bytes: or one could send for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chat_common import Frame
from server_parts.files import quota
from server_parts.files.desk import WAITS, FileDesk
from server_parts.files.promises import Sender
from server_parts.files.quota import FileLimits
from server_parts.files.tickets import Tickets
from server_parts.protocol.file_requests import Reserve
from server_parts.protocol.requests import Refusal
from tests.server.storage.conftest import BACKENDS, marked
from tests.server.storage.drafts import Backend

ANN = Sender("account:1", "")
NAMES = ["memory", "sqlite", "postgres"]


@pytest.fixture(params=[marked(one) for one in BACKENDS if one.name in NAMES], ids=NAMES)
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileDesk]:
    """In a day, 30 bytes may come from one person."""
    assert isinstance(request.param, Backend)
    monkeypatch.setattr(quota, "A_DAY", 30)
    monkeypatch.setattr(quota, "LEFT_FREE", 0)
    log = request.param.open(tmp_path / "data")
    yield FileDesk(log.files, Tickets(b"key"), FileLimits(1_000, 100_000))
    log.close()


def place(desk: FileDesk, sender: Sender = ANN) -> Frame:
    found = desk.reserve(Reserve("r", "lobby", "a", 10, None), "lobby", sender)
    return found.frame() if isinstance(found, Refusal) else found


def given_up(desk: FileDesk, id: str) -> None:
    assert not isinstance(desk.give_up("r", id, (ANN.owner,)), Refusal)


def made_way(desk: FileDesk, id: str) -> None:
    upload = desk.store.upload(id)
    desk.clock = lambda: time.time() + WAITS + 1
    assert desk._make_way(upload.reservation.owner)


@pytest.mark.parametrize("goes", [given_up, made_way])
def test_what_came_counts_and_what_did_not_come_does_not(desk: FileDesk, goes: Callable[[FileDesk, str], None]) -> None:
    """Two files of which most has come are half of the day and more; two of which nothing came are nothing."""
    for _ in range(4):
        goes(desk, place(desk)["id"])
    for _ in range(2):
        id = place(desk)["id"]
        desk.store.write(id, 0, b"123456789")
        goes(desk, id)
    assert place(desk)["id"]
    refused = place(desk)
    assert (refused["code"], refused["text"]) == (
        "quota",
        "you have sent 28 bytes within 1 day, and 30 bytes are the most",
    )
    assert place(desk, Sender("account:2", ""))["id"]
