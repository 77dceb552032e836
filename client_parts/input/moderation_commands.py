"""The commands of those who keep order, and of those who need their help. Rows.

Most of them are about the room that one talks in; `-s` as their first word makes them about the whole server.
"""

from __future__ import annotations

from typing import Final

from client_parts.input.account_commands import duration
from client_parts.input.command import (
    Actions,
    BadUsage,
    Command,
    first_word,
    needed,
    nothing_more,
    only_person,
    person,
    whole_number,
)
from client_parts.input.durations import is_like_a_time

EVERYWHERE: Final = "-s"
MODES: Final = ("open", "moderated", "read-only", "invite")
ROOM_ROLES: Final = ("owner", "moderator", "voice", "member")
SERVER_ROLES: Final = ("operator", "member")
_MOST_RECORDS = 200


def _scope(words: str) -> tuple[bool, str]:
    """Whether the whole server is meant, and the words without the sign for that."""
    word, rest = first_word(words)
    return (True, rest) if word == EVERYWHERE else (False, words)


def _time_and_reason(words: str) -> tuple[int | None, str]:
    """A word that looks like a time is one: a slip in it must not make a ban that never ends."""
    word, rest = first_word(words)
    return (duration(word), rest) if is_like_a_time(word) else (None, words)


def _kick(actions: Actions, words: str) -> None:
    everywhere, words = _scope(words)
    name, reason = first_word(words)
    actions.moderation.kick(person(name), reason, everywhere=everywhere)


def _ban(actions: Actions, words: str) -> None:
    everywhere, words = _scope(words)
    who, rest = first_word(words)
    if who.lower() == "test":
        actions.moderation.test_ban(only_person(rest), everywhere=everywhere)
        return
    seconds, reason = _time_and_reason(rest)
    actions.moderation.ban(person(who), seconds, reason, everywhere=everywhere)


def _unban(actions: Actions, words: str) -> None:
    everywhere, words = _scope(words)
    actions.moderation.unban(only_person(words), everywhere=everywhere)


def _mute(actions: Actions, words: str) -> None:
    everywhere, words = _scope(words)
    name, rest = first_word(words)
    seconds, reason = _time_and_reason(rest)
    actions.moderation.mute(person(name), seconds, reason, everywhere=everywhere)


def _unmute(actions: Actions, words: str) -> None:
    everywhere, words = _scope(words)
    actions.moderation.unmute(only_person(words), everywhere=everywhere)


def _role(actions: Actions, words: str) -> None:
    everywhere, words = _scope(words)
    name, role = first_word(words)
    roles = SERVER_ROLES if everywhere else ROOM_ROLES
    role = needed(role, "a role").lower()
    if role not in roles:
        where = "of the server" if everywhere else "of a room"
        raise BadUsage(f'"{role}" is not a role {where}: there are {", ".join(roles)}')
    actions.moderation.change_role(person(name), role, everywhere=everywhere)


def _voice(actions: Actions, words: str) -> None:
    actions.moderation.change_role(only_person(words), "voice", everywhere=False)


def _slow(actions: Actions, words: str) -> None:
    if not words:
        actions.moderation.tell_room()
    else:
        actions.moderation.change_slow(_duration_or_off(words))


def _mode(actions: Actions, words: str) -> None:
    if not words:
        actions.moderation.tell_room()
    elif words.lower() in MODES:
        actions.moderation.change_mode(words.lower())
    else:
        raise BadUsage(f'"{words}" is not a mode: there are {", ".join(MODES)}')


def _topic(actions: Actions, words: str) -> None:
    if not words:
        actions.moderation.tell_room()
    else:
        actions.moderation.change_topic("" if words.lower() == "off" else words)


def _report(actions: Actions, words: str) -> None:
    word, rest = first_word(words)
    number = _bare_number(word)
    if number.isascii() and number.isdigit():
        actions.moderation.report(whole_number(number, "the number of a message"), needed(rest, "a reason"))
    else:
        actions.moderation.report(None, needed(words, "a reason"))


def _bare_number(word: str) -> str:
    """`[8]` is how a message's number is shown, `#8` how notices and the plain door write it."""
    return word.removeprefix("[").removesuffix("]").removeprefix("#")


def _lockdown(actions: Actions, words: str) -> None:
    actions.moderation.lock_down(_duration_or_off(words) if words else None)


def _servers(actions: Actions, words: str) -> None:
    nothing_more(words)
    actions.moderation.list_servers()


def _duration_or_off(words: str) -> int:
    return 0 if words.lower() == "off" else duration(words)


def _records(actions: Actions, kind: str, words: str) -> None:
    everywhere, words = _scope(words)
    number = whole_number(words, f"a number from 1 to {_MOST_RECORDS}", _MOST_RECORDS) if words else None
    actions.moderation.list_records(kind, number, everywhere=everywhere)


MODERATION_COMMANDS: tuple[Command, ...] = (
    Command(
        "report", (), "/report [ID] REASON", "Tell the moderators about a message, or about what happens here.", _report
    ),
    Command("topic", (), "/topic [TEXT|off]", "Set the topic of this room; alone: show how it is set.", _topic),
    Command(
        "mode",
        (),
        "/mode [MODE]",
        "Make this room open, moderated, read-only or invite (invited people only); alone: show how it is set.",
        _mode,
    ),
    Command(
        "slow",
        (),
        "/slow [TIME|off]",
        "Allow everybody here one message in TIME, or end that (off); alone: show how this room is set.",
        _slow,
    ),
    Command("kick", (), "/kick NAME [REASON]", "Remove somebody from this room; -s: from the server.", _kick),
    Command(
        "ban",
        (),
        "/ban [test] NAME|ADDRESS [TIME] [REASON]",
        "Ban somebody from this room; -s: from the server. test: only show how many people it would affect.",
        _ban,
    ),
    Command("unban", (), "/unban NAME|ADDRESS", "Lift a ban; -s: of the server.", _unban),
    Command(
        "mute",
        (),
        "/mute NAME [TIME] [REASON]",
        "Stop somebody from talking here; -s: on the whole server.",
        _mute,
    ),
    Command("unmute", (), "/unmute NAME", "Let somebody talk again; -s: on the server.", _unmute),
    Command("voice", (), "/voice NAME", "Let somebody talk in this room while it is moderated.", _voice),
    Command(
        "role",
        (),
        "/role NAME ROLE",
        "Make somebody owner, moderator, voice or member of this room; -s: operator or member of the server.",
        _role,
    ),
    Command(
        "bans",
        (),
        "/bans [N]",
        "List who is banned or muted in this room; -s: on the server.",
        lambda a, w: _records(a, "bans", w),
    ),
    Command(
        "reports",
        (),
        "/reports [N]",
        "List what was reported in this room; -s: on the server.",
        lambda a, w: _records(a, "reports", w),
    ),
    Command(
        "audit",
        (),
        "/audit [N]",
        "For operators: list what was done in this room, N entries (1 to 200; 50 if not given); -s: on the server.",
        lambda a, w: _records(a, "audit", w),
    ),
    Command(
        "lockdown",
        (),
        "/lockdown [TIME|off]",
        "For operators: let new people in only with an invitation, for TIME (10m if not given).",
        _lockdown,
    ),
    Command(
        "servers",
        (),
        "/servers",
        "For operators: list the servers of this chat, and how many clients each has.",
        _servers,
    ),
)
