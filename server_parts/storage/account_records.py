"""An account and what belongs to it, and each way in which accounts change: records with names. Pure.

An account is a claimed name with devices (tokens), a role and perhaps a password. Tokens, codes and passwords are here
only in the form in which they are kept: hashed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

MEMBER: Final = "member"  # the role that an account begins with, and the only one with which it may lapse


class Device(NamedTuple):
    """A token that proves an account."""

    id: int
    token_hash: str
    label: str  # the program that it came with
    added: float | None  # None: before this was noted
    used: int  # the last day (since 1970, UTC) on which it was


class Account(NamedTuple):
    """A claimed name. Its `id` is never given again, also when the account is gone."""

    id: int
    name: str  # as it was spelled when it was claimed
    role: str
    password: str | None  # see people/passwords.py
    since: float | None
    used: int
    devices: tuple[Device, ...]
    real_name: str | None = None  # shown beside the name

    def __repr__(self) -> str:
        """Without what is secret, where a record is logged."""
        return f"Account({self.id}, {self.name!r}, {self.role!r})"

    def has(self, token_hash: str | None) -> bool:
        """Whether one of its devices has that token."""
        return any(device.token_hash == token_hash for device in self.devices)


class Purpose(StrEnum):
    """What a code is good for."""

    LINK = "link"  # another device for an account
    RECOVER = "recover"  # an account for whoever comes with it, and for nobody else
    INVITE = "invite"  # a new account


class Code(NamedTuple):
    """A code that somebody may come with."""

    hash: str
    purpose: Purpose
    account: int  # it opens this one, or was made by it if it is an invitation; 0: made by the owner of the server
    uses: int  # left
    expires: float


# --- Changes ----------------------------------------------------------------------------------------------------


class Create(NamedTuple):
    """A new account in the place of an older one of that name: what was said before stays closed to it.

    Where the name belongs to that token already, as another server may have found out first, nothing changes.
    """

    name: str
    token_hash: str | None
    label: str = ""
    password: str | None = None
    real_name: str | None = None

    def is_done(self, account: Account | None) -> bool:
        """Whether that is the account that its name is."""
        return account is not None and self.password is None and account.has(self.token_hash)


class AddDevice(NamedTuple):
    account: int
    token_hash: str
    label: str
    ts: float


class ReplaceToken(NamedTuple):
    """The same device comes with another token from now on."""

    account: int
    old: str
    new: str


class ForgetDevice(NamedTuple):
    account: int
    device: int


class SetPassword(NamedTuple):
    account: int
    password: str | None


class SetRealName(NamedTuple):
    account: int
    text: str | None


class SetRole(NamedTuple):
    account: int
    role: str


class Recover(NamedTuple):
    """All devices go, and the password; with a token, that is the only device."""

    account: int
    token_hash: str | None
    label: str
    ts: float


class Release(NamedTuple):
    """The account goes."""

    account: int


class AddCode(NamedTuple):
    """A code that opens an account takes the place of an older one of the same purpose."""

    code: Code


class UseCode(NamedTuple):
    """It has one use less; with none left it goes."""

    hash: str


class CloseCodes(NamedTuple):
    """The codes that open an account go; the invitations that it has made stay."""

    account: int


class NoteUse(NamedTuple):
    """An account was used on that day, and one of its devices if a token is named."""

    account: int
    token_hash: str | None
    label: str
    day: int


AccountChange = (
    Create | AddDevice | ReplaceToken | ForgetDevice | SetPassword | SetRole | Recover | Release
    | SetRealName | AddCode | UseCode | CloseCodes | NoteUse
)  # fmt: skip
