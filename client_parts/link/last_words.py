"""What is said in the end if not everything went well. It must not know threads or sockets."""

from __future__ import annotations

from contextlib import suppress

from chat_common import harmless_line
from client_parts.conversation.conversation import Conversation
from client_parts.link.reconnecting import texts_were
from client_parts.screen.screen import Screen
from client_parts.screen.view import bad


class LastWords:
    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._has_fault = False
        self._untold = ""  # a sentence about that, until it is shown

    def tell_fault(self, fault: Exception) -> None:
        """A fault of this program, the first: told at once, or in the end if it is the screen's."""
        if self._has_fault:
            return
        self._has_fault = True
        self._untold = bad(f"The client has failed and must stop: {harmless_line(repr(fault))}")
        with suppress(Exception):
            self._screen.complain(self._untold)
            self._untold = ""

    def say(self, conversation: Conversation) -> bool:
        """Say what went wrong, now that the terminal is as it was. Whether anything did."""
        is_person = self._screen.interactive
        waiting = len(conversation.state.outgoing)
        refused = 0 if is_person else conversation.state.refused  # a person has seen each
        if self._untold:
            self._screen.complain(self._untold)
        if waiting:
            self._screen.complain(bad(f"{texts_were(waiting)} not confirmed, and may be lost."))
        for text in conversation.unconfirmed() if is_person else ():
            self._screen.complain(f"  {text}")  # to be copied
        unfinished = conversation.transfers.unfinished()
        for sentence in unfinished:
            self._screen.complain(bad(sentence))
        if refused:
            self._screen.complain(bad(f"{texts_were(refused)} refused."))
        failed = 0 if is_person else conversation.transfers.failed
        return bool(self._has_fault or waiting or refused or unfinished or failed)
