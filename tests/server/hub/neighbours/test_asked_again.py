"""What one server asks of another about its people is done, once, also if the database fails meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from server_parts.hub import announcing, neighbours
from server_parts.hub.acts_heard import ActsHeard
from server_parts.people.distant import Distant
from server_parts.people.roles import Role
from server_parts.protocol import moderation_requests as order
from server_parts.protocol.account_requests import GiveRole
from server_parts.protocol.requests import Away, Hello, Join
from server_parts.storage.exchange import Post
from server_parts.storage.records import StorageError
from tests.peers import WAIT, of_type, wait_until
from tests.postgres import needs_postgres
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.neighbours.meetings import PostgresMeeting, hears_text, held
from tests.server.storage.postgres_logs import execute

Post_ = Callable[[Sequence[Post]], None]


class Gate:
    """Between a hub and its exchange: while it is shut, posts of these kinds fail, stored or not."""

    def __init__(self, bench: Bench, *kinds: str, stores: bool = False) -> None:
        self._post: Post_ = bench.exchange.post
        self._kinds, self._stores = kinds, stores
        self.is_shut = True
        self.failed: list[str] = []  # the kinds of posts that did

    def post(self, posts: Sequence[Post]) -> None:
        concerned = [post.kind for post in posts if post.kind in self._kinds]
        if not self.is_shut or not concerned:
            self._post(posts)
            return
        if self._stores:
            self._post(posts)
        self.failed += concerned
        raise StorageError("the database fails")


@contextmanager
def failing(bench: Bench, *kinds: str, stores: bool = False) -> Iterator[Gate]:
    """Until one such post has failed."""
    gate = Gate(bench, *kinds, stores=stores)
    bench.exchange.post = gate.post  # type: ignore[method-assign]
    try:
        yield gate
        assert wait_until(lambda: bool(gate.failed))
    finally:
        gate.is_shut = False
        del bench.exchange.post


def distant(bench: Bench, name: str) -> Distant:
    """Somebody who is connected elsewhere, as that hub knows them."""
    (found,) = [one for one in bench.hub._live_rooms.names.bearers(name) if isinstance(one, Distant)]
    return found


@pytest.fixture(params=[False, True], ids=["not stored", "stored"])
def stores(request: pytest.FixtureRequest) -> bool:
    """Whether a post that fails was stored nevertheless."""
    return bool(request.param)


@pytest.fixture(autouse=True)
def _acts_kick_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kick is carried out by whoever hears of the act, too: this leaves it to what is asked."""
    monkeypatch.setattr(ActsHeard, "_kick", lambda *_: None)


def test_a_kick_is_asked_again(operator: Seat, alice: Seat, bob: Seat, here: Bench, stores: bool) -> None:
    with failing(here, announcing.ASKED, stores=stores):
        operator.ask(order.Kick("bob", "enough"))
    assert wait_until(lambda: bob.outbox.closed)
    assert of_type(bob.heard(), "bye")[0]["code"] == "kicked"
    assert alice.hears({"type": "presence", "room": "lobby", "left": ["bob"], "members": 2})


def test_a_kick_would_be_lost_if_it_were_not_asked_again(
    operator: Seat, bob: Seat, here: Bench, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Distant, "ask_again", lambda _: None)
    with failing(here, announcing.ASKED):
        operator.ask(order.Kick("bob"))
    after_it(here, there)
    assert not bob.outbox.closed


def after_it(here: Bench, there: Bench) -> None:
    """Return when both servers are in touch again, and have read what there was."""
    seats = [comes_in(bench, name) for bench, name in ((here, "eve"), (there, "mallory"))]
    for one, other in (seats, reversed(seats)):
        one.say(f"{one.client.name} is here")
        hears_text(other, f"{one.client.name} is here")


def comes_in(bench: Bench, name: str) -> Seat:
    """As a client does: it tries again while the server cannot let it in."""
    tries: list[Seat] = []

    def is_in() -> bool:
        tries.append(bench.seat(name))
        return bool(of_type(tries[-1].ever, "welcome"))

    assert wait_until(is_in)
    return tries[-1]


def test_a_kick_from_a_room_is_carried_out_once(
    operator: Seat, bob: Seat, here: Bench, there: Bench, stores: bool
) -> None:
    """Who comes back is not removed again, although that is asked again."""
    bob.ask(Join("tea"))
    assert wait_until(lambda: "tea" in distant(here, "bob").rooms)
    with failing(here, announcing.ASKED, stores=stores):
        operator.ask(order.Kick("bob", room="tea"))
        if stores:
            assert wait_until(lambda: "tea" not in bob.client.rooms)
            bob.ask(Join("tea"))
    if not stores:
        assert wait_until(lambda: "tea" not in bob.client.rooms)
        bob.ask(Join("tea"))
    assert wait_until(lambda: not distant(here, "bob").unconfirmed)
    distant(here, "bob").ask_again()
    after_it(here, there)
    assert "tea" in bob.client.rooms


def test_how_long_the_others_were_out_of_reach_is_told(
    operator: Seat, bob: Seat, here: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Once when it begins, once when it is over."""
    with failing(here, announcing.ASKED):
        operator.ask(order.Kick("bob"))
    assert wait_until(lambda: "the other servers can be reached again" in caplog.text)
    begin, end = [message for message in caplog.messages if message.startswith("the other servers can")]
    assert begin == "the other servers cannot be reached: the database fails"
    assert end.startswith("the other servers can be reached again, after ")


def test_what_was_confirmed_is_not_asked_again(operator: Seat, bob: Seat, here: Bench) -> None:
    bob.ask(Join("tea"))
    assert wait_until(lambda: "tea" in distant(here, "bob").rooms)
    operator.ask(order.Kick("bob", room="tea"))
    assert wait_until(lambda: "tea" not in bob.client.rooms)
    assert wait_until(lambda: not distant(here, "bob").unconfirmed)


def test_a_role_reaches_the_other_server(operator: Seat, bob: Seat, here: Bench, stores: bool) -> None:
    bob.say("I exist")
    hears_text(operator, "I exist")
    with failing(here, announcing.ASKED, stores=stores):
        operator.ask(GiveRole("bob", "operator"))
    assert wait_until(lambda: bob.client.role is Role.OPERATOR)
    assert wait_until(lambda: distant(here, "bob").role is Role.OPERATOR)


def test_somebody_who_is_away_is_so_at_the_other_server(alice: Seat, here: Bench, there: Bench, stores: bool) -> None:
    first = here.seat("carol", token="c" * 32, shares_name=True)
    second = there.seat("carol", token="c" * 32, shares_name=True)
    with failing(here, announcing.ASKED, stores=stores):
        first.ask(Away("tea"))
    assert wait_until(lambda: second.client.away == "tea")


def test_a_later_away_is_not_undone_by_one_that_was_lost(alice: Seat, here: Bench, there: Bench) -> None:
    """It was said at the other server meanwhile, and both have that."""
    first = here.seat("carol", token="c" * 32, shares_name=True)
    second = there.seat("carol", token="c" * 32, shares_name=True)
    with failing(here, announcing.ASKED):
        with held(here):
            first.submit(Away("tea"))
            second.ask(Away("lunch"))
        first.settle()
    after_it(here, there)
    assert wait_until(lambda: first.client.away == second.client.away)
    assert not distant(here, "carol").unconfirmed


def test_what_was_asked_of_a_server_that_has_another_number_now_is_done(
    operator: Seat, bob: Seat, here: Bench, there: Bench
) -> None:
    """It reads what was posted to its former one."""
    with held(there):
        operator.ask(order.Kick("bob"))
        former = there.exchange.server
        there.exchange.server = former  # what follows happens in its own thread
    assert wait_until(lambda: bob.outbox.closed)


def test_who_was_given_up_is_told_so_in_the_end(
    alice: Seat, bob: Seat, here: Bench, there: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their session is connected here by now: it would be at two servers."""
    session = "session-of-carol!"
    carol = there.seat("carol", session=session, token="c" * 32)
    assert alice.sees_come("carol")
    with failing(here, announcing.DROPPED), held(there):
        again = Seat(here)
        again.ask(Hello("carol", session, token="c" * 32))
    assert of_type(again.ever, "welcome")
    assert wait_until(lambda: carol.outbox.closed)
    assert again.outbox.closed  # nobody could be told of it: it has to come again
    assert list(here.hub._live_rooms.names.bearers("carol")) == []


def test_a_post_of_a_kind_that_nobody_knows_is_passed_over(
    operator: Seat, bob: Seat, here: Bench, there: Bench
) -> None:
    """A server of a newer version may have written it; what comes behind it is read."""
    here.exchange.post([Post(here.exchange.server, "a kind of the future", {})])
    operator.ask(order.Kick("bob"))
    assert wait_until(lambda: bob.outbox.closed)


@needs_postgres
def test_a_kick_outlives_the_loss_of_all_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of both servers are ended while it is on its way; the other one has another number then."""
    from server_parts.storage.postgres import exchange

    monkeypatch.setattr(neighbours, "INTRODUCTION", WAIT)  # on a slow machine neither gives the other up
    monkeypatch.setattr(exchange, "CALM", WAIT)
    meeting = PostgresMeeting(tmp_path)
    here, there = meeting.open("here"), meeting.open("there")
    try:
        owner = Seat(here, Role.OWNER)
        owner.client.name = "server"
        owner.ask(Hello("server", ""))
        bob = there.seat("bob", token="b" * 32)
        assert owner.sees_come("bob")
        with held(there):
            owner.ask(order.Kick("bob"))
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'chat %'"
            execute(tmp_path, f"{end} AND datname = current_database()")
        assert wait_until(lambda: bob.outbox.closed)
        assert of_type(bob.heard(), "bye")[0]["code"] == "kicked"
    finally:
        for bench in (here, there):
            bench.stop()
            bench.store.close()
