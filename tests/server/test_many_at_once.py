"""Lines that come together are read together; whoever sends them cannot tell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_common import MAX_TEXT, decode_values
from server_parts.protocol import native_frames
from server_parts.protocol.native_door import NativeDoor
from server_parts.protocol.native_requests import plain_says
from server_parts.protocol.requests import Request, Say, are_sayable, one_by_one

pytestmark = pytest.mark.usefixtures("both_ways")


def say(seq: Any = 1, text: Any = "hello", room: Any = "lobby", **more: Any) -> bytes:
    return json.dumps({"type": "say", "room": room, "text": text, "seq": seq, **more}, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


GOOD: list[bytes] = [
    b'{"type":"say","room":"lobby","text":"twice","seq":1,"seq":2}',
    say(1),
    say(2, "größer 🙂"),
    say(3, "x" * MAX_TEXT),
    say(4, room="@Bob"),
    say(2**40),
    b"\t" + say(5) + b" \r",
]
ODD: list[bytes] = [
    *(say(seq) for seq in (0, -1, True, None, 1.0, "1", 10**15)),
    *(say(text=text) for text in ("", " ", "x" * (MAX_TEXT + 1), None, 7, ["text"], "\ud800")),
    *(say(room=room) for room in ("", "two words", "@", "@a+b+c", None, ["lobby"], {"a": 1})),
    say(also="more"),
    say(also=10**15),
    b'{"type":"say","room":"lobby","text":"a\\u0000b","seq":1}',
    b'{"type":"say","room":"lobby","text":"a\\ud800","seq":1}',
    b'{"type":"say","room":"lobby","text":"\\udc00b","seq":1}',
    b'{"type":"say","text":"nowhere","seq":1}',
    b'{"type":"ping","n":1}',
    b'{"type":"ping","n":NaN}',
    b'{"type":["say"]}',
    b"[1,2]",
    b"7",
    b"",
    b"{",
    b'{"type":"ping","n":[{}',
    b"{}]}",
    b'{"type":"ping"},{"type":"ping"}',
    b'"unended',
    b'{"text":"\xff"}',
    b"[" * 100_000 + b"]" * 100_000,
]


def heard(lines: Sequence[bytes]) -> list[Request]:
    door = NativeDoor(0.0)
    door.welcomed()
    return door.receive(b"".join(line + b"\n" for line in lines), 1.0)


@given(st.lists(st.sampled_from([*GOOD, *ODD[:-1]]), max_size=8))
def test_together_is_as_one_by_one(lines: list[bytes]) -> None:
    """The same requests and refusals in the same order, whatever the lines hold."""
    together = heard(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native_frames, "decode_values", lambda lines: None)
        assert one_by_one(together) == heard(lines)


@pytest.mark.parametrize("odd", ODD)
def test_one_odd_line_among_good_ones_is_refused_alone(odd: bytes) -> None:
    """Nothing but plain texts goes the quick way."""
    assert plain_says(decode_values([*GOOD, odd, *GOOD]) or [None]) is None


def test_good_lines_go_the_quick_way() -> None:
    """All of them, and as they were said."""
    says = plain_says(decode_values(GOOD) or [None])
    assert says is not None
    assert one_by_one(says) == one_by_one(heard(GOOD))
    assert [type(request) for request in one_by_one(says)] == [Say] * len(GOOD)


def test_a_row_is_one_request() -> None:
    """Texts for one room whose numbers follow each other."""
    row = [say(number, f"text {number}", room="@Bob") for number in range(7, 507)]
    assert heard(row) == [Say("@bob", [f"text {number}" for number in range(7, 507)], 7)]


@pytest.mark.parametrize("blank", ["", " ", "\x1c\t", "\u200b", "/me ", "/me  \t", "/me \u3000"])
@pytest.mark.parametrize("other", ["hello", "größer", "/me waves"])
def test_a_blank_text_is_found_among_others(blank: str, other: str) -> None:
    """However the others are looked at."""
    assert are_sayable([other, f"{other}/me ", other])
    assert not are_sayable([other, blank, other])
    assert not are_sayable([other, other + "x" * MAX_TEXT])


def test_no_value_reaches_into_the_next_line() -> None:
    """Halves that would fit together, as many values as lines, are still seen as what they are."""
    halves = [b'{"type":"ping","n":[{}', b"{}]}", b"{},{}"]
    assert len(json.loads(b"[" + b",".join(halves) + b"]")) == len(halves)
    assert decode_values(halves) is None
    assert decode_values([b'"a', b'b"', b"1,2"]) is None
