"""Requests under /files/: what they ask for, or what is wrong with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.protocol.file_requests import AskOffset, Download, Upload
from server_parts.storage.file_records import is_file_id
from server_parts.web.file_paths import is_navigation, transfer_in
from server_parts.web.heads import BadHeadError, Head
from tests.server.web.test_rules import head

ID = "A" * 22
PATH = f"/files/{ID}"


def status_of(method: str, target: str, **fields: str) -> int:
    with pytest.raises(BadHeadError) as caught:
        transfer_in(head(method, target, **fields))
    return caught.value.status


def test_a_part_of_a_file_is_sent() -> None:
    """From an offset on, with a ticket, and perhaps not before it is asked for."""
    fields = {"content_length": "10", "upload_offset": "5"}
    assert transfer_in(head("PATCH", f"{PATH}?t=x", **fields)) == Upload(ID, "x", 10, 5)
    assert transfer_in(head("PATCH", PATH, expect="100-Continue", **fields)) == Upload(ID, "", 10, 5, waits=True)


def test_all_of_a_file_is_sent() -> None:
    """By a PUT, with its name or without; or the rest of it."""
    whole = transfer_in(head("PUT", f"{PATH}/a%20b?t=x", content_length="10"))
    assert whole == Upload(ID, "x", 10, 0, 10, "a b")
    assert transfer_in(head("PUT", PATH, content_length="10")) == Upload(ID, "", 10, 0, 10)
    rest = transfer_in(head("PUT", PATH, content_length="4", content_range="bytes 6-9/10"))
    assert rest == Upload(ID, "", 4, 6, 10)


def test_a_file_is_fetched() -> None:
    """With the fields that say which part of it; and its state is asked for without a name."""
    assert transfer_in(head("GET", f"{PATH}/%C3%A9.txt", range="bytes=1-", if_range='"a"')) == Download(
        ID, "é.txt", "", range="bytes=1-", if_range='"a"'
    )
    assert transfer_in(head("HEAD", f"{PATH}/a?t=y&t=z")) == Download(ID, "a", "z", is_head=True)
    assert transfer_in(head("HEAD", f"{PATH}?t=x")) == AskOffset(ID, "x")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/files/"), ("GET", "/files/short/a"), ("GET", PATH), ("GET", f"{PATH}/"), ("GET", f"{PATH}/a/b"),
        ("GET", f"{PATH}/%FF"), ("GET", f"/files/../{ID}/a"), ("GET", f"/files/{'/' * 22}/a"), ("HEAD", f"{PATH}/"),
        ("GET", f"/files/{'%41' * 22}/a"), ("PATCH", f"{PATH}/a"), ("PUT", f"{PATH}/"), ("GET", f"{PATH}//a"),
    ],
)  # fmt: skip
def test_other_paths_lead_nowhere(method: str, target: str) -> None:
    """Nothing is cleaned up on the way to a file."""
    assert status_of(method, target, content_length="1", upload_offset="0") == 404


@pytest.mark.parametrize(
    ("method", "fields", "status"),
    [
        ("PATCH", {"upload_offset": "0"}, 411),
        ("PUT", {}, 411),
        ("PATCH", {"content_length": "1"}, 400),
        ("PATCH", {"content_length": "1", "upload_offset": "-1"}, 400),
        ("PATCH", {"content_length": "1", "upload_offset": "²"}, 400),
        ("PATCH", {"content_length": "1", "upload_offset": "1" * 16}, 400),
        ("PATCH", {"content_length": "1", "upload_offset": "0, 1"}, 400),
        ("PATCH", {"content_length": "1", "upload_offset": "0", "expect": "200-ok"}, 417),
        ("PUT", {"content_length": "2", "content_range": "bytes 0-0/1"}, 400),
        ("PUT", {"content_length": "1", "content_range": "bytes 0-0/2"}, 400),
        ("PUT", {"content_length": "1", "content_range": "bytes 0-0/*"}, 400),
    ],
)
def test_what_is_wrong_is_said(method: str, fields: dict[str, str], status: int) -> None:
    """Before any of the body is read."""
    assert status_of(method, PATH, **fields) == status


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_any_target_is_read(rest: str) -> None:
    """Or refused with a status."""
    for method in ("GET", "HEAD", "PUT", "PATCH"):
        for target in (f"/files/{rest}", f"{PATH}{rest}"):
            id = _id_in(head(method, target, content_length="1", upload_offset="0"))
            assert id is None or is_file_id(id)


def _id_in(asked: Head) -> str | None:
    try:
        return transfer_in(asked).id
    except BadHeadError:
        return None


def test_a_link_may_be_followed_from_anywhere() -> None:
    """But nothing else of a foreign page gets a file."""
    assert is_navigation(head(sec_fetch_site="cross-site", sec_fetch_mode="navigate"))
    assert not is_navigation(head(sec_fetch_site="cross-site", sec_fetch_mode="no-cors"))
    assert not is_navigation(head("PUT", sec_fetch_mode="navigate"))
    assert not is_navigation(head(sec_fetch_mode="navigate", origin="http://evil"))
