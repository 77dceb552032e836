"""What clients are told when the log cannot be written or read. Pure.

The operator's records name the database with its user and machine; that is nothing for everybody who may connect.
"""

from __future__ import annotations

import re
from typing import Final

from server_parts.protocol.requests import Refusal

_DATABASE: Final = re.compile(r" postgres(?:ql)?://\S+")


def unavailable(reason: str, seq: int | None = None) -> Refusal:
    return Refusal("storage_unavailable", _DATABASE.sub("", reason), seq=seq)
