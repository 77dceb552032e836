"""The plain door, without a socket: lines, commands, and what telnet mixes in."""

from __future__ import annotations

import time

import pytest

from server_parts.protocol.account_requests import Login, Secret
from server_parts.protocol.doorway import Doorway
from server_parts.protocol.plain_door import PlainDoor
from server_parts.protocol.plain_encoder import PLAIN
from server_parts.protocol.requests import (
    Answer,
    Bye,
    EndConnection,
    History,
    Join,
    Nick,
    Refusal,
    Request,
    Rooms,
    Say,
    Search,
    Who,
)
from tests.peers import SLOWNESS
from tests.server.knocking import plainly, whole_and_bytewise


def test_unended_data_is_a_line_after_silence() -> None:
    """A client that never sends newlines is understood after 0.2 seconds, and not before."""
    doorway = Doorway(0.0)
    doorway.receive(b"no newline", 10.0)
    assert doorway.deadline() == pytest.approx(10.2)
    assert doorway.silence(10.1) == []
    assert doorway.silence(10.2) == [Say("lobby", ["no newline"], 0)]
    doorway.welcomed()
    assert doorway.deadline() is None
    assert doorway.silence(10.3) == []


def test_a_secret_is_awaited_to_its_end() -> None:
    """From a terminal that sends each key at once, only its first letter would be the answer, and the rest be said."""
    door = PlainDoor()
    door.receive(b"/login alice\n", 10.0)
    assert door.receive(b"s", 11.0) == []
    assert door.deadline() is None
    assert door.silence(12.0) == []
    assert door.receive(b"esame\n", 13.0) == [Login("alice", Secret("sesame"))]
    door.receive(b"hello", 14.0)
    assert door.silence(15.0) == [Say("lobby", ["hello"], 0)]


def test_more_data_extends_the_silence() -> None:
    """A slow typist's character is not a message."""
    doorway = Doorway(0.0)
    doorway.receive(b"hel", 10.0)
    doorway.receive(b"lo", 10.1)
    assert doorway.deadline() == pytest.approx(10.3)
    assert doorway.receive(b"\n", 10.2) == [Say("lobby", ["hello"], 0)]
    doorway.welcomed()
    assert doorway.deadline() is None


def test_dripping_bytes_do_not_extend_a_line() -> None:
    """Ten seconds after its first byte a line without an end is the end of the connection; a whole line starts anew."""
    doorway = Doorway(0.0)
    doorway.receive(b"x", 1.0)
    assert all(doorway.receive(b"x", 1.0 + tenth / 10) == [] for tenth in range(1, 100))
    (said,) = doorway.receive(b"\nx", 10.95)
    assert isinstance(said, Say)
    assert all(doorway.receive(b"x", 11.0 + tenth / 10) == [] for tenth in range(99))
    (ending,) = doorway.receive(b"x", 20.95)
    assert isinstance(ending, EndConnection)
    assert ending.block.splitlines()[1] == b"* goodbye *"
    assert b"within 10 s" in ending.block


def test_data_after_a_line_waits_for_its_own_end() -> None:
    """A line and a bit: the line at once, the bit after silence."""
    doorway = Doorway(0.0)
    assert doorway.receive(b"one\ntwo", 10.0)[1:] == [Say("lobby", ["one"], 0)]
    assert doorway.silence(10.3) == [Say("lobby", ["two"], 0)]


def test_the_end_ends_the_last_line() -> None:
    """`printf hi | nc` says hi."""
    doorway = Doorway(0.0)
    doorway.receive(b"hi", 0.1)
    assert doorway.end() == [Say("lobby", ["hi"], 0)]
    assert doorway.end() == []


def test_a_character_cut_in_two_stays_one() -> None:
    """A read may end in the middle of it."""
    doorway = Doorway(0.0)
    doorway.receive("é".encode()[:1], 0.1)
    assert doorway.receive("é".encode()[1:] + b"\n", 0.2) == [Say("lobby", ["é"], 0)]


def test_bytes_that_are_no_text_are_replaced() -> None:
    """Latin-1 from an old terminal is readable where it can be; NUL is dropped."""
    assert plainly(b"caf\xe9 a\x00b\n") == [Say("lobby", ["caf\ufffd ab"], 0)]


@whole_and_bytewise
def test_telnet_negotiation_is_not_text(byte_by_byte: bool) -> None:
    """Options, sub-negotiations and commands of a telnet program are dropped from what is said."""
    data = b"hi\xff\xfd\x03\xff\xfb\x18\xff\xfa\x18\x00xterm\xff\xf0 there\xff\xf1\xff\xf9\r\n"
    assert plainly(data, byte_by_byte=byte_by_byte)[-1] == Say("lobby", ["hi there"], 0)


def test_telnet_negotiations_without_end_take_no_time() -> None:
    """A whole line of beginnings of negotiations is read at once: nobody can hold the interpreter with it."""
    door = PlainDoor()
    begun = time.thread_time()
    door.receive(b"\xff\xfa" * 32_760 + b"\n", 0.0)
    assert time.thread_time() - begun < 0.5 * SLOWNESS


def test_telnet_is_answered() -> None:
    """A telnet that asks for a timing mark shows nothing more until it gets an answer: DO → WONT, WILL → DONT."""
    assert plainly(b"\xff\xf3\xff\xfd\x06\xff\xfb\x18\n")[0] == Answer(b"\xff\xfc\x06\xff\xfe\x18")


def test_telnet_negotiation_alone_says_nothing() -> None:
    """A program that greets with options has not spoken."""
    doorway = Doorway(0.0)
    doorway.receive(b"\xff\xfd\x03\xff\xfb\x18", 0.1)
    assert not [r for r in doorway.silence(1.0) if isinstance(r, Say)]


COMMANDS = {
    "/nick bob": Nick("bob"),
    "/NICK bob": Nick("bob"),
    "/join tea": Join("tea"),
    "/join TEA": Join("tea"),
    "/rooms": Rooms(),
    "/who": Who("lobby"),
    "/msg Bob hello you": Say("@bob", ["hello you"], 0),
    "/history": History("lobby", None, 20),
    "/history 5": History("lobby", None, 5),
    "/history 500": History("lobby", None, 500),
    "/search blue whale": Search("blue whale", counting=True),
    "/say over": Say("lobby", ["over"], 0),
    "/say /exit": Say("lobby", ["/exit"], 0),
    "//shrug": Say("lobby", ["/shrug"], 0),
    "//exit": Say("lobby", ["/exit"], 0),
    "/exit": Bye(),
    "/quit": Bye(),
    "exit": Bye(),
    "Quit": Bye(),
    "OVER": Bye(),
    "  over ": Bye(),
    "over and out": Say("lobby", ["over and out"], 0),
}


@pytest.mark.parametrize(("line", "request_"), COMMANDS.items(), ids=COMMANDS.keys())
def test_commands(line: str, request_: Request) -> None:
    """Each command line asks for one thing."""
    assert plainly(line.encode() + b"\r\n") == [request_]


@pytest.mark.parametrize(
    "line",
    ["/dance", "/", "/ hello", "/msgbob hi", "/nick", "/nick a b", "/nick server", "/join", "/join a b", "/join @a+b",
     "/msg", "/msg bob", "/msg a+b hi", "/history 0", "/history 501", "/history x", "/history -1",
     "/history 000000500000", "/history 00000000199999999999999999999", "/search",
     "/search since:tomorrow", "/search whale from:"],
)  # fmt: skip
def test_what_is_wrong_gets_one_error_line(line: str) -> None:
    """An unknown word or a wrong use is an error for its sender, and never a message to anyone."""
    (request,) = plainly(line.encode() + b"\n")
    assert isinstance(request, Answer | Refusal)
    told = request.block if isinstance(request, Answer) else PLAIN.frame(request.frame())
    assert told.startswith(b"* error: ")
    assert told.count(b"\n") == 1


@pytest.mark.parametrize("usage", ["/nick NAME", "/join ROOM", "/msg NAME TEXT"])
def test_a_command_alone_is_answered_with_its_form(usage: str) -> None:
    """Not with what a name is made of."""
    (request,) = plainly(usage.split()[0].encode() + b"\n")
    assert request == Answer(f"* error: usage: {usage} *\n".encode())


def test_help_names_every_command() -> None:
    """One list for all of them, and the way to send a slash."""
    (request,) = plainly(b"/help\n")
    assert isinstance(request, Answer)
    text = request.block.decode()
    for word in ("/nick", "/join", "/rooms", "/who", "/msg", "/history", "/search", "/say", "/help", "/exit", "//"):
        assert word in text


def test_an_empty_line_says_nothing() -> None:
    """A slip of the finger is not worth an error."""
    assert plainly(b"\n\r\n   \n") == [Answer(b"")] * 3


def test_joining_a_room_makes_it_the_current_one() -> None:
    """What follows goes there, and is asked there."""
    assert plainly(b"/join tea\nhi\n/who\n/history 3\n")[1:] == [
        Say("tea", ["hi"], 0),
        Who("tea"),
        History("tea", None, 3),
    ]


def test_a_text_that_is_too_long_is_refused_with_both_numbers() -> None:
    """5,000 characters pass, 5,001 do not."""
    (fits,) = plainly(b"x" * 5000 + b"\n")
    (too_long,) = plainly(b"x" * 5001 + b"\n")
    assert isinstance(fits, Say)
    assert isinstance(too_long, Say)
    assert fits.refusal is None
    assert too_long.refusal is not None
    assert "5001 > 5000" in too_long.refusal.text


def test_a_plain_line_without_an_end_ends_it() -> None:
    """65,536 bytes are the bound here too."""
    ending = plainly(b"x" * 65_537)[-1]
    assert isinstance(ending, EndConnection)
    assert b"65537 > 65536" in ending.block
    assert ending.block.endswith(b"* goodbye *\n")
