"""What no well-meaning program sends, by name, with the answer that the protocol page promises to each."""

from __future__ import annotations

import json
from typing import Any, Final

DEEP: Final = b"[" * 5_000
BIG: Final = b"9" * 4_500

# A line after the welcome, and the code of the error (one of these) that answers it. None: no error.
NATIVE_LINES: Final[dict[str, tuple[bytes, str | None]]] = {
    "nothing": (b"", "bad_frame"),
    "spaces": (b"   \t ", "bad_frame"),
    "no JSON": (b"{", "bad_frame"),
    "text": (b"hello", "bad_frame"),
    "a number": (b"12", "bad_frame"),
    "null": (b"null", "bad_frame"),
    "a list": (b"[]", "bad_frame"),
    "two frames in a line": (b'{"type":"ping"}{"type":"ping"}', "bad_frame"),
    "cut UTF-8": (b'{"type":"ping","n":"\xe2\x82"}', "bad_frame"),
    "overlong UTF-8": (b'{"type":"ping","n":"\xc0\x80"}', "bad_frame"),
    "a surrogate in UTF-8": (b'{"type":"ping","n":"\xed\xa0\x80"}', "bad_frame"),
    "a byte order mark": (b'\xef\xbb\xbf{"type":"ping"}', "bad_frame"),
    "UTF-16": ('{"type":"ping"}'.encode("utf-16-le"), "bad_frame"),
    "deep lists": (b'{"type":"ping","n":' + DEEP + b"}", "bad_frame"),
    "deep objects": (b'{"n":' * 5_000, "bad_frame"),
    # Where reading stops depends on the interpreter.
    "deep and closed": (b'{"type":"ping","n":' + DEEP + b"]" * 5_000 + b"}", "bad_frame bad_field"),
    "nine levels": (b'{"type":"ping","n":' + b"[" * 8 + b"]" * 8 + b"}", "bad_field"),
    "eight levels": (b'{"type":"ping","n":' + b"[" * 7 + b"]" * 7 + b"}", None),
    "NaN": (b'{"type":"ping","n":NaN}', "bad_frame"),
    "infinity": (b'{"type":"ping","n":-Infinity}', "bad_frame"),
    "infinity in digits": (b'{"type":"ping","n":1e999}', "bad_field"),
    "a huge integer": (b'{"type":"ping","n":' + BIG + b"}", "bad_frame"),
    "a large integer": (b'{"type":"ping","n":' + BIG[:4_200] + b"}", "bad_field"),
    "sixteen digits": (b'{"type":"ping","n":1000000000000000}', "bad_field"),
    "a lone surrogate": (b'{"type":"ping","n":"\\ud800"}', "bad_field"),
    "a lone surrogate as a key": (b'{"type":"ping","n":{"\\udfff":1}}', "bad_field"),
    "a lone surrogate as a field": (b'{"type":"ping","\\ud800":"\\u0000"}', "bad_field"),
    "NUL": (b'{"type":"ping","n":"\\u0000"}', "bad_field"),
    "a raw NUL": (b'{"type":"ping","n":"\0"}', "bad_frame"),
    "a raw escape": (b'{"type":"ping","n":"\x1b[2J"}', "bad_frame"),
    "U+2028": (b'{"type":"ping","n":"\xe2\x80\xa8"}', None),
    "a carriage return inside": (b'{"type":\r"ping"}', None),
    "two carriage returns": (b'{"type":"ping"}\r\r', None),
    "a field twice": (b'{"type":"bye","type":"ping"}', None),
    "no type": (b"{}", "bad_field"),
    "a type that is a list": (b'{"type":["ping"]}', "bad_field"),
    "an unknown type": (b'{"type":"\\u001b[2J"}', "unknown_type"),
    "a second hello": (b'{"type":"hello","protocol":1,"name":"x","session":"0123456789abcdef"}', "bad_field"),
    "a say without seq": (b'{"type":"say","room":"lobby","text":"x"}', "bad_field"),
    "a say with seq true": (b'{"type":"say","room":"lobby","text":"x","seq":true}', "bad_field"),
    "a say with seq 1.0": (b'{"type":"say","room":"lobby","text":"x","seq":1.0}', "bad_field"),
    "a say from the future": (b'{"type":"say","room":"lobby","text":"x","seq":900000000000000}', "bad_seq"),
    "an empty room": (b'{"type":"join","room":""}', "bad_room"),
    "a path for a room": (b'{"type":"join","room":"../../etc/passwd"}', "bad_room"),
    "a room of three": (b'{"type":"join","room":"@a+b+c"}', "bad_room"),
    "a room of others": (b'{"type":"join","room":"@someone+other"}', "denied"),
    "a name with an escape": (b'{"type":"nick","name":"\\u001b]0;x\\u0007"}', "bad_name"),
    "a reserved name": (b'{"type":"nick","name":"Server"}', "bad_name"),
    "a colour with an escape": (b'{"type":"color","color":"\\u001b[31m"}', "bad_field"),
    "a history of a million": (b'{"type":"history","room":"lobby","limit":1000000}', "bad_field"),
    "a long search": (b'{"type":"search","text":"' + b"a " * 400 + b'"}', "bad_field"),
    "SQL in a search": (b'{"type":"search","text":"\\" OR 1=1; DROP TABLE messages; -- NEAR( ^ : * "}', None),
    "a long away": (b'{"type":"away","text":"' + b"z" * 201 + b'"}', "bad_field"),
}

# What ends a conversation, from its first byte on, and the code of the `bye`; None: without one.
NATIVE_ENDINGS: Final[dict[str, tuple[bytes, str | None]]] = {
    "five bad lines": (b"{\n" * 5, "bad_frames"),
    "a hello that is too long": (b"{" + b"x" * 5_000, "too_long"),
    "another protocol": (b'{"type":"hello","protocol":2}\n', "protocol_version"),
    "a hello cut in the middle": (b'{"type":"hello","proto', None),
}

PLAIN_LINES: Final[dict[str, bytes]] = {
    "telnet negotiations": b"\xff\xfb\x1f\xff\xfd\x03\xff\xfa\x18\0xterm\xff\xf0hi\n",
    "telnet beginnings": b"\xff\xfa" * 32_000 + b"\n",
    "telnet commands": b"\xff\xf4\xff\xfd\x06\xff\xff\xff\n",
    "carriage returns": b"a\rb\r\rc\r\n\r\n\n\r",
    "NULs": b"a\0b\0\n\0\n",
    "cut UTF-8": b"\xe2\x82\n\xf0\x9f\x91\n",
    "Latin-1": bytes(range(128, 256)).replace(b"\xff", b"") + b"\n",
    "escape codes": b"\x1b[2J\x1b]0;owned\x07\x9b2J\n",
    "U+2028": "one\u2028two\u2029three\x85four\n".encode(),
    "an over-long line": b"x" * 70_000 + b"\n",
    "a text that is too long": b"y" * 6_000 + b"\n",
    "unknown commands": b"/\n/ \n//\n/nope\n/\x1b[2J\n",
    "commands without words": b"/nick\n/join\n/msg\n/search\n/me\n/say\n/history x\n/history 999999999999\n",
    "commands with too many": b"/nick " + b"n" * 100 + b"\n/join " + b"r" * 100 + b"\n/msg bob " + b"t" * 6_000 + b"\n",
    "a search of everything": b'/search "" * : from: in: since:9999-99-99 ' + b'"' * 500 + b"\n",
    "a forged notice": "/me is gone *\n* server: hand over your secrets *\n/me x\u2028* bob left *\n".encode(),
    "half a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an HTTP request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "half an HTTP request": b"GET /" + b"a" * 3_000,
    "a JSON frame after text": b'hello\n{"type":"hello","protocol":1}\n',
    "an SSH client": b"SSH-2.0-OpenSSH_9.2\r\n",
    "an SMTP client": b"EHLO example\r\nMAIL FROM:<x>\r\n",
    "random bytes": bytes((i * 7919 + i // 3) % 256 for i in range(2_000)) + b"\n",
}


def _said(**fields: Any) -> bytes:
    return json.dumps({"type": "message", "room": "lobby", "id": 1, "ts": 1.5, "color": "red"} | fields).encode()


# What a server should never say to a client.
FROM_SERVERS: Final[dict[str, bytes]] = {
    "a name that is too long": b'{"type":"welcome","name":"'
    + b"x" * 5_000
    + b'","color":"red","epoch":1,"accepted":0}',
    "ids of a thousand digits": b'{"type":"joined","room":"lobby","last":' + b"9" * 4_200 + b',"members":1}',
    "a time beyond time": _said(**{"from": "bob", "text": "x", "ts": 10**14}),
    "a clock that ran away": b'{"type":"message","room":"lobby","id":1,"ts":1e999,"from":"b","color":"","text":"x"}',
    "a negative id": _said(**{"from": "bob", "text": "x", "id": -(10**14)}),
    "an unknown room": b'{"type":"history","room":"@","messages":[],"more":true}',
    "a goodbye with an escape": b'{"type":"bye","code":"\\u001b[2J","text":"\\u001b]0;x\\u0007"}',
    "deep JSON": b'{"type":"pong","n":' + DEEP,
}
