"""Which of the texts that the log holds a room has not been told yet: each once, in the order of their numbers.

They come from this server's own batches and from what others append, twice, late, or not at all: only the numbers
decide. It must not know clients.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from server_parts.storage.message_log import PAGE, MessageLog
from server_parts.storage.records import Run, StorageError, one_by_one

log = logging.getLogger("chat")


def untold(store: MessageLog, room: str, told: int, committed: Sequence[Run]) -> Sequence[Run]:
    """What continues after `told`: all of it, if nobody else appends to this log."""
    last = told
    for run in committed:
        if run.id != last + 1:
            return list(_merged(store, room, told, committed))
        last = run.last
    return committed


def beyond(store: MessageLog, room: str, told: int) -> Iterator[list[Run]]:
    """All that the log holds after `told`, by pages, whatever is known here of how far it goes."""
    while page := store.after(room, told, PAGE):
        yield one_by_one(page)
        told = page[-1].id


def _merged(store: MessageLog, room: str, told: int, committed: Sequence[Run]) -> Iterator[Run]:
    """What was told is left out, what is missing is read from the log."""
    for run in committed:
        if run.id > told + 1:
            try:
                yield from one_by_one(store.after(room, told, run.id - 1 - told))
            except StorageError as error:
                log.error("what was said in %s is told later: %s", room, error)
                return
        if run.last > told:
            yield run if run.id > told else run.after(told)
            told = run.last
