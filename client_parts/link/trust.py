"""Whom to talk to: opens connections to one server, and only to that one.

A server whose certificate an authority vouches for is recognised by its name; any other by its key, which a link names
or the first contact shows. What should be encrypted is never sent in clear instead.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from client_parts.kept.audience import OWN_MACHINE, Audience, in_clear, of_key, of_name
from client_parts.kept.known_servers import Known, KnownServers, KnownServersError, known_today
from client_parts.link import distrust
from client_parts.link.dialing import Deadline, Hold, NotEncrypted, connect
from client_parts.link.distrust import Untrusted
from client_parts.link.server import Server
from client_parts.link.wire import PlainWire, Wire
from tls_parts.invitation import Invitation
from tls_parts.public_key import is_same

if TYPE_CHECKING:
    from client_parts.link.secure import SecureDialing


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection to the right server."""

    wire: Wire
    audience: Audience  # whom a token for it is made for
    known: Known | None = None  # how it was recognised; None for one in clear

    def close(self) -> None:
        self.wire.close()


class Trust:
    """`open` runs in a thread that connects; nothing else is called meanwhile."""

    def __init__(self, server: Server, servers: KnownServers) -> None:
        self._server = server
        self._servers = servers
        self._address = server.address.lower()
        self._kept: Known | None = None  # what is remembered between runs
        self._settled: Known | None = None  # whom this run talks to, whatever becomes of the file
        self._has_met = False  # in this run, for the first time

    # --- Connecting ---

    def open(self, hold: Hold) -> Opened:
        """OSError says why there is no connection, Untrusted why there must be none."""
        deadline = Deadline(self._server.patience.connect)
        if self._server.is_own and not self._server.is_encrypted:
            return Opened(PlainWire(self._connect(deadline, hold)), OWN_MACHINE)
        known = self._known()
        if not self._server.is_encrypted:
            if known is not None:
                raise Untrusted(distrust.never_in_clear(self._server.address))
            return Opened(PlainWire(self._connect(deadline, hold)), in_clear(self._address))
        try:
            return self._open_encrypted(deadline, hold, known)
        except NotEncrypted:
            raise NotEncrypted(distrust.no_answer(self._server.address, is_known=known is not None)) from None

    def _known(self) -> Known | None:
        if self._settled is None:
            try:
                self._kept = self._servers.find(self._address)
            except KnownServersError as problem:
                # Nobody can tell whether this is the server that it was: whoever is in between must not profit.
                raise Untrusted(str(problem)) from None
        return self._settled or self._kept

    def _connect(self, deadline: Deadline, hold: Hold) -> socket.socket:
        return connect(self._server.host, self._server.port, deadline, hold)

    def _open_encrypted(self, deadline: Deadline, hold: Hold, known: Known | None) -> Opened:
        # Imported here: whoever talks to a server on this machine does not need it.
        from client_parts.link.secure import SecureDialing

        dialing = SecureDialing(self._server.host, lambda: self._connect(deadline, hold), deadline)
        expected = self._expected_key(known)
        if known is not None and known.key is None:
            return self._open_by_name(dialing, known, expected)
        return self._meet(dialing) if expected is None else self._open_by_key(dialing, known, expected)

    def _expected_key(self, known: Known | None) -> bytes | None:
        """The one that is remembered, or that the link names; if both are there, they are one."""
        link, remembered = self._server.key, known.key if known is not None else None
        if known is not None and remembered is not None and link is not None and not is_same(remembered, link):
            raise Untrusted(distrust.link_contradicts(self._server.address, link, known))
        return remembered or link

    def _meet(self, dialing: SecureDialing) -> Opened:
        """Nothing is known of it: its name counts, if an authority vouches for that, else its key."""
        if (wire := dialing.verified()) is not None:
            return self._by_name(wire, known_today(None))
        wire = dialing.unverified()
        return Opened(wire, of_key(wire.key), known_today(wire.key))

    def _by_name(self, wire: Wire, known: Known) -> Opened:
        return Opened(wire, of_name(self._server.host), known)

    def _open_by_name(self, dialing: SecureDialing, known: Known, link: bytes | None) -> Opened:
        wire = dialing.verified()
        if wire is None:
            raise Untrusted(distrust.not_verified_any_more(self._server.address, known, dialing.refusal))
        if link is not None and not is_same(wire.key, link):
            wire.close()
            raise Untrusted(distrust.not_as_linked(self._server.address, link, wire.key))
        return self._by_name(wire, known)

    def _open_by_key(self, dialing: SecureDialing, known: Known | None, expected: bytes) -> Opened:
        wire = dialing.unverified()
        if is_same(wire.key, expected):
            return Opened(wire, of_key(wire.key), known or known_today(wire.key))
        wire.close()
        if known is None:
            raise Untrusted(distrust.not_as_linked(self._server.address, expected, wire.key))
        # It may have got a certificate from an authority meanwhile; but then a link does not name the old key.
        verified = dialing.verified() if self._server.key is None else None
        if verified is None:
            raise Untrusted(distrust.changed(self._server.address, known, wire.key))
        return self._by_name(verified, known_today(None))

    @property
    def invitation(self) -> str:
        """What others give to their client to come to this server, and to no other: quoted, if a shell needs that."""
        settled = self._settled
        if self._server.is_own:
            return "HOST"  # nobody here knows how it is called elsewhere
        if settled is None:
            return f"{self._address} --no-tls"
        return f'"{Invitation(self._server.host, self._server.port, None, settled.key)}"'

    @property
    def doubt(self) -> str:
        """Why a password is not for this server yet: only the server itself has said what its key is."""
        key = self._settled.key if self._settled is not None and self._has_met else None
        return "" if key is None else distrust.not_compared(self._server.address, key, self.invitation)

    # --- Remembering ---

    def settle(self, opened: Opened) -> None:
        """Who answered now is who this run talks to: another one gets neither its session nor its texts."""
        if self._settled is None and opened.known is not None and opened.known.key is not None:
            self._has_met = self._kept is None and self._server.key is None
        self._settled = opened.known

    def remember(self) -> str:
        """Keep for later runs who this is, now that it has proved to be a chat; what a person should know of that.

        Untrusted if another client has met another server there at the same time.
        """
        settled, before = self._settled, self._kept
        if settled is None or settled.is_like(before):
            return ""
        self._kept = settled
        try:
            present = self._servers.remember(self._address, settled, before)
        except KnownServersError as problem:
            return f"{self._news(settled, before)} {problem}".strip()
        if not present.is_like(settled):
            raise Untrusted(distrust.met_another(self._server.address, present))
        return self._news(settled, before)

    def _news(self, settled: Known, before: Known | None) -> str:
        address = self._server.address
        if settled.key is None:
            return distrust.moved_to_name(address, before.key) if before is not None and before.key is not None else ""
        return distrust.as_linked(address) if self._server.key else distrust.first_contact(address, settled.key)

    def forget(self) -> str:
        """Forget what is remembered of it; a sentence. Untrusted if that is not possible."""
        try:
            return distrust.forgotten(self._server.address, self._servers.forget(self._address))
        except KnownServersError as problem:
            raise Untrusted(str(problem)) from None
