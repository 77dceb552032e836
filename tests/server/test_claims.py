"""When a name becomes one's own for good, and who has to leave it to whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_parts.people import reservations
from server_parts.people.clients import Client, Session
from server_parts.people.names import Names
from server_parts.people.reservations import CLAIMS, CLAIMS_TIME, GRACE
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Run, hashed
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Entry, Store
from tests.clock import Clock
from tests.conftest import Chat, Serve
from tests.peers import Native, codes, of_type
from tests.server.hub.bench import Remembering
from tests.server.storage.owners import owner_of

pytestmark = pytest.mark.usefixtures("both_ways")

TOKEN = "0123456789abcdef0123456789abcdef"
OTHER = TOKEN[::-1]


@pytest.fixture
def chat(serve: Serve, store: Store) -> Chat:
    return serve(store=store)


def refused(chat: Chat, name: str, **hello: object) -> str:
    peer = chat.native()
    peer.hello(name, **hello)
    return str(peer.until("error")["code"])


# --- what is used is kept ---


def test_a_name_that_is_not_used_is_not_kept(chat: Chat, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is its bearer's while that is connected, and for a short time after; then it is anybody's."""
    alice = chat.native("alice", token=TOKEN)
    assert refused(chat, "alice", token=OTHER) == "name_taken"
    alice.leave()
    assert refused(chat, "alice") == refused(chat, "alice", token=OTHER) == "name_taken"
    assert chat.native("alice", token=TOKEN).welcome["name"] == "alice"
    assert owner_of(store, "alice") is None
    monkeypatch.setattr(reservations, "GRACE", 0.0)
    chat.native("bob", token=TOKEN).leave()
    assert chat.native("bob", token=OTHER).welcome["name"] == "bob"


def test_the_first_message_keeps_it(chat: Chat, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a public room or in a private one."""
    monkeypatch.setattr(reservations, "GRACE", 0.0)
    bob = chat.native("bob")
    alice, anna = chat.native("alice", token=TOKEN), chat.native("anna", token=OTHER)
    alice.tell("hello")
    anna.tell("hello", "@bob")
    assert (owner_of(store, "alice"), owner_of(store, "anna")) == (hashed(TOKEN), hashed(OTHER))
    for peer in (alice, anna, bob):
        peer.leave()
    assert refused(chat, "alice", token=OTHER) == refused(chat, "anna") == "name_taken"


def test_a_private_word_to_it_keeps_it(chat: Chat, store: Store) -> None:
    """So that its owner finds it; also if that has just lost its connection."""
    writer = chat.native("writer")
    chat.native("alice", token=TOKEN)
    writer.tell("psst", "@alice")
    chat.native("anna", token=OTHER).leave()
    writer.tell("psst", "@anna")
    assert (owner_of(store, "alice"), owner_of(store, "anna")) == (hashed(TOKEN), hashed(OTHER))
    anna = chat.native()
    anna.hello("anna", token=OTHER)
    assert "psst" in str(of_type(anna.pending(), "history"))


@pytest.mark.parametrize("text", ["", "x" * 5_001])
def test_what_is_refused_keeps_nothing(chat: Chat, store: Store, text: str) -> None:
    """Only a message does."""
    alice = chat.native("alice", token=TOKEN)
    alice.say(text)
    assert alice.until("error")
    assert owner_of(store, "alice") is None


def test_claim_and_message_are_one(serve: Serve, tmp_path: Path) -> None:
    """They go into the log in one piece, so no crash can come between them."""

    class Watched(SqliteLog):
        entries: list[tuple[list[str], dict[str, str]]]

        def write(self, entry: Entry) -> list[Run]:
            self.entries.append(([text for draft in entry.drafts for text in draft.texts], dict(entry.claims)))
            return super().write(entry)

    Watched.entries = []
    alice = serve(store=Watched(tmp_path)).native("alice", token=TOKEN)
    alice.tell("one")
    alice.tell("two")
    assert Watched.entries == [(["one"], {"alice": hashed(TOKEN)}), (["two"], {})]


def test_passing_through_a_name_does_not_keep_it(chat: Chat, store: Store) -> None:
    """Nor reserve it; but what is said under it does, as under any other."""
    alice = chat.native("alice", token=TOKEN)
    for name in ("passing", "staying"):
        alice.send("nick", name=name)
        alice.moved("renamed", [alice.welcome["name"] if name == "passing" else "passing", name])
    assert chat.native("passing").welcome["name"] == "passing"
    alice.send("say", room="lobby", text="here I stay", seq=1)
    alice.until("message", seq=1)
    assert (owner_of(store, "staying"), owner_of(store, "passing"), owner_of(store, "alice")) == (
        hashed(TOKEN),
        None,
        None,
    )


def test_a_thousand_names_a_second_leave_nothing(chat: Chat, store: Store) -> None:
    """Whoever claims without saying anything costs no place in the log."""
    for number in range(200):
        chat.native(f"squatter-{number}", token=OTHER).leave()
    assert [owner_of(store, f"squatter-{number}") for number in range(200)] == [None] * 200


# --- how many names an address may claim ---


class Town:
    """People from anywhere, at any time."""

    def __init__(self) -> None:
        self.store, self.clock = MemoryLog(), Clock()
        self.names = Names(self.store, "boss", self.clock)

    def come(self, name: str, address: str, token: str | None = None) -> Client:
        client = Client(Remembering(), address)
        client.token_hash = hashed(token or f"a secret of {name}")
        client.session = Session(f"session of {name}", 0)
        assert self.names.refusal(name, client) is None
        self.names.take(name, client, self.names.owned(name, client))
        return client

    def speak(self, client: Client) -> bool:
        """Whether what is said keeps the name."""
        claims = self.names.due_claims([client.name.lower()])
        self.store.append([], {}, {}, claims)
        for name, token_hash in claims.items():
            self.names.claimed(name, token_hash)
        return client.trusted


@pytest.mark.parametrize(
    "addresses",
    [["192.0.2.7:1", "192.0.2.7:2"], ["[2001:db8::1]:1", "[2001:db8::2]:1"], ["[::ffff:192.0.2.7]:1", "192.0.2.7:9"]],
    ids=["one address", "one network", "one address, written twice"],
)
def test_an_address_may_claim_a_few_names_a_day(addresses: list[str]) -> None:
    """Whoever comes after that bears the name like a guest, and is told so, until the next day."""
    town = Town()
    kept = [town.speak(town.come(f"name-{n}", addresses[n % 2])) for n in range(CLAIMS + 2)]
    assert kept == [True] * CLAIMS + [False] * 2
    last = town.names.find(f"name-{CLAIMS}")
    assert last is not None
    assert b"have been claimed from your address" in b"".join(last.outbox.blocks)  # type: ignore[attr-defined]
    assert town.speak(town.come("elsewhere", "192.0.2.8:1"))
    town.clock.now += CLAIMS_TIME
    assert town.speak(town.come("tomorrow", addresses[0]))


@pytest.mark.parametrize("address", ["127.0.0.1:5", "[::1]:5", "[::ffff:127.0.0.1]:5"])
def test_this_machine_may_claim_any_number(address: str) -> None:
    """Many people may sit at it."""
    town = Town()
    assert all(town.speak(town.come(f"name-{n}", address)) for n in range(3 * CLAIMS))


def test_a_claim_that_could_not_be_written_counts_once() -> None:
    """Trying again with the same name costs nothing."""
    town = Town()
    client = town.come("alice", "192.0.2.7:1")
    for _ in range(3 * CLAIMS):
        assert town.names.due_claims(["alice"])
    assert town.speak(client)
    assert town.speak(town.come("anna", "192.0.2.7:1"))


def test_an_address_may_reserve_a_few_names() -> None:
    """Of those who left, the last ones; and not for ever."""
    town = Town()
    people = [town.come(f"name-{n}", "192.0.2.7:1") for n in range(CLAIMS + 2)]
    for client in people:
        town.names.release(client)
    assert [town.names.is_claimed(client.name) for client in people] == [False] * 2 + [True] * CLAIMS
    town.clock.now += GRACE
    assert not any(town.names.is_claimed(client.name) for client in people)


# --- guests leave a name to those who can claim it ---


def test_a_guest_leaves_a_name_to_who_comes_with_a_token(chat: Chat) -> None:
    """It is renamed like anybody else, is told why, and goes on talking."""
    alice, guest = chat.native("alice"), chat.native("bob")
    alice.moved("joined", "bob")
    guest.tell("one")
    bob = chat.native("bob", token=TOKEN)
    assert alice.moved("renamed", ["bob", "guest-1"])["room"] == "lobby"
    assert "you are now guest-1" in guest.until("notice")["text"]
    guest.moved("renamed", ["bob", "guest-1"])
    guest.say("two")
    assert alice.until("message", text="two")["from"] == "guest-1"
    assert bob.tell("I am bob")["from"] == "bob"


def test_also_to_who_changes_to_it(chat: Chat) -> None:
    """A new name is wanted as much as a first one."""
    guest, owner = chat.native("bob"), chat.native("olga", token=TOKEN)
    owner.send("nick", name="bob")
    owner.moved("renamed", ["olga", "bob"])
    guest.moved("renamed", ["bob", "guest-1"])


def test_nobody_with_a_token_leaves_its_name(chat: Chat) -> None:
    """Whether it has said something or not; nor does one guest to another."""
    chat.native("bob", token=TOKEN)
    carol = chat.native("carol", token=TOKEN)
    carol.tell("mine")
    chat.native("guy")
    assert refused(chat, "bob", token=OTHER) == refused(chat, "carol", token=OTHER) == "name_taken"
    assert refused(chat, "guy") == "name_taken"


def test_a_plain_guest_leaves_its_name_too(chat: Chat) -> None:
    """It reads a line about it."""
    plain = chat.plain("/nick bob")
    plain.until("guest-1 is now bob")
    chat.native("bob", token=TOKEN)
    plain.until("somebody with a claim to the name bob has connected")
    plain.until("bob is now guest-1")
    plain.say("still here")
    plain.until("delivered")


@pytest.mark.parametrize("said", [True, False])
def test_a_guest_that_was_renamed_comes_back(chat: Chat, said: bool) -> None:
    """With its session, under the name that the server gave it."""
    guest = chat.native("bob")
    if said:
        guest.tell("one")
    chat.native("bob", token=TOKEN)
    guest.moved("renamed", ["bob", "guest-1"])
    guest.leave()
    back = chat.native("guest-1", session=guest.session)
    assert (back.welcome["name"], back.welcome["accepted"]) == ("guest-1", int(said))
    assert refused(chat, "guest-2", session=guest.session) == "bad_name"
    assert refused(chat, "guest-1") == "bad_name"


def test_a_guest_s_number_may_be_another_one_meanwhile(chat: Chat) -> None:
    """Whoever has it now keeps it, and whoever comes back gets the next free one; nobody is renamed for it."""
    guest = chat.native("bob")
    chat.native("bob", token=TOKEN)
    guest.moved("renamed", ["bob", "guest-1"])
    guest.leave()
    plain = chat.plain("hello")
    assert plain.enter() == "guest-1"
    back = chat.native("guest-1", session=guest.session, token=OTHER)
    assert back.welcome["name"] == "guest-2"
    plain.say("/who")
    assert "guest-1" in plain.until("here: ")


def test_what_a_guest_was_told_in_private_is_not_for_who_takes_its_name(chat: Chat) -> None:
    """Neither what was said, nor what is on its way."""
    alice, guest = chat.native("alice"), chat.native("bob")
    alice.tell("psst", "@bob")
    bob = Native(chat.port, "bob", token=TOKEN)
    chat.admit(bob)
    alice.say("and another secret", "@bob")
    assert alice.until("error", seq=2)["code"] == "no_such_user"
    bob.tell("now the name is mine")
    answers = [*bob.ask("history", room="@alice"), *bob.ask("join", room="@alice", after=0), *bob.pending()]
    assert "psst" not in str([frame.get("messages") for frame in answers])
    assert "secret" not in str(answers)
    assert codes(guest.ask("history", room="@alice+bob")) == ["denied"]
