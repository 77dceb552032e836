"""Who this client is to a server: its login name, its random session, and the secret that makes a name its own.

It must not know sockets or screens.
"""

from __future__ import annotations

import getpass
import os
import re
import secrets
import shlex
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from chat_common import MAX_NAME, name_problem
from client_parts.kept.audience import OWN_MACHINE, Audience, token_for

_MOST_NAMES = 100  # that are tried
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,128}")
_NEVER_SHOWN = "derived-"  # begins a secret that no client has ever sent as it is


class IdentityError(Exception):
    """Why there is no secret to show, as one sentence."""


def new_session() -> str:
    """One per process, kept across its reconnects."""
    return secrets.token_urlsafe(24)


def login_name() -> str:
    """The user's login name, bent into a name that a server accepts."""
    try:
        return valid_name(getpass.getuser())
    except (OSError, KeyError, ImportError):  # nobody has a name in some containers
        return valid_name("")


def valid_name(text: str) -> str:
    bent = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).lstrip("_.-")[:MAX_NAME] or "someone"
    return bent if name_problem(bent) is None else f"the-{bent}"[:MAX_NAME]


class Names:
    """What to be called: as somebody chose, or by the login name and then the next free one like it."""

    def __init__(self, chosen: str | None) -> None:
        self.first = chosen or login_name()
        self._tried = 1
        self._most = _MOST_NAMES if chosen is None else 1

    def next(self) -> str | None:
        """The one to try after a taken one, if there is any: `alice-2` after `alice`."""
        if self._tried >= self._most:
            return None
        self._tried += 1
        suffix = f"-{self._tried}"
        return self.first[: MAX_NAME - len(suffix)] + suffix


class Identity:
    """What this run shows to servers: a name, a session, and tokens that are made of its secret once that is read."""

    def __init__(self, name: str | None, token_file: Path) -> None:
        self.session = new_session()
        self._secret: str | None = None
        self._names = Names(name)
        self._token_file = token_file

    @property
    def first_name(self) -> str:
        return self._names.first

    def next_name(self) -> str | None:
        """The name to try after a taken one, if there is any."""
        return self._names.next()

    def load_secret(self) -> str | None:
        """Read the secret. Returns one sentence if it does not protect the name."""
        self._secret, problem = secret(self._token_file)
        return problem

    def token_for(self, audience: Audience) -> str | None:
        """What proves to that server whose its names are, if there is a secret."""
        return None if self._secret is None else token_for(self._secret, audience)

    def former_token_for(self, audience: Audience) -> str | None:
        """What an earlier client proved a name with, as far as it may be shown there: it was the secret itself.

        It leaves this machine no more. A secret that was made since was never shown to anybody.
        """
        shown = audience == OWN_MACHINE and self._secret is not None and not self._secret.startswith(_NEVER_SHOWN)
        return self._secret if shown else None


def token_path(environment: Mapping[str, str] = os.environ) -> Path:
    if chosen := environment.get("CHAT_TOKEN_FILE"):
        return Path(chosen)
    if os.name == "nt" and (folder := environment.get("APPDATA")):
        return Path(folder) / "chat-pair" / "token"
    folder = environment.get("XDG_CONFIG_HOME", "")
    # The XDG rules say that a relative path there is to be ignored.
    return (Path(folder) if os.path.isabs(folder) else _home() / ".config") / "chat-pair" / "token"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # some containers have none: nothing can be kept there, and the client says so
        return Path(os.devnull)


def secret(path: Path) -> tuple[str | None, str | None]:
    """The secret at `path`, and one sentence if it does not protect the name."""
    try:
        return name_token(path), exposure(path)
    except IdentityError as problem:
        return None, str(problem)


def name_token(path: Path) -> str:
    """The secret at `path`, made the first time it is asked for."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create_once(path)
        return _read(path)
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not text"
        raise IdentityError(f"Your name is not protected: cannot use {path}: {reason}.") from None


def exposure(path: Path) -> str | None:
    """One sentence if other users have rights to the secret at `path`, else None."""
    with suppress(OSError):
        if os.name != "nt" and path.stat().st_mode & 0o077:
            remedy = f"chmod 600 {shlex.quote(str(path))}"
            return f"Other users of this machine can use your name: protect your secret with {remedy}"
    return None


def _create_once(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(_NEVER_SHOWN + secrets.token_urlsafe(32) + "\n")


def _read(path: Path) -> str:
    # Another client, started at the same moment, may have made the file and not yet written it.
    for _ in range(20):
        if token := path.read_text(encoding="ascii").strip():
            break
        time.sleep(0.05)
    if not _TOKEN.fullmatch(token):
        raise IdentityError(f"Your name is not protected: {path} holds no valid secret; delete it to get a new one.")
    return token
