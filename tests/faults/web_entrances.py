"""The entrance for browsers, and what must hold there for any bytes: see entrances.py. No socket and no thread here."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from typing import Any, Final

from server_parts.protocol.requests import Answer, EndConnection, Refusal, Reply, Request
from server_parts.web.chat_door import ChatDoor
from server_parts.web.forwarded import Behind, Proxies
from server_parts.web.site import Site
from server_parts.web.web_door import WebDoor
from tests.browsers import TEXT, frame, read_answer

STATUSES: Final = {200, 204, 304, 400, 403, 404, 405, 408, 421, 426, 431, 501, 503, 505}
HEAD: Final = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
SITE: Final = Site(["chat.example"], ["127.0.0.1"])


class Anybody:
    """Comes through a proxy that may say anything."""

    is_encrypted = False
    is_open = True
    source = "127.0.0.1"

    def is_behind(self, proxies: Proxies) -> bool:
        return True

    def forward(self, client: Behind) -> str | None:
        return None


def heads(data: bytes) -> None:
    """A request, alone or as the fields of one: an answer of the page, the same in one piece and in many."""
    for request in (data, HEAD + data + b"\r\n\r\n", data + b"\r\n\r\n"):
        whole, split = _asked(request, [request]), _asked(request, _splits(request))
        assert [type(one) for one in whole] == [type(one) for one in split]
        for one in whole:
            if isinstance(one, Reply):
                answer = read_answer(one.block)
                assert answer.status in STATUSES
                assert answer.fields["x-content-type-options"] == "nosniff"
                assert "\n" not in "".join(answer.fields.values())


def _asked(request: bytes, pieces: Sequence[bytes]) -> list[Request]:
    door = WebDoor(0.0, SITE, Anybody())
    taken: list[Request] = []
    for piece in pieces:
        taken += door.receive(piece, 0.0)
        if taken:  # behind an answer nothing is read, and behind an upgrade is the other entrance
            return taken[:1]
    return taken + door.silence(100.0)


def messages(data: bytes) -> None:
    """Frames, and the same bytes as what stands in one: whole and in pieces alike, and an end if it is one."""
    for sent in (data, frame(TEXT, data), frame(TEXT, data[:9], final=False) + frame(0, data[9:])):
        taken = _through(ChatDoor(0.0), [sent])
        assert _alike(taken) == _alike(_through(ChatDoor(0.0), _splits(sent)))
        assert not any(isinstance(one, EndConnection) for one in taken[:-1])


def _through(door: ChatDoor, pieces: Sequence[bytes]) -> list[Request]:
    door.welcomed()
    taken: list[Request] = []
    for piece in pieces:
        taken += door.receive(piece, 0.0)
        if taken and isinstance(taken[-1], EndConnection):
            break
    return taken


def _alike(requests: Sequence[Request]) -> list[Any]:
    """Pongs are one answer or several, as the pings have come. Where an answer of nothing stands is all the same."""
    nothing = Answer(b"")
    short: list[Any] = [requests.count(nothing)]
    for request in requests:
        if request == nothing:
            continue
        if isinstance(request, Answer) and short and isinstance(short[-1], bytes):
            short[-1] += request.block
        else:
            is_long = isinstance(request, Refusal) and request.code == "too_long"
            short.append(request.block if isinstance(request, Answer) else "too long" if is_long else request)
    return short


def _splits(data: bytes) -> list[bytes]:
    size = random.Random(zlib.crc32(data)).choice((1, 2, 7, 50))
    return [data[at : at + size] for at in range(0, len(data), size)]
