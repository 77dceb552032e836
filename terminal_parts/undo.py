"""What was changed in a draft, so that it can be taken back: a word, a run of deletions, a paste at a time. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

TYPED, DELETED, FOUND = "typed", "deleted", "found"  # kinds of changes of which several are taken back at once
_MOST: Final = 500  # groups of changes
_PASTED: Final = 8  # signs that come at once: more than fingers type


class Change(NamedTuple):
    start: int
    old: str
    new: str
    cursor: int  # where it was before


class Undo:
    def __init__(self) -> None:
        self._groups: deque[list[Change]] = deque(maxlen=_MOST)
        self._kind = ""  # of the group that is not finished; empty if all are

    def record(self, change: Change, kind: str = "") -> None:
        is_paste = kind == TYPED and (len(change.new) >= _PASTED or "\n" in change.new)
        if kind and kind == self._kind and not is_paste and not self._begins_a_word(change):
            self._extend(change)
        else:
            self._groups.append([change])
        self._kind = "" if is_paste else kind

    def interrupt(self) -> None:
        """What comes next is taken back by itself."""
        self._kind = ""

    def forget(self) -> None:
        self._groups.clear()
        self._kind = ""

    def take_back(self, text: str) -> tuple[str, int] | None:
        """The text as it was before the last group, and the cursor in it; None if there is none."""
        self._kind = ""
        if not self._groups:
            return None
        cursor = 0
        for change in reversed(self._groups.pop()):
            text = text[: change.start] + change.old + text[change.start + len(change.new) :]
            cursor = change.cursor
        return text, cursor

    def _begins_a_word(self, change: Change) -> bool:
        last = self._groups[-1][-1]
        return last.new[-1:].isspace() and not change.new[:1].isspace() and not change.old

    def _extend(self, change: Change) -> None:
        """Typed letters make one change, however many they are."""
        group, last = self._groups[-1], self._groups[-1][-1]
        if not change.old and last.new and change.start == last.start + len(last.new):
            group[-1] = last._replace(new=last.new + change.new)
        else:
            group.append(change)
