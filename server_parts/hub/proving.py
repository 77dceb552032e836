"""Passwords and codes that clients come with: checked here by the client's own reader, so that the hub never waits.

Hashing a password takes a third of a second and 64 MB; only so many are hashed at once. What goes on to the hub is a
`Proof` of what was found, without the secret: the hub looks whether that still holds. It must not know sockets.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from weakref import WeakValueDictionary

from chat_common import lasting
from server_parts.people import passwords
from server_parts.people.addresses import is_own, source_of
from server_parts.people.attempts import Attempts
from server_parts.people.clients import Client
from server_parts.people.one_time_codes import hash_of_code
from server_parts.protocol.account_requests import ChangePassword, Login, Password, Proof, Redeem, Secret
from server_parts.protocol.requests import ENCRYPTION_NEEDED, Hello, Nick, Refusal, Request
from server_parts.storage.account_records import Account, Purpose
from server_parts.storage.store import Store

AT_ONCE: Final = 2  # passwords that are hashed at a time

PASSWORD_WRONG: Final = Refusal("password_wrong", "that is not the password of this account", "password")
log = logging.getLogger("chat")

_IN_ALREADY: Final = Refusal("bad_field", "you are in already: an invitation lets new people in", "type")
_NO_PASSWORD: Final = Refusal("not_allowed", "there is no password to remove: you have no account", "new")


def carries_secret(request: Request) -> bool:
    """Whether it has to be prepared before the hub may have it."""
    match request:
        case Hello(password=password, invite=invite):
            return password is not None or invite is not None
        case Nick(password=password):
            return password is not None
    return isinstance(request, (Password, Login, Redeem))


class _Turn:
    """Who comes from one address, one after the other."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


class Prover:
    """One for a server. Any reader may use it, for a client of which nothing else is under way."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._attempts = Attempts(clock)
        self._computing = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()  # guards what follows
        self._turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()  # of addresses from which some wait

    def prepared(self, client: Client, request: Request) -> Request:
        """The request as the hub may have it; or a refusal."""
        if not client.is_confidential:
            return ENCRYPTION_NEEDED
        match request:
            case Login(name, password) if client.session is None:
                return self._hello(client, Hello(name, _new_session(), history=0, shares_name=True, password=password))
            case Login(name, password):
                return self._nick(client, Nick(name, password))
            case Redeem(code) if client.session is None:
                return self._hello(client, Hello(None, _new_session(), history=0, shares_name=True, invite=code))
            case Redeem():
                return _IN_ALREADY
            case Hello():
                return self._hello(client, request)
            case Nick():
                return self._nick(client, request)
            case Password():
                return self._password(client, request)
        return request

    def _hello(self, client: Client, hello: Hello) -> Request:
        if client.session is not None:
            return hello._replace(password=None, invite=None)  # refused by the hub: it was sent already
        if hello.invite is not None:
            hello = hello._replace(invite=Secret(hash_of_code(hello.invite) or ""))
        if hello.password is None:
            return hello
        proof = self._proof(client, hello.name or "", hello.password)
        return proof if isinstance(proof, Refusal) else hello._replace(password=None, proof=proof)

    def _nick(self, client: Client, nick: Nick) -> Request:
        assert nick.password is not None
        proof = self._proof(client, nick.name, nick.password)
        return proof if isinstance(proof, Refusal) else nick._replace(password=None, proof=proof)

    def _password(self, client: Client, password: Password) -> Request:
        account = self._store.account(client.name) if client.account else None
        if password.new is None and (account is None or account.password is None):
            return _NO_PASSWORD
        if password.new is not None and (problem := passwords.password_problem(password.new)):
            return Refusal("bad_field", problem, "new")
        if account is not None and account.password is not None:
            if password.old is None:
                return PASSWORD_WRONG._replace(text="your current password is needed too", field="old")
            # Not a code: whoever finds a device unlocked can make one there. And not counted with what others try.
            proof = self._by_attempt(client, client.name, account, password.old, f"{client.name} inside")
            if isinstance(proof, Refusal):
                return proof._replace(field="old")
        before = None if account is None or account.password is None else Secret(account.password)
        return ChangePassword(account.id if account is not None else 0, before, self._kept_form(client, password.new))

    def _kept_form(self, client: Client, new: Secret | None) -> Secret | None:
        if new is None:
            return None
        with self._turn_of(client):
            return Secret(passwords.kept_form(new))

    @contextmanager
    def _turn_of(self, client: Client) -> Iterator[None]:
        """Compute for a client when its turn has come. ConnectionResetError: it was sent away while it waited."""
        with self._place(source_of(client.address)):
            if client.outbox.closed:
                raise ConnectionResetError
            yield

    def _proof(self, client: Client, name: str, password: Secret) -> Proof | Refusal:
        """A code has too many bits to be guessed, so it is no attempt: it opens an account also while others guess."""
        account = self._store.account(name)
        return self._by_code(account, password) or self._by_attempt(client, name, account, password, name)

    def _by_attempt(
        self, client: Client, name: str, account: Account | None, password: Secret, counted_as: str
    ) -> Proof | Refusal:
        source = source_of(client.address)
        if wait := self._attempts.begin(counted_as, source):
            text = f"too many wrong passwords for {name} or from your address: try again in {lasting(wait)}"
            return Refusal("too_many", text, "password")
        proof = self._by_password(client, account, password)
        if proof is None:
            log.info("A wrong password for %s from %s", name, client.address)
            return PASSWORD_WRONG
        self._attempts.succeeded(counted_as, source)
        return proof

    @contextmanager
    def _place(self, source: str) -> Iterator[None]:
        """Where a password may be hashed. One for each other address, so that none of them holds up all others."""
        with self._lock:
            turn = _Turn() if is_own(source) else self._turns.setdefault(source, _Turn())
        with turn.lock, self._computing:
            yield

    def _by_code(self, account: Account | None, typed: Secret) -> Proof | None:
        hash = hash_of_code(typed)
        code = self._store.code(hash) if hash is not None and account is not None else None
        if code is None or account is None or code.purpose is Purpose.INVITE:
            return None
        if code.account != account.id or code.expires <= time.time():
            return None
        return Proof(account.id, code=Secret(code.hash), recovers=code.purpose is Purpose.RECOVER)

    def _by_password(self, client: Client, account: Account | None, password: Secret) -> Proof | None:
        """A name that nobody has takes as long as one with a password."""
        kept = account.password if account is not None else None
        with self._turn_of(client):
            right = passwords.matches(password, kept)
        return Proof(account.id, password=Secret(kept)) if right and account is not None and kept is not None else None


def _new_session() -> str:
    return secrets.token_urlsafe(24)
