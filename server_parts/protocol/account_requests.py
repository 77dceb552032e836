"""What a client may ask for about accounts: one record a request, and the checks of their native fields.

What is secret (a password, a code, a token) never shows in the form in which records are logged. It must not know who
asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from chat_common import Frame, FrameError
from server_parts.protocol.fields import count_of, number, optional_string, somebody_of, string
from server_parts.protocol.real_names import real_name_problem, tidy

MAX_SECRET: Final = 256  # characters of a password or a code that somebody comes with
INVITATION_USES: Final = 1_000
INVITATION_TIME: Final = 366 * 86_400  # seconds
DEFAULT_INVITATION: Final = 7 * 86_400
GIVEN_ROLES: Final = ("operator", "member")


class Secret(str):
    """A text that must not be shown where its record is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret()"


class Proof(NamedTuple):
    """What a client's reader found out about its password or code; the hub looks whether it still holds."""

    account: int
    password: Secret | None = None  # the kept form of the one that was right …
    code: Secret | None = None  # … or the kept form of a code
    recovers: bool = False  # the code is one that leaves the account to whoever comes with it


# --- Requests ---------------------------------------------------------------------------------------------------


class Password(NamedTuple):
    """A new password in the place of the old one; without a new one, none."""

    old: Secret | None
    new: Secret | None


class ChangePassword(NamedTuple):
    """The same once its secrets were checked and hashed by the client's reader."""

    account: int  # 0: none yet; the name that the client bears becomes one
    before: Secret | None  # the kept forms
    after: Secret | None


class Devices(NamedTuple):
    forget: int | None = None


class Link(NamedTuple):
    """A code for another device."""

    browser: bool = False  # … which is a browser: with the address to open


class Recover(NamedTuple):
    """A code that opens somebody's account anew."""

    name: str


class Release(NamedTuple):
    name: str


class GiveRole(NamedTuple):
    name: str
    role: str


class MakeInvitation(NamedTuple):
    uses: int = 1
    seconds: int = DEFAULT_INVITATION


class LogOut(NamedTuple):
    """At the door for browsers: the device goes that has this token. With the two answers to that, ready to be sent."""

    token: Secret
    name: str | None  # an account that it may be a device of, besides those that are connected with it
    done: bytes
    refused: bytes


class ChangeRealName(NamedTuple):
    """A display name, which stands beside the name in lists; None for none."""

    text: str | None


class Whois(NamedTuple):
    name: str | None  # None: whoever asks


class Login(NamedTuple):
    """At the plain door: come in as somebody with an account, or become that."""

    name: str
    password: Secret


class Redeem(NamedTuple):
    """At the plain door: come in with an invitation."""

    code: Secret


AccountRequest = (
    ChangePassword | Devices | LogOut | Link | Recover | Release | GiveRole | MakeInvitation | Whois  # for the hub
    | ChangeRealName
    | Password | Login | Redeem  # for the dispatcher, which makes requests without secrets of them
)  # fmt: skip


# --- Native frames, checked -------------------------------------------------------------------------------------


def secret(frame: Frame, field: str) -> Secret | None:
    """A password or code that somebody comes with."""
    found = optional_string(frame, field)
    if found is not None and not 1 <= len(found) <= MAX_SECRET:
        raise FrameError("bad_field", f"{field} has 1 to {MAX_SECRET} characters", field)
    return None if found is None else Secret(found)


def _password(frame: Frame) -> Password:
    """Null takes the password away; nobody does that by leaving a field out."""
    if "new" not in frame:
        raise FrameError("bad_field", "new is a password, or null for none", "new")
    return Password(secret(frame, "old"), secret(frame, "new"))


def _give_role(frame: Frame) -> GiveRole:
    name, role = somebody_of(frame), string(frame, "role")
    if role not in GIVEN_ROLES:
        raise FrameError("bad_field", f"a role on this server is one of {', '.join(GIVEN_ROLES)}", "role")
    return GiveRole(name, role)


def _make_invitation(frame: Frame) -> MakeInvitation:
    uses = count_of(frame, "uses", 1, INVITATION_USES, low=1)
    return MakeInvitation(uses, count_of(frame, "for", DEFAULT_INVITATION, INVITATION_TIME, low=1))


def _real_name(frame: Frame) -> ChangeRealName:
    if frame.get("text") is None:
        return ChangeRealName(None)
    text = tidy(string(frame, "text"))
    if problem := real_name_problem(text):
        raise FrameError("bad_field", problem, "text")
    return ChangeRealName(text)


def _devices(frame: Frame) -> Devices:
    return Devices(None if frame.get("forget") is None else number(frame, "forget"))


ACCOUNT_MAKERS: Final[dict[str, Callable[[Frame], AccountRequest]]] = {
    "password": _password,
    "devices": _devices,
    "link": lambda frame: Link(frame.get("browser") is True),
    "recover": lambda frame: Recover(somebody_of(frame)),
    "release": lambda frame: Release(somebody_of(frame)),
    "role": _give_role,
    "invite": _make_invitation,
    "realname": _real_name,
    "whois": lambda frame: Whois(somebody_of(frame)),
}
