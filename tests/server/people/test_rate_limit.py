"""How fast one client is listened to, with the time passed in."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.hub import dispatcher
from server_parts.people.rate_limit import BURST, KEPT, RENAMES, RENAMES_SHARE, SHARED, RateLimit, RateLimits
from tests.conftest import Serve
from tests.peers import Native


def test_a_burst_is_free() -> None:
    """Up to the burst at once; then nothing."""
    rate_limit = RateLimit(10, 40, 0.0)
    assert rate_limit.take([1] * 40, 0.0) == 40
    assert rate_limit.take([1] * 1, 0.0) == 0
    assert rate_limit.wait() == pytest.approx(0.1)


def test_then_it_is_the_rate() -> None:
    """One more every tenth of a second."""
    rate_limit = RateLimit(10, 40, 0.0)
    rate_limit.take([1] * 40, 0.0)
    assert rate_limit.take([1] * 5, 0.05) == 0
    assert rate_limit.take([1] * 5, 0.1000001) == 1
    assert rate_limit.take([1] * 5, 0.4000002) == 3


def test_a_pause_fills_the_burst_and_no_more() -> None:
    """An hour of silence is worth one burst."""
    rate_limit = RateLimit(10, 40, 0.0)
    rate_limit.take([1] * 40, 0.0)
    assert rate_limit.take([1] * 1000, 3600.0) == 40


def test_no_rate_is_no_limit() -> None:
    """Whatever is wanted is granted, and nobody waits."""
    rate_limit = RateLimit(0, 40, 0.0)
    assert rate_limit.take([1] * 10**6, 0.0) == 10**6
    assert rate_limit.wait() == 0.0


@given(st.floats(0.5, 100), st.integers(1, 50), st.lists(st.tuples(st.floats(0, 2), st.integers(1, 100)), max_size=20))
def test_never_faster_than_promised(rate: float, burst: int, script: list[tuple[float, int]]) -> None:
    """Over any stretch at most the burst and the rate; and whoever waits as told gets at least one."""
    rate_limit, now, granted = RateLimit(rate, burst, 0.0), 0.0, 0
    for pause, wanted in script:
        now += pause
        got = rate_limit.take([1] * wanted, now)
        granted += got
        assert 0 <= got <= wanted
        assert granted <= burst + now * rate + 1e-6
    now += rate_limit.wait() + 1e-6
    assert rate_limit.take([1] * 1, now) == 1


# --- limits that outlive a connection ---

FAR, OTHER = "192.0.2.7", "192.0.2.8"


def spend(limits: RateLimits, key: str, now: float, source: str = FAR) -> int:
    """How many requests somebody may carry out at once who comes in under that key."""
    return limits.find(key, source, now).requests.take([1] * 10_000, now)


def test_who_comes_back_finds_his_pace() -> None:
    """Coming in again is no faster than staying; after a minute it is forgotten, and nothing is gained by that."""
    limits = RateLimits(10)
    assert spend(limits, "ann", 0.0) == BURST
    assert spend(limits, "ann", 0.0) == 0
    assert spend(limits, "ann", 1.0) == 10
    assert spend(limits, "ann", 1.0 + KEPT) == BURST


def test_new_names_of_one_address_share_its_bursts() -> None:
    """Then each has the rate from nothing; another address is not concerned, and a known person keeps his own."""
    limits = RateLimits(10)
    assert sum(spend(limits, f"name-{number}", 0.0) for number in range(100)) == SHARED * BURST
    assert spend(limits, "another", 0.0) == 0
    assert spend(limits, "another", 1.0) == 10
    assert spend(limits, "elsewhere", 0.0, OTHER) == BURST
    assert sum(spend(limits, f"later-{number}", 1.0) for number in range(1_000)) <= SHARED * 10


def test_a_new_name_takes_the_pace_along() -> None:
    """Whoever renames himself begins no new burst."""
    limits = RateLimits(10)
    ann = limits.find("ann", FAR, 0.0)
    ann.requests.take([1] * BURST, 0.0)
    assert limits.find("bea", FAR, 0.0, ann) is ann
    assert spend(limits, "bea", 0.0) == 0
    assert spend(limits, "ann", 0.0) == 0


def test_renames_by_those_who_come_again_are_slowed_down_too() -> None:
    """A new person of a spent address has no renames left over."""
    limits = RateLimits(10)
    for number in range(SHARED):
        spend(limits, f"name-{number}", 0.0)
    assert limits.find("last", FAR, 0.0).renames.take([1] * RENAMES, 0.0) == 0


def test_few_are_remembered() -> None:
    """Whoever has not come for a minute is forgotten as others come."""
    limits = RateLimits(10)
    for number in range(50_000):
        now = number / 100
        limits.find(f"name-{number}", f"192.0.2.{number % 250}", now)
        assert len(limits) <= 2 * KEPT * 100 + 300


def test_a_costly_request_leaves_a_debt() -> None:
    """More than a burst is carried out on a full bucket alone, and is paid for afterwards."""
    rate_limit = RateLimit(10, 40, 0.0)
    assert rate_limit.take([1, 100, 1], 0.0) == 1
    assert not rate_limit.has(100, 0.05)
    assert rate_limit.wait(100) == pytest.approx(0.05)
    assert rate_limit.take([100, 1], 0.2) == 1
    assert rate_limit.wait() == pytest.approx(6.1)
    assert rate_limit.take([1], 6.0) == 0
    assert rate_limit.take([1], 6.4) == 1


@pytest.mark.parametrize(("most", "drawn"), [(10, 10.0), (40, 40.0), (100, 40.0)])
def test_drawing_takes_what_there_is(most: int, drawn: float) -> None:
    """As much as is wanted, or all of it; of a debt nothing."""
    rate_limit = RateLimit(10, 40, 0.0)
    assert rate_limit.draw(most, 0.0) == drawn
    assert rate_limit.take([1] * 100, 0.0) == 40 - drawn
    rate_limit.take([100], 4.0)
    assert rate_limit.draw(most, 4.0) == 0.0
    assert rate_limit.wait() == pytest.approx(6.1), "drawing from a debt forgives none of it"


# --- over connections ---


def test_coming_in_again_is_not_faster(serve: Serve) -> None:
    """Under the same name with a new session each time: too fast is read more slowly, without an error."""
    chat = serve(rate=20)
    heard = chat.native("listener")
    begun = time.monotonic()
    for _ in range(3):
        with Native(chat.port, "writer") as writer:
            for number in range(BURST // 2):
                writer.say(f"text {number}")
            writer.tell("the last one")
            assert not [frame for frame in writer.passed if frame["type"] == "error"]
            writer.leave()
    took = time.monotonic() - begun
    said = 3 * (BURST // 2 + 1)
    assert took >= (said - BURST) / 20 - 0.1
    assert heard.until("message", text="the last one")


def rename(peer: Native, names: list[str]) -> float:
    """Ask for new names, all at once, and read each answer; how long it took."""
    begun = time.monotonic()
    old = peer.welcome["name"]
    for name in names:
        peer.send("nick", name=name)
    for name in names:
        peer.moved("renamed", [old, name])
        old = name
    peer.welcome["name"] = old
    return time.monotonic() - begun


def test_new_names_are_read_more_slowly_than_other_requests(serve: Serve) -> None:
    """Five at once, then one for fifty requests; all are carried out, in order, and so is what is asked after them."""
    chat = serve(rate=100.0)
    alice, bob = chat.native("alice"), chat.native("bob")
    assert rename(alice, [f"alice-{number}" for number in range(RENAMES + 2)]) >= 2 / (100 * RENAMES_SHARE) - 0.1
    assert alice.tell("last")["from"] == f"alice-{RENAMES + 1}"
    assert bob.until("message", text="last")["from"] == f"alice-{RENAMES + 1}"
    assert not [frame for frame in alice.passed if frame["type"] == "error"]


def test_a_new_name_costs_what_it_causes(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody who hears of it counts: here ten requests a person, and two people, of a burst of forty."""
    monkeypatch.setattr(dispatcher, "HEARERS", 0.1)
    chat = serve(rate=20.0)
    alice = chat.native("alice")
    chat.native("bob")
    assert rename(alice, ["anna", "anne", "ann"]) >= (3 * 21 - BURST) / 20 - 0.1
    assert alice.tell("hi")["from"] == "ann"


def test_without_a_rate_nobody_waits_and_nothing_is_kept(serve: Serve) -> None:
    """A rate of 0 switches all of it off, for new names too."""
    chat = serve(rate=0)
    alice = chat.native("alice")
    names = [f"alice-{number}" for number in range(10 * RENAMES)]
    rename(alice, names)
    for number in range(10 * BURST):
        alice.say(f"{number}")
    assert alice.until("message", text=f"{10 * BURST - 1}")["from"] == names[-1]
    assert len(chat.server._reading._limits) == 0


def test_who_is_still_connected_keeps_the_pace() -> None:
    """A connection that was silent for long brings no new burst for the person's next one."""
    limits = RateLimits(10)
    first = limits.find("ann", FAR, 0.0)
    assert first.requests.take([1] * 100, 0.0) == BURST
    limits.find("bob", FAR, KEPT * 3)  # forgets whoever asked for nothing meanwhile
    assert limits.find("ann", FAR, KEPT * 3) is first
