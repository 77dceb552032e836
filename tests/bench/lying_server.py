"""The tutorial server with one lie in it, to show that the checks of the load generator would notice.

    python -m tests.bench.lying_server PORT LIE WHOM

drop, double, reorder: what happens to one line; to its first client (`one`), or to all of them (`all`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.bench.tutorial_server import TutorialServer

VICTIM = 0
WHEN = 50  # which line


class LyingServer(TutorialServer):
    def __init__(self, port: int, lie: str, whom: str) -> None:
        super().__init__(port)
        self.lie, self.whom = lie, whom
        self.lines = 0
        self.held = b""

    def broadcast(self, line: bytes) -> None:
        with self.lock:
            self.lines += 1
            lie = self.spoiled(line)
            for number, client in enumerate(self.clients):
                client.sendall(lie if self.whom == "all" or number == VICTIM else line)

    def spoiled(self, line: bytes) -> bytes:
        if self.lines == WHEN:
            self.held = line if self.lie == "reorder" else b""
            return line * 2 if self.lie == "double" else b""
        held, self.held = self.held, b""
        return line + held


def main(argv: Sequence[str]) -> None:
    port, lie, whom = argv
    LyingServer(int(port), lie, whom).run()


if __name__ == "__main__":
    main(sys.argv[1:])
