"""The server in crowds and trouble: too many, too slow, gone halfway, and a system that runs out."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import select
import signal
import socket
import struct
import sys
import textwrap
import threading
import time

import pytest

import server
from server import ChatServer
from server_parts.protocol import native_frames
from server_parts.settings import Settings
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Draft
from server_parts.wire import outbox, sockets
from tests.browsers import Web
from tests.conftest import Chat, ChatLog, Serve
from tests.faults.actors import slowly
from tests.peers import WAIT, Ended, Native, Peer, Plain, wait_until
from tests.programs import read_line, read_rest, started
from tests.server.hub.bench import BenchLog


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
    alice.moved("joined", "alice")  # the last that she is sent for now: it may take a thread
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
    monkeypatch.setattr(native_frames, "HELLO_WAIT", 0.1)
    peer = chat.peer()
    peer.send_bytes(first)
    if first == b"bad\n":
        peer.send_bytes(b"/exit\n")
    peer.rest()
    before = time.process_time()
    threading.Event().wait(0.4)
    assert time.process_time() - before < 0.2


def test_a_crowd_waits_outside_while_the_hub_is_behind(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a few of it are let in, where they would cost those who are in their time; then everybody is."""
    monkeypatch.setattr(server, "OUTSIDE_WAIT", WAIT)
    store = BenchLog()
    chat = serve(store=store)
    alice = chat.native("alice")
    store.gate.clear()
    alice.say("this takes long")
    assert store.appending.wait(WAIT)
    crowd = [chat.native() for _ in range(60)]
    for number, one in enumerate(crowd):
        one.hello(f"c{number}")
    assert wait_until(lambda: connection_count(chat) > server.BEHIND)
    assert not wait_until(lambda: connection_count(chat) > len(crowd), 0.3)
    store.gate.set()
    for one in crowd:
        assert one.until("welcome")


def connection_count(chat: Chat) -> int:
    return len(chat.server.clients)


@pytest.mark.parametrize("door", ["native", "plain", "web"])
def test_whoever_asks_and_does_not_read_goes(
    serve: Serve, chat_log: ChatLog, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """After a while without progress, with a reason in the log; others go on."""
    monkeypatch.setattr(outbox, "TICK", 0.02)
    monkeypatch.setattr(outbox, "STALLED", 0.2)
    store = MemoryLog()
    store.append([Draft("lobby", 1.0, "old", "blue", ["x" * 5_000] * 2_000, "", 0)], {})
    chat = serve(store=store)
    bob = chat.native("bob", history=0)
    if door == "web":
        asker: Peer = chat.admit(Web(chat.port, "asker", history=0))
    else:
        asker = chat.plain("hi") if door == "plain" else chat.native("asker", history=0)
    request = "/history 500\n" if door == "plain" else '{"type":"history","room":"lobby","limit":500}\n'
    asker.send_bytes(request.encode() * 30)
    bob.moved("left", "guest-1" if door == "plain" else "asker")
    assert bob.tell("still here")["text"] == "still here"
    assert any(r.getMessage().endswith("left: too slow: it asked for more than it read") for r in chat_log.records)


def test_a_stalled_reader_hurts_only_itself(serve: Serve, at_its_pace: None) -> None:
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
    assert slowest < slowly(1.0)
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
    """Whoever floods waits alone: what another one says comes before what has to wait for its turn."""
    chat = serve(rate=2.0)
    flooder, bob = chat.native("flooder"), chat.native("bob")
    for number in range(100):
        flooder.say(f"{number}")
    bob.until("message", text="39")  # the last that needs no patience
    assert bob.tell("hi")["id"] < 60
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
    assert wait_until(lambda: chat.server.clients == [chat.connection_of(alice)])
    assert wait_until(lambda: threading.active_count() == threads)
    assert descriptors() == files
    assert alice.tell("still here")


# A server with few descriptors, and its own use of the processor at the end.
FEW_DESCRIPTORS = """
    import resource, sys, time
    resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
    sys.path.insert(0, sys.argv.pop(1))
    import server, server_parts.wire.sockets
    server.SPARE_DESCRIPTORS = -1000  # as if the limit were not known: the system itself refuses
    status = server.main()
    print("used", time.process_time(), flush=True)
    sys.exit(status)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no RLIMIT_NOFILE")
def test_descriptors_run_out() -> None:
    """Those inside chat on, newcomers wait or are told, the processor stays idle, and service is back.

    How soon it is back is judged by tests/faults/test_no_descriptors.py.
    """
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
        process.send_signal(signal.SIGTERM)
        alice.until("bye")
        alice.close()
        rest = read_rest(process)
        assert process.wait(2 * WAIT) == 0
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


def test_a_program_that_cuts_its_connection_takes_back_what_was_not_said(serve: Serve) -> None:
    """What waits because of the rate is dropped: nobody hears a program go on that was ended by force."""
    chat = serve(rate=2.0)
    listener, program = chat.native("listener"), chat.native("program")
    for number in range(100):
        program.say(str(number))
    program.until("message", text="39")
    program.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    program.close()
    listener.sees_off("program")
    said = [int(frame["text"]) for frame in listener.passed if frame["type"] == "message"]
    assert said == list(range(len(said)))
    assert len(said) < 60


@pytest.mark.parametrize("door", ["native", "plain"])
def test_what_was_sent_before_an_orderly_end_is_said(door: str, serve: Serve) -> None:
    """Although nobody is there any more when its turn comes, and the server's answers meet a closed socket."""
    chat = serve(rate=100.0)
    listener = chat.native("listener")
    if door == "native":
        program: Native | Plain = chat.native("program")
        name = "program"
    else:
        program = chat.plain("first")
        name = program.enter()
        program.until("* delivered")
    for number in range(80):
        program.say(str(number))
    program.stop_sending()
    listener.until("message", text="0")
    program.close()
    listener.until("message", text="79")
    listener.sees_off(name)


def test_a_plain_program_may_end_in_any_way(serve: Serve) -> None:
    """Closing with answers unread is a reset, too: what it sent is said all the same."""
    chat = serve(rate=100.0)
    listener, program = chat.native("listener"), chat.plain("first")
    program.enter()
    program.until("* delivered")
    program.send_bytes("".join(f"{number}\n" for number in range(80)).encode())
    listener.until("message", text="0")
    program.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    program.close()
    listener.until("message", text="79")
