"""A log read out, beside a server that may be running: one room, or a copy of everything."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from chat_common import harmless_line
from server_parts.opening import Readable, open_for_reading
from server_parts.protocol.native_encoder import message_json
from server_parts.settings import Settings
from server_parts.storage.message_log import everything_in
from server_parts.storage.records import ACTS, StorageError
from server_parts.storage.sqlite.backup import Copied
from server_parts.storage.sqlite.reader import open_read_only


def export(settings: Settings, room: str) -> int:
    """A room, named as a person may, as JSON lines on standard output; 1 if there is no such room."""
    name = room.removeprefix("#").lower()
    with closing(open_for_reading(settings)) as reader:
        if name not in reader.rooms():
            print(f"There is no room {harmless_line(room)} in {settings.place}. {_known(reader)}", file=sys.stderr)
            return 1
        with _writing_out():
            for message in everything_in(name, reader):
                sys.stdout.buffer.write(_inert(message_json(message)).encode() + b"\n")
    return 0


def _inert(line: str) -> str:
    """The same JSON, with everything escaped that could steer a terminal or turn the direction of what it shows."""
    return line if line.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def backup(settings: Settings, target: str) -> int:
    with closing(open_read_only(settings.folder)) as reader:
        copied = reader.backup(Path(target).expanduser())
    with _writing_out():
        beside = f" and {copied.files:,} {'file' if copied.files == 1 else 'files'} to {copied.folder}"
        print(f"Copied everything in {settings.data} to {target}{beside if copied.files else ''}.")
    _warn_of(copied)
    if settings.own_key.exists():
        # Whoever has it can pass for this server; a copy of what was said is kept in less careful places.
        print(
            f"Without its key: keep a copy of {harmless_line(str(settings.own_key))} in a safe place.", file=sys.stderr
        )
    return 0


def _warn_of(copied: Copied) -> None:
    for number, what in ((copied.damaged, "damaged in that folder, and in the copy"), (copied.lost, "missing there")):
        if number:
            files = "1 file is" if number == 1 else f"{number:,} files are"
            print(f"{files} {what}: look for an older backup.", file=sys.stderr)


@contextmanager
def _writing_out() -> Iterator[None]:
    """To standard output, all of it. Who closes it has read enough; of anything else StorageError tells."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # What is left in its buffer goes nowhere: at the end Python would fail over it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise StorageError(f"standard output cannot be written: {error.strerror}") from error


def _known(reader: Readable) -> str:
    rooms = sorted(reader.rooms().keys() - {ACTS})
    return f"There are: {', '.join(rooms[:20])}{' …' * (len(rooms) > 20)}" if rooms else "It has no messages yet."
