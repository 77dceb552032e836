"""Cut a conversation after every byte of it, let the client finish it over a good link, and count what is stored.

    python -m tests.faults.cut_link [--quick] [--seed N]

The conversation: a hello, then four texts at once, one of them with characters of several bytes and one of them empty
(refused, but counted); the operator says something while the client is away. Every byte of every frame of it, both
ways, is the last one to arrive once.
"""

from __future__ import annotations

import itertools
import json
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from server_parts.storage.message_log import everything_in
from server_parts.storage.sqlite.log import SqliteLog
from tests.faults.actors import Client, Report, settle
from tests.faults.brains import Brain, Independent, Product
from tests.faults.finding import Finding, found, main
from tests.faults.links import Cut, CutLink, LocalServer
from tests.faults.mind import Mind, track_of
from tests.peers import WAIT, wait_until

Maker = Callable[[str, int], Brain]
MARGIN: Final = 8  # byte positions past the end of the conversation


def independent(name: str, after: int) -> Brain:
    return Independent(name, after=after)


def product(name: str, after: int) -> Brain:
    return Product(name, after=after)


def converse(connection: socket.socket, brain: Brain) -> str | None:
    """Until the brain is content, or the connection ends; what the server said at parting."""
    parting = None
    deadline = time.monotonic() + WAIT
    unread = b""
    with connection:
        connection.settimeout(WAIT)
        try:
            connection.sendall(_lines([brain.hello()]))
            while not brain.finished:
                assert time.monotonic() < deadline, f"{brain.name} is not content"
                data = connection.recv(65_536)
                if not data:
                    break
                *lines, unread = (unread + data).split(b"\n")
                for frame in map(json.loads, lines):
                    brain.heard(frame)
                    parting = frame["code"] if frame["type"] == "bye" else parting
                if frames := brain.to_send():
                    connection.sendall(_lines(frames))
        except ConnectionError:
            pass
    if not brain.finished:
        brain.lost()
    return parting


def _lines(frames: Iterable[object]) -> bytes:
    return b"".join(json.dumps(frame, ensure_ascii=False).encode() + b"\n" for frame in frames)


class Bench:
    """A server, a link to it, and somebody who listens all the time. With a folder, the server is often restarted."""

    def __init__(self, report: Report, folder: Path | None = None) -> None:
        self.report, self.folder = report, folder
        self._names = itertools.count(10_000)  # of one length, so that conversations are
        self._stack = ExitStack()
        self._server_stack = ExitStack()

    def __enter__(self) -> Bench:
        self._serve()
        self._link = self._stack.enter_context(CutLink(self._server.port))
        self._listener = Client(self._server.port, Mind("listener")).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._server_stack, self._stack:
            if kind is None:
                self._judge()
            else:  # that is what is to be told
                self._listener.finish()

    def _judge(self) -> None:
        mind, last = self._listener.mind, self._server.store.last("lobby")
        wait_until(lambda: mind.tracks["lobby"].last >= last)  # it may hear of a text after its author
        self.report.wrong += settle([self._listener])
        kept = [message._asdict() | {"from": message.sender} for message in everything_in("lobby", self._server.store)]
        if where := mind.tracks["lobby"].parts_from(track_of("lobby", kept)):
            self.report.wrong.append(f"hash: the listener and the log: {where}")
        self.report.wrong += mind.wrong
        self.report.figures["cuts"] = self.cuts_made
        self.report.figures["messages"] = len(kept)

    @property
    def cuts_made(self) -> int:
        return self._link.cuts_made

    def _serve(self) -> None:
        store = None if self.folder is None else SqliteLog(self.folder)
        self._server = self._server_stack.enter_context(LocalServer(store))

    def restart(self) -> None:
        self._server_stack.close()
        self._serve()
        self._link.target = self._listener.port = self._server.port

    def size(self, make: Maker) -> tuple[int, int]:
        """How many bytes the whole conversation has: downward, upward."""
        self.play(make, None)
        self._link.await_end()
        return self._link.carried[0], self._link.carried[1]

    def play(self, make: Maker, cut: Cut | None, *, restart: bool = False) -> None:
        """One conversation with one cut in it, judged at once."""
        store = self._server.store
        base = store.last("lobby")
        brain = make(f"n{next(self._names)}", base)
        texts = [f"{brain.name} one", f"{brain.name} zwölf 👋🏽 €", f"{brain.name} three"]
        for text in (*texts[:2], "  ", texts[2]):
            brain.say("lobby", text)
        self._link.cut = cut
        with suppress(ConnectionError):  # cut after no byte at all
            converse(self._link.connect(), brain)
        self._link.await_end()
        if restart:
            self.restart()
            store = self._server.store
        if not brain.finished:
            self._server.chat.broadcast_message(f"meanwhile {base}")
            parting = converse(socket.create_connection(("127.0.0.1", self._server.port), timeout=WAIT), brain)
            if not brain.finished:
                self.report.wrong.append(f"dismissed: cut {cut}: the good link was ended: {parting}")
        stored = [message._asdict() | {"from": message.sender} for message in store.after("lobby", base, 500)]
        own = [message["text"] for message in stored if message["from"] == brain.name]
        if own != texts:
            kind = "doubled" if len(own) > len(set(own)) else "lost" if len(own) < len(texts) else "order"
            self.report.wrong.append(f"{kind}: cut {cut}: stored are {own}")
        upto = [message for message in stored if message["id"] <= brain.track().last]
        if where := brain.track().parts_from(track_of("lobby", upto, base)):
            self.report.wrong.append(f"hash: cut {cut}: {where}")
        self.report.wrong += [f"cut {cut}: {brain.name} {sentence}" for sentence in brain.wrong]


def every_byte(size: tuple[int, int], *, hard_on: Sequence[int]) -> Iterator[Cut]:
    """Every position of both directions; resets where the position's parity is in `hard_on`, else FINs."""
    for upward in (False, True):
        for position in range(size[upward] + MARGIN):
            yield Cut(upward, position, hard=position % 2 in hard_on)


def cut_everywhere(seed: int, make: Maker, *, limit: int | None = None) -> Report:
    """Every byte once, with resets and FINs in turn; or round after round until `limit` cuts were made.

    Not every conversation is as long as the one that was measured: some cuts find nothing to cut.
    """
    report = Report(seed)
    begun = time.monotonic()
    with Bench(report) as bench:
        size = bench.size(make)
        rounds = (every_byte(size, hard_on=[(seed + turn) % 2]) for turn in itertools.count())
        for cut in next(rounds) if limit is None else itertools.chain.from_iterable(rounds):
            if bench.cuts_made == limit:
                break
            bench.play(make, cut)
    report.figures |= {"bytes down": size[0], "bytes up": size[1], "seconds": time.monotonic() - begun}
    return report


def cut_and_restart(folder: Path, seed: int, make: Maker, stride: int) -> Report:
    """A sample of the positions, over a log on disk, with a restart of the server after every cut."""
    report = Report(seed)
    with Bench(report, folder) as bench:
        size = bench.size(make)
        for cut in itertools.islice(every_byte(size, hard_on=[0, 1]), seed % stride, None, stride):
            bench.play(make, cut, restart=True)
    return report


def run(quick: bool, seed: int) -> Finding:
    limit = 700 if quick else 5_000
    reports = [cut_everywhere(seed, make, limit=limit) for make in (independent, product)]
    with tempfile.TemporaryDirectory() as folder:
        reports.append(cut_and_restart(Path(folder), seed, product, stride=31 if quick else 7))
    wrong = [sentence for report in reports for sentence in report.wrong]
    lost, doubled = (sum(report.kinds()[kind] for report in reports) for kind in ("lost", "doubled"))
    cuts = sum(report.figures["cuts"] for report in reports)
    restarts = reports[-1].figures["cuts"]
    figure = f"{lost} lost, {doubled} doubled in {cuts:,.0f} cuts, {restarts:.0f} of them with a restart"
    return found(3, "exactly once", "0 lost, 0 doubled in 10,000 cuts", figure, wrong)


if __name__ == "__main__":
    sys.exit(main(run))
