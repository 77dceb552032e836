"""What many tests need: a running server that must leave nothing behind, and clients that are always closed."""

from __future__ import annotations

import logging
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import hypothesis
import pytest
import termcolor

from server import ChatServer
from server_parts.settings import Settings
from server_parts.storage import finding
from server_parts.storage.store import Store
from server_parts.wire.certificate import Certificate
from tests.clock import Clock
from tests.peers import WAIT, Native, Peer, Plain
from tests.tls.certificates import key_pair, needs_openssl, trusting_context

if TYPE_CHECKING:  # pseudo-terminals are a Unix thing
    from tests.client.programs import Terminal

pytest_plugins = ["tests.alone", "tests.compiled", "tests.postgres"]

P = TypeVar("P", bound=Peer)

# What an example may cost depends on what else the machine has to do; the time-out of each test is limit enough.
hypothesis.settings.register_profile("chat", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("chat")

# Whoever runs the tests in the background, or under nohup, has these ignored, and so would the programs under test:
# those inherit what is ignored, but not what has a handler.
for _name, _handler in (
    ("SIGINT", signal.default_int_handler),
    ("SIGQUIT", lambda *_: None),
    ("SIGHUP", lambda *_: None),
):
    if (_signal := getattr(signal, _name, None)) and signal.getsignal(_signal) is signal.SIG_IGN:
        signal.signal(_signal, _handler)


class ChatLog(logging.Handler):
    """Every record of the server. Errors fail the test unless it says that it expects them."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []
        self.expects_errors = False

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def errors(self) -> list[str]:
        return [record.getMessage() for record in self.records if record.levelno >= logging.ERROR]


class Chat:
    """One running server and whoever a test lets in."""

    def __init__(self, server: ChatServer) -> None:
        self.server = server
        self._peers: list[Peer] = []
        self._thread = threading.Thread(target=server.start_server, name="server under test")
        self._thread.start()
        assert server.listening.wait(WAIT), "the server does not listen"

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def native(self, name: str | None = None, **hello: Any) -> Native:
        return self.admit(Native(self.port, name, **hello))

    def plain(self, first: str | None = None) -> Plain:
        return self.admit(Plain(self.port, first=first))

    def peer(self) -> Peer:
        return self.admit(Peer(self.port))

    def admit(self, peer: P) -> P:
        self._peers.append(peer)
        return peer

    def connection_of(self, peer: Peer) -> socket.socket:
        """The server's end of it."""
        return next(c for c in self.server.clients if c.getpeername() == peer.socket.getsockname())

    def stop(self) -> None:
        """Everyone leaves, and the server stops; it must come to its end."""
        for peer in self._peers:
            peer.close()
        self.server.stop_server()
        self._thread.join(2 * WAIT)
        assert not self._thread.is_alive(), "start_server did not return"


@pytest.fixture(autouse=True)
def colors_as_for_this_test() -> None:
    """Newer versions of termcolor decide once per process: for whoever asks first, be it somebody at a terminal."""
    if forget := getattr(getattr(termcolor, "can_colorize", None), "cache_clear", None):
        forget()


@pytest.fixture(autouse=True, scope="session")
def patient_searches() -> Iterator[None]:
    """A search finds all there is, however slow the machine: one that is cut short finds less."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(finding, "SEARCH_TIME", WAIT)
        yield


class Serve(Protocol):
    def __call__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        store: Store | None = None,
        encrypts: bool = True,
        **settings: Any,
    ) -> Chat: ...


@pytest.fixture
def chat_log() -> Iterator[ChatLog]:
    """The server's log records; nothing at ERROR or above is allowed unless `expects_errors` is set."""
    records = ChatLog()
    logger = logging.getLogger("chat")
    level = logger.level
    logger.addHandler(records)
    logger.setLevel(logging.DEBUG)
    yield records
    logger.removeHandler(records)
    logger.setLevel(level)
    assert records.expects_errors or not records.errors


@pytest.fixture
def clock() -> Clock:
    """For what is given its own."""
    return Clock()


@pytest.fixture
def errors_expected(chat_log: ChatLog) -> ChatLog:
    """For a test in which the server has reason to log an error."""
    chat_log.expects_errors = True
    return chat_log


@pytest.fixture
def no_threads_left() -> Iterator[None]:
    """Every thread that a test starts has ended with it."""
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    assert not left, f"threads left: {left}"


def certificate() -> Certificate | None:
    """One for all servers under test, where one can be made."""
    return Certificate(*key_pair()) if shutil.which("openssl") else None


@pytest.fixture(params=["clear", pytest.param("TLS", marks=needs_openssl)])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same test once with clients that talk in clear, and once with clients that encrypt."""
    if request.param == "TLS":
        monkeypatch.setattr(Peer, "tls", trusting_context())


@pytest.fixture
def serve(chat_log: ChatLog, no_threads_left: None) -> Iterator[Serve]:
    """Starts servers on free ports, without a rate limit unless one is given; stops them all."""
    running: list[Chat] = []

    def start(
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        store: Store | None = None,
        encrypts: bool = True,
        **settings: Any,
    ) -> Chat:
        options = Settings(**{"console": False, "rate": 0.0, **settings})
        chat = Chat(ChatServer(host, port, options, store, certificate() if encrypts else None))
        running.append(chat)
        return chat

    yield start
    for chat in running:
        chat.stop()


@pytest.fixture
def chat(serve: Serve) -> Chat:
    """A server with nothing set."""
    return serve()


@pytest.fixture
def open_terminal() -> Iterator[Callable[..., Terminal]]:
    """Opens terminals, with clients in them or with something else, and closes them all."""
    from tests.client.programs import Terminal

    with ExitStack() as opened:
        yield lambda *arguments, **options: opened.enter_context(closing(Terminal(*arguments, **options)))
