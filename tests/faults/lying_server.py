"""server.py with one broken promise, most of them its log's, to show that the tests would notice.

    python -m tests.faults.lying_server LIE [what server.py takes]

hasty      `write` returns before anything is written; writing follows a little later
forgetful  messages are committed first, and what was accepted a little later, in a transaction of its own
lax        commits are not synced to the disk
leaky      one message is left out of what somebody missed, as if nobody had said it
unmoved    it keeps its clients while it is cut off from the database, and the database its locks
deaf       what other servers append is read only when a notification tells of it
blotting   the bytes of files are given out with a blot
slow       the plain door takes seconds over a line of telnet negotiations without end
"""

from __future__ import annotations

import math
import re
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import server
from server_parts import opening
from server_parts.hub.neighbours import Neighbours
from server_parts.protocol import plain_door
from server_parts.settings import Settings
from server_parts.storage import file_disk
from server_parts.storage.records import Draft, Message, Receipt, Run, StorageError
from server_parts.storage.session_store import SessionRecord
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Entry, Store

LATER = 0.5


class _LateLog(SqliteLog):
    """Something is written later, by a thread; whoever reads waits for it, so all looks well until a crash."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._late = threading.RLock()  # guards the writer and what waits for it
        threading.Thread(target=self._catch_up, daemon=True).start()

    def _catch_up(self) -> None:
        while not self._closed:
            time.sleep(LATER)
            with suppress(StorageError):
                self.flush()

    def flush(self) -> None:
        raise NotImplementedError

    def session(self, key: str) -> SessionRecord:
        self.flush()
        return super().session(key)

    def receipt(self, session: str, seq: int) -> Receipt | None:
        self.flush()
        return super().receipt(session, seq)

    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        self.flush()
        return super().after(room, after, limit, size)

    def close(self) -> None:
        self.flush()
        super().close()


class HastyLog(_LateLog):
    def __init__(self, folder: Path) -> None:
        self._waiting = Entry([], {})
        self._ahead: dict[str, int] = {}
        super().__init__(folder)

    def write(self, entry: Entry) -> list[Run]:
        with self._late:
            waiting = self._waiting
            self._waiting = Entry(
                [*waiting.drafts, *entry.drafts],
                {**waiting.accepted, **entry.accepted},
                {**waiting.owners, **entry.owners},
                {**waiting.claims, **entry.claims},
                [*waiting.changes, *entry.changes],
            )
            return [self._promise(draft) for draft in entry.drafts]

    def _promise(self, draft: Draft) -> Run:
        run = Run.numbered(draft, self.last(draft.room) + 1)
        self._ahead[run.room] = run.last
        return run

    def last(self, room: str) -> int:
        return self._ahead.get(room) or super().last(room)

    def flush(self) -> None:
        with self._late:
            if self._waiting.accepted and not self._closed:
                super().write(self._waiting)
                self._waiting, self._ahead = Entry([], {}), {}


class ForgetfulLog(_LateLog):
    def __init__(self, folder: Path) -> None:
        self._counted: dict[str, int] = {}
        super().__init__(folder)

    def write(self, entry: Entry) -> list[Run]:
        with self._late:
            self._counted |= entry.accepted
            runs = super().write(entry._replace(accepted={}))
            time.sleep(0.03)  # so that a kill between the commit and its receipts is likely
            return runs

    def flush(self) -> None:
        with self._late:
            if self._counted and not self._closed:
                super().write(Entry([], self._counted))
                self._counted = {}


class LaxLog(SqliteLog):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._writer.execute("PRAGMA synchronous = NORMAL")


class LeakyLog(SqliteLog):
    def after(self, room: str, after: int, limit: int, size: float = math.inf) -> list[Message]:
        page = super().after(room, after, limit, size)
        if after and page:
            del page[len(page) // 2]
        return page


LIES: dict[str, type[SqliteLog]] = {"hasty": HastyLog, "forgetful": ForgetfulLog, "lax": LaxLog, "leaky": LeakyLog}


def trust_notifications_alone() -> None:
    """A text whose notification is lost is not looked for."""
    from server_parts.storage.postgres.feed import NewsFeed  # it wants a package that others need not have

    NewsFeed._ahead = lambda *_: {}  # type: ignore[method-assign]


def stay_whatever_happens() -> None:
    """It neither takes itself for cut off, nor has the database look whether it is there."""
    from server_parts.storage.postgres import connections

    Neighbours._is_out_of_touch = lambda *_: False  # type: ignore[method-assign]
    settings, times = re.subn(r" -c tcp_\w+=\w+", "", connections._SETTINGS)
    assert times == 4
    connections._SETTINGS = settings  # type: ignore[misc]


def blot_files() -> None:
    """One byte of each piece is another one than was sent."""
    read = file_disk.read

    def blotted(path: Path, start: int, length: int) -> bytes:
        piece = read(path, start, length)
        return piece[:-1] + bytes([piece[-1] ^ 1]) if piece else piece

    file_disk.read = blotted


def main(argv: Sequence[str]) -> int:
    lie, *rest = argv

    def open_log(settings: Settings) -> Store:
        return LIES[lie](Path(settings.data))

    if lie == "unmoved":
        stay_whatever_happens()
    elif lie == "deaf":
        trust_notifications_alone()
    elif lie == "blotting":
        blot_files()
    elif lie == "slow":
        plain_door._TELNET = re.compile(rb"\xff\xfa.*?\xff\xf0", re.DOTALL)
    else:
        opening.open_log = open_log
    return server.main(rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
