"""Commands that keep order, as people type them: a line and a room become a request. Pure.

The plain door takes them in its current room, the operator's console in the one that is named. It must not know doors.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from chat_common import harmless_line, is_name
from server_parts.protocol import moderation_requests as ask
from server_parts.protocol.addresses import network_of
from server_parts.protocol.durations import seconds_of
from server_parts.protocol.moderation_requests import ModerationRequest
from server_parts.protocol.native_moderation import MODES

_LIKE_A_TIME: Final = re.compile(r"[0-9]+[a-z]*", re.IGNORECASE)
Make = Callable[[str | None, str], ModerationRequest | None]


def _word(rest: str) -> tuple[str, str]:
    word, _, rest = rest.strip().partition(" ")
    return word, rest.strip()


def _reason(text: str) -> str:
    return harmless_line(text.strip())[: ask.MAX_REASON]


def _time_and_reason(rest: str) -> tuple[int | None, str] | None:
    """None for a time that is mistyped: as a reason it would make the ban one for good."""
    word, after = _word(rest)
    seconds = _time(word)
    if seconds is not None:
        return seconds, _reason(after)
    return None if _LIKE_A_TIME.fullmatch(word) else (None, _reason(rest))


def _time(word: str) -> int | None:
    seconds = seconds_of(word)
    return None if seconds is None or not 0 < seconds <= ask.MAX_TIME else seconds


def kick(room: str | None, rest: str) -> ModerationRequest | None:
    name, reason = _word(rest)
    return ask.Kick(name, _reason(reason), room) if is_name(name) else None


def ban(room: str | None, rest: str) -> ModerationRequest | None:
    """Of a name in that room, or of an address from the server. `test` before it: how many it would hit."""
    word, after = _word(rest)
    test = word == "test" and after != ""
    whom, after = _word(after) if test else (word, after)
    length = _time_and_reason(after)
    if length is None:
        return None
    seconds, reason = length
    address = network_of(whom)
    if address is not None:
        return ask.Ban(None, address, None, seconds, reason, test=test)
    return ask.Ban(whom, None, room, seconds, reason, test=test) if is_name(whom) else None


def unban(room: str | None, rest: str) -> ModerationRequest | None:
    whom = rest.strip()
    address = network_of(whom)
    if address is not None:
        return ask.Unban(None, address)
    return ask.Unban(whom, None, room) if is_name(whom) else None


def mute(room: str | None, rest: str) -> ModerationRequest | None:
    name, after = _word(rest)
    length = _time_and_reason(after)
    return ask.Mute(name, room, *length) if is_name(name) and length is not None else None


def unmute(room: str | None, rest: str) -> ModerationRequest | None:
    return ask.Unmute(rest.strip(), room) if is_name(rest.strip()) else None


def slow(room: str | None, rest: str) -> ModerationRequest | None:
    seconds = 0 if rest == "off" else _time(rest)
    if room is None or seconds is None or seconds > ask.MAX_SLOW:
        return None
    return ask.SetRoom(room, slow=seconds)


def mode(room: str | None, rest: str) -> ModerationRequest | None:
    return None if room is None or rest not in MODES else ask.SetRoom(room, mode=rest)


def topic(room: str | None, rest: str) -> ModerationRequest | None:
    """A single `-`, or `off` as in the client, takes the topic away."""
    text = "" if rest.lower() in ("-", "off") else harmless_line(rest.strip())[: ask.MAX_TOPIC]
    return None if room is None or not rest else ask.SetRoom(room, topic=text)


def voice(room: str | None, rest: str) -> ModerationRequest | None:
    return ask.SetRoomRole(rest, room, "voice") if room is not None and is_name(rest) else None


def invite(room: str | None, rest: str) -> ModerationRequest | None:
    return ask.InviteToRoom(room, rest) if room is not None and is_name(rest) else None


def block(room: str | None, rest: str) -> ModerationRequest | None:
    return ask.Block(rest or None) if not rest or is_name(rest) else None


def unblock(room: str | None, rest: str) -> ModerationRequest | None:
    return ask.Unblock(rest) if is_name(rest) else None


def report(room: str | None, rest: str) -> ModerationRequest | None:
    word, after = _word(rest)
    id = _number(word.removeprefix("#"))
    reason = _reason(rest if id is None else after)
    return ask.Report(room, id, None, reason) if room is not None and reason else None


def delete(room: str | None, rest: str) -> ModerationRequest | None:
    id = _number(rest.removeprefix("#"))
    return None if room is None or id is None else ask.Delete(room, id)


def lockdown(room: str | None, rest: str) -> ModerationRequest | None:
    if rest == "off":
        return ask.Lockdown(0)
    seconds = _time(rest) if rest else ask.LOCKDOWN
    return None if seconds is None else ask.Lockdown(seconds)


def bans(room: str | None, rest: str) -> ModerationRequest | None:
    return None if rest else ask.ListActs("bans", room)


def reports(room: str | None, rest: str) -> ModerationRequest | None:
    return None if rest else ask.ListActs("reports", room)


def audit(room: str | None, rest: str) -> ModerationRequest | None:
    limit = _number(rest) if rest else 20
    return None if limit is None or limit > ask.MAX_ACTS_PAGE else ask.ListActs("audit", room, None, limit)


def servers(room: str | None, rest: str) -> ModerationRequest | None:
    return None if rest else ask.ListServers()


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 and int(text) > 0 else None


class Row(NamedTuple):
    usage: str
    help: str
    make: Make


def how_to(usage: str) -> str:
    """What is said of a line that was not written so."""
    return f"usage: {usage}" + ("; a TIME is like 90s, 10m, 2h or 1d" if "TIME" in usage else "")


ROWS: Final = (
    Row("/kick NAME [REASON]", "remove somebody", kick),
    Row("/ban NAME [TIME] [REASON]", "keep somebody out; also an address or a network; repeat it if you are sure", ban),
    Row("/ban test NAME", "show how many people a ban would affect", ban),
    Row("/unban NAME", "lift a ban", unban),
    Row("/mute NAME [TIME] [REASON]", "stop somebody from talking", mute),
    Row("/unmute NAME", "let somebody talk again", unmute),
    Row("/slow TIME|off", "one message in TIME from each person", slow),
    Row("/mode open|moderated|read-only|invite", "who may talk and enter", mode),
    Row("/topic TEXT|off", "set the topic, or remove it", topic),
    Row("/voice NAME", "let somebody talk in a moderated room", voice),
    Row("/invite NAME", "let somebody into an invite-only room", invite),
    Row("/delete ID", "delete a message", delete),
    Row("/block [NAME]", "block somebody's private messages, or list whom you block", block),
    Row("/unblock NAME", "get them again", unblock),
    Row("/report [ID] REASON", "report a message to the moderators", report),
    Row("/bans", "list bans and mutes", bans),
    Row("/reports", "list reports", reports),
    Row("/audit [N]", "list what moderators did", audit),
    Row("/lockdown [TIME|off]", "accept no new people for a while", lockdown),
    Row("/servers", "list the servers of this chat, and how many clients each has", servers),
)
BY_WORD: Final = {row.usage[1:].split()[0]: row for row in reversed(ROWS)}
