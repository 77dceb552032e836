"""Whoever listens on the line between a server and its clients, and what can be read of that.

Where the system allows it the line is the loopback interface, with every packet of one port; else it is a relay that
everybody has to connect to. Both keep all bytes of each direction of each connection, in their order. What is looked
for is found in each of the forms that text takes on its way: who encrypts must not leave it in any of them.
"""

from __future__ import annotations

import base64
import ctypes
import json
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple, Protocol

from tests.peers import WAIT

ALL_PROTOCOLS: Final = 3
OUTGOING: Final = 4  # on loopback each packet is seen twice; once is enough
ATTACH_FILTER, RECEIVE_BUFFER_FORCE, SOL_PACKET, PACKET_STATISTICS = 26, 33, 263, 6
ROOM_FOR_PACKETS: Final = 128 << 20
IPV4: Final = 0x0800


class Ears(Protocol):
    """`port` is where people have to connect to."""

    port: int
    manner: str
    packets: int
    missed: int  # packets; with any of them, what was heard proves nothing

    def heard(self) -> list[bytes]:
        """Each direction of each connection, when all of them are closed."""


class PacketEars:
    """Every packet of a port of this machine, on its loopback interface. For root, on Linux."""

    manner = "an AF_PACKET socket on lo, packets"

    def __init__(self, port: int) -> None:
        self.port = port
        self.packets = self.missed = 0
        self._streams: dict[bytes, bytearray] = {}
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCE, ROOM_FOR_PACKETS)
            self._choose(port)
            self._socket.bind(("lo", ALL_PROTOCOLS))
        except BaseException:
            self._socket.close()
            raise
        self._socket.settimeout(0.1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="ears")
        self._thread.start()

    def _choose(self, port: int) -> None:
        """Let the kernel pass TCP over IPv4 from or to that port, and nothing else."""
        steps = (
            (0x30, 0, 0, 9), (0x15, 0, 6, 6),  # is the protocol TCP?
            (0xB1, 0, 0, 0),  # the length of the IP header
            (0x48, 0, 0, 0), (0x15, 2, 0, port),  # from that port?
            (0x48, 0, 0, 2), (0x15, 0, 1, port),  # to that port?
            (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0),
        )  # fmt: skip
        program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
        address = struct.pack("HP", len(steps), ctypes.addressof(program))
        self._socket.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, address)

    def _listen(self) -> None:
        while True:
            try:
                packet, (_, protocol, kind, *_) = self._socket.recvfrom(1 << 18)
            except TimeoutError:
                if self._over.is_set():
                    return
                continue
            if kind != OUTGOING and protocol == IPV4:
                self._keep(packet)

    def _keep(self, packet: bytes) -> None:
        self.packets += 1
        header = (packet[0] & 15) * 4
        ends = packet[12:20] + packet[header : header + 4]  # addresses and ports
        self._streams.setdefault(ends, bytearray()).extend(packet[header + (packet[header + 12] >> 4) * 4 :])

    def heard(self) -> list[bytes]:
        """What was sent is in the socket already: it is read to its end."""
        self._over.set()
        self._thread.join(WAIT)
        assert not self._thread.is_alive(), "the listener does not end"
        self.missed = struct.unpack("II", self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        return [bytes(stream) for stream in self._streams.values()]

    def close(self) -> None:
        self._over.set()
        self._thread.join(WAIT)
        self._socket.close()


class RelayEars:
    """A relay that keeps what it passes on."""

    manner = "a recording relay, blocks"
    missed = 0

    def __init__(self, target: int) -> None:
        self.packets = 0
        self._target = target
        self._streams: list[bytearray] = []
        self._ends: list[socket.socket] = []  # closed at the end: each of them is two threads'
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._run, name="relay")]
        self._threads[0].start()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), WAIT)
            except OSError:
                client.close()
                continue
            self._start(client, server)

    def _start(self, client: socket.socket, server: socket.socket) -> None:
        for source, target in ((client, server), (server, client)):
            source.settimeout(None)
            self._ends.append(source)
            self._streams.append(bytearray())
            arguments = (source, target, self._streams[-1])
            self._threads.append(threading.Thread(target=self._pass_on, args=arguments, name="relay"))
        for thread in self._threads[-2:]:
            thread.start()

    def _pass_on(self, source: socket.socket, target: socket.socket, stream: bytearray) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self.packets += 1
                stream += data
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def heard(self) -> list[bytes]:
        self.close()
        return [bytes(stream) for stream in self._streams]

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(4 * WAIT)
            assert not thread.is_alive(), "the relay does not end"
        for end in (self._listener, *self._ends):
            end.close()


@contextmanager
def listening_to(port: int, *, relay: bool = False) -> Iterator[Ears]:
    """To all packets, if this is allowed here and no relay is asked for."""
    ears: PacketEars | RelayEars
    try:
        ears = RelayEars(port) if relay else PacketEars(port)
    except (AttributeError, OSError):
        ears = RelayEars(port)
    try:
        yield ears
    finally:
        ears.close()


# --- reading ---


class Secret(NamedTuple):
    kind: str
    value: str


def forms(value: str) -> dict[str, bytes]:
    """How it may look on its way."""
    data = value.encode()
    units = struct.iter_unpack(">H", value.encode("utf-16-be"))
    found = {
        "clear": data,
        "UTF-16": value.encode("utf-16-le"),
        "UTF-16, big end first": value.encode("utf-16-be"),
        "JSON": json.dumps(value)[1:-1].encode(),
        "JSON, not escaped": json.dumps(value, ensure_ascii=False)[1:-1].encode(),
        "JSON, all escaped": "".join(f"\\u{unit:04x}" for (unit,) in units).encode(),
        "hexadecimal": data.hex().encode(),
    }
    for before in range(3):
        encoded = _base64_of_part(data, before)
        found[f"base64 {before}"] = encoded
        found[f"base64 {before} for links"] = encoded.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def _base64_of_part(data: bytes, before: int) -> bytes:
    """What is the same in base64 whatever stands before it, so many bytes over a multiple of three, and behind it."""
    whole = base64.b64encode(bytes(before) + data)
    return whole[(0, 2, 3)[before] : len(whole) - (0, 3, 2)[(before + len(data)) % 3]]


def read_in(streams: Sequence[bytes], secrets: Sequence[Secret]) -> dict[Secret, str]:
    """Which of them can be read there, and in which form."""
    everything = b"\0\0".join(streams)
    return {
        secret: form
        for secret in secrets
        for form, looks in reversed(forms(secret.value).items())
        if looks in everything
    }
