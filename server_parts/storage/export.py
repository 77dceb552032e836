"""Where the log is kept: opened for a server, or read out beside one that may be running."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from chat_common import harmless_line
from server_parts.protocol.native_door import message_json
from server_parts.settings import MEMORY, Settings
from server_parts.storage.message_log import MemoryLog, MessageLog, StorageError
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.sqlite.reader import LogReader, open_read_only


def open_log(settings: Settings) -> MessageLog:
    return MemoryLog() if settings.data == MEMORY else SqliteLog(_folder(settings))


def export(settings: Settings, room: str) -> int:
    """A room, named as a person may, as JSON lines on standard output; 1 if there is no such room."""
    name = room.removeprefix("#").lower()
    with closing(open_read_only(_folder(settings))) as reader:
        if name not in reader.rooms():
            print(f"There is no room {harmless_line(room)} in {settings.data}. {_known(reader)}", file=sys.stderr)
            return 1
        with _writing_out():
            for message in reader.export(name):
                sys.stdout.buffer.write(_inert(message_json(message)).encode() + b"\n")
    return 0


def _inert(line: str) -> str:
    """The same JSON, with everything escaped that could steer a terminal or turn the direction of what it shows."""
    return line if line.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def backup(settings: Settings, target: str) -> int:
    with closing(open_read_only(_folder(settings))) as reader:
        reader.backup(Path(target).expanduser())
    with _writing_out():
        print(f"Everything in {settings.data} is copied to {target}.")
    return 0


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


def _folder(settings: Settings) -> Path:
    return Path(settings.data).expanduser()


def _known(reader: LogReader) -> str:
    rooms = sorted(reader.rooms())
    return f"There are: {', '.join(rooms[:20])}{' …' * (len(rooms) > 20)}" if rooms else "Nothing was said there yet."
