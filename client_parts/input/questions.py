"""What a command has to ask a person before it is carried out, unseen: passwords.

The answers go straight into what is carried out. They are never part of a line, of its history or of anything that is
shown. It must not know screens or frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeGuard

from client_parts.input.account_commands import password_wish
from client_parts.input.command import Actions, BadUsage
from client_parts.input.commands import Intent, Mistake, Order
from client_parts.input.login import LONGEST

SHORTEST: Final = 8  # characters of a new password

Ask = Callable[[str], "str | None"]  # a question → what was typed unseen, or None if the person wants to leave it


def asks(intent: Intent) -> TypeGuard[Order]:
    """Whether it is an order that needs something which must not be seen."""
    return isinstance(intent, Order) and intent.command.name == "password"


def answered(order: Order, ask: Ask) -> Intent:
    """The order with what it needs. A person who does not want to go on gets a sentence instead."""
    try:
        wants_one = password_wish(order.words)
    except BadUsage:
        return order  # it says itself what is wrong
    old = ask("Current password, if any" if wants_one else "Current password")
    if old is None or (not wants_one and not old):
        return Mistake("Nothing was changed.")
    if not wants_one:
        return _change(order, old, None)
    new = ask(f"New password (at least {SHORTEST})")
    if new is None:
        return Mistake("Nothing was changed.")
    if problem := password_problem(new):
        return Mistake(problem)
    if ask("New password again") != new:
        return Mistake("The two passwords differ; nothing was changed.")
    return _change(order, old, new)


def password_problem(new: str) -> str | None:
    if len(new) < SHORTEST:
        return f"That password is too short: {len(new)} < {SHORTEST} characters; nothing was changed."
    if len(new) > LONGEST:
        return f"That password is too long: {len(new)} > {LONGEST} characters; nothing was changed."
    return None


def _change(order: Order, old: str, new: str | None) -> Order:
    def handler(actions: Actions, words: str) -> None:
        actions.account.change_password(old, new)

    # In a function, not in a field: nothing that prints an order prints them.
    return replace(order, command=replace(order.command, handler=handler))
