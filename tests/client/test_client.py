"""The client against a server that follows a script: every step of a conversation, and losing the link."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat_common import with_local_times
from client import ChatClient
from client_parts.command_line import Preferences
from client_parts.kept.audience import OWN_MACHINE, token_for
from client_parts.kept.bookmarks import Bookmark, Bookmarks
from client_parts.link.link import AMONG_SEVERAL, Patience
from tests.client.conftest import Start
from tests.client.fakes import HASTY, ScriptedServer, goodbye, in_the_lobby, message

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


# --- Losing the connection --------------------------------------------------------------------------------------


def test_text_is_sent_once_over_a_lost_receipt(server: ScriptedServer, start: Start) -> None:
    """The server stored it, the receipt was lost: the resumed room shows it, and nothing is sent again."""
    running, peer = in_the_lobby(server, start)
    running.screen.type("one")
    peer.expect("say")
    peer.close()
    peer = server.accept()
    hello = peer.expect("hello")
    assert hello["rooms"] == {"lobby": 0}
    peer.send(
        {"type": "welcome", "name": "ann", "color": "blue", "epoch": "e1", "accepted": 1},
        {"type": "joined", "room": "lobby", "last": 1, "members": 1},
        {"type": "history", "room": "lobby", "messages": [message(1, "one", "ann", seq=1)]},
    )
    running.screen.wait_for("said -> one ✓")
    assert goodbye(running, peer) == 0
    assert sum("one ✓" in line for line in running.screen.lines) == 1


def test_text_typed_while_offline_is_sent_in_order_on_return(server: ScriptedServer, start: Start) -> None:
    """The prompt shows the state and the count, and everything goes out once."""
    running, peer = in_the_lobby(server, start)
    server.go_away()
    running.screen.wait_for("Disconnected: the server")
    running.screen.type("one", "two")
    running.screen.wait_until(lambda: running.screen.statuses[-1].link == "offline, 2 waiting")
    server.open()
    peer = server.accept()
    peer.welcome()
    for seq, text in enumerate(("one", "two"), 1):
        say = peer.expect("say")
        assert (say["seq"], say["text"]) == (seq, text)
        peer.receipt(say, seq, "ann")
    running.screen.wait_for("said -> two ✓")
    assert goodbye(running, peer) == 0
    assert sum("Disconnected" in line for line in running.screen.lines) == 1


def test_who_writes_while_offline_does_not_wait_for_a_long_pause(server: ScriptedServer, start: Start) -> None:
    """The next try comes at once, and takes the text along."""
    hour = replace(HASTY, first_pause=3600, longest_pause=3600, hurry=0.1)
    running, peer = in_the_lobby(server, start, patience=hour)
    peer.close()
    running.screen.wait_for("Disconnected: the server")
    running.screen.type("hello")
    peer = server.accept()
    peer.welcome()
    peer.receipt(peer.expect("say"), 1, "ann")
    running.screen.wait_for("said -> hello ✓")
    assert goodbye(running, peer) == 0


def test_without_reconnect_a_loss_is_the_end(server: ScriptedServer, start: Start) -> None:
    """Status 1 and one sentence."""
    running, peer = in_the_lobby(server, start, reconnect=False)
    peer.close()
    assert running.status() == 1
    assert running.screen.lines[-1] == "Disconnected: the server closed the connection."


@pytest.mark.parametrize(("code", "status"), [("kicked", 1), ("replaced", 1), ("exit", 0)])
def test_a_final_bye_is_final(server: ScriptedServer, start: Start, code: str, status: int) -> None:
    """A server that says not to come back is obeyed, and its reason shown."""
    running, peer = in_the_lobby(server, start)
    peer.send({"type": "bye", "code": code, "text": "You were asked to leave.", "retry": False})
    assert running.status() == status
    assert running.screen.lines[-1] == "Disconnected: You were asked to leave."


def test_a_bye_for_now_is_followed_by_a_return(server: ScriptedServer, start: Start) -> None:
    """A server that restarts is waited for."""
    running, peer = in_the_lobby(server, start)
    peer.send({"type": "bye", "code": "shutdown", "text": "back soon", "retry": True})
    peer = server.accept()
    peer.welcome()
    running.screen.wait_for("Connected again to server")
    assert goodbye(running, peer) == 0


LOCKDOWN = {"type": "error", "code": "invite_needed", "text": "no new people until noon", "until": 4e9}


def test_a_lockdown_is_waited_out(server: ScriptedServer, start: Start) -> None:
    """By somebody who was in: that is said once, what is written meanwhile is kept, and then they are back."""
    running, peer = in_the_lobby(server, start)
    peer.close()
    for _ in range(2):
        peer = server.accept()
        peer.expect("hello")
        peer.send(LOCKDOWN)
    running.screen.type("kept")
    peer = server.accept()
    peer.welcome()
    peer.receipt(peer.expect("say"), 1, "ann")
    running.screen.wait_for("said -> kept")
    told = [line for line in running.screen.lines if "no new people" in line.lower()]
    assert told == ["No new people until noon. The client tries again; what you write is kept."]
    assert goodbye(running, peer) == 0


@pytest.mark.parametrize("until", [None, 4e9], ids=["for good", "of a newcomer"])
def test_no_other_missing_invitation_is_waited_for(server: ScriptedServer, start: Start, until: float | None) -> None:
    """Nothing would change for somebody who was never in, nor on a server that always asks for one."""
    if until is None:
        running, peer = in_the_lobby(server, start)
        peer.close()
    else:
        running = start(name="ann")
    peer = server.accept()
    peer.expect("hello")
    peer.send({**LOCKDOWN, "until": until})
    assert running.status() == 1
    running.screen.wait_for("ask for a code")


def test_a_success_makes_the_next_pause_short_again(server: ScriptedServer, start: Start) -> None:
    """However often the connection was lost before, the first try comes soon."""
    running, peer = in_the_lobby(server, start)
    for _ in range(4):
        peer.close()
        peer = server.accept()
        peer.welcome()
    running.screen.wait_until(lambda: sum("Connected again" in line for line in running.screen.lines) == 4)
    assert goodbye(running, peer) == 0
    pauses = [event["pause"] for event in running.screen.events if event.get("state") == "reconnecting"]
    assert len(pauses) == 4
    assert max(pauses) <= HASTY.first_pause


@pytest.mark.parametrize("interactive", [True, False])
def test_a_full_server_is_tried_again(server: ScriptedServer, start: Start, interactive: bool) -> None:
    """Full is a reason to wait, also the first time; it is said once, and what is typed meanwhile is sent."""
    running = start(interactive=interactive)
    for _ in range(2):
        server.accept().send({"type": "bye", "code": "server_full", "text": "this server is full", "retry": True})
    running.screen.type("one")
    peer = server.accept()
    peer.welcome()
    peer.receipt(peer.expect("say"), 1, "ann")
    running.screen.wait_for("said -> one")
    running.screen.type("/exit")
    peer.expect("bye")
    peer.close()
    assert running.status() == 0
    told = [line for line in running.screen.lines if "full" in line]
    assert told == ["This server is full. The client tries again; what you write is kept."]


@pytest.mark.parametrize("interactive", [True, False])
def test_without_reconnect_a_full_server_is_the_end(server: ScriptedServer, start: Start, interactive: bool) -> None:
    """Status 1, and the server's reason."""
    running = start(reconnect=False, interactive=interactive)
    server.accept().send({"type": "bye", "code": "server_full", "text": "this server is full", "retry": True})
    assert running.status() == 1
    assert running.screen.lines[-1] == "Disconnected: this server is full."


def test_who_waits_for_a_place_waits_over_a_restart_too(server: ScriptedServer, start: Start) -> None:
    """A server that once asked to come again is one, also when nobody answers for a while."""
    running = start(interactive=False)
    server.accept().send({"type": "bye", "code": "server_full", "text": "this server is full", "retry": True})
    running.screen.wait_for("This server is full.")
    server.go_away()
    running.screen.wait_until(lambda: any("refused" in event.get("reason", "") for event in running.screen.events))
    server.open()
    peer = server.accept()
    peer.welcome()
    running.screen.wait_for("You are ann")
    assert goodbye(running, peer) == 0


def test_what_comes_after_the_exit_is_not_read(server: ScriptedServer, start: Start, tmp_path: Path) -> None:
    """The screen is gone: the next run shows it as new."""
    running, peer = in_the_lobby(server, start)
    peer.send(message(1, "seen"))
    running.screen.wait_for("seen")
    running.screen.type("/exit")
    peer.expect("bye")
    peer.send(message(2, "unseen"), {"type": "bye", "code": "exit", "text": "goodbye", "retry": False})
    assert running.status() == 0
    assert Bookmarks(tmp_path / "seen.json").find("e1", "ann") == Bookmark({"lobby": 1})


def test_what_was_shown_in_the_instant_of_leaving_is_read(
    server: ScriptedServer, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow the rest of that turn is; what came with it is new the next time."""
    running, peer = in_the_lobby(server, start)
    screen, show = running.screen, running.screen.show

    def show_and_be_left(line: str, *how: Any, **more: Any) -> None:
        show(line, *how, **more)
        if "seen" in line:
            screen.type("/exit")
            screen.wait_until(lambda: screen.left)

    monkeypatch.setattr(screen, "show", show_and_be_left)
    peer.send(message(1, "seen"), message(2, "too late"))
    peer.expect("bye")
    peer.send({"type": "bye", "code": "exit", "text": "goodbye", "retry": False})
    assert running.status() == 0
    assert Bookmarks(tmp_path / "seen.json").find("e1", "ann") == Bookmark({"lobby": 1})


def test_who_waits_for_a_place_can_write_and_leave(server: ScriptedServer, start: Start) -> None:
    """A person is not locked in, and gets the text back."""
    running = start()
    server.accept().send({"type": "bye", "code": "server_full", "text": "this server is full", "retry": True})
    running.screen.wait_for("This server is full.")
    running.screen.type("one", "/exit")
    assert running.status() == 1
    assert running.screen.lines[-2:] == ["1 text was not confirmed, and may be lost.", "  one"]


def test_a_server_that_cannot_take_a_hello_now_is_tried_again(server: ScriptedServer, start: Start) -> None:
    """Its disk is full: no `bye` follows, and the next connection is another try."""
    running = start()
    peer = server.accept()
    peer.expect("hello")
    peer.send({"type": "error", "code": "storage_unavailable", "text": "The disk is full.", "fatal": False})
    peer = server.accept()
    peer.welcome()
    running.screen.wait_for("You are ann")
    assert "The disk is full. The client tries again; what you write is kept." in running.screen.lines
    assert goodbye(running, peer) == 0


def test_a_text_typed_while_a_connection_is_tried_is_given_back(
    server: ScriptedServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the person leaves before the try has failed."""
    running, peer = in_the_lobby(server, start)
    trying, left = threading.Event(), threading.Event()

    def fail_late(*_: object) -> None:
        trying.set()
        assert left.wait(10)
        raise ConnectionRefusedError

    monkeypatch.setattr("client_parts.link.trust.connect", fail_late)
    peer.close()
    assert trying.wait(10)
    running.screen.type("one", "/exit")
    running.screen.wait_until(lambda: running.screen.left)
    left.set()
    assert running.status() == 1
    assert running.screen.lines[-2:] == ["1 text was not confirmed, and may be lost.", "  one"]


def test_a_server_that_is_full_of_something_else(server: ScriptedServer, start: Start) -> None:
    """Another program is told apart from a chat server at once, in one sentence."""
    running = start()
    server.accept().send_raw(b"SSH-2.0-OpenSSH_9.2\r\n")
    assert running.status() == 1
    assert running.screen.lines[-1] == (
        f"Could not join the chat at 127.0.0.1:{server.port}: "
        "another program answers there, not this chat; check the host and the port."
    )


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


def test_a_full_disk_is_waited_out(server: ScriptedServer, start: Start) -> None:
    """The refused text and all after it come again, in order, until they are taken."""
    running, peer = in_the_lobby(server, start)
    running.screen.type("one", "two")
    for _ in range(2):
        assert [peer.expect("say")["seq"] for _ in range(2)] == [1, 2]
        peer.send(
            {"type": "error", "code": "storage_unavailable", "text": "The disk is full.", "seq": 1},
            {"type": "error", "code": "bad_seq", "text": "expected 1", "seq": 2, "accepted": 0},
        )
    for seq in (1, 2):
        peer.receipt(peer.expect("say"), seq, "ann")
    running.screen.wait_for("said -> two ✓")
    assert goodbye(running, peer) == 0


def test_a_jump_is_resumed_over_the_wire(server: ScriptedServer, start: Start) -> None:
    """The room is joined again from the last number that was shown."""
    running, peer = in_the_lobby(server, start)
    peer.send(message(1), message(5))
    assert peer.expect("join") == {"type": "join", "room": "lobby", "after": 1}
    assert goodbye(running, peer) == 0


def test_garbage_from_the_server_is_survived(server: ScriptedServer, start: Start) -> None:
    """Broken lines and malformed frames are passed over, and the next message is shown."""
    running, peer = in_the_lobby(server, start)
    peer.send_raw(
        b'\xff\xfe\n{}\n{"type":"message"}\n{"type":5}\n[]\n{"type":"message","room":{}}\n' + b"[" * 9000 + b"\n"
    )
    peer.send(message(1, "still here"))
    running.screen.wait_for("still here")
    assert goodbye(running, peer) == 0


def test_patience_keeps_the_promise_about_dead_links() -> None:
    """Noticed within 45 seconds, and asked before a router forgets."""
    patience = Patience()
    assert patience.quiet < patience.dead < 45


@pytest.mark.parametrize(("others", "patience"), [((), Patience()), ((("127.0.0.1", 2),), AMONG_SEVERAL)])
def test_a_silent_server_is_left_sooner_for_another_one(
    others: tuple[tuple[str, int], ...], patience: Patience, tmp_path: Path
) -> None:
    """Its machine may be lost; where there is no other, patience costs nothing."""
    client = ChatClient(preferences=Preferences(other_servers=others, token_file=tmp_path / "token"))
    assert client._patience == patience
    assert client._connection._servers.patience == patience
    assert AMONG_SEVERAL.quiet < AMONG_SEVERAL.dead < 15
