"""How far a run of the client has come: what its two threads have decided, and what both look at.

The receiver decides the stage, the input loop the departure. It must not know sockets, frames or screens.
"""

from __future__ import annotations

import enum
import threading


class Stage(enum.IntEnum):
    """What has become of the chat so far. It only moves forward."""

    STARTING = enum.auto()  # no server has had a word for this client yet
    TURNED_AWAY = enum.auto()  # a server answered, and asked to come again later
    WELCOMED = enum.auto()  # at least once; the link may be gone at the moment
    OVER = enum.auto()  # there is no chat, or no longer


class Departure(enum.IntEnum):
    """Whether this side wants to go. It only moves forward."""

    STAYING = enum.auto()
    LEAVING = enum.auto()  # the input loop has ended: texts on their way get a moment, then the server is told
    BY_FORCE = enum.auto()  # by a signal, in a pipe: no goodbye, and nothing more is sent


class Course:
    def __init__(self) -> None:
        self.stage = Stage.STARTING
        self.departure = Departure.STAYING
        self.status = 0  # the exit status, once it is over
        self.ready = threading.Event()  # commands can be carried out, or there will be nobody to ask
        self.over = threading.Event()  # set with Stage.OVER

    @property
    def is_over(self) -> bool:
        return self.over.is_set()

    @property
    def is_leaving(self) -> bool:
        return self.departure >= Departure.LEAVING

    @property
    def is_by_force(self) -> bool:
        return self.departure is Departure.BY_FORCE

    @property
    def has_been_welcomed(self) -> bool:
        return self.stage >= Stage.WELCOMED

    def reach(self, stage: Stage) -> None:
        self.stage = max(self.stage, stage)

    def finish(self, status: int) -> bool:
        """It is over, with that exit status. Returns False if it was already."""
        if self.is_over:
            return False
        self.status = status
        self.reach(Stage.OVER)
        self.over.set()
        return True

    def depart(self, departure: Departure) -> None:
        self.departure = max(self.departure, departure)
