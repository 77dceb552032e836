"""What a person is told of a server's key: on the first contact, and when it is not the key that it should be. Pure.

Every refusal says what was seen, what that may mean, and what to do.
"""

from __future__ import annotations

from typing import Final

from client_parts.kept.known_servers import Known
from terminal_parts.command_line import how_to_start
from tls_parts.public_key import words

_ASK: Final = "Ask the operator of the server which key is right."
_NOT_ONE: Final = "The servers of one chat have one key."
_MEANING: Final = "Either the server has a new key, or another server pretends to be it. Nothing was sent."


class Untrusted(Exception):
    """There must be no connection: why, and what to do, in sentences."""


def no_answer(address: str, *, is_known: bool) -> str:
    if is_known:
        return f"{address} does not answer with encryption, as it did before; the client does not connect without it."
    return f"{address} does not answer with encryption; use --no-tls to connect to it without."


def first_contact(address: str, key: bytes) -> str:
    return (
        f"First connection to {address}: its key is {words(key)}. "
        "If you can, compare it with the key that the server shows."
    )


def not_compared(address: str, key: bytes, invitation: str) -> str:
    return (
        f"this is the first connection to {address}, and another server could pretend to be it. Ask the operator for "
        f"the key; if it is {words(key)}, use: {how_to_start('client')} {invitation}"
    )


def as_linked(address: str) -> str:
    return f"{address} has the key that your link names; it is remembered."


def as_the_others(address: str) -> str:
    return f"{address} has the key of the other servers; it is remembered."


def moved_to_name(address: str, before: bytes) -> str:
    return (
        f"{address} has another key than before ({words(before)}), and a certificate of a public authority. From "
        "now on the client recognises it by its name."
    )


def changed(address: str, known: Known, found: bytes, servers: str) -> str:
    return (
        f"The key of {address} has changed. It was {words(known.key or b'')}{_since(known)}; now it is {words(found)}. "
        f"{_MEANING} {_ASK} {_if_it_is_right(servers)}"
    )


def not_the_same(address: str, known: Known, found: bytes) -> str:
    """It is said to be a server of a chat of which others are known."""
    return (
        f"The server at {address} is not one of this chat: its key is {words(found)}, and the others have "
        f"{words(known.key or b'')}. {_NOT_ONE} Nothing was sent to it. {_ASK}"
    )


def not_of_that_name(address: str, name: str, reason: str) -> str:
    return (
        f"The server at {address} is not one of this chat, which is known by the name {name}: {reason}. Either its "
        f"certificate does not hold that name, or another server pretends to be it. Nothing was sent to it. {_ASK}"
    )


def not_one_chat(address: str, known: Known, other: str, its: Known) -> str:
    return (
        f"{address} and {other} are not known as servers of one chat: the first by {_what(known)}{_since(known)}, the "
        f"second by {_what(its)}{_since(its)}. {_NOT_ONE} Leave one of them out. {_ASK} If the other is remembered "
        f"wrongly, connect to it alone with --forget-server first."
    )


def several_in_clear() -> str:
    return (
        "Several servers elsewhere are reached only encrypted: in clear nobody could tell that they are one chat. "
        "Leave out --no-tls, or name one server."
    )


def none_is_right() -> str:
    return "None of the servers is the one that it should be."


def not_as_linked(address: str, link: bytes, found: bytes) -> str:
    return (
        f"The server at {address} is not the one that your link names. The link says {words(link)}; the server has "
        f"{words(found)}. Either the link is old, or another server pretends to be it. "
        f"Nothing was sent. {_ASK} If the link is old, use a new one."
    )


def link_contradicts(address: str, link: bytes, known: Known) -> str:
    return (
        f"Your link names another key of {address} than the one that is remembered. The link says {words(link)}; "
        f"remembered is {words(known.key or b'')}{_since(known)}. Nothing was sent. {_ASK} "
        "If it is the link's, repeat the command with --forget-server."
    )


def not_verified_any_more(address: str, known: Known, reason: str, servers: str) -> str:
    return (
        f"The certificate of {address} is not valid: {reason}. A public authority has vouched for it"
        f"{_since(known)}. "
        "Either the operator has not renewed it, or another server pretends to be it. "
        f"Nothing was sent. Ask the operator of the server. {_if_it_is_right(servers)}"
    )


def met_another(address: str, known: Known) -> str:
    present = "with a verified name" if known.key is None else f"with the key {words(known.key)}"
    return (
        f"Another client of yours has met {address} at the same time, {present}, and this one has met another server. "
        f"One of them is not the right one. {_ASK}"
    )


def never_in_clear(address: str) -> str:
    return (
        f"The connection to {address} was encrypted before, so --no-tls is refused; leave it out, or add "
        "--forget-server if that server does not encrypt any more."
    )


def forgotten(address: str, known: Known | None) -> str:
    if known is None:
        return f"Nothing was remembered of {address}."
    return f"Forgot what was remembered of {address}: {_what(known, 'that its name was verified')}{_since(known)}."


def _what(known: Known, verified: str = "its verified name") -> str:
    return verified if known.key is None else f"its key {words(known.key)}" if known.key else "a key"


def _since(known: Known) -> str:
    return f" (since {known.since})" if known.since else ""


def _if_it_is_right(servers: str) -> str:
    # What proved a name was made for the old key.
    again = f"{how_to_start('client')} {servers} --forget-server"
    return f"If the change is right: {again} (and --login, if you have a name there)"
