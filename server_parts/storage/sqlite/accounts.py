"""Accounts and codes in SQLite: how they are read, and how the one writer changes them inside its transaction.

It must not know transactions, connections' owners or what an account may do.
"""

from __future__ import annotations

import sqlite3
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from server_parts.storage import account_records as change
from server_parts.storage.account_records import MEMBER, Account, AccountChange, Code, Device, Purpose
from server_parts.storage.account_store import AccountStore, Conversation
from server_parts.storage.message_log import TRIM_SLICE
from server_parts.storage.search_query import DAY
from server_parts.storage.skeletons import skeleton
from server_parts.storage.sqlite.reader import LogReader

_ACCOUNT: Final = """
    SELECT a.id, a.spelled, a.role, a.password, a.since, a.used, a.real_name,
        d.id, d.token_hash, d.label, d.added, d.used
    FROM accounts AS a LEFT JOIN devices AS d ON d.account = a.id WHERE a.name = ? ORDER BY d.id"""
_LOOKALIKES: Final = "SELECT spelled FROM accounts WHERE skeleton = ? LIMIT 20"
_CODE: Final = "SELECT hash, purpose, account, uses, expires FROM codes WHERE hash = ?"
_COUNT_CODES: Final = "SELECT count(*) FROM codes WHERE purpose = ? AND account = ? AND expires > ?"
_PRIVATE_ROOMS: Final = """
    SELECT r.name, p.floor FROM participants AS p JOIN rooms AS r ON r.id = p.room WHERE p.name = ?"""
_CONVERSATIONS: Final = """
    SELECT r.name, p.floor, r.last, coalesce(m.ts, 0), p.spoke
    FROM participants AS p CROSS JOIN rooms AS r ON r.id = p.room
    LEFT JOIN messages AS m ON m.room = r.id AND m.id = r.last WHERE p.name = ?"""

_READ_POSITIONS: Final = """
    SELECT r.name, p.id FROM read_positions AS p JOIN rooms AS r ON r.id = p.room WHERE p.account = ?"""
_NOTE_READ: Final = """
    INSERT INTO read_positions (account, room, id)
    SELECT a.id, r.id, ? FROM accounts AS a, rooms AS r WHERE a.id = ? AND r.name = ?
    ON CONFLICT (account, room) DO UPDATE SET id = max(id, excluded.id)"""

_OWNS: Final = "SELECT 1 FROM accounts AS a JOIN devices AS d ON d.account = a.id WHERE name = ? AND token_hash = ?"
_FIND: Final = "SELECT id FROM accounts WHERE name = ?"
_ADD: Final = "INSERT INTO accounts (name, spelled, skeleton, password, since, used) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_DEVICE: Final = """
    INSERT INTO devices (account, token_hash, label, added, used) SELECT id, ?, ?, ?, ? FROM accounts WHERE id = ?"""
_DELETE_TOKEN: Final = "DELETE FROM devices WHERE account = ? AND token_hash = ?"
_USE_DEVICE: Final = """
    UPDATE devices SET used = max(used, ?), label = coalesce(nullif(?, ''), label)
    WHERE account = ? AND token_hash = ?"""
_RAISE_FLOORS: Final = """
    UPDATE participants SET floor = (SELECT last FROM rooms WHERE id = room) WHERE name = ?"""
_UNUSED: Final = f"""
    SELECT id, spelled FROM accounts WHERE used < ? AND role = '{MEMBER}' ORDER BY used LIMIT {TRIM_SLICE}"""
_EXPIRED: Final = "SELECT 1 FROM codes WHERE expires <= ? LIMIT 1"


# --- Changes, one function for each -----------------------------------------------------------------------------


def write(connection: sqlite3.Connection, made: AccountChange) -> None:
    """Make one change. It is part of the transaction that is under way."""
    _WRITERS[type(made)](connection, made)


def _create(connection: sqlite3.Connection, made: change.Create) -> None:
    name, now = made.name.lower(), time.time()
    if made.password is None and connection.execute(_OWNS, (name, made.token_hash)).fetchone():
        return
    for (old,) in connection.execute(_FIND, (name,)).fetchall():
        _release(connection, change.Release(old))
    row = (name, made.name, skeleton(made.name), made.password, now, int(now // DAY))
    id = connection.execute(_ADD, row).lastrowid
    assert id is not None
    if made.token_hash:
        _add_device(connection, change.AddDevice(id, made.token_hash, made.label, now))
    if made.real_name is not None:
        _set_real_name(connection, change.SetRealName(id, made.real_name))
    connection.execute(_RAISE_FLOORS, (name,))


def _add_device(connection: sqlite3.Connection, made: change.AddDevice) -> None:
    """An account that is gone gets none."""
    connection.execute(_DELETE_TOKEN, (made.account, made.token_hash))
    row = (made.token_hash, made.label, made.ts, int(made.ts // DAY), made.account)
    connection.execute(_ADD_DEVICE, row)


def _replace_token(connection: sqlite3.Connection, made: change.ReplaceToken) -> None:
    connection.execute(_DELETE_TOKEN, (made.account, made.new))
    values = (made.new, made.account, made.old)
    connection.execute("UPDATE devices SET token_hash = ? WHERE account = ? AND token_hash = ?", values)


def _forget_device(connection: sqlite3.Connection, made: change.ForgetDevice) -> None:
    connection.execute("DELETE FROM devices WHERE account = ? AND id = ?", made)


def _set_password(connection: sqlite3.Connection, made: change.SetPassword) -> None:
    connection.execute("UPDATE accounts SET password = ? WHERE id = ?", (made.password, made.account))


def _set_real_name(connection: sqlite3.Connection, made: change.SetRealName) -> None:
    connection.execute("UPDATE accounts SET real_name = ? WHERE id = ?", (made.text, made.account))


def _set_role(connection: sqlite3.Connection, made: change.SetRole) -> None:
    connection.execute("UPDATE accounts SET role = ? WHERE id = ?", (made.role, made.account))


def _recover(connection: sqlite3.Connection, made: change.Recover) -> None:
    _set_password(connection, change.SetPassword(made.account, None))
    connection.execute("DELETE FROM devices WHERE account = ?", (made.account,))
    if made.token_hash:
        _add_device(connection, change.AddDevice(made.account, made.token_hash, made.label, made.ts))


def _release(connection: sqlite3.Connection, made: change.Release) -> None:
    connection.execute("DELETE FROM devices WHERE account = ?", made)
    connection.execute("DELETE FROM codes WHERE account = ?", made)
    connection.execute("DELETE FROM accounts WHERE id = ?", made)
    connection.execute("DELETE FROM read_positions WHERE account = ?", made)


def _add_code(connection: sqlite3.Connection, made: change.AddCode) -> None:
    code = made.code
    if code.purpose is not Purpose.INVITE:
        connection.execute("DELETE FROM codes WHERE purpose = ? AND account = ?", (code.purpose, code.account))
    connection.execute("INSERT OR REPLACE INTO codes VALUES (?, ?, ?, ?, ?)", code)


def _use_code(connection: sqlite3.Connection, made: change.UseCode) -> None:
    connection.execute("UPDATE codes SET uses = uses - 1 WHERE hash = ?", made)
    connection.execute("DELETE FROM codes WHERE hash = ? AND uses <= 0", made)


def _close_codes(connection: sqlite3.Connection, made: change.CloseCodes) -> None:
    connection.execute("DELETE FROM codes WHERE account = ? AND purpose != ?", (made.account, Purpose.INVITE))


def _note_use(connection: sqlite3.Connection, made: change.NoteUse) -> None:
    connection.execute("UPDATE accounts SET used = max(used, ?) WHERE id = ?", (made.day, made.account))
    if made.token_hash:
        connection.execute(_USE_DEVICE, (made.day, made.label, made.account, made.token_hash))


_WRITERS: Final[Mapping[type, Callable[[sqlite3.Connection, Any], None]]] = {
    change.Create: _create,
    change.AddDevice: _add_device,
    change.ReplaceToken: _replace_token,
    change.ForgetDevice: _forget_device,
    change.SetPassword: _set_password,
    change.SetRealName: _set_real_name,
    change.SetRole: _set_role,
    change.Recover: _recover,
    change.Release: _release,
    change.AddCode: _add_code,
    change.UseCode: _use_code,
    change.CloseCodes: _close_codes,
    change.NoteUse: _note_use,
}


# --- The store's part that is about people -----------------------------------------------------------------------


class SqliteAccounts(AccountStore):
    """What a log in SQLite keeps of people. The log itself has the reader and the transactions."""

    _reader: LogReader

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """All of it on disk, or none of it and StorageError."""

    def account(self, name: str) -> Account | None:
        rows = self._reader.look_up(_ACCOUNT, (name.lower(),))
        return Account._make((*rows[0][:6], tuple(_devices(rows)), rows[0][6])) if rows else None

    def lookalikes(self, skeleton: str) -> list[str]:
        return [spelled for (spelled,) in self._reader.look_up(_LOOKALIKES, (skeleton,))]

    def code(self, hash: str) -> Code | None:
        rows = self._reader.look_up(_CODE, (hash,))
        return Code(rows[0][0], Purpose(rows[0][1]), *rows[0][2:]) if rows else None

    def count_codes(self, purpose: Purpose, account: int) -> int:
        return int(self._reader.look_up(_COUNT_CODES, (purpose, account, time.time()))[0][0])

    def read_positions(self, account: int) -> dict[str, int]:
        return dict(self._reader.look_up(_READ_POSITIONS, (account,)))

    def note_read(self, positions: Mapping[tuple[int, str], int]) -> None:
        rows = [(id, account, room) for (account, room), id in positions.items()]
        with self._transaction() as connection:
            connection.executemany(_NOTE_READ, rows)

    def private_rooms(self, name: str) -> dict[str, int]:
        return dict(self._reader.look_up(_PRIVATE_ROOMS, (name.lower(),)))

    def conversations(self, name: str) -> list[Conversation]:
        rows = self._reader.look_up(_CONVERSATIONS, (name.lower(),))
        return [Conversation(room, floor, last, ts, bool(spoke)) for room, floor, last, ts, spoke in rows]

    def unused_accounts(self, day: int) -> dict[int, str]:
        return dict(self._reader.look_up(_UNUSED, (day,)))

    def forget_codes(self) -> None:
        now = time.time()
        if self._reader.look_up(_EXPIRED, (now,)):  # as almost never: else nothing is written, nor synced
            with self._transaction() as connection:
                connection.execute("DELETE FROM codes WHERE expires <= ?", (now,))


def _devices(rows: list[tuple[Any, ...]]) -> Iterator[Device]:
    return (Device(*row[7:]) for row in rows if row[7] is not None)
