"""Whose a session is: it may be resumed by whoever opened it, and by nobody else, also after a restart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from server_parts.storage.records import hashed
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.conftest import Chat, Serve
from tests.peers import Native, codes, of_type

pytestmark = pytest.mark.usefixtures("both_ways")

TOKEN = "0123456789abcdef0123456789abcdef"
OTHER = TOKEN[::-1]

Begin = Callable[[], Chat]


def refused(chat: Chat, name: str, **hello: object) -> str:
    """The code of the error that answers a hello; another name may then be tried on the same connection."""
    peer = chat.native()
    peer.hello(name, **hello)
    error = peer.until("error")
    assert error["fatal"] is False
    assert peer.enter(f"free-{name}", session="f" * 20)["accepted"] == 0
    peer.leave()
    return str(error["code"])


@pytest.mark.parametrize("thief", [{}, {"token": OTHER}], ids=["without a token", "with another token"])
@pytest.mark.parametrize("name", ["mallory", "alice"])
def test_a_session_string_alone_opens_nothing(serve: Serve, store: Store, thief: dict[str, str], name: str) -> None:
    """The owner of a claimed name notices nothing, and its next text is its own."""
    chat = serve(store=store)
    alice = chat.native("alice", token=TOKEN)
    alice.tell("one")
    code = refused(chat, name, session=alice.session, **thief)
    assert code == "session_taken"
    second = alice.tell("two")
    assert (second["seq"], second["text"]) == (2, "two")
    assert of_type(alice.pending(), "bye", "error") == []


def test_nor_when_the_owner_has_left(serve: Serve, store: Store) -> None:
    """Its count is still its own, and it goes on where it was."""
    chat = serve(store=store)
    alice = chat.native("alice", token=TOKEN)
    alice.tell("one")
    alice.leave()
    assert refused(chat, "mallory", session=alice.session, token=OTHER) == "session_taken"
    back = chat.native("alice", session=alice.session, token=TOKEN)
    assert back.welcome["accepted"] == 1
    assert back.tell("two")["seq"] == 2


def test_nor_after_a_restart(serve: Serve, tmp_path: Path) -> None:
    """What proves that a session is one's own is kept with it."""
    chat = serve(store=SqliteLog(tmp_path))
    alice, guest = chat.native("alice", token=TOKEN), chat.native("guy")
    alice.tell("one")
    guest.tell("one")
    chat.stop()
    again = serve(store=SqliteLog(tmp_path))
    assert refused(again, "mallory", session=alice.session) == "session_taken"
    assert refused(again, "mallory", session=guest.session) == "session_taken"
    assert again.native("alice", session=alice.session, token=TOKEN).welcome["accepted"] == 1
    assert again.native("guy", session=guest.session).welcome["accepted"] == 1


def test_a_token_s_session_follows_it_under_any_name(serve: Serve, store: Store) -> None:
    """After a new name, also one that the client has not heard of yet."""
    chat = serve(store=store)
    alice = chat.native("alice", token=TOKEN)
    alice.tell("one")
    alice.send("nick", name="anna")
    alice.moved("renamed", ["alice", "anna"])
    for name in ("anna", "alice"):
        assert chat.native(name, session=alice.session, token=TOKEN).welcome["accepted"] == 1


def test_a_guest_comes_back_under_its_new_name_or_the_one_before(serve: Serve, store: Store) -> None:
    """The link may be lost before it hears of the new one."""
    chat = serve(store=store)
    alice = chat.native("alice")
    alice.tell("one")
    alice.send("nick", name="anna")
    alice.moved("renamed", ["alice", "anna"])
    alice.leave()
    assert refused(chat, "mallory", session=alice.session) == "session_taken"
    for name in ("anna", "alice"):
        back = chat.native(name, session=alice.session)
        assert back.welcome["accepted"] == 1
        back.leave()


def test_a_guest_s_new_name_outlives_a_restart(serve: Serve, tmp_path: Path) -> None:
    """Also if nothing was said under it."""
    chat = serve(store=SqliteLog(tmp_path))
    alice = chat.native("alice")
    alice.tell("one")
    alice.send("nick", name="anna")
    alice.moved("renamed", ["alice", "anna"])
    chat.stop()
    again = serve(store=SqliteLog(tmp_path))
    assert again.native("anna", session=alice.session).welcome["accepted"] == 1


def test_a_guest_whose_name_is_taken_goes_on_with_the_next_free_one(serve: Serve, store: Store) -> None:
    """With the same session: what it sends again is not said twice."""
    chat = serve(store=store)
    alice = chat.native("alice")
    alice.tell("one")
    alice.leave()
    chat.native("alice")
    back = chat.native()
    back.hello("alice", session=alice.session)
    assert back.until("error")["code"] == "name_taken"
    assert back.enter("alice-2", session=alice.session)["accepted"] == 1
    assert of_type(back.ask("say", room="lobby", text="one", seq=1), "ack")


def test_an_older_connection_s_late_hello_does_not_disturb_the_owner(chat: Chat) -> None:
    """Whoever knocked first and knows the session, but not the token, is refused like anybody else."""
    early = chat.native()
    early.send("ping", n=1)
    alice = chat.native("alice", token=TOKEN)
    early.hello("mallory", session=alice.session)
    assert "session_taken" in codes(early.pending())
    assert alice.tell("one")["seq"] == 1


def test_a_session_is_kept_hashed(serve: Serve, store: Store) -> None:
    """Whoever reads the log finds no session string."""
    alice = serve(store=store).native("alice", token=TOKEN)
    alice.tell("one")
    assert store.accepted(hashed(alice.session)) == 1
    assert store.accepted(alice.session) == 0
    if isinstance(store, SqliteLog):
        written = b"".join(path.read_bytes() for path in store.path.parent.glob("chat.db*"))
        assert alice.session.encode() not in written
        assert TOKEN.encode() not in written


def test_one_s_own_session_still_replaces_its_old_connection(chat: Chat) -> None:
    """The proof is the token, or without one the name."""
    for name, token in (("alice", {"token": TOKEN}), ("guy", {})):
        old = chat.native(name, **token)
        old.tell("one")
        new = Native(chat.port)
        chat.admit(new)
        assert new.enter(name, session=old.session, **token)["accepted"] == 1
        assert old.until("bye")["code"] == "replaced"
