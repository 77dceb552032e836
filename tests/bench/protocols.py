"""How each server is spoken to: what gets a client in, how it publishes, what comes back. Pure: bytes only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from tests.bench.generator import TEXT, Member

LINE_GREETING: Final = b"* hello client *\n"


class Entry(NamedTuple):
    """One client's way in, and its way of publishing."""

    hello: bytes
    ready: bytes
    publish: tuple[bytes, bytes, bytes]


@dataclass(frozen=True)
class Protocol:
    enter: Callable[[int, str], Entry]  # a client's number and its room
    rooms: bool = True  # whether there can be more than one room
    echo: bool = True  # whether senders hear themselves
    apart: bool = False  # whether senders' bytes differ from the others', by receipts and the like
    one_order: bool = True  # whether all members of a room see all senders' messages in the same order
    at_once: int = 256  # connections that may be waiting to be accepted
    settle: float = 0.0  # seconds until a newcomer's connection is quiet
    id_key: bytes = b""
    receipt: bytes = b""


def room_names(count: int) -> list[str]:
    return ["lobby"] if count == 1 else [f"room-{i}" for i in range(count)]


def native_entry(number: int, room: str) -> Entry:
    return _native(number, f'{{"{room}":null}}', b'"more":false', room)


def _native(number: int, rooms: str, ready: bytes, to: str) -> Entry:
    hello = (
        f'{{"type":"hello","protocol":1,"name":"c{number}","session":"bench-session-{number:08}",'
        f'"rooms":{rooms},"history":0}}\n'
    )
    say = f'{{"type":"say","room":"{to}","text":"'.encode()
    return Entry(hello.encode(), ready, (say, b'","seq":', b"}\n"))


def plain_entry(number: int, room: str) -> Entry:
    del room  # all are in the lobby
    return Entry(f"/nick c{number}\n".encode(), f"is now c{number} *\n".encode(), (b"", b"\n", b""))


def _tutorial_entry(number: int, room: str) -> Entry:
    del number, room
    return Entry(b"", LINE_GREETING, (b"", b"\n", b""))


def _irc_entry(number: int, room: str) -> Entry:
    hello = f"NICK c{number}\r\nUSER c{number} 0 * :c\r\nJOIN #{room}\r\n"
    return Entry(hello.encode(), f" 366 c{number} ".encode(), (f"PRIVMSG #{room} :".encode(), b"\r\n", b""))


def _nats_entry(number: int, room: str) -> Entry:
    del number
    hello = f'CONNECT {{"verbose":false,"pedantic":false}}\r\nSUB {room} 1\r\nPING\r\n'
    return Entry(hello.encode(), b"PONG\r\n", (f"PUB {room} {TEXT}\r\n".encode(), b"\r\n", b""))


def _redis_entry(number: int, room: str) -> Entry:
    del number
    # RESP3: only there may a subscriber publish.
    hello = f"HELLO 3\r\nSUBSCRIBE {room}\r\n"
    publish = f"*3\r\n$7\r\nPUBLISH\r\n${len(room)}\r\n{room}\r\n${TEXT}\r\n"
    return Entry(hello.encode(), b"$9\r\nsubscribe\r\n", (publish.encode(), b"\r\n", b""))


NATIVE: Final = Protocol(native_entry, id_key=b'"id":')
# The server takes who is silent for half a second for a plain client, and many handshakes take a busy machine so long.
NATIVE_TLS: Final = replace(NATIVE, at_once=64)
LINES: Final = Protocol(_tutorial_entry, rooms=False)
IRC: Final = Protocol(_irc_entry, echo=False, apart=True, at_once=8)  # it listens with a queue of ten
NATS: Final = Protocol(_nats_entry, settle=3.0, one_order=False)  # it pings a newcomer once after two seconds
REDIS: Final = Protocol(_redis_entry, apart=True)


def crowd(protocol: Protocol, rooms: int, members: int, senders: int) -> Iterator[Member]:
    """So many members for each of so many rooms; the first ones of a room speak."""
    for room, name in enumerate(room_names(rooms)):
        for i in range(members):
            entry = protocol.enter(room * members + i, name)
            speaks = i < senders
            common = protocol.one_order and not (speaks and protocol.apart)
            yield Member(entry.hello, entry.ready, room, room if common else -1, i if speaks else -1, entry.publish)


def newcomers(protocol: Protocol, first: int, count: int) -> Iterator[Member]:
    """More clients for the first room, whose bytes are not looked at."""
    for number in range(first, first + count):
        entry = protocol.enter(number, "lobby")
        yield Member(entry.hello, entry.ready, room=-1)


def pairs(count: int) -> Iterator[Member]:
    """Clients of this project's server, two and two, the first of each writing privately to the second."""
    for pair in range(count):
        for i in range(2):
            entry = _native(2 * pair + i, "{}", b'"type":"welcome"', f"@c{2 * pair + 1}")
            yield Member(entry.hello, entry.ready, pair, pair, 0 if i == 0 else -1, entry.publish)


def mixed(members: int, senders: int) -> Iterator[Member]:
    """Every second one through the plain door of this project's server; of the senders too."""
    for i in range(members):
        plain, speaks = i % 2 == 1, i < senders
        entry = plain_entry(i, "lobby") if plain else native_entry(i, "lobby")
        stream = (-1 if speaks else 1) if plain else 0  # plain senders get receipts in place of their own texts
        yield Member(entry.hello, entry.ready, 0, stream, i if speaks else -1, entry.publish)


def ring_for(members: Iterable[Member], window: int) -> int:
    """How much of a room's stream must be kept: well over what may be on its way."""
    senders: dict[int, int] = {}
    for member in members:
        if member.sender >= 0:
            senders[member.room] = senders.get(member.room, 0) + 1
    needed = 4 * window * max(senders.values(), default=1) * (TEXT + 200)
    return max(1 << 18, 1 << needed.bit_length())
