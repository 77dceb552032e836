"""A PostgreSQL of the tests' own: started when the first test needs one, in a temporary folder, and stopped at the end.

Each process that runs tests starts its own, so that workers share nothing. It writes without waiting for the disk:
what a test kills are processes, and what they have written is the system's by then. A pytest plugin, by way of
conftest.py.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.client.ports import ReservedPort

OPERATOR: Final = "chat"  # the role that the servers under test have
STARTING: Final = 30.0  # seconds
NO_PORT: Final = "could not create any TCP/IP sockets"
IN_USE: Final = "pre-existing shared memory block"  # of processes that were killed, and are not gone yet
MOST: Final = 6  # databases
USERS: Final = ("postgres", "nobody")  # PostgreSQL refuses to run as root
# Whoever comes over TCP as `guarded` needs a password; all others are let in, also from networks that tests make.
ACCESS: Final = """
local all all trust
local replication all trust
host replication all 127.0.0.1/32 trust
host all guarded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
host all all 198.18.0.0/15 trust
"""
OPTIONS: Final = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "log_min_messages": "fatal",
}
# In one go: a connection takes longer than all of that. A connection that ends may still hold its locks for a moment.
EMPTY: Final = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    DO $$ DECLARE schema name; BEGIN
        FOR schema IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_)' LOOP
            EXECUTE format('DROP SCHEMA %I CASCADE', schema);
        END LOOP;
        CREATE SCHEMA public;
    END $$"""
UNSYNCED: Final = {"fsync": "off", "full_page_writes": "off"}


@cache
def folder_of_programs() -> Path | None:
    """Where PostgreSQL's own programs are: the newest of Debian's, or what is on the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    found = debian[-1] if debian else shutil.which("postgres")
    return Path(found).parent if found and (Path(found).parent / "initdb").exists() else None


@cache
def why_not() -> str:
    """Why no test can use PostgreSQL here; empty if they can."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed"
    if folder_of_programs() is None:
        return "PostgreSQL's programs initdb and postgres are not installed"
    if os.geteuid() == 0 and (_other_user() is None or shutil.which("setpriv") is None):
        return "PostgreSQL does not run as root, and there is no other user to run it as"
    return ""


def _other_user() -> pwd.struct_passwd | None:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next((known[name] for name in USERS if name in known), None)


needs_postgres = pytest.mark.skipif(bool(why_not()), reason=why_not())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Cluster:
    """One running PostgreSQL and its databases. Whoever makes one closes it."""

    def __init__(
        self, options: Mapping[str, str] | None = None, copied_from: Cluster | None = None, where: str | None = None
    ) -> None:
        """With options of its own; or a standby, which begins as a copy of another one and follows it.

        `where` it keeps its data, if not where temporary files usually are.
        """
        self._options = {**OPTIONS, **(options or {})}
        programs = folder_of_programs()
        assert programs is not None
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="chat-postgres-", dir=where))
        self._data = self.folder / "data"
        self._reserved = ReservedPort()  # nobody else is given it before the start, or between two
        self.port = self._reserved.number
        self._databases: dict[object, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            user = _other_user()
            assert user is not None
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            # If the tests are killed, so is the database.
            self._as_user = ["setpriv", *ids, "--pdeathsig", "INT"]
        if copied_from is not None:
            self._copy(copied_from)
            return
        self._run("initdb", "-D", str(self._data), "-U", OPERATOR, "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust")
        (self._data / "pg_hba.conf").write_text(ACCESS)
        self.start()
        self.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")

    def _copy(self, primary: Cluster) -> None:
        source = ["-h", str(primary.folder), "-p", str(primary.port), "-U", OPERATOR]
        self._run("pg_basebackup", "-D", str(self._data), *source, "--checkpoint=fast", "--no-sync")
        (self._data / "postgresql.auto.conf").write_text("")  # what the primary waits for is its own affair
        (self._data / "standby.signal").touch()

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._programs / program), *arguments]
        run = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=STARTING, check=False)
        assert run.returncode == 0, run.stderr

    def start(self) -> None:
        """Return when it takes connections.

        Another program may hold its port for a moment, to talk from, and its own former processes its memory.
        """
        deadline = time.monotonic() + STARTING
        while not self._starts():
            assert time.monotonic() < deadline, "PostgreSQL does not start"
            said = (self.folder / "log").read_text()
            assert NO_PORT in said or IN_USE in said, said
            time.sleep(0.2)

    def _starts(self) -> bool:
        options = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        where = ["-D", str(self._data), "-k", str(self.folder), "-p", str(self.port)]
        command = [*self._as_user, str(self._programs / "postgres"), *where, *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        return self._comes_up(self._process)

    def _comes_up(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + STARTING
        while not self._accepts():
            if process.poll() is not None:
                return False
            assert time.monotonic() < deadline, "PostgreSQL does not start"
            time.sleep(0.02)
        return True

    def _accepts(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.address("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: all clients are cut off and all is tidied up. SIGQUIT: at once, as after a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(STARTING)
            self._process = None

    def crash(self) -> None:
        """All of it is gone at once, as if its machine had stopped."""
        assert self._process is not None
        main = self._process.pid
        os.kill(main, signal.SIGSTOP)  # it begins no other one meanwhile
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for pid in [main, *map(int, children)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(STARTING)
        self._process = None

    def configure(self, name: str, value: str) -> None:
        """Change an option while it runs."""
        self.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self.execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """A standby becomes the primary: return when it can be written."""
        self.execute("SELECT pg_promote(true)")

    def close(self) -> None:
        self.stop()
        self._reserved.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- databases ---

    def address(self, database: str, user: str = OPERATOR) -> str:
        """For this machine's programs, by way of a socket that has a name."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.folder), safe='')}&port={self.port}"

    def tcp_address(self, database: str, user: str = OPERATOR, port: int | None = None) -> str:
        """By way of a port: that of a relay, perhaps."""
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Have something done as whoever owns the database, outside of any transaction."""
        import psycopg

        with psycopg.connect(self.address(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def database(self, key: object) -> str:
        """The name of the database that belongs to a key, such as a test's folder; empty when it is first asked for.

        A few are used in turn: to empty one is quicker than to make one, and takes no space.
        """
        if key not in self._databases:
            self._databases[key] = self._empty() if len(self._databases) >= MOST else self._new()
        return self._databases[key]

    def _new(self) -> str:
        name = f"test_{len(self._databases)}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def _empty(self) -> str:
        """The one that was given away longest ago."""
        name = self._databases.pop(next(iter(self._databases)))
        self.execute(EMPTY, name)
        return name

    def end_connections(self, database: str, but: str = "") -> int:
        """Kill the server's side of all connections to a database, as an operator may; those named `but` stay."""
        found = f"FROM pg_stat_activity WHERE datname = '{database}' AND application_name <> '{but}'"
        return len(self.execute(f"SELECT pg_terminate_backend(pid) {found}"))


@cache
def cluster() -> Cluster:
    """The one of this process."""
    if reason := why_not():
        pytest.skip(reason)
    started = Cluster(UNSYNCED)
    atexit.register(started.close)
    return started


def pytest_sessionfinish() -> None:
    if cluster.cache_info().currsize:
        cluster().close()
