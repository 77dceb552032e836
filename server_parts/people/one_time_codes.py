"""One-time codes: 80 random bits in groups that can be typed. Pure."""

from __future__ import annotations

import re
import secrets
from typing import Final

from server_parts.storage.records import hashed

_SIGNS: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # without those that look like others
_LENGTH: Final = 16
_GROUP: Final = 4
_CODE: Final = re.compile(f"[{_SIGNS}]{{{_LENGTH}}}")
_TYPED: Final = str.maketrans("oil", "011", " -")


def new_code() -> str:
    """A code like `k3f9-0h2m-x7qa-9d4c`."""
    signs = [secrets.choice(_SIGNS) for _ in range(_LENGTH)]
    return "-".join("".join(signs[at : at + _GROUP]) for at in range(0, _LENGTH, _GROUP))


def hash_of_code(typed: str) -> str | None:
    """The form in which a code is kept, however it was typed; None if that cannot be a code."""
    code = typed.lower().translate(_TYPED)
    return hashed(f"code {code}") if _CODE.fullmatch(code) else None
