"""One client's reader: what arrives goes through a door to the dispatcher, until the conversation is over.

It must not know how connections are accepted and encrypted, nor what any request means.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Sequence
from typing import Final

from server_parts.files.flow import Flow
from server_parts.files.hook import Hook
from server_parts.files.transfers import Transfers
from server_parts.hub.dispatcher import Dispatcher
from server_parts.hub.hub import Hub
from server_parts.people.addresses import host_of, is_own, source_of
from server_parts.people.clients import Client
from server_parts.people.inside import InsideView
from server_parts.people.places import Places
from server_parts.people.rate_limit import RateLimits
from server_parts.protocol.door import Door
from server_parts.protocol.doorway import Doorway
from server_parts.protocol.file_requests import AskOffset, Download, Upload
from server_parts.protocol.plain_encoder import Forms, plain_forms
from server_parts.protocol.plain_files import links
from server_parts.protocol.requests import Reply, Request
from server_parts.settings import NOBODY, Settings
from server_parts.storage.store import Store
from server_parts.web.forwarded import Behind, Proxies
from server_parts.web.site import Site
from server_parts.web.visits import LATELY
from server_parts.web.web_door import WebDoor
from server_parts.wire.sockets import is_loopback
from server_parts.wire.wire import Wire

A_MILLION: Final = 1_000_000
LINGER: Final = 3.0  # seconds that whoever got an HTTP answer has to read it

log = logging.getLogger("chat")


def counted_as(address: str, proxies: Proxies) -> str:
    """For whom a new connection is counted. A proxy talks for many, so its own address has no limit."""
    source = source_of(address)
    return f"proxy {source}" if proxies.has(host_of(address)) else source


class Visitor:
    """Who is at the other end of a connection: itself, or somebody for whom it says that it talks."""

    __slots__ = ("_client", "_may_talk_in_clear", "_places", "is_encrypted", "source")

    def __init__(self, client: Client, source: str, places: Places, plain: str) -> None:
        """`plain`: who may talk without encryption, as the settings have it."""
        self._client = client
        self._places = places
        self.source = source  # for whom it is counted
        self.is_encrypted = False
        self._may_talk_in_clear = plain == "everyone" or (plain == "loopback" and is_own(source_of(client.address)))

    @property
    def is_open(self) -> bool:
        return self.is_encrypted or self._may_talk_in_clear

    def is_behind(self, proxies: Proxies) -> bool:
        return proxies.has(host_of(self._client.address))

    def forward(self, client: Behind) -> str | None:
        source = source_of(client.address)
        if problem := self._places.move(self.source, source, time.monotonic()):
            return problem
        log.debug("%s talks for %s", self._client.address, client.address)
        self.source, self._client.address = source, client.address
        self._client.is_confidential = client.is_encrypted or is_own(source)
        return None

    def has_only_asked(self) -> None:
        """It got its answer, and did not come to talk."""
        self._places.was_request(self.source)


class Reading:
    """What all readers have in common. Each serves one client, in a thread of its own."""

    def __init__(self, settings: Settings, hub: Hub, store: Store, limits: RateLimits, site: Site | None) -> None:
        """Without a `site`, browsers are told that this is none."""
        self._settings = settings
        self._hub = hub
        self._store = store
        self._limits = limits
        self._site = site
        self._forms: dict[str, Forms] = {}  # by addresses of this machine
        check = None if settings.file_hook is None else Hook(settings.file_hook).objection
        flow = Flow(settings.file_rate * A_MILLION)
        self._transfers = Transfers(hub.desk, flow, hub.files.is_public, check)

    def stop(self) -> None:
        """The server ends: so do transfers of files, wherever they are."""
        self._transfers.stop()

    def found_here(self, host: str, port: int) -> str:
        """Where somebody at this machine finds the server by HTTP, which listens there; nothing if they do not."""
        if self._site is None:
            return ""
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return self._site.address(here, port, is_encrypted=self._settings.plain == NOBODY or not is_loopback(here))

    def serve(self, client: Client, wire: Wire, opened: float, visitor: Visitor) -> None:
        """Until the conversation is over, in both directions. Bytes → door → requests → dispatcher."""
        if self._site is not None:
            client.site = self._site.address(*wire.own_address(), is_encrypted=wire.is_encrypted)
            client.page = client.site if self._site.has_page else ""
        door = self._doorway(client, opened, visitor)
        with contextlib.closing(Dispatcher(client, self._hub, self._store, self._limits, wire)) as dispatcher:
            inside, goes_on = InsideView(client, self._store), True
            while goes_on and not client.outbox.closed:
                requests, goes_on = _next_requests(wire, client, door, inside)
                if requests and isinstance(last := requests[-1], Upload | AskOffset | Download | Reply):
                    visitor.has_only_asked()
                    self._answer(last, wire, client)
                    _let_go(wire, LINGER)
                    return
                dispatcher.serve(requests)
                requests = ()  # who then is silent for days should not hold it for as long
            _let_go(wire)

    def _answer(self, asked: Upload | AskOffset | Download | Reply, wire: Wire, client: Client) -> None:
        """What came to be answered, and not to talk."""
        if isinstance(asked, Reply):
            log.debug("%s: %s", client.address, asked.reason)
            client.outbox.finish(asked.block)
        else:
            self._transfers.serve(asked, wire, client)

    def _doorway(self, client: Client, opened: float, visitor: Visitor) -> Doorway:
        site = self._site

        def open_web(begun: float) -> Door:
            assert site is not None
            return WebDoor(begun, site, visitor)

        web = None if site is None else open_web
        wait = LATELY if site is not None and site.visits.is_lately(visitor.source, opened) else None
        is_open, confidential = visitor.is_open, client.is_confidential
        forms = self._forms_at(client.site)
        return Doorway(opened, is_open=is_open, confidential=confidential, web=web, wait=wait, forms=forms)

    def _forms_at(self, site: str) -> Forms:
        """How all looks for plain clients that find this server there: one for all of them, or blocks were many."""
        forms = self._forms.get(site)
        if forms is None:
            forms = self._forms.setdefault(site, plain_forms(links(site, self._hub.files.is_public)))
        return forms


def _next_requests(wire: Wire, client: Client, door: Doorway, inside: InsideView) -> tuple[Sequence[Request], bool]:
    """What a client asks for when something arrives, or what its silence means; and whether more may come."""
    if client.session is not None:
        door.welcomed(inside)
    deadline = door.deadline()
    data = wire.receive() if deadline is None else wire.receive_within(deadline - time.monotonic())
    if data is None:
        requests, goes_on = door.silence(time.monotonic()), True
    else:
        requests, goes_on = door.receive(data, time.monotonic()) if data else door.end(), bool(data)
    if client.session is None:
        client.encoder = door.encoder  # until the hub greets it, only this thread answers it
    return requests, goes_on


def _let_go(wire: Wire, seconds: float = math.inf) -> None:
    """Read what still comes: unread bytes would make the kernel throw our last words away."""
    until = time.monotonic() + seconds
    while (seconds == math.inf or wire.readable(until - time.monotonic())) and wire.receive():
        pass
