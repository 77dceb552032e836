"""What is kept of sessions: how far each was counted, whose it is, and when it was last used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple


class SessionRecord(NamedTuple):
    """What is kept of a session: its highest `seq`, and what proves that it is one's own (see `names.Names`)."""

    accepted: int = 0
    owner: str = ""  # nobody knows


class SessionStore(ABC):
    """Keys of sessions are hashed. Whose a session is, `people.names` decides."""

    @abstractmethod
    def session(self, key: str) -> SessionRecord:
        """What was committed of a session; one never seen has accepted nothing and belongs to nobody."""

    def accepted(self, session: str) -> int:
        """The highest committed `seq` of a session; 0 for one never seen."""
        return self.session(session).accepted

    @abstractmethod
    def note_use(self, sessions: Sequence[str], day: int) -> None:
        """These sessions were used on that day (since 1970, UTC); those that are not known are passed over."""

    @abstractmethod
    def forget_sessions(self, day: int) -> bool:
        """Let go of sessions that were neither stored nor noted as used since that day; the newest one may stay.

        They count as never seen from then on; their messages stay. One bounded slice; True while there is more to do.
        """
