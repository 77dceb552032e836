"""What Tab does to the text that is being typed. It must not know the terminal, nor what a line may become."""

from __future__ import annotations

import os
from collections.abc import Callable

from chat_common import harmless_line, paint
from terminal_parts.editor import Editor

_MOST_LISTED = 100


def _no_path(line: str) -> None:
    """No line has a path in it."""


class Tab:
    """Commands and paths are listed and completed as far as they agree; of all else, each Tab offers the next one."""

    def __init__(self, complete: Callable[[str], list[str]], path_in: Callable[[str], str | None] = _no_path) -> None:
        """`complete` says which whole lines a line may become, likeliest first; `path_in`, which end is a path."""
        self._complete = complete
        self._path_in = path_in
        self._cycle: list[str] = []  # what the next Tab chooses from

    def press(self, editor: Editor) -> str | None:
        """Complete the cursor's line up to there. Returns a line that lists what it may become, if that is several."""
        line_start = editor.text.rfind("\n", 0, editor.cursor) + 1
        before = editor.text[line_start : editor.cursor]
        if line_start > 0 and before.startswith("/"):
            return None  # commands are in first lines only
        if before in self._cycle:
            found = [self._cycle[(self._cycle.index(before) + 1) % len(self._cycle)]]
        else:
            self._cycle = found = self._complete(before)
            if self._path_in(before) is None and (not before.startswith("/") or " " in before):
                found = found[:1]
        if found:
            editor.replace(line_start, line_start + len(before), _agreed(found))
        if len(found) < 2:
            return None
        return paint(
            "  ".join(harmless_line(self._shown(match)) for match in sorted(found)[:_MOST_LISTED]), None, "dark"
        )

    def _shown(self, match: str) -> str:
        """Of a path, only what is new in it."""
        path = self._path_in(match)
        return match.strip() if not path else path[path.rstrip(f"{os.sep} ").rfind(os.sep) + 1 :].strip()


def _agreed(texts: list[str]) -> str:
    """The beginning that they all have."""
    length = 0
    for letters in zip(*texts, strict=False):
        if len(set(letters)) > 1:
            break
        length += 1
    return texts[0][:length]
