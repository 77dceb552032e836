"""A transfer goes on after every loss, ends when it is told to, and says in one sentence why it cannot be done."""

from __future__ import annotations

import hashlib
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from client_parts.files.errands import Done, Errand, Failed, Fetching, Grant, Lost, Moved, News, Ready, Sending
from client_parts.files.local import look_at
from client_parts.files.target import Expected, Target
from client_parts.link.distrust import Untrusted
from client_parts.transfer import worker
from client_parts.transfer.pool import Pool
from tests.client.transfer.stub import SECONDS, FileServer, answer, file_server

DATA = os.urandom(700_000)
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_PAUSES", (0.01, 0.02))


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as running:
        running.size, running.file = len(DATA), DATA
        yield running


class Desk:
    """The thread that would own the conversation: it grants what is asked for, and notes what it hears."""

    def __init__(self, server: FileServer) -> None:
        self.heard: list[News] = []
        self.dial = server.dial
        self.server = server
        self._rings: queue.Queue[None] = queue.Queue()
        self.pool = Pool(lambda: self._rings.put(None))

    def until(self, true: Callable[[], bool], errand: Errand) -> None:
        """Answer what waits for a grant, until that is so."""
        while not true():
            self.wait()
            for news in self.pool.take():
                if not isinstance(news, Moved):
                    self.heard.append(news)
                if isinstance(news, (Ready, Lost)):
                    self.grant(errand.number)

    def wait(self) -> None:
        """For something to take."""
        self._rings.get(timeout=SECONDS)

    def grant(self, number: int) -> None:
        self.pool.go_on(Grant(number, "/files/x?t=y", len(self.server.stored)), self.dial)

    def run(self, errand: Errand) -> News:
        """All of it. The last thing that is heard."""
        self.heard.clear()
        self.pool.begin(errand)
        if isinstance(errand, Fetching):
            self.grant(errand.number)
        self.until(lambda: bool(self.heard) and isinstance(self.heard[-1], (Done, Failed)), errand)
        self.pool.end()
        return self.heard[-1]


@pytest.fixture
def desk(server: FileServer) -> Iterator[Desk]:
    before = threading.active_count()
    desk = Desk(server)
    yield desk
    desk.pool.end()
    assert threading.active_count() <= before


@pytest.fixture
def sending(tmp_path: Path) -> Sending:
    (tmp_path / "plan.png").write_bytes(DATA)
    return Sending(1, look_at(str(tmp_path / "plan.png")), "lobby")


@pytest.fixture
def fetching(tmp_path: Path) -> Fetching:
    return Fetching(1, "A" * 22, Expected("plan.png", len(DATA), DIGEST), Target(tmp_path, "plan.png"))


# --- Up ---


def test_a_file_is_sent(desk: Desk, sending: Sending) -> None:
    """In one request, once its digest is known."""
    assert desk.run(sending) == Done(1)
    assert desk.heard == [Ready(1, DIGEST), Done(1)]
    assert desk.server.stored == DATA
    assert [first for first, _ in desk.server.asked] == ["PATCH /files/x?t=y"]


def test_a_cut_upload_goes_on_where_the_server_is(desk: Desk, sending: Sending) -> None:
    """Cut anywhere, again and again; nothing is sent twice."""
    desk.server.faults.extend([0, 1, 65_536, 300_000, b"", b"HTTP/1.1 503 x\r\n\r\n", b"HTTP/1.1 408 x\r\n\r\n"])
    assert desk.run(sending) == Done(1)
    assert desk.server.stored == DATA
    assert [news for news in desk.heard if isinstance(news, Lost)] == [Lost(1)] * 7
    offsets = [int(fields["upload-offset"]) for _, fields in desk.server.asked]
    assert offsets == [0, 0, 1, 65_537, 365_537, 365_537, 365_537, 365_537]


def test_an_offset_that_the_server_knows_better_is_taken(desk: Desk, sending: Sending) -> None:
    desk.server.faults.append(answer(409, {"Upload-Offset": 0, "Connection": "keep"}))
    assert desk.run(sending) == Done(1)
    assert desk.server.stored == DATA


def test_an_address_that_holds_no_longer_is_asked_for_again(desk: Desk, sending: Sending) -> None:
    desk.server.faults.append(answer(404))
    assert desk.run(sending) == Done(1)
    assert desk.heard == [Ready(1, DIGEST), Lost(1, is_gone=True), Done(1)]


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (answer(422), "plan.png arrived damaged, and the server has thrown it away; send it again."),
        (answer(403, body="it has a\x1b[2J virus."), "The server refuses plan.png: it has a\u241b[2J virus."),
        (answer(403, {"Content-Type": "text/html"}, "<p>"), "The server refuses plan.png."),
        (answer(413), "plan.png is too large for the server."),
        (answer(507), "The server has no space left for plan.png."),
    ],
)
def test_a_refusal_is_one_sentence(desk: Desk, sending: Sending, refusal: bytes, sentence: str) -> None:
    desk.server.faults.append(refusal)
    assert desk.run(sending) == Failed(1, sentence)


def test_a_file_that_changes_is_not_sent_on(desk: Desk, sending: Sending) -> None:
    desk.server.faults.append(1000)
    Path(sending.local.path).touch()
    desk.pool.begin(sending)
    desk.until(lambda: Lost(1) in desk.heard, sending)
    os.utime(sending.local.path, (1, 1))
    desk.until(lambda: isinstance(desk.heard[-1], (Failed, Done)), sending)
    assert desk.heard[-1] == Failed(1, "plan.png has changed while it was being sent; send it again.")


def test_a_server_that_is_another_one_gets_nothing(desk: Desk, sending: Sending) -> None:
    def refuse(hold: object) -> object:
        raise Untrusted("The key has changed.")

    desk.dial = refuse  # type: ignore[assignment]
    assert desk.run(sending) == Failed(1, "The key has changed.")
    assert desk.server.asked == []


# --- Down ---


def test_a_file_is_fetched(desk: Desk, fetching: Fetching, tmp_path: Path) -> None:
    assert desk.run(fetching) == Done(1, str(tmp_path / "plan.png"))
    assert (tmp_path / "plan.png").read_bytes() == DATA


def test_a_cut_download_goes_on(desk: Desk, fetching: Fetching, tmp_path: Path) -> None:
    """From the byte where it was, as long as the file is the same."""
    desk.server.faults.extend([0, 1, 65_536, b"", 300_000])
    assert desk.run(fetching) == Done(1, str(tmp_path / "plan.png"))
    assert (tmp_path / "plan.png").read_bytes() == DATA
    ranges = [fields.get("range") for _, fields in desk.server.asked]
    assert ranges == [None, None, "bytes=1-", "bytes=65537-", "bytes=65537-", "bytes=365537-"]
    assert {fields.get("if-range") for _, fields in desk.server.asked[2:]} == {f'"{DIGEST}"'}


def test_a_whole_file_instead_of_a_part_is_begun_anew(desk: Desk, fetching: Fetching, tmp_path: Path) -> None:
    desk.server.faults.extend([1000, answer(200, {"Content-Length": len(DATA)}) + DATA])
    assert desk.run(fetching) == Done(1, str(tmp_path / "plan.png"))
    assert (tmp_path / "plan.png").read_bytes() == DATA


def test_wrong_bytes_are_fetched_again_once(desk: Desk, fetching: Fetching, tmp_path: Path) -> None:
    wrong = answer(200, {"Content-Length": len(DATA)}) + bytes(len(DATA))
    desk.server.faults.append(wrong)
    assert desk.run(fetching) == Done(1, str(tmp_path / "plan.png"))


def test_bytes_that_are_wrong_twice_are_not_kept(desk: Desk, fetching: Fetching, tmp_path: Path) -> None:
    wrong = answer(200, {"Content-Length": len(DATA)}) + bytes(len(DATA))
    desk.server.faults.extend([wrong, wrong])
    assert desk.run(fetching) == Failed(1, "plan.png arrived damaged twice, and was not kept.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [len(DATA) - 1, len(DATA) + 1, 10**14])
def test_another_size_than_was_said_is_not_taken(desk: Desk, fetching: Fetching, length: int) -> None:
    desk.server.faults.append(answer(200, {"Content-Length": length}))
    assert desk.run(fetching) == Failed(1, "plan.png has another size on the server than it said.")


def test_a_picture_is_only_looked_at(desk: Desk, fetching: Fetching, tmp_path: Path) -> None:
    fetching.target = None
    assert desk.run(fetching) == Done(1, "", DATA)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_one_sentence(desk: Desk, fetching: Fetching, tmp_path: Path) -> None:
    fetching.target = Target(tmp_path / "gone", "x")
    news = desk.run(fetching)
    assert isinstance(news, Failed)
    assert news.sentence.startswith("Nothing can be saved in ")


# --- Both ways ---


def test_a_cut_at_every_64_kib_costs_no_byte(desk: Desk, sending: Sending, fetching: Fetching, tmp_path: Path) -> None:
    """Neither up nor down."""
    desk.server.faults.extend([65_536] * (len(DATA) // 65_536))
    assert desk.run(sending) == Done(1)
    assert desk.server.stored == DATA
    desk.server.faults.extend([65_536] * (len(DATA) // 65_536))
    fetching.target = Target(tmp_path, "fetched")
    assert desk.run(fetching) == Done(1, str(tmp_path / "fetched"))
    assert (tmp_path / "fetched").read_bytes() == DATA
    assert len(desk.server.asked) == 2 * (len(DATA) // 65_536 + 1)


def test_ten_at_once_do_not_disturb_each_other(desk: Desk, fetching: Fetching, tmp_path: Path) -> None:
    """Each of them is cut somewhere, and all have one name."""
    desk.server.faults.extend([10_000, None, 0, 300_000] * 5)
    errands = [replace(fetching, number=number) for number in range(1, 11)]
    for errand in errands:
        desk.pool.begin(errand)
        desk.grant(errand.number)
    done = 0
    while done < len(errands):
        desk.wait()
        for news in desk.pool.take():
            assert not isinstance(news, Failed), news
            done += isinstance(news, Done)
            if isinstance(news, Lost):
                desk.grant(news.number)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted(["plan.png", *(f"plan ({number}).png" for number in range(2, 11))])
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {DATA}


# --- Giving up ---


def black_hole() -> tuple[socket.socket, Callable[[object], object]]:
    """A server that takes what comes, and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = FileServer.__new__(FileServer)
    server._socket = listener
    return listener, server.dial  # type: ignore[return-value]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_transfer_ends_at_once_where_nothing_moves(
    desk: Desk, fetching: Fetching, tmp_path: Path, *, keeps: bool
) -> None:
    """A part is kept to be gone on from, unless the person does not want it any more."""
    desk.server.faults.append(1000)
    listener, silent = black_hole()
    with listener:
        desk.pool.begin(fetching)
        desk.grant(1)
        desk.until(lambda: Lost(1) in desk.heard, fetching)
        desk.pool.take()
        desk.pool.go_on(Grant(1, "/x"), silent)  # type: ignore[arg-type]
        held, _ = listener.accept()
        if keeps:
            desk.pool.end()
        else:
            desk.pool.cancel(1)
        held.close()
    assert [path.stat().st_size for path in tmp_path.iterdir()] == ([1000] if keeps else [])


def test_a_transfer_ends_while_it_waits_for_the_server(desk: Desk, sending: Sending) -> None:
    """It is told neither yes nor no; and what it had to say is not heard any more."""
    desk.pool.begin(sending)
    desk.pool.cancel(1)
    assert desk.pool.take() == []
    desk.pool.go_on(Grant(1, "/x"), desk.dial)
    assert desk.server.asked == []
