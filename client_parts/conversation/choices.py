"""What the person behind this client chooses and keeps: `/set` and its relatives.

It must not know files: the settings say whether a choice could be kept.
"""

from __future__ import annotations

import re
from pathlib import Path

from chat_common import harmless_line
from client_parts.conversation.state import State
from client_parts.kept.transcript import TranscriptError
from client_parts.kept.values import AT_START, CHOICES, DEFAULT, KEYS, SERVER, Saved, checked, saved_server
from client_parts.screen.view import as_sentence, aside

_SHORT_NAME = re.compile(r"[a-z0-9_-]{1,32}")


class Choices:
    def __init__(self, state: State) -> None:
        self._state = state

    def choose(self, setting: str, value: str) -> None:
        """Change a setting, for this run and the next ones."""
        if not self._exists(setting):
            return
        try:
            value = checked(setting, value)
            kept = self._state.settings.choose(setting, value)
        except ValueError as problem:
            self._state.complain(as_sentence(str(problem)))
            return
        self._let_it_hold(setting)
        self._confirm(setting, value, kept=kept)

    def take_back(self, setting: str) -> None:
        """Choose nothing any more."""
        if self._exists(setting):
            kept = self._state.settings.take_back(setting)
            self._let_it_hold(setting)
            self._confirm(setting, f"{self._state.settings[setting] or 'not set'} ({DEFAULT})", kept=kept)

    def save_server(self, name: str, address: str) -> None:
        """Give a server a short name."""
        try:
            if not _SHORT_NAME.fullmatch(name):
                raise ValueError("a short name is made of a-z 0-9 _ - and has at most 32 characters")
            saved_server(name, {"address": address})
        except ValueError as problem:
            self._state.complain(as_sentence(str(problem)))
            return
        kept = self._state.settings.save_server(name, address)
        self._confirm(f"servers.{name}", address, kept=kept)

    def _let_it_hold(self, setting: str) -> None:
        state, value = self._state, self._state.settings[setting]
        if setting == "theme":
            state.board.set_theme(value)
        elif setting == "links":
            state.board.set_links(on=value == "on")
        elif setting == "style":
            state.view.style = value
        elif setting == "only" and value == "off":
            state.room_board.show_all()

    def _confirm(self, setting: str, value: str, *, kept: bool) -> None:
        when = ", from the next start" if setting in AT_START else ""
        self._state.note(f"* {setting}: {harmless_line(value)}" + (when if kept else ", for this run only"))

    # --- The transcript ---

    def log(self, file: str) -> None:
        """Add what is shown from now on to a file; without one, tell whether that is done."""
        board = self._state.board
        if file:
            try:
                board.transcript.begin(Path(file))
            except TranscriptError as problem:
                self._state.complain(as_sentence(str(problem)))
                return
        path = board.transcript.path
        self._state.note(f"* log: {harmless_line(str(path)) if path else 'off'}")

    def end_log(self) -> None:
        self._state.board.transcript.end()
        self._state.note("* log: off")

    # --- What is chosen ---

    def tell(self, setting: str) -> None:
        """Tell how a setting is, and what else it may be."""
        if self._exists(setting):
            how = f"; /set {setting} VALUE changes it"
            others = f"; there are: {', '.join(CHOICES[setting])}" if setting in CHOICES else how
            self._state.note(f"* {setting}: {harmless_line(self._state.settings[setting]) or 'not set'}{others}")

    def _exists(self, setting: str) -> bool:
        try:
            if setting not in KEYS:
                checked(setting, "")
        except ValueError as problem:
            how = "" if str(problem).endswith("?") else "; /set lists them"
            self._state.complain(as_sentence(f"{problem}{how}"))
            return False
        return True

    def list_all(self) -> None:
        """List all settings, and the servers that have a short name."""
        settings, board = self._state.settings, self._state.board
        width = max(map(len, KEYS))
        rows = [f"  {key:<{width}}  {self._described(key)}" for key in KEYS]
        rows += [f"  {_in_a_row(name, saved)}" for name, saved in settings.servers.items()]
        where = f" ({harmless_line(str(settings.path))})" if settings.path else ""
        board.note("\n".join([f"Settings{where}:", *rows, aside("/set KEY VALUE changes one.")]), width + 4)

    def _described(self, key: str) -> str:
        settings = self._state.settings
        value = harmless_line(settings[key]) or "not set"
        return value + ("" if settings.is_chosen(key) else aside(f" ({DEFAULT})") if settings[key] else "")


def _in_a_row(name: str, saved: Saved) -> str:
    parts = [f"{SERVER}s.{name}  {saved.address}", *(f"#{room}" for room in saved.rooms)]
    return harmless_line(" ".join([*parts, *([f"as {saved.name}"] if saved.name else [])]))
