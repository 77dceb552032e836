"""What the plain door asks somebody, one line after the other. The answers are secret: they are never said. Pure.

A telnet that has shown to be one is told not to show them on its screen either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from server_parts.protocol.account_requests import MAX_SECRET, Login, Password, Secret
from server_parts.protocol.plain_encoder import lines_of, starred
from server_parts.protocol.requests import Answer, Refusal, Request
from server_parts.storage.records import hashed

_HIDE: Final = b"\xff\xfb\x01"  # IAC WILL ECHO: the other side shows nothing, as we say that we do, and do not
_SHOW: Final = b"\xff\xfc\x01\r\n"  # IAC WONT ECHO; and the line that was ended unseen
_TOO_LONG: Final = Refusal("bad_field", f"a password has at most {MAX_SECRET} characters", "password")
_NOTHING: Final = Refusal("bad_field", "that was no password: nothing has changed", "password")


class Questions:
    def __init__(self) -> None:
        self._prompts: list[str] = []  # still to be answered
        self._answers: list[str] = []
        self._make: Callable[[Sequence[str]], Request] = _login("")
        self._passes_over_empty = False
        self._secrets: set[str] = set()  # what was answered so far, hashed
        self.is_telnet = False  # the client has negotiated
        self.hides = False  # it was told not to show what is typed, once at least

    @property
    def pending(self) -> bool:
        return bool(self._prompts)

    def ask_login(self, name: str) -> Request:
        self._passes_over_empty = False
        return self._ask(["password:"], _login(name))

    def ask_new_password(self, has_one: bool | None = None) -> Request:
        """`has_one`: whether there is a password already; None if that is not known."""
        self._passes_over_empty = has_one is False  # what answers a question that others are asked
        if has_one is False:
            return self._ask(["new password:"], _password)
        current = "current password:" if has_one else "current password (an empty line if there is none):"
        return self._ask([current, "new password (an empty line removes it):"], _password)

    def remember(self, secret: str) -> None:
        """It is never said, also if it is typed once more."""
        self._secrets.add(hashed(secret))

    def is_secret(self, line: str) -> bool:
        return bool(self._secrets) and hashed(line) in self._secrets

    def answer(self, line: str) -> list[Request]:
        """What a line means that answers the first question."""
        if not line and self._passes_over_empty:
            self._passes_over_empty = False
            return [self._prompt()]
        self._answers.append(line)
        if line:
            self.remember(line)
        del self._prompts[0]
        shown: list[Request] = [Answer(_SHOW)] if self.is_telnet else []
        if self._prompts:
            return [*shown, self._prompt()]
        answers, self._answers = self._answers, []
        too_long = any(len(answer) > MAX_SECRET for answer in answers)
        return [*shown, _TOO_LONG if too_long else self._make(answers)]

    def _ask(self, prompts: list[str], make: Callable[[Sequence[str]], Request]) -> Request:
        self._prompts, self._make = prompts, make
        return self._prompt()

    def _prompt(self) -> Request:
        self.hides = self.hides or self.is_telnet
        return Answer(lines_of(starred(self._prompts[0])) + (_HIDE if self.is_telnet else b""))


def _login(name: str) -> Callable[[Sequence[str]], Request]:
    return lambda answers: Login(name, Secret(answers[0])) if answers[0] else _NOTHING


def _password(answers: Sequence[str]) -> Request:
    old, new = ("", *answers)[-2:]
    return Password(Secret(old) if old else None, Secret(new) if new else None)
