"""What tests of accounts ask for, and of whom."""

from __future__ import annotations

from typing import Any

from server_parts.protocol.account_requests import GiveRole
from server_parts.protocol.requests import Request
from server_parts.storage.account_records import Account
from server_parts.storage.store import Store
from tests.conftest import Chat
from tests.peers import WAIT, Frame, Native

TOKEN = "0123456789abcdef0123456789abcdef"
PHONE = TOKEN[::-1]
STRANGER = "x" * 32
PASSWORD = "correct horse battery"
BY: dict[str, Any] = {"features": ["by"]}


def holder_of_alice(chat: Chat) -> Native:
    """She has an account, and has proved it with her first device."""
    alice = chat.native("alice", token=TOKEN, client="laptop", **BY)
    alice.tell("mine")
    return alice


def account(store: Store, name: str = "alice") -> Account:
    found = store.account(name)
    assert found is not None
    return found


def refusal(chat: Chat, name: str, **hello: Any) -> str:
    """What a hello is refused with."""
    with Native(chat.port) as peer:
        peer.hello(name, **hello)
        return str(peer.until("error")["code"])


def ask(peer: Native, type: str, **fields: Any) -> Frame:
    """The answer to a request, behind whatever else was on its way."""
    return peer.ask(type, **fields)[-1]


def set_password(peer: Native, new: str | None = PASSWORD, **fields: Any) -> None:
    assert ask(peer, "password", new=new, **fields)["type"] == "notice"


def by_the_owner(chat: Chat, request: Request) -> None:
    """What the person at the server's own terminal asks for."""
    owner = chat.server._operator.client
    owner.credits.get(timeout=WAIT)
    chat.server._hub.submit(owner, [request])


def as_operator(chat: Chat, name: str = "olga", token: str = "o" * 32) -> Native:
    """Somebody to whom the owner of the server has given that role."""
    peer = chat.native(name, token=token, **BY)
    peer.tell("mine")
    by_the_owner(chat, GiveRole(name, "operator"))
    assert peer.until("notice")["text"] == "you are now an operator of this server"
    return peer
