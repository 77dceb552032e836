"""The operating system's side of a connection: listening, tuning, and waiting for one socket.

It must not know bytes' meaning, clients or threads.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import select
import socket
import sys
import time
from typing import Final

# Send what the kernel takes at once and no more. Windows has no such flag: there every byte goes through a drainer.
DONTWAIT: Final[int | None] = getattr(socket, "MSG_DONTWAIT", None)
SEND_BUFFER: Final = 256 * 1024  # what a client that stops reading may pin in the kernel
DEAD_PEER_MS: Final = 60_000
QUEUED_CONNECTIONS: Final = 4_096
PEER_OPTIONS: Final = (
    ("IPPROTO_TCP", "TCP_NODELAY", 1),
    ("SOL_SOCKET", "SO_SNDBUF", SEND_BUFFER),
    ("SOL_SOCKET", "SO_KEEPALIVE", 1),
    ("IPPROTO_TCP", "TCP_KEEPIDLE", 30),
    ("IPPROTO_TCP", "TCP_KEEPINTVL", 10),
    ("IPPROTO_TCP", "TCP_KEEPCNT", 3),
    ("IPPROTO_TCP", "TCP_USER_TIMEOUT", DEAD_PEER_MS),  # keepalive is silent while data is unacknowledged
)


def open_listener(host: str, port: int) -> socket.socket:
    """A listening socket on the first address that `host` stands for."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError:
        raise socket.gaierror(f"{host} is not a host name") from None
    family, kind, proto, _, address = found[0]
    listener = socket.socket(family, kind, proto)
    try:
        if sys.platform == "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and host == "::":
            with contextlib.suppress(OSError):
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(QUEUED_CONNECTIONS)
    except OSError:
        listener.close()
        raise
    return listener


def tune(connection: socket.socket) -> None:
    """No delay for small messages, a bounded kernel buffer, and a dead peer found within about a minute."""
    for level, option, value in PEER_OPTIONS:
        if hasattr(socket, option):
            with contextlib.suppress(OSError):  # a socketpair knows no TCP
                connection.setsockopt(getattr(socket, level), getattr(socket, option), value)


def readable(connection: socket.socket, seconds: float) -> bool:
    """Wait until there is something to read, the end included. A socket time-out would bind the writers too."""
    return _wait(connection, seconds, reading=True)


def first_byte(connection: socket.socket, seconds: float) -> bytes:
    """What will be received first, without receiving it; nothing if the connection ends or is silent for so long."""
    with contextlib.suppress(OSError):
        if DONTWAIT is not None:  # most have said something already, and Python's lock is let go of once, not twice
            with contextlib.suppress(BlockingIOError):
                return connection.recv(1, socket.MSG_PEEK | DONTWAIT)
        if readable(connection, seconds):
            return connection.recv(1, socket.MSG_PEEK)
    return b""


def writable(connection: socket.socket, seconds: float) -> bool:
    return _wait(connection, seconds, reading=False)


def _wait(connection: socket.socket, seconds: float, *, reading: bool) -> bool:
    seconds = max(seconds, 0.0)
    if hasattr(select, "poll"):  # select() fails beyond descriptor 1024
        poll = select.poll()
        poll.register(connection, select.POLLIN if reading else select.POLLOUT)
        return bool(poll.poll(seconds * 1000))
    wanted = [connection]
    return any(select.select(wanted if reading else [], [] if reading else wanted, [], seconds))


def is_reset_within(connection: socket.socket, seconds: float) -> bool:
    """Wait so long while nobody reads. True at once if the other side resets the connection without ending it first.

    After an orderly end the kernel reports a reset as a broken pipe. Who writes may get the report instead.
    """
    if not hasattr(select, "poll"):
        time.sleep(seconds)
        return False
    poll = select.poll()
    poll.register(connection, 0)
    if not poll.poll(seconds * 1000):
        return False
    if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET:
        return True
    time.sleep(seconds)
    return False


def wake(connection: socket.socket) -> None:
    """End whatever thread is blocked on this socket; close() would not wake it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches what listens on that numeric address."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def own_addresses() -> list[str]:
    """The addresses under which others on the network probably reach this machine."""
    found: dict[str, None] = {}
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # asks the routing table; a datagram socket sends nothing here
        found[probe.getsockname()[0]] = None
    with contextlib.suppress(OSError):
        for *_, address in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET):
            found[str(address[0])] = None
    return [address for address in found if not address.startswith("127.")]


def raise_descriptor_limit() -> int:
    """As many descriptors as this process may have; how many that is."""
    try:
        import resource
    except ImportError:
        return 8_192  # Windows has no such limit; threads are what runs out first
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft if soft != resource.RLIM_INFINITY else 1_000_000
