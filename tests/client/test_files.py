"""A client that sends and fetches files: over connections of its own to the same server, beside the conversation."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from chat_common import Frame, decode_frame
from tests.client.fakes import FILE, Peer, RunningClient, ScriptedServer, message

DATA = b"all of it" * 1000
ID = FILE["id"]
FACTS = {**FILE, "size": len(DATA), "sha256": hashlib.sha256(DATA).hexdigest()}
FEATURES: dict[str, Any] = {"features": ["files"], "limits": {"file": 10**6}}

Start = Callable[..., RunningClient]


class Http:
    """The server's end of a connection for a file."""

    def __init__(self, server: ScriptedServer) -> None:
        self._socket = server.accept()._socket
        self._reader = self._socket.makefile("rb")

    def head(self) -> tuple[str, dict[str, str]]:
        first = self._reader.readline().decode().strip()
        fields = {}
        while line := self._reader.readline().decode().strip():
            name, _, value = line.partition(": ")
            fields[name.lower()] = value
        return first, fields

    def body(self, size: int) -> bytes:
        return self._reader.read(size)

    def answer(self, status: int, body: bytes = b"", *fields: str) -> None:
        lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", *fields, "", ""]
        self._socket.sendall("\r\n".join(lines).encode() + body)

    def cut(self) -> None:
        with suppress(OSError):  # the client may have ended it
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.close()
        self._socket.close()


def next_of(peer: Peer, kind: str) -> Frame:
    """The next frame of that kind: what else the client asks is not answered."""
    while True:
        if not peer._frames:
            peer._frames += [frame for frame in _more(peer) if frame["type"] != "ping"]
        if peer._frames and peer._frames[0]["type"] == kind:
            return peer._frames.pop(0)
        peer._frames = peer._frames[1:]


def _more(peer: Peer) -> list[Frame]:
    data = peer._socket.recv(65_536)
    assert data, "the client closed"
    return [decode_frame(line) for line in peer._decoder.feed(data)]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "Downloads").mkdir(parents=True)
    monkeypatch.delenv("XDG_DOWNLOAD_DIR", raising=False)
    (tmp_path / "plan.png").write_bytes(DATA)
    return tmp_path / "plan.png"


def welcomed(server: ScriptedServer, start: Start, **options: object) -> tuple[RunningClient, Peer]:
    running = start(**options)
    peer = server.accept()
    peer.welcome(**FEATURES)
    return running, peer


def say_goodbye(running: RunningClient, peer: Peer) -> int:
    next_of(peer, "bye")
    peer.send({"type": "bye", "code": "exit", "text": "goodbye", "retry": False})
    return running.status()


def grant(peer: Peer, offset: int = 0) -> Frame:
    asked = next_of(peer, "upload")
    peer.send({"type": "upload", "ref": asked["ref"], "id": ID, "url": "/files/x?t=y", "offset": offset, "expires": 9})
    return asked


def test_an_upload_goes_on_over_the_loss_of_both_connections(server: ScriptedServer, start: Start, path: Path) -> None:
    """And is said once, also if the receipt is lost."""
    running, peer = welcomed(server, start)
    running.screen.type(f"/send {path} look")
    asked = grant(peer)
    assert (asked["name"], asked["size"], asked["sha256"]) == ("plan.png", len(DATA), FACTS["sha256"])
    http = Http(server)
    first, fields = http.head()
    assert (first, fields["upload-offset"]) == ("PATCH /files/x?t=y HTTP/1.1", "0")
    assert http.body(1000) == DATA[:1000]
    peer.close()
    peer = server.accept()
    peer.welcome(**FEATURES)
    assert grant(peer, 1000)["id"] == ID  # it does not wait for the old connection, which is still open here
    http.cut()
    http = Http(server)
    assert http.head()[1]["upload-offset"] == "1000"
    assert http.body(len(DATA) - 1000) == DATA[1000:]
    http.answer(201)
    say = next_of(peer, "say")
    assert (say["text"], say["file"], say["seq"]) == ("look", ID, 1)
    peer.close()
    peer = server.accept()
    peer.welcome(**FEATURES)
    assert next_of(peer, "say") == say
    peer.send(message(1, "look", "ann", seq=1, file=FACTS))
    running.screen.wait_for("ann said -> look [file 1: plan.png, 8.8 KB] ✓")
    running.screen.wait_until(lambda: running.screen.statuses[-1].transfers == ())
    running.screen.type("/exit")
    assert say_goodbye(running, peer) == 0
    http.cut()


def test_a_file_is_fetched_when_a_person_says_so(server: ScriptedServer, start: Start, path: Path) -> None:
    """Into the folder of downloads, whatever it is called."""
    running, peer = welcomed(server, start)
    peer.send(message(1, file={**FACTS, "name": "../../.ssh/keys"}))
    running.screen.wait_for("[file 1: ../../.ssh/keys, 8.8 KB]")
    running.screen.type("/get 1")
    assert next_of(peer, "file")["id"] == ID
    peer.send({"type": "file", **FACTS, "url": "/files/x/keys", "expires": None})
    http = Http(server)
    assert http.head()[0] == "GET /files/x/keys HTTP/1.1"
    http.answer(200, DATA)
    saved = path.parent / "home" / "Downloads" / "keys"
    running.screen.wait_for(f"Saved {saved} (8.8 KB).")
    assert saved.read_bytes() == DATA
    running.screen.type("/exit")
    assert say_goodbye(running, peer) == 0
    http.cut()


def test_who_leaves_in_the_middle_leaves_at_once(server: ScriptedServer, start: Start, path: Path) -> None:
    """And is told what was not finished. No thread is left behind."""
    running, peer = welcomed(server, start)
    running.screen.type(f"/send {path}")
    grant(peer)
    http = Http(server)
    http.head()
    http.body(len(DATA))
    running.screen.wait_until(lambda: running.screen.statuses[-1].transfers[:1] == ("↑ 100 %",))
    running.screen.type("/exit")
    assert next_of(peer, "upload") == {"type": "upload", "ref": "1", "id": ID, "cancel": True}
    assert say_goodbye(running, peer) == 1
    assert running.screen.lines[-1] == "Not finished: plan.png (100 % sent)."
    assert not [thread for thread in threading.enumerate() if thread.name == "transfer"]
    http.cut()


def test_a_script_ends_when_its_files_have_arrived(server: ScriptedServer, start: Start, path: Path) -> None:
    """It reads nothing; and a file that was refused is a failure."""
    running, peer = welcomed(server, start, interactive=False, files=(str(path), str(path)))
    running.screen.type(EOFError())
    assert {next_of(peer, "upload")["ref"] for _ in range(2)} == {"1", "2"}
    peer.send({"type": "error", "code": "quota", "text": "too many", "ref": "2", "fatal": False})
    peer.send({"type": "upload", "ref": "1", "id": ID, "url": "/files/x?t=y", "offset": 0, "expires": 9})
    http = Http(server)
    http.head()
    http.body(len(DATA))
    http.answer(201)
    say = next_of(peer, "say")
    peer.send(message(1, "plan.png (8.8 KB)", "ann", seq=say["seq"], file={**FACTS, "bare": True}))
    assert say_goodbye(running, peer) == 1
    assert "plan.png was not sent: Too many." in running.screen.lines
    assert [event["state"] for event in running.screen.events if event["type"] == "transfer"][:2] == ["begun", "begun"]
    http.cut()


def test_without_a_conversation_a_file_waits_for_the_next_one(server: ScriptedServer, start: Start, path: Path) -> None:
    """And goes where that goes."""
    running, peer = welcomed(server, start)
    server.go_away()
    running.screen.wait_until(lambda: not running.screen.statuses[-1].online)
    running.screen.type(f"/send {path}")
    running.screen.wait_until(lambda: running.screen.statuses[-1].transfers[1:2] == ("plan.png",))
    server.open()
    peer = server.accept()
    peer.welcome(**FEATURES)
    grant(peer)
    http = Http(server)
    http.head()
    running.screen.type("/cancel")
    running.screen.wait_for("* cancelled: plan.png")
    running.screen.wait_until(lambda: running.screen.statuses[-1].transfers == ())
    running.screen.type("/exit")
    assert say_goodbye(running, peer) == 0
    http.cut()
