"""Bodies of uploads: where one ends, another parser thinks too, whatever stands around it."""

from __future__ import annotations

import h11
from hypothesis import example, given
from hypothesis import strategies as st

from server_parts.files.flow import Flow
from server_parts.files.receiving import LOST, WHOLE, Body
from server_parts.protocol.file_requests import Upload
from server_parts.protocol.requests import Reply
from server_parts.web.forwarded import Behind, Proxies
from server_parts.web.site import Site
from server_parts.web.web_door import WebDoor
from tests.server.files.test_receiving import Script

ID = "A" * 22


class Stranger:
    """Somebody on this machine."""

    is_encrypted, source, is_open = False, "127.0.0.1", True

    def is_behind(self, proxies: Proxies) -> bool:
        return False

    def forward(self, client: Behind) -> str | None:
        return None


def as_we_read_it(pieces: list[bytes]) -> tuple[str, bytes, str] | None:
    """The method, the body, and how it ended; None if it is refused, or the head has no end."""
    door = WebDoor(0.0, Site(), Stranger())
    for number, piece in enumerate(pieces):
        requests = door.receive(piece, 0.0)
        if not requests:
            continue
        (asked,) = requests
        if isinstance(asked, Reply):
            return None
        assert isinstance(asked, Upload)
        stored: list[bytes] = []
        body = Body(Script(*pieces[number + 1 :]), asked.begun, asked.length, Flow(0), lambda: True)
        body.store(stored.append)
        return "PATCH" if asked.size is None else "PUT", b"".join(stored), body.ended
    return None


def as_h11_reads_it(data: bytes) -> tuple[str, bytes, str]:
    other = h11.Connection(h11.SERVER)
    other.receive_data(data)
    method, body, ended = "", b"", LOST
    while (event := other.next_event()) is not h11.NEED_DATA and not isinstance(event, h11.ConnectionClosed):
        if isinstance(event, h11.Request):
            method = event.method.decode()
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            ended = WHOLE
            break
    return method, body, ended


@given(
    st.sampled_from(["PUT", "PATCH"]),
    st.integers(0, 300),
    st.binary(max_size=400) | st.sampled_from([b"GET / HTTP/1.1\r\n\r\n" * 9, b"\r\n" * 60, b"0\r\n\r\n" * 50]),
    st.sampled_from(["", "Expect: 100-continue\r\n", "Upload-Offset: 0\r\n", "Content-Length: 5\r\n"]),
    st.integers(1, 90),
)
@example("PUT", 0, b"", "", 1)
@example("PATCH", 10, b"0123456789GET / HTTP/1.1\r\n\r\n", "", 7)
def test_a_body_ends_where_another_parser_thinks(method: str, length: int, after: bytes, more: str, size: int) -> None:
    """In any pieces; what comes behind it is no part of it, and no other request."""
    offset = "Upload-Offset: 0\r\n" if method == "PATCH" and "Offset" not in more else ""
    head = f"{method} /files/{ID}?t=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{offset}{more}\r\n"
    data = head.encode() + after
    found = as_we_read_it([data[at : at + size] for at in range(0, len(data), size)])
    assert (found is None) == ("Content-Length" in more)
    if found is not None:
        assert found == as_h11_reads_it(data)
