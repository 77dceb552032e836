"""Rules that do not do what they are for: whoever judges rules must find each of them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from server_parts.moderation.act_log import ActLog
from server_parts.moderation.acts import Kept
from server_parts.moderation.rulebook import Rulebook
from server_parts.moderation.sanctions import Rule, Sanctions


def _holds_for_ever(rule: Rule, now: float) -> bool:
    return True


def _forgets(act_log: ActLog) -> None:
    pass


def _mutes_nobody(sanctions: Sanctions, *_: object) -> None:
    return None


def _lifts_nothing(rules: Rulebook, kept: Kept) -> None:
    pass


BROKEN: Final[dict[str, tuple[type, str, Callable[..., Any]]]] = {
    "what has ended holds": (Rule, "holds", _holds_for_ever),
    "a restart forgets": (ActLog, "_read", _forgets),
    "nobody is muted": (Sanctions, "mute", _mutes_nobody),
    "nobody is banned": (Sanctions, "ban", _mutes_nobody),
    "nothing is lifted": (Sanctions, "lift", _lifts_nothing),
}
