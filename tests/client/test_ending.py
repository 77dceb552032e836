"""Every way a client's conversation can end, against a server that follows a script; and pipes until then."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest

from chat_common import encode_frame
from client_parts.input.commands import Intent
from client_parts.input.intent_queue import IntentQueue
from client_parts.link.course import Departure
from tests.client.conftest import Start
from tests.client.fakes import HASTY, SECONDS, FakeScreen, ScriptedServer, goodbye, in_the_lobby, message

PATIENT = replace(HASTY, goodbye=SECONDS, undelivered=SECONDS)  # for what must come before a client goes


# --- Leaving ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["over", EOFError(), KeyboardInterrupt()], ids=["word", "ctrl-d", "ctrl-c"])
def test_a_person_leaves_with_status_0(server: ScriptedServer, start: Start, ending: str | BaseException) -> None:
    """An exit word, Ctrl+D, or Ctrl+C on an empty line."""
    running, peer = in_the_lobby(server, start)
    running.screen.type(ending)
    peer.expect("bye")
    peer.close()
    assert running.status() == 0


def test_a_server_that_never_answers_the_goodbye_is_left(server: ScriptedServer, start: Start) -> None:
    """The client waits a moment, not longer."""
    running, peer = in_the_lobby(server, start)
    running.screen.type("exit")
    peer.expect("bye")
    assert running.status() == 0


def test_leaving_in_the_middle_of_a_turn_is_not_slept_through(
    server: ScriptedServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who leaves just after the receiver has looked for that, and before it reads the bell, is heard all the same."""
    running, peer = in_the_lobby(server, start)
    take = IntentQueue.take

    def take_too_late(intents: IntentQueue) -> list[Intent]:
        monkeypatch.setattr(IntentQueue, "take", take)
        running.client._course.depart(Departure.LEAVING)
        intents.ring()
        return take(intents)

    monkeypatch.setattr(IntentQueue, "take", take_too_late)
    peer.send(message(1))  # begins a turn
    peer.expect("bye")
    peer.close()
    running.screen.type("exit")
    assert running.status() == 0


def test_undelivered_text_is_given_back_on_leaving(server: ScriptedServer, start: Start) -> None:
    """Who leaves with texts on their way is told which, after a moment's patience."""
    running, peer = in_the_lobby(server, start)
    running.screen.type("one", "/msg bob two", "exit")
    peer.expect("say")
    peer.expect("say")
    peer.expect("bye")
    assert running.status() == 1
    assert running.screen.lines[-3:] == ["2 texts were not confirmed, and may be lost.", "  one", "  @bob two"]


def test_a_receipt_during_the_goodbye_still_counts(server: ScriptedServer, start: Start) -> None:
    """The moment's patience is there for a reason."""
    running, peer = in_the_lobby(server, start, patience=PATIENT)
    running.screen.type("one", "exit")
    say = peer.expect("say")
    peer.expect_nothing()
    peer.receipt(say, 1, "ann")
    peer.expect("bye")
    peer.close()
    assert running.status() == 0


# --- A pipe -----------------------------------------------------------------------------------------------------


def test_a_pipe_waits_for_its_last_receipt(server: ScriptedServer, start: Start) -> None:
    """Only then comes the goodbye, and the status says that all is delivered."""
    running = start(interactive=False)
    peer = server.accept()
    peer.welcome()
    running.screen.type("one", "/unknown", "over", EOFError())
    says = [peer.expect("say") for _ in range(3)]
    assert [say["text"] for say in says] == ["one", "/unknown", "over"]
    for seq, say in enumerate(says, 1):
        peer.receipt(say, seq, "ann")
    peer.expect("bye")
    peer.close()
    assert running.status() == 0


def test_a_pipes_command_waits_for_the_texts_before_it(server: ScriptedServer, start: Start) -> None:
    """A message for one room is delivered before the next room is entered."""
    running = start(interactive=False)
    peer = server.accept()
    peer.welcome()
    running.screen.type("one", "/leave", "/join builds", "two", EOFError())
    say = peer.expect("say")
    peer.expect_nothing()
    peer.receipt(say, 1, "ann")
    assert peer.expect("leave")["room"] == "lobby"
    assert peer.expect("join")["room"] == "builds"
    say = peer.expect("say")
    assert say["room"] == "builds"
    peer.send({"type": "ack", "seq": say["seq"], "room": "builds", "id": 1})
    peer.expect("bye")
    peer.close()
    assert running.status() == 0


def test_a_pipe_with_a_refused_text_fails(server: ScriptedServer, start: Start) -> None:
    """The status and a sentence tell that not everything arrived."""
    running = start(interactive=False)
    peer = server.accept()
    peer.welcome()
    running.screen.type("one", EOFError())
    peer.send({"type": "error", "code": "denied", "text": "No.", "seq": peer.expect("say")["seq"]})
    peer.expect("bye")
    peer.close()
    assert running.status() == 1
    assert running.screen.lines[-1] == "1 text was refused."


def test_a_pipe_that_is_interrupted_says_what_is_lost(server: ScriptedServer, start: Start) -> None:
    """At once, with status 130, as shells expect; the connection is reset, without a goodbye."""
    running = start(interactive=False, patience=PATIENT)
    peer = server.accept()
    peer.welcome()
    running.screen.type("one")
    peer.expect("say")
    running.screen.type(KeyboardInterrupt())
    with pytest.raises(ConnectionResetError):
        peer.expect("bye")
    assert running.status() == 130
    assert running.screen.lines[-1] == "1 text was not confirmed, and may be lost."


def test_a_pipe_is_held_back(server: ScriptedServer, start: Start) -> None:
    """A million lines wait where they come from, not in memory: at most a thousand are taken unconfirmed."""
    running = start(interactive=False)
    peer = server.accept()
    peer.welcome()
    running.screen.type(*map(str, range(1500)))
    first = peer.expect("say")
    running.screen.wait_until(lambda: running.screen.reads == 1001)
    running.screen.stays(lambda: running.screen.reads == 1001)
    peer.receipt(first, 1, "ann")
    running.screen.type(EOFError())
    for seq in range(2, 1501):
        peer.receipt(peer.expect("say"), seq, "ann")
    peer.expect("bye")
    peer.close()
    assert running.status() == 0


# --- Events for programs ----------------------------------------------------------------------------------------


def test_events_are_frames_from_the_welcome_on_and_link_states(server: ScriptedServer, start: Start) -> None:
    """What a bot reads: everything the server says, and whether the link is there."""
    running, peer = in_the_lobby(server, start, patience=PATIENT)
    peer.send(message(1), {"type": "something-new", "x": 1})
    peer.close()
    peer = server.accept()
    peer.welcome()
    running.screen.wait_for("Connected again")
    assert goodbye(running, peer) == 0
    kinds = [event.get("state") or event["type"] for event in running.screen.events]
    first = ["welcome", "online", "joined", "history", "message", "something-new", "reconnecting"]
    assert kinds == [*first, "welcome", "online", "joined", "history", "bye", "offline"]


# --- No conversation at all -------------------------------------------------------------------------------------


def test_nobody_there_is_one_sentence(server: ScriptedServer, start: Start) -> None:
    """A refused connection says how to start a server."""
    server.go_away()
    running = start()
    assert running.status() == 1
    assert running.screen.lines == [f"No server answers at 127.0.0.1:{server.port}; start one with: python server.py"]


@pytest.mark.parametrize(
    ("problem", "part"),
    [
        (socket.gaierror(-2, "Name or service not known"), "no such host is known"),
        (TimeoutError("timed out"), "nobody answered in time"),
        (OSError(113, "No route to host"), "no route to host"),
    ],
)
def test_an_unreachable_server_is_one_sentence(
    start: Start, monkeypatch: pytest.MonkeyPatch, problem: OSError, part: str
) -> None:
    """Unknown host, time-out, no route: the reason and what to do."""

    def fail(*_: object) -> None:
        raise problem

    monkeypatch.setattr("client_parts.link.trust.connect", fail)
    running = start()
    assert running.status() == 1
    assert len(running.screen.lines) == 1
    assert part in running.screen.lines[0]


def test_a_fault_of_our_own_is_a_sentence_and_an_end(
    server: ScriptedServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that fails does not leave a dead prompt behind."""
    running, peer = in_the_lobby(server, start)

    def fail(frame: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(running.client._conversation, "heard", fail)
    peer.send_raw(encode_frame(message(1)))
    assert running.status() == 1
    assert "has failed" in running.screen.lines[-1]


def test_a_fault_counts_even_if_the_goodbye_is_faster(
    server: ScriptedServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver has long ended in good order when the terminal is given back: the status is 1 all the same."""

    def give_back_slowly(*_: object) -> None:
        for thread in threading.enumerate():
            if thread.name == "receiver":
                peer.send(message(1))  # wakes it
                thread.join(SECONDS)
                assert not thread.is_alive()

    monkeypatch.setattr(FakeScreen, "__exit__", give_back_slowly)
    running, peer = in_the_lobby(server, start)
    monkeypatch.setattr("client.understand", None)
    running.screen.type("hello")
    peer.expect("bye")
    peer.close()
    assert running.status() == 1
    assert sum("has failed" in line for line in running.screen.lines) == 1
