"""Which terminals are known to draw pictures, and what they are sent: the bytes of a stranger in base64 alone."""

from __future__ import annotations

import re
import struct
from base64 import b64decode

import pytest

from client_parts.screen.pictures import Dialect, dialect_of, picture, pictures_wiped


def png(width: int, height: int, rest: bytes = b"") -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", width, height) + rest


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height)


def jpeg(width: int, height: int) -> bytes:
    return b"\xff\xd8\xff\xe0\0\x04ab\xff\xc2\0\x11\x08" + struct.pack(">HH", height, width)


@pytest.mark.parametrize(
    ("environment", "dialect"),
    [
        ({"TERM": "xterm-kitty"}, Dialect.KITTY),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, Dialect.KITTY),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, Dialect.ITERM),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, Dialect.ITERM),
        ({"TERM": "xterm-256color"}, Dialect.NONE),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "KITTY_WINDOW_ID": "1"}, Dialect.NONE),
        ({"TERM": "xterm-kitty", "TMUX": "x"}, Dialect.NONE),
        ({"TERM": "screen", "STY": "x", "TERM_PROGRAM": "iTerm.app"}, Dialect.NONE),
        ({}, Dialect.NONE),
    ],
)
def test_only_terminals_that_are_known_to_draw_are_asked_to(environment: dict[str, str], dialect: Dialect) -> None:
    assert dialect_of(environment) is dialect


@pytest.mark.parametrize(
    ("data", "columns", "rows"),
    [
        (png(80, 160), 10, 10),  # as large as it is
        (png(8000, 1600), 40, 4),  # as wide as there is room
        (png(160, 16000), 1, 12),
        (gif(8, 16), 1, 1),
        (jpeg(800, 160), 40, 4),
        (png(1, 1), 1, 1),
        (png(8_000, 8_000), 24, 12),
    ],
)
def test_a_picture_keeps_its_proportions_and_fits(data: bytes, columns: int, rows: int) -> None:
    drawn = picture(data, Dialect.ITERM, 40, 12)
    assert drawn is not None
    assert drawn.rows == rows
    assert f"width={columns};height={rows};" in drawn.codes


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\x1b[2J", b"<svg/>", png(10, 10)[:18], b"GIF89a", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0\0" * 9),
        *(png(0, 10), png(10, 30_000), png(8_001, 8_000), b"\xff\xd8\xff\xc0"),
    ],
    ids=ascii,
)
def test_what_is_no_picture_is_not_sent(data: bytes) -> None:
    for dialect in Dialect:
        assert picture(data, dialect, 40, 12) is None


def test_kitty_decodes_nothing_but_png() -> None:
    assert picture(gif(8, 16), Dialect.KITTY, 40, 12) is None
    assert picture(png(8, 16), Dialect.NONE, 40, 12) is None


@pytest.mark.parametrize("dialect", [Dialect.KITTY, Dialect.ITERM])
def test_nothing_of_it_gets_out_of_its_codes(dialect: Dialect) -> None:
    """Whatever the bytes are; and all of them are there."""
    data = png(80, 160, b"\x1b\\\x07\x1b[2J" * 3000)
    drawn = picture(data, dialect, 40, 12)
    assert drawn is not None
    form = (
        r"\x1b_G[a-zA-Z0-9=,]*;([\w+/=]*)\x1b\\"
        if dialect is Dialect.KITTY
        else r"\x1b\]1337;File=[\w=;]*:([\w+/=]*)\x07"
    )
    assert re.fullmatch(f"({form})+", drawn.codes)
    assert b64decode("".join(re.findall(form, drawn.codes))) == data


def test_only_kitty_keeps_pictures_whose_rows_are_gone() -> None:
    assert pictures_wiped(Dialect.KITTY)
    assert not pictures_wiped(Dialect.ITERM)
