"""An encrypted wire and its client, who uses Python's own TLS socket and none of our code."""

from __future__ import annotations

import socket
import threading

from server_parts.wire.tls_wire import TlsWire
from tests.peers import WAIT
from tests.tls.certificates import server_context, trusting_context


def encrypted_pair(ours: socket.socket, theirs: socket.socket) -> tuple[TlsWire, socket.socket]:
    wire = TlsWire(ours, server_context())
    client: list[socket.socket] = []
    shaking = threading.Thread(target=lambda: client.append(trusting_context().wrap_socket(theirs)))
    shaking.start()
    assert wire.shake_hands(WAIT, lambda step: step())
    shaking.join(WAIT)
    return wire, client[0]
