"""How a program sends files, written from the protocol page alone: a place is asked for, and the bytes go by HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.browsers import Answer, read_answer, request_head
from tests.peers import Frame, Native, Peer


def reserve(client: Native, name: str, size: int, room: str = "lobby", **fields: Any) -> Frame:
    """The answer to an `upload`: a place, or an error."""
    client.send("upload", ref="r1", room=room, name=name, size=size, **fields)
    frame = client.next()
    while frame.get("ref") != "r1":
        frame = client.next()
    return frame


def send(
    port: int, url: str, body: bytes, offset: int = 0, method: str = "PATCH", fields: Mapping[str, str] | None = None
) -> Answer:
    """A part of a file, in one go."""
    lengths = {"Content-Length": str(len(body)), **({"Upload-Offset": str(offset)} if method == "PATCH" else {})}
    with Peer(port) as peer:
        peer.send_bytes(request_head(url, method, {"Host": f"127.0.0.1:{port}", **lengths, **(fields or {})}) + body)
        return read_answer(peer.rest())


def share(port: int, client: Native, body: bytes, name: str = "a.bin", room: str = "lobby") -> Frame:
    """A file is sent and said: the message, as its author gets it."""
    place = reserve(client, name, len(body), room)
    answer = send(port, place["url"], body)
    assert answer.status == 201, answer
    seq = client.say("", room, file=place["id"])
    return client.until("message", seq=seq, by=client.welcome["tag"])
