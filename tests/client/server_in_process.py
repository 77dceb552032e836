"""The real server in the process of the tests, for tests that are about the client's program.

It does what `python server.py` does with a folder, and starts in a fraction of the time. Tests in which a server is
killed, or ended by a signal, need `ServerProgram`.
"""

from __future__ import annotations

import threading
from pathlib import Path

from server import ChatServer
from server_parts import opening, settings
from server_parts.own_certificate import open_certificate
from tests.client.ports import ReservedPort
from tests.peers import WAIT


class ServerInProcess:
    """Runs from the start, on a free port that it keeps over a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self._running: tuple[ChatServer, threading.Thread] | None = None
        self.start()

    def start(self) -> None:
        command = settings.parse(["--port", str(self.port), "--data", str(self._folder), "--rate", "0", "--no-console"])
        store = opening.open_log(command.settings)
        certificate = open_certificate(command.settings, is_reachable=False).certificate
        server = ChatServer(command.host, command.port, command.settings, store, certificate)
        server.open()
        thread = threading.Thread(target=server.start_server, name="server in process")
        thread.start()
        self._running = server, thread
        assert server.listening.wait(WAIT), "the server does not listen"

    def stop(self) -> None:
        """As an operator does; its folder and its port are free again on return."""
        assert self._running is not None
        server, thread = self._running
        server.stop_server()
        thread.join(2 * WAIT)
        assert not thread.is_alive(), "the server does not stop"
        assert not server.failed, "the server failed"
        self._running = None

    def close(self) -> None:
        """For good."""
        if self._running is not None:
            self.stop()
        self._reserved.release()
