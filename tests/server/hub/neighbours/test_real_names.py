"""Display names of people who are connected to several servers of a chat."""

from __future__ import annotations

from server_parts.people.distant import Distant, apply_facts, facts_of
from server_parts.protocol.account_requests import ChangeRealName, Whois
from server_parts.protocol.requests import Hello
from tests.peers import of_type, wait_until
from tests.server.hub.bench import Bench, Seat

TOKEN = "c" * 32
NAME = "Алиса Ли"


def seen(seat: Seat, name: str) -> object:
    return of_type(seat.ask(Whois(name)), "whois")[0].get("realname")


def test_a_display_name_is_seen_at_the_other_server(here: Bench, bob: Seat) -> None:
    """Also of somebody without an account, whom only the posts tell of."""
    carol = here.seat("carol")
    assert bob.sees_come("carol")
    carol.ask(ChangeRealName(NAME))
    assert wait_until(lambda: seen(bob, "carol") == NAME)
    carol.ask(ChangeRealName(None))
    assert wait_until(lambda: seen(bob, "carol") is None)


def test_it_holds_for_the_connections_at_all_servers(here: Bench, there: Bench, bob: Seat) -> None:
    """Whichever of them it was set at."""
    first = here.seat("carol", token=TOKEN, shares_name=True)
    first.say("mine")
    second = Seat(there)
    second.ask(Hello("carol", there.session(), token=TOKEN, shares_name=True))
    assert wait_until(lambda: bool(first.client.account and second.client.account))
    second.ask(ChangeRealName(NAME))
    assert wait_until(lambda: first.client.real_name == NAME)
    assert wait_until(lambda: seen(bob, "carol") == NAME)


def test_a_server_of_before_posts_none(alice: Seat) -> None:
    """What it tells of its people is taken in all the same."""
    facts = facts_of(alice.client, 1.0)
    del facts["real_name"]
    distant = Distant(1, 1, lambda *asked: None)
    apply_facts(distant, facts)
    assert distant.real_name is None
