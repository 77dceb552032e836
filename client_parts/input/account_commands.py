"""The commands about who one is: account, devices, password, invitations, people one does not want to hear. Rows.

A password is asked for by `input/questions.py` before its command is carried out; it is never part of a line.
"""

from __future__ import annotations

from client_parts.input.command import (
    Actions,
    BadUsage,
    Command,
    first_word,
    needed,
    nothing_more,
    only_person,
    whole_number,
)
from client_parts.input.durations import seconds_of


def _whoami(actions: Actions, words: str) -> None:
    nothing_more(words)
    actions.account.whoami()


def _password(actions: Actions, words: str) -> None:
    """Only where nobody could be asked: else this is not the row that is carried out."""
    password_wish(words)
    actions.tell("A password can be changed only in a terminal, where it can be typed unseen.")


def password_wish(words: str) -> bool:
    """Whether `/password` is to set one; else it is to take it away."""
    if words and words.lower() != "off":
        raise BadUsage("a password does not belong on the command's line, it is asked for afterwards")
    return not words


def _devices(actions: Actions, words: str) -> None:
    if not words:
        actions.account.list_devices()
        return
    verb, number = first_word(words)
    if verb.lower() != "forget":
        raise BadUsage(f'"{words}" is not "forget" and a number of the list')
    actions.account.forget_device(whole_number(number, "a number of the list"))


def _link(actions: Actions, words: str) -> None:
    nothing_more(words)
    actions.account.link_device()


def _browser(actions: Actions, words: str) -> None:
    nothing_more(words)
    actions.account.open_browser()


def _invite(actions: Actions, words: str) -> None:
    actions.moderation.invite_to_room(only_person(words))


def _invite_code(actions: Actions, words: str) -> None:
    uses, seconds = None, None
    for word in words.split():
        if word.isdigit() and uses is None:
            uses = whole_number(word, "a number of uses from 1 to 1000", 1_000)
        elif seconds is None:
            seconds = duration(word)
        else:
            raise BadUsage(f'"{word}" is not expected here')
    actions.account.invite_to_server(uses, seconds)


def duration(word: str) -> int:
    """The seconds of a time that a command needs."""
    try:
        return seconds_of(needed(word, "a time like 10m"))
    except ValueError as problem:
        raise BadUsage(str(problem)) from None


ACCOUNT_COMMANDS: tuple[Command, ...] = (
    Command("whoami", (), "/whoami", "Show your name, your role and whether the name is protected.", _whoami),
    Command(
        "whois",
        (),
        "/whois NAME",
        "Show what is known about somebody; operators also see addresses and devices.",
        lambda a, w: a.account.whois(only_person(w)),
    ),
    Command(
        "realname",
        (),
        "/realname [TEXT]",
        "Show a name of any script beside yours in lists; alone: no more.",
        lambda a, w: a.account.change_real_name(w),
    ),
    Command(
        "password",
        (),
        "/password [off]",
        "Set a password for your name, or remove it (off). You are asked for it, and it is not shown.",
        _password,
    ),
    Command("devices", (), "/devices [forget N]", "List the devices that may use your name, or remove one.", _devices),
    Command("link", (), "/link", "Get a code with which another device may use your name.", _link),
    Command("browser", (), "/browser", "Get a link that opens the chat in a browser as you. It works once.", _browser),
    Command("invite", (), "/invite NAME", "Invite somebody to this room, if only invited people may enter.", _invite),
    Command(
        "invite-code",
        (),
        "/invite-code [USES] [TIME]",
        "Get a code that lets new people into the server: /invite-code 5 2d.",
        _invite_code,
    ),
    Command(
        "block",
        (),
        "/block [NAME]",
        "Let the server keep somebody's private messages from you; alone: list whom you block.",
        lambda a, w: a.account.block(only_person(w) if w else ""),
    ),
    Command("unblock", (), "/unblock NAME", "Stop blocking somebody.", lambda a, w: a.account.unblock(only_person(w))),
    Command(
        "recover",
        (),
        "/recover NAME",
        "For operators: get a code for somebody who lost a name. It removes the name's devices and password.",
        lambda a, w: a.account.recover(only_person(w)),
    ),
    Command(
        "release",
        (),
        "/release NAME",
        "For operators: delete an account, so that its name is free.",
        lambda a, w: a.account.release(only_person(w)),
    ),
)
