"""Accounts and codes in plain dictionaries: the reference of what an account store promises."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from itertools import count, islice
from typing import Any, Final

from server_parts.storage import account_records as change
from server_parts.storage.account_records import MEMBER, Account, AccountChange, Code, Device, Purpose
from server_parts.storage.account_store import AccountStore
from server_parts.storage.message_log import TRIM_SLICE
from server_parts.storage.search_query import DAY
from server_parts.storage.skeletons import skeleton


class AccountBook:
    """Written by one thread at a time, under the lock of whoever owns it."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._device_ids = count(1)
        self._accounts: dict[str, Account] = {}  # by name in lower case
        self._codes: dict[str, Code] = {}
        self._read: dict[int, dict[str, int]] = {}  # how far accounts have read, by room
        self._writers: Final[Mapping[type, Callable[[Any], None]]] = {
            change.Create: self._create,
            change.AddDevice: self._add_device,
            change.ReplaceToken: self._replace_token,
            change.ForgetDevice: self._forget_device,
            change.SetPassword: lambda c: self._set(c.account, password=c.password),
            change.SetRealName: lambda c: self._set(c.account, real_name=c.text),
            change.SetRole: lambda c: self._set(c.account, role=c.role),
            change.Recover: self._recover,
            change.Release: self._release,
            change.AddCode: self._add_code,
            change.UseCode: self._use_code,
            change.CloseCodes: self._close_codes,
            change.NoteUse: self._note_use,
        }

    # --- reading ---

    def account(self, name: str) -> Account | None:
        return self._accounts.get(name.lower())

    def lookalikes(self, skeleton_: str) -> list[str]:
        return [account.name for name, account in list(self._accounts.items()) if skeleton(name) == skeleton_]

    def code(self, hash: str) -> Code | None:
        return self._codes.get(hash)

    def count_codes(self, purpose: Purpose, account: int) -> int:
        return sum(
            (code.purpose, code.account) == (purpose, account) and code.expires > time.time()
            for code in self._codes.values()
        )

    def unused(self, day: int) -> dict[int, str]:
        found = (one for one in list(self._accounts.values()) if one.used < day and one.role == MEMBER)
        return {one.id: one.name for one in islice(found, TRIM_SLICE)}

    def read_positions(self, id: int) -> dict[str, int]:
        return self._read.get(id, {}).copy()

    # --- writing ---

    def write(self, made: AccountChange) -> None:
        self._writers[type(made)](made)

    def note_read(self, id: int, room: str, position: int) -> None:
        if self._find(id) is not None:
            read = self._read.setdefault(id, {})
            read[room] = max(position, read.get(room, 0))

    def forget_codes(self) -> None:
        for code in [code for code in self._codes.values() if code.expires <= time.time()]:
            del self._codes[code.hash]

    def _create(self, made: change.Create) -> None:
        old = self._accounts.get(made.name.lower())
        if old is not None:
            self._release(change.Release(old.id))
        now = time.time()
        device = self._device(made.token_hash, made.label, now)
        account = Account(next(self._ids), made.name, MEMBER, made.password, now, int(now // DAY), device)
        self._accounts[made.name.lower()] = account._replace(real_name=made.real_name)

    def _device(self, token_hash: str | None, label: str, ts: float) -> tuple[Device, ...]:
        return (Device(next(self._device_ids), token_hash, label, ts, int(ts // DAY)),) if token_hash else ()

    def _find(self, id: int) -> Account | None:
        return next((account for account in self._accounts.values() if account.id == id), None)

    def _set(self, id: int, **fields: Any) -> None:
        account = self._find(id)
        if account is not None:
            self._accounts[account.name.lower()] = account._replace(**fields)

    def _devices(self, id: int) -> tuple[Device, ...]:
        account = self._find(id)
        return account.devices if account is not None else ()

    def _add_device(self, made: change.AddDevice) -> None:
        others = tuple(device for device in self._devices(made.account) if device.token_hash != made.token_hash)
        self._set(made.account, devices=others + self._device(made.token_hash, made.label, made.ts))

    def _replace_token(self, made: change.ReplaceToken) -> None:
        devices = [one for one in self._devices(made.account) if one.token_hash != made.new]
        replaced = [one._replace(token_hash=made.new) if one.token_hash == made.old else one for one in devices]
        self._set(made.account, devices=tuple(replaced))

    def _forget_device(self, made: change.ForgetDevice) -> None:
        left = tuple(device for device in self._devices(made.account) if device.id != made.device)
        self._set(made.account, devices=left)

    def _recover(self, made: change.Recover) -> None:
        self._set(made.account, password=None, devices=self._device(made.token_hash, made.label, made.ts))

    def _release(self, made: change.Release) -> None:
        account = self._find(made.account)
        if account is not None:
            del self._accounts[account.name.lower()]
            self._read.pop(made.account, None)
            for code in [code for code in self._codes.values() if code.account == made.account]:
                del self._codes[code.hash]

    def _add_code(self, made: change.AddCode) -> None:
        new = made.code
        for code in list(self._codes.values()):
            if new.purpose is not Purpose.INVITE and code[1:3] == new[1:3]:
                del self._codes[code.hash]
        self._codes[new.hash] = new

    def _use_code(self, made: change.UseCode) -> None:
        code = self._codes.pop(made.hash, None)
        if code is not None and code.uses > 1:
            self._codes[code.hash] = code._replace(uses=code.uses - 1)

    def _close_codes(self, made: change.CloseCodes) -> None:
        for code in list(self._codes.values()):
            if code.account == made.account and code.purpose is not Purpose.INVITE:
                del self._codes[code.hash]

    def _note_use(self, made: change.NoteUse) -> None:
        account = self._find(made.account)
        if account is not None:
            devices = tuple(
                one._replace(used=max(one.used, made.day), label=made.label or one.label)
                if one.token_hash == made.token_hash
                else one
                for one in account.devices
            )
            self._set(made.account, used=max(account.used, made.day), devices=devices)


class MemoryAccounts(AccountStore):
    """What a log in memory keeps of people. The log itself has the lock, and knows its rooms."""

    _accounts: AccountBook
    _lock: threading.Lock

    @abstractmethod
    def last(self, room: str) -> int:
        """See MessageLog."""

    def account(self, name: str) -> Account | None:
        return self._accounts.account(name)

    def lookalikes(self, skeleton: str) -> list[str]:
        return self._accounts.lookalikes(skeleton)

    def code(self, hash: str) -> Code | None:
        return self._accounts.code(hash)

    def count_codes(self, purpose: Purpose, account: int) -> int:
        return self._accounts.count_codes(purpose, account)

    def unused_accounts(self, day: int) -> dict[int, str]:
        return self._accounts.unused(day)

    def forget_codes(self) -> None:
        with self._lock:
            self._accounts.forget_codes()

    def read_positions(self, account: int) -> dict[str, int]:
        with self._lock:
            return self._accounts.read_positions(account)

    def note_read(self, positions: Mapping[tuple[int, str], int]) -> None:
        with self._lock:
            for (account, room), id in positions.items():
                if self.last(room):
                    self._accounts.note_read(account, room, id)
