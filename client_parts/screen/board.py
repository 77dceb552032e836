"""What a conversation needs of a screen: a place where lines for a person go."""

from __future__ import annotations

from typing import Protocol

from client_parts.kept.bookmarks import Key
from client_parts.kept.transcript import Transcript
from client_parts.screen.window import Window
from terminal_parts.width import HANG


class Board(Protocol):
    @property
    def echoes(self) -> bool:
        """Whether typed lines stay visible, so that a receipt must not repeat them."""

    @property
    def rich(self) -> bool:
        """Whether there is room for times, a bell and news that are held back for a moment."""

    @property
    def transcript(self) -> Transcript:
        """A copy of what is shown, if somebody wants one."""

    @property
    def window(self) -> Window:
        """Whether somebody looks."""

    def show(self, line: str, hang: int = HANG, key: Key | None = None) -> None:
        """What comes from the server; a message with its key, by which it can be changed."""

    def show_delivered(self, line: str, key: Key | None = None) -> None:
        """An own text that waited below the messages: it moves up among them."""

    def change(self, key: Key, line: str, instead: str) -> None:
        """Change a message that was shown; if it is not to be seen any more, show `instead`, unless that is empty."""

    def note(self, line: str, hang: int = HANG) -> None:
        """What this client itself has to say."""

    def complain(self, line: str) -> None: ...
    def clear(self) -> None: ...
    def ring(self) -> None: ...
    def notify(self, title: str, text: str, command: str) -> None:
        """Tell a person who does not look; by that command of theirs, if there is one."""

    @property
    def shows_pictures(self) -> bool:
        """Whether the terminal is known to draw some."""

    def picture(self, data: bytes) -> bool:
        """Draw a picture below what was shown last. Returns whether the terminal could."""

    def set_theme(self, name: str) -> None: ...
    def set_links(self, *, on: bool) -> None:
        """Whether addresses are links, where the terminal understands them."""
