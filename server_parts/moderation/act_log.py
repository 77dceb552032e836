"""The acts in the log, in the order of their numbers, whoever appends them. Pure.

One server alone reads its own acts as it writes them. Of several, each also hears those of the others: whatever comes
first, an act holds only when all before it do. Owned by the hub.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from server_parts.moderation import acts
from server_parts.moderation.acts import Kept
from server_parts.moderation.rulebook import Rulebook
from server_parts.storage.message_log import MessageLog, everything_in
from server_parts.storage.records import ACTS, Message, Run


class ActLog:
    def __init__(self, log: MessageLog, rules: Rulebook) -> None:
        """All that the log holds holds; it is read in bounded pages."""
        self._log = log
        self.rules = rules
        self.last = 0  # the newest act that holds
        self._elsewhere: list[Kept] = []
        self._read()

    def read_anew(self) -> None:
        """The log is another one: only what it holds holds. StorageError: it cannot be read yet, and nothing holds."""
        self.rules.forget()
        self._elsewhere.clear()
        self.last = 0
        self._read()

    def _read(self) -> None:
        for message in everything_in(ACTS, self._log):
            self._apply(message)

    def note(self, runs: Iterable[Run]) -> None:
        """Let the acts hold that are among what this server has appended."""
        for message in _acts_in(runs):
            self._fill(message.id)
            self._apply(message)

    def hear(self, runs: Iterable[Run]) -> None:
        """The same with what other servers have appended. What holds already is passed over."""
        for message in _acts_in(runs):
            self._fill(message.id)
            if message.id > self.last:
                self._apply_elsewhere(message)

    def take_elsewhere(self) -> list[Kept]:
        """The acts of other servers since the last time: they may concern people here."""
        taken, self._elsewhere = self._elsewhere, []
        return taken

    def _fill(self, id: int) -> None:
        """Read what other servers have appended before that one."""
        while id > self.last + 1:
            missing = self._log.after(ACTS, self.last, id - 1 - self.last)
            for message in missing:
                self._apply_elsewhere(message)
            if not missing:
                return

    def _apply_elsewhere(self, message: Message) -> None:
        kept = self._apply(message)
        if kept is not None:
            self._elsewhere.append(kept)

    def _apply(self, message: Message) -> Kept | None:
        self.last = message.id
        kept = acts.read(message)
        if kept is not None:
            self.rules.apply(kept)
        return kept


def _acts_in(runs: Iterable[Run]) -> Iterator[Message]:
    return (message for run in runs if run.room == ACTS for message in run.messages())
