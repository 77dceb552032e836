"""What a request under /files/ asks for. Whether whoever asks may have it, others say. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, unquote

from server_parts.protocol.file_names import FILES
from server_parts.protocol.file_requests import AskOffset, Download, Transfer, Upload
from server_parts.storage.file_records import is_file_id
from server_parts.web.heads import BadHeadError, Head
from server_parts.web.ranges import sent_part

METHODS: Final = ("GET", "HEAD", "PATCH", "PUT")
MOST_DIGITS: Final = 15
NOTHING: Final = "There is no such file, or it is not for you: ask for its address in the chat."


def is_navigation(head: Head) -> bool:
    """Whether somebody follows a link: also one on a foreign page, which learns nothing of what is behind it."""
    return head.method in ("GET", "HEAD") and head.get("sec-fetch-mode") == "navigate" and head.get("origin") is None


def transfer_in(head: Head) -> Transfer:
    """BadHeadError says what is wrong with it."""
    id, slash, name = _place(head.path)
    ticket = _ticket(head.query)
    if head.method == "PATCH" and not slash:
        return _begun(head, Upload(id, ticket, _length(head), _offset(head)))
    if head.method == "PUT" and (name or not slash):
        return _whole(head, _begun(head, Upload(id, ticket, _length(head), name=name)))
    if head.method == "HEAD" and not slash:
        return AskOffset(id, ticket)
    if head.method in ("GET", "HEAD") and name:
        fields = (head.get(field) for field in ("range", "if-range", "if-none-match"))
        return Download(id, name, ticket, head.method == "HEAD", *fields)
    raise BadHeadError(404, NOTHING)


def _place(path: str) -> tuple[str, str, str]:
    """An id, and the name behind it; as it is written, and not as somebody else might clean it up."""
    id, slash, written = path.removeprefix(FILES).partition("/")
    try:
        name = unquote(written, errors="strict")
    except UnicodeDecodeError:
        raise BadHeadError(404, NOTHING) from None
    if not is_file_id(id) or "/" in written:
        raise BadHeadError(404, NOTHING)
    return id, slash, name


def _ticket(query: str) -> str:
    try:
        return parse_qs(query, max_num_fields=4).get("t", [""])[-1]
    except ValueError:
        return ""


def _begun(head: Head, upload: Upload) -> Upload:
    expected = head.get("expect")
    if expected is not None and expected.lower() != "100-continue":
        raise BadHeadError(417, "This server knows only Expect: 100-continue.")
    return upload._replace(waits=expected is not None and head.version == "1.1")


def _length(head: Head) -> int:
    length = head.get("content-length")
    if length is None:
        raise BadHeadError(411, "Say how long the file is, with a Content-Length.")
    return int(length)


def _offset(head: Head) -> int:
    text = head.get("upload-offset") or ""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise BadHeadError(400, "Say with Upload-Offset where this part begins.")
    return int(text)


def _whole(head: Head, upload: Upload) -> Upload:
    """A PUT is all of a file, or with a Content-Range the rest of it."""
    text = head.get("content-range")
    if text is None:
        return upload._replace(size=upload.length)
    part = sent_part(text)
    if part is None or part.length != upload.length or part.start + part.length != part.size:
        raise BadHeadError(400, "The Content-Range of this request is not the rest of a file.")
    return upload._replace(offset=part.start, size=part.size)
