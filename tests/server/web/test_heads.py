"""Heads of HTTP requests: what is accepted, another parser reads alike; what is not gets the right status."""

from __future__ import annotations

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server_parts.web.heads import MOST_BYTES, MOST_FIELDS, BadHeadError, Head, HeadReader

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


def read(data: bytes) -> tuple[Head, bytes] | None:
    return HeadReader().feed(data)


def status_of(data: bytes) -> int:
    with pytest.raises(BadHeadError) as caught:
        read(data)
    return caught.value.status


def test_a_request_is_read() -> None:
    """Its parts, names of fields without case, and what comes behind it."""
    found = read(b"POST /a?b=c HTTP/1.1\r\nHOST: x:1\r\nAccept:a\r\naccept:  b\t\r\nEmpty:\r\n\r\nrest")
    assert found is not None
    head, rest = found
    assert (head.method, head.target, head.path, head.query, rest) == ("POST", "/a?b=c", "/a", "b=c", b"rest")
    assert head.fields == (("host", "x:1"), ("accept", "a"), ("accept", "b"), ("empty", ""))
    assert (head.get("accept"), head.get("empty"), head.get("none")) == ("a, b", "", None)
    assert head.has_word("accept", "b")
    assert not head.has_word("accept", "c")


def test_a_head_comes_in_any_pieces() -> None:
    """Byte by byte it is the same as in one piece, with bare newlines too."""
    for end in (b"\r\n", b"\n"):
        whole = (GET + b"A: b\r\n\r\n").replace(b"\r\n", end) + b"more"
        reader = HeadReader()
        found = [one for at in range(len(whole)) if (one := reader.feed(whole[at : at + 1])) is not None][:1]
        expected = read(whole)
        assert expected is not None
        assert found == [(expected[0], b"")]


REFUSED = {
    "no request line": (b"\r\n\r\n", 400),
    "two blanks": (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a blank in the target": (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "a control in the target": (b"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\n", 505),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (GET + b"Host: x\r\n\r\n", 400),
    "two lengths": (GET + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
    "a list of lengths": (GET + b"Content-Length: 1, 1\r\n\r\n", 400),
    "a length with a sign": (GET + b"Content-Length: +1\r\n\r\n", 400),
    "no length": (GET + b"Content-Length:\r\n\r\n", 400),
    "chunks": (GET + b"Transfer-Encoding: chunked\r\n\r\n", 501),
    "chunks, hidden": (GET + b"transfer-encoding: identity, chunked\r\nContent-Length: 3\r\n\r\n", 501),
    "a folded line": (GET + b"A: b\r\n c\r\n\r\n", 400),
    "a folded first line": (b"GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400),
    "a blank before the colon": (GET + b"Content-Length : 1\r\n\r\n", 400),
    "no colon": (GET + b"nothing\r\n\r\n", 400),
    "no name": (GET + b": a\r\n\r\n", 400),
    "a bare CR": (GET + b"A: b\rHost: y\r\n\r\n", 400),
    "a NUL": (GET + b"A: b\0\r\n\r\n", 400),
    "a vertical tab": (GET + b"A:\x0bb\r\n\r\n", 400),
    "too many fields": (GET + b"A: b\r\n" * MOST_FIELDS + b"\r\n", 431),
    "too long": (GET + b"A: " + b"b" * MOST_BYTES + b"\r\n\r\n", 431),
    "too long, and without an end": (GET + b"A: " + b"b" * MOST_BYTES, 431),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(what: str) -> None:
    """With the status that says what is wrong."""
    data, status = REFUSED[what]
    assert status_of(data) == status


def test_the_limits_are_exact() -> None:
    """As many fields and as many bytes as that, and not one more."""
    assert read(GET + b"A: b\r\n" * (MOST_FIELDS - 1) + b"\r\n") is not None
    filler = b"b" * (MOST_BYTES - len(GET + b"A: \r\n\r\n"))
    assert read(GET + b"A: " + filler + b"\r\n\r\n") is not None
    assert status_of(GET + b"A: b" + filler + b"\r\n\r\n") == 431


TOKENS = st.sampled_from(
    [
        b"GET",
        b"POST",
        b"PUT",
        b"PATCH",
        b"Upload-Offset",
        b"Expect",
        b"100-continue",
        b"Range",
        b"bytes=0-",
        b"Host",
        b"Content-Length",
        b"Transfer-Encoding",
        b"A",
        b"x",
        b"/",
        b"*",
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"HTTP/2.0",
        b":",
        b": ",
        b" ",
        b"\t",
        b"\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"1",
        b"01",
        b",",
        b"chunked",
        b"\0",
        b"\x0b",
        b"\x80",
        b"\xff",
        b"\xa0",
        b"\x85",
        b"-",
        b"+",
        b"(",
        b'"',
        b"http://a/",
        b"[::1]:80",
    ]
)
FIELDS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"Host", b"host", b"Content-Length", b"Accept", b"Transfer-Encoding", b"Cookie", b"A b", b"", b"Expect"]
        ),
        st.sampled_from([b":", b": ", b":\t ", b" :", b""]),
        st.one_of(st.binary(max_size=6), st.sampled_from([b"x", b"5", b"a\r\n b", b"\xe9", b"chunked"])),
        st.sampled_from([b"\r\n", b"\n", b" \r\n", b"\r\r\n"]),
    ),
    max_size=5,
)
ALMOST = st.tuples(
    st.sampled_from(
        [
            b"GET / HTTP/1.1\r\n",
            b"POST /a HTTP/1.0\n",
            b"GET /\xe9 HTTP/1.1\r\n",
            b"PATCH / HTTP/1.1\r\n",
            b"PUT / HTTP/1.1\n",
        ]
    ),
    FIELDS,
).map(lambda parts: parts[0] + b"".join(b"".join(field) for field in parts[1]) + b"\r\n")


@given(st.one_of(st.lists(TOKENS, max_size=30).map(b"".join), ALMOST, st.binary(max_size=60)))
@example(GET + b"\r\n")
@example(b"GET / HTTP/1.0\r\n\r\n")
@example(GET + b"A:  b c\t \r\n\r\n")
def test_what_is_accepted_is_read_alike_by_another_parser(data: bytes) -> None:
    """By h11: the same request, the same fields, the same end. And nothing but a refusal ever comes out."""
    status, found = 200, None
    try:
        found = read(data)
    except BadHeadError as error:
        status = error.status
    assert status in (200, 400, 431, 501, 505)
    if found is None:
        return
    head, rest = found
    other = h11.Connection(h11.SERVER)
    other.receive_data(data)
    event = other.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method.decode(), event.target.decode()) == (head.method, head.target)
    assert event.http_version.decode() == head.version
    assert [(name.decode(), value.decode("latin-1")) for name, value in event.headers] == list(head.fields)
    assert other.trailing_data[0] == rest


@given(st.binary(max_size=200), st.integers(1, 7))
def test_a_head_is_the_same_in_any_pieces(data: bytes, size: int) -> None:
    """Also one that is refused."""
    data = GET + data + b"\r\n\r\n"

    def outcome(pieces: list[bytes]) -> object:
        reader = HeadReader()
        try:
            for piece in pieces:
                if (found := reader.feed(piece)) is not None:
                    return found[0]
        except BadHeadError as error:
            return error.status
        return None

    assert outcome([data]) == outcome([data[at : at + size] for at in range(0, len(data), size)])


def test_nothing_of_a_head_is_kept() -> None:
    """A WebSocket may live for days."""
    reader = HeadReader()
    reader.feed(b"GET / HTTP/1.1\r\nHost: a\r\n")
    assert reader.feed(b"\r\nmore") is not None
    assert reader.feed(b"") is None
