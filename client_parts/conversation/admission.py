"""What lets this client in the first time: a password or a one-time code, an invitation. Forgotten after the welcome.

From then on the server knows this device by its token. It must not know where a password comes from.
"""

from __future__ import annotations

from typing import Final

IN_CLEAR: Final = "this connection is not encrypted, so others could read it; connect with --tls"


def not_sent(exposure: str) -> str:
    """`exposure` says who else might read it, and what to do."""
    return f"The password was not sent: {exposure}."


class Admission:
    def __init__(self, password: str | None = None, invitation: str | None = None) -> None:
        self._password = password
        self._invitation = invitation
        self.is_password_wrong = False  # so a server said

    @property
    def has_password(self) -> bool:
        """Whether it is for one name only, and for nobody's eyes."""
        return self._password is not None

    @property
    def has_invitation(self) -> bool:
        return self._invitation is not None

    def fields(self) -> dict[str, str]:
        """What the hello says of it."""
        given = {"password": self._password, "invite": self._invitation}
        return {field: value for field, value in given.items() if value is not None}

    def forget(self) -> None:
        self._password = self._invitation = None
