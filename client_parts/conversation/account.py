"""What the person does about accounts, and what the server answers: devices, codes, passwords, who somebody is.

It must not know where a password was typed, and it keeps none.
"""

from __future__ import annotations

from chat_common import Frame, harmless_line
from client_parts.conversation.state import State
from client_parts.screen import accounts


class Account:
    def __init__(self, state: State) -> None:
        self._state = state

    # --- What is asked for ---

    def whoami(self) -> None:
        self._state.ask({"type": "whois", "name": self._state.name})

    def whois(self, name: str) -> None:
        self._ask_about(name, {"type": "whois", "name": name})

    def change_real_name(self, text: str) -> None:
        """Nothing takes it away."""
        self._state.ask({"type": "realname", "text": text or None})

    def change_password(self, old: str, new: str | None) -> None:
        """Set one, or with None take it away; `old` is empty if there was none."""
        self._state.password_pending = True
        if problem := self._state.why_no_secrets():
            self._state.settle_password(refused=True)
            self._state.complain(problem)
        else:
            present = {"old": old} if old else {}
            self._state.ask({"type": "password", **present, "new": new})

    def list_devices(self) -> None:
        self._state.ask({"type": "devices"})

    def forget_device(self, number: int) -> None:
        self._state.ask({"type": "devices", "forget": number})

    def link_device(self) -> None:
        self._state.ask({"type": "link"})

    def open_browser(self) -> None:
        self._state.ask({"type": "link", "browser": True})

    def invite_to_server(self, uses: int | None, seconds: int | None) -> None:
        wanted: Frame = {"uses": uses, "for": seconds}
        self._state.ask({"type": "invite"} | {key: value for key, value in wanted.items() if value is not None})

    def recover(self, name: str) -> None:
        self._ask_about(name, {"type": "recover", "name": name})

    def release(self, name: str) -> None:
        self._ask_about(name, {"type": "release", "name": name})

    def block(self, name: str) -> None:
        """Block that person; without a name, have all who are blocked listed."""
        if not name:
            self._state.ask({"type": "block"})
        elif self._state.view.is_me(name):
            self._state.complain("You cannot block yourself.")
        else:
            self._ask_about(name, {"type": "block", "name": name})

    def unblock(self, name: str) -> None:
        self._ask_about(name, {"type": "unblock", "name": name})

    def _ask_about(self, name: str, request: Frame) -> None:
        if self._state.accepts_name(name):
            self._state.ask(request)

    # --- What is answered ---

    def devices(self, frame: Frame) -> None:
        self._show(accounts.devices(frame["devices"]))

    def code(self, frame: Frame) -> None:
        self._show(accounts.code(frame, self._state.here))

    def invitation(self, frame: Frame) -> None:
        self._show(accounts.invitation(frame))

    def who_it_is(self, frame: Frame) -> None:
        self._show([accounts.whois(frame, is_me=self._state.view.is_me(frame["name"]))])

    def blocked(self, frame: Frame) -> None:
        self._show([accounts.blocked(frame["names"])])

    def _show(self, lines: list[str]) -> None:
        for line in lines:
            self._state.board.show(line)


def greeting(name: str, role: str | None) -> str:
    """Who one is, as the welcome says; only what is above a member is worth a word."""
    title = f", {harmless_line(role)} of this server" if role in ("operator", "owner") else ""
    return f"You are {harmless_line(name)}{title}."
