"""What is told was on the disk before: the sync comes first, then the send."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_parts.storage.sqlite.log import SqliteLog
from tests.faults.fsync_first import BURST, TEXTS, trace_some_talk, watch_some_talk, writer_settings
from tests.faults.lying_server import HastyLog


def test_the_sync_comes_before_the_send(tmp_path: Path) -> None:
    """When a text's receipt is sent, all that was written is synced; of single texts and of a burst."""
    trace = trace_some_talk(tmp_path)
    assert trace.sends == TEXTS + 1
    assert trace.syncs > TEXTS
    assert trace.writes > TEXTS
    assert trace.unsynced == 0


def test_a_send_without_a_sync_is_found_out(tmp_path: Path) -> None:
    """A log that leaves syncing to the system is reported at every text."""
    trace = trace_some_talk(tmp_path, lie="lax")
    assert (trace.sends, trace.unsynced) == (TEXTS + 1, TEXTS + 1)


@pytest.mark.parametrize("log", [SqliteLog, HastyLog])
def test_nothing_is_offered_before_it_is_stored(tmp_path: Path, log: type[SqliteLog]) -> None:
    """No client is offered a message whose commit has not returned; a log that lies about that is found out."""
    order = watch_some_talk(log(tmp_path))
    assert order.offered >= 2 * (TEXTS + BURST)
    assert bool(order.early) == (log is HastyLog)


def test_the_writer_syncs_fully(tmp_path: Path) -> None:
    """The connection that writes has synchronous=FULL, in WAL mode."""
    assert writer_settings(tmp_path) == (2, "wal")
