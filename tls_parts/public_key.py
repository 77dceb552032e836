"""A server's public key: found in its certificate, and told in a form that people can compare. Pure.

What is remembered of a server is its key, not its certificate: that may be made anew, with other names and dates.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

_SEQUENCE, _VERSION = 0x30, 0xA0
_BEFORE_KEY: Final = 5  # serial number, algorithm, issuer, validity, subject
_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aiou"
_WORDS: Final = 6


def digest_of(certificate: bytes) -> bytes:
    """The SHA-256 of the public key in a certificate in DER. ValueError if it is none."""
    content = _Reader(_Reader(certificate).take(_SEQUENCE))
    fields = _Reader(content.take(_SEQUENCE))
    if fields.next_is(_VERSION):
        fields.take(_VERSION)
    for _ in range(_BEFORE_KEY):
        fields.take()
    return hashlib.sha256(fields.take(_SEQUENCE, whole=True)).digest()


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

    def _length(self) -> int:
        first = self._bytes(1)[0]
        return first if first < 0x80 else int.from_bytes(self._bytes(first & 0x7F), "big")

    def _bytes(self, count: int) -> bytes:
        found = self._data[self._at : self._at + count]
        if len(found) < count:
            raise ValueError("not a certificate")
        self._at += count
        return found


# --- In words, and in a link ------------------------------------------------------------------------------------


def words(digest: bytes) -> str:
    """The first 96 bits as six words that can be read aloud, like `lusab-babad-gutih-tugad-kosob-daniv`."""
    return "-".join(_word(int.from_bytes(digest[2 * i : 2 * i + 2], "big")) for i in range(_WORDS))


def _word(number: int) -> str:
    consonant, vowel = _CONSONANTS, _VOWELS
    return (
        consonant[number >> 12]
        + vowel[number >> 10 & 3]
        + consonant[number >> 6 & 15]
        + vowel[number >> 4 & 3]
        + consonant[number & 15]
    )


def encoded(digest: bytes) -> str:
    """The whole of it, in characters that may stand in a link and in a file."""
    return urlsafe_b64encode(digest).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """What `encoded` made, or `words`: those stand for the beginning only. ValueError for anything else."""
    if _is_words(text):
        return b"".join(_number(word).to_bytes(2, "big") for word in text.split("-"))
    try:
        digest = urlsafe_b64decode(text + "=")
    except ValueError:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size or encoded(digest) != text:
        raise ValueError("the key is six words, or 43 letters and digits")
    return digest


def is_same(digest: bytes, expected: bytes) -> bool:
    """Whether a server's key is the expected one, of which only the beginning may be known."""
    return len(expected) >= 2 * _WORDS and hmac.compare_digest(digest[: len(expected)], expected)


def _is_words(text: str) -> bool:
    parts = text.split("-")
    return len(parts) == _WORDS and all(_is_word(part) for part in parts)


def _is_word(text: str) -> bool:
    return len(text) == 5 and all(sign in (_VOWELS if i % 2 else _CONSONANTS) for i, sign in enumerate(text))


def _number(word: str) -> int:
    number = 0
    for i, sign in enumerate(word):
        number = number << 2 | _VOWELS.index(sign) if i % 2 else number << 4 | _CONSONANTS.index(sign)
    return number
