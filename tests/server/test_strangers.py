"""Programs that nobody here wrote, and that do not want to chat: each is told so or let go, and nobody else notices."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import Chat
from tests.faults.actors import slowly
from tests.faults.pair import Pair
from tests.peers import Native, wait_until
from tests.server.foreign import installed, running

NOTICED: Final = 0.2  # seconds that a text takes


@pytest.fixture
def chat_beside(chat: Chat, at_its_pace: None) -> Iterator[Chat]:
    """A server on which two people chat, who must notice nothing."""
    with Pair(chat.port, room="den") as pair:
        assert wait_until(lambda: bool(pair.delays)), "they do not chat"
        yield chat
        before = len(pair.delays)
        assert wait_until(lambda: len(pair.delays) > before + 1), "they do not chat any more"
    assert max(pair.delays) < slowly(NOTICED), f"a text of theirs took {max(pair.delays):.2f} s"


@pytest.fixture
def alice(chat_beside: Chat) -> Native:
    return chat_beside.native("alice")


def shown_by(command: str, port: int, program: str) -> str:
    """All that a shell command shows until its end, which must come by itself."""
    installed(program)
    with running("sh", "-c", command.format(port=port)) as stranger:
        assert stranger.process.stdout is not None
        stranger.end_of_input()
        shown = stranger.process.stdout.read().decode("utf-8", "replace")
        stranger.ended()
    return shown


REFUSED: Final = {
    "a web page that is none": ("curl -sS -i http://127.0.0.1:{port}/index.php", "There is nothing here"),
    "a web page of another host": ("curl -sS -i -H 'Host: evil.example' http://127.0.0.1:{port}/", "421 Misdirected"),
    "an upload": (
        "head -c 3000000 /dev/zero | curl -sS -i --data-binary @- http://127.0.0.1:{port}/",
        "Here, GET and HEAD can be asked for.",
    ),
    "a secure web page": ("curl -sS -k https://127.0.0.1:{port}/a", "There is nothing here"),
    "older TLS": ("openssl s_client -tls1_2 -connect 127.0.0.1:{port}", "protocol version"),
    "a gigabyte in one line": (
        "head -c 1000000000 /dev/zero | tr '\\0' x | nc 127.0.0.1 {port}",
        "> 65536 bytes *\n* goodbye *",
    ),
    "a gigabyte of JSON in one line": (
        "(printf '{{'; head -c 1000000000 /dev/zero | tr '\\0' x) | nc 127.0.0.1 {port}",
        '"code":"too_long"',
    ),
    "JSON that is none": (r"printf '{{}}\n{{\n{{\n{{\n{{\n{{\n' | nc 127.0.0.1 {port}", '"code":"bad_frames"'),
    "a hello of another protocol": (
        'printf \'%s\\n\' \'{{"type":"hello","protocol":9}}\' | nc 127.0.0.1 {port}',
        '"code":"protocol_version"',
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_a_reason(what: str, chat_beside: Chat) -> None:
    """It is told why in its own language where that is possible, and the connection ends."""
    command, told = REFUSED[what]
    program = next(name for name in ("curl", "openssl", "nc") if name in command)
    assert told in shown_by(command, chat_beside.port, program)


SAID: Final = {
    "half a line and silence": ("{nc} 127.0.0.1 {port}", b"half a line", ["half a line"]),
    "a NUL": ("{nc} 127.0.0.1 {port}", b"a\0b\n", ["ab"]),
    "what is no UTF-8": ("{ncat} 127.0.0.1 {port}", b"gr\xfc\xdf\n", ["gr\ufffd\ufffd"]),
    "only newlines, then a word": ("{socat} - TCP:127.0.0.1:{port}", b"\n\r\n\n\nword\r\n", ["word"]),
    "a lone carriage return": ("{nc} 127.0.0.1 {port}", b"one\rtwo\n", ["one\rtwo"]),
}


@pytest.mark.parametrize("what", SAID)
def test_understood_as_well_as_can_be(what: str, chat_beside: Chat, alice: Native) -> None:
    """Odd bytes are a text, as far as they are one."""
    command, data, texts = SAID[what]
    program = command[1:].partition("}")[0]
    words = shlex.split(command.format(**{program: installed(program), "port": chat_beside.port}))
    with running(*words) as stranger:
        assert stranger.process.stdin is not None
        stranger.process.stdin.write(data)
        stranger.process.stdin.flush()
        assert [alice.until("message")["text"] for _ in texts] == texts
        stranger.until("* delivered #")


def test_every_byte_there_is(chat_beside: Chat, alice: Native, tmp_path: Path) -> None:
    """A binary file through nc: line by line it is said or refused, and the connection lives on."""
    file = tmp_path / "binary"
    file.write_bytes(bytes(range(256)) * 40 + b"\nthe end\n")
    command = f"(cat {shlex.quote(str(file))}; sleep 0.3; echo over) | nc 127.0.0.1 {{port}}"
    shown = shown_by(command, chat_beside.port, "nc")
    assert shown.endswith("* goodbye *\n")
    assert "\x1b" not in shown
    while alice.until("message")["text"] != "the end":
        pass
