"""The commands for files: one row each.

A pipe has none of them: what a program passes on may come from anybody, and must not send files of this machine, nor
save some here. It must not know sockets, frames or screens.
"""

from __future__ import annotations

import os

from client_parts.files.paths import read_send
from client_parts.input.command import Actions, Command, first_word, needed, nothing_more


def is_there(path: str) -> bool:
    """Whether there is something under that path, as a person writes it."""
    return os.path.exists(os.path.expanduser(path))


def _send(actions: Actions, words: str) -> None:
    written = read_send(needed(words), is_there)
    actions.files.send(needed(written.path, "the path of a file"), written.room, written.caption)


def _files(actions: Actions, words: str) -> None:
    room, rest = first_word(words)
    nothing_more(rest)
    actions.files.list_all(room if room.startswith("@") else room.removeprefix("#").lower())


def _get(actions: Actions, words: str) -> None:
    which, path = first_word(needed(words))
    if path[:1] in ("'", '"'):
        path = path[1:].removesuffix(path[0])
    actions.files.get(which, path)


def _one(words: str) -> str:
    which, rest = first_word(words)
    nothing_more(rest)
    return which


FILE_COMMANDS: tuple[Command, ...] = (
    Command(
        "send",
        (),
        "/send FILE [@NAME|#ROOM] [TEXT]",
        "Send a file to this room, to one person or to another room, with a text if you like.",
        _send,
    ),
    Command("files", (), "/files [ROOM]", "List the newest files of a room.", _files),
    Command(
        "get",
        (),
        "/get N [PATH]",
        "Fetch file N into your folder of downloads, or to PATH.",
        _get,
    ),
    Command(
        "view",
        (),
        "/view N",
        "Show picture N, in terminals that can; in others its name, size and address.",
        lambda a, w: a.files.view(needed(_one(w))),
    ),
    Command(
        "cancel",
        (),
        "/cancel [N]",
        "Stop sending or fetching file N; alone: the one that is on its way.",
        lambda a, w: a.files.cancel(_one(w)),
    ),
)
