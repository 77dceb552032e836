"""What an order asks of the client, without a client."""

from __future__ import annotations

from typing import Any

from client_parts.input.commands import Order, obey, understand


class Recorder:
    """Actions that only remember what was asked, also of their parts."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    @property
    def messages(self) -> Any:
        return self

    @property
    def account(self) -> Any:
        return self

    @property
    def moderation(self) -> Any:
        return self

    @property
    def settings(self) -> Any:
        return self

    @property
    def navigation(self) -> Any:
        return self

    @property
    def files(self) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **named: self.calls.append((name, *arguments, *([named] if named else [])))


def asked(line: str) -> list[tuple[Any, ...]]:
    """What an order does."""
    order, recorder = understand(line), Recorder()
    assert isinstance(order, Order)
    obey(order, recorder)
    return recorder.calls
