"""Slow mode holds over all servers of a chat: who has spoken at one waits at the others too."""

from __future__ import annotations

from typing import Any

import pytest

from server_parts.hub.slow_elsewhere import SlowElsewhere
from server_parts.protocol import moderation_requests as order
from server_parts.protocol.requests import Bye, Hello, Join
from tests.peers import Frame, of_type, wait_until
from tests.server.hub.bench import Bench, Seat

pytestmark = pytest.mark.usefixtures("slow")


@pytest.fixture
def slow(operator: Seat, here: Bench, there: Bench) -> None:
    """In tea, everybody has ten minutes between two texts; both servers know."""
    operator.ask(Join("tea"))
    operator.say("welcome", room="tea")
    operator.ask(order.SetRoom("tea", slow=600))
    for bench in (here, there):
        assert wait_until(lambda bench=bench: bench.hub.rules.about("tea").slow == 600)  # type: ignore[misc]


def comes_to_tea(bench: Bench, name: str | None, address: str = "", **hello: Any) -> Seat:
    seat = Seat(bench)
    if address:
        seat.client.address = address
    seat.ask(Hello(name, **{"session": bench.session(), **hello}), Join("tea"))
    assert of_type(seat.ever, "joined")
    return seat


def says(seat: Seat, text: str) -> str:
    """What becomes of a text in tea."""
    frames: list[Frame] = of_type(seat.say(text, room="tea"), "message", "error")
    (answer,) = [frame for frame in frames if frame.get("text") == text or "code" in frame]
    return str(answer.get("code", "said"))


def test_one_person_at_two_servers(here: Bench, there: Bench) -> None:
    """With two connections at once; and somebody else may speak."""
    first = comes_to_tea(here, "carol", token="c" * 32, shares_name=True)
    second = comes_to_tea(there, "carol", token="c" * 32, shares_name=True)
    assert says(first, "one") == "said"
    assert says(second, "two") == "slow_mode"
    assert says(comes_to_tea(there, "dave", token="d" * 32), "three") == "said"


def test_each_server_would_count_for_itself(here: Bench, there: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it did not look into the log."""
    monkeypatch.setattr(SlowElsewhere, "learn", lambda *_: None)
    for number, bench in enumerate((here, there)):
        assert says(comes_to_tea(bench, "carol", token="c" * 32, shares_name=True), f"{number}") == "said"


def test_a_guest_who_goes_to_another_server(here: Bench, there: Bench) -> None:
    """With the same session."""
    session = "session-of-a-guest"
    assert says(comes_to_tea(here, "carol", session=session), "one") == "said"
    again = comes_to_tea(there, "carol", session=session)
    again.seq = of_type(again.ever, "welcome")[0]["accepted"]
    assert says(again, "two") == "slow_mode"


def test_a_guest_who_comes_with_another_session(alice: Seat, here: Bench, there: Bench) -> None:
    """From one address, all guests are one; from another one, nobody waits."""
    first = comes_to_tea(here, None, "192.0.2.1:5000")
    assert says(first, "one") == "said"
    first.ask(Bye())
    second = comes_to_tea(there, None, "192.0.2.1:6000")
    assert says(second, "two") == "slow_mode"
    assert says(comes_to_tea(there, None, "192.0.2.2:5000"), "three") == "said"


def test_what_is_over_is_over(operator: Seat, here: Bench, there: Bench) -> None:
    """The time counts from when it was said, not from when this server has heard of it."""
    first = comes_to_tea(here, "carol", token="c" * 32)
    assert says(first, "one") == "said"
    operator.ask(order.SetRoom("tea", slow=1))
    assert wait_until(lambda: there.hub.rules.about("tea").slow == 1)
    first.ask(Bye())
    second = comes_to_tea(there, "carol", token="c" * 32)
    assert wait_until(lambda: says(second, "two") == "said")
