"""The commands for what a person chooses and keeps: one row each.

A pipe does not carry them out, but for those about the bell, who comes and goes, the theme, and which rooms are shown:
what a program passes on may come from anybody, and must not name files or programs. It must not know what a setting
does.
"""

from __future__ import annotations

from client_parts.input.command import Actions, BadUsage, Command, first_word, needed, nothing_more
from client_parts.kept.values import AUTOAWAY, CHOICES, DEFAULT, checked

_SERVERS = "servers."


def choose(actions: Actions, setting: str, words: str) -> None:
    """Change one setting, or tell how it is."""
    if not words:
        actions.settings.tell(setting)
    elif words.lower() in CHOICES[setting]:
        actions.settings.choose(setting, words.lower())
    else:
        raise BadUsage


def _set(actions: Actions, words: str) -> None:
    key, value = first_word(words)
    key = key.lower()
    if not key:
        actions.settings.list_all()
    elif key.startswith(_SERVERS):
        actions.settings.save_server(key.removeprefix(_SERVERS), needed(value, "an address"))
    elif not value:
        actions.settings.tell(key)
    elif value.lower() == DEFAULT:
        actions.settings.take_back(key)
    else:
        actions.settings.choose(key, value)


def _autoaway(actions: Actions, words: str) -> None:
    minutes, rest = first_word(words)
    nothing_more(rest)
    if not minutes:
        actions.settings.tell(AUTOAWAY)
        return
    try:
        actions.settings.choose(AUTOAWAY, checked(AUTOAWAY, minutes))
    except ValueError:
        raise BadUsage from None


SETTINGS_COMMANDS: tuple[Command, ...] = (
    Command(
        "style",
        (),
        "/style [short|classic]",
        "Write messages as bob: hi (short), or with the colour written out (classic).",
        lambda a, w: choose(a, "style", w),
    ),
    Command(
        "notify",
        (),
        "/notify [on|mentions|off]",
        "While you do not look, notify you of every message, of your name and private messages (default), or never.",
        lambda a, w: choose(a, "notify", w),
    ),
    Command(
        "autoaway",
        (),
        "/autoaway [MINUTES|off]",
        "Be away by itself after MINUTES without a key, and back with the next one.",
        _autoaway,
    ),
    Command(
        "log",
        (),
        "/log [FILE|off]",
        "Add what is shown from now on to FILE, in this run; off: stop that.",
        lambda a, w: a.settings.end_log() if w.lower() == "off" else a.settings.log(w),
    ),
    Command(
        "set",
        (),
        "/set [KEY [VALUE]]",
        "List the settings, or change one for good; VALUE default takes it back.",
        _set,
    ),
)
