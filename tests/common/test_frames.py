"""What is a frame and what is not: decode_frame, check_values and encode_frame."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_common import FrameError, check_values, decode_frame, encode_frame

NO_FRAMES = {
    "nothing": b"",
    "blanks": b"   ",
    "a word": b"hello",
    "a list": b"[1]",
    "a string": b'"text"',
    "a number": b"7",
    "null": b"null",
    "true": b"true",
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "minus Infinity": b'{"a":-Infinity}',
    "a cut object": b'{"a":1',
    "two objects": b'{"a":1}{"b":2}',
    "single quotes": b"{'a':1}",
    "a comment": b'{"a":1} // no',
    "a raw newline in a string": b'{"a":"b\nc"}',
    "a raw NUL in a string": b'{"a":"b\x00c"}',
    "cut UTF-8": b'{"a":"\xc3"}',
    "overlong UTF-8": b'{"a":"\xc0\x80"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "Latin-1": 'b{"a":"é"}'.encode("latin-1"),
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "100,000 lists deep": b'{"a":' + b"[" * 60_000,
    "100,000 objects deep": b'{"a":' * 20_000,
    "an integer of 60,000 digits": b'{"a":' + b"9" * 60_000 + b"}",
}


@pytest.mark.parametrize("line", NO_FRAMES.values(), ids=NO_FRAMES.keys())
def test_what_is_no_frame(line: bytes) -> None:
    """A line that is not one strict JSON object in UTF-8 is a bad frame, and never anything worse."""
    with pytest.raises(FrameError) as refusal:
        decode_frame(line)
    assert refusal.value.code == "bad_frame"
    assert refusal.value.text


BAD_VALUES = {
    "1e999": b'{"a":1e999}',
    "-1e999": b'{"a":-1e999}',
    "16 digits": b'{"a":1000000000000000}',
    "16 digits below zero": b'{"a":-1000000000000000}',
    "2 to the 63": b'{"a":9223372036854775808}',
    "a lone high surrogate": b'{"a":"\\ud800"}',
    "a lone low surrogate": b'{"a":"x\\udc00y"}',
    "surrogates in the wrong order": b'{"a":"\\udc00\\ud800"}',
    "NUL": b'{"a":"b\\u0000c"}',
    "NUL within": b'{"a":[["\\u0000"]]}',
    "NUL in a key within": b'{"a":{"\\u0000":1}}',
    "a surrogate in a key within": b'{"a":{"\\ud800":1}}',
    "nine levels": b'{"a":[[[[[[[[]]]]]]]]}',
    "1e999 within": b'{"a":{"b":[1e999]}}',
}


@pytest.mark.parametrize("line", BAD_VALUES.values(), ids=BAD_VALUES.keys())
def test_values_that_are_refused(line: bytes) -> None:
    """Valid JSON with a value that a log may choke on names the field that holds it."""
    frame = decode_frame(line)
    with pytest.raises(FrameError) as refusal:
        check_values(frame)
    assert (refusal.value.code, refusal.value.field) == ("bad_field", "a")


@pytest.mark.parametrize("name", ["\ud800", "a\0b"])
def test_names_of_fields_are_held_to_the_same(name: str) -> None:
    """A field that nobody can write down is refused, known or not."""
    with pytest.raises(FrameError) as refusal:
        check_values({"type": "ping", name: 1})
    assert (refusal.value.code, refusal.value.field) == ("bad_field", name)


GOOD_VALUES = {
    "eight levels": b'{"a":[[[[[[[]]]]]]]}',
    "15 digits": b'{"a":999999999999999}',
    "15 digits below zero": b'{"a":-999999999999999}',
    "a pair of surrogates": b'{"a":"\\ud83d\\ude00"}',
    "true, false and null": b'{"a":[true,false,null]}',
    "a float": b'{"a":1.5e300}',
    "ESC and other controls": b'{"a":"\\u001b[31m\\u009b"}',
    "line separators": b'{"a":"\\u2028\\n"}',
    "an empty object": b"{}",
    "blanks around": b' \t{"a":1} \r',
}


@pytest.mark.parametrize("line", GOOD_VALUES.values(), ids=GOOD_VALUES.keys())
def test_values_that_pass(line: bytes) -> None:
    """Whatever is not forbidden is allowed, up to the limits."""
    frame = decode_frame(line)
    check_values(frame)
    assert frame == json.loads(line)


def test_the_last_of_two_equal_keys_counts() -> None:
    """As in every JSON parser around."""
    assert decode_frame(b'{"a":1,"a":2}') == {"a": 2}


def test_a_refusal_names_its_limit() -> None:
    """The sentence says how much would have been allowed."""
    with pytest.raises(FrameError, match="15 digits"):
        check_values({"a": 10**15})
    with pytest.raises(FrameError, match="8 levels"):
        check_values({"a": [[[[[[[[]]]]]]]]})


def test_a_frame_is_one_line_of_utf8() -> None:
    """Newlines inside are escaped; other characters travel as themselves."""
    block = encode_frame({"type": "say", "text": "a\nb\u2028 grüße"})
    assert block.count(b"\n") == 1
    assert block.endswith(b"}\n")
    assert "grüße".encode() in block


def test_a_lone_surrogate_stops_nobody() -> None:
    """An undecodable byte of a command line is replaced, not raised."""
    assert json.loads(encode_frame({"text": "a\udcffb"})) == {"text": "a?b"}


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
numbers = st.integers(-(10**15) + 1, 10**15 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=8,
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(st.dictionaries(text, values, max_size=6).filter(lambda frame: depth(frame) <= 8))
def test_round_trip(frame: dict[str, Any]) -> None:
    """What is encoded comes back the same, is one line, and is acceptable."""
    block = encode_frame(frame)
    assert block.index(b"\n") == len(block) - 1
    decoded = decode_frame(block[:-1])
    check_values(decoded)
    assert decoded == frame


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda data: b'{"a":"' + data + b'"}'))
def test_any_bytes_are_a_frame_or_a_refusal(line: bytes) -> None:
    """Nothing but FrameError ever leaves the decoder, and what passes can be encoded again."""
    code = "fine"
    try:
        frame = decode_frame(line)
        check_values(frame)
        encode_frame(frame).decode("utf-8")
    except FrameError as error:
        code = error.code
    assert code in ("fine", "bad_frame", "bad_field")
