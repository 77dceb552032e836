"""The client against a server that follows a script: every step of a conversation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chat_common import with_local_times
from client import ChatClient
from client_parts.kept.audience import OWN_MACHINE, token_for
from tests.client.conftest import Start
from tests.client.fakes import ScriptedServer, goodbye, in_the_lobby, message

# --- The names that were promised -------------------------------------------------------------------------------


def test_a_client_has_the_promised_attributes_and_starts_nothing() -> None:
    """Host, port, colour and no socket yet."""
    client = ChatClient(color="red")
    assert (client.host, client.port, client.color, client.client_socket) == ("127.0.0.1", 3030, "red", None)


def test_an_unknown_colour_is_refused() -> None:
    """With the list of those there are."""
    with pytest.raises(ValueError, match="choose from"):
        ChatClient(color="ultraviolet")


# --- A conversation ---------------------------------------------------------------------------------------------


def test_hello_text_receipt_goodbye(server: ScriptedServer, start: Start) -> None:
    """The whole of a short visit."""
    running = start(color="red")
    peer = server.accept()
    hello = peer.welcome()
    assert (hello["name"], hello["color"], hello["rooms"]) == ("ann", "red", {"lobby": None})
    running.screen.type("hello", "  ", "exit")
    say = peer.expect("say")
    assert (say["room"], say["text"], say["seq"]) == ("lobby", "hello", 1)
    peer.receipt(say, 1, "ann")
    peer.expect("bye")
    peer.send({"type": "bye", "code": "exit", "text": "goodbye", "retry": False})
    assert running.status() == 0
    assert running.screen.lines[0] == f"Connected to server at 127.0.0.1:{server.port}"
    assert any(line.endswith(" [COLOR (red)] ann said -> hello ✓") for line in running.screen.lines)
    assert running.client.client_socket is None


def test_a_greeting_in_plain_text_is_passed_over(server: ScriptedServer, start: Start) -> None:
    """A server that took us for a person at first does not confuse us."""
    running = start()
    peer = server.accept()
    peer.send_raw(b"* hello client *\nYou are guest-1.\n")
    peer.welcome()
    running.screen.wait_for("You are ann.")
    assert not any("guest-1" in line for line in running.screen.lines)
    assert goodbye(running, peer) == 0


def test_what_proves_the_name_is_shown_every_time(server: ScriptedServer, start: Start, tmp_path: Path) -> None:
    """In each hello is a token that is made of the secret, and the session is the same in each."""
    running = start()
    first = server.accept()
    hello = first.welcome()
    first.close()
    second = server.accept()
    again = second.welcome()
    secret = (tmp_path / "token").read_text().strip()
    assert hello["token"] == again["token"] == token_for(secret, OWN_MACHINE)
    assert hello["session"] == again["session"]
    assert goodbye(running, second) == 0


def test_without_a_place_for_the_secret_it_goes_on(server: ScriptedServer, start: Start, tmp_path: Path) -> None:
    """One sentence, and no token."""
    (tmp_path / "token").mkdir()
    running = start()
    peer = server.accept()
    assert "token" not in peer.welcome()
    running.screen.wait_for("Your name is not protected")
    assert goodbye(running, peer) == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_a_secret_that_others_can_read_is_used_all_the_same(
    server: ScriptedServer, start: Start, tmp_path: Path
) -> None:
    """One sentence with the remedy, once, and the conversation goes on."""
    token = tmp_path / "token"
    token.write_text("x" * 43)
    token.chmod(0o644)
    running = start()
    first = server.accept()
    assert first.welcome()["token"] == token_for("x" * 43, OWN_MACHINE)
    running.screen.wait_for(f"chmod 600 {token}")
    first.close()
    second = server.accept()
    second.welcome()
    assert goodbye(running, second) == 0
    assert sum("chmod" in line for line in running.screen.lines) == 1


def test_a_taken_name_is_numbered_on_the_same_connection(
    server: ScriptedServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody chose the login name, so the next free one will do."""
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    running = start(name=None)
    peer = server.accept()
    for name in ("ann", "ann-2"):
        assert peer.expect("hello")["name"] == name
        peer.send({"type": "error", "code": "name_taken", "text": "taken", "fatal": False})
    assert peer.welcome()["name"] == "ann-3"
    running.screen.wait_for("You are ann-3.")
    assert goodbye(running, peer) == 0


TAKEN = {"type": "error", "code": "name_taken", "text": "taken", "fatal": False}


def test_a_name_that_an_older_client_claimed_moves_over(server: ScriptedServer, start: Start, tmp_path: Path) -> None:
    """What that showed is shown once, where the name seems to be somebody else's; nothing else of the hello differs."""
    (tmp_path / "token").write_text("x" * 43)
    running = start()
    peer = server.accept()
    hello = peer.expect("hello")
    peer.send(TAKEN)
    again = peer.welcome()
    assert "former_token" not in hello
    assert again == {**hello, "former_token": "x" * 43}
    peer.close()
    peer = server.accept()
    again = peer.welcome()
    assert (again["token"], "former_token" in again) == (hello["token"], False)
    assert goodbye(running, peer) == 0


def test_an_older_server_does_not_know_what_moves_over(server: ScriptedServer, start: Start, tmp_path: Path) -> None:
    """It says again that the name is taken: then it is."""
    (tmp_path / "token").write_text("x" * 43)
    running = start()
    peer = server.accept()
    for _ in range(2):
        peer.expect("hello")
        peer.send(TAKEN)
    assert running.status() == 1
    assert "The name ann is taken" in running.screen.lines[-1]


def test_each_name_may_be_one_that_moves_over(
    server: ScriptedServer, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else was the first ann; this person was always ann-2."""
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    (tmp_path / "token").write_text("x" * 43)
    running = start(name=None)
    peer = server.accept()
    shown = []
    for _ in range(3):
        hello = peer.expect("hello")
        shown.append((hello["name"], hello.get("former_token")))
        peer.send(TAKEN)
    assert peer.welcome()["former_token"] == "x" * 43
    assert shown == [("ann", None), ("ann", "x" * 43), ("ann-2", None)]
    running.screen.wait_for("You are ann-2.")
    assert goodbye(running, peer) == 0


def test_a_taken_name_that_was_chosen_ends_it(server: ScriptedServer, start: Start) -> None:
    """One sentence and status 1."""
    running = start()
    peer = server.accept()
    peer.expect("hello")
    peer.send({"type": "error", "code": "name_taken", "text": "taken", "fatal": False})
    assert running.status() == 1
    assert "The name ann is taken" in running.screen.lines[-1]


def test_another_refusal_ends_it_with_its_reason(server: ScriptedServer, start: Start) -> None:
    """The server's own sentence is what a person sees."""
    running = start()
    peer = server.accept()
    peer.expect("hello")
    peer.send({"type": "error", "code": "protocol_version", "text": "This server speaks version 2.", "fatal": True})
    assert running.status() == 1
    assert running.screen.lines[-1] == "This server speaks version 2."


def test_who_leaves_waits_for_their_own_receipt(server: ScriptedServer, start: Start) -> None:
    """Not for a message of the same name and number from another terminal."""
    running = start(interactive=False)
    peer = server.accept()
    assert peer.welcome(tag="here")["features"] == ["by"]
    running.screen.type("hello", EOFError())
    say = peer.expect("say")
    peer.send(message(1, "from there", "ann", seq=1, by="elsewhere"))
    running.screen.wait_for("from there")
    peer.expect_nothing()
    peer.send(message(2, say["text"], "ann", seq=1, by="here"))
    peer.expect("bye")
    peer.close()
    assert running.status() == 0


def test_times_are_shown_as_the_readers_clock_has_them(server: ScriptedServer, start: Start) -> None:
    """In what the server says itself; what people say is shown as they wrote it."""
    running, peer = in_the_lobby(server, start)
    noon = "2026-11-02T12:00:00Z"
    here = with_local_times(noon)
    assert here != noon
    peer.send({"type": "notice", "text": f"muted until {noon}"})
    running.screen.wait_for(f"* muted until {here}")
    peer.send({"type": "error", "code": "muted", "text": f"you are muted until {noon}", "fatal": False})
    running.screen.wait_for(f"You are muted until {here}.")
    peer.send({"type": "message", "room": "lobby", "id": 1, "ts": 1, "from": "bob", "color": "red", "text": noon})
    running.screen.wait_for(f"said -> {noon}")
    peer.send({"type": "bye", "code": "banned", "text": f"you were banned until {noon}", "retry": False})
    running.screen.wait_for(f"Disconnected: you were banned until {here}.")


def test_garbage_from_the_server_is_survived(server: ScriptedServer, start: Start) -> None:
    """Broken lines and malformed frames are passed over, and the next message is shown."""
    running, peer = in_the_lobby(server, start)
    peer.send_raw(
        b'\xff\xfe\n{}\n{"type":"message"}\n{"type":5}\n[]\n{"type":"message","room":{}}\n' + b"[" * 9000 + b"\n"
    )
    peer.send(message(1, "still here"))
    running.screen.wait_for("still here")
    assert goodbye(running, peer) == 0
