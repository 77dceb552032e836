"""Where the name of a host leads, and connecting to one such place by a deadline. It must not know what for."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

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


class Place(NamedTuple):
    """What a socket connects to."""

    family: int
    address: tuple[str | int, ...] | tuple[int, bytes]


def places_of(host: str, port: int) -> list[Place]:
    """All to which that name leads, in the order of the system. OSError if there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(f"{host} is not a host name") from None
    if not found:
        raise socket.gaierror(f"{host} has no address")
    return list(dict.fromkeys(Place(family, address) for family, _, _, _, address in found))


def connect(place: Place, deadline: Deadline, hold: Hold) -> socket.socket:
    """A connection. OSError says why there is none."""
    connection = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        hold(connection)
        connection.settimeout(deadline.left())
        connection.connect(place.address)
        return _tuned(connection)
    except BaseException:
        connection.close()
        raise


def wait_for_a_sign(connection: socket.socket, question: bytes, deadline: Deadline) -> None:
    """Ask, and wait until there is an answer to be read: the kernel connects also for a program that hangs.

    OSError if none comes. Then the socket is closed.
    """
    try:
        connection.sendall(question)
        if not select.select([connection], [], [], deadline.left())[0]:
            raise TimeoutError("timed out")
    except BaseException:
        connection.close()
        raise


def _tuned(connection: socket.socket) -> socket.socket:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 45_000)
    return connection
