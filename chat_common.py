"""What server.py and client.py both speak: lines, frames, names, colours, text, `/exit`.

Pure: bytes and strings in, values out. It must not know sockets, threads, rooms' contents or the clock.
"""

from __future__ import annotations

import calendar
import difflib
import json
import math
import os
import re
import secrets
import time
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

try:
    from termcolor import COLORS as _TERMCOLOR_COLORS
    from termcolor import colored
except ImportError:
    raise SystemExit("The termcolor package is missing. Install it with: pip install -r requirements.txt") from None

VERSION: Final = "1.0.0"
PROTOCOL: Final = 1
DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 3030
LOBBY: Final = "lobby"

MAX_LINE: Final = 65_536  # bytes, with the newline
MAX_HELLO_LINE: Final = 4_096  # the same before `welcome`
MAX_TEXT: Final = 5_000  # characters: even at 12 bytes each (an escaped emoji) a text fits a line
MAX_NAME: Final = 32
MAX_ROOM: Final = 64
MAX_NESTING: Final = 8
MAX_DIGITS: Final = 15

Frame = dict[str, Any]


# --- Lines: where one frame ends and the next begins ------------------------------------------------------------


class LineDecoder:
    """Bytes in, whole lines out, split on the byte `\\n` alone.

    A line over `limit` stops the decoder for good: `overlong` then holds its size so far, and the rest of the
    stream cannot be trusted. The bound holds while the line is still arriving.
    """

    __slots__ = ("_tail", "limit", "overlong")

    def __init__(self, limit: int = MAX_LINE) -> None:
        self.limit = limit
        self.overlong: int | None = None
        self._tail = b""

    @property
    def tail(self) -> bytes:
        """What has come of a line that is not yet ended."""
        return self._tail

    def feed(self, data: bytes) -> list[bytes]:
        if self.overlong is not None:
            return []
        data = self._tail + data
        *lines, self._tail = data.split(b"\n")
        if len(data) >= self.limit:
            lines = self._within_limit(lines)
        if b"\r" in data:
            lines = [line.removesuffix(b"\r") for line in lines]
        return lines

    def take_tail(self) -> bytes:
        """Give up waiting for the newline: the unfinished line, as it stands."""
        tail, self._tail = self._tail, b""
        return tail

    def _within_limit(self, lines: list[bytes]) -> list[bytes]:
        for number, line in enumerate(lines):
            if len(line) >= self.limit:
                self.overlong, self._tail = len(line) + 1, b""
                return lines[:number]
        if len(self._tail) >= self.limit:
            self.overlong, self._tail = len(self._tail), b""
        return lines


# --- Frames: one JSON object a line -----------------------------------------------------------------------------


class FrameError(ValueError):
    """A line or a value that the protocol does not allow: a code for programs, a sentence for people."""

    def __init__(self, code: str, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.code, self.text, self.field = code, text, field


write_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode_frame(frame: Mapping[str, Any]) -> bytes:
    # "replace": a lone surrogate (an undecodable byte on somebody's command line) must not stop a conversation.
    return (write_json(frame) + "\n").encode("utf-8", "replace")


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_parse_json: Callable[[str, int], tuple[Any, int]]
_parse_json = json.JSONDecoder(parse_constant=_not_json).scan_once  # type: ignore[attr-defined]


def decode_frame(line: bytes) -> Frame:
    """One line as a JSON object. Its values still want `check_values`."""
    try:
        text = line.decode().strip(" \t\r")
        frame, end = _parse_json(text, 0)
    except (ValueError, StopIteration, RecursionError):  # no value at all; nesting past the interpreter's stack
        raise FrameError("bad_frame", "that line is not valid JSON in UTF-8") from None
    if end != len(text):
        raise FrameError("bad_frame", "there is extra text after the JSON on that line")
    if type(frame) is not dict:
        raise FrameError("bad_frame", 'a frame is a JSON object, like {"type":"ping"}')
    return frame


_BETWEEN: Final = secrets.token_hex(16)
_SEPARATOR: Final = f',"{_BETWEEN}",'.encode()


def decode_values(lines: Sequence[bytes]) -> list[Any] | None:
    """What each of many lines holds, in half the time; None if any of them is not exactly one JSON value."""
    try:
        text = (b"[" + _SEPARATOR.join(lines) + b"]").decode()
        found, end = _parse_json(text, 0)
    except (ValueError, StopIteration, RecursionError):
        return None
    # Nobody can guess what stands between two lines: so no half of a value ends in the next line, unseen.
    values, between = found[::2], found[1::2]
    sound = end == len(text) and len(values) == len(lines) and between == [_BETWEEN] * (len(lines) - 1)
    return values if sound else None


_TOO_LONG: Final = 10**MAX_DIGITS


def check_values(frame: Frame) -> None:
    """Refuse what JSON allows and a log, a database or another language's parser may choke on."""
    names = "".join(frame)
    if not names.isascii() or "\0" in names:
        for field in frame:
            _check_value(field, field, depth=1)
    for field, value in frame.items():
        if type(value) is str:
            if value.isascii() and "\0" not in value:
                continue
        elif type(value) is int and -_TOO_LONG < value < _TOO_LONG:
            continue
        _check_value(value, field, depth=2)  # the frame itself is the first level


def _check_value(value: Any, field: str, depth: int) -> None:
    if isinstance(value, (dict, list)):
        if depth > MAX_NESTING:
            raise FrameError("bad_field", f"nested too deeply: more than {MAX_NESTING} levels", field)
        for item in (*value, *value.values()) if isinstance(value, dict) else value:
            _check_value(item, field, depth + 1)
    elif isinstance(value, str):
        if "\0" in value:
            raise FrameError("bad_field", "NUL characters are not allowed", field)
        if not _is_unicode(value):
            raise FrameError("bad_field", "lone surrogates are not allowed: text must be valid Unicode", field)
    elif isinstance(value, int) and abs(value) >= _TOO_LONG:
        raise FrameError("bad_field", f"integers have at most {MAX_DIGITS} digits", field)
    elif isinstance(value, float) and not math.isfinite(value):
        raise FrameError("bad_field", "numbers must be finite", field)


def storable(text: str) -> str:
    """What a keyboard, a file or a command line gave, as text that every log can hold."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# --- Names and rooms --------------------------------------------------------------------------------------------

_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{MAX_NAME - 1}}}")
# Besides words of the server's own: who is called like an address could not be told from it where one is banned.
_RESERVED = re.compile(r"server|admin|system|operator|guest|guest-[0-9]+|[0-9]+(\.[0-9]+){3}", re.IGNORECASE)
_GUEST = re.compile(r"guest-[0-9]+", re.IGNORECASE)
_ROOM = re.compile(rf"[a-z0-9_.-]{{1,{MAX_ROOM}}}")


def is_name(text: str) -> bool:
    """Whether it has the form of a name, reserved or not."""
    return _NAME.fullmatch(text) is not None


# Words of the server's own lines: nobody new may bear them as a name.
RESERVED_WORDS: Final = frozenset(
    (
        *("root", "owner", "moderator", "everyone", "all", "you", "here", "nobody", "lobby", "null"),
        *("hello", "delivered", "goodbye", "error"),
    )
)


def is_guest(name: str) -> bool:
    """Whether it is one of the names that the server gives."""
    return name[:1] in ("g", "G") and _GUEST.fullmatch(name) is not None


def name_problem(name: str) -> str | None:
    """Why nobody may be called that, as one sentence; None if somebody may."""
    if len(name) > MAX_NAME:
        return f"that name is too long: {len(name)} > {MAX_NAME} characters"
    if not is_name(name):
        return "a name is made of A-Z a-z 0-9 _ . - and starts with a letter or a digit"
    if _RESERVED.fullmatch(name):
        return f"the name {name} is reserved"
    return None


def room_problem(room: str) -> str | None:
    """Why no public room may be called that; None if one may."""
    if len(room) > MAX_ROOM:
        return f"that room name is too long: {len(room)} > {MAX_ROOM} characters"
    if not _ROOM.fullmatch(room):
        return "a room name is made of a-z 0-9 _ . - in lower case"
    return None


@lru_cache(maxsize=8_192)
def private_room(one: str, other: str) -> str:
    """The room of two people, whoever of them asks."""
    return "@" + "+".join(sorted((one.lower(), other.lower())))


@lru_cache(maxsize=8_192)
def partners(room: str) -> tuple[str, ...]:
    """The two names (lower case) that a private room belongs to; () for a public room."""
    return tuple(room[1:].split("+")) if room.startswith("@") else ()


# --- Colours ----------------------------------------------------------------------------------------------------

COLORS: Final = tuple(_TERMCOLOR_COLORS)
# Colours that most backgrounds bear; what a background does not, the client's theme replaces.
_PERSONAL: Final = ("blue", "magenta", "green", "red", "cyan", "light_blue", "light_magenta", "light_red")


def color_for(name: str) -> str:
    """The same colour for the same name, on every machine and every day."""
    return _PERSONAL[zlib.crc32(name.lower().encode()) % len(_PERSONAL)]


def color_problem(color: str) -> str | None:
    return (
        None if color in COLORS else f"there is no colour {harmless_line(color[:40])}; choose from {', '.join(COLORS)}"
    )


def paint(text: str, color: str | None = None, *attributes: str) -> str:
    """`text` in a colour, where the terminal and the user's environment want colours."""
    return colored(text, color, attrs=attributes)


def shows_colors() -> bool:
    """Whether the terminal and the user's environment want colours."""
    return paint("x", "red") != "x"


def enable_terminal_colors() -> None:
    if os.name == "nt":
        os.system("")  # makes the classic Windows console obey colour codes


# --- What a stranger's text may do to a terminal: nothing -------------------------------------------------------

MAX_BLANKS: Final = 4  # in a row, where lines are broken by the terminal
MAX_MARKS: Final = 5  # combining marks in a row; living scripts stay below
_UNSEEN = "\u200c\u200d"  # joiners: invisible, and dropped rather than shown
_UNKNOWN = "\ufffd"
# Letters and signs that show nothing, although Unicode counts them as printable.
_BLANK_SIGN: Final = re.compile("[\u115f\u1160\u2800\u3164\uffa0\ufffc\U00013441\U00013442\U0001d159]")


def harmless(text: str) -> str:
    """`text` as any screen or log may show it. Line breaks stay; whatever else could steer a terminal does not."""
    if text.isascii() and text.isprintable():
        return text
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _stand_in(c) for c in text.replace("\r\n", "\n"))
    return text if text.isascii() else _cap_marks(_BLANK_SIGN.sub(" ", text))


def harmless_line(text: str) -> str:
    """The same for places that hold one line: names, titles, errors, log records."""
    return harmless(text).replace("\n", "\u240a")


def _stand_in(character: str) -> str:
    code = ord(character)
    if character == "\n":
        return "\n"
    if character == "\t":
        return "    "
    if code < 0x20:
        return chr(0x2400 + code)  # the control's own picture: ESC is shown as one
    if code == 0x7F:
        return "\u2421"
    if character in _UNSEEN:
        return ""
    if character in "\u2028\u2029":
        return "\u240a"
    if unicodedata.category(character) == "Zs":
        return "  " if character == "\u3000" else " "
    if 0x1F000 <= code <= 0x1FAFF:
        return character  # an emoji newer than this Python
    return _UNKNOWN


_COMMON: Final = re.compile("[!-~\u00c0-\u024f\u0400-\u0481\u3041-\u3096\u4e00-\u9fff]")  # signs that all can be seen
_BLANK_CATEGORIES: Final = frozenset(("Cc", "Cf", "Me", "Mn", "Zl", "Zp", "Zs"))


def is_blank(text: str) -> bool:
    """Whether nothing of it can be seen."""
    if text.isascii():
        return not text or text.isspace()
    return _COMMON.search(text) is None and all(
        _BLANK_SIGN.match(c) or unicodedata.category(c) in _BLANK_CATEGORIES or 0xE0000 <= ord(c) < 0xE1000
        for c in text
    )


_PADDING: Final = re.compile(f" {{{MAX_BLANKS + 1},}}")
_BETWEEN_BLANKS: Final = re.compile(r"(?<= )[^\x00-\x7f]+(?= )")


def without_padding(text: str) -> str:
    """Harmless text without long runs of blanks, which could make a terminal start a row with something else."""
    if not text.isascii():
        text = _BETWEEN_BLANKS.sub(lambda found: "" if is_blank(found[0]) else found[0], text)
    return _PADDING.sub(" " * MAX_BLANKS, text) if " " * (MAX_BLANKS + 1) in text else text


def _cap_marks(text: str) -> str:
    if not any(map(_is_mark, text[MAX_MARKS :: MAX_MARKS + 1])):  # every run that is too long has one of these places
        return text
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if _is_mark(character) else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")


# --- The text form of a message ---------------------------------------------------------------------------------


def speech(sender: str, color: str, text: str, style: str = "classic") -> tuple[str, str]:
    """A message as (label, body), both harmless, so that a screen can paint them apart."""
    # Later lines are indented, so that no text can pass for somebody else's message.
    body = harmless(text).replace("\n", "\n    ")
    sender, color = harmless_line(sender), harmless_line(color)
    if body.startswith("/me "):
        return f"* {sender} ", _unlike_a_notice(body[4:])
    if style == "short":
        return f"{sender}: ", body
    return f"[COLOR ({color})] {sender} said -> ", body


def _unlike_a_notice(body: str) -> str:
    """The server's own lines start and end with a star. An action starts with one: a line that ends so is quoted."""
    line, newline, rest = body.partition("\n")  # further lines are indented
    return f"\u201c{line}\u201d{newline}{rest}" if _ends_in_a_star(line) else body


_STARS: Final = "\u066d\u2055\u22c6\u26b9\u2736"  # those whose names do not say that they look like an asterisk


def _ends_in_a_star(line: str) -> bool:
    """Whether the last thing that can be seen is a star of any kind."""
    for character in reversed(line):
        if character in _STARS or _is_called_a_star(unicodedata.name(character, "")):
            return True
        if not is_blank(character):
            return False
    return False


def _is_called_a_star(name: str) -> bool:
    return "ASTERIS" in name or "STAR" in name.split()


def text_form(sender: str, color: str, text: str) -> str:
    """The one written form of a message: `[COLOR (blue)] alice said -> hello`."""
    return "".join(speech(sender, color, text))


# --- Times within a sentence: everybody reads them in their own -------------------------------------------------

_INSTANT = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_SPANS = (("week", 604_800), ("day", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def instant(ts: float) -> str:
    """A time as it is sent: 2026-11-26T14:05:30Z."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ts))
    except (ValueError, OverflowError, OSError):  # a clock may say anything
        return instant(0)


def with_local_times(text: str, zone: str = "") -> str:
    """The text with each such time as this machine's clock shows it, with the date where that is not today.

    `zone` is what stands behind it, in the form of strftime.
    """
    return _INSTANT.sub(lambda found: _local_time(found[0], zone), text)


def _local_time(text: str, zone: str) -> str:
    try:
        when = time.localtime(calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")))
    except (ValueError, OverflowError, OSError):
        return text
    is_today = when[:3] == time.localtime()[:3]
    return time.strftime(f"%H:%M:%S{zone}" if is_today else f"%Y-%m-%d %H:%M:%S{zone}", when)


def lasting(seconds: float) -> str:
    """A span of time, rounded up: `45 s`, `10 min`. Two units where one would be far off."""
    left = max(math.ceil(seconds), 1)
    if left >= 3_600:  # nobody counts the seconds of hours
        left = -(-left // 60) * 60
    parts = []
    for unit, size in _SPANS:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {unit}s" if number > 1 and unit in ("week", "day") else f"{number} {unit}")
    return " ".join(parts[:2])


# --- Leaving, and addresses -------------------------------------------------------------------------------------

EXIT_WORDS: Final = frozenset({"/exit", "/quit", "exit", "quit", "over"})


def is_exit(line: str) -> bool:
    """Whether a whole line means goodbye."""
    return line.strip().lower() in EXIT_WORDS


def nearest(word: str, known: Iterable[str]) -> str | None:
    """What somebody may have meant who wrote a word that is not known."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)), None)


def format_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(text: str, default_port: int = DEFAULT_PORT) -> tuple[str, int]:
    """`host`, `host:port`, `[v6]:port` or a bare IPv6 address."""
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise ValueError("write HOST, HOST:PORT or [IPV6]:PORT")
        port = rest[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, ""
    return host or DEFAULT_HOST, parse_port(port) if port else default_port


def parse_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535):
        raise ValueError("use a number from 0 to 65535")
    return int(text)
