"""One round over all places: who wins, who is given up, and whom a silent host holds up: nobody."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import pytest

from client_parts.link import round as rounds
from client_parts.link.dialing import Deadline, Hold, Place, connect
from client_parts.link.round import AGAIN, HEAD_START, Round
from client_parts.link.server import Server
from client_parts.link.wire import PlainWire
from tests.client.ports import ReservedPort

SECONDS = 10.0


@pytest.fixture
def lead_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Server]:
    """Lets names lead to these places: a server for each name."""
    names: dict[str, Sequence[Place]] = {}

    def look_up(host: str, *_: object, **__: object) -> list[tuple[int, int, int, str, object]]:
        if host not in names:
            raise socket.gaierror("no such host")
        return [(place.family, socket.SOCK_STREAM, 0, "", place.address) for place in names[host]]

    def lead(*places: Place) -> Server:
        host = f"{len(names)}.example"
        names[host] = places
        return Server(host, 1)

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    return lead


@pytest.fixture
def nobody_yields(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a head start to be over waits for longer than any test does."""
    monkeypatch.setattr(rounds, "HEAD_START", 10 * SECONDS)


class Player:
    """Plays rounds, as the receiver does: it waits until it is rung for, or something is due."""

    def __init__(self, *servers: Server, seconds: float = SECONDS) -> None:
        self.rung = threading.Event()
        self.asked: list[tuple[Server, Place]] = []
        self.round = Round(servers, self._connect, self.rung.set)
        self._seconds = seconds

    def _connect(self, server: Server, place: Place, hold: Hold) -> PlainWire:
        self.asked.append((server, place))
        self.rung.set()
        return PlainWire(connect(place, Deadline(self._seconds), hold))

    def play(self) -> PlainWire | None:
        """Until there is a connection, or the round is over without one."""
        while not self.round.is_over:
            self.rung.clear()
            if (opened := self.round.step(time.monotonic())) is not None:
                return opened
            self.wait()
        return None

    def wait(self) -> None:
        """Until there is something to do."""
        if not self.round.is_over:
            due = self.round.due - time.monotonic()
            assert self.rung.wait(max(0.0, min(due, SECONDS))) or due < SECONDS, "nobody has rung"

    def winner(self) -> object:
        """Whom the connection of a round leads to."""
        opened = self.play()
        assert opened is not None
        with opened.socket as connection:
            return connection.getpeername()


@pytest.mark.usefixtures("nobody_yields")
def test_the_first_that_answers_wins(lead_to: Callable[..., Server], refusing: Place, answering: Place) -> None:
    """Whoever refuses is passed over at once, and nobody behind the winner is asked."""
    first, second, third = lead_to(refusing), lead_to(answering), lead_to(answering)
    player = Player(first, second, third)
    assert player.winner() == answering.address
    assert [server for server, _ in player.asked] == [first, second]
    assert player.round.has_more
    assert [type(problem) for problem in player.round.problems.values()] == [ConnectionRefusedError]


def test_a_name_with_several_places_is_as_good_as_several_names(
    lead_to: Callable[..., Server], refusing: Place, silent: Place, answering: Place
) -> None:
    player = Player(lead_to(refusing, silent, answering))
    assert player.winner() == answering.address
    assert [place for _, place in player.asked] == [refusing, silent, answering]


@pytest.mark.parametrize("number", [1, 2])
def test_silence_holds_up_nobody(lead_to: Callable[..., Server], silent: Place, answering: Place, number: int) -> None:
    """Each silent one costs a moment; it is not waited for to the end."""
    begun = time.monotonic()
    assert Player(*[lead_to(silent)] * number, lead_to(answering)).winner() == answering.address
    assert HEAD_START * number <= time.monotonic() - begun < SECONDS / 2


def test_one_that_is_slow_may_still_win(lead_to: Callable[..., Server], silent: Place, answering: Place) -> None:
    """Being overtaken in the beginning is no end: the first that is open counts."""
    slow, fast = lead_to(answering), lead_to(silent)
    player, answers = Player(slow, fast), threading.Event()
    straight = player._connect

    def connect_slowly(server: Server, place: Place, hold: Hold) -> PlainWire:
        assert server is fast or answers.wait(SECONDS)
        answers.set()
        return straight(server, place, hold)

    player.round = Round([slow, fast], connect_slowly, player.rung.set)
    threading.Timer(2 * HEAD_START, answers.set).start()
    assert player.winner() == answering.address


def test_a_round_without_a_connection_says_why(lead_to: Callable[..., Server], refusing: Place, silent: Place) -> None:
    """For each server; a name that nobody knows is one of the reasons."""
    servers = [lead_to(refusing), Server("nowhere.example", 1), lead_to(silent)]
    player = Player(*servers, seconds=0.2)
    assert player.play() is None
    assert {server: type(problem) for server, problem in player.round.problems.items()} == dict(
        zip(servers, (ConnectionRefusedError, socket.gaierror, TimeoutError), strict=True)
    )
    assert player.round.due == float("inf")


def test_who_has_failed_is_tried_again_while_another_is_silent(lead_to: Callable[..., Server], silent: Place) -> None:
    """A server that starts anew is found before the end of the silence."""
    reserved = ReservedPort()
    with ExitStack() as ending:
        ending.callback(reserved.release)
        address = ("127.0.0.1", reserved.number)
        player = Player(lead_to(silent), lead_to(Place(socket.AF_INET, address)))
        begun = time.monotonic()
        while not player.round.problems:
            player.rung.clear()
            assert player.round.step(time.monotonic()) is None
            player.wait()
        with socket.create_server(address):
            assert player.winner() == address
        assert AGAIN < time.monotonic() - begun < SECONDS / 2


def test_a_round_has_an_end(lead_to: Callable[..., Server], refusing: Place) -> None:
    """However long another one is silent: those that fail are tried again so many times."""
    never = threading.Event()
    slow, failing = lead_to(refusing), lead_to(refusing)
    asked: list[Server] = []

    def connect_never(server: Server, place: Place, hold: Hold) -> PlainWire:
        asked.append(server)
        if server is slow:
            never.wait(SECONDS)
        raise ConnectionRefusedError

    round, now = Round([slow, failing], connect_never, lambda: None), 0.0
    end = time.monotonic() + SECONDS
    while not (asked.count(failing) == 6 and round.due == float("inf")):
        assert round.step(now) is None
        assert time.monotonic() < end
        now += 0.01  # of the round's time, which is no real time
        time.sleep(0.001)
    never.set()
    while not round.is_over:
        round.step(now)
        assert time.monotonic() < end
    assert asked.count(failing) == 6


@pytest.mark.usefixtures("nobody_yields")
def test_a_round_goes_on_behind_a_winner_that_is_of_no_use(
    lead_to: Callable[..., Server], refusing: Place, answering: Place
) -> None:
    """With those that were not tried, at once; then it is over."""
    player = Player(lead_to(answering), lead_to(refusing), lead_to(answering))
    assert [player.winner(), player.winner()] == [answering.address] * 2
    assert player.round.is_over


def test_giving_up_ends_all_tries(lead_to: Callable[..., Server], silent: Place) -> None:
    """Nobody is told of what becomes of them."""
    player = Player(lead_to(silent), lead_to(silent))
    while len(player.asked) < 2:
        player.rung.clear()
        assert player.round.step(time.monotonic()) is None
        player.wait()
    player.round.give_up()
    player.rung.clear()
    assert player.round.is_over
    for thread in [thread for thread in threading.enumerate() if thread.name == "connecting"]:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert not player.rung.is_set()
