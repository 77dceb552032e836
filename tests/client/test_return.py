"""Coming back to a conversation in a new run: what is new, and which mentions were missed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chat_common import Frame
from client_parts.conversation.conversation import Conversation, Wishes
from client_parts.input.commands import understand
from client_parts.kept.bookmarks import Bookmark, Bookmarks
from client_parts.screen.view import View
from tests.client.fakes import Notebook, message, timeless

_BESIDES = re.compile(r"^\* you are in|^── \w+ \d\d \w+ \d{4} ──$")  # an entry, a new day


class Run:
    """One run of a client that keeps its place in a file."""

    def __init__(self, path: Path, *rooms: str) -> None:
        self.board = Notebook()
        self.board.rich = True
        self.bookmarks = Bookmarks(path)
        wishes = Wishes("ann", "blue", rooms or ("lobby",))
        self.it = Conversation(self.board, View("short"), wishes, bookmarks=self.bookmarks)

    def welcome(self, epoch: str = "e1") -> list[Frame]:
        """Come in; what the client asks for at once."""
        self.it.heard({"type": "welcome", "name": "ann", "color": "blue", "epoch": epoch, "accepted": 0})
        asked = list(self.it.state.requests)
        self.it.state.requests.clear()
        del self.board.lines[:]
        return asked

    def enter(self, room: str, last: int, *messages: Frame) -> list[str]:
        del self.board.lines[:]
        self.it.heard({"type": "joined", "room": room, "last": last, "members": 2})
        self.it.heard({"type": "history", "room": room, "messages": list(messages)})
        return [timeless(line) for line in self.board.lines if not _BESIDES.search(line)]

    def hear(self, *frames: Frame) -> list[str]:
        del self.board.lines[:]
        for frame in frames:
            self.it.heard(frame)
        return [timeless(line) for line in self.board.lines]

    def type(self, *lines: str) -> list[str]:
        del self.board.lines[:]
        for line in lines:
            self.it.obey(understand(line))
        return self.board.lines

    def mentions(self, *messages: Frame) -> list[str]:
        """/mentions, answered with those."""
        self.type("/mentions")
        return [line.partition("bob: ")[2] or line for line in self.hear(results(*messages))]


def results(*messages: Frame) -> Frame:
    return {"type": "results", "text": '"ann"', "messages": list(messages)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an earlier run has read the lobby up to its second message."""
    Bookmarks(tmp_path / "seen.json").keep("e1", "ann", Bookmark({"lobby": 2}))
    return tmp_path / "seen.json"


def test_what_was_said_between_two_runs_does_not_ring(path: Path) -> None:
    """It is history: told of, and missed. What is said now rings, and so does what came while the link was gone."""
    run = Run(path)
    run.welcome()
    run.enter("lobby", 3, message(3, "hello ann"))
    assert run.board.rung == 0
    run.hear(message(4, "there you are, ann"))
    assert run.board.rung == 1
    run.it.disconnected()
    run.welcome()
    run.enter("lobby", 5, message(5, "ann, are you there?"))
    assert run.board.rung == 2


def test_a_line_stands_before_what_was_said_since_the_last_run(path: Path) -> None:
    """It counts; what was there before stands above it; later entries of the same run have none."""
    run = Run(path)
    run.welcome()
    said = [message(id, f"m{id}") for id in range(1, 5)]
    assert run.enter("lobby", 4, *said) == ["bob: m1", "bob: m2", "── 2 new messages ──", "bob: m3", "bob: m4"]
    run.type("/leave", "/join lobby")
    assert not any("new message" in line for line in run.enter("lobby", 4, *said))


def test_the_line_says_what_is_further_back(path: Path) -> None:
    """A long absence is not hidden by a short history."""
    run = Run(path)
    run.welcome()
    assert "── 48 new messages; /history shows 47 of them ──" in run.enter("lobby", 50, message(50))
    run = Run(path)
    run.welcome()
    assert run.enter("lobby", 3) == ["── 1 new message; /history shows it ──"]


def test_what_was_read_elsewhere_is_not_shown_again(path: Path) -> None:
    """Old private lines would stand below what is new, and look new; only those that came since are shown."""
    Bookmarks(path).keep("e1", "ann", Bookmark({"@ann+bob": 2, "builds": 1}))
    run = Run(path, "lobby", "builds")
    run.welcome()
    said = [message(id, f"m{id}", room="@ann+bob") for id in (1, 2, 3)]
    assert run.enter("@ann+bob", 3, *said) == ["── 1 new message in @bob ──", "@bob bob: m3"]
    assert run.enter("builds", 1, message(1, room="builds")) == []
    assert run.enter("@ann+eve", 2, message(1, "hi", "eve", "@ann+eve"))[1:] == ["@eve eve: hi"]
    run.type("/switch @bob", "/history")
    assert run.it.state.requests[-1]["before"] == 3


def test_what_nobody_saw_any_more_is_not_read(path: Path) -> None:
    """Messages that come while one leaves are new the next time."""
    run = Run(path)
    run.welcome()
    run.hear(results())
    run.enter("lobby", 3, message(3))
    run.it.stop_reading()
    run.hear(message(4))
    run.it.stop_reading()
    run.it.disconnected()
    assert Bookmarks(path).find("e1", "ann") == Bookmark({"lobby": 3})


def test_private_messages_of_the_meantime_have_a_line_too(path: Path) -> None:
    """Also from somebody who writes for the first time."""
    run = Run(path)
    run.welcome()
    lines = run.enter("@ann+bob", 1, message(1, "psst", room="@ann+bob"))
    assert lines[0] == "── 1 new message in @bob ──"


def test_a_first_run_and_another_log_have_no_news(path: Path) -> None:
    """Whoever was never there has missed nothing, and nobody searches."""
    run = Run(path)
    assert [frame["type"] for frame in run.welcome("e2")] == []
    assert not any("new message" in line for line in run.enter("lobby", 4, message(4)))


def test_missed_mentions_are_told_at_the_start_and_listed_first(path: Path) -> None:
    """How many, then which; once they were listed they are seen, in this run and in the next."""
    run = Run(path)
    assert run.welcome() == [{"type": "search", "text": '"ann"', "limit": 100}]
    found = [message(4, "ann?"), message(1, "ann, old"), message(9, "ann!", room="builds"), message(3, "annual")]
    assert run.hear(results(*found)) == ["── You were mentioned 2 times while you were not here: /mentions ──"]
    run.enter("lobby", 4, message(4))
    listed = ["* 2 mentions that you missed:", "ann?", "ann!", "* earlier mentions:", "ann, old"]
    assert run.mentions(*found) == listed
    again = ["* No new mentions; earlier ones:", "ann?", "ann, old", "ann!"]
    assert run.mentions(*found) == again
    run.it.disconnected()
    run = Run(path)
    run.welcome()
    assert run.hear(results(*found)) == []
    assert run.mentions(*found) == again


def test_mentions_that_nobody_looked_at_are_missed_in_the_next_run_too(path: Path) -> None:
    """Being told is not having seen."""
    found = [message(4, "ann?")]
    for _ in range(2):
        run = Run(path)
        run.welcome()
        told = run.hear(results(*found))
        assert told == ["── You were mentioned once while you were not here: /mentions ──"]
        run.enter("lobby", 4, *found)
        run.it.disconnected()


def test_more_mentions_than_are_counted_are_said_to_be_more(path: Path) -> None:
    """The search does not list them all."""
    run = Run(path)
    run.welcome()
    [told] = run.hear(results(*(message(id, "ann") for id in range(102, 2, -1))))
    assert told == "── You were mentioned 100 times or more while you were not here: /mentions ──"


def test_a_place_is_not_kept_before_it_is_known_what_was_missed(path: Path) -> None:
    """Whoever leaves within the first instant is told the next time."""
    run = Run(path)
    run.welcome()
    run.enter("lobby", 4, message(4))
    run.it.disconnected()
    assert Bookmarks(path).find("e1", "ann") == Bookmark({"lobby": 2})


def test_the_place_is_kept_when_the_link_goes(path: Path) -> None:
    """What was shown is read, also in a room that was left."""
    run = Run(path, "lobby", "builds")
    run.welcome()
    run.hear(results())
    run.enter("lobby", 4, message(4))
    run.enter("builds", 7, message(7, room="builds"))
    run.type("/leave builds")
    run.it.disconnected()
    assert Bookmarks(path).find("e1", "ann") == Bookmark({"lobby": 4, "builds": 7})


def test_what_is_said_while_away_or_offline_is_missed(path: Path) -> None:
    """What is said to somebody who is there is not; /back says so."""
    run = Run(path)
    run.welcome()
    run.hear(results())
    run.enter("lobby", 2)
    here, away, offline = message(3, "ann here"), message(4, "ann away"), message(5, "ann offline")
    run.hear(here)
    run.type("/away")
    run.hear(away)
    assert run.type("/back") == ["── 1 new message while you were away ──", "* you are back"]
    run.it.tell_news(0.0)
    assert run.board.lines[-1] == "── You were mentioned once while you were not here: /mentions ──"
    run.it.disconnected()
    run.welcome()
    run.enter("lobby", 5, offline)
    assert run.mentions(offline, away, here) == [
        "* 2 mentions that you missed:",
        "ann offline",
        "ann away",
        "* earlier mentions:",
        "ann here",
    ]
    del run.board.lines[:]
    run.type("/away", "/back", "/back")
    run.it.tell_news(0.0)
    assert run.board.lines == ["* you are marked as away", "* you are back", "* you were not away"]


def test_ignored_people_mention_nobody(path: Path) -> None:
    """They are neither counted nor listed."""
    run = Run(path)
    run.welcome()
    run.type("/ignore bob")
    assert run.hear(results(message(4, "ann?"))) == []
    assert run.mentions(message(4, "ann?")) == ["* Nobody has mentioned you."]


def test_a_question_asked_offline_takes_no_answer(path: Path) -> None:
    """The answer at the next start is to the client's own question."""
    run = Run(path)
    assert "offline" in run.type("/mentions")[0]
    run.welcome()
    assert run.hear(results(message(4, "ann?"))) == ["── You were mentioned once while you were not here: /mentions ──"]
