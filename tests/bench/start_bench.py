"""How fast a server with a long past starts and answers: `python -m tests.bench.start_bench [--messages N]`.

Fills a log, then measures the real programs over loopback: start-up, joining, history, search, and a client's prompt.
The client rows hang on how a terminal is emulated; all others are read off a socket.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from server_parts.storage.sqlite.log import SqliteLog
from tests.bench.log_bench import Row, build, make_texts, milliseconds, print_table, row, wait_for_index
from tests.bench.targets import JOIN, PAGE, SEARCH, START
from tests.client.programs import ServerProgram, Terminal
from tests.peers import Native


def measure_start(folder: Path) -> Row:
    def start() -> None:
        servers.append(ServerProgram(folder))

    servers: list[ServerProgram] = []
    taken = []
    for _ in range(10):
        taken += milliseconds(start, 1)
        servers.pop().stop()
    return row("server listening after its start", sorted(taken), START)


def measure_joining(port: int) -> Iterator[Row]:
    def come_in(room: str) -> None:
        with contextlib.closing(Native(port)) as peer:
            peer.hello("joiner", rooms={room: None}, history=20)
            while peer.until("history")["more"]:
                pass
            peer.send("bye")
            peer.until("bye")

    empty = milliseconds(lambda: come_in("an-empty-room"), 200)
    lobby = milliseconds(lambda: come_in("lobby"), 200)
    yield row("connect, hello, empty room, bye", empty)
    yield row("the same with 20 messages of history", lobby)
    extra = [a - b for a, b in zip(lobby, empty, strict=True)]  # rank by rank
    yield row("what the history adds", sorted(extra), JOIN)


def measure_asking(port: int) -> Iterator[Row]:
    with contextlib.closing(Native(port, "asker")) as peer:

        def page() -> None:
            peer.send("history", room="lobby", before=250_000, limit=100)
            while peer.until("history")["more"]:
                pass

        def search(text: str) -> None:
            peer.send("search", text=text)
            while peer.until("results")["more"]:
                pass

        search("needle")
        peer.pending()
        yield row("page of 100 from the middle, over the wire", milliseconds(page, 200), PAGE)
        for text in ('"needle"', '"common"', "com", '"xyzzyqq"'):
            yield row(f"search for {text}, over the wire", milliseconds(partial(search, text), 50), SEARCH)


def measure_prompt(port: int, folder: Path) -> Row:
    def prompt() -> None:
        terminals.append(Terminal(port, folder / "token", "--name", "prompted"))
        terminals[-1].wait_for("lobby>")

    terminals: list[Terminal] = []
    taken = []
    for _ in range(10):
        taken += milliseconds(prompt, 1)
        terminals[-1].type("/exit\r")
        terminals[-1].status()
        terminals.pop().close()
    return row("client connected, prompt shown", sorted(taken), START)


def measure(folder: Path) -> Iterator[Row]:
    """Of a log that is there."""
    yield measure_start(folder)
    server = ServerProgram(folder)
    try:
        yield from measure_joining(server.port)
        yield from measure_asking(server.port)
        yield measure_prompt(server.port, folder)
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.stop()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    total = parser.parse_args(argv).messages
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        log = SqliteLog(folder)
        build(log, make_texts(), total)
        wait_for_index(log)
        log.close()
        rows = list(measure(folder))
        print(f"{total:,} messages, Python {sys.version.split()[0]}")
        print_table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
