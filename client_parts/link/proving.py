"""What this client proves to a server: that its session and its names are its own. It must not know connections."""

from __future__ import annotations

from client_parts.kept.audience import Audience
from client_parts.kept.identity import Identity


class Proofs:
    """For one server. A token is made for it; an earlier one is shown only where a name seems to be somebody else's."""

    def __init__(self, identity: Identity) -> None:
        self.session = identity.session
        self.token: str | None = None
        self.former_token: str | None = None  # to be shown in the next hello
        self._identity = identity
        self._audience: Audience | None = None
        self._former: str | None = None
        self._shown: set[str] = set()  # names with which it was shown on this connection

    def load(self) -> str | None:
        """Read the secret. Returns one sentence if it does not protect the name."""
        return self._identity.load_secret()

    def begin(self, audience: Audience) -> None:
        """A connection has begun. A session belongs to the token that it began with, so that token stays."""
        self._audience = self._audience or audience
        self.token = self._identity.token_for(self._audience)
        self._former = self._identity.former_token_for(self._audience)
        self.former_token = None
        self._shown.clear()

    def add_former(self, name: str) -> bool:
        """Show it with the next hello, unless it was with that name already. Returns whether there is one to show."""
        is_new = self._former is not None and name not in self._shown
        self._shown.add(name)
        self.former_token = self._former if is_new else None
        return is_new

    def next_name(self) -> str | None:
        """The name to try after a taken one, if there is any."""
        self.former_token = None
        return self._identity.next_name()
