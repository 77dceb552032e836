"""What a client's reader does with passwords and codes, so that the hub neither waits nor learns them."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from queue import SimpleQueue

import pytest

from server_parts.hub.dispatcher import Dispatcher
from server_parts.hub.proving import AT_ONCE, Prover, carries_secret
from server_parts.people import passwords
from server_parts.people.clients import Client, Session
from server_parts.people.rate_limit import RateLimits
from server_parts.protocol.account_requests import ChangePassword, Login, Password, Proof, Redeem, Secret
from server_parts.protocol.requests import Hello, Nick, Refusal, Request, Say, Who
from server_parts.storage.account_records import Create, SetPassword
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import StorageError
from tests.peers import WAIT, codes
from tests.server.hub.bench import Bench, Remembering, Seat

RIGHT, WRONG = Secret("correct horse"), Secret("battery staple")


@pytest.fixture
def store() -> MemoryLog:
    """Alice has an account with a password."""
    store = MemoryLog()
    store.change(Create("alice", "hash", password=passwords.kept_form(RIGHT)))
    return store


def outsider() -> Client:
    return Client(Remembering(), "test")


def insider(name: str = "alice", account: int = 1) -> Client:
    client = outsider()
    client.name, client.session, client.account = name, Session("key", 0), account
    return client


def code(prepared: Request) -> str:
    assert isinstance(prepared, Refusal)
    return prepared.code


def test_what_has_a_secret_is_known() -> None:
    """All else goes straight to the hub."""
    secrets: list[Request] = [
        Hello("a", "s", password=RIGHT),
        Hello("a", "s", invite=RIGHT),
        Nick("a", RIGHT),
        Password(None, RIGHT),
        Login("a", RIGHT),
        Redeem(RIGHT),
    ]
    others: list[Request] = [Hello("a", "s", token="t"), Nick("a"), Who(), Say("lobby", ["x"], 1)]
    assert [carries_secret(request) for request in (*secrets, *others)] == [True] * 6 + [False] * 4


def test_a_password_becomes_a_proof(store: MemoryLog) -> None:
    """In a hello, a nick and a login; the hub is told against what it was checked, never what it was."""
    prover, kept = Prover(store), store.account("alice")
    assert kept is not None
    proof = Proof(kept.id, password=Secret(kept.password))
    hello = Hello("alice", "s" * 16, password=RIGHT)
    assert prover.prepared(outsider(), hello) == hello._replace(password=None, proof=proof)
    assert prover.prepared(insider("bob", 0), Nick("alice", RIGHT)) == Nick("alice", None, proof)
    assert prover.prepared(insider("bob", 0), Login("alice", RIGHT)) == Nick("alice", None, proof)
    came = prover.prepared(outsider(), Login("alice", RIGHT))
    assert isinstance(came, Hello)
    assert (came.name, came.password, came.proof, came.history) == ("alice", None, proof, 0)
    assert code(prover.prepared(outsider(), hello._replace(password=WRONG))) == "password_wrong"


def test_a_new_password_is_hashed(store: MemoryLog) -> None:
    """With the form of the old one, which the hub compares with what there is by then."""
    kept = store.account("alice")
    assert kept is not None
    prepared = Prover(store).prepared(insider(), Password(RIGHT, WRONG))
    assert isinstance(prepared, ChangePassword)
    assert (prepared.account, prepared.before) == (kept.id, kept.password)
    assert passwords.matches(WRONG, prepared.after)


def test_an_invitation_is_hashed(store: MemoryLog) -> None:
    """Typed anyhow; what cannot be one becomes one that nobody has."""
    found = [Prover(store).prepared(outsider(), Redeem(Secret(text))) for text in ("K3F9 0h1m x7qa 9d4c", "no")]
    assert all(isinstance(hello, Hello) and hello.name is None for hello in found)
    assert [len(getattr(hello, "invite", "?")) for hello in found] == [64, 0]
    assert code(Prover(store).prepared(insider(), Redeem(RIGHT))) == "bad_field"


def test_only_two_are_computed_at_once(store: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 64 MB; the others wait for their turn."""
    entered, gate, most = threading.Semaphore(0), threading.Event(), 0
    inside = 0
    lock = threading.Lock()

    def slow(password: str, kept: str | None) -> bool:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        entered.release()
        assert gate.wait(WAIT)
        with lock:
            inside -= 1
        return False

    monkeypatch.setattr(passwords, "matches", slow)
    prover = Prover(store)
    hellos = [Hello(f"name-{number}", "s" * 16, password=WRONG) for number in range(5)]
    threads = [threading.Thread(target=prover.prepared, args=(outsider(), hello)) for hello in hellos]
    for thread in threads:
        thread.start()
    for _ in range(AT_ONCE):
        assert entered.acquire(timeout=WAIT)
    assert not entered.acquire(timeout=0.05)
    gate.set()
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive()
    assert most == AT_ONCE


def test_one_address_does_not_hold_up_the_others(store: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an address other than this machine's, one password is computed at a time."""
    entered: SimpleQueue[str] = SimpleQueue()
    gate = threading.Event()

    def slow(password: str, kept: str | None) -> bool:
        entered.put(password)
        return gate.wait(WAIT) and False

    def start(address: str, password: str) -> threading.Thread:
        client = Client(Remembering(), address)
        client.is_confidential = True
        hello = Hello(password, "s" * 16, password=Secret(password))
        thread = threading.Thread(target=prover.prepared, args=(client, hello))
        thread.start()
        return thread

    monkeypatch.setattr(passwords, "matches", slow)
    prover = Prover(store)
    threads = [start("192.0.2.1:1", "first")]
    assert entered.get(timeout=WAIT) == "first"
    threads += [start("192.0.2.1:2", "second"), start("192.0.2.2:1", "other")]
    assert entered.get(timeout=WAIT) == "other"
    gate.set()
    assert entered.get(timeout=WAIT) == "second"
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive()


def test_the_hub_goes_on_while_a_password_is_checked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the one who logs in that waits."""
    checking, gate = threading.Event(), threading.Event()

    def slow(password: str, kept: str | None) -> bool:
        checking.set()
        return gate.wait(WAIT) and False

    monkeypatch.setattr(passwords, "matches", slow)
    seat = Seat(bench)
    dispatcher = Dispatcher(seat.client, bench.hub, bench.store, RateLimits(0))
    reader = threading.Thread(target=dispatcher.serve, args=([Hello("alice", bench.session(), password=WRONG)],))
    reader.start()
    assert checking.wait(WAIT)
    assert bench.seat("bob").say("I am here meanwhile")
    gate.set()
    reader.join(WAIT)
    assert not reader.is_alive()
    assert codes(seat.heard()) == ["password_wrong"]


def test_for_who_has_left_nothing_is_computed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many guesses were sent in one go."""
    checked: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda password, kept: checked.append(password))
    seat = Seat(bench)
    dispatcher = Dispatcher(seat.client, bench.hub, bench.store, RateLimits(0))
    monkeypatch.setattr(seat.client.outbox, "drain", seat.client.outbox.close)
    dispatcher.serve([Hello("alice", bench.session(), password=Secret(f"guess {number}")) for number in range(3)])
    assert checked == []


def test_who_is_sent_away_while_waiting_is_not_computed_for(store: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stops does not wait for all who have guessed."""
    checked: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda password, kept: checked.append(password))
    prover, client = Prover(store), outsider()
    monkeypatch.setattr(prover, "_computing", nullcontext())
    client.outbox.close()
    with pytest.raises(ConnectionResetError):
        prover.prepared(client, Hello("alice", "s" * 16, password=WRONG))
    with pytest.raises(ConnectionResetError):
        prover.prepared(client, Nick("alice", WRONG))
    assert checked == []


def test_a_store_that_fails_is_no_wrong_password(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is to be tried again."""

    def fail(name: str) -> None:
        raise StorageError("the disk reports an error")

    monkeypatch.setattr(bench.store, "account", fail)
    seat = Seat(bench)
    dispatcher = Dispatcher(seat.client, bench.hub, bench.store, RateLimits(0))
    for _ in range(9):
        dispatcher.serve([Hello("alice", bench.session(), password=RIGHT)])
    assert codes(seat.heard()) == ["storage_unavailable"] * 9


def test_requests_behind_a_password_wait_for_it(bench: Bench) -> None:
    """They are carried out, and answered, in the order in which they were sent."""
    bench.store.change(Create("alice", None), SetPassword(1, passwords.kept_form(RIGHT)))
    seat = Seat(bench)
    dispatcher = Dispatcher(seat.client, bench.hub, bench.store, RateLimits(0))
    hello = Hello("alice", bench.session(), password=RIGHT)
    dispatcher.serve([Who(), hello, Say("lobby", ["hello"], 1), Who()])
    seat.settle()
    told = [frame["type"] for frame in seat.heard() if frame["type"] != "presence"]
    assert told == ["error", "welcome", "joined", "history", "message", "who"]
