"""Connecting to a host, with one deadline for all of its addresses and what follows. It must not know what for."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

Hold = Callable[[socket.socket], None]  # is told of each socket while it is being connected, to interrupt that


class NotEncrypted(OSError):
    """What answers there does not encrypt, or says nothing at all to somebody who does."""


class Deadline:
    """One moment, for several steps that have to be done by then."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds. TimeoutError if there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


def connect(host: str, port: int, deadline: Deadline, hold: Hold) -> socket.socket:
    """A connection to the first address of that name that answers. OSError says why there is none."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(f"{host} is not a host name") from None
    problem: OSError = socket.gaierror(f"{host} has no address")
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        connection = socket.socket(family, kind, protocol)
        try:
            hold(connection)
            # A silent address leaves time for those after it.
            connection.settimeout(deadline.left() / (len(addresses) - number))
            connection.connect(address)
            return _tuned(connection)
        except OSError as failure:
            connection.close()
            problem = failure
    raise problem


def _tuned(connection: socket.socket) -> socket.socket:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 45_000)
    return connection
