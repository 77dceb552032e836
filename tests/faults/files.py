"""Send files while connections are cut and the server is killed: none is damaged, and nothing is left of any other.

    python -m tests.faults.files [--quick] [--seed N]

Several people send files with hostile names, in parts that end at every 64 KiB, and go on where they were. Meanwhile
the server is killed at random instants. In the end every file that was said is fetched and compared, nothing lies
outside the server's folder, and after an hour nothing is left in it but what was said. A seed replays the choices, not
the timing.
"""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from unittest import mock

from server_parts.storage.sqlite.log import SqliteLog
from tests.browsers import ask, read_answer, request_head
from tests.faults.actors import Report, ServerProcess
from tests.faults.finding import Finding, found, main
from tests.peers import WAIT, Ended, Frame, Native, Peer

PROPERTY: Final = "files"
TARGET: Final = "0 damaged, 0 outside the folder, 0 left over after an hour"
PART: Final = 65_536
NAMES: Final = (
    "../../evil", "..\\..\\evil", "/etc/evil", "C:\\evil", "con", ".evil", "evil\r\nX: y", "evil\u202eexe", "a b.png",
    "...",
)  # fmt: skip
LOST: Final = (OSError, Ended, ValueError, IndexError)  # what a connection ends with whose server is killed
HOUR: Final = 3_600.0


class Sender(threading.Thread):
    """Sends one file after the other, each until there is a receipt of the message that carries it."""

    def __init__(self, port: int, number: int, seed: int, files: int, largest: int) -> None:
        super().__init__(name=f"sender {number}")
        self._port, self._random = port, random.Random(seed)
        self._files, self._largest = files, largest
        self._name, self._token = f"sender{number}", secrets.token_hex(16)
        self._session = secrets.token_urlsafe(16)
        self.said: dict[str, bytes] = {}  # hashes of files, by their ids
        self.names: dict[str, str] = {}
        self.cuts = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        for _ in range(self._files):
            body = self._random.randbytes(self._random.randint(1, self._largest))
            try:
                self._send(body, self._random.choice(NAMES))
            except AssertionError as problem:
                self.wrong.append(f"{self._name}: {problem}")

    def _send(self, body: bytes, name: str) -> None:
        """However often its server is lost meanwhile."""
        place: str | None = None
        seq: int | None = None
        until = time.monotonic() + 6 * WAIT
        while time.monotonic() < until:
            try:
                with self._peer() as peer:
                    if seq is not None and peer.welcome["accepted"] >= seq:
                        assert place is not None
                        return self._note(place, body)
                    answer = self._reserve(peer, place, body, name)
                    place = str(answer["id"])
                    self._send_bytes(place, str(answer["url"]), int(answer["offset"]), body)
                    seq = peer.say("", file=place)
                    said = peer.until("message", seq=seq, by=peer.welcome["tag"])
                    assert said["file"]["id"] == place, said
                    self.names[place] = said["file"]["name"]
                    return self._note(place, body)
            except LOST:
                time.sleep(0.02)
        raise AssertionError("a file was not sent in time")

    def _note(self, place: str, body: bytes) -> None:
        self.said[place] = hashlib.sha256(body).digest()

    def _peer(self) -> Native:
        peer = Native(self._port)
        try:
            peer.enter(self._name, session=self._session, token=self._token)
        except BaseException:
            peer.close()
            raise
        return peer

    def _reserve(self, peer: Native, place: str | None, body: bytes, name: str) -> Frame:
        if place is not None:
            peer.send("upload", ref="r", id=place)
        else:
            peer.send(
                "upload", ref="r", room="lobby", name=name, size=len(body), sha256=hashlib.sha256(body).hexdigest()
            )
        while (answer := peer.next()).get("ref") != "r":
            pass
        if answer["type"] == "error":
            assert answer["code"] == "quota", answer  # of one whose receipt was lost with a killed server
            raise Ended
        return answer

    def _send_bytes(self, place: str, url: str, offset: int, body: bytes) -> None:
        """In parts: each connection but the last is cut at some 64 KiB."""
        while True:
            rest = body[offset:]
            cut = self._random.choice((None, *range(0, len(rest), PART)))
            status, offset = self._send_part(url, offset, rest, cut)
            if status == 201:
                return
            assert status in (0, 409), f"{place}: {status}"

    def _send_part(self, url: str, offset: int, rest: bytes, cut: int | None) -> tuple[int, int]:
        fields = {"Host": "localhost", "Content-Length": str(len(rest)), "Upload-Offset": str(offset)}
        with Peer(self._port) as peer:
            peer.send_bytes(request_head(url, "PATCH", fields) + rest[:cut])
            if cut is None:
                answer = read_answer(peer.rest())
                return answer.status, int(answer.fields["upload-offset"])
        self.cuts += 1
        state = ask(self._port, url, "HEAD")
        return 0, int(state.fields["upload-offset"])


def outside(folder: Path) -> list[str]:
    """What lies beside the server's folder and is not its output."""
    return [str(path) for path in folder.iterdir() if path.name not in ("data", "data.out")]


def left_over(data: Path, said: set[str]) -> Iterator[str]:
    """What is in the folder of files when all of it is old, and the sweep was there, but belongs to no message."""
    for path in data.rglob("*"):
        old = time.time() - 50 * HOUR
        os.utime(path, (old, old))
    log = SqliteLog(data)
    try:
        log.files.sweep()
        kept = {path.name for path in (data / "files").rglob("*") if path.is_file()}
    finally:
        log.close()
    yield from (f"left over: {name}" for name in kept - said)
    yield from (f"lost: {name}" for name in said - kept)


def damaged(port: int, sender: Sender) -> Iterator[str]:
    for id, digest in sender.said.items():
        with Native(port, "judge") as judge:
            judge.send("file", id=id)
            where = judge.next()
            while where["type"] not in ("file", "error"):
                where = judge.next()
            judge.leave()
        answer = ask(port, where["url"]) if where["type"] == "file" else None
        if answer is None or hashlib.sha256(answer.body).digest() != digest:
            yield f"damaged: {id}"


def send_and_kill(
    folder: Path, seed: int, *, senders: int, files: int, largest: int, kills: int, lie: str | None = None
) -> Report:
    rng, report = random.Random(seed), Report(seed)
    options = ("--file-rate", "0")
    server = ServerProcess(folder / "data", lie=lie, options=options).start()
    crew = [Sender(server.port, number, rng.randrange(10**9), files, largest) for number in range(senders)]
    try:
        for sender in crew:
            sender.start()
        for _ in range(kills):
            time.sleep(rng.uniform(0.2, 0.8))
            server.kill()
            server.start()
        for sender in crew:
            sender.join()
        for sender in crew:
            report.wrong += [*sender.wrong, *damaged(server.port, sender)]
        report.figures = {
            "files": sum(len(sender.said) for sender in crew),
            "cut connections": sum(sender.cuts for sender in crew),
            "kills": kills,
        }
        report.wrong += server.complaints
        server.stop()
    finally:
        server.kill()
        for sender in crew:
            sender.join()
    report.wrong += [*outside(folder), *left_over(folder / "data", {id for sender in crew for id in sender.said})]
    return report


def run(quick: bool, seed: int) -> Finding:
    with tempfile.TemporaryDirectory(prefix="chat-files-") as name, mock.patch.dict(os.environ):
        folder = Path(name)
        if quick:
            report = send_and_kill(folder, seed, senders=3, files=3, largest=500_000, kills=2)
        else:
            report = send_and_kill(folder, seed, senders=10, files=15, largest=3_000_000, kills=40)
    figure = ", ".join(f"{value:.0f} {name}" for name, value in report.figures.items())
    return found(26, PROPERTY, TARGET, figure, report.wrong)


if __name__ == "__main__":
    sys.exit(main(run))
