"""Texts arrive once and in order, and messages are shown once and in order, whatever happens to the connection."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client_parts.conversation.delivery import Arrival, Cursors, Outgoing, Say


def everything(outgoing: Outgoing) -> list[Say]:
    """All that may be sent now."""
    return list(iter(outgoing.next, None))


def saying(*texts: str) -> Outgoing:
    outgoing = Outgoing()
    outgoing.connected(0)
    for text in texts:
        outgoing.add("lobby", text)
    return outgoing


# --- What the web page promises too -------------------------------------------------------------------------------

CASES = json.loads(Path(__file__).with_name("delivery_cases.json").read_text(encoding="utf-8"))


def as_json(value: Any) -> Any:
    """What a call returns, in the form of the file of cases."""
    if isinstance(value, Arrival):
        return value.name.lower()
    if isinstance(value, Say):
        return [value.seq, value.room, value.text]
    return [as_json(item) for item in value] if isinstance(value, list) else value


def play(subject: Outgoing | Cursors, steps: list[list[Any]]) -> None:
    for operation, values, *expected in steps:
        call: Callable[..., Any] = getattr(subject, operation, lambda: everything(subject))  # type: ignore[arg-type]
        given = as_json(call(*values))
        assert not expected or [given] == expected, (operation, values)


@pytest.mark.parametrize("case", CASES["outgoing"], ids=lambda case: case["shows"])
def test_shared_cases_of_the_way_out(case: dict[str, Any]) -> None:
    """The cases that the page's delivery.js is held to as well."""
    play(Outgoing(), case["steps"])


@pytest.mark.parametrize("case", CASES["cursors"], ids=lambda case: case["shows"])
def test_shared_cases_of_the_way_in(case: dict[str, Any]) -> None:
    """The cases that the page's delivery.js is held to as well."""
    play(Cursors(), case["steps"])


# --- The way out ------------------------------------------------------------------------------------------------


def test_texts_are_numbered_from_one_and_handed_out_once() -> None:
    """Each text gets the next number of the session and is sent one time on a connection."""
    outgoing = saying("a", "b")
    assert everything(outgoing) == [Say(1, "lobby", "a"), Say(2, "lobby", "b")]
    assert everything(outgoing) == []


def test_a_receipt_ends_the_waiting() -> None:
    """A confirmed text waits no longer, and a second receipt for it means nothing."""
    outgoing = saying("a")
    everything(outgoing)
    assert outgoing.delivered(1) == Say(1, "lobby", "a")
    assert outgoing.delivered(1) is None
    assert len(outgoing) == 0


def test_a_new_connection_sends_what_was_not_accepted() -> None:
    """After a reconnect, only what the server did not count goes out again."""
    outgoing = saying("a", "b", "c")
    everything(outgoing)
    outgoing.disconnected()
    outgoing.connected(accepted=1)
    assert [say.seq for say in everything(outgoing)] == [2, 3]


def test_a_refused_text_uses_up_its_number() -> None:
    """After a refusal the next text has the next number."""
    outgoing = saying("a")
    everything(outgoing)
    assert outgoing.refused(1) is not None
    outgoing.add("lobby", "b")
    assert everything(outgoing) == [Say(2, "lobby", "b")]


def test_a_server_that_forgot_the_session_gets_new_numbers() -> None:
    """A server with an empty log would refuse seq 3 as its first for ever, so counting begins again at 1."""
    outgoing = saying("a", "b", "c")
    everything(outgoing)
    outgoing.delivered(1)
    outgoing.delivered(2)
    outgoing.disconnected()
    outgoing.connected(accepted=0)
    assert everything(outgoing) == [Say(1, "lobby", "c")]


def test_nothing_goes_out_while_the_server_cannot_store() -> None:
    """A held text and all after it wait, and then go out again from the first."""
    outgoing = saying("a", "b")
    everything(outgoing)
    outgoing.hold()
    outgoing.add("lobby", "c")
    assert everything(outgoing) == []
    outgoing.release()
    assert [say.text for say in everything(outgoing)] == ["a", "b", "c"]


def test_out_of_step_sends_again_above_what_was_accepted() -> None:
    """bad_seq says what the server has; the rest goes out again."""
    outgoing = saying("a", "b", "c")
    everything(outgoing)
    outgoing.out_of_step(accepted=1)
    outgoing.release()
    assert [say.seq for say in everything(outgoing)] == [2, 3]


def test_a_hole_that_cannot_be_filled_is_closed_by_new_numbers() -> None:
    """If the server waits for a number that we hold no text for, ours move down to it."""
    outgoing = saying("a", "b")
    everything(outgoing)
    outgoing.delivered(1)
    outgoing.out_of_step(accepted=0)
    outgoing.release()
    assert everything(outgoing) == [Say(1, "lobby", "b")]


def test_answers_may_overtake_each_other() -> None:
    """A refusal that comes before an older receipt does not make later texts count again."""
    outgoing = saying("a", "b", "c")
    everything(outgoing)
    outgoing.refused(2)
    outgoing.delivered(1)
    outgoing.hold()
    outgoing.release()
    assert everything(outgoing) == [Say(3, "lobby", "c")]


def test_only_a_window_is_on_its_way() -> None:
    """A million waiting texts are not sent at once, and each receipt lets another out."""
    outgoing = saying(*["x" * 5000] * 50)
    first = everything(outgoing)
    assert 0 < len(first) < 10
    outgoing.delivered(1)
    assert [say.seq for say in everything(outgoing)] == [len(first) + 1]


def test_unsent_texts_of_a_room_are_known() -> None:
    """A text counts as unsent until it is handed out, and again when the connection is lost."""
    outgoing = saying("a")
    assert outgoing.unsent_for("lobby")
    everything(outgoing)
    assert not outgoing.unsent_for("lobby")
    outgoing.disconnected()
    assert outgoing.unsent_for("lobby")
    assert not outgoing.unsent_for("other")


@dataclass
class ModelServer:
    """What a server promises about `say`, and nothing else."""

    accepted: int = 0
    log: list[str] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)  # on their way to the client
    disk_full: bool = False

    def take(self, say: Say) -> None:
        if say.seq <= self.accepted:
            self.answers.append(("ack", say.seq))
        elif say.seq > self.accepted + 1:
            self.answers.append(("bad_seq", self.accepted))
        elif self.disk_full:
            self.answers.append(("storage", say.seq))
        else:
            self.accepted = say.seq
            if say.text.startswith("!"):
                self.answers.append(("refused", say.seq))
            else:
                self.log.append(say.text)
                self.answers.append(("message", say.seq))


def answer(outgoing: Outgoing, kind: str, number: int) -> None:
    if kind == "bad_seq":
        outgoing.out_of_step(number)
    elif kind == "storage":
        outgoing.hold()
    else:
        outgoing.delivered(number)


EVENTS = st.sampled_from(["type", "type", "type!", "send", "send", "answer", "answer", "cut", "disk", "release"])


@settings(max_examples=400, deadline=None)
@given(st.lists(EVENTS, max_size=80))
def test_every_text_arrives_once_and_in_order(events: list[str]) -> None:
    """Whatever is cut, refused or held at whatever moment, the server's log is what was typed."""
    outgoing, server, typed = saying(), ModelServer(), []
    for number, event in enumerate(events):
        if event.startswith("type"):
            typed.append(f"{event[4:]}{number}")
            outgoing.add("lobby", typed[-1])
        elif event == "send" and (say := outgoing.next()):
            server.take(say)
        elif event == "answer" and server.answers:
            answer(outgoing, *server.answers.pop(0))
        elif event == "cut":
            server.answers.clear()
            outgoing.disconnected()
            outgoing.connected(server.accepted)
        elif event == "disk":
            server.disk_full = not server.disk_full
        elif event == "release" and outgoing.held:
            outgoing.release()
    settle(outgoing, server)
    assert server.log == [text for text in typed if not text.startswith("!")]
    assert len(outgoing) == 0


def settle(outgoing: Outgoing, server: ModelServer) -> None:
    """The disk is back, and everything is sent and answered; bounded, so that a livelock fails."""
    server.disk_full = False
    for _ in range(1000):
        for say in everything(outgoing):
            server.take(say)
        while server.answers:
            answer(outgoing, *server.answers.pop(0))
        if outgoing.held:
            outgoing.release()
        elif not outgoing:
            return


# --- The way in -------------------------------------------------------------------------------------------------


def entered(room: str = "lobby", last: int = 0) -> Cursors:
    cursors = Cursors([room])
    cursors.connected("e1")
    cursors.joined(room, last)
    cursors.history_ends(room)
    return cursors


def test_live_messages_follow_each_other() -> None:
    """The next number is new, an older one is a repeat, a later one is a jump."""
    cursors = entered(last=4)
    assert cursors.live("lobby", 5) is Arrival.NEW
    assert cursors.live("lobby", 5) is Arrival.REPEAT
    assert cursors.live("lobby", 8) is Arrival.JUMP
    assert cursors.last_shown("lobby") == 5


def test_a_jump_is_told_once_and_filled_by_history() -> None:
    """Until the room is resumed, further live messages are left to the history that is coming."""
    cursors = entered(last=1)
    assert cursors.live("lobby", 3) is Arrival.JUMP
    assert cursors.live("lobby", 4) is Arrival.REPEAT
    assert cursors.joined("lobby", 4)
    assert [cursors.history("lobby", number) for number in (2, 3, 4)] == [Arrival.NEW] * 3
    cursors.history_ends("lobby")
    assert cursors.live("lobby", 5) is Arrival.NEW


def test_a_hole_in_the_history_itself_is_seen() -> None:
    """Messages that a resumed history leaves out are noticed, and what there is is shown."""
    cursors = entered(last=1)
    cursors.joined("lobby", 9)
    assert cursors.history("lobby", 5) is Arrival.JUMP
    assert cursors.history("lobby", 6) is Arrival.NEW


def test_history_that_was_not_asked_for_is_no_gap() -> None:
    """Entering without history starts at the room's present end."""
    cursors = entered(last=100)
    assert cursors.live("lobby", 101) is Arrival.NEW


def test_another_log_forgets_positions_but_not_rooms() -> None:
    """A changed epoch is told, and the rooms start over."""
    cursors = entered(last=50)
    assert not cursors.connected("e1")
    assert cursors.connected("e2")
    assert cursors.positions() == {"lobby": None}


def test_a_room_whose_numbers_went_back_starts_over() -> None:
    """Although nobody knew that it is another log: what comes under a lost number is new, and shown."""
    cursors = entered(last=0)
    for id in (1, 2, 3):
        assert cursors.live("lobby", id) is Arrival.NEW
    assert cursors.joined("lobby", 1)
    assert cursors.history("lobby", 1) is Arrival.NEW
    cursors.history_ends("lobby")
    assert cursors.live("lobby", 2) is Arrival.NEW
    assert cursors.oldest_shown("lobby") == 1


def test_a_room_that_has_gone_on_does_not_start_over() -> None:
    """Nor one in which nothing was said meanwhile."""
    cursors = entered(last=0)
    assert cursors.live("lobby", 1) is Arrival.NEW
    for last in (1, 2):
        assert cursors.joined("lobby", last)
        assert cursors.history("lobby", 1) is Arrival.REPEAT
    assert cursors.history("lobby", 2) is Arrival.NEW


def test_a_room_that_was_left_stays_left() -> None:
    """Frames that were on their way when a room was left do not bring it back."""
    cursors = entered(last=1)
    cursors.leave("lobby")
    assert cursors.live("lobby", 2) is Arrival.REPEAT
    assert not cursors.joined("lobby", 2)
    assert cursors.positions() == {}


def test_a_private_room_opens_by_itself() -> None:
    """Somebody else begins a private conversation: nobody asked to join."""
    cursors = entered()
    assert cursors.joined("@a+b", 0)
    cursors.history_ends("@a+b")
    assert cursors.live("@a+b", 1) is Arrival.NEW
    assert cursors.rooms() == ["lobby"]


def test_a_refused_entry_is_undone() -> None:
    """The room that the server would not let us into is the one that was never confirmed."""
    cursors = entered()
    cursors.enter("secret")
    assert cursors.refused() == "secret"
    assert "secret" not in cursors
    assert cursors.refused() is None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["live", "lost live", "cut", "page"]), max_size=60), st.integers(0, 5))
def test_every_message_is_shown_once_and_in_order(events: list[str], before: int) -> None:
    """Over any number of cuts and lost messages, a reader sees 1, 2, 3 … from where it began."""
    cursors, log = entered(last=before), before
    shown: list[int] = []

    def resume() -> None:
        after = cursors.positions()["lobby"] or 0
        cursors.joined("lobby", log)
        coming = range(after + 1, log + 1)
        shown.extend(number for number in coming if cursors.history("lobby", number) is Arrival.NEW)
        cursors.history_ends("lobby")

    for event in events:
        if event == "cut":
            cursors.connected("e1")
            resume()
            continue
        if event == "page":
            cursors.page("lobby", 1)
            continue
        log += 1
        if event == "live":
            arrival = cursors.live("lobby", log)
            if arrival is Arrival.NEW:
                shown.append(log)
            elif arrival is Arrival.JUMP:
                resume()
    cursors.connected("e1")
    resume()
    assert shown == list(range(before + 1, log + 1))
