"""Heads of HTTP: what is asked, and answers of servers that may be anything."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client_parts.files.http import MOST_HEAD, Answer, HeadReader, HttpError, is_path, request

HEAD = b'HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 10-14/15\r\nETag:"a"\r\n\r\n'


def read(data: bytes) -> Answer | None:
    return HeadReader().feed(data)


def test_a_request_is_a_head() -> None:
    assert request("GET", "/files/ID/a%20b?t=x", {"Range": "bytes=5-"}) == (
        b"GET /files/ID/a%20b?t=x HTTP/1.1\r\nHost: localhost\r\nRange: bytes=5-\r\n\r\n"
    )


def test_an_answer_may_come_byte_by_byte() -> None:
    """What comes behind its head is kept."""
    reader = HeadReader()
    *first, last = HEAD
    assert not any(reader.feed(bytes([byte])) for byte in first)
    answer = reader.feed(bytes([last]) + b"12345")
    assert answer is not None
    assert (answer.status, answer.number("content-length"), answer.begins_at(), reader.rest) == (206, 5, 10, b"12345")
    assert answer.fields["etag"] == '"a"'
    assert answer.number("upload-offset") is None


@pytest.mark.parametrize(
    "data",
    [
        b'{"type":"bye"}\n',
        b"* hello client *\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 999 x\r\n\r\n",
        b"HTTP/1.1 200 x\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 x\r\na b: c\r\n\r\n",
        b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 x\r\na: " + b"x" * MOST_HEAD,
    ],
)
def test_what_is_no_answer_is_an_error(data: bytes) -> None:
    with pytest.raises(HttpError):
        read(data)


@pytest.mark.parametrize("value", ["", "-1", "1e3", "9" * 16, "0x1", "\xb2"])
def test_a_number_is_a_number(value: str) -> None:
    with pytest.raises(HttpError):
        Answer(200, {"content-length": value}).number("content-length")
    with pytest.raises(HttpError):
        Answer(206, {"content-range": f"bytes {value}-9/10"}).begins_at()


@pytest.mark.parametrize("url", ["", "files", "/", "/a b", "/a\r\nX: y", "/é", "/" + "a" * 2001, "http://x/"])
def test_only_a_path_can_be_asked_for(url: str) -> None:
    assert not is_path(url)
    assert is_path("/files/ID/a%20b?t=A_-.x")


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda data: HEAD[:60] + data))
@settings(max_examples=50)
def test_any_bytes_are_an_answer_or_an_error(data: bytes) -> None:
    try:
        answer = read(data)
    except HttpError:
        return
    assert answer is None or 100 <= answer.status <= 599
