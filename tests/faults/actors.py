"""Who plays in the fault tests: a server as a process of its own, clients as threads, and the judge of both.

Clients are written from docs/protocol.md and share no code with the product. Every wait here has an end.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.faults.mind import Frame, Mind, Track, track_of
from tests.peers import SLOWNESS, WAIT, wait_until

ROOT = Path(__file__).parents[2]
RST = struct.pack("ii", 1, 0)  # lingering on, for no time: closing resets the connection


def chosen_seed() -> int:
    """CHAT_FAULTS_SEED, which replays a run's choices, or a new one."""
    return int(os.environ.get("CHAT_FAULTS_SEED") or random.randrange(10**6))


def hang_up(connection: socket.socket, *, hard: bool) -> None:
    """Close at once: with a reset if `hard`, else with a FIN."""
    try:
        if hard:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        else:
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the other side was faster
    connection.close()


# --- The server -------------------------------------------------------------------------------------------------


def free_port() -> int:
    """A port below those that the system gives to outgoing connections.

    From among those, a client that knocks while the server is away could be given the server's own port, connect to
    itself, and keep the server from coming back.
    """
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            port = random.randrange(12_000, 32_000)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class ServerProcess:
    """`server.py` on a folder and a port of its own, started and stopped any number of times.

    With a `lie`, the same server over a log that breaks its promises: see lying_server.py.
    """

    def __init__(
        self, folder: Path, *, lie: str | None = None, options: Sequence[str] = (), store: str | None = None
    ) -> None:
        self.keeps = ["--data", str(folder)] if store is None else ["--store", store]
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.program = ["server.py"] if lie is None else ["-m", "tests.faults.lying_server", lie]
        self.options = ["--no-console", "--rate", "0", *options]
        self.prefix: list[str] = []
        self.output = folder.with_name(folder.name + ".out")
        self.stdin: int = subprocess.DEVNULL
        self._read = 0

    def start(self, *, wait: bool = True) -> Self:
        self._read = self.output.stat().st_size if self.output.exists() else 0
        command = [*self.prefix, sys.executable, *self.program, "--port", str(self.port), *self.keeps]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, *self.options], cwd=ROOT, stdin=self.stdin, stdout=output, stderr=subprocess.STDOUT
            )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        assert wait_until(lambda: self.ready or self.exit_code is not None), "the server does not start"
        assert self.ready, f"the server ended: {self.said}"

    @property
    def ready(self) -> bool:
        return "Server started on" in self.said

    @property
    def said(self) -> str:
        """What it wrote since it was last started."""
        return self.output.read_bytes()[self._read :].decode()

    @property
    def complaints(self) -> list[str]:
        """Everything in its log, of all its lives, that speaks of a fault in the server."""
        return re.findall(r"^.*(?: ERROR | CRITICAL |Traceback|Error:).*$", self.output.read_text(), re.MULTILINE)

    @property
    def exit_code(self) -> int | None:
        return None if self.process is None else self.process.poll()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(2 * WAIT)

    def ask_to_stop(self) -> None:
        """As an operator does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Ask it to stop, and wait; its exit code."""
        self.ask_to_stop()
        assert self.process is not None
        return self.process.wait(2 * WAIT)

    def export(self, room: str) -> list[Frame]:
        """What the log holds, as the server's own command line tells it."""
        command = [sys.executable, "server.py", "--data", str(self.folder), "--export", room]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=3 * WAIT, check=False)
        if done.returncode and b"There is no room" in done.stderr:
            return []
        assert done.returncode == 0, done.stderr.decode()
        return [json.loads(line) for line in done.stdout.splitlines()]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()


# --- A client ---------------------------------------------------------------------------------------------------


class Dropped(Exception):
    """The connection is over."""


ROUND = 0.02  # seconds that a client waits for something to be said before it looks what it wants itself
PAUSE = 0.01  # seconds between two knocks at a server that is away: starting, it needs the processor itself
CROWD_ROUND = 0.005  # the same for many: what arrives meanwhile is read in one go


class Client:
    """A mind with a socket, and a thread of its own or a crowd's. It comes back until it is told to be `done`.

    `act` is called in the client's own thread at every round, and may make it say or ask something or hang up.
    """

    tls: ssl.SSLContext | None = None  # how it encrypts, if it does
    patience = WAIT  # seconds that it waits for a server which takes nothing

    def __init__(self, port: int, mind: Mind, act: Callable[[Client], None] = lambda client: None) -> None:
        self.port, self.mind, self.act = port, mind, act
        self.connections = 0
        self.partings: Counter[str] = Counter()
        self.connected_at = 0.0
        self.done = threading.Event()
        self.receipt = threading.Event()  # set with every message heard
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name=f"client {mind.name}")
        self._socket: socket.socket | None = None
        self._unread = b""

    def start(self) -> Client:
        self.thread.start()
        return self

    def finish(self) -> None:
        self.done.set()
        self.thread.join(2 * WAIT)
        assert not self.thread.is_alive(), f"{self.mind.name} does not end"
        if self.error is not None:
            raise self.error

    def hang_up(self, *, hard: bool) -> None:
        """For `act`: leave without a word, and come back."""
        assert self._socket is not None
        hang_up(self._socket, hard=hard)
        raise Dropped

    def round(self, wait: float, hello_wait: float) -> None:
        """Read what comes within so many seconds, act, and say what is to be said; over a new connection if need be."""
        try:
            connection = self._socket or self._connect()
            for frame in self._receive(connection, wait if self.mind.online else hello_wait):
                self._hear(frame)
            self.act(self)
            self._send(self.mind.to_send())
        except (OSError, Dropped):
            self.partings["none" if self.mind.parting is None else self.mind.parting["code"]] += self.mind.online
            self.mind.lost()
            self.close()
        except BaseException as error:
            self.error = error
            self.done.set()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _run(self) -> None:
        while not self.done.is_set():
            self.round(ROUND, WAIT)
            if self._socket is None:
                self.done.wait(PAUSE)
            elif self.mind.waits:
                self.done.wait(0.02)
        self.close()

    def _connect(self) -> socket.socket:
        self._unread = b""
        self.mind.parting = None
        self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=self.patience)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is not None:
            self._socket = self.tls.wrap_socket(self._socket)
        self._send([self.mind.hello()])
        return self._socket

    def _hear(self, frame: Frame) -> None:
        if frame["type"] == "error" and not self.mind.online and frame["code"] == "storage_unavailable":
            self.mind.outages += 1
            self.done.wait(0.02)
            self._send([self.mind.hello()])
            return
        self.mind.heard(frame)
        if frame["type"] == "welcome":
            self.connections += 1
            self.connected_at = time.monotonic()
        elif frame["type"] == "message":
            self.receipt.set()

    def _send(self, frames: Iterable[Frame]) -> None:
        if data := b"".join(json.dumps(frame).encode() + b"\n" for frame in frames):
            assert self._socket is not None
            self._socket.sendall(data)

    def _receive(self, connection: socket.socket, wait: float) -> list[Frame]:
        connection.settimeout(wait)
        try:
            data = _arrived(connection)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            return []
        finally:
            connection.settimeout(self.patience)
        if not data:
            raise Dropped
        *lines, self._unread = (self._unread + data).split(b"\n")
        return [json.loads(line) for line in lines if line.startswith(b"{")]


def _arrived(connection: socket.socket) -> bytes:
    """All of it: an encrypted connection gives one record at a time, which may be one text."""
    data = connection.recv(262_144)
    if data and isinstance(connection, ssl.SSLSocket):
        connection.settimeout(0.0)
        with contextlib.suppress(ssl.SSLWantReadError):
            while piece := connection.recv(262_144):
                data += piece
    return data


def start_crowd(clients: Sequence[Client]) -> None:
    """Let one thread go round many clients: a thread each would mostly wait for its turn."""

    def go_round() -> None:
        while not all(client.done.is_set() for client in clients):
            time.sleep(CROWD_ROUND)
            for client in clients:
                if not client.done.is_set():
                    client.round(0.0, 0.0)
        for client in clients:
            client.close()

    crowd = threading.Thread(target=go_round, name="crowd")
    for client in clients:
        client.thread = crowd
    crowd.start()


# --- Bringing it to an end, and judging -------------------------------------------------------------------------


def settle(clients: Sequence[Client], rooms: Sequence[str] = (), wait: float = 2 * WAIT) -> list[str]:
    """Wait until all are in these rooms, every text is confirmed and everybody has all; what was not so in time.

    The clients' `act` must have stopped making them say and leave things. Their threads have ended on return.
    """
    late = []

    def confirmed(client: Client) -> bool:
        return client.mind.caught_up and not client.mind.pending and client.mind.inside.issuperset(rooms)

    if not wait_until(lambda: all(c.error or confirmed(c) for c in clients), wait):
        late += [
            f"unanswered: {c.mind.name} waits for {len(c.mind.pending)} receipts" for c in clients if not confirmed(c)
        ]
    newest: dict[str, int] = {}
    for client in clients:
        for room, track in client.mind.tracks.items():
            newest[room] = max(newest.get(room, 0), track.last)

    def complete(client: Client) -> bool:
        mind = client.mind
        return mind.caught_up and all(mind.tracks[room].last >= newest[room] for room in mind.inside)

    if not wait_until(lambda: all(c.error or complete(c) for c in clients), wait):
        late += [f"late: {c.mind.name} has not got everything" for c in clients if not complete(c)]
    for client in clients:
        client.done.set()
    for client in clients:
        client.finish()
    return late


@dataclass
class Report:
    """What a run found. `wrong` must be empty."""

    seed: int
    figures: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def kinds(self) -> Counter[str]:
        return Counter(sentence.partition(":")[0].split()[-1] for sentence in self.wrong)

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {value:,.10g}" for name, value in self.figures.items())
        found = (
            "nothing wrong"
            if not self.wrong
            else f"{len(self.wrong)} wrong {dict(self.kinds())}: {self.wrong[:4] + self.wrong[-4:]}"
        )
        return f"seed {self.seed}: {figures}: {found}"


def judge(report: Report, minds: Sequence[Mind], log: dict[str, list[Frame]]) -> None:
    """Hold what every client was told against what the log holds."""
    where: dict[str, list[tuple[str, int]]] = {}
    for room, messages in log.items():
        for message in messages:
            where.setdefault(message["text"], []).append((room, message["id"]))
    for mind in minds:
        report.wrong += [f"{mind.name} {sentence}" for sentence in mind.wrong]
        for text, receipt in mind.stored.items():
            found = where.get(text, [])
            if not found:
                report.wrong.append(f"lost: {text[:40]} of {mind.name}, receipt {receipt}")
            elif len(found) > 1:
                report.wrong.append(f"doubled: {text[:40]} of {mind.name} at {found}")
            elif receipt.id is not None and (receipt.room, receipt.id) != found[0]:
                report.wrong.append(f"moved: {text[:40]} of {mind.name}, receipt {receipt}, found at {found}")
    truth = {room: track_of(room, messages) for room, messages in log.items()}
    known = {text for mind in minds for text in mind.stored}
    report.wrong += [f"strange: nobody said {text[:40]}" for text in where.keys() - known]
    report.wrong += compare(minds, truth)
    report.figures |= {
        "said": sum(mind.said for mind in minds),
        "refused": sum(mind.refused for mind in minds),
        "receipts": sum(len(mind.stored) for mind in minds),
        "stored": sum(map(len, log.values())),
        "received": sum(track.last - track.base for mind in minds for track in mind.tracks.values()),
        "lost": sum(sentence.startswith("lost") for sentence in report.wrong),
        "doubled": sum(sentence.startswith("doubled") for sentence in report.wrong),
        "hashes that differ": sum(sentence.startswith("hash") for sentence in report.wrong),
    }


def compare(minds: Sequence[Mind], truth: dict[str, Track]) -> list[str]:
    """Every receiver's sequence against the log's."""
    return [
        f"hash: {mind.name} and the log: {where}"
        for mind in minds
        for room, track in mind.tracks.items()
        if (where := track.parts_from(truth.get(room, Track(room, 0))))
    ]


def slowly(seconds: float) -> float:
    """A limit for this machine."""
    return seconds * SLOWNESS
