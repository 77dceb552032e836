"""Files of a chat with two servers on one PostgreSQL: what is begun at one goes on at the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browsers import ask
from tests.conftest import Serve
from tests.postgres import needs_postgres
from tests.sending import reserve, send
from tests.server.storage.postgres_logs import postgres_log

pytestmark = [needs_postgres, pytest.mark.usefixtures("no_threads_left")]
BODY = bytes(range(256)) * 1500


def test_a_file_goes_through_two_servers(serve: Serve, tmp_path: Path) -> None:
    """Each knows the tickets of the other, and has the bytes that came to it."""
    one, other = (serve(store=postgres_log(tmp_path)) for _ in range(2))
    assert one.server._hub.desk.tickets is not other.server._hub.desk.tickets
    alice, bob = one.native("alice", token="a" * 20), other.native("bob")
    alice.moved("joined", "bob")
    place = reserve(alice, "plan.bin", len(BODY), "@bob")
    assert send(one.port, place["url"], BODY[:300_000]).fields["upload-offset"] == "300000"
    assert send(other.port, place["url"], BODY[300_000:], 300_000).status == 201
    alice.until("message", seq=alice.say("the plan", "@bob", file=place["id"]))
    assert bob.message_from("alice")["file"]["name"] == "plan.bin"
    alice.send("file", id=place["id"])
    url = alice.until("file")["url"]
    for server in (one, other):
        assert ask(server.port, url, Range="bytes=299990-300009").body == BODY[299_990:300_010]
        assert ask(server.port, url.partition("?")[0]).status == 404
