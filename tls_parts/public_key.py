"""A server's public key: found in its certificate, and told in a form that people can compare. Pure.

What is remembered of a server is its key, not its certificate: that may be made anew, with other names and dates.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from tls_parts.der import read_certificate

_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aiou"
_WORDS: Final = 6


def digest_of(certificate: bytes) -> bytes:
    """The SHA-256 of the public key in a certificate in DER. ValueError if it is none."""
    return hashlib.sha256(read_certificate(certificate).public_key).digest()


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
