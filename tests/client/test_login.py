"""Coming in with a password or an invitation, and being shown out: with a server that follows a script."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import ClassVar

import pytest

import client
from client_parts.command_line import Preferences
from client_parts.link.link import Link
from tests.client.conftest import Start
from tests.client.fakes import RunningClient, ScriptedServer, goodbye, in_the_lobby

PASSWORD, CODE = "correct horse", "k3f9-aaaa"


def logging_in(start: Start, **options: object) -> RunningClient:
    return start(password=PASSWORD, invitation=CODE, **options)


def test_the_proof_is_in_each_hello_until_one_is_welcomed(server: ScriptedServer, start: Start) -> None:
    """Also if the server is full at first; after that the device is known, and nothing of it is sent again."""
    running = logging_in(start)
    peer = server.accept()
    assert peer.expect("hello")["password"] == PASSWORD
    peer.send({"type": "error", "code": "server_full", "text": "full", "fatal": True})
    peer.close()
    peer = server.accept()
    hello = peer.welcome()
    assert (hello["password"], hello["invite"]) == (PASSWORD, CODE)
    running.screen.wait_until(lambda: running.screen.statuses[-1].online)
    peer.close()
    peer = server.accept()
    hello = peer.welcome()
    assert "password" not in hello
    assert "invite" not in hello
    assert goodbye(running, peer) == 0
    assert PASSWORD not in "".join(running.screen.lines) + str(running.screen.events)


def others_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are as if they left this machine without encryption."""
    answer = property(lambda self: False, lambda self, is_confidential: None)
    monkeypatch.setattr(Link, "is_confidential", answer, raising=False)


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("password_wrong", "That is neither the password of ann at"),
        ("name_taken", "The name ann is taken at"),
        ("encryption_needed", "accepts passwords and codes only over an encrypted connection"),
        ("too_many", "Too many tries; start the client again later."),
        ("invite_needed", "That invitation is not valid at"),
        ("banned", "Too many tries; only an operator of"),
    ],
)
def test_a_refused_proof_ends_the_client(server: ScriptedServer, start: Start, code: str, part: str) -> None:
    """With one sentence and status 1; a goodbye behind it adds nothing."""
    running = logging_in(start)
    peer = server.accept()
    peer.expect("hello")
    peer.send(
        {"type": "error", "code": code, "text": "Too many tries", "fatal": True},
        {"type": "bye", "code": code, "text": "Too many tries", "retry": False},
    )
    assert running.status() == 1
    [line] = [line for line in running.screen.lines if not line.startswith("Connected")]
    assert part in line
    assert running.client.is_password_wrong == (code == "password_wrong")


class Mistyping:
    """In the program's place of a ChatClient: each password but one is wrong."""

    given: ClassVar[list[str | None]] = []

    def __init__(self, *where: object, preferences: Preferences) -> None:
        self.given.append(preferences.password)
        self.is_password_wrong = preferences.password != PASSWORD

    def connect_to_server(self) -> int:
        return int(self.is_password_wrong)


@pytest.mark.parametrize(
    ("typed", "asked", "status"),
    [([PASSWORD], 1, 0), (["wrong", PASSWORD], 2, 0), (["wrong"] * 5, 3, 1)],
)
def test_a_mistyped_password_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, typed: list[str], asked: int, status: int
) -> None:
    """Three times in all, as elsewhere; who has typed the right one is asked no more."""
    monkeypatch.setattr(Mistyping, "given", [])
    monkeypatch.setattr(client, "ChatClient", Mistyping)
    answers = iter(typed)
    monkeypatch.setattr(client, "ask_for_password", lambda name: next(answers))
    assert client.main(["--login", "--name", "ann"]) == status
    assert Mistyping.given == typed[:asked]


def test_a_password_is_shown_to_nobody_elses_name(server: ScriptedServer, start: Start) -> None:
    """Without --name the next free name would be tried; with a password there is no other."""
    running = logging_in(start, name=None)
    peer = server.accept()
    name = peer.expect("hello")["name"]
    peer.send({"type": "error", "code": "name_taken", "text": "taken", "fatal": False})
    assert running.status() == 1
    running.screen.wait_for(f"The name {name} is taken")


def test_a_password_is_not_sent_where_others_could_read_it(
    server: ScriptedServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client ends with one sentence before its first word."""
    others_can_read(monkeypatch)
    running = logging_in(start)
    peer = server.accept()
    assert running.status() == 1
    running.screen.wait_for("The password was not sent: this connection is not encrypted")
    with pytest.raises(AssertionError, match="closed instead of sending"):
        peer.expect("hello")


def test_an_invitation_alone_may_be_read(server: ScriptedServer, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no secret of this person's; whether it is taken so the server decides."""
    others_can_read(monkeypatch)
    running = start(invitation=CODE)
    peer = server.accept()
    assert peer.welcome()["invite"] == CODE
    running.screen.wait_until(lambda: running.screen.statuses[-1].online)
    running.screen.type("/password")
    running.screen.wait_for("Passwords cannot be sent now: this connection is not encrypted")
    running.screen.type(EOFError())  # instead of what may be a password
    assert goodbye(running, peer) == 0
    assert running.screen.questions == ["Nothing is sent; Esc to go on"]


def test_a_password_is_asked_for_and_goes_straight_to_the_server(server: ScriptedServer, start: Start) -> None:
    """No line, no event and no text holds it."""
    running, peer = in_the_lobby(server, start)
    running.screen.type("/password", "", PASSWORD, PASSWORD)
    assert peer.expect("password") == {"type": "password", "new": PASSWORD}
    peer.send({"type": "notice", "text": "your password is set"})
    running.screen.wait_for("your password is set")
    running.screen.type("/password off", KeyboardInterrupt())
    running.screen.wait_for("Nothing was changed.")
    assert goodbye(running, peer) == 0
    assert PASSWORD not in "".join(running.screen.lines) + str(running.screen.events)


@pytest.mark.parametrize("code", ["kicked", "banned", "forgotten"])
def test_whoever_is_shown_out_does_not_come_back(server: ScriptedServer, start: Start, code: str) -> None:
    """Status 1 and the sentence, also if the server should say that coming back makes sense."""
    running, peer = in_the_lobby(server, start)
    peer.send({"type": "bye", "code": code, "text": "ann was here too long", "retry": True})
    assert running.status() == 1
    assert running.screen.lines[-1] == "Disconnected: ann was here too long."


def test_preferences_never_print_a_secret() -> None:
    """Wherever a fault may print them."""
    preferences = Preferences(password=PASSWORD, invitation=CODE, password_file=Path("file"))
    assert PASSWORD not in repr(preferences)
    assert CODE not in repr(preferences)
    assert PASSWORD in dataclasses.asdict(preferences).values()
