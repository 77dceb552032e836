"""A server's key: the same for every certificate of it, and told in words that can be compared."""

from __future__ import annotations

import hashlib
import random
import subprocess

import pytest

from tests.tls.certificates import der, key_pair, needs_openssl
from tls_parts.public_key import decoded, digest_of, encoded, is_same, words


@needs_openssl
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_it_is_what_openssl_says(kind: str) -> None:
    """The digest of SubjectPublicKeyInfo, for both kinds of key in use."""
    pair = key_pair("localhost", kind)
    command = ["openssl", "pkey", "-in", str(pair.key), "-pubout", "-outform", "DER"]
    public = subprocess.run(command, check=True, capture_output=True, timeout=20).stdout
    assert digest_of(der(pair)) == hashlib.sha256(public).digest()


@needs_openssl
def test_a_damaged_certificate_is_none() -> None:
    """Cut anywhere, or with any bytes changed, it is a ValueError or some digest, and nothing else."""
    whole = der(key_pair())
    for end in range(len(whole)):
        with pytest.raises(ValueError, match="certificate"):
            digest_of(whole[:end])
    rng = random.Random(7)
    for _ in range(2_000):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(80)] = rng.randrange(256)
        try:
            assert len(digest_of(bytes(damaged))) == 32
        except ValueError:
            pass


@pytest.mark.parametrize("garbage", [b"", b"\x30", b"\x30\x80", b"\x30\xff", b"hello", b"\x30\x03\x30\x01\x00"])
def test_garbage_is_no_certificate(garbage: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        digest_of(garbage)


def test_words_can_be_read_aloud() -> None:
    """They are proquints: whoever knows those reads the same bytes."""
    digest = bytes([127, 0, 0, 1, 63, 84, 220, 193, 140, 98, 193, 141]) + bytes(20)
    assert words(digest) == "lusab-babad-gutih-tugad-mudof-sakat"


def test_both_forms_mean_the_same_key() -> None:
    """One is the whole digest, the other its beginning; a digest that differs in either is another key."""
    rng = random.Random(5)
    for _ in range(200):
        digest, other = rng.randbytes(32), rng.randbytes(32)
        for text in (encoded(digest), words(digest)):
            assert is_same(digest, decoded(text))
            assert not is_same(other, decoded(text))
    assert not is_same(digest, b"")
    assert not is_same(digest, digest[:11])


@pytest.mark.parametrize(
    "text",
    ["", "abc", "lusab-babad", "lusab-babad-gutih-tugad-kosob-danix", "A" * 42, "A" * 42 + "B", "ü" * 43, "=" * 43],
)
def test_anything_else_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="six words"):
        decoded(text)
