"""Looks up what is answered, for those who read lines: they cannot see a number. Any thread may ask.

Programs have the number, and the message. Of what is private only the number is told: whoever bears one of the names
now may not have been meant then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

from chat_common import partners
from server_parts.people.clients import Client
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.plain_entries import quotation
from server_parts.storage.message_log import MessageLog
from server_parts.storage.records import REACT, REPLY, About, Message, Run, StorageError

Said = TypeVar("Said", Run, Message)


def as_told(store: MessageLog, encoder: Encoder, said: Sequence[Said]) -> Sequence[Said]:
    """The same, with the first words of what is answered, if that is for people."""
    if not encoder.is_for_people or all(one.about is None for one in said):
        return said
    return [one if one.about is None else one._replace(about=_quoting(store, one.room, one.about)) for one in said]


def _quoting(store: MessageLog, room: str, about: About) -> About:
    if about.kind in (REPLY, REACT) and not partners(room):
        with suppress(StorageError):  # then it is told without
            if (message := store.said(room, about.id)) is not None:
                return about._replace(quoted=quotation(message))
    return about


def note_last(client: Client, runs: Iterable[Run]) -> None:
    """Which message an author may want to correct, who is not told numbers in a form to keep. Run by the hub."""
    key = client.session.key if client.session is not None else ""
    for run in runs:
        if run.session == key and (run.about is None or run.about.kind == REPLY):
            client.said_last[run.room] = run.last
