"""Passwords as they are kept: hashed by scrypt with their own salt, in one string with its parameters. Pure.

To hash or to check one takes about 0.3 seconds and 64 MB by design, so it must not be done in the hub's thread; see
hub/proving.py, which also bounds how many are done at once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from typing import Final

LOG_COST = 16  # of new passwords: the base-2 logarithm of scrypt's n. Tests set it lower.
BLOCK_SIZE: Final = 8
MOST_LOG_COST: Final = 20  # of a string that is read: more is damage, and would take all memory
MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 256
_SALT: Final = 16  # bytes


def password_problem(password: str) -> str | None:
    """Why nobody may have that password; None if somebody may."""
    if len(password) < MIN_LENGTH:
        return f"that password is too short: {len(password)} < {MIN_LENGTH} characters"
    if len(password) > MAX_LENGTH:
        return f"that password is too long: {len(password)} > {MAX_LENGTH} characters"
    return None


def kept_form(password: str) -> str:
    """The string that is kept of a new password."""
    salt = secrets.token_bytes(_SALT)
    return f"scrypt:{LOG_COST}:{BLOCK_SIZE}:1:{salt.hex()}:{_derived(password, salt, LOG_COST).hex()}"


def matches(password: str, kept: str | None) -> bool:
    """Whether it is the password of which that string is kept. Without one it takes as long, and is false."""
    name, log_cost, block, lanes, salt, digest = (kept or _NOTHING).split(":")
    if (name, block, lanes) != ("scrypt", str(BLOCK_SIZE), "1") or not 1 <= int(log_cost) <= MOST_LOG_COST:
        return False
    cost = LOG_COST if kept is None else int(log_cost)
    same = hmac.compare_digest(_derived(password, bytes.fromhex(salt), cost), bytes.fromhex(digest))
    return same and kept is not None


_NOTHING: Final = f"scrypt:16:{BLOCK_SIZE}:1:{bytes(_SALT).hex()}:{bytes(32).hex()}"


def _derived(password: str, salt: bytes, log_cost: int) -> bytes:
    text = unicodedata.normalize("NFC", password).encode("utf-8", "replace")
    n = 2**log_cost
    memory = 2 * 128 * BLOCK_SIZE * n  # twice what it takes: without a bound, OpenSSL refuses
    return hashlib.scrypt(text, salt=salt, n=n, r=BLOCK_SIZE, p=1, maxmem=memory, dklen=32)
