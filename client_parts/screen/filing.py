"""Files in lines for a person: lists, how far a transfer is, what became of it.

Every string from outside is made harmless here. It must not know sockets, threads or the terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chat_common import Frame, harmless_line, without_padding
from client_parts.files.errands import Errand, Sending
from client_parts.files.progress import size_text, together
from client_parts.screen.file_mark import shown_name
from client_parts.screen.view import aside, clock, date
from terminal_parts.width import cut, width

_IN_A_LIST = 32  # columns of a name, so that a row fits into a terminal of 80


def listed(files: Sequence[Frame], number_of: Callable[[Frame], int], place: str) -> list[str]:
    """The newest last, as messages are."""
    if not files:
        return [aside(f"* No files in {place}.")]
    names = [cut(shown_name(file["name"]), _IN_A_LIST) for file in files]
    widest = max(map(width, names))
    rows = [
        f"  {number_of(file):>3}  {name}{' ' * (widest - width(name))}  {size_text(file['size']):>7}  "
        + aside(f"{harmless_line(file.get('from') or '')} {date(file.get('ts') or 0)}")
        for name, file in zip(names, files, strict=True)
    ]
    return [f"Files in {place}:", *rows, aside("* /get N fetches one; /view N shows a picture")]


def linked(file: Frame, site: str) -> str:
    """What there is to say of a file that cannot be shown here: name, size, and where a browser finds it."""
    name = shown_name(file["name"])
    kind = f", {harmless_line(file['mime'])}" if file.get("mime") else ""
    address = without_padding(harmless_line(site + str(file["url"])))
    until = "" if (expires := file.get("expires")) is None else aside(f" (until {clock(expires)})")
    return f"{name} ({size_text(file['size'])}{kind}) {address}{until}"


def status_words(errands: Sequence[Errand]) -> tuple[str, ...]:
    """For the status row, what matters most first: `↑ 42 %`, `plan.png`, `3.1 MB/s`, `12 s left`."""
    if not errands:
        return ()
    signs = ("↑" if any(isinstance(one, Sending) for one in errands) else "") + (
        "↓" if not all(isinstance(one, Sending) for one in errands) else ""
    )
    name = shown_name(errands[0].name) if len(errands) == 1 else f"{len(errands)} files"
    percent, *rest = together([one.progress for one in errands]).split(", ")
    return f"{signs} {percent}", name, *rest


def step_line(errand: Errand) -> str:
    """A line of its own about how far one has come, where there is no status row."""
    percent, *rest = together([errand.progress]).split(", ")
    of = f"{size_text(errand.progress.done)} of {size_text(errand.progress.size)}"
    return f"{shown_name(errand.name)}: {', '.join([f'{percent} ({of})', *rest])}"


def unfinished(errand: Errand) -> str:
    done = "sent" if isinstance(errand, Sending) else "fetched"
    return f"Not finished: {shown_name(errand.name)} ({errand.progress.percent} % {done})."


def event(errand: Errand, state: str, **more: Any) -> Frame:
    """What programs are told of a transfer."""
    way = "send" if isinstance(errand, Sending) else "get"
    return {
        "type": "transfer",
        "state": state,
        "way": way,
        "file": errand.number,
        "name": errand.name,
        "done": errand.progress.done,
        "size": errand.progress.size,
        **more,
    }
