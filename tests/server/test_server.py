"""The server as a whole: what its class promises, starting, stopping, crowds, and trouble with the system."""

from __future__ import annotations

import contextlib
import errno
import gc
import logging
import os
import re
import select
import signal
import socket
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import ChatServer
from server_parts import native_door, sockets
from server_parts.message_log import MemoryLog
from server_parts.settings import Settings
from tests.conftest import Chat, ChatLog, Serve
from tests.peers import WAIT, Ended, Native, Peer, wait_until
from tests.programs import read_line, read_rest, run_server, server_program, started

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


def connection_of(chat: Chat, peer: Peer) -> socket.socket:
    """The server's end of a peer's connection."""
    return next(c for c in chat.server.clients if c.getpeername() == peer.socket.getsockname())


def test_broadcasting_reaches_all_but_the_sender(chat: Chat) -> None:
    """Everyone else gets the message, in the sender's name; the sender gets its receipt."""
    alice, bob = chat.native("alice"), chat.native("bob")
    carol = chat.plain("here")
    carol.until("* delivered #1 *")
    carol.until("guest-1 joined")
    chat.server.broadcast_message("from alice", connection_of(chat, alice))
    assert bob.until("message", text="from alice")["from"] == "alice"
    assert carol.until("from alice").endswith("alice said -> from alice")
    chat.server.broadcast_message("from carol", connection_of(chat, carol))
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


def test_a_broadcast_uses_up_no_seq(chat: Chat) -> None:
    """The client counts on as if nothing had happened."""
    alice = chat.native("alice")
    chat.server.broadcast_message("in your name", connection_of(chat, alice))
    assert alice.until("message")["seq"] == 0
    assert alice.tell("my own")["seq"] == 1


# --- starting ---


def test_it_says_where_it_listens() -> None:
    """The real address, and it runs without a terminal until it is told to stop."""
    with server_program() as program:
        assert program.printed.startswith(f"Server started on 127.0.0.1:{program.port}\n".encode())
        with Native(program.port, "alice") as alice:
            assert alice.tell("hi")["id"] == 1
        assert program.stop() == 0


def test_the_address_is_green_where_colours_are_wanted() -> None:
    """FORCE_COLOR wants them even in a pipe."""
    with started({"FORCE_COLOR": "1"}) as process:
        assert read_line(process).startswith(b"\x1b[32mServer started on 127.0.0.1:")


FIFTY_MORE_THAN_IT_KEEPS = """
    import resource, sys
    resource.setrlimit(resource.RLIMIT_NOFILE, (80, 114))
    sys.path.insert(0, sys.argv.pop(1))
    import server
    sys.exit(server.main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no RLIMIT_NOFILE")
@pytest.mark.parametrize(
    ("flags", "told"),
    [((), 50), (("--max-clients", "7"), 7), (("--max-clients", "9999"), 50)],
    ids=["as many as fit", "fewer", "more than fit"],
)
def test_it_says_how_many_clients_fit(flags: tuple[str, ...], told: int) -> None:
    """As many as the system's limit leaves room for, once it has been raised; fewer if so chosen."""
    with started({}, *flags, code=textwrap.dedent(FIFTY_MORE_THAN_IT_KEEPS)) as process:
        assert read_line(process).startswith(b"Server started on")
        assert read_line(process) == f"Room for {told} clients (114 descriptors)\n".encode()


def test_one_line_for_who_comes_and_one_for_who_goes(chat: Chat, chat_log: ChatLog) -> None:
    """Whichever way; what else there is to know about a connection is for --verbose."""
    alice, bob = chat.native("alice", client="client.py 1.0.0"), chat.plain("hi")
    bob.until("delivered")
    alice.send("bye")
    alice.rest()
    bob.send_bytes(b"x" * 100_000)
    bob.rest()
    chat.stop()
    shown = [record.getMessage() for record in chat_log.records if record.levelno >= logging.INFO]
    assert [re.sub(r"\d{5,}", "N", line) for line in shown] == [
        "Client connected from 127.0.0.1:N: alice (client.py 1.0.0)",
        "Client connected from 127.0.0.1:N: guest-1",
        "alice left",
        "guest-1 left: line too long: N > N bytes",
    ]


def test_starting_twice() -> None:
    """The second one is told in one red sentence what to do, with status 1; the first goes on."""
    with server_program() as program:
        second = run_server("--port", str(program.port), "--data", ":memory:", env={"FORCE_COLOR": "1"})
        assert second.returncode == 1
        assert second.stdout == ""
        assert second.stderr.startswith("\x1b[31m")
        assert second.stderr.count("\n") == 1
        assert str(program.port) in second.stderr
        assert "--port" in second.stderr
        with Native(program.port, "alice") as alice:
            assert alice.tell("still here")["id"] == 1
        assert program.stop() == 0


def test_two_servers_started_at_once() -> None:
    """Exactly one of them gets the port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    flags = ("--port", str(port))
    with started({}, *flags) as one, started({}, *flags) as other:
        assert wait_until(lambda: one.poll() is not None or other.poll() is not None)
        loser, winner = (one, other) if one.poll() is not None else (other, one)
        assert loser.wait(WAIT) == 1
        assert b"taken" in read_rest(loser)
        assert winner.poll() is None


def test_restarting_at_once(serve: Serve) -> None:
    """The same port is free again although connections were open until the end."""
    first = serve()
    alice = first.native("alice")
    port = first.port
    first.server.stop_server()
    assert alice.until("bye")["code"] == "shutdown"
    first.stop()
    second = serve(port=port)
    assert second.port == port
    assert second.native("alice").tell("again")["id"] == 1


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--host", "no.such.host.invalid"), "--host"),
        (("--host", "192.0.2.1"), "--host"),
        (("--host", "a" * 70), "is no address"),
        (("--host", "\udcff"), "is no address"),
        (("--log-file", "/no/such/folder/x.log"), "/no/such/folder/x.log"),
    ],
)
def test_what_cannot_be_started_is_told(flags: tuple[str, ...], told: str) -> None:
    """One sentence, no traceback, status 1."""
    run = run_server("--port", "0", "--data", ":memory:", *flags)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.count("\n") == 1
    assert told in run.stderr


@pytest.mark.parametrize(
    "flags",
    [("--port", "x"), ("--rate", "-1"), ("--backlog", "1"), ("--name", "a b"), ("--max-clients", "x"), ("--what",)],
)
def test_a_wrong_flag(flags: tuple[str, ...]) -> None:
    """It is named, without a traceback, with status 2."""
    run = run_server(*flags)
    assert (run.returncode, run.stdout) == (2, "")
    assert flags[0] in run.stderr
    assert "Traceback" not in run.stderr


def test_version_and_help() -> None:
    """Both end with status 0 and start nothing."""
    version, help_ = run_server("--version"), run_server("--help")
    assert (version.returncode, help_.returncode) == (0, 0)
    assert version.stdout.startswith("server.py ")
    assert "--port" in help_.stdout


def test_settings_from_the_environment() -> None:
    """CHAT_ variables are heard."""
    with server_program(env={"CHAT_MOTD": "from the environment"}) as program, Native(program.port, "alice") as alice:
        assert alice.welcome["motd"] == "from the environment"


def test_the_log_file(tmp_path: Path) -> None:
    """Who came and from where; control characters of strangers stay out of it."""
    path = tmp_path / "chat.log"
    with server_program("--log-file", str(path)) as program:
        with Native(program.port, "alice", client="bot \x1b[31m\u202e\n7") as alice:
            alice.tell("hi")
        program.stop()
    text = path.read_text()
    assert "alice" in text
    assert "bot" in text
    assert not set(text) & set("\x1b\u202e")
    assert "hi" not in text.split(), "what is said is not logged"


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
def test_ipv6() -> None:
    """The address is printed as it can be typed, and reached."""
    with server_program("--host", "::1") as program:
        assert b"Server started on [::1]:" in program.printed
        with Native(program.port, "alice", host="::1") as alice:
            assert alice.tell("hi")["id"] == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost"])
def test_other_ways_to_name_a_host(host: str) -> None:
    """All interfaces come with a warning, a loopback name without."""
    with server_program("--host", host) as program:
        if host == "0.0.0.0":
            program.read_until(b"unencrypted.*\n")
        with socket.create_connection((host if host == "localhost" else "127.0.0.1", program.port), WAIT):
            pass
        program.stop()
        assert ("unencrypted" in program.output()) == (host == "0.0.0.0")


# --- stopping ---


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it(signum: int) -> None:
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
        assert program.process.wait(10) == 0
        assert time.monotonic() - begun < 5
        if signum == signal.SIGTERM:
            assert b"stopping" in undecided.rest()
            assert b"shutdown" in deaf.rest()
        assert "Traceback" not in program.output()


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
    later.start()
    sys.exit(server.main())
"""


def test_a_signal_at_the_worst_instant_stops_it() -> None:
    """A handler runs between any two steps of the main thread; it must not want a lock that this thread holds."""
    with started({}, code=textwrap.dedent(WORST_INSTANT)) as process:
        assert process.wait(WAIT) == 0


# A server whose signal is noted without waking its main thread: the system gave it to another thread. A signal that
# comes just before the main thread falls asleep leaves the same state behind.
OTHER_THREAD = """
    import signal, sys, threading
    sys.path.insert(0, sys.argv.pop(1))
    import server
    later = threading.Timer(0.5, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM))
    later.daemon = True
    later.start()
    sys.exit(server.main())
"""


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system cannot signal a single thread")
def test_a_signal_that_does_not_wake_the_main_thread_stops_it() -> None:
    """Python's handlers run in the main thread alone, so it must look up now and then, or be woken."""
    with started({}, code=textwrap.dedent(OTHER_THREAD)) as process:
        assert process.wait(WAIT) == 0


def test_what_was_said_is_stored_before_it_stops(serve: Serve) -> None:
    """Every text sent before the stop that got a receipt is in the log, and receipts come before the goodbye."""
    book = MemoryLog()
    chat = serve(book=book)
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
    assert [1, *receipts] == [m.id for m in book.after("lobby", 0, 1000)]


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
    from server_parts.message_log import MemoryLog
    MemoryLog.append = lambda *_: 1 / 0
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


# --- crowds and trouble ---


def test_a_full_server_says_so(serve: Serve) -> None:
    """One too many is told in one line and may come back; when somebody leaves there is room."""
    chat = serve(max_clients=2)
    alice, bob = chat.native("alice"), chat.native("bob")
    third = chat.native()
    goodbye = third.next()
    assert (goodbye["type"], goodbye["code"], goodbye["retry"]) == ("bye", "server_full", True)
    assert third.ended()
    bob.close()
    alice.sees_off("bob")
    assert wait_until(lambda: len(chat.server.clients) < 2)
    assert chat.native("carol").tell("hi")


def test_a_full_server_tells_a_client_that_speaks_at_once(serve: Serve) -> None:
    """A hello that is on its way does not swallow the answer."""
    chat = serve(max_clients=1)
    chat.native("alice")
    for _ in range(20):
        late = chat.native()
        late.hello("late")
        assert late.next()["code"] == "server_full"


def test_accept_survives_a_lack_of_threads(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs one client; the next one comes in."""
    chat = serve()
    alice = chat.native("alice")
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    unlucky = chat.native()
    assert unlucky.next()["code"] == "server_full"
    monkeypatch.setattr(threading.Thread, "start", start)
    assert chat.native("bob").tell("hi")
    assert alice.until("message")["from"] == "bob"
    assert len(chat.server.clients) == 2


def test_accept_survives_connections_that_vanish(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """ECONNABORTED is an ordinary day."""
    accept = socket.socket.accept
    aborted: list[object] = []

    def flaky(listener: socket.socket) -> tuple[socket.socket, object]:
        connection, address = accept(listener)
        if not aborted:
            aborted.append(address)
            connection.close()
            raise OSError(errno.ECONNABORTED, "Software caused connection abort")
        return connection, address

    monkeypatch.setattr(socket.socket, "accept", flaky)
    assert chat.native().ended()
    assert chat.native("alice").tell("hi")
    assert aborted


def test_clients_that_reset_are_forgotten(chat: Chat) -> None:
    """A connection torn down with RST leaves like any other."""
    alice = chat.native("alice")
    for number in range(20):
        rude = chat.native(f"rude-{number}")
        rude.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        rude.close()
    assert wait_until(lambda: len(chat.server.clients) == 1)
    assert alice.tell("calm again")


@pytest.mark.parametrize(
    "first", [b"{", b"\x16", b"GET / HTTP/1.1\r\n\r\n", b"bad\n"], ids=["hello", "tls", "http", "plain"]
)
def test_a_client_that_was_let_go_costs_nothing(chat: Chat, monkeypatch: pytest.MonkeyPatch, first: bytes) -> None:
    """Whoever keeps the connection open after the last words is waited for, not polled."""
    monkeypatch.setattr(native_door, "HELLO_WAIT", 0.1)
    peer = chat.peer()
    peer.send_bytes(first)
    if first == b"bad\n":
        peer.send_bytes(b"/exit\n")
    peer.rest()
    before = time.process_time()
    threading.Event().wait(0.4)
    assert time.process_time() - before < 0.2


def connection_count(chat: Chat) -> int:
    return len(chat.server.clients)


def test_a_stalled_reader_hurts_only_itself(serve: Serve) -> None:
    """Others go on at full speed; it is let go with too_slow, and its place is free."""
    chat = serve(backlog=65_536)
    alice, bob = chat.native("alice"), chat.native("bob")
    stalled = chat.native("stalled")
    slowest = 0.0
    for number in range(2_000):
        begun = time.monotonic()
        assert alice.tell("x" * 4000)["id"] == number + 1
        slowest = max(slowest, time.monotonic() - begun)
        assert bob.until("message")["id"] == number + 1
        if ["stalled"] in [frame.get("left") for frame in bob.passed]:
            break
    assert ["stalled"] in [frame.get("left") for frame in bob.passed], "it was never let go"
    assert slowest < 1.0
    lines = stalled.rest().splitlines()
    assert b'"code":"too_slow"' in lines[-1]
    assert b'"retry":true' in lines[-1]
    numbers = [int(line.split(b'"id":')[1].split(b",")[0]) for line in lines if b'"type":"message"' in line]
    assert numbers == list(range(1, len(numbers) + 1)), "what it got has no hole"
    stalled.close()
    assert wait_until(lambda: connection_count(chat) == 2)


def test_the_rate_slows_without_losing(serve: Serve) -> None:
    """Forty at once, then no faster than the rate; every text arrives, in order, and nobody is punished."""
    chat = serve(rate=200.0)
    alice = chat.native("alice")
    begun = time.monotonic()
    for number in range(140):
        alice.say(f"{number}")
    texts = [alice.until("message")["text"] for _ in range(140)]
    assert texts == [str(number) for number in range(140)]
    assert time.monotonic() - begun > 0.4
    assert chat.native("bob").tell("at once")


def test_one_s_rate_is_not_another_s(serve: Serve) -> None:
    """Whoever floods waits alone."""
    chat = serve(rate=20.0)
    flooder, bob = chat.native("flooder"), chat.native("bob")
    for number in range(100):
        flooder.say(f"{number}")
    begun = time.monotonic()
    assert bob.tell("hi")
    assert time.monotonic() - begun < 1.0
    flooder.close()


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="this system does not show descriptors in /proc")
def test_a_crowd_leaves_nothing_behind(chat: Chat) -> None:
    """Two hundred come, some speak, all leave in different ways: threads and descriptors are as before."""
    alice = chat.native("alice")
    alice.tell("warm")
    threads, files = threading.active_count(), descriptors()
    crowd = [chat.native() for _ in range(200)]
    for number, peer in enumerate(crowd):
        if number % 4:
            peer.hello(f"n{number}", history=0)
        if number % 4 > 1:
            peer.say("hi")
    for number, peer in enumerate(crowd):
        if number % 4 > 1:
            peer.message_from(f"n{number}")
        if number % 4 == 2:
            peer.send("bye")
            peer.until("bye")
        peer.close()
    assert wait_until(lambda: chat.server.clients == [connection_of(chat, alice)])
    assert wait_until(lambda: threading.active_count() == threads)
    assert descriptors() == files
    assert alice.tell("still here")


# A server with few descriptors, and its own use of the processor at the end.
FEW_DESCRIPTORS = """
    import resource, sys, time
    resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
    sys.path.insert(0, sys.argv.pop(1))
    import server, server_parts.sockets
    server.SPARE_DESCRIPTORS = -1000  # as if the limit were not known: the system itself refuses
    status = server.main()
    print("used", time.process_time(), flush=True)
    sys.exit(status)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no RLIMIT_NOFILE")
def test_descriptors_run_out() -> None:
    """Those inside chat on, newcomers wait or are told, the processor stays idle, and service is back at once."""
    program_text = textwrap.dedent(FEW_DESCRIPTORS)
    with started({}, code=program_text) as process, contextlib.ExitStack() as stack:
        port = int(read_line(process).split(b":")[-1])
        alice = stack.enter_context(Native(port, "alice"))
        crowd = [stack.enter_context(Peer(port)) for _ in range(150)]
        threading.Event().wait(0.7)
        assert alice.tell("still here")["id"] == 1
        for peer in crowd:
            peer.close()
        begun = time.monotonic()
        while True:
            with Native(port) as bob, contextlib.suppress(Ended, OSError):
                bob.hello("bob")
                if bob.next()["type"] == "welcome":
                    break
            assert time.monotonic() - begun < 2.0 + WAIT
        assert time.monotonic() - begun < 2.5
        process.send_signal(signal.SIGTERM)
        alice.until("bye")
        alice.close()
        rest = read_rest(process)
        assert process.wait(WAIT) == 0
    assert b"Traceback" not in rest
    assert float(rest.split(b"used")[1]) < 1.0


def test_the_listener_is_tuned(chat: Chat) -> None:
    """A dead peer is found: keepalive on, and on Linux a limit for unacknowledged data; small messages go at once."""
    chat.native("alice")
    (connection,) = chat.server.clients
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 75_000


def test_the_whole_chat_without_dontwait(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where the flag does not exist."""
    monkeypatch.setattr(sockets, "DONTWAIT", None)
    chat = serve()
    alice, bob = chat.native("alice"), chat.native("bob")
    for number in range(50):
        assert alice.tell(f"{number}")["id"] == number + 1
        assert bob.until("message")["id"] == number + 1
    bob.send("bye")
    assert bob.until("bye")["code"] == "exit"
    assert bob.ended()


def test_waiting_without_poll(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where there is only select()."""
    monkeypatch.delattr(select, "poll", raising=False)
    assert chat.native("alice").tell("hi")["id"] == 1
    assert chat.plain("hi").until("delivered")


def test_settings_reach_the_server() -> None:
    """A server made by hand has no console."""
    assert ChatServer().settings.console is False
    assert ChatServer(settings=Settings(max_clients=3)).max_clients == 3
