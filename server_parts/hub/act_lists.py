"""Lists of bans, acts and reports, a page at a time.

What holds, the hub knows; the texts of acts are read from the log by whoever sends the page. A page is one frame: what
does not fit into a line is left for the next. It must not know sockets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from chat_common import MAX_LINE, encode_frame
from server_parts.hub.state import HubState
from server_parts.moderation import acts, sentences
from server_parts.moderation.acts import Kept
from server_parts.people.clients import Client
from server_parts.protocol import moderation_events
from server_parts.protocol.encoder import Encoder
from server_parts.protocol.moderation_requests import ListActs
from server_parts.storage.message_log import MessageLog
from server_parts.storage.records import ACTS

_FRAME: Final = 300  # bytes of a frame beside its items

Item = Mapping[str, Any]


class ActLists:
    def __init__(self, state: HubState) -> None:
        self._store = state.store
        self._rules = state.rules

    def show(self, client: Client, wanted: ListActs) -> None:
        client.outbox.offer_pages(self._bans(client, wanted) if wanted.kind == "bans" else self._acts(client, wanted))

    def _bans(self, client: Client, wanted: ListActs) -> Iterator[bytes]:
        self._rules.sanctions.expire(self._rules.clock())
        chosen = [
            rule.kept.id
            for rule in self._rules.sanctions
            if wanted.room in (None, rule.kept.act.room) and (wanted.before is None or rule.kept.id < wanted.before)
        ]
        start = max(len(chosen) - wanted.limit, 0)
        rules = {rule.kept.id: rule for rule in self._rules.sanctions}
        items = [sentences.ban_item(rules[id]) for id in chosen[start:]]
        return iter([_page(client.encoder, wanted, items, more=start > 0)])

    def _acts(self, client: Client, wanted: ListActs) -> Iterator[bytes]:
        ids, more = self._rules.page(wanted.kind, wanted.room or "", wanted.before, wanted.limit)
        return _read_page(self._store, client.encoder, wanted, ids, more=more)


def _read_page(
    store: MessageLog, encoder: Encoder, wanted: ListActs, ids: Sequence[int], *, more: bool
) -> Iterator[bytes]:
    """Made when it is sent, by a client's reader."""
    make = sentences.audit_item if wanted.kind == "audit" else sentences.report_item
    yield _page(encoder, wanted, [make(kept) for kept in _read(store, ids)], more=more)


def _read(store: MessageLog, ids: Sequence[int]) -> Iterator[Kept]:
    """The acts with these numbers: all at once where they are close together."""
    if not ids:
        return
    is_dense = ids[-1] - ids[0] < 2 * len(ids)
    lots = [(ids[0], ids[-1] - ids[0] + 1)] if is_dense else [(id, 1) for id in ids]
    wanted = frozenset(ids)
    for first, number in lots:
        for message in store.after(ACTS, first - 1, number):
            kept = acts.read(message) if message.id in wanted else None
            if kept is not None:
                yield kept


def _page(encoder: Encoder, wanted: ListActs, items: Sequence[Item], *, more: bool) -> bytes:
    """The newest of them, as many as fit into a line."""
    room, start = MAX_LINE - _FRAME, len(items)
    while start and (room := room - len(encode_frame(dict(items[start - 1])))) > 0:
        start -= 1
    return encoder.frame(moderation_events.acts(wanted.kind, wanted.room, items[start:], more=more or start > 0))
