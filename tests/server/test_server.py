"""The server as a whole: what its class promises, and how it stops."""

from __future__ import annotations

import contextlib
import logging
import re
import signal
import socket
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_common import MAX_TEXT
from server import ChatServer
from server_parts.hub.dispatcher import Dispatcher
from server_parts.storage.memory_log import MemoryLog
from tests.conftest import Chat, ChatLog, Serve
from tests.faults.actors import slowly
from tests.peers import WAIT, Ended, Native, Peer, wait_until
from tests.programs import ROOT, read_line, read_rest, server_program, started

# --- the class ---


def test_the_promised_attributes() -> None:
    """A server that is made, and not started, has bound nothing."""
    server = ChatServer()
    assert (server.host, server.port, server.clients, server.server_socket) == ("127.0.0.1", 3030, [], None)
    assert ChatServer(host="::1", port=7).port == 7


def test_the_socket_and_the_real_port(chat: Chat) -> None:
    """Once it listens."""
    assert isinstance(chat.server.server_socket, socket.socket)
    assert chat.server.server_socket.getsockname()[1] == chat.server.port
    assert chat.server.port > 0


def test_the_client_list_grows_and_shrinks(chat: Chat) -> None:
    """One socket for everyone connected; a leaver is removed, however it leaves."""
    assert chat.server.clients == []
    alice, bob, carol = chat.native("alice"), chat.native("bob"), chat.plain("hi")
    carol.until("delivered")
    assert len(chat.server.clients) == 3
    assert all(isinstance(client, socket.socket) for client in chat.server.clients)
    alice.send("bye")
    alice.rest()
    bob.close()
    carol.say("/exit")
    carol.rest()
    alice.close()
    carol.close()
    assert wait_until(lambda: chat.server.clients == [])


def test_broadcasting_reaches_all_but_the_sender(chat: Chat) -> None:
    """Everyone else gets the message, in the sender's name; the sender gets its receipt."""
    alice, bob = chat.native("alice"), chat.native("bob")
    carol = chat.plain("here")
    carol.until("guest-1 joined")
    carol.until("* delivered #1 *")
    chat.server.broadcast_message("from alice", chat.connection_of(alice))
    assert bob.until("message", text="from alice")["from"] == "alice"
    assert carol.until("from alice").endswith("alice said -> from alice")
    chat.server.broadcast_message("from carol", chat.connection_of(carol))
    assert alice.until("message", text="from carol")["from"] == "guest-1"
    assert carol.text() == "* delivered #3 *", "no second copy of one's own words"


def test_broadcasting_without_a_sender_is_the_operator(serve: Serve) -> None:
    """In the name that the operator has, which nobody else can have, console or not."""
    chat = serve(name="boss")
    alice = chat.native("alice")
    chat.server.broadcast_message("hear, hear")
    assert alice.until("message")["from"] == "boss"
    impostor = chat.native()
    impostor.hello("BOSS")
    assert impostor.until("error")["code"] == "name_taken"


@pytest.mark.parametrize("text", ["", " \n", "x" * (MAX_TEXT + 1)])
def test_a_broadcast_that_no_client_could_send_is_refused(chat: Chat, text: str) -> None:
    """A text of nothing, or too long for a line, is a ValueError and reaches nobody."""
    alice = chat.native("alice")
    with pytest.raises(ValueError, match=r"nothing in|too long"):
        chat.server.broadcast_message(text)
    chat.server.broadcast_message("after that")
    assert alice.until("message")["text"] == "after that"


def test_nothing_can_be_broadcast_after_the_end(chat: Chat) -> None:
    """As before the beginning: it would reach nobody, without a word."""
    chat.stop()
    with pytest.raises(RuntimeError, match="not running"):
        chat.server.broadcast_message("anybody?")


def test_a_broadcast_uses_up_no_seq(chat: Chat) -> None:
    """The client counts on as if nothing had happened."""
    alice = chat.native("alice")
    chat.server.broadcast_message("in your name", chat.connection_of(alice))
    assert alice.until("message")["seq"] == 0
    assert alice.tell("my own")["seq"] == 1


# --- trouble ---


def test_a_reader_that_fails_costs_one_client(
    chat: Chat, errors_expected: ChatLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log says why, as it does of every other thread; nobody else notices."""
    alice = chat.native("alice")

    def fail(dispatcher: Dispatcher, requests: object) -> None:
        raise RuntimeError("nobody foresaw this")

    with monkeypatch.context() as patched:
        patched.setattr(Dispatcher, "serve", fail)
        bob = chat.native()
        bob.hello("bob")
        assert bob.ended()
    assert wait_until(lambda: len(chat.server.clients) == 1)
    host, port = bob.socket.getsockname()
    assert errors_expected.errors == [f"reading {host}:{port}"]
    assert alice.tell("still here")


# --- stopping ---


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM)])
def test_a_signal_stops_it(signum: int, at_its_pace: None) -> None:
    """Within five seconds, with status 0, everyone told, even those who do not listen; no traceback."""
    with server_program() as program, contextlib.ExitStack() as stack:
        undecided = stack.enter_context(Peer(program.port))
        deaf = stack.enter_context(Native(program.port, "deaf"))
        alice = stack.enter_context(Native(program.port, "alice"))
        begun = time.monotonic()
        program.process.send_signal(signum)
        goodbye = alice.until("bye")
        assert (goodbye["code"], goodbye["retry"]) == ("shutdown", True)
        alice.close()
        if signum == signal.SIGINT:
            undecided.close()
            deaf.close()
        assert program.process.wait(2 * WAIT) == 0
        assert time.monotonic() - begun < slowly(5)
        if signum == signal.SIGTERM:
            assert b"stopping" in undecided.rest()
            assert b"shutdown" in deaf.rest()
        assert "Traceback" not in program.output()


NOHUP = """
    import signal, sys
    sys.path.insert(0, sys.argv.pop(1))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    import server
    sys.exit(server.main())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="hanging up is a Unix thing")
def test_under_nohup_it_outlives_its_terminal() -> None:
    """Whoever starts it may have said that nobody's hanging up is to end it."""
    with started({}, code=textwrap.dedent(NOHUP)) as process:
        with Native(int(re.findall(rb":(\d+)", read_line(process))[-1]), "alice") as alice:
            process.send_signal(signal.SIGHUP)
            with pytest.raises(TimeoutError):
                alice.until("bye", wait=0.5)
            assert alice.tell("still here")
            process.send_signal(signal.SIGTERM)
            assert alice.until("bye")["code"] == "shutdown"
        assert process.wait(2 * WAIT) == 0


SNIPPETS = [
    snippet
    for snippet in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    if "ChatServer(" in snippet
]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
@pytest.mark.parametrize("snippet", SNIPPETS, ids=["operations"])
def test_a_server_in_another_program(snippet: str, tmp_path: Path) -> None:
    """What the documents show says where it listens, and ends with Ctrl+C in order and without a traceback."""
    snippet = snippet.replace("port=3030", "port=0").replace('"chat-data"', repr(str(tmp_path)))
    with started({}, code=f"import sys\nsys.path.insert(0, sys.argv.pop(1))\n{snippet}") as process:
        with Native(int(re.findall(rb":(\d+)", read_line(process))[-1]), "alice") as alice:
            process.send_signal(signal.SIGINT)
            assert alice.until("bye")["code"] == "shutdown"
        assert (read_rest(process), process.wait(2 * WAIT)) == (b"", 0)


# A server that gets its signal while its main thread is just about to wait, inside the lock of what it waits for;
# if it waits for something without such a lock, a little later.
WORST_INSTANT = """
    import os, signal, sys, threading
    sys.path.insert(0, sys.argv.pop(1))
    import server
    wait, raised = threading.Condition.wait, []
    def wait_later(condition, timeout=None):
        if not raised and sys._getframe(2).f_code.co_name == "start_server":
            raised.append(True)
            signal.raise_signal(signal.SIGTERM)
        return wait(condition, timeout)
    threading.Condition.wait = wait_later
    later = threading.Timer(0.5, lambda: raised or os.kill(os.getpid(), signal.SIGTERM))
    later.daemon = True
    start = server.ChatServer.start_server
    server.ChatServer.start_server = lambda it: (later.start(), start(it))  # its handlers are there by now
    sys.exit(server.main())
"""


def test_a_signal_at_the_worst_instant_stops_it() -> None:
    """A handler runs between any two steps of the main thread; it must not want a lock that this thread holds."""
    with started({}, code=textwrap.dedent(WORST_INSTANT)) as process:
        assert process.wait(2 * WAIT) == 0


# A server whose signal is noted without waking its main thread: the system gave it to another thread. A signal that
# comes just before the main thread falls asleep leaves the same state behind.
OTHER_THREAD = """
    import signal, sys, threading
    sys.path.insert(0, sys.argv.pop(1))
    import server
    later = threading.Timer(0.5, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM))
    later.daemon = True
    start = server.ChatServer.start_server
    server.ChatServer.start_server = lambda it: (later.start(), start(it))  # its handlers are there by now
    sys.exit(server.main())
"""


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system cannot signal a single thread")
def test_a_signal_that_does_not_wake_the_main_thread_stops_it() -> None:
    """Python's handlers run in the main thread alone, so it must look up now and then, or be woken."""
    with started({}, code=textwrap.dedent(OTHER_THREAD)) as process:
        assert process.wait(2 * WAIT) == 0


def test_what_was_said_is_stored_before_it_stops(serve: Serve) -> None:
    """Every text sent before the stop that got a receipt is in the log, and receipts come before the goodbye."""
    store = MemoryLog()
    chat = serve(store=store)
    alice = chat.native("alice")
    for number in range(200):
        alice.say(f"text {number}")
    alice.until("message", seq=1)
    chat.server.stop_server()
    frames = []
    with contextlib.suppress(Ended):
        while True:
            frames.append(alice.next())
    receipts = [frame["id"] for frame in frames if frame["type"] == "message"]
    assert frames[-1]["type"] == "bye"
    assert [1, *receipts] == [m.id for m in store.after("lobby", 0, 1000)]


class Gate(logging.Filter):
    """Holds a reader for half a second before its last log record."""

    def __init__(self) -> None:
        super().__init__()
        self.held = threading.Event()
        self.free = threading.Event()
        self.reader = threading.current_thread()

    def filter(self, record: logging.LogRecord) -> bool:
        if "disconnected" in record.getMessage():
            self.reader = threading.current_thread()
            self.held.set()
            self.free.wait(0.5)
        return True


@pytest.fixture
def gate(chat_log: ChatLog) -> Iterator[Gate]:
    """In the way of every log record; opened at the end."""
    gate = Gate()
    logging.getLogger("chat").addFilter(gate)
    yield gate
    logging.getLogger("chat").removeFilter(gate)
    gate.free.set()


def test_it_returns_only_when_every_reader_has_ended(chat: Chat, gate: Gate) -> None:
    """Also a reader that was just on its way out."""
    chat.native("alice").close()
    assert gate.held.wait(WAIT)
    chat.stop()
    assert not gate.reader.is_alive()


def test_stopping_twice_and_before_starting() -> None:
    """Stopping is a wish: it may be said at any time, by anybody."""
    server = ChatServer(port=0)
    server.stop_server()
    server.stop_server()
    server.start_server()
    assert not [thread for thread in threading.enumerate() if thread.name in ("hub", "accept")]


# A server whose log fails in a way that nobody foresaw, and whose end depends on nobody's patience.
EXPLODING_LOG = """
    import sys
    sys.path.insert(0, sys.argv.pop(1))
    from server_parts.storage.memory_log import MemoryLog
    MemoryLog.write = lambda *_: 1 / 0
    import server
    sys.exit(server.main())
"""


def test_without_its_hub_it_stops() -> None:
    """A server that cannot decide anything any more says so and ends with status 1; nobody is left waiting."""
    with started({}, code=textwrap.dedent(EXPLODING_LOG)) as process:
        with Native(int(read_line(process).split(b":")[-1]), "alice") as alice:
            alice.send_bytes(b'{"type":"say","room":"lobby","text":"x","seq":1}\n{"type":"ping"}\n')
            alice.rest()
        assert process.wait(2 * WAIT) == 1
        assert b"the server stops" in read_rest(process)
