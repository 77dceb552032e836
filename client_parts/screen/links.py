"""Addresses of the web as links, for terminals that understand OSC 8: what is seen is where it leads.

Pure: painted rows in, the same rows with more codes out. Apart from paint it expects only what can be printed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from terminal_parts.width import PAINT

# Paint may stand within an address, where a name in it stands out. What sticks to signs of other scripts may go on
# there, or be made to look like another address: such an address is no link.
_ADDRESS = re.compile(rf"https?://(?!/)(?:{PAINT.pattern}|[!-~])++(?![^\x00-\x7f])", re.IGNORECASE)
_SIGN = re.compile(rf"{PAINT.pattern}|.")
_BEHIND = frozenset(".,;:!?'\"`*>]}|")  # what belongs to the sentence, at the end of an address
_CLOSED = "\x1b]8;;\x1b\\"
_LONGEST = 2_000  # some terminals take no longer ones


def understands_links(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is known to understand them; others may show the codes."""
    terminal, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if environment.get("STY") or terminal in ("", "dumb", "linux"):
        return False
    if program == "tmux":
        return _version(environment.get("TERM_PROGRAM_VERSION", "")) >= (3, 4)
    if environment.get("TMUX"):  # an older one
        return False
    return (
        program in ("iTerm.app", "WezTerm", "ghostty", "vscode", "Hyper", "WarpTerminal", "rio", "Tabby")
        or terminal.startswith(("xterm-kitty", "xterm-ghostty", "foot", "alacritty", "wezterm", "contour"))
        or _version(environment.get("VTE_VERSION", "")) >= (5000,)
        or _version(environment.get("KONSOLE_VERSION", "")) >= (201200,)
        or bool(environment.get("WT_SESSION"))
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d{1,9}", text)[:2])


def linked(row: str) -> str:
    """A painted row with its addresses as links."""
    return _ADDRESS.sub(_link, row) if "://" in row else row


def _link(found: re.Match[str]) -> str:
    signs = _SIGN.findall(found[0])
    end, unopened = len(signs), signs.count(")") - signs.count("(")
    while len(signs[end - 1]) > 1 or signs[end - 1] in _BEHIND or (signs[end - 1] == ")" and unopened > 0):
        unopened -= signs[end - 1] == ")"
        end -= 1
    shown, behind = "".join(signs[:end]), "".join(signs[end:])
    address = PAINT.sub("", shown)
    if address.endswith("://") or len(address) > _LONGEST:
        return found[0]
    return f"\x1b]8;;{address}\x1b\\{shown}{_CLOSED}{behind}"
