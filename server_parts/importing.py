"""Everything in a folder copied into an empty database, from its beginning or from where it was cut off.

Clients that come to a server on the database go on as if nothing had happened. It must not know either kind of storage
beyond what is copied from one to the other.
"""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from chat_common import harmless_line
from server_parts.opening import open_for_import
from server_parts.settings import Settings
from server_parts.storage.copied import MESSAGES, OTHERS, Summary
from server_parts.storage.records import StorageError
from server_parts.storage.sqlite.source import Source

if TYPE_CHECKING:
    from server_parts.storage.postgres.target import Target

ON_A_TERMINAL, ELSEWHERE = 0.2, 10.0  # seconds between two lines about how far it is
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60))
_SHOWN: Final = ("messages", "rooms", "accounts", "devices", "sessions", "files")


def import_folder(settings: Settings, folder: str) -> int:
    """StorageError says in one sentence why that cannot be, or was cut off; 0 when all of it is there."""
    where = Path(folder).expanduser()
    with closing(Source(where)) as source, closing(open_for_import(settings)) as target:
        try:
            summary = _copy(source, target)
        except KeyboardInterrupt:
            print("Interrupted: start the same command again to go on from here.", file=sys.stderr)
            raise
    _tell(summary, folder, settings)
    if not _is_same(where, settings.folder):
        print(
            f"Without its key: copy server.key and server.crt from {harmless_line(folder)} into {settings.data} of "
            "each server, so that clients recognise it.",
            file=sys.stderr,
        )
    return 0


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _copy(source: Source, target: Target) -> Summary:
    there = target.begin(source.origin)
    for table in OTHERS:
        if table.name not in there:
            target.add(table, source.rows(table))
    _copy_messages(source, target, there.get(MESSAGES.name))
    _copy_files(source, target)
    _say("Comparing the copy with the folder …")
    summary = source.summary()
    _compare(summary, target.summary())
    _say("Making indexes …")
    target.finish(source.origin, source.counters())
    return summary


def _copy_messages(source: Source, target: Target, after: int | None) -> None:
    progress = Progress(source.kept(), 0 if after is None else source.kept_up_to(after), sys.stderr)
    if after is not None:
        _say(f"Going on after {_counted(progress.done, 'messages')}.")
    for chunk in source.messages(after or 0):
        target.add_messages(chunk)
        progress.add(chunk.rows)
    progress.end()


def _copy_files(source: Source, target: Target) -> None:
    files, there = source.files(), target.files()
    if not files:
        return
    progress = Progress(len(files), len(there), sys.stderr, "files")
    for file in files:
        if file.id not in there:
            target.add_file(file, source.pieces(file))
            progress.add(1)
    progress.end()


def _compare(wanted: Summary, found: Summary) -> None:
    """StorageError if the copy is not what it should be: then no server uses it."""
    wrong = [name for name, rows in wanted.rows.items() if found.rows[name] != rows]
    if wrong or wanted.rooms != found.rooms:
        what = ", ".join(wrong) or "messages of some rooms"
        raise StorageError(f"the copy differs from the folder in {what}; it is not used")


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _counted(number: int, names: str) -> str:
    return f"{number:,} {names[:-1] if number == 1 else names}"


def _tell(summary: Summary, folder: str, settings: Settings) -> None:
    counted = ", ".join(_counted(summary.rows[name], name) for name in _SHOWN)
    print(
        f"Imported {harmless_line(folder)} into {harmless_line(settings.place)}: {counted}. "
        "All of them were counted in both places.\n"
        "Do not start a server on the folder any more.",
        flush=True,
    )


class Progress:
    """How far it is: on a terminal one row that is written again and again, elsewhere a line now and then."""

    def __init__(self, total: int, done: int, output: TextIO, what: str = "messages") -> None:
        self.done = done
        self._what = what
        self._total, self._output = total, output
        self._begin, self._before = time.monotonic(), done
        self._is_terminal = output.isatty()
        self._next = 0.0

    def add(self, rows: int) -> None:
        self.done += rows
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + (ON_A_TERMINAL if self._is_terminal else ELSEWHERE)
            self._show("\r" if self._is_terminal else "", "" if self._is_terminal else "\n")

    def end(self) -> None:
        self._show("\r" if self._is_terminal else "", "\n")

    def _show(self, before: str, behind: str) -> None:
        print(f"{before}{self.line(time.monotonic()):<78}".rstrip(" " if behind else ""), end=behind, file=self._output)
        self._output.flush()

    def line(self, now: float) -> str:
        rate = (self.done - self._before) / max(now - self._begin, 0.001)
        left = f", {_span((self._total - self.done) / rate)} left" if rate > 0 and self.done < self._total else ""
        return f"{self.done:,} of {self._total:,} {self._what}, {rate:,.0f}/s{left}"


def _span(seconds: float) -> str:
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
