"""What is in a certificate in DER, as far as this project reads it. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

_SEQUENCE, _VERSION, _UTC_TIME = 0x30, 0xA0, 0x17
_BEFORE_ISSUER: Final = 2  # serial number, algorithm


class CertificateContent(NamedTuple):
    """Its parts, in DER themselves. Only what is asked for is read further: dates matter to few."""

    issuer: bytes
    validity: bytes
    subject: bytes
    public_key: bytes

    @property
    def is_self_signed(self) -> bool:
        """Nobody else vouches for its key."""
        return self.issuer == self.subject

    def expires(self) -> datetime:
        """ValueError if that cannot be read."""
        times = _Reader(_Reader(self.validity).take(_SEQUENCE))
        times.take()
        return times.take_time()


def read_certificate(certificate: bytes) -> CertificateContent:
    """ValueError if it is none."""
    fields = _Reader(_Reader(_Reader(certificate).take(_SEQUENCE)).take(_SEQUENCE))
    if fields.next_is(_VERSION):
        fields.take(_VERSION)
    for _ in range(_BEFORE_ISSUER):
        fields.take()
    issuer, validity, subject, key = (fields.take(_SEQUENCE, whole=True) for _ in CertificateContent._fields)
    return CertificateContent(issuer, validity, subject, key)


class _Reader:
    """Reads values of DER, one behind the other: a byte that says what it is, its length, its content."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def next_is(self, tag: int) -> bool:
        return self._data[self._at : self._at + 1] == bytes([tag])

    def take(self, tag: int | None = None, *, whole: bool = False) -> bytes:
        """The next value's content, or all of it; ValueError if it is not of that kind, or cut off."""
        begin = self._at
        if tag is not None and not self.next_is(tag):
            raise ValueError("not a certificate")
        self._at += 1
        length = self._length()
        content = self._bytes(length)
        return self._data[begin : self._at] if whole else content

    def take_time(self) -> datetime:
        if not self.next_is(_UTC_TIME):
            return _time(self.take())
        short = self.take()
        return _time((b"19" if short >= b"50" else b"20") + short)

    def _length(self) -> int:
        first = self._bytes(1)[0]
        return first if first < 0x80 else int.from_bytes(self._bytes(first & 0x7F), "big")

    def _bytes(self, count: int) -> bytes:
        found = self._data[self._at : self._at + count]
        if len(found) < count:
            raise ValueError("not a certificate")
        self._at += count
        return found


def _time(text: bytes) -> datetime:
    digits = text.decode("ascii")
    if not digits.endswith("Z"):
        raise ValueError("a date that is not in UTC")
    return datetime.fromisoformat(f"{digits[:8]}T{digits[8:]}")
