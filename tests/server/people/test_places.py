"""No address takes all places, and some are kept for people whose name is claimed."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from server_parts.hub import departures
from server_parts.people import places
from server_parts.people.addresses import is_own, source_of
from server_parts.people.places import ARRIVALS_BURST, QUIET, REQUEST_SHARE, Places
from tests.conftest import Chat, ChatLog, Serve
from tests.peers import Native, wait_until

FAR, OTHER = "192.0.2.7", "192.0.2.8"
HOME = "127.0.0.1"
TOKEN = "0123456789abcdef0123456789abcdef"


# --- counting, with the time passed in ---


@pytest.mark.parametrize(
    ("address", "source", "own"),
    [
        ("192.0.2.7:4000", "192.0.2.7", False),
        ("127.0.0.5:4000", "127.0.0.5", True),
        ("[::1]:4000", "::1", True),
        ("[::ffff:192.0.2.7]:4000", "192.0.2.7", False),
        ("[::ffff:127.0.0.1]:4000", "127.0.0.1", True),
        ("[2001:db8:1:2:3:4:5:6]:4000", "2001:db8:1:2::/64", False),
        ("[fe80::1%eth0]:4000", "fe80::/64", False),
        ("192.0.2.7", "192.0.2.7", False),  # as a proxy tells it
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", False),
        ("::1", "::1", True),
        ("the console", "the console", True),
    ],
)
def test_where_somebody_comes_from(address: str, source: str, own: bool) -> None:
    """An IPv6 machine has a whole network of addresses; IPv4 in IPv6 clothes is IPv4."""
    assert source_of(address) == source
    assert is_own(source) == own


def test_so_many_from_one_address() -> None:
    """The next is refused with both numbers; when one leaves there is a place again; others are not concerned."""
    all_places = Places(100, 3)
    assert [all_places.enter(FAR, 0.0) for _ in range(3)] == [None] * 3
    assert all_places.enter(FAR, 0.0) == "too many connections from your address: 3 of 3; close one first"
    assert all_places.enter(OTHER, 0.0) is None
    all_places.leave(FAR)
    assert all_places.enter(FAR, 0.0) is None


def test_requests_count_as_a_part_of_an_arrival() -> None:
    """Of those that are no more than that, many more may come at once; but not without an end."""
    all_places = Places(100, 16)
    came = 0
    while all_places.enter(FAR, 0.0) is None:
        all_places.was_request(FAR)
        all_places.leave(FAR)
        came += 1
    assert came == (ARRIVALS_BURST - 1) / REQUEST_SHARE + 1
    all_places.was_request(HOME)  # which has no limit
    assert all_places.enter(HOME, 0.0) is None


@pytest.mark.parametrize(("source", "per_address"), [(HOME, 3), (FAR, 0)], ids=["this machine", "no limit"])
def test_unlimited(source: str, per_address: int) -> None:
    """This machine's own people, and everybody if the operator says so, may come as often as there are places."""
    all_places = Places(100, per_address)
    assert [all_places.enter(source, 0.0) for _ in range(100)] == [None] * 100
    assert all_places.enter(source, 0.0) == "this server is full: try again later"


def test_arrivals_are_slowed_down() -> None:
    """Whoever comes and goes again and again: a burst at once, 64 more in ten minutes, and who waited comes in."""
    all_places = Places(100, 16)

    def come_and_go(now: float) -> bool:
        refused = all_places.enter(FAR, now)
        if refused is None:
            all_places.leave(FAR)
        return refused is None

    assert sum(come_and_go(0.0) for _ in range(50)) == ARRIVALS_BURST
    assert sum(come_and_go(float(second)) for second in range(1, 601)) == 64
    assert all_places.enter(FAR, 600.1) == "too many new connections from your address: try again in a few seconds"
    assert come_and_go(3_600.0)


def test_few_addresses_are_remembered() -> None:
    """Those that have left and waited long enough are forgotten as others come."""
    all_places = Places(100_000, 16)
    for number in range(10_000):
        source = f"192.0.{number // 256}.{number % 256}"
        all_places.enter(source, float(number))
        all_places.is_worth_logging(source, float(number))
        all_places.leave(source)
    assert not all_places._by_source
    assert len(all_places._arrivals) < 1_000
    assert len(all_places._logged) <= QUIET + 1


def test_one_record_a_minute_for_each_address() -> None:
    """However many are refused."""
    all_places = Places(1, 1)
    assert [all_places.is_worth_logging(FAR, now) for now in (0.0, 1.0, QUIET - 1, QUIET, QUIET + 1)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert all_places.is_worth_logging(OTHER, 1.0)


@pytest.mark.parametrize(("most", "kept"), [(20, 2), (9, 0)])
def test_the_last_places_are_kept(most: int, kept: int) -> None:
    """A tenth of them; of less than ten none. They are short as soon as no others are left."""
    all_places = Places(most, 0)
    short, was_kept = [], []
    for _ in range(most):
        all_places.enter(FAR, 0.0)
        short.append(all_places.are_short)
        was_kept.append(all_places.last_was_kept)
    assert short.index(True) == most - kept - 1
    assert was_kept == [False] * (most - kept) + [True] * kept


# --- over connections ---


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects comes from another machine."""
    monkeypatch.setattr(places, "is_own", lambda source: False)


@pytest.mark.usefixtures("far")
def test_a_flood_of_silent_connections(serve: Serve, chat_log: ChatLog) -> None:
    """Sixteen come in; each of the others is told why in one line and may come back; the log has one record."""
    chat = serve(per_address=16)
    guests = [chat.plain() for _ in range(16)]
    for guest in guests:
        guest.enter()
    for _ in range(30):
        with Native(chat.port) as refused:
            goodbye = refused.next()
            assert (goodbye["type"], goodbye["code"], goodbye["retry"]) == ("bye", "server_full", True)
            assert goodbye["text"] == "too many connections from your address: 16 of 16; close one first"
            assert refused.ended()
    warnings = [record.getMessage() for record in chat_log.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].startswith("Refused a connection from 127.0.0.1: too many connections")


def fill(chat: Chat, count: int, **hello: Any) -> list[Native]:
    return [chat.native(f"filler-{number}", **hello) for number in range(count)]


def test_an_owner_comes_in_where_guests_do_not(serve: Serve) -> None:
    """Who proves a claimed name gets one of the kept places; a guest, on either door, is told in one sentence."""
    chat = serve(max_clients=20)
    with Native(chat.port, "ada", token=TOKEN) as ada:
        ada.tell("this name is mine")
        ada.leave()
    fillers = fill(chat, 18)
    assert wait_until(lambda: len(chat.server.clients) == 18)
    guest = chat.native()
    guest.hello("guest-like")
    told = guest.until("bye")
    assert (told["code"], told["retry"]) == ("server_full", True)
    assert "claimed" in told["text"]
    assert guest.ended()
    guest.close()
    silent = chat.plain()
    assert silent.text().startswith("* goodbye: this server is full")
    silent.close()
    assert wait_until(lambda: len(chat.server.clients) == 18)
    thief = chat.native()
    thief.hello("ada", token=TOKEN[::-1])
    assert thief.until("error")["code"] == "name_taken"
    thief.close()
    assert wait_until(lambda: len(chat.server.clients) == 18)
    owner = chat.native("ada", token=TOKEN)
    assert owner.tell("here all the same")["text"] == "here all the same"
    again = chat.native("filler-0", session=fillers[0].session)
    assert again.tell("so is who only lost a connection")["seq"] == 1


def test_silent_guests_make_room(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where places are short, plain guests who never said anything go after a while; nobody else does."""
    monkeypatch.setattr(departures, "SILENT", 0.0)
    monkeypatch.setattr(departures, "SILENT_INTERVAL", 0.01)
    chat = serve(max_clients=20)
    silent, talker = chat.plain(), chat.plain("I am here")
    silent.enter()
    talker.until("delivered")
    listener = chat.native("listener")
    fill(chat, 14)
    listener.pending()
    assert len(chat.server.clients) == 17, "there is a place left, so everybody stays"
    chat.native("filler-14")
    assert silent.until("goodbye").startswith("* goodbye: you said nothing for a while")
    assert wait_until(lambda: len(chat.server.clients) == 17)
    talker.say("still here")
    talker.until("delivered")
    listener.pending()
    assert chat.native("newcomer").tell("there is a place now")["from"] == "newcomer"
