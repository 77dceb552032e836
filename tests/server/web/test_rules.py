"""Whose page may talk to this server, who stands behind a proxy, and what a browser keeps: rules without a socket."""

from __future__ import annotations

import gzip
import platform
import re
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.web import cookies, files, handshake
from server_parts.web.forwarded import Behind, Proxies
from server_parts.web.heads import BadHeadError, Head
from server_parts.web.hosts import Hosts, is_certainly_own_page, is_own_page
from tests.browsers import read_answer


def head(method: str = "GET", target: str = "/", **fields: str) -> Head:
    """A request; fields are named with underscores."""
    return Head(method, target, "1.1", tuple((name.replace("_", "-"), value) for name, value in fields.items()))


# --- names ---

KNOWN = (
    "127.0.0.1", "127.0.0.1:3030", "192.0.2.1:1", "[::1]", "[::1]:3030", "[2001:db8::1]", "localhost", "LOCALHOST:80",
    "localhost.", "chat.example", "Chat.Example:443", "chat.example.",
)  # fmt: skip
FOREIGN = (
    "", "evil.example", "evil.example:3030", "127.0.0.1.evil.example", "localhost.evil.example", "chat.example.evil",
    "xchat.example", "127.1", "0x7f.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:3030:1", "[::1", "::1", "a b",
    "user@127.0.0.1", "127.0.0.1/", "127.0.0.1, localhost", "[evil]", "[]", ".", "..", "lоcalhost", "127.0.0.1\t",
)  # fmt: skip


@pytest.mark.parametrize("host", KNOWN)
def test_names_that_nobody_else_can_point_here_are_known(host: str) -> None:
    """Addresses, localhost, and what the operator has named; with a port, in any case, with a dot at the end."""
    assert Hosts(["chat.example"]).knows(host)


@pytest.mark.parametrize("host", FOREIGN)
def test_all_other_names_are_foreign(host: str) -> None:
    """Also those that only look like one."""
    assert not Hosts(["chat.example"]).knows(host)


def test_the_machine_s_own_name_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, short, and as it is called in its own network."""
    monkeypatch.setattr(platform, "node", lambda: "Inn.Example.org")
    hosts = Hosts()
    assert [hosts.knows(name) for name in ("inn.example.org", "inn", "inn.local:1", "example.org", "local")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    monkeypatch.setattr(platform, "node", lambda: "")
    assert not Hosts().knows(".local")


@given(st.text(max_size=20))
def test_any_host_is_judged(host: str) -> None:
    """Without an error."""
    assert Hosts().knows(host) in (True, False)


OWN_PAGES = [
    ("http://a:3030", "a:3030", False),
    ("http://a", "a", False),
    ("http://a", "a:80", False),
    ("http://A", "a", False),
    ("https://a", "a", True),
    ("https://a", "a:443", True),
    ("https://a", "a", False),  # the proxy is encrypted, and we are not
    ("http://[::1]:3030", "[::1]:3030", False),
]
FOREIGN_PAGES = [
    ("http://evil", "a", False),
    ("http://a:3031", "a:3030", False),
    ("http://a", "a:3030", False),
    ("http://a", "a", True),  # in clear anybody may have changed it
    ("https://a:80", "a", True),
    ("null", "a", False),
    ("", "a", False),
    ("a", "a", False),
    ("file://", "a", False),
    ("ftp://a", "a", False),
    ("http://a/", "a", False),
    ("http://a http://a", "a", False),
    ("http://a, http://a", "a", False),
    ("http://user@a", "a", False),
    ("http://a.evil", "a", False),
    ("http://[::1", "a", False),
    ("http://a:b", "a", False),
    ("chrome-extension://a", "a", False),
]


@pytest.mark.parametrize(("origin", "host", "is_encrypted"), OWN_PAGES)
def test_the_own_page_may_talk(origin: str, host: str, is_encrypted: bool) -> None:
    """Its Origin is the Host that it asks."""
    asked = head(host=host, origin=origin)
    assert is_own_page(asked, is_encrypted=is_encrypted)
    assert is_certainly_own_page(asked, is_encrypted=is_encrypted)


@pytest.mark.parametrize(("origin", "host", "is_encrypted"), FOREIGN_PAGES)
def test_a_foreign_page_may_not(origin: str, host: str, is_encrypted: bool) -> None:
    """Whatever else it says."""
    for more in ({}, {"sec_fetch_site": "same-origin"}):
        assert not is_own_page(head(host=host, origin=origin, **more), is_encrypted=is_encrypted)


@pytest.mark.parametrize(
    ("site", "may", "may_change"),
    [
        (None, True, False),
        ("same-origin", True, True),
        ("none", True, False),
        ("same-site", False, False),
        ("cross-site", False, False),
        ("", False, False),
        ("Same-Origin", False, False),
    ],
)
def test_what_the_browser_says_of_a_request_counts(site: str | None, may: bool, may_change: bool) -> None:
    """Without an Origin: programs may talk, but only the page may change something."""
    asked = head(host="a") if site is None else head(host="a", sec_fetch_site=site)
    assert is_own_page(asked, is_encrypted=False) is may
    assert is_certainly_own_page(asked, is_encrypted=False) is may_change
    with_origin = Head("POST", "/", "1.1", (*asked.fields, ("origin", "http://a")))
    assert is_certainly_own_page(with_origin, is_encrypted=False) is may


# --- proxies ---

BEHIND = [
    ({"x_forwarded_for": "192.0.2.9"}, Behind("192.0.2.9", False)),
    ({"x_forwarded_for": "192.0.2.9", "x_forwarded_proto": "https"}, Behind("192.0.2.9", True)),
    ({"x_forwarded_for": "10.0.0.1, 192.0.2.9"}, Behind("192.0.2.9", False)),
    ({"x_forwarded_for": "127.0.0.1, 192.0.2.9, 198.51.100.1"}, Behind("192.0.2.9", False)),
    ({"x_forwarded_for": "192.0.2.9:4711"}, Behind("192.0.2.9", False)),
    ({"x_forwarded_for": "[2001:db8::9]:4711"}, Behind("2001:db8::9", False)),
    ({"x_forwarded_for": "2001:db8::9"}, Behind("2001:db8::9", False)),
    ({"x_forwarded_for": "::ffff:192.0.2.9"}, Behind("192.0.2.9", False)),
    ({"x_forwarded_for": "192.0.2.8", "forwarded": "for=192.0.2.9;proto=https"}, Behind("192.0.2.8", False)),
    ({"forwarded": "for=192.0.2.9;proto=https"}, None),  # that came from the client
    ({"x_forwarded_for": "192.0.2.9, unknown"}, None),
    ({"x_forwarded_for": "192.0.2.9,"}, None),
    ({"x_forwarded_for": ""}, None),
    ({"x_forwarded_for": "198.51.100.1", "x_forwarded_proto": "https"}, Behind("198.51.100.1", True)),  # for itself
    ({}, None),
]


@pytest.mark.parametrize(("fields", "behind"), BEHIND)
def test_who_stands_behind_a_proxy(fields: dict[str, str], behind: Behind | None) -> None:
    """The last in the list that is no proxy of ours: what is before it may be made up."""
    assert Proxies(["198.51.100.1"]).client_of(head(**fields)) == behind


def test_proxies_are_known_by_their_addresses() -> None:
    """In all forms of one; and nobody else is one."""
    proxies = Proxies(["127.0.0.1", "2001:db8::1"])
    assert all(map(proxies.has, ["127.0.0.1", "::ffff:127.0.0.1", "2001:db8:0::1"]))
    assert not any(map(proxies.has, ["127.0.0.2", "2001:db8::2", "", "x"]))
    assert not Proxies().has("127.0.0.1")


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_list_is_read(listed: str, scheme: str) -> None:
    """Without an error, and to an address if to anything."""
    found = Proxies(["127.0.0.1"]).client_of(head(x_forwarded_for=listed, x_forwarded_proto=scheme))
    assert found is None or ip_address(found.address)


# --- cookies ---


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_a_browser_sends_back_what_it_was_given(is_encrypted: bool) -> None:
    """And nobody else's: not of another port, not in clear what was given encrypted."""
    asked = head(host="a:3030")
    token = cookies.new_token()
    name, field = cookies.kept(asked, token, is_encrypted=is_encrypted)
    pair, *attributes = field.split("; ")
    assert name == "Set-Cookie"
    assert {"Path=/", "HttpOnly", "SameSite=Strict"} <= set(attributes)
    assert ("Secure" in attributes) is is_encrypted
    assert not any(attribute.startswith("Domain") for attribute in attributes)
    back = head(host="a:3030", cookie=f"a=b; {pair}; c=d")
    assert cookies.token_of(back, is_encrypted=is_encrypted) == token
    assert cookies.token_of(back, is_encrypted=not is_encrypted) is None
    assert cookies.token_of(head(host="a:3031", cookie=pair), is_encrypted=is_encrypted) is None
    assert "Max-Age=0" in cookies.forgotten(asked, is_encrypted=is_encrypted)[1]


def test_a_name_says_that_a_cookie_is_the_host_s_own() -> None:
    """Encrypted, browsers take it from nobody else."""
    assert cookies.cookie_name(head(host="a"), is_encrypted=True) == "__Host-chat-443"
    assert cookies.cookie_name(head(host="a:3030"), is_encrypted=False) == "chat-3030"


def test_of_two_cookies_none_counts() -> None:
    """One of them is somebody else's."""
    one, other = cookies.new_token(), cookies.new_token()
    assert len({one, other}) == 2
    assert repr(one) == "Secret()"
    for sent, found in ((f"chat-80={one}; chat-80={other}", None), (f"chat-80={one}; chat-80={one}", one)):
        assert cookies.token_of(head(host="a", cookie=sent), is_encrypted=False) == found


@pytest.mark.parametrize("value", ["", "short", "x" * 44, "x" * 42 + "!", '"' + "x" * 43 + '"'])
def test_what_was_never_given_is_no_token(value: str) -> None:
    """A cookie of that name may have been made up."""
    assert cookies.token_of(head(host="a", cookie=f"chat-80={value}"), is_encrypted=False) is None


# --- files and the handshake ---


def test_every_file_of_the_page_can_be_had() -> None:
    """With a type."""
    page = files.page()
    assert page["/"] == page["/index.html"]
    assert {"/favicon.svg", "/page.js", "/log.js"} <= set(page) & set(files.folder())
    assert all(file.kind for file in (*page.values(), *files.folder().values()))


def test_the_page_costs_little() -> None:
    """All that a first visit loads, with its heads; about 3 KB are left for coming in and for what is said then."""
    asked = head(accept_encoding="gzip")
    front = files.page()["/"]
    named = re.findall(rb'"page-[0-9a-f]{16}(/[^"]+)"', front.body)
    assert named == [b"/style.css", b"/early.js"]
    later = ("/page.js", "/manifest.webmanifest")  # by scripts
    loaded = [front, *(files.folder()[path] for path in (*(path.decode() for path in named), *later))]
    assert sum(len(files.sent(file, asked, has_body=True)) for file in loaded) <= 57_000


@pytest.mark.parametrize(
    ("condition", "status"),
    [(None, 200), ("TAG", 304), ("W/TAG", 304), ('"x", TAG', 304), ("*", 304), ('"x"', 200), ("", 200)],
)
def test_what_the_browser_has_is_not_sent_again(condition: str | None, status: int) -> None:
    """As long as it is the same; then neither is a body."""
    file = files.page()["/"]
    fields = {} if condition is None else {"if_none_match": condition.replace("TAG", file.tag.removeprefix("W/"))}
    answer = read_answer(files.sent(file, head(**fields), has_body=True))
    assert (answer.status, answer.body) == (status, file.body if status == 200 else b"")
    assert (answer.fields["etag"], answer.fields["cache-control"]) == (file.tag, "no-cache")
    assert ("content-length" in answer.fields) is (status == 200)


@pytest.mark.parametrize(
    ("codings", "is_packed"),
    [
        ("gzip, deflate, br", True), ("deflate, GZIP", True), ("gzip;q=0.5", True), ("br, gzip ; q=1", True),
        (None, False), ("", False), ("gzip;q=0", False), ("gzip;q=0.000", False), ("x-gzipped", False), ("*", False),
    ],
)  # fmt: skip
def test_files_are_packed_for_whoever_can_unpack_them(codings: str | None, is_packed: bool) -> None:
    """With the same tag either way, and a word to those who keep both."""
    file = files.page()["/"]
    answer = read_answer(
        files.sent(file, head(**({} if codings is None else {"accept_encoding": codings})), has_body=True)
    )
    assert (answer.fields.get("content-encoding") == "gzip") is is_packed
    assert (gzip.decompress(answer.body) if is_packed else answer.body) == file.body
    assert (answer.fields["etag"], answer.fields["vary"]) == (file.tag, "Accept-Encoding")


UPGRADE = {
    "upgrade": "websocket",
    "connection": "keep-alive, Upgrade",
    "sec_websocket_version": "13",
    "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_the_handshake_is_that_of_the_standard() -> None:
    """With its own example."""
    answer = read_answer(handshake.accepted(head(**UPGRADE)))
    assert (answer.status, answer.fields["sec-websocket-accept"]) == (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("upgrade", "h2c", 426),
        ("connection", "close", 426),
        ("sec_websocket_version", "8", 426),
        ("content_length", "5", 400),  # where would the first frame begin?
        ("sec_websocket_version", "13, 13", 426),
        ("sec_websocket_key", "", 400),
        ("sec_websocket_key", "dGhlIHNhbXBsZQ==", 400),
        ("sec_websocket_key", "not base64!", 400),
        ("sec_websocket_key", "d\xe9", 400),
    ],
)
def test_another_handshake_is_refused(field: str, value: str, status: int) -> None:
    """With what would be right."""
    with pytest.raises(BadHeadError) as caught:
        handshake.accepted(head(**{**UPGRADE, field: value}))
    assert caught.value.status == status


def test_http_1_0_has_no_websocket() -> None:
    """It knows no upgrade."""
    with pytest.raises(BadHeadError):
        handshake.accepted(head(**UPGRADE)._replace(version="1.0"))
