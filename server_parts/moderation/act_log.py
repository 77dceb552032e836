"""The acts in the log, in the order of their numbers, whoever appends them. Pure.

One server alone reads its own acts as it writes them. Of several, each also hears those of the others: whatever comes
first, an act holds only when all before it do. Owned by the hub.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from server_parts.moderation import acts
from server_parts.moderation.acts import Kept
from server_parts.moderation.rulebook import Rulebook
from server_parts.storage.message_log import MessageLog, everything_in
from server_parts.storage.records import ACTS, Message, Run, StorageError


class ActLog:
    def __init__(self, log: MessageLog, rules: Rulebook) -> None:
        """All that the log holds holds; it is read in bounded pages."""
        self._log = log
        self.rules = rules
        self.last = 0  # the newest act that holds
        self._elsewhere: deque[Kept] = deque()  # acts of other servers that hold, and were not taken yet
        self._own: set[int] = set()  # acts of this server that do not hold yet
        self._read()

    def read_anew(self) -> None:
        """The log is another one: only what it holds holds. StorageError: it cannot be read yet, and nothing holds."""
        self.rules.forget()
        self._elsewhere.clear()
        self._own.clear()
        self.last = 0
        self._read()

    def _read(self) -> None:
        for message in everything_in(ACTS, self._log):
            self._apply(message)

    def note(self, runs: Iterable[Run]) -> None:
        """Let the acts hold that are among what this server has appended.

        If what others have appended before cannot be read now, they hold when it can: see `is_behind`.
        """
        for message in _acts_in(runs):
            try:
                self._fill(message.id)
            except StorageError:
                self._own.add(message.id)
            else:
                if message.id > self.last:
                    self._apply(message)

    def hear(self, runs: Iterable[Run]) -> None:
        """The same with what other servers have appended. What holds already is passed over."""
        for message in _acts_in(runs):
            self._fill(message.id)
            if message.id > self.last:
                self._apply_elsewhere(message)

    @property
    def is_behind(self) -> bool:
        """Whether this server has appended acts that wait for others to be read."""
        return bool(self._own)

    @property
    def has_elsewhere(self) -> bool:
        """Whether there are acts of other servers to be taken."""
        return bool(self._elsewhere)

    def take_elsewhere(self) -> Kept:
        """The next act of another server: it may concern people here."""
        return self._elsewhere.popleft()

    def _fill(self, id: int) -> None:
        """Read what other servers have appended before that one."""
        while id > self.last + 1:
            missing = self._log.after(ACTS, self.last, id - 1 - self.last)
            for message in missing:
                self._apply_elsewhere(message)
            if not missing:
                return

    def _apply_elsewhere(self, message: Message) -> None:
        is_own = message.id in self._own
        kept = self._apply(message)
        if kept is not None and not is_own:
            self._elsewhere.append(kept)

    def _apply(self, message: Message) -> Kept | None:
        self.last = message.id
        self._own.discard(message.id)
        kept = acts.read(message)
        if kept is not None:
            self.rules.apply(kept)
        return kept


def _acts_in(runs: Iterable[Run]) -> Iterator[Message]:
    return (message for run in runs if run.room == ACTS for message in run.messages())
