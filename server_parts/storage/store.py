"""All that a server keeps, and how it is written: what belongs together is committed together."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from server_parts.storage.account_records import AccountChange, Create
from server_parts.storage.account_store import AccountStore
from server_parts.storage.message_log import MessageLog
from server_parts.storage.records import Draft, Receipt, Run
from server_parts.storage.session_store import SessionStore

NOBODY: Final[Mapping[str, str]] = MappingProxyType({})


class Entry(NamedTuple):
    """What is committed together: texts, how far sessions are counted, whose they are, what else changes."""

    drafts: Sequence[Draft]
    accepted: Mapping[str, int]
    owners: Mapping[str, str] = NOBODY
    claims: Mapping[str, str] = NOBODY
    changes: Sequence[AccountChange] = ()  # of accounts, in this order, behind the claims
    programs: Mapping[str, str] = NOBODY  # with which the claimed names came, as far as that is known
    erased: Sequence[Receipt] = ()  # where the messages are

    def account_changes(self) -> Iterator[AccountChange]:
        """All of them: each claim makes an account with one device."""
        for name, token_hash in self.claims.items():
            yield Create(name, token_hash, self.programs.get(name, ""))
        yield from self.changes


class Store(MessageLog, SessionStore, AccountStore):
    """One thread at a time appends, claims or trims."""

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
        """Do what `append` promises, and take the texts of the messages in `erased` away.

        Those keep their numbers, with an empty text, and no search finds them. One that is not kept is passed over.
        """

    def change(self, *changes: AccountChange) -> None:
        """Change accounts, all of it or nothing, with nothing else to store."""
        self.write(Entry([], {}, changes=changes))

    def claim(self, name: str, token_hash: str) -> None:
        """Give a name to whoever holds that token, with nothing else to store."""
        self.append([], {}, NOBODY, {name: token_hash})

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections. Safe to call twice."""
