"""The chat server: a threaded TCP server that keeps a client list and broadcasts UTF-8 messages.

It listens, accepts, reads each client in a thread of its own, and shuts everything down in order. How bytes come in and
go out is in `server_parts/wire/`. What a message means is decided further in: protocol → hub → the log → live rooms.
"""

if __name__ == "__main__":
    # Until `main` takes over, Ctrl+C ends the program quietly: the imports below take a moment. Importing `signal`
    # itself takes one too; what it is made of is built into the interpreter.
    import _signal  # type: ignore[import-not-found]

    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import contextlib
import gc
import logging
import platform
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Final

from chat_common import DEFAULT_HOST, DEFAULT_PORT, Frame, enable_terminal_colors, format_address, paint, storable
from server_parts import export, importing, opening, settings
from server_parts.files.sweeping import Sweeper
from server_parts.hub.hub import Hub
from server_parts.operator.screen import ScreenLog
from server_parts.operator.seat import OperatorSeat
from server_parts.operator.service_log import ServiceLog
from server_parts.operator.stats import counted
from server_parts.own_certificate import Encryption, open_certificate
from server_parts.people.addresses import is_own
from server_parts.people.clients import Client
from server_parts.people.places import Places
from server_parts.people.rate_limit import RateLimits
from server_parts.protocol.doorway import FIRST_BYTE_WAIT, may_be_http
from server_parts.protocol.events import bye
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.requests import Announce, text_refusal
from server_parts.reading import Reading, Visitor, counted_as
from server_parts.settings import Settings
from server_parts.signals import interruptible, stop_on_signals
from server_parts.starting import as_sentence, complain, tell_pages, tell_place, tell_reach, warn_of_password, why_not
from server_parts.storage.exchange import Exchange
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import StorageError
from server_parts.storage.store import Store
from server_parts.web.forwarded import Proxies
from server_parts.web.site import Site
from server_parts.web.web_encoder import HTTP
from server_parts.wire import sockets
from server_parts.wire.acceptor import Acceptor, refuse
from server_parts.wire.certificate import Certificate, CertificateError
from server_parts.wire.certificate_watch import CertificateWatch
from server_parts.wire.entrance import Entrance
from server_parts.wire.giving_way import GivingWay
from server_parts.wire.making import Making
from server_parts.wire.outbox import Outbox
from server_parts.wire.readers import Readers
from server_parts.wire.turning_away import TurningAway
from server_parts.wire.wire import Wire

# Seconds. No thread here computes for long without giving way. But every thread that waits for its turn wakes up that
# often to ask for it: with the usual 5 ms, thousands who are cut off at once do nothing else for a minute.
SWITCH_INTERVAL: Final = 0.5
# What is read and sent makes many objects and no rings of them; looking for rings every 700 objects, as usual, costs
# small rooms a twentieth of their speed.
GARBAGE_THRESHOLD: Final = 20_000
TICK: Final = 0.5  # how long a thread that may be told to stop waits before it looks
BEHIND: Final = 8  # batches of requests wait for the hub: then newcomers wait outside, where they cost nothing …
OUTSIDE_WAIT: Final = 0.005  # … but each for so long at most
TLS_WAIT: Final = 2.0  # for a first byte, from whoever is of no use here without encryption: it may come late
LEAVING_WAIT: Final = 3.0  # how long clients may take to read the goodbye when the server stops
CUT_WAIT: Final = 1.5  # and how long their readers may then take to end
SPARE_DESCRIPTORS: Final = 64  # for the log, the listener, the threads' wake-ups

log = logging.getLogger("chat")


class ChatServer:
    """`start_server` runs it until `stop_server`, which any thread or signal handler may call."""

    def __init__(
        self,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        settings: Settings | None = None,
        store: Store | None = None,
        certificate: Certificate | None = None,
        exchange: Exchange | None = None,
    ) -> None:
        """`exchange` is with the other servers on this log, if it is not the log's own."""
        self.host, self.port = host, port
        self.settings = settings or Settings(console=False)
        self.server_socket: socket.socket | None = None
        self.certificate = certificate  # without one, no connection can be encrypted
        self.listening = threading.Event()
        self.failed = False
        self._store = store or MemoryLog()
        self._connections: dict[socket.socket, Client] = {}
        self._readers = Readers()
        most = max(sockets.raise_descriptor_limit() - SPARE_DESCRIPTORS, 1)
        self.max_clients = min(self.settings.max_clients or most, most)
        self._places = Places(self.max_clients, self.settings.per_address)
        site = _site(self.settings)
        self._proxies = Proxies() if site is None else site.proxies
        self._exchange = exchange or self._store.exchange
        self._hub = Hub(self._store, self.settings, self._places, self._exchange)
        self._making = Making(self._hub.turns.present)
        self._entrance = Entrance((lambda: certificate.context) if certificate else None, self._hub.turns.present)
        self._reading = Reading(self.settings, self._hub, self._store, RateLimits(self.settings.rate), site)
        self._turning_away = TurningAway(may_be_http if site is not None else lambda first: False)
        self._stopping = False
        # Not an event: a signal handler that sets one can find its lock held by the very thread it interrupted.
        self._stop_asked: SimpleQueue[None] = SimpleQueue()
        self._operator = OperatorSeat(self.settings)
        self.screen = self._operator.screen

    @property
    def clients(self) -> list[socket.socket]:
        """The client list: one socket for everyone who is connected."""
        return list(self._connections)

    # --- running ---

    def start_server(self) -> None:
        """Listen, serve until told to stop, and leave nothing behind. Returns when all of that is done.

        Ctrl+C tells it to stop, too. A second one while it does cuts that short, with a KeyboardInterrupt.
        """
        self.open()
        hub = threading.Thread(target=self._run_hub, name="hub")
        accept = threading.Thread(target=self._guard, args=(self._accept,), name="accept")
        watch = CertificateWatch(self.certificate) if self.certificate else None
        sweeper = Sweeper(self._store.files)
        try:
            hub.start()
            accept.start()
            if watch is not None:
                watch.start()
            sweeper.start()
            self.listening.set()
            reload = self.certificate.reload if self.certificate else None
            self._operator.attend(self._hub, self._store, self.broadcast_message, self.stop_server, reload)
            while not self._stopping:  # a signal that reaches another thread, or comes a moment early, wakes nobody
                with contextlib.suppress(Empty):
                    self._stop_asked.get(timeout=TICK)
        except KeyboardInterrupt:
            pass  # where no handler of ours made a call of `stop_server` of it
        finally:
            if watch is not None:
                watch.stop()
            sweeper.stop()
            self._shut_down(hub, accept)

    def open(self) -> None:
        """Take the port, so that `port` is the real one. OSError says why not."""
        if self.server_socket is None:
            self.server_socket = sockets.open_listener(self.host, self.port)
        self.port = self.server_socket.getsockname()[1]
        self._operator.client.site = self._reading.found_here(_address_of(self.server_socket), self.port)
        if not self._exchange.is_alone:
            self._exchange.label = f"{platform.node()}:{self.port}"
            if (certificate := self.certificate) is not None:
                self._exchange.key = lambda: certificate.known_by

    def stop_server(self) -> None:
        self._stopping = True
        self._stop_asked.put(None)
        if self.screen is not None:
            self.screen.end_asking()

    def broadcast_message(self, message: str, sender_socket: socket.socket | None = None) -> None:
        """Say something in the lobby, in the name of a connected client or, with None, of the operator.

        Everybody there receives it but its sender, whose own copy comes as a receipt.
        """
        if not self.listening.is_set():
            raise RuntimeError("the server is not running")
        sender = self._operator.client if sender_socket is None else self._connections.get(sender_socket)
        if sender is None:
            raise ValueError("that socket is no client's")
        message = storable(message)
        if refusal := text_refusal(message):
            raise ValueError(refusal.text)
        sender.credits.get()
        self._hub.submit(sender, [Announce(message)])

    # --- the accept thread ---

    def _accept(self) -> None:
        assert self.server_socket is not None
        giving_way = GivingWay(self._hub.turns.present)
        with contextlib.closing(Acceptor(self.server_socket, _no_place())) as acceptor:
            while not self._stopping:
                self._await_the_hub()
                if accepted := acceptor.accept(TICK):
                    with giving_way.work():
                        self._receive_client(*accepted)

    def _await_the_hub(self) -> None:
        """Let in a crowd as fast as the hub greets it: who is in would have to share Python's lock with all of them."""
        until = time.monotonic() + OUTSIDE_WAIT
        while (self._hub.waiting >= BEHIND or self._entrance.is_crowded) and time.monotonic() < until:
            time.sleep(0.0005)

    def _receive_client(self, connection: socket.socket, address: tuple[str, int]) -> None:
        where = format_address(*address)
        source, now = counted_as(where, self._proxies), time.monotonic()
        if problem := self._places.enter(source, now):
            if self._places.is_worth_logging(source, now):
                log.warning("Refused a connection from %s: %s", source, problem)
            self._turning_away.turn_away(connection, _no_place(problem), HTTP.frame(_goodbye(problem)))
            return
        sockets.tune(connection)
        wire = Wire(connection)
        client = Client(Outbox(wire, self.settings.backlog, self._making), where)
        client.on_kept_place = self._places.last_was_kept
        self._connections[connection] = client
        try:
            self._readers.start(self.handle_client, connection, wire, name=where)
        except RuntimeError:  # that costs this client, not the server
            del self._connections[connection]
            self._places.leave(source)
            refuse(connection, _no_place())

    # --- a client's reader ---

    def handle_client(self, client_socket: socket.socket, clear: Wire) -> None:
        """Be the reader of one client until it leaves. `clear` is its wire, unless it wants an encrypted one."""
        client = self._connections[client_socket]
        source = counted_as(client.address, self._proxies)
        visitor = Visitor(client, source, self._places, self.settings.plain)
        try:
            opened = time.monotonic()
            silence = FIRST_BYTE_WAIT if visitor.is_open else TLS_WAIT
            wire = self._entrance.wire_of(client_socket, clear, None if is_own(source) else source, silence)
            if wire is not None and not self._stopping:
                self._serve(client, wire, opened, visitor)
        except ConnectionResetError:
            log.debug("%s cut the connection", client.address)
        except Exception:
            log.exception("reading %s", client.address)
        finally:
            client.outbox.close()
            del self._connections[client_socket]
            self._places.leave(visitor.source)
            self._readers.leave()
            log.debug("Client disconnected from %s", client.address)

    def _serve(self, client: Client, wire: Wire, opened: float, visitor: Visitor) -> None:
        if wire.is_encrypted:
            opened = time.monotonic()
            client.outbox, client.is_confidential = Outbox(wire, self.settings.backlog, self._making), True
            if self._stopping:  # the goodbye may have gone to the outbox before
                return
        visitor.is_encrypted = wire.is_encrypted
        self._reading.serve(client, wire, opened, visitor)

    # --- stopping ---

    def _shut_down(self, hub: threading.Thread, accept: threading.Thread) -> None:
        """In this order: nobody new, what was asked is done and stored, everyone is told, everyone leaves, the log."""
        self._stopping = True
        self.listening.clear()
        if self.server_socket is not None:
            sockets.wake(self.server_socket)
        if accept.ident is not None:
            accept.join()
        self._turning_away.close()
        self._reading.stop()
        self._hub.stop()
        if hub.is_alive():
            self._hub.closing.wait(LEAVING_WAIT)
        for client in list(self._connections.values()):
            client.outbox.finish(client.encoder.frame(bye("shutdown", "the server is stopping", retry=True)))
        self._see_readers_off()
        self._entrance.close()
        self._hub.stop()  # again: nobody is left who waits for it, so it may end
        if hub.ident is not None:
            hub.join()
        if self.server_socket is not None:
            self.server_socket.close()
        self._store.close()

    def _see_readers_off(self) -> None:
        self._readers.join(LEAVING_WAIT)
        for client in list(self._connections.values()):
            client.outbox.cut()
        for name in self._readers.join(CUT_WAIT):
            log.error("%s did not end", name)

    def _run_hub(self) -> None:
        self._guard(self._hub.run)
        self._hub.bury()

    def _guard(self, run: Callable[[], None]) -> None:
        """Without its hub or its accept loop a server is no server: it stops, and says so."""
        try:
            run()
        except BaseException:
            log.critical("the %s thread failed; the server stops", threading.current_thread().name, exc_info=True)
            self.failed = True
            self.stop_server()


_FULL: Final = "this server is full: try again later"


def _site(settings: Settings) -> Site | None:
    """What is answered over HTTP: the page for browsers, and files, which other clients fetch in the same way."""
    has_page, has_files = settings.web == "on", settings.file_size > 0
    if not (has_page or has_files):
        return None
    return Site(settings.web_host, settings.trusted_proxy, has_page=has_page)


def _goodbye(problem: str) -> Frame:
    return bye("server_full", problem, retry=True)


def _no_place(problem: str = _FULL) -> bytes:
    return NATIVE.frame(_goodbye(problem))


# --- the command line -------------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    enable_terminal_colors()
    command = settings.parse(argv)
    if command.shows_password:
        warn_of_password()
    try:
        if command.export is not None:
            return interruptible(export.export, command.settings, command.export)
        if command.backup is not None:
            return interruptible(export.backup, command.settings, command.backup)
        if command.import_from is not None:
            return interruptible(importing.import_folder, command.settings, command.import_from)
        # The port first: where it is taken, that is what a person who started twice wants to be told.
        with sockets.open_listener(command.host, command.port) as listener:
            return _serve(command, listener)
    except (StorageError, CertificateError) as error:
        return complain(as_sentence(str(error)))
    except OSError as error:
        return complain(why_not(error, command.host, command.port))


def _serve(command: settings.Command, listener: socket.socket) -> int:
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.set_threshold(GARBAGE_THRESHOLD)
    server, encryption = _open_server(command, listener)
    screen = server.screen
    service_log = ServiceLog(command.settings, ScreenLog(screen) if screen else None)
    stop_on_signals(server.stop_server, screen.give_back if screen else None)
    _tell_start(server)
    tell_pages(_address_of(listener), server.port, encryption.certificate, command.settings)
    tell_reach(_address_of(listener), server.port, encryption, command.settings)
    try:
        server.start_server()
    finally:
        service_log.stop()
        if screen is not None:
            screen.close()
    print(paint("Server stopped", "yellow"), flush=True)
    return 1 if server.failed else 0


def _open_server(command: settings.Command, listener: socket.socket) -> tuple[ChatServer, Encryption]:
    """A server with its log and its key, on a port that is taken already."""
    store = opening.open_log(command.settings)  # first: a folder in use is a better reason than its key
    try:
        encryption = open_certificate(command.settings, is_reachable=not sockets.is_loopback(_address_of(listener)))
    except CertificateError:
        store.close()
        raise
    server = ChatServer(command.host, command.port, command.settings, store, encryption.certificate)
    server.server_socket = listener
    server.open()
    return server, encryption


def _address_of(listener: socket.socket) -> str:
    return str(listener.getsockname()[0])


def _tell_start(server: ChatServer) -> None:
    print(paint(f"Server started on {format_address(server.host, server.port)}", "green"))
    descriptors = sockets.raise_descriptor_limit()
    tell_place(server.settings)
    print(f"Room for {counted(server.max_clients, 'client')} ({descriptors} descriptors)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
