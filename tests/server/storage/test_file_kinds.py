"""What kind of picture a file is: by its first bytes, whatever they are."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.storage.file_kinds import Kind, kind_of

UNKNOWN = Kind("application/octet-stream")


def png(width: int, height: int) -> bytes:
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + ihdr + struct.pack(">I", zlib.crc32(ihdr))


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0"


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def exif(orientation: int, order: str = ">") -> bytes:
    entries = struct.pack(f"{order}H", 2)
    entries += struct.pack(f"{order}HHII", 0x0100, 4, 1, 99)
    entries += struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    head = b"MM\0*" if order == ">" else b"II*\0"
    return segment(0xE1, b"Exif\0\0" + head + struct.pack(f"{order}I", 8) + entries)


def jpeg(width: int, height: int, before: bytes = b"", marker: int = 0xC0) -> bytes:
    frame = segment(marker, struct.pack(">BHHB", 8, height, width, 3) + bytes(9))
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0" + bytes(9)) + before + frame + segment(0xDA, b"") + b"pixels"


def webp(kind: bytes, content: bytes) -> bytes:
    chunk = kind + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def vp8(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\x30\x01\0\x9d\x01\x2a" + struct.pack("<HH", width, height))


def vp8l(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14))


def vp8x(width: int, height: int) -> bytes:
    return webp(b"VP8X", bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


def box(kind: bytes, content: bytes, *, large: bool = False) -> bytes:
    if large:
        return struct.pack(">I", 1) + kind + struct.pack(">Q", len(content) + 16) + content
    return struct.pack(">I", len(content) + 8) + kind + content


def avif(*sizes: tuple[int, int], brand: bytes = b"avif", also: bytes = b"", large: bool = False) -> bytes:
    pictures = b"".join(box(b"ispe", bytes(4) + struct.pack(">II", *size)) for size in sizes)
    iprp = box(b"iprp", box(b"ipco", box(b"pixi", bytes(8)) + pictures), large=large)
    meta = box(b"meta", bytes(4) + box(b"hdlr", bytes(24)) + iprp, large=large)
    return box(b"ftyp", brand + bytes(4) + also) + meta + box(b"mdat", b"pixels")


PICTURES = [
    (png(640, 480), Kind("image/png", 640, 480)),
    (gif(3, 65_535), Kind("image/gif", 3, 65_535)),
    (b"GIF87a" + gif(3, 4)[6:], Kind("image/gif", 3, 4)),
    (jpeg(640, 480), Kind("image/jpeg", 640, 480)),
    (jpeg(640, 480, marker=0xC2), Kind("image/jpeg", 640, 480)),
    (jpeg(640, 480, segment(0xC4, bytes(100)) + b"\xff\xff\xff" + segment(0xFE, b"hi")), Kind("image/jpeg", 640, 480)),
    (jpeg(640, 480, exif(1)), Kind("image/jpeg", 640, 480)),
    (jpeg(640, 480, exif(6)), Kind("image/jpeg", 480, 640)),
    (jpeg(640, 480, exif(8, "<")), Kind("image/jpeg", 480, 640)),
    (jpeg(640, 480, segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff")), Kind("image/jpeg", 640, 480)),
    (vp8(640, 480), Kind("image/webp", 640, 480)),
    (vp8l(16_384, 5), Kind("image/webp", 16_384, 5)),
    (vp8x(640, 480), Kind("image/webp", 640, 480)),
    (avif((640, 480)), Kind("image/avif", 640, 480)),
    (avif((160, 120), (640, 480), (320, 240)), Kind("image/avif", 640, 480)),
    (avif((640, 480), brand=b"mif1", also=b"miafavif"), Kind("image/avif", 640, 480)),
    (avif((640, 480), brand=b"avis", large=True), Kind("image/avif", 640, 480)),
]


@pytest.mark.parametrize(("data", "kind"), PICTURES)
def test_pictures_are_known(data: bytes, kind: Kind) -> None:
    """With the size in which they are shown; what follows makes no difference."""
    assert kind_of(data) == kind_of(data + bytes(100)) == kind


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"\x7fELF",
        box(b"ftyp", b"isom" + bytes(4) + b"mp42"),
        box(b"ftyp", b"heic" + bytes(4) + b"mif1"),
        b" " + png(1, 1),
    ],
)
def test_all_else_is_bytes(data: bytes) -> None:
    """Above all what can run scripts."""
    assert kind_of(data) == UNKNOWN


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (png(0, 480), "image/png"),
        (png(2**32 - 1, 480), "image/png"),
        (jpeg(0, 0), "image/jpeg"),
        (b"\xff\xd8\xff\xe0\0\0", "image/jpeg"),
        (jpeg(640, 480, exif(6))[:40], "image/jpeg"),
        (webp(b"ALPH", b"x"), "image/webp"),
        (avif(), "image/avif"),
        (avif((640, 480))[:40], "image/avif"),
        (box(b"ftyp", b"avif" + bytes(4)) + struct.pack(">I", 0) + b"meta", "image/avif"),
        (box(b"ftyp", b"avif" + bytes(4)) + box(b"free", b"") * 30_000, "image/avif"),
    ],
)
def test_a_size_that_cannot_be_told_is_left_out(data: bytes, mime: str) -> None:
    assert kind_of(data) == Kind(mime)


@given(st.sampled_from([data for data, _ in PICTURES]), st.data())
def test_damaged_pictures_do_no_harm(data: bytes, draw: st.DataObject) -> None:
    """Cut anywhere, or with other bytes anywhere: there is an answer, and no impossible one."""
    changed = bytearray(data[: draw.draw(st.integers(0, len(data)))])
    for at in draw.draw(st.lists(st.integers(0, len(data) - 1), max_size=4)):
        if at < len(changed):
            changed[at] = draw.draw(st.integers(0, 255))
    kind = kind_of(bytes(changed))
    assert kind.mime in {found.mime for _, found in [*PICTURES, (b"", UNKNOWN)]}
    assert (kind.width is None) == (kind.height is None)
    assert all(one is None or 0 < one <= 65_535 for one in kind[1:])
