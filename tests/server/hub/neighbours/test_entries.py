"""What speaks of other messages, where the people are at two servers."""

from __future__ import annotations

from server_parts.protocol import moderation_requests as order
from tests.peers import of_type
from tests.server.hub.bench import Seat
from tests.server.hub.neighbours.meetings import hears_text


def test_a_moderator_s_deletion_is_heard_everywhere(operator: Seat, alice: Seat, bob: Seat) -> None:
    """As an entry, and as old clients know it; once each."""
    bob.say("rude")
    hears_text(alice, "rude")
    operator.ask(order.Delete("lobby", 1))
    for seat in (alice, bob):
        entry = hears_text(seat, "/me deleted message #1")
        assert (entry["id"], entry["delete"], entry["from"]) == (2, 1, "server")
        assert seat.hears({"type": "deleted", "room": "lobby", "id": 1, "by": "server"})
        assert [frame["text"] for frame in of_type(seat.ever, "message")] == ["rude", "/me deleted message #1"]
        assert len(of_type(seat.ever, "deleted")) == 1
