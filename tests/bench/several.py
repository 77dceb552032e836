"""What several servers on one PostgreSQL cost each other: `python -m tests.bench.several [--texts N] [--people N]`.

It starts a PostgreSQL and four servers: one where somebody talks, one with a member of that room, and two with nobody
in it at first. It counts the processor time that each process takes, without what it takes when nothing happens, so
that other work on the machine spoils the figures less than it would those of a clock. The database is that of the
tests, which does not sync: what is told of times lacks the wait for a disk.
"""

from __future__ import annotations

import argparse
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from server_parts.storage.exchange import Exchange, Post
from tests.peers import Native
from tests.postgres import cluster
from tests.programs import ServerProgram, server_program

HERTZ: Final = os.sysconf("SC_CLK_TCK")
IDLE: Final = 10.0  # seconds to see what it takes when nothing happens
SETTLING: Final = 1.0  # seconds until what was asked for has been done everywhere
NAMES: Final = ("talks", "hears", "nobody", "nobody too")
BATCHES: Final = (1, 10, 100)
DECIDING: Final = (1, 4)  # servers
LISTENERS: Final = (0, 10, 40)  # as many as connections that a PostgreSQL of the tests takes
TEXT: Final = "A text of about a hundred characters, as people write them when they talk about their day and work. "


class Taken(NamedTuple):
    """Processor seconds of each server, and of the database."""

    seconds: float
    servers: list[float]
    database: float


class Meter:
    """What the processes have taken since it was made."""

    def __init__(self, servers: Sequence[int], database: int) -> None:
        self._servers, self._database = servers, database
        self._begin = self._now()

    def _now(self) -> Taken:
        return Taken(time.monotonic(), [_own(pid) for pid in self._servers], _with_children(self._database))

    def read(self) -> Taken:
        now, then = self._now(), self._begin
        servers = [new - old for new, old in zip(now.servers, then.servers, strict=True)]
        return Taken(now.seconds - then.seconds, servers, now.database - then.database)


def _fields(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _own(pid: int) -> float:
    """Processor seconds of a process, its threads included."""
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) / HERTZ


def _with_children(pid: int) -> float:
    """Of a process, of those that it has started, and of those that have ended since."""
    fields = _fields(pid)
    return _own(pid) + (int(fields[13]) + int(fields[14])) / HERTZ + sum(map(_own, _children(pid)))


def _children(pid: int) -> Iterable[int]:
    return map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _resident(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found.group(1))


def without_idling(taken: Taken, idle: Taken) -> Taken:
    share = taken.seconds / idle.seconds
    servers = [most - less * share for most, less in zip(taken.servers, idle.servers, strict=True)]
    return Taken(taken.seconds, servers, taken.database - idle.database * share)


def row(name: str, taken: Taken, times: int) -> str:
    """Microseconds each time."""
    each = [1e6 * seconds / times for seconds in (*taken.servers, taken.database)]
    return f"| {name} | {' | '.join(f'{one:,.0f}' for one in each)} | {times / taken.seconds:,.0f} |"


class Chat:
    """Servers on one database, with somebody who talks at the first and somebody who hears at the second."""

    def __init__(self, stack: ExitStack) -> None:
        address = cluster().address(cluster().database("several"))
        flags = ("--no-console", "--rate", "0", "--per-address", "0")
        self.servers: list[ServerProgram] = [
            stack.enter_context(server_program(*flags, env={"CHAT_STORE": address})) for _ in NAMES
        ]
        self.talker = stack.enter_context(Native(self.servers[0].port, "talker"))
        self.hearer = stack.enter_context(Native(self.servers[1].port, "hearer"))
        self.talker.send("join", room="den")
        self.hearer.send("join", room="den")
        self.hearer.until("joined", room="den")
        self._stack = stack
        process = cluster()._process
        assert process is not None
        self._database = process.pid
        self.idle = self._measure(lambda: time.sleep(IDLE))

    def _measure(self, work: Callable[[], object]) -> Taken:
        meter = Meter([server.process.pid for server in self.servers], self._database)
        work()
        return meter.read()

    def measure(self, work: Callable[[], object]) -> Taken:
        def and_settle() -> None:
            work()
            time.sleep(SETTLING)

        return without_idling(self._measure(and_settle), self.idle)

    def talk(self, texts: int, batch: int) -> None:
        for _ in range(texts // batch):
            for _ in range(batch):
                seq = self.talker.say(TEXT, room="den")
            self.talker.until("message", seq=seq, room="den")
            self.hearer.until("message", seq=seq, room="den")

    def hear_everywhere(self) -> None:
        """From now on those hear too at whose servers nobody was in the room. What they hear, they do not read."""
        for server in self.servers[2:]:
            self._stack.enter_context(Native(server.port, f"hearer-{server.port}")).send("join", room="den")

    def memory(self) -> list[int]:
        """kB of each server."""
        return [_resident(server.process.pid) for server in self.servers]

    def come_and_go(self, people: int, port: int) -> None:
        for number in range(people):
            with Native(port, f"passer-{number}") as guest:
                guest.leave()

    def crowd(self, people: int) -> None:
        for number in range(people):
            self._stack.enter_context(Native(self.servers[0].port, f"member-{number}"))


def notify(listeners: int, commits: int) -> str:
    """What a commit with a notification costs the database, by how many connections hear it."""
    import psycopg

    with ExitStack() as stack:
        address = cluster().address(cluster().database("listeners"))
        for _ in range(listeners):
            stack.enter_context(psycopg.connect(address, autocommit=True)).execute("LISTEN chat")
        writer = stack.enter_context(psycopg.connect(address, autocommit=True))
        writer.execute("CREATE TABLE IF NOT EXISTS noted (n integer)")
        process = cluster()._process
        assert process is not None
        meter = Meter([], process.pid)
        for number in range(commits):
            writer.execute("WITH added AS (INSERT INTO noted VALUES (%s) RETURNING n) "
                           "SELECT pg_notify('chat', n::text) FROM added", (number,))  # fmt: skip
        return row(f"a commit, heard by {listeners}", meter.read(), commits)


def decide(servers: int, times: int) -> str:
    """What it costs the database when somebody comes, for which all servers take one lock in turn."""
    from tests.server.storage.postgres_logs import log_in

    with ExitStack() as stack:
        logs = [log_in(cluster().database("deciding")) for _ in range(servers)]
        for log in logs:
            stack.callback(log.close)
            stack.callback(log.exchange.close)
            log.exchange.start_over()

        def come(exchange: Exchange) -> None:
            for _ in range(times // servers):
                with exchange.deciding():
                    exchange.read()
                    exchange.post([Post(exchange.server, "person", {"facts": TEXT * 4})])

        threads = [threading.Thread(target=come, args=(log.exchange,)) for log in logs]
        process = cluster()._process
        assert process is not None
        meter = Meter([], process.pid)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return row(f"a decision, one of {servers} servers", meter.read(), times)


def main() -> None:
    parser = argparse.ArgumentParser(description="What several servers on one PostgreSQL cost each other.")
    parser.add_argument("--texts", type=int, default=3_000, help="texts of each row")
    parser.add_argument("--people", type=int, default=300, help="people who come and go")
    given = parser.parse_args()
    with ExitStack() as stack:
        chat = Chat(stack)
        print(f"| microseconds of processor time | {' | '.join(NAMES)} | database | times a second |")
        print(f"|---|{'---|' * (len(NAMES) + 2)}")
        print(row("a second of nothing", chat.idle, round(IDLE)))
        for batch in BATCHES:
            texts = given.texts * (1 if batch == 1 else 3)
            print(row(f"a text, {batch} at a time", chat.measure(lambda t=texts, b=batch: chat.talk(t, b)), texts))  # type: ignore[misc]
        chat.hear_everywhere()
        print(row("a text, 1 at a time, all hear", chat.measure(lambda: chat.talk(given.texts, 1)), given.texts))
        port = chat.servers[0].port
        print(row("somebody comes and goes", chat.measure(lambda: chat.come_and_go(given.people, port)), given.people))
        before = chat.memory()
        print(row("somebody comes", chat.measure(lambda: chat.crowd(given.people)), given.people))
        kept = [(new - old) / given.people for new, old in zip(chat.memory(), before, strict=True)]
        print(f"| kB of memory for each | {' | '.join(f'{one:.1f}' for one in kept)} | | |")
        print(row("the same, beside them", chat.measure(lambda: chat.come_and_go(given.people, port)), given.people))
    print("\n| microseconds of processor time | database | times a second |\n|---|---|---|")
    for listeners in LISTENERS:
        print(notify(listeners, given.texts))
    for servers in DECIDING:
        print(decide(servers, given.texts))


if __name__ == "__main__":
    main()
