"""Events as JSON lines, for the native door. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, count
from json.encoder import encode_basestring as quote
from typing import Any, Final

from chat_common import (
    MAX_LINE,
    Frame,
    encode_frame,
    write_json,
)
from server_parts.protocol.changes import change_in, is_change, text_of
from server_parts.storage.file_records import FileRecord
from server_parts.storage.records import CHANGE, Fate, Message, Run, tag_of

MANY: Final = 20  # texts from which on it is quicker to find out that none needs an escape than to quote each

_ESCAPED: Final = ('"', "\\", *map(chr, range(0x20)))
_DELETED: Final = ',"deleted":true'


class NativeEncoder:
    """One JSON object a line."""

    newest_last = own_receipts = is_for_people = False

    def frame(self, frame: Frame) -> bytes:
        return encode_frame(frame)

    def live(self, runs: Iterable[Run], session: str | None = None) -> bytes:
        return "".join(chain.from_iterable(map(_run_lines, runs))).encode()

    def pages(self, frame: Frame, field: str, items: Sequence[Any]) -> bytes:
        """Every line stays within MAX_LINE; `more` is true in all but the last."""
        written = [message_json(i) if isinstance(i, Message) else encode_frame(i)[:-1].decode() for i in items]
        room = MAX_LINE - len(encode_frame({**frame, field: [], "more": False}))
        blocks = []
        more = bool(frame.get("more"))
        chunks = _packed(written, room)
        for number, chunk in enumerate(chunks):
            rest = {**frame, "more": more or number < len(chunks) - 1}
            head = encode_frame(rest)[:-2].decode()
            blocks.append(f'{head},"{field}":[{",".join(chunk)}]}}\n'.encode())
            if "gap" in frame:
                frame = {**frame, "gap": False}  # told once, before the first message after it
        return b"".join(blocks)


def _packed(written: Sequence[str], room: int) -> list[list[str]]:
    """The items in as few groups as fit into `room` bytes each; at least one group."""
    groups: list[list[str]] = [[]]
    size = 0
    for item in written:
        length = (len(item) if item.isascii() else len(item.encode())) + 1
        if size + length > room and groups[-1]:
            groups.append([])
            size = 0
        groups[-1].append(item)
        size += length
    return groups


def message_json(message: Message) -> str:
    room, id, ts, sender, color, text, session, seq, about, fate, file = message
    if text and about is None and fate is None and file is None:  # as nearly all: what `_around` makes, but quicker
        by = f',"by":"{tag_of(session)}"' if session else ""
        return (
            f'{{"type":"message","room":"{room}","id":{id},"ts":{ts:.3f},"from":"{sender}","color":"{color}"'
            f',"text":{quote(text)}{by},"seq":{seq}}}'
        )
    return _rare_json(message)


def _rare_json(message: Message) -> str:
    if is_change(message):
        return _change_json(message)
    head, middle, end = _around(message)
    more = "" if message.text else _DELETED
    if message.fate is not None:
        more += _fate_json(message.fate)
    return f"{head}{message.id}{middle}{quote(message.text)}{end}{message.seq}{more}}}"


def _change_json(message: Message) -> str:
    """Its text for clients that know nothing of such entries, and what has changed for all others."""
    told = message_json(message._replace(text=text_of(message), about=None))
    return f'{told[:-1]},"change":{write_json(change_in(message).fields())}}}'


def _run_lines(run: Run) -> list[str]:
    if run.about is not None and run.about.kind == CHANGE:
        return [f"{_change_json(message)}\n" for message in run.messages()]
    head, middle, end = _around(run)
    numbered = zip(count(run.id), run.texts, count(run.seq), strict=False)
    if "" in run.texts:  # it was taken away before it was told
        more = ((id, text, seq, "" if text else _DELETED) for id, text, seq in numbered)
        return [f"{head}{id}{middle}{quote(text)}{end}{seq}{deleted}}}\n" for id, text, seq, deleted in more]
    if len(run.texts) >= MANY and _needs_no_escapes("".join(run.texts)):
        return [f'{head}{id}{middle}"{text}"{end}{seq}}}\n' for id, text, seq in numbered]
    return [f"{head}{id}{middle}{quote(text)}{end}{seq}}}\n" for id, text, seq in numbered]


def _needs_no_escapes(text: str) -> bool:
    """Whether JSON writes it as it is. Each sign is sought by itself: in a long text nothing is quicker."""
    return not any(map(text.__contains__, _ESCAPED))


def _around(said: Message | Run) -> tuple[str, str, str]:
    """What stands before the number, between number and text, and between text and seq."""
    # Names, rooms, colours and tags have been checked or made here: they need no escaping.
    return (
        f'{{"type":"message","room":"{said.room}","id":',
        f',"ts":{said.ts:.3f},"from":"{said.sender}","color":"{said.color}","text":',
        (f',"{said.about.kind}":{said.about.id}' if said.about is not None else "")
        + ("" if said.file is None else _file_json(said.file))
        + (f',"by":"{tag_of(said.session)}","seq":' if said.session else ',"seq":'),
    )


def _file_json(file: FileRecord) -> str:
    return f',"file":{write_json(file.frame())}'


def _fate_json(fate: Fate) -> str:
    edited = "" if fate.edited is None else f',"edited":{fate.edited:.3f}'
    names: dict[str, list[str]] = {}
    for name, reaction in fate.reactions:
        names.setdefault(reaction, []).append(name)
    return f'{edited},"reactions":{write_json(names)}' if names else edited


NATIVE: Final = NativeEncoder()
