"""What was said since the last commit: made durable as one, and only then told.

Owned by the hub, run only by its thread. It must not know sockets, nor who may say what where.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from server_parts.house import House
from server_parts.message_log import Draft, MessageLog, Run, StorageError
from server_parts.people import Client
from server_parts.requests import Refusal

log = logging.getLogger("chat")


class Batch:
    def __init__(self, book: MessageLog, house: House) -> None:
        self._book = book
        self._house = house
        self.fault: Exception | None = None  # after one, what is in the log nobody knows
        self._begin()

    def _begin(self) -> None:
        self.private = False  # something of it was said in private
        self._drafts: list[Draft] = []
        self._authors: list[Client] = []
        self._refused: list[tuple[Client, Refusal]] = []
        self._writers: dict[Client, None] = {}

    def __contains__(self, client: Client) -> bool:
        return client in self._writers

    def add(self, client: Client, draft: Draft) -> None:
        self._drafts.append(draft)
        self._authors.append(client)
        self._writers[client] = None

    def refuse(self, client: Client, refusals: Iterable[Refusal]) -> None:
        """A refused text is counted, and that is recorded too, before its sender is told."""
        self._refused += [(client, refusal) for refusal in refusals]
        self._writers[client] = None

    def commit(self) -> None:
        if not self._writers:
            return
        drafts, authors, refused, writers = self._drafts, self._authors, self._refused, self._writers
        self._begin()
        sessions = [client.session for client in writers if client.session is not None]
        counted = {session.key: session.counted for session in sessions if session.key}
        try:
            runs = self._book.append(drafts, counted)
        except StorageError as error:
            _take_back(str(error), writers)
            return
        except Exception as error:
            # Nothing was said; the hub stops at the end of this turn.
            self.fault = error
            _take_back("the log has a fault", writers)
            return
        for session in sessions:
            session.accepted = session.counted
        self._publish(runs, authors)
        for client, refusal in refused:
            client.tell(refusal.frame())

    def _publish(self, runs: list[Run], authors: list[Client]) -> None:
        """Tell each room at once all that was said in it."""
        by_room: dict[str, tuple[list[Run], dict[Client, None]]] = {}
        for run, author in zip(runs, authors, strict=True):
            batch = by_room.setdefault(run.room, ([], {}))
            batch[0].append(run)
            batch[1][author] = None
        for room, (said, by) in by_room.items():
            self._house.publish(room, said, by)


def _take_back(reason: str, writers: Iterable[Client]) -> None:
    """Nothing was stored, so nothing was said: everyone sends again from where the log stands."""
    log.error("the log cannot be written: %s", reason)
    for client in writers:
        session = client.session
        assert session is not None
        refusal = Refusal("storage_unavailable", reason, seq=session.accepted + 1)
        session.counted = session.accepted
        client.tell(refusal.frame())
