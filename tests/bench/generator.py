"""The load generator's driver: compiles it, tells it who comes in and how, and reads what it measured.

It must not know which server is at the other end: a `Member` is bytes to say and bytes to wait for.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final, NamedTuple

HERE: Final = Path(__file__).parent
LOAD: Final = ("load.c", "clients.c", "rounds.c", "stream.c")
SOURCES: Final = {"load": (*LOAD, "link_clear.c"), "relay": ("relay.c",)}
TLS_LOAD, TLS_HEADER = "load-tls", "openssl/ssl.h"
WEB_LOAD: Final = "load-web"
TEXT: Final = 100  # bytes of a text
PATIENCE: Final = 30.0
STORM_SECONDS: Final = 10.0
TALLY: Final = (
    "missing", "gaps", "doubled", "reordered", "garbled", "id_jumps", "differing", "lapped", "closed"
)  # fmt: skip


class NoCompiler(Exception):
    """There is nothing to make the load generator with."""


class NoTls(Exception):
    """There is nothing to make a load generator with that speaks TLS."""


class LoadError(Exception):
    """The clients did not get in, or lost a server that should have stayed."""


def build(folder: Path) -> dict[str, Path]:
    """The compiled programs, by name."""
    return {name: _compile(folder / name, sources) for name, sources in SOURCES.items()}


def build_tls(folder: Path) -> dict[str, Path]:
    """The load generator that speaks TLS."""
    headers = [_compiler(), "-fsyntax-only", "-include", TLS_HEADER, "-x", "c", "/dev/null"]
    if subprocess.run(headers, capture_output=True).returncode:
        raise NoTls("OpenSSL's headers are not installed (Debian: libssl-dev), so nothing can be loaded over TLS.")
    return {TLS_LOAD: _compile(folder / TLS_LOAD, (*LOAD, "link_tls.c"), "-lssl", "-lcrypto")}


def build_web(folder: Path) -> dict[str, Path]:
    """The load generator whose clients speak over WebSockets."""
    return {WEB_LOAD: _compile(folder / WEB_LOAD, (*LOAD, "link_web.c"))}


def _compile(program: Path, sources: Sequence[str], *libraries: str) -> Path:
    flags = ["-O2", "-Wall", "-Wextra", "-o", str(program)]
    subprocess.run([_compiler(), *flags, *(str(HERE / source) for source in sources), *libraries], check=True)
    return program


def _compiler() -> str:
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if found is None:
        raise NoCompiler(
            "The load generator is written in C and there is no C compiler here: install cc, gcc or clang."
        )
    return found


class Member(NamedTuple):
    """One client: what it says to get in, what tells that it is in, and how it publishes."""

    hello: bytes
    ready: bytes
    room: int = 0  # -1: what it gets is only counted, as bytes of the wire
    stream: int = 0  # all members of a stream must get the same bytes; -1: nobody else gets the same
    sender: int = -1  # which sender of its room; -1: it only listens
    publish: tuple[bytes, bytes, bytes] = (b"", b"", b"")  # before the text, after it, and after a counter if any


class Round(NamedTuple):
    """What one round came to."""

    deliveries: int
    seconds: float
    p50: float  # ms, send instant to read instant
    p99: float
    worst: float
    cpu: float  # the generator's share of one processor
    tally: dict[str, int]
    problem: str  # what was found wrong first, as a sentence; "" if nothing was
    by_bytes: float  # deliveries for each that was looked at, by the bytes that clients of no room got

    @property
    def rate(self) -> float:
        return self.deliveries * self.by_bytes / self.seconds


class Load:
    """A running load generator."""

    def __init__(self, program: Path, port: int, echo: bool = True, id_key: bytes = b"", receipt: bytes = b"") -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._count = 0
        self.tell(f"server {port}", f"echo {int(echo)}", f"texts {TEXT}")
        if id_key:
            self.tell(f"key {id_key.hex()}")
        if receipt:
            self.tell(f"receipt {receipt.hex()}")

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._pipe.close()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def end(self) -> None:
        """Every client is gone at once, without a goodbye."""
        self._process.kill()
        self._process.wait()

    @property
    def _pipe(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def tell(self, *lines: str) -> None:
        data = memoryview("".join(f"{line}\n" for line in lines).encode())
        while data:
            data = data[self._pipe.write(data) :]

    def hear(self, word: str) -> dict[str, str]:
        """The fields of the next line, which must begin with that word."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        if not line.startswith(word):
            raise LoadError(f"the load generator said {line!r} instead of {word}")
        fields, _, problem = line.partition(" problem=")
        return dict(f.split("=") for f in fields.split()[1:]) | {"problem": problem.strip()}

    # --- who takes part ---

    def add_rooms(self, count: int, ring: int) -> None:
        self.tell(*[f"room {ring}"] * count)

    def add(self, members: Sequence[Member]) -> range:
        """Their numbers."""
        self.tell(*map(_line, members))
        self._count += len(members)
        return range(self._count - len(members), self._count)

    def begin_connect(self, who: range, at_once: int) -> None:
        """Start to let them in, so many at the same time."""
        self.tell(f"connect {who.start} {who.stop} {at_once} {PATIENCE}")

    def end_connect(self) -> float:
        """Seconds until the last was in."""
        fields = self.hear("connected")
        if int(fields["failed"]):
            raise LoadError(f"{fields['failed']} clients did not get in within {PATIENCE:.0f} seconds")
        return float(fields["seconds"])

    def connect(self, who: range, at_once: int) -> float:
        self.begin_connect(who, at_once)
        return self.end_connect()

    def connect_during_drip(self, who: range, rate: float) -> float:
        """The same as fast as it goes, while others talk; `wait_measured` must follow."""
        self.drip(rate, 0.0, STORM_SECONDS)
        self.wait_measuring()
        self.begin_connect(who, len(who))
        return self.end_connect()

    def sync(self) -> None:
        """From here on every receiver is checked."""
        self.tell(f"sync {PATIENCE}")
        missing = int(self.hear("synced")["missing"])
        if missing:
            raise LoadError(f"{missing} clients did not hear the first message within {PATIENCE:.0f} seconds")

    def stop_reading(self, who: range) -> None:
        self.tell(f"stop {who.start} {who.stop}")

    # --- rounds ---

    def flood(self, window: int, warm_up: float, seconds: float) -> None:
        """Start a closed loop: every sender keeps `window` messages on their way."""
        self.tell(f"flood {window} {warm_up} {seconds}")

    def drip(self, rate: float, warm_up: float, seconds: float) -> None:
        """Start an open loop of so many messages a second."""
        self.tell(f"drip {rate} {warm_up} {seconds}")

    def wait_measuring(self) -> None:
        self.hear("measuring")

    def wait_measured(self) -> dict[str, str]:
        return self.hear("measured")

    def wait_drained(self, measured: dict[str, str]) -> Round:
        """Everything sent has arrived, or never will; latencies are those of all messages of the round."""
        drained = self.hear("drained")
        return Round(
            deliveries=int(measured["deliveries"]),
            seconds=float(measured["seconds"]),
            p50=float(drained["p50"]),
            p99=float(drained["p99"]),
            worst=float(drained["max"]),
            cpu=float(measured["cpu"]),
            tally={name: int(drained[name]) for name in TALLY},
            problem=drained["problem"],
            by_bytes=1 + int(measured["ignored"]) / max(int(measured["looked_at"]), 1),
        )


def _line(member: Member) -> str:
    before, between, after = (part.hex() or "-" for part in member.publish)
    ready, hello = member.ready.hex() or "-", member.hello.hex() or "-"
    return f"client {member.room} {member.stream} {member.sender} {ready} {hello} {before} {between} {after}"
