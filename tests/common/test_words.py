"""Names, rooms, colours, exit words and addresses."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
import termcolor
from hypothesis import given
from hypothesis import strategies as st

import chat_common
from chat_common import (
    COLORS,
    color_for,
    color_problem,
    format_address,
    is_exit,
    name_problem,
    parse_address,
    parse_port,
    partners,
    private_room,
    room_problem,
)

# --- names ---


@pytest.mark.parametrize("name", ["a", "7", "Alice", "a.b-c_d", "x" * 32, "guest-x", "guests", "server2", "guest-"])
def test_names_that_are_allowed(name: str) -> None:
    """Letters, digits, dot, dash and underscore, up to 32 of them."""
    assert name_problem(name) is None


@pytest.mark.parametrize(
    "name",
    ["", "-a", ".a", "_a", "a b", "é", "a\n", "a\x1b", "名", "@a", "a+b", "٣", "ａ", "server", "ADMIN", "System",
     "operator", "guest", "guest-1", "Guest-999", "10.1.2.3"],
)  # fmt: skip
def test_names_that_are_refused(name: str) -> None:
    """Other characters, a wrong beginning, and the reserved names in any case."""
    problem = name_problem(name)
    assert problem is not None
    assert problem.isprintable()


def test_a_long_name_is_told_both_numbers() -> None:
    """33 characters are one too many."""
    assert name_problem("x" * 33) == "that name is too long: 33 > 32 characters"


# --- rooms ---


@pytest.mark.parametrize("room", ["lobby", "a", "7", ".", "-", "_", "a.b-c_9", "x" * 64])
def test_rooms_that_are_allowed(room: str) -> None:
    """Lower-case letters, digits, dot, dash and underscore, up to 64 of them."""
    assert room_problem(room) is None


@pytest.mark.parametrize("room", ["", "Lobby", "a b", "#a", "@a", "é", "a\n", "\x1b", "a+b", "a/b"])
def test_rooms_that_are_refused(room: str) -> None:
    """Anything else is no room."""
    assert room_problem(room) is not None


def test_a_long_room_is_told_both_numbers() -> None:
    """65 characters are one too many."""
    assert room_problem("x" * 65) == "that room name is too long: 65 > 64 characters"


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}", fullmatch=True)


@given(names, names)
def test_a_private_room_is_the_same_for_both(one: str, other: str) -> None:
    """Whoever asks and in whatever case; and its two names can be read from it."""
    room = private_room(one, other)
    assert room == private_room(other, one) == private_room(one.upper(), other.lower())
    assert partners(room) == tuple(sorted((one.lower(), other.lower())))
    assert room == room.lower()


def test_a_private_room_is_written_in_alphabetical_order() -> None:
    """The form that the frames carry."""
    assert private_room("Bob", "alice") == "@alice+bob"


def test_a_public_room_has_no_partners() -> None:
    """It belongs to everyone."""
    assert partners("lobby") == ()


# --- colours ---


def test_colours_are_those_of_termcolor() -> None:
    """Whatever the installed package can show, and nothing else."""
    assert set(COLORS) == set(termcolor.COLORS)
    assert len(COLORS) == len(set(COLORS))


@given(names)
def test_a_name_has_its_colour(name: str) -> None:
    """Always one that exists, and the same in any case."""
    assert color_for(name) in COLORS
    assert color_for(name) == color_for(name.upper())


def test_the_colour_of_a_name_never_changes() -> None:
    """Two programs on two machines, and next year's release, must agree; most names differ."""
    assert [color_for(name) for name in ("alice", "bob", "carol")] == ["light_red", "blue", "red"]
    assert len({color_for(f"name{i}") for i in range(50)}) > 4


def test_an_unknown_colour_gets_the_list() -> None:
    """And its own name made harmless."""
    problem = color_problem("pi\x1bnk")
    assert problem is not None
    assert "blue" in problem
    assert "magenta" in problem
    assert "\x1b" not in problem
    assert color_problem("blue") is None


@pytest.mark.parametrize(
    ("variable", "painted"), [("FORCE_COLOR", b"\x1b[32mhi\x1b[0m"), ("NO_COLOR", b"hi"), ("CHAT_NOTHING", b"hi")]
)
def test_paint_obeys_the_environment(variable: str, painted: bytes) -> None:
    """NO_COLOR leaves the text alone, as a pipe does; FORCE_COLOR colours it even into a pipe."""
    environment = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "NO_COLOR")} | {variable: "1"}
    command = [sys.executable, "-c", "import chat_common; print(chat_common.paint('hi', 'green'), end='')"]
    shown = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=20)
    assert shown.stdout == painted


# --- exit words ---


@pytest.mark.parametrize("line", ["/exit", "/quit", "exit", "quit", "over", "OVER", "Exit", " /exit ", "quit\r"])
def test_exit_words(line: str) -> None:
    """The words of all the old programs, in any case, alone on the line."""
    assert is_exit(line)


@pytest.mark.parametrize("line", ["", "exit now", "it is over", "/exits", "//exit", "exit.", "/over", "quit quit"])
def test_what_is_no_exit_word(line: str) -> None:
    """A sentence with such a word in it is a sentence."""
    assert not is_exit(line)


# --- addresses ---


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("example.org", ("example.org", 3030)),
        ("example.org:99", ("example.org", 99)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        (":99", ("127.0.0.1", 99)),
        ("", ("127.0.0.1", 3030)),
        ("::1", ("::1", 3030)),
        ("[::1]", ("::1", 3030)),
        ("[::1]:65535", ("::1", 65_535)),
        ("example.org:", ("example.org", 3030)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    """Host, host and port, and both ways to write IPv6."""
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["a:b", "a:65536", "a:-1", "[::1", "[::1]x", "[::1]:x", "a:1 2", "a:٣", "a:\x1b", "a:²"]
)
def test_wrong_addresses(text: str) -> None:
    """What is right is said; who asked knows what was written."""
    with pytest.raises(ValueError, match=r"^(use a number from 0 to 65535|write HOST, HOST:PORT or \[IPV6\]:PORT)$"):
        parse_address(text)


def test_the_default_port_may_be_chosen() -> None:
    """For an address that names none."""
    assert parse_address("h", default_port=7) == ("h", 7)


hosts = st.sampled_from(["localhost", "127.0.0.1", "::1", "fe80::1", "chat.example.org"])


@given(hosts, st.integers(0, 65_535))
def test_addresses_round_trip(host: str, port: int) -> None:
    """What is written is read back."""
    assert parse_address(format_address(host, port)) == (host, port)


@given(st.integers(65_536, 10**9) | st.just(10**4_250))
def test_ports_end_at_65535(port: int) -> None:
    """And say so."""
    with pytest.raises(ValueError, match="0 to 65535"):
        parse_port(str(port))


def test_the_version_is_a_version() -> None:
    """Three numbers."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", chat_common.VERSION)
