"""How long the hub works without a look at its queue while very many are told something.

`python -m tests.bench.slices [--members N] [--at-once]`. There are no sockets: what a member is told costs the hub's
thread as much processor time as a `send` does, and only that thread's processor time is counted. So other programs on
the machine change little. `--at-once` is for comparison: all members are told in one go.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Final
from unittest import mock

from server_parts.hub import telling
from server_parts.hub.hub import Hub
from server_parts.protocol.requests import Hello, Nick, Request, Say
from tests.bench.log_bench import Row, print_table, row
from tests.bench.targets import HELD_UP
from tests.server.hub.bench import Bench, Remembering, Seat

A_SEND: Final = 15e-6  # seconds
TIMES: Final = 5
SETTLING: Final = 0.1  # seconds between two looks whether everybody knows of everybody


class Costly(Remembering):
    """An outbox that takes its time, and keeps nothing."""

    def offer(self, block: bytes) -> bool:
        until = time.thread_time() + A_SEND
        while time.thread_time() < until:
            pass
        return True


class Watch:
    """Notes for how long the hub's thread works each time."""

    def __init__(self) -> None:
        self.pieces: list[float] = []
        self._since: float | None = None
        self._take = Hub._take

    def take(self, hub: Hub) -> bool:
        if self._since is not None:
            self.pieces.append((time.thread_time() - self._since) * 1000)
        found = self._take(hub)
        self._since = time.thread_time()
        return found


def seat(bench: Bench) -> Seat:
    seat = Seat(bench)
    seat.outbox = seat.client.outbox = Costly()
    return seat


def fill(bench: Bench, members: int) -> list[Seat]:
    """All of them in the lobby, and told of each other."""
    seats = [seat(bench) for _ in range(members)]
    for number, one in enumerate(seats):
        one.submit(Hello(f"p{number}", bench.session()))
        one.settle()
    rest(bench)
    return seats


def rest(bench: Bench) -> None:
    while bench.hub._comings.due < float("inf"):
        time.sleep(SETTLING)


def measure(bench: Bench, watch: Watch, one: Seat, name: str, *asked: list[Request]) -> Row:
    longest = []
    for requests in asked:
        rest(bench)
        watch.pieces.clear()
        one.submit(*requests)
        one.settle()
        one.ask(Nick(one.client.name))  # a turn later the piece before is noted
        longest.append(max(watch.pieces))
    return row(name, sorted(longest), HELD_UP, f"worst {max(longest):.1f} ms")


def rows(members: int) -> list[Row]:
    watch = Watch()
    with mock.patch.object(Hub, "_take", lambda hub: watch.take(hub)):
        bench = Bench()
        try:
            one = fill(bench, members)[0]
            texts: list[list[Request]] = [[Say("lobby", ["hello"], number + 1)] for number in range(TIMES)]
            named: list[list[Request]] = [
                [Nick(f"q{number}"), Say("lobby", ["hello"], TIMES + number + 1)] for number in range(TIMES)
            ]
            return [
                measure(bench, watch, one, f"a message to {members:,}", *texts),
                measure(bench, watch, one, "the same behind a new name", *named),
            ]
        finally:
            bench.stop()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--at-once", action="store_true")
    options = parser.parse_args(argv)
    with mock.patch.object(telling, "LARGE", options.members + 1 if options.at_once else telling.LARGE):
        measured = rows(options.members)
    print(f"Python {sys.version.split()[0]}; the longest piece of the hub's work, median of {TIMES}:")
    print_table(measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
