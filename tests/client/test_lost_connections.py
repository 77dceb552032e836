"""The client loses its connection, or does not get one: it comes back by itself, and no text is lost or doubled."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from client import ChatClient
from client_parts.command_line import Preferences
from client_parts.kept.bookmarks import Bookmark, Bookmarks
from client_parts.link.link import AMONG_SEVERAL, Patience
from tests.client.conftest import Start
from tests.client.fakes import HASTY, ScriptedServer, goodbye, in_the_lobby, message


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
