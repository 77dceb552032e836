"""What kind of picture a file is, and how large, by its first bytes. Its name says nothing.

Only kinds that browsers show and that can run no script have a name here; all others are UNKNOWN. The bytes come from
strangers: whatever they are, the answer comes at once, and a size that cannot be found is left out. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from server_parts.storage.file_records import UNKNOWN

MOST_BOXES: Final = 1_000  # of one AVIF file that are looked at
LARGEST: Final = 65_535  # pixels; what claims to be larger has no size

_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of JPEG that are followed by the size
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})  # and those with nothing behind them
_SCAN: Final = frozenset({0xD9, 0xDA})
_AVIF: Final = (b"avif", b"avis")


class Kind(NamedTuple):
    mime: str = UNKNOWN
    width: int | None = None
    height: int | None = None


def kind_of(head: bytes) -> Kind:
    """`head`: the first PIECE bytes of a file, or all of it."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _sized("image/png", _png(head))
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _sized("image/gif", (_little(head, 6, 2), _little(head, 8, 2)))
    if head.startswith(b"\xff\xd8\xff"):
        return _sized("image/jpeg", _jpeg(head))
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _sized("image/webp", _webp(head))
    if _is_avif(head):
        return _sized("image/avif", _avif(head))
    return Kind()


def _sized(mime: str, size: tuple[int, int] | None) -> Kind:
    if size is None or not all(0 < one <= LARGEST for one in size):
        return Kind(mime)
    return Kind(mime, *size)


def _big(data: bytes, at: int, size: int) -> int:
    """A number, most significant byte first; 0 if not all of it is there."""
    part = data[at : at + size]
    return int.from_bytes(part, "big") if len(part) == size else 0


def _little(data: bytes, at: int, size: int) -> int:
    part = data[at : at + size]
    return int.from_bytes(part, "little") if len(part) == size else 0


def _png(head: bytes) -> tuple[int, int] | None:
    return (_big(head, 16, 4), _big(head, 20, 4)) if head[12:16] == b"IHDR" else None


# --- JPEG ---


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """The size in which it is shown: a camera that was held upright has noted that."""
    turned = False
    for marker, start, size in _segments(head):
        if marker == 0xE1 and head[start : start + 6] == b"Exif\0\0":
            turned = _orientation(head[start + 6 : start + size]) in (5, 6, 7, 8)
        elif marker in _FRAMES:
            height, width = _big(head, start + 1, 2), _big(head, start + 3, 2)
            return (height, width) if turned else (width, height)
    return None


def _segments(head: bytes) -> Iterator[tuple[int, int, int]]:
    """Each marker, where what belongs to it begins, and how long that is."""
    at = 2
    while at + 4 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker in _SCAN:
            return
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        size = _big(head, at + 2, 2)
        if size < 2:
            return
        yield marker, at + 4, size - 2
        at += 2 + size


def _orientation(tiff: bytes) -> int:
    """The number under which Exif notes how a picture is to be turned; 0 if it does not."""
    number = _big if tiff[:2] == b"MM" else _little
    start = number(tiff, 4, 4)
    for entry in range(min(number(tiff, start, 2), 200)):
        at = start + 2 + 12 * entry
        if number(tiff, at, 2) == 0x0112:
            return number(tiff, at + 8, 2)
    return 0


# --- WebP ---


def _webp(head: bytes) -> tuple[int, int] | None:
    form = head[12:16]
    if form == b"VP8X":
        return _little(head, 24, 3) + 1, _little(head, 27, 3) + 1
    if form == b"VP8L" and head[20:21] == b"\x2f":
        bits = _little(head, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        return _little(head, 26, 2) & 0x3FFF, _little(head, 28, 2) & 0x3FFF
    return None


# --- AVIF ---


def _is_avif(head: bytes) -> bool:
    """By the brands of its first box: the major one, then a version, then those that it also is."""
    if head[4:8] != b"ftyp":
        return False
    brands = head[8 : min(_big(head, 0, 4), 256)]
    return brands[:4] in _AVIF or any(brands[at : at + 4] in _AVIF for at in range(8, len(brands), 4))


def _avif(head: bytes) -> tuple[int, int] | None:
    """The largest of the pictures in it: the others are its tiles, or small ones to be shown before."""
    sizes = list(_picture_sizes(head))
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _picture_sizes(head: bytes) -> Iterator[tuple[int, int]]:
    for meta_start, meta_end in _boxes(head, 0, len(head), b"meta"):
        for iprp in _boxes(head, meta_start + 4, meta_end, b"iprp"):
            for ipco in _boxes(head, *iprp, b"ipco"):
                for start, _ in _boxes(head, *ipco, b"ispe"):
                    yield _big(head, start + 4, 4), _big(head, start + 8, 4)


def _boxes(head: bytes, start: int, end: int, kind: bytes) -> Iterator[tuple[int, int]]:
    """Where the insides of the boxes of one kind begin and end."""
    for _ in range(MOST_BOXES):
        size, begin = _big(head, start, 4), start + 8
        if size == 1:  # the size is behind the kind
            size, begin = _big(head, start + 8, 8), start + 16
        if size < begin - start or begin > end:
            return
        if head[start + 4 : start + 8] == kind:
            yield begin, min(start + size, end)
        start += size
