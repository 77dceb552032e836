"""All that a server keeps, and how it is written: what belongs together is committed together."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from server_parts.storage.account_records import AccountChange, Create
from server_parts.storage.account_store import AccountStore
from server_parts.storage.exchange import Alone, Exchange
from server_parts.storage.file_store import FileStore
from server_parts.storage.message_log import MessageLog
from server_parts.storage.records import Draft, Run
from server_parts.storage.session_store import SessionRecord, SessionStore

SECRET: Final = 32  # bytes
NOBODY: Final[Mapping[str, str]] = MappingProxyType({})


class Entry(NamedTuple):
    """What is committed together: texts, how far sessions are counted, whose they are, what else changes."""

    drafts: Sequence[Draft]
    accepted: Mapping[str, int]
    owners: Mapping[str, str] = NOBODY
    claims: Mapping[str, str] = NOBODY
    changes: Sequence[AccountChange] = ()  # of accounts, in this order, behind the claims
    programs: Mapping[str, str] = NOBODY  # with which the claimed names came, as far as that is known
    real_names: Mapping[str, str] = NOBODY  # display names of those who claim, as far as they have any

    def account_changes(self) -> Iterator[AccountChange]:
        """All of them: each claim makes an account with one device."""
        for name, token_hash in self.claims.items():
            yield Create(name, token_hash, self.programs.get(name, ""), None, self.real_names.get(name))
        yield from self.changes


class Feed(Protocol):
    """What a server has told of each room that it follows. Asked by the thread that waits for news."""

    def positions(self) -> Mapping[str, int]:
        """Every room that is followed, with the newest number that was told there."""

    def wanted(self, room: str, first: int) -> int | None:
        """After which number the messages of a room are wanted; None if nobody here wants them.

        Something was said there, and `first` is the number of the first text of it. Rooms that are not followed are
        asked for too: somebody here may have been spoken to.
        """


class Store(MessageLog, SessionStore, AccountStore):
    """One thread at a time appends, claims or trims."""

    exchange: Exchange = Alone()  # with the other servers on this log
    files: FileStore

    @cached_property
    def secret(self) -> bytes:
        """Random bytes that all servers on this log have, and nobody else. Where it is the only one, they are new."""
        return secrets.token_bytes(SECRET)

    def append(
        self,
        drafts: Sequence[Draft],
        accepted: Mapping[str, int],
        owners: Mapping[str, str] = NOBODY,
        claims: Mapping[str, str] = NOBODY,
    ) -> list[Run]:
        """Number and store the drafts, and each session's highest `seq`: all of it, or nothing and StorageError.

        With them, and before them, come new `owners` of sessions, and `claims`: names that belong to a hashed token
        from now on. What was said in private to or as such a name before stays closed to its new owner: the private
        rooms get their present newest number as a floor.

        On return it is as durable as this log gets. Every draft comes back as a run, in the same order.
        """
        return self.write(Entry(drafts, accepted, owners, claims))

    @abstractmethod
    def write(self, entry: Entry) -> list[Run]:
        """Do what `append` promises, and what drafts do to the messages that they speak of (see amending.py).

        An edit gives its message another text, a deletion takes the text away, a reaction is noted there; the text of
        an older edit goes. A draft that changes nothing any more, because its message is gone, comes back without its
        text, and is stored so. Edits, deletions and reactions are found by no search, and their messages by their
        present text. What is not kept is passed over.

        A draft with a file binds that to its message, if one of those owners has announced it for that room, it is
        finished, and no message carries it yet. Else the message is stored without a file. A file whose message is
        taken away, or trimmed, is found no more.
        """

    @property
    def is_replaced(self) -> bool:
        """Whether the log has come back without all that was stored, or as another one.

        Nothing is written or read then until `start_anew`. By any thread.
        """
        return False

    def start_anew(self) -> None:
        """Forget what was known of the log that was replaced, and go on with the one that is there now."""
        return

    def take(self, session: str, seen: SessionRecord | None = None) -> SessionRecord:
        """Return what was committed of a session; from now on no other server may append for it.

        `seen` is what was just read of it: that is still true of a log that nobody else can append to.

        An append that is under way elsewhere is waited for, and a later one there raises Moved. After Moved and
        OutcomeUnknown nothing more can be stored for a session until it is taken again. What is appended for one that
        was never taken takes it.
        """
        return self.session(session) if seen is None else seen

    def let_go(self, session: str) -> None:
        """Forget that this server has taken a session."""
        return

    def news(self, feed: Feed, timeout: float) -> list[Run]:
        """Wait until somebody else has appended what the feed wants. Returns it; nothing, if the time was over first.

        Each room's runs come in order, and begin right behind what was told there. What is returned once may be
        returned again until the feed's positions show it, and so may what this server has appended. Called by one
        thread. A log that nobody else can append to waits for nothing.
        """
        return []

    def change(self, *changes: AccountChange) -> None:
        """Change accounts, all of it or nothing, with nothing else to store."""
        self.write(Entry([], {}, changes=changes))

    def claim(self, name: str, token_hash: str) -> None:
        """Give a name to whoever holds that token, with nothing else to store."""
        self.append([], {}, NOBODY, {name: token_hash})

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections. Safe to call twice."""
