"""The servers that are compared: how each is found, started, looked at from outside, and stopped."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

from tests.bench import protocols
from tests.bench.generator import TLS_LOAD, WEB_LOAD
from tests.bench.protocols import Protocol
from tests.postgres import Cluster, folder_of_programs, why_not
from tests.tls.certificates import key_pair

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent.parent
TICKS: Final = os.sysconf("SC_CLK_TCK")
START_PATIENCE: Final = 10.0
ARGUMENTS: Final = ("--rate", "0", "--no-console")


def data_folder() -> str:
    """On a disk, by convention: /tmp may be memory, where syncing costs nothing. Tests of times want just that."""
    return os.environ.get("CHAT_TESTS_DATA", "/var/tmp")


class Absent(Exception):
    """That server is not installed here."""


class Server:
    """A running server."""

    def __init__(
        self, command: list[str], folder: Path, port: int | None = None, variables: Mapping[str, str] | None = None
    ) -> None:
        """Without a port, the server says on its first line of output which it got."""
        self._output = (folder / "errors").open("ab")
        stdout = subprocess.PIPE if port is None else self._output
        environment = {**os.environ, "NO_COLOR": "1", **(variables or {})}
        self.process = subprocess.Popen(command, stdout=stdout, stderr=self._output, env=environment, cwd=ROOT)
        self.pid = self.process.pid
        self.port = self._announced() if port is None else port
        self._wait_listening()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._output.close()

    def _announced(self) -> int:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        found = re.search(r":(\d+)\s*$", line)
        if found is None:
            raise self._failure()
        return int(found[1])

    def _wait_listening(self) -> None:
        until = time.monotonic() + START_PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise self._failure() from None
                time.sleep(0.02)

    def _failure(self) -> RuntimeError:
        self.process.kill()
        said = Path(self._output.name).read_text(errors="replace").strip().splitlines()
        return RuntimeError(f"the server did not start: {said[-1] if said else 'it did not say why'}")

    # --- from outside ---

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self) -> int:
        """Bytes of memory in use."""
        return self._status("VmRSS") * 1024

    def threads(self) -> int:
        return self._status("Threads")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def _status(self, name: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
        return int(found[1]) if found else 0

    def stop(self, seconds: float) -> float | None:
        """Ask it to stop; how long that took, or None if it did not end well within `seconds`."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        return time.monotonic() - begun if status == 0 else None


@dataclass(frozen=True)
class Contestant:
    key: str
    title: str
    protocol: Protocol
    version: Callable[[], str]  # raises Absent
    start: Callable[[Path], Server]
    load: str = "load"  # the program that loads it


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _python_version() -> str:
    return f"Python {sys.version.split()[0]}"


def _find(program: str) -> str:
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise Absent(f"{program} is not installed")
    return found


def _version_of(program: str, *arguments: str) -> Callable[[], str]:
    def ask() -> str:
        done = subprocess.run([_find(program), *arguments], capture_output=True, text=True, check=False)
        found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
        return f"{program} {found[0] if found else 'of an unknown version'}"

    return ask


def start_this(folder: Path, *more: str, root: Path = ROOT) -> Server:
    data = folder / f"data-{time.monotonic_ns()}"
    command = [sys.executable, str(root / "server.py"), "--port", "0", "--data", str(data), *ARGUMENTS, *more]
    return Server(command, folder)


def _start_over_tls(folder: Path, root: Path = ROOT) -> Server:
    return start_this(folder, "--plain", "nobody", root=root)  # so that nothing can be measured by mistake


@cache
def _cluster() -> Cluster:
    """On the same disk as the folders of other servers."""
    started = Cluster(where=data_folder())
    atexit.register(started.close)
    return started


def close_cluster() -> None:
    """So that it has no processor any more; the next server on PostgreSQL starts another one."""
    if _cluster.cache_info().currsize:
        _cluster().close()
        _cluster.cache_clear()


def _start_on_postgres(folder: Path) -> Server:
    """Its database runs on the same processors."""
    database = _cluster().database(time.monotonic_ns())
    certificate, key = key_pair()  # it has no folder to make one in
    files = ["--tls-cert", str(certificate), "--tls-key", str(key)]
    command = [sys.executable, str(ROOT / "server.py"), "--port", "0", *files, *ARGUMENTS]
    return Server(command, folder, variables={"CHAT_STORE": _cluster().address(database)})


def _postgres_version() -> str:
    if reason := why_not():
        raise Absent(reason)
    programs = folder_of_programs()
    assert programs is not None
    done = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    return f"PostgreSQL {done.stdout.split()[2]}"


def another(folder: Path, *, over_tls: bool = False) -> Contestant:
    """This server from another copy of the project."""
    root, title = folder.resolve(), f"in {folder.resolve().name}"
    if over_tls:
        start = partial(_start_over_tls, root=root)
        return Contestant("other", title, protocols.NATIVE_TLS, _python_version, start, TLS_LOAD)
    return Contestant("other", title, protocols.NATIVE, _python_version, partial(start_this, root=root))


def _start_script(name: str) -> Callable[[Path], Server]:
    def start(folder: Path) -> Server:
        port = free_port()
        return Server([sys.executable, str(HERE / name), str(port)], folder, port)

    return start


def _start_with_sync(folder: Path) -> Server:
    port = free_port()
    command = [sys.executable, str(HERE / "tutorial_server.py"), str(port), str(folder / "journal")]
    return Server(command, folder, port)


def _start_relay(folder: Path) -> Server:
    port = free_port()
    return Server([str(folder.parent / "relay"), str(port)], folder, port)


NGIRCD_CONF: Final = """
[Global]
Name = irc.bench.test
Info = bench
Listen = 127.0.0.1
Ports = {port}
ServerUID = {user}
ServerGID = {group}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
MaxNickLength = 20
PingTimeout = 7200
[Options]
DNS = no
Ident = no
PAM = no
"""


def _start_ngircd(folder: Path) -> Server:
    port, conf = free_port(), folder / "ngircd.conf"
    conf.write_text(NGIRCD_CONF.format(port=port, user=os.getuid(), group=os.getgid()))
    return Server([_find("ngircd"), "-n", "-f", str(conf)], folder, port)


def _start_nats(folder: Path) -> Server:
    port, conf = free_port(), folder / "nats.conf"
    conf.write_text('max_connections: 65536\nping_interval: "2h"\n')
    return Server([_find("nats-server"), "-a", "127.0.0.1", "-p", str(port), "-c", str(conf)], folder, port)


def _start_redis(folder: Path) -> Server:
    port = free_port()
    options = {"bind": "127.0.0.1", "port": port, "dir": folder, "save": "", "appendonly": "no", "maxclients": 19_000,
               "tcp-backlog": 4096, "protected-mode": "no"}  # fmt: skip
    command = [_find("redis-server"), *(text for name, value in options.items() for text in (f"--{name}", str(value)))]
    return Server(command, folder, port)


THIS: Final = Contestant("this", "this server", protocols.NATIVE, _python_version, start_this)
OVER_TLS: Final = Contestant("tls", "over TLS", protocols.NATIVE_TLS, _python_version, _start_over_tls, TLS_LOAD)
OVER_WEB: Final = Contestant("web", "over WebSockets", protocols.NATIVE, _python_version, start_this, WEB_LOAD)
ON_POSTGRES: Final = Contestant("postgres", "on PostgreSQL", protocols.NATIVE, _postgres_version, _start_on_postgres)
TUTORIAL: Final = Contestant(
    "tutorial", "tutorial", protocols.LINES, _python_version, _start_script("tutorial_server.py")
)
SYNCING: Final = Contestant("syncing", "tutorial with a sync", protocols.LINES, _python_version, _start_with_sync)
ASYNCIO: Final = Contestant("asyncio", "asyncio", protocols.LINES, _python_version, _start_script("asyncio_server.py"))
NGIRCD: Final = Contestant("ngircd", "ngircd", protocols.IRC, _version_of("ngircd", "--version"), _start_ngircd)
NATS: Final = Contestant("nats", "NATS", protocols.NATS, _version_of("nats-server", "--version"), _start_nats)
REDIS: Final = Contestant("redis", "Redis", protocols.REDIS, _version_of("redis-server", "--version"), _start_redis)
RELAY: Final = Contestant("relay", "C relay", protocols.LINES, lambda: "written here", _start_relay)

ALL: Final = (THIS, TUTORIAL, ASYNCIO, NGIRCD, NATS, REDIS, RELAY)
FIELD: Final = ("ngircd", "nats", "redis")  # what this server is measured against


def look_for(contestants: Sequence[Contestant]) -> tuple[dict[str, str], list[Contestant]]:
    """The version of each, or why it is absent; and those that are here."""
    versions, present = {}, []
    for contestant in contestants:
        try:
            versions[contestant.key] = contestant.version()
            present.append(contestant)
        except Absent as error:
            versions[contestant.key] = f"absent: {error}"
    return versions, present
