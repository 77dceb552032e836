"""Being away by itself: when nobody has pressed a key for a while, until somebody does.

It knows no clock; it is told the time, and asks the window when it was last touched.
"""

from __future__ import annotations

import math

from client_parts.conversation.state import State
from client_parts.kept.values import AUTOAWAY
from client_parts.screen.view import count

_NOTE = "away"


class AutoAway:
    def __init__(self, state: State) -> None:
        self._state = state
        self._since: float | None = None  # when this person was last here, while they are away by itself

    def tend(self, now: float) -> float:
        """Be away, or back, if it is time. Returns when to ask again."""
        state, touched = self._state, self._state.board.window.touched
        if state.away.text != _NOTE:  # another note, or none: somebody said so
            self._since = None
        if self._since is not None and touched > self._since:
            self._since = None
            state.tell_away(None, "* you are back")
        minutes = state.settings[AUTOAWAY]
        if not state.board.rich or not minutes.isdigit() or state.away.text is not None:
            return math.inf
        due = touched + 60 * int(minutes)
        if now < due:
            return due
        self._since = touched
        state.tell_away(_NOTE, f"* you are marked as away: no key for {count(int(minutes), 'minute')}")
        return math.inf
