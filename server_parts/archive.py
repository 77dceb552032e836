"""Where the log is kept: opened for a server, or read out beside one that may be running."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from chat_common import harmless_line
from server_parts.message_log import MemoryLog, MessageLog
from server_parts.native_door import message_json
from server_parts.settings import MEMORY, Settings
from server_parts.sqlite_log import SqliteLog
from server_parts.sqlite_reader import LogReader, open_read_only


def open_log(settings: Settings) -> MessageLog:
    return MemoryLog() if settings.data == MEMORY else SqliteLog(_folder(settings))


def export(settings: Settings, room: str) -> int:
    """A room as JSON lines on standard output; 1 if there is no such room."""
    reader = open_read_only(_folder(settings))
    try:
        if room not in reader.rooms():
            print(f"There is no room {harmless_line(room)} in {settings.data}. {_known(reader)}", file=sys.stderr)
            return 1
        for message in reader.export(room):
            sys.stdout.buffer.write(message_json(message).encode() + b"\n")
        sys.stdout.flush()
    except BrokenPipeError:  # | head: enough was read
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        reader.close()
    return 0


def backup(settings: Settings, target: str) -> int:
    reader = open_read_only(_folder(settings))
    try:
        reader.backup(Path(target).expanduser())
    finally:
        reader.close()
    print(f"Everything in {settings.data} is copied to {target}.")
    return 0


def _folder(settings: Settings) -> Path:
    return Path(settings.data).expanduser()


def _known(reader: LogReader) -> str:
    rooms = sorted(reader.rooms())
    return f"There are: {', '.join(rooms[:20])}{' …' * (len(rooms) > 20)}" if rooms else "Nothing was said there yet."
