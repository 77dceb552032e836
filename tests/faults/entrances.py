"""Every entrance for text from outside, and what must hold there for any bytes at all.

One function an entrance: bytes in, AssertionError (or whatever the product lets escape) out. More is asked than that
nothing breaks: what is read must be what was written, one piece must mean the same as many, answers must be those of
the protocol page, and what is shown must not be able to steer a terminal. No socket and no thread here.
"""

from __future__ import annotations

import json
import os
import random
import re
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, Final

from chat_common import (
    COLORS,
    MAX_HELLO_LINE,
    MAX_LINE,
    MAX_TEXT,
    FrameError,
    LineDecoder,
    check_values,
    color_problem,
    decode_frame,
    encode_frame,
    harmless,
    harmless_line,
    is_name,
    name_problem,
    parse_address,
    parse_port,
    room_problem,
    speech,
    storable,
    text_form,
)
from client import ChatClient
from client_parts.command_line import Preferences, read_command_line
from client_parts.input.commands import Order, Text, obey, understand, understand_piped
from client_parts.input.completion import Vocabulary, complete
from client_parts.kept.bookmarks import Key
from client_parts.kept.identity import valid_name
from client_parts.kept.input_history import InputHistory
from client_parts.kept.transcript import Transcript, TranscriptError
from client_parts.screen.status import Status
from server_parts import settings
from server_parts.operator.console_encoder import ConsoleEncoder
from server_parts.protocol.door import Door
from server_parts.protocol.doorway import Doorway
from server_parts.protocol.native_door import NativeDoor
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.plain_door import PlainDoor
from server_parts.protocol.plain_encoder import PLAIN
from server_parts.protocol.requests import Answer, EndConnection, Refusal, Request, Say
from server_parts.storage import search_query
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import Draft, Run
from server_parts.storage.sqlite.log import SqliteLog
from terminal_parts.width import cut, height, width, wrap
from tests.client.fakes import FakeScreen, unpainted
from tests.client.input.recorder import Recorder
from tests.faults import web_entrances

Entrance = Callable[[bytes], None]

# What a reader may be told, from the protocol page.
ERRORS: Final = {"bad_frame", "too_long", "bad_field", "unknown_type", "protocol_version", "bad_name", "bad_room"}
REFUSALS: Final = ERRORS | {"empty_text", "text_too_long"}
_TELNET_ANSWER = re.compile(rb"(?:\xff[\xfc\xfe].)*", re.DOTALL)


def splits(data: bytes) -> list[bytes]:
    """The data in pieces, the same for the same data."""
    rng = random.Random(zlib.crc32(data))
    longest = rng.choice((1, 3, 20, 200, 5_000))
    pieces = []
    at = 0
    while at < len(data):
        size = rng.randint(1, longest)
        pieces.append(data[at : at + size])
        at += size
    return pieces


def assert_inert(shown: str, *, lines: bool = True) -> None:
    """Nothing in it but what can be seen, apart from line breaks where they are allowed."""
    for line in shown.split("\n") if lines else [shown]:
        assert line == "" or all(c.isprintable() or 0x1F000 <= ord(c) <= 0x1FAFF for c in line), ascii(line)
        assert all(len(c.encode()) for c in line), ascii(line)


# --- The server's side ------------------------------------------------------------------------------------------


def decoder(data: bytes) -> None:
    """In one piece as in any other; each line is a frame that comes back as it is, or an error of the page."""
    limit = MAX_HELLO_LINE if data[:1] < b"\x80" else 64
    whole, split = LineDecoder(limit), LineDecoder(limit)
    lines = whole.feed(data)
    assert lines == [line for piece in splits(data) for line in split.feed(piece)]
    assert (whole.tail, whole.overlong is None) == (split.tail, split.overlong is None)
    assert all(len(line) < limit and b"\n" not in line for line in lines)
    for line in lines:
        frame(line)


def frame(line: bytes) -> None:
    decoded, error = outcome(decode_frame, line)
    if isinstance(error, FrameError):
        assert error.code == "bad_frame"
        return
    json.loads(line)  # whoever else reads JSON agrees that it is some
    _, error = outcome(check_values, decoded)
    if isinstance(error, FrameError):
        assert (error.code, type(error.field)) == ("bad_field", str)
        return
    assert decode_frame(encode_frame(decoded)[:-1]) == decoded


def outcome(do: Callable[[Any], Any], given: object) -> tuple[Any, ValueError | None]:
    """What comes of it, or what is wrong with what was given."""
    try:
        return do(given), None
    except ValueError as error:
        return None, error


def native(data: bytes) -> None:
    """The native door: whole and in pieces alike, before the welcome and after it."""
    for welcomed in (False, True):
        taken = through(NativeDoor(0.0), [data], welcomed=welcomed)
        assert alike(taken) == alike(through(NativeDoor(0.0), splits(data), welcomed=welcomed))
        for request in taken:
            judge_request(request)


def plain(data: bytes) -> None:
    """The plain door."""
    taken = through(PlainDoor(), [data])
    assert alike(taken) == alike(through(PlainDoor(), splits(data)))
    for request in taken:
        judge_request(request)


def doorway(data: bytes) -> None:
    """The first bytes, with a silence after some of them."""
    rng = random.Random(zlib.crc32(data))
    door = Doorway(0.0)
    now = 0.0
    for piece in splits(data)[:200]:
        requests = door.receive(piece, now)
        if rng.random() < 0.3:
            now = max(now, door.deadline() or 0.0)
            requests += door.silence(now)
        for request in requests:
            judge_request(request)
        if any(isinstance(request, EndConnection) for request in requests):
            return
    for request in door.end():
        judge_request(request)


def through(door: Door, pieces: Iterable[bytes], *, welcomed: bool = False) -> list[Request]:
    """What these pieces ask for, up to the end of the conversation."""
    if welcomed and isinstance(door, NativeDoor):
        door.welcomed()
    taken: list[Request] = []
    for piece in pieces:
        taken += door.receive(piece, 0.0)
        if taken and isinstance(taken[-1], EndConnection):
            return taken
    return taken + door.end()


def alike(requests: Sequence[Request]) -> list[Any]:
    """Without the size of a line that is too long, which may be told while it is still arriving."""
    short: list[Any] = []
    for request in requests:
        too_long = isinstance(request, Refusal) and request.code == "too_long"
        short.append("too long" if too_long else "ending" if isinstance(request, EndConnection) else request)
    return short


def judge_request(request: Request) -> None:
    match request:
        case Refusal():
            assert request.code in ERRORS, request
            judge_answer(NATIVE.frame(request.frame()))
            judge_text(PLAIN.frame(request.frame()))
        case Answer(block):
            judge_text(block.removeprefix(_TELNET_ANSWER.match(block)[0]))  # type: ignore[index]
        case EndConnection(block):
            judge_answer(block) if block.startswith(b"{") else judge_text(block.replace(b"\r", b""))
        case Say(room, texts, seq, refusal):
            assert refusal is None or refusal.code in REFUSALS, request
            if refusal is None:
                (text,) = texts
                assert 0 < len(text) <= MAX_TEXT
                judge_message(Run(room, 1, 1.5, "alice", "blue", [text], "", seq))


def judge_answer(block: bytes) -> None:
    """One line of JSON that any reader takes."""
    assert block.endswith(b"\n")
    assert block.count(b"\n") == 1
    assert len(block) <= MAX_LINE
    assert isinstance(json.loads(block), dict)


def judge_text(block: bytes) -> None:
    assert block == b"" or block.endswith(b"\n")
    assert_inert(block.decode())


def judge_message(run: Run) -> None:
    """Every form in which others get it: the text itself, or a text that cannot pass for anything else."""
    (message,) = run.messages()
    block = NATIVE.live([run])
    judge_answer(block)
    assert json.loads(block)["text"] == message.text
    judge_text(PLAIN.live([run]))
    assert_inert(unpainted(ConsoleEncoder().live([run]).decode()))
    first, *later = text_form(message.sender, message.color, message.text).split("\n")
    assert first.startswith(("[COLOR (blue)] alice said -> ", "* alice "))
    assert not (first.startswith("* ") and first.endswith(" *"))
    assert all(line.startswith("    ") for line in later)


@cache
def logs() -> tuple[MemoryLog, SqliteLog]:
    """The same messages twice: as plainly as possible, and with an index."""
    folder = tempfile.TemporaryDirectory()
    store, indexed = MemoryLog(), SqliteLog(Path(folder.name))
    texts = ("blue whale", "Grüße, Jürgen", "c++ & c#", "日本語の文", "👋🏽 hi", 'a*b "c" d', "from:bob", "naïve", "5%")
    drafts = [
        Draft(room, 1e9 + n * 1e6, "bob" if n % 2 else "Alice", "blue", [text], "a-session-0000001", n + 1)
        for n, (room, text) in enumerate((room, text) for room in ("lobby", "den") for text in texts)
    ]
    for log in (store, indexed):
        log.append(drafts, {"a-session-0000001": len(drafts)})
    indexed.folder_kept_alive = folder  # type: ignore[attr-defined]
    return store, indexed


def query(data: bytes) -> None:
    """A search: never wrong, never another language, and both logs find the same."""
    text = storable(data.decode("utf-8", "replace"))
    asked = search_query.parse(text)
    words = search_query.words_of(text)
    assert search_query.words_of(" ".join(words)) == words
    assert asked == search_query.parse(text[: search_query.MAX_QUERY])
    store, indexed = logs()
    found = store.search(text, {}, 50)
    assert indexed.search(text, {}, 50) == found
    assert all(asked.matches(m.sender, m.ts, m.text) for m in found)


# --- The client's side ------------------------------------------------------------------------------------------


def _nowhere() -> Path:
    """A place for a client's files that cannot be written."""
    return Path(os.devnull) / "token"


class NoTranscript(Transcript):
    """What a fuzzer types must not make files."""

    def begin(self, path: Path) -> None:
        raise TranscriptError(f"cannot write to {path}")


class Watched(FakeScreen):
    """A terminal that wants everything inert."""

    rich = True

    def __init__(self) -> None:
        super().__init__()
        self.transcript = NoTranscript()

    def show(self, line: str, hang: int = 0, key: Key | None = None) -> None:
        assert_inert(unpainted(line))

    def change(self, key: Key, line: str, instead: str) -> None:
        assert_inert(unpainted(line))
        assert_inert(unpainted(instead))

    def event(self, frame: Any) -> None:
        assert json.dumps(frame).isascii()

    def set_status(self, status: Status) -> None:
        places = (place for place, _ in status.unread)
        for part in (status.target, status.name, status.absent, *status.transfers, *status.waiting, *places):
            assert_inert(part, lines=False)
        assert status.color in COLORS


def hearing(data: bytes) -> None:
    """What a server says, line by line, to a client that is in two rooms and has something to say itself."""
    preferences = Preferences(token_file=_nowhere(), name="ann", rooms=("lobby", "den"))
    client = ChatClient(screen=Watched(), preferences=preferences)
    conversation = client._conversation
    conversation.obey(Text("mine"))
    for line in LineDecoder().feed(data):
        heard, error = outcome(decode_frame, line)
        if error is not None:
            continue
        client._connection.hear(heard)
        client._receiver.show_prompt()
        while conversation.state.outgoing.next() is not None:
            pass
        for request in conversation.state.requests:
            assert len(encode_frame(request)) <= MAX_LINE
        conversation.tell_news(1e12)
    conversation.disconnected()
    assert len(encode_frame(conversation.hello("s" * 64, "t" * 256))) <= MAX_HELLO_LINE
    for name in conversation.vocabulary().names:
        assert_inert(name, lines=False)


def showing(data: bytes) -> None:
    """Any text, lone surrogates included, made harmless, painted, wrapped and cut."""
    text = data.decode("utf-8", "surrogateescape")
    safe = harmless(text)
    assert_inert(safe)
    assert harmless(safe) == safe
    assert "\n" not in harmless_line(text)
    for style in ("classic", "short"):
        label, body = speech(text, text, text, style)
        assert "\n" not in label
        assert all(line.startswith("    ") for line in body.split("\n")[1:])
    for columns in (20, 33, 80):
        rows = wrap(safe, columns)
        assert bare("".join(rows)) == bare(safe)
        assert all(height(row, columns) == 1 or width(row) > columns for row in rows)
        assert width(cut(harmless_line(text), columns)) <= columns


def bare(text: str) -> str:
    return text.replace(" ", "").replace("\n", "")


VOCABULARY: Final = Vocabulary(("bob", "carol"), ("lobby", "den"))


class Anything(Recorder):
    """Actions that only see that nothing unreadable is told."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return assert_inert if name == "tell" else lambda *words, **more: None


def typed(data: bytes) -> None:
    """A text that a person or a program typed: what it means, and what Tab makes of its last line."""
    text = data.decode("utf-8", "surrogateescape")
    line = text.rpartition("\n")[2]
    for meaning in (understand(text), understand_piped(line), understand_piped(line, continues=True)):
        if isinstance(meaning, Order):
            obey(meaning, Anything())
    complete(line, VOCABULARY)
    client = ChatClient(screen=Watched(), preferences=Preferences(token_file=_nowhere(), name="ann"))
    client._conversation.heard({"type": "welcome", "name": "ann", "color": "red", "epoch": "e", "accepted": 0})
    client._conversation.obey(understand(text))
    client._receiver.show_prompt()
    for say in client._conversation.state.outgoing.texts():
        assert 0 < len(say.text) <= MAX_TEXT
    for request in client._conversation.state.requests:
        encode_frame(request)


def words(data: bytes) -> None:
    """Names, rooms, colours, addresses, flags, variables and files: right, or a sentence."""
    text = data.decode("utf-8", "surrogateescape").replace("\0", "")
    assert is_name(valid_name(text))
    for problem in (name_problem(text), room_problem(text), color_problem(text)):
        assert_inert(problem or "", lines=False)
    for parse in (parse_address, parse_port):
        _, error = outcome(parse, text)
        assert error is None or str(error).startswith(("use a number from", "write HOST"))
        assert_inert(str(error), lines=False)
    for argv, environment in flags(text):
        assert leaving(settings.parse, argv, environment).count("\n") <= 1
    leaving(read_command_line, [f"--name={text}", f"--room={text}", f"--color={text}", "--", text])


def flags(text: str) -> Iterator[tuple[list[str], dict[str, str]]]:
    for name in ("port", "keep", "keep-messages", "name", "rate", "max-clients", "backlog"):
        yield [f"--{name}={text}"], {}
        yield [], {f"CHAT_{name.replace('-', '_').upper()}": text}


def leaving(read: Callable[..., object], *command_line: object) -> str:
    """What is said about a command line that cannot be obeyed; nothing about one that can."""
    said = StringIO()
    status: object = 2
    try:
        with redirect_stderr(said), redirect_stdout(said):
            read(*command_line)
    except SystemExit as end:
        status = end.code
    assert status == 2
    assert_inert(said.getvalue())
    return said.getvalue()


def history(data: bytes) -> None:
    """A file of lines that were typed, whatever has become of it: strings that an editor takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "history")
        path.write_bytes(data)
        store = InputHistory(path)
        for line in store.load():
            assert "\0" not in line
            line.encode()
        store.add(data.decode("utf-8", "surrogateescape"))
        assert all(isinstance(line, str) for line in store.load())


ENTRANCES: Final[dict[str, Entrance]] = {
    "decoder": decoder,
    "native": native,
    "plain": plain,
    "doorway": doorway,
    "query": query,
    "hearing": hearing,
    "showing": showing,
    "typed": typed,
    "words": words,
    "history": history,
    "heads": web_entrances.heads,
    "messages": web_entrances.messages,
}
