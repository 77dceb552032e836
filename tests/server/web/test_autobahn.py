"""The well-known test suite of WebSocket itself, against an echo around the codec. It is a program of Python 2."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server_parts.web.handshake import accepted
from server_parts.web.heads import HeadReader
from server_parts.web.websocket import Broken, Closed, MessageReader, Ping, close, pongs
from tests.peers import SLOWNESS

CASES = ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*")
BINARY = "1.2."  # refused here, as it should be
MOST = 1 << 24  # bytes of a message


def echo(connection: socket.socket) -> None:
    """Say everything back, as the suite wants it; no product code knows how to send a text that holds newlines."""
    heads, found = HeadReader(), None
    with connection:
        while found is None:
            if not (head := connection.recv(65_536)):
                return
            found = heads.feed(head)
        connection.sendall(accepted(found[0]))
        reader, data = MessageReader(MOST), found[1]
        while True:
            for event in reader.feed(data):
                if isinstance(event, Ping):
                    connection.sendall(pongs([event]))
                elif isinstance(event, (Closed, Broken)):
                    connection.sendall(close(event.code))
                    return
                else:
                    connection.sendall(text_frame(event.data))
            if not (data := connection.recv(65_536)):
                return


def text_frame(data: bytes) -> bytes:
    size = len(data)
    if size < 126:
        return bytes((0x81, size)) + data
    return (b"\x81\x7e" + size.to_bytes(2, "big") if size < 65_536 else b"\x81\x7f" + size.to_bytes(8, "big")) + data


@pytest.fixture
def echo_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        ended = threading.Event()
        readers: list[threading.Thread] = []

        def serve() -> None:
            while not ended.is_set():
                connection = listener.accept()[0]
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                readers.append(threading.Thread(target=echo, args=(connection,)))
                readers[-1].start()

        accepting = threading.Thread(target=serve)
        accepting.start()
        yield listener.getsockname()[1]
        ended.set()
        socket.create_connection(listener.getsockname()).close()
        for thread in (accepting, *readers):
            thread.join(10)
            assert not thread.is_alive()


@pytest.mark.skipif(shutil.which("wstest") is None, reason="Autobahn's wstest is not installed: it needs Python 2.7")
@pytest.mark.timeout(300 * SLOWNESS)
def test_the_suite_itself(echo_port: int, tmp_path: Path) -> None:
    """All of its cases of text; none of binary messages."""
    servers = [{"agent": "echo", "url": f"ws://127.0.0.1:{echo_port}/chat"}]
    plan = {"outdir": str(tmp_path), "servers": servers, "cases": CASES, "exclude-cases": [], "exclude-agent-cases": {}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    command = ["wstest", "-m", "fuzzingclient", "-s", str(tmp_path / "plan.json")]
    subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=280 * SLOWNESS, check=True)
    cases = json.loads((tmp_path / "index.json").read_text())["echo"]
    failed = {name for name, case in cases.items() if "FAILED" in (case["behavior"], case["behaviorClose"])}
    assert len(cases) == 247
    assert failed == {name for name in cases if name.startswith(BINARY)}
