"""Code within a text: what stands between backticks, in a line or between two fences of three. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from chat_common import paint

_CODE = re.compile(r"(```.+?```|(?<!`)`[^`\n]+`(?!`))", re.DOTALL)


def with_code_apart(body: str, as_text: Callable[[str], str]) -> str:
    """A harmless text with its code in a colour of its own, the rest as `as_text` has it. The signs around it stay."""
    if "`" not in body:
        return as_text(body)
    parts = _CODE.split(body)  # texts and code in turn
    painted = (paint(part, "magenta") if number % 2 else as_text(part) for number, part in enumerate(parts) if part)
    return "".join(painted)
