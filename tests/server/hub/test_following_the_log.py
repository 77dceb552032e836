"""A room is told what the log holds, by its numbers alone: each message once and in order, whoever brings it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from server_parts.hub.announcing import Announcer
from server_parts.hub.live_rooms import LiveRooms
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.clients import Client, Session
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.plain_encoder import PLAIN
from server_parts.storage.memory_exchange import Hall, MemoryExchange
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Draft, Run, StorageError, tag_of
from server_parts.storage.store import Store
from tests.server.hub.bench import Remembering

ANN, BEA = "a" * 64, "b" * 64


@pytest.fixture
def store() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def live_rooms(store: MemoryLog) -> LiveRooms:
    return LiveRooms(store, "server", Rulebook())


def enter(live_rooms: LiveRooms, name: str, session: str = "", *, plain: bool = False) -> Remembering:
    """Somebody comes into the lobby, and has heard who is there."""
    outbox = Remembering()
    client = Client(outbox, "the test")
    client.encoder = PLAIN if plain else NATIVE
    client.session = Session(session, 0)
    live_rooms.names.take(name, client)
    outbox.offer_pages(live_rooms.enter(client, "lobby", 0, None, 0))
    live_rooms.comings.tell()
    outbox.blocks.clear()
    return outbox


def append(store: Store, *texts: str, session: str = ANN, seq: int = 1) -> Run:
    (run,) = store.append([Draft("lobby", 1.0, "ann", "blue", texts, session, seq)], {session: seq + len(texts) - 1})
    return run


def ids(outbox: Remembering) -> list[int]:
    frames = [json.loads(line) for block in outbox.blocks for line in block.splitlines()]
    return [frame["id"] for frame in frames if frame["type"] == "message"]


def test_what_was_told_is_not_told_again(store: MemoryLog, live_rooms: LiveRooms) -> None:
    """Also where only the end of it is new."""
    hearer = enter(live_rooms, "hearer")
    run = append(store, *"abc")
    live_rooms.publish("lobby", [run._replace(texts=run.texts[:2])])
    live_rooms.publish("lobby", [run])
    live_rooms.publish("lobby", [run])
    assert ids(hearer) == [1, 2, 3]


def test_what_is_missing_is_read_from_the_log(store: MemoryLog, live_rooms: LiveRooms) -> None:
    """Before what follows it, with its author and time."""
    hearer = enter(live_rooms, "hearer")
    append(store, *"abc")
    live_rooms.publish("lobby", [append(store, "d", session=BEA)])
    frames = [json.loads(line) for line in b"".join(hearer.blocks).splitlines()]
    assert [(f["id"], f["text"], f["seq"], f["by"]) for f in frames] == [
        (1, "a", 1, tag_of(ANN)),
        (2, "b", 2, tag_of(ANN)),
        (3, "c", 3, tag_of(ANN)),
        (4, "d", 1, tag_of(BEA)),
    ]


def test_what_cannot_be_read_is_told_later(
    store: MemoryLog, live_rooms: LiveRooms, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is left out, and nothing is told before its turn."""
    hearer = enter(live_rooms, "hearer")
    append(store, "a")
    late = append(store, "b", seq=2)
    with monkeypatch.context() as patched:

        def fail(*_: object) -> None:
            raise StorageError("the disk is gone")

        patched.setattr(store, "after", fail)
        live_rooms.publish("lobby", [late])
    assert ids(hearer) == []
    assert "is told later: the disk is gone" in caplog.text
    live_rooms.publish("lobby", [append(store, "c", seq=3)])
    assert ids(hearer) == [1, 2, 3]


def test_who_has_heard_more_elsewhere_finds_it_here(store: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although this server does not know yet that the log goes so far; those who are in the room hear it first."""
    live_rooms = LiveRooms(store, "server", Rulebook(), Announcer(MemoryExchange(Hall(store))))
    hearer = enter(live_rooms, "hearer")
    append(store, *"abc")
    monkeypatch.setattr(store, "last", lambda _: 0)
    assert joined_with(live_rooms, after=2)["last"] == 3
    assert ids(hearer) == [1, 2, 3]
    assert joined_with(live_rooms, after=9)["last"] == 3


def joined_with(live_rooms: LiveRooms, after: int) -> dict[str, Any]:
    """What somebody is told who comes in with that position."""
    client = Client(Remembering(), "the test")
    client.name, client.encoder = f"late-{after}", NATIVE
    return dict(json.loads(next(iter(live_rooms.enter(client, "lobby", 0, after, 20)))))


def test_two_servers_on_one_log_tell_the_same(store: MemoryLog) -> None:
    """Each hears its own batches at once, and the other's some time: twice, late, or only by what follows."""
    rng = random.Random(7)
    servers = [LiveRooms(store, "server", Rulebook()) for _ in range(2)]
    hearers = [enter(server, "hearer") for server in servers]
    waiting: list[list[Run]] = [[], []]
    for turn in range(400):
        at = rng.randrange(2)
        run = append(store, *"xyz"[: rng.randint(1, 3)], session=(ANN, BEA)[at], seq=turn * 3 + 1)
        servers[at].publish("lobby", [run])
        if rng.random() < 0.8:
            waiting[1 - at].append(run)
        if rng.random() < 0.3:
            other, feed = rng.choice(list(zip(servers, waiting, strict=True)))
            other.publish("lobby", sorted(feed, key=lambda run: run.id))
            del feed[: rng.randrange(len(feed) + 1)]
    last = append(store, "the end", seq=2_000)
    for server in servers:
        server.publish("lobby", [last])
    assert [ids(hearer) for hearer in hearers] == [list(range(1, last.id + 1))] * 2


@pytest.mark.parametrize("brought", [lambda run: [run], lambda run: []], ids=["at once", "by what follows"])
def test_one_s_own_text_is_a_receipt_whoever_brings_it(
    store: MemoryLog, live_rooms: LiveRooms, brought: Callable[[Run], list[Run]]
) -> None:
    """A plain client is told of its delivery by the session that the log kept."""
    ann, bea = enter(live_rooms, "ann", ANN, plain=True), enter(live_rooms, "bea", BEA, plain=True)
    ann.blocks.clear()
    live_rooms.publish("lobby", brought(append(store, "mine")))
    live_rooms.publish("lobby", [append(store, "yours", session=BEA)])
    assert b"".join(ann.blocks) == b"* delivered #1 *\n[COLOR (blue)] ann said -> yours\n"
    assert b"".join(bea.blocks) == b"[COLOR (blue)] ann said -> mine\n* delivered #2 *\n"
