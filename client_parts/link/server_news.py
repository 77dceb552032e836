"""What a person is told of the servers: to which one this client is connected, and why not to others; each thing once.

It must not know connections.
"""

from __future__ import annotations

from collections.abc import Iterable

from chat_common import harmless_line
from client_parts.link.server import Server
from client_parts.screen.screen import Screen
from client_parts.screen.view import alert, as_sentence, bad, good


class ServerNews:
    def __init__(self, screen: Screen, *, are_several: bool) -> None:
        self._screen = screen
        self._are_several = are_several
        self._place = ""  # where this client is, as it was told
        self._told_distrust: set[str] = set()
        self._told_why_not: set[str] = set()

    @property
    def has_told_where(self) -> bool:
        return bool(self._place)

    def connected(self, server: Server) -> None:
        """Before the first welcome, to that one."""
        if (place := _place(server)) != self._place:
            self._place = place
            self._screen.note(good(f"Connected to server at {place}"))

    def connected_again(self, server: Server) -> None:
        is_new, self._place = _place(server) != self._place, _place(server)
        self._screen.note(good(f"Connected again {'now' if is_new else 'to server'} at {self._place}"))

    def found_out(self, distrust: Iterable[Exception]) -> None:
        """Some of several servers are not to be trusted: this client goes on with the others."""
        for sentence in map(str, distrust):
            if self._are_several and sentence not in self._told_distrust:
                self._told_distrust.add(sentence)
                self._screen.complain(bad(harmless_line(sentence)))

    def turned_away(self, server: Server, reason: str) -> None:
        """It answers, but does not let this client in yet."""
        sentence = f"{server.address}: {reason}." if self._are_several else as_sentence(reason)
        if sentence not in self._told_why_not:
            self._told_why_not.add(sentence)
            self._screen.complain(alert(f"{harmless_line(sentence)} The client tries again; what you write is kept."))

    def welcomed(self) -> None:
        """From now on, being turned away is news again."""
        self._told_why_not.clear()


def _place(server: Server) -> str:
    return f"{server.address}, encrypted" if server.is_encrypted else server.address
