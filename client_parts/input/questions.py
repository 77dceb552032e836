"""What a command has to ask a person before it is carried out, unseen: passwords.

The answers go straight into what is carried out. They are never part of a line, of its history or of anything that is
shown. It must not know screens or frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeGuard

from chat_common import nearest
from client_parts.input.account_commands import password_wish
from client_parts.input.command import Actions, BadUsage
from client_parts.input.commands import Intent, Mistake, Order
from client_parts.input.login import LONGEST

SHORTEST: Final = 8  # characters of a new password
LEFT: Final = Mistake("Nothing was changed.")

Ask = Callable[[str], "str | None"]  # a question → what was typed unseen, or None if the person wants to leave it


def asks(intent: Intent) -> TypeGuard[Order]:
    """Whether it is an order that needs something which must not be seen."""
    return isinstance(intent, Order) and intent.command.name == "password"


def may_ask(line: str) -> bool:
    """Whether somebody may have meant that order who wrote a line which means nothing."""
    word = line.removeprefix("/").partition(" ")[0].lower()
    return line.startswith("/") and (word.startswith("pass") or nearest(word, ["password"]) is not None)


def answered(order: Order, ask: Ask, has_password: bool | None = None) -> Intent:
    """The order with what it needs; `has_password` is None if nobody knows.

    LEFT if the person does not want to go on. Any other mistake, or the order itself, means that what was typed was
    refused: what comes next may be a password too.
    """
    try:
        wants_one = password_wish(order.words)
    except BadUsage:
        return order  # it says itself what is wrong
    if has_password is False:
        return _first_password(order, ask) if wants_one else Mistake("There is no password to remove.")
    old = ask("Current password" if has_password or not wants_one else "Current password, if any")
    if old is None:
        return LEFT
    if wants_one:
        return _new_password(order, old, ask)
    return _change(order, old, None) if old else Mistake("No password was typed; nothing was changed.")


def _first_password(order: Order, ask: Ask) -> Intent:
    """An empty line answers the question for the current password, which others are asked: it is passed over, once."""
    passed_over: list[str] = []

    def ask_further(question: str) -> str | None:
        typed = ask(question)
        if typed or typed is None or passed_over:
            return typed
        passed_over.append(question)
        return ask(question)

    return _new_password(order, "", ask_further)


def _new_password(order: Order, old: str, ask: Ask) -> Intent:
    new = ask(f"New password (at least {SHORTEST})")
    if new is None:
        return LEFT
    if problem := password_problem(new):
        return Mistake(problem)
    again = ask("New password again")
    if again is None:
        return LEFT
    if again != new:
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
