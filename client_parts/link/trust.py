"""Whom to talk to: opens connections to the servers of one chat, and only to those.

A server whose certificate an authority vouches for is recognised by its name; any other by its key, which a link names
or the first contact shows. Of several servers each has to prove to be the same: with the one key, or with a certificate
for the one name. What should be encrypted is never sent in clear instead.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from chat_common import encode_frame
from client_parts.kept.audience import OWN_MACHINE, Audience, in_clear, of_key, of_name
from client_parts.kept.known_servers import Known, KnownServers, KnownServersError, known_today
from client_parts.link import distrust
from client_parts.link.dialing import Deadline, Hold, NotEncrypted, Place, connect, wait_for_a_sign
from client_parts.link.distrust import Untrusted
from client_parts.link.server import Server, Servers
from client_parts.link.wire import PlainWire, Wire
from tls_parts.invitation import Invitation
from tls_parts.public_key import is_same

if TYPE_CHECKING:
    from client_parts.link.secure import SecureDialing

_PROBE: Final = encode_frame({"type": "ping"})  # answered also before somebody says who they are


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection to the right server."""

    server: Server
    wire: Wire
    audience: Audience  # whom a token for it is made for
    known: Known | None = None  # how it was recognised; None for one in clear

    def close(self) -> None:
        self.wire.close()


class Trust:
    """`open` runs in threads that connect, and changes nothing; all else is for one thread."""

    def __init__(self, servers: Servers, known_servers: KnownServers) -> None:
        self.servers = servers
        self._known_servers = known_servers
        self._current = servers.first
        self._kept: dict[str, Known] = {}  # what is remembered between runs, by address
        self._settled: Known | None = None  # whom this run talks to, whatever becomes of the file
        self._has_met = False  # in this run, for the first time

    # --- Connecting ---

    def look_up(self) -> None:
        """Read what is remembered, before connections are opened. Untrusted if there must be none at all."""
        if self._settled is not None or self.servers.are_private:
            return
        try:
            found = {server: self._known_servers.find(_key_of(server)) for server in self.servers.all}
        except KnownServersError as problem:
            # Nobody can tell whether this is the server that it was: whoever is in between must not profit.
            raise Untrusted(str(problem)) from None
        kept = {server: known for server, known in found.items() if known is not None}
        self._kept = {_key_of(server): known for server, known in kept.items()}
        self._check_encryption(kept)
        self._check_keys(kept)

    def _check_encryption(self, kept: dict[Server, Known]) -> None:
        for server in kept:
            if not server.is_encrypted:
                raise Untrusted(distrust.never_in_clear(server.address))
        if self.servers.are_several and not all(server.is_encrypted for server in self.servers.all):
            raise Untrusted(distrust.several_in_clear())

    def _check_keys(self, kept: dict[Server, Known]) -> None:
        """What is remembered, and what the link names, is one."""
        link = self.servers.key
        for server, known in kept.items():
            if link is not None and known.key is not None and not is_same(known.key, link):
                raise Untrusted(distrust.link_contradicts(server.address, link, known))
        if not any(known.key is None for known in kept.values()):  # or the name counts
            for (one, known), (other, its) in pairwise(kept.items()):
                if not known.is_like(its):
                    raise Untrusted(distrust.not_one_chat(one.address, known, other.address, its))

    def open(self, server: Server, place: Place, hold: Hold, *, greets: bool = True) -> Opened:
        """OSError says why there is no connection, Untrusted why there must be none.

        Without `greets`, nothing is said over it: it is not for a conversation.
        """
        deadline = Deadline(self.servers.patience.connect)
        if not server.is_encrypted:
            audience = OWN_MACHINE if server.is_own else in_clear(_key_of(server))
            return Opened(server, PlainWire(self._connect_in_clear(place, deadline, hold, greets)), audience)
        try:
            return self._open_encrypted(server, lambda: connect(place, deadline, hold), deadline)
        except NotEncrypted:
            is_known = _key_of(server) in self._kept or self._settled is not None
            raise NotEncrypted(distrust.no_answer(server.address, is_known=is_known)) from None

    def _connect_in_clear(self, place: Place, deadline: Deadline, hold: Hold, greets: bool) -> socket.socket:
        connection = connect(place, deadline, hold)
        if self.servers.are_several and greets:  # one that hangs would hold up the others
            wait_for_a_sign(connection, _PROBE, deadline)
        return connection

    def _open_encrypted(self, server: Server, connect: Callable[[], socket.socket], deadline: Deadline) -> Opened:
        # Imported here: whoever talks to a server on this machine does not need it.
        from client_parts.link.secure import SecureDialing

        dialing = SecureDialing(self._named.host, connect, deadline)
        known = self._settled or self._known_at(self._named)
        if known is not None and known.key is None:
            return self._open_by_name(server, dialing, known)
        expected = self.servers.key if known is None else known.key
        return self._meet(server, dialing) if expected is None else self._open_by_key(server, dialing, known, expected)

    @property
    def _named(self) -> Server:
        """The one whose name counts, where an authority vouches for names: also others have a certificate for it.

        Never one of which nothing is remembered beside one that is known: whoever made up the list may own that name.
        """
        known = [server for server in self.servers.all if self._known_at(server) is not None]
        return next(
            (server for server in known if self._kept[_key_of(server)].key is None), (*known, self.servers.first)[0]
        )

    def _known_at(self, server: Server) -> Known | None:
        return self._kept.get(_key_of(server))

    def _meet(self, server: Server, dialing: SecureDialing) -> Opened:
        """Nothing is known of it: its name counts, if an authority vouches for that, else its key."""
        if (wire := dialing.verified()) is not None:
            return self._by_name(server, wire, known_today(None))
        wire = dialing.unverified()
        return Opened(server, wire, of_key(wire.key), known_today(wire.key))

    def _by_name(self, server: Server, wire: Wire, known: Known) -> Opened:
        return Opened(server, wire, of_name(self._named.host), known)

    def _open_by_name(self, server: Server, dialing: SecureDialing, known: Known) -> Opened:
        link, wire = self.servers.key, dialing.verified()
        if wire is None:
            raise Untrusted(self._why_not_by_name(server, known, dialing.refusal))
        if link is not None and not is_same(wire.key, link):
            wire.close()
            raise Untrusted(distrust.not_as_linked(server.address, link, wire.key))
        return self._by_name(server, wire, known)

    def _why_not_by_name(self, server: Server, known: Known, reason: str) -> str:
        if server.host.lower() == self._named.host.lower():
            return distrust.not_verified_any_more(server.address, known, reason, self.servers.addresses)
        return distrust.not_of_that_name(server.address, self._named.host, reason)

    def _open_by_key(self, server: Server, dialing: SecureDialing, known: Known | None, expected: bytes) -> Opened:
        wire = dialing.unverified()
        if is_same(wire.key, expected):
            return Opened(server, wire, of_key(wire.key), known or known_today(wire.key))
        wire.close()
        if known is None:
            raise Untrusted(distrust.not_as_linked(server.address, expected, wire.key))
        # It may have got a certificate from an authority meanwhile; but then a link does not name the old key. The
        # name must be one that had this key: anybody can have a certificate for a name of his own.
        may_move = self.servers.key is None and self._known_at(self._named) is not None
        verified = dialing.verified() if may_move else None
        if verified is None:
            raise Untrusted(self._why_not_by_key(server, known, wire.key))
        return self._by_name(server, verified, known_today(None))

    def _why_not_by_key(self, server: Server, known: Known, found: bytes) -> str:
        if (own := self._known_at(server)) is not None or not self.servers.are_several:
            return distrust.changed(server.address, own or known, found, self.servers.addresses)
        return distrust.not_the_same(server.address, known, found)

    # --- Whom this run talks to ---

    @property
    def invitation(self) -> str:
        """What others give to their client to come to these servers and no others: quoted, if a shell needs that."""
        elsewhere = [(server.host, server.port) for server in self.servers.all if not server.is_own]
        if not elsewhere:
            return "HOST"  # nobody here knows how it is called elsewhere
        if self._settled is None:
            return f"{_key_of(self.servers.first)} --no-tls"
        (host, port), *others = elsewhere
        return f'"{Invitation(host, port, None, self._settled.key, tuple(others))}"'

    @property
    def doubt(self) -> str:
        """Why a password is not for this server yet: only the server itself has said what its key is."""
        key = self._settled.key if self._settled is not None and self._has_met else None
        return "" if key is None else distrust.not_compared(self._current.address, key, self.invitation)

    def settle(self, opened: Opened) -> None:
        """Who answered now is who this run talks to: another one gets neither its session nor its texts."""
        if self._settled is None and opened.known is not None and opened.known.key is not None:
            self._has_met = not self._kept and self.servers.key is None
        self._current, self._settled = opened.server, opened.known

    # --- Remembering ---

    def remember(self) -> str:
        """Keep for later runs who this is, now that it has proved to be a chat; what a person should know of that.

        Untrusted if another client has met another server there at the same time.
        """
        if (settled := self._settled) is None:
            return ""
        # A name is remembered of the one server that is called so.
        return self._remember(self._current if settled.key is not None else self._named, settled)

    def _remember(self, server: Server, settled: Known) -> str:
        before = self._known_at(server)
        if settled.is_like(before):
            return ""
        news = self._news(server, settled, before)
        self._kept[_key_of(server)] = settled
        try:
            present = self._known_servers.remember(_key_of(server), settled, before)
        except KnownServersError as problem:
            return f"{news} {problem}".strip()
        if not present.is_like(settled):
            raise Untrusted(distrust.met_another(server.address, present))
        return news

    def _news(self, server: Server, settled: Known, before: Known | None) -> str:
        address = server.address
        if settled.key is None:
            return distrust.moved_to_name(address, before.key) if before is not None and before.key is not None else ""
        if self.servers.key:
            return distrust.as_linked(address)
        return distrust.as_the_others(address) if self._kept else distrust.first_contact(address, settled.key)

    def forget(self) -> list[str]:
        """Forget what is remembered of them; sentences. Untrusted if that is not possible."""
        try:
            return [
                distrust.forgotten(server.address, self._known_servers.forget(_key_of(server)))
                for server in self.servers.all
            ]
        except KnownServersError as problem:
            raise Untrusted(str(problem)) from None


def _key_of(server: Server) -> str:
    """Under which it is remembered."""
    return server.address.lower()
