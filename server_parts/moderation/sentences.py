"""What is said about acts: times and reasons as sentences, and the line of an act in the audit. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from chat_common import instant, lasting
from server_parts.moderation import acts
from server_parts.moderation.acts import Act, Kept
from server_parts.moderation.sanctions import Rule


def until(end: float | None) -> str:
    """ " until …", or nothing for what has no end. Whoever shows the sentence writes the time in their own."""
    return "" if end is None else f" until {instant(end)}"


def because(reason: str) -> str:
    return f": {reason}" if reason else ""


def place(room: str) -> str:
    return room or "this server"


def shown(network: str) -> str:
    """A network of one address as that address."""
    return network.removesuffix("/128" if ":" in network else "/32")


def with_article(role: str) -> str:
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"


def muted(rule: Rule) -> str:
    act = rule.kept.act
    return f"you are muted{f' in {act.room}' if act.room else ''}{until(act.until)}{because(act.reason)}"


def banned(rule: Rule) -> str:
    act = rule.kept.act
    return f"you are banned from {place(act.room)}{until(act.until)}{because(act.reason)}"


def banned_by(who: str, act: Act) -> str:
    """For whom it hits while they are here."""
    return f"you were banned from {place(act.room)} by {who}{until(act.until)}{because(act.reason)}"


# --- The audit --------------------------------------------------------------------------------------------------


def audit_line(kept: Kept) -> str:
    """What was done, without by whom: that stands before it."""
    tell = _LINES.get(kept.act.do)
    return tell(kept) if tell is not None else "did something that this version of the server does not know"


def _whom(act: Act) -> str:
    return act.name or shown(act.address)


def _where(act: Act) -> str:
    return f" in {act.room}" if act.room else ""


def _kick(kept: Kept) -> str:
    act = kept.act
    return f"kicked {act.name}{f' from {act.room}' if act.room else ''}{because(act.reason)}"


def _ban(kept: Kept) -> str:
    act = kept.act
    also = f", with {', '.join(act.sources)}" if act.sources else ""
    length = until(act.until) or " for good"
    return f"banned {_whom(act)}{f' from {act.room}' if act.room else ''}{also}{length}{because(act.reason)}"


def _mute(kept: Kept) -> str:
    act = kept.act
    return f"muted {act.name}{_where(act)}{until(act.until) or ' for good'}{because(act.reason)}"


def _room(kept: Kept) -> str:
    act = kept.act
    changes = [f"mode {act.value}"] if act.value is not None else []
    changes += [f"slow mode {lasting(act.number)}" if act.number else "slow mode off"] if act.number is not None else []
    changes += [f"topic {act.text}" if act.text else "no topic"] if act.text is not None else []
    return f"set {act.room} to {', '.join(changes)}"


def _report(kept: Kept) -> str:
    act = kept.act
    message = f" message #{act.number}" if act.number is not None else ""
    of = f" of {act.name}" if act.name else ""
    return f"reported{message}{of}{_where(act)}{because(act.reason)}"


def _lockdown(kept: Kept) -> str:
    end = kept.act.until
    return "ended the lockdown" if end is None else f"locked the server to new people{until(end)}"


_LINES: Final[Mapping[str, Callable[[Kept], str]]] = {
    acts.KICK: _kick,
    acts.BAN: _ban,
    acts.UNBAN: lambda kept: f"lifted the ban of {_whom(kept.act)}{_where(kept.act)}",
    acts.MUTE: _mute,
    acts.UNMUTE: lambda kept: f"lifted the mute of {kept.act.name}{_where(kept.act)}",
    acts.ROOM: _room,
    acts.ROLE: lambda kept: f"made {kept.act.name} {kept.act.value}{_where(kept.act)}",
    acts.FOUND: lambda kept: f"became owner of {kept.act.room}, as the first to speak there",
    acts.INVITE: lambda kept: f"invited {kept.act.name} to {kept.act.room}",
    acts.REPORT: _report,
    acts.DELETE: lambda kept: f"deleted message #{kept.act.number} of {kept.act.name}{_where(kept.act)}",
    acts.LOCKDOWN: _lockdown,
    acts.FORGET: lambda kept: f"released the name {kept.act.name}",
    acts.NOTE: lambda kept: kept.act.text or "",
}


def ban_item(rule: Rule) -> dict[str, object]:
    """A ban or mute as it is listed."""
    kept, act = rule.kept, rule.kept.act
    whom = {"name": act.name} if act.name else {"address": shown(act.address)}
    return {
        "id": kept.id,
        "kind": rule.kind,
        **whom,
        "room": act.room or None,
        "until": act.until,
        "by": kept.by,
        "reason": act.reason,
        "ts": kept.ts,
    }


def audit_item(kept: Kept) -> dict[str, object]:
    return {"id": kept.id, "ts": kept.ts, "by": kept.by, "text": audit_line(kept)}


def report_item(kept: Kept) -> dict[str, object]:
    act = kept.act
    return {
        "id": kept.id,
        "ts": kept.ts,
        "by": kept.by,
        "room": act.room,
        "message": act.number,
        "sender": act.name or None,
        "text": act.text or "",
        "reason": act.reason,
    }
