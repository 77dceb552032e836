"""What was read in one terminal counts as read in the other: what the server is told, and what it tells."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from chat_common import Frame
from client_parts.conversation.reading import MOST_TOLD, PAUSE
from client_parts.kept.bookmarks import Bookmarks
from tests.client.fakes import message, timeless, unpainted
from tests.client.talk import Talk


class Terminal(Talk):
    """One that somebody looks at, at a server which keeps what was read."""

    def __init__(
        self, *rooms: str, features: Any = ("by", "read"), rich: bool = True, bookmarks: Bookmarks | None = None
    ) -> None:
        super().__init__(*rooms, online=False, rich=rich, bookmarks=bookmarks)
        self.features = list(features) if features else features
        self.now = 100.0
        self.board.window.has_focus = True
        self.arrive()

    def arrive(self) -> None:
        name = self.it.state.name
        welcome = {"type": "welcome", "name": name, "color": "blue", "epoch": "e1", "accepted": 0}
        self.it.heard({**welcome, "features": self.features})

    def joins(self, room: str, last: int, *messages: Frame, read: int | None = None) -> list[str]:
        del self.board.lines[:]
        self.it.heard({"type": "joined", "room": room, "last": last, "members": 2, "read": read})
        self.it.heard({"type": "history", "room": room, "messages": list(messages)})
        return [timeless(unpainted(line)) for line in self.board.lines]

    def reads(self) -> list[tuple[str, int]]:
        """What the server is told as time goes on; nothing else is asked of it meanwhile."""
        self.now += PAUSE
        self.it.tell_news(self.now)
        return [(frame["room"], frame["id"]) for frame in self.asked() if frame["type"] == "read"]

    def elsewhere(self, id: int, room: str = "lobby") -> None:
        self.it.heard({"type": "read", "room": room, "id": id})


def missed(terminal: Talk) -> int:
    return terminal.it._mentions._unseen.missed


# --- told to the server ---


def test_what_is_shown_of_the_current_room_is_read() -> None:
    """Once, and again when there is more."""
    terminal = Terminal()
    terminal.joins("lobby", 2, message(1), message(2))
    assert terminal.reads() == [("lobby", 2)]
    assert terminal.reads() == []
    terminal.hear(message(3), message(4))
    assert terminal.reads() == [("lobby", 4)]


def test_it_is_told_once_a_second_at_most() -> None:
    """What is said meanwhile is told together when the second is over."""
    terminal = Terminal()
    terminal.joins("lobby", 1, message(1))
    assert terminal.reads() == [("lobby", 1)]
    for id in range(2, 9):
        terminal.hear(message(id))
        assert terminal.it._reading.tend(terminal.now + 0.1 * id) == terminal.now + PAUSE
    assert terminal.asked() == []
    assert terminal.reads() == [("lobby", 8)]
    assert terminal.it._reading.tend(terminal.now + PAUSE) == math.inf


def test_nothing_is_read_while_nobody_looks() -> None:
    """The window has no focus, this person is away, or it is no terminal; when they are back, it is."""
    terminal = Terminal()
    terminal.board.window.has_focus = False
    terminal.joins("lobby", 1, message(1))
    assert terminal.reads() == []
    terminal.board.window.has_focus = True
    terminal.type("/away lunch")
    assert terminal.reads() == []
    terminal.type("/back")
    assert terminal.reads() == [("lobby", 1)]
    pipe = Terminal(rich=False)
    pipe.joins("lobby", 1, message(1))
    assert pipe.reads() == []


@pytest.mark.parametrize("features", [None, (), ("by",), "read"])
def test_an_older_server_is_told_nothing(features: Any) -> None:
    """It would answer with an error."""
    terminal = Terminal(features=features)
    terminal.features = features
    terminal.arrive()
    terminal.joins("lobby", 1, message(1))
    assert terminal.reads() == []


def test_another_room_is_read_when_one_goes_or_writes_there() -> None:
    """Until then it counts as unread, here and elsewhere."""
    terminal = Terminal("lobby", "builds")
    terminal.joins("lobby", 0)
    terminal.joins("builds", 0)
    terminal.joins("@ann+bob", 0)
    terminal.hear(message(1, room="builds"), message(1, room="@ann+bob"))
    assert terminal.reads() == []
    terminal.type("/switch builds")
    assert terminal.reads() == [("builds", 1)]
    terminal.type("/msg bob yes")
    assert terminal.reads() == [("@ann+bob", 1)]


def test_what_waits_to_be_shown_is_not_read() -> None:
    """While only one room is shown, also if somebody writes to another one."""
    terminal = Terminal()
    terminal.joins("lobby", 0)
    terminal.joins("@ann+bob", 1, message(1, room="@ann+bob"), read=1)
    terminal.type("/only on")
    terminal.hear(message(2, room="@ann+bob"))
    terminal.type("/msg bob yes")
    assert terminal.reads() == []
    terminal.type("/switch @bob")
    assert terminal.reads() == [("@ann+bob", 2)]


def test_many_rooms_are_told_a_few_at_a_time() -> None:
    """What is typed must not wait behind them."""
    rooms = [f"room-{number}" for number in range(MOST_TOLD + 2)]
    terminal = Terminal(*rooms)
    for room in rooms:
        terminal.joins(room, 1, message(1, room=room))
    assert terminal.reads() == [(room, 1) for room in rooms[:MOST_TOLD]]
    assert terminal.reads() == [(room, 1) for room in rooms[MOST_TOLD:]]


def test_what_the_server_knows_is_not_told_again() -> None:
    """Neither what `joined` says nor what was read elsewhere; on a new connection it says so itself."""
    terminal = Terminal()
    terminal.joins("lobby", 2, message(1), message(2), read=2)
    assert terminal.reads() == []
    terminal.hear(message(3))
    terminal.elsewhere(3)
    assert terminal.reads() == []
    terminal.it.disconnected()
    terminal.arrive()
    terminal.joins("lobby", 3, read=2)
    assert terminal.reads() == [("lobby", 3)]


# --- taken from it ---


def test_unread_counts_follow() -> None:
    """What was read elsewhere is not unread; what came behind it is."""
    terminal = Terminal("lobby", "builds")
    terminal.joins("lobby", 0)
    terminal.joins("builds", 0)
    terminal.hear(*(message(id, room="builds") for id in range(1, 6)))
    assert terminal.unread() == {"#builds": 5}
    terminal.elsewhere(3, "builds")
    assert terminal.unread() == {"#builds": 2}
    terminal.elsewhere(2, "builds")
    assert terminal.unread() == {"#builds": 2}
    terminal.elsewhere(5, "builds")
    assert terminal.unread() == {}
    terminal.elsewhere(7, "nowhere")


def test_a_new_machine_begins_where_another_one_stopped() -> None:
    """The line before what is new stands there, and other rooms count it."""
    terminal = Terminal("lobby", "builds")
    shown = terminal.joins("lobby", 3, *map(message, (1, 2, 3)), read=1)
    assert shown[1].endswith("hello")
    assert "2 new" in shown[2]
    terminal.joins("builds", 3, *(message(id, room="builds") for id in (1, 2, 3)), read=2)
    assert terminal.unread() == {"#builds": 1}


def test_without_a_position_nothing_is_new_on_a_new_machine() -> None:
    """As it was before there were any: an old server says none, and a new account has none."""
    terminal = Terminal("lobby", "builds")
    assert not [line for line in terminal.joins("lobby", 2, message(1), message(2)) if "new" in line]
    terminal.joins("builds", 1, message(1, room="builds"))
    assert terminal.unread() == {}


def test_a_private_conversation_that_was_read_nowhere_is_new_on_a_new_machine() -> None:
    """Otherwise the mere start of another terminal would count it as read everywhere; an older server says nothing."""
    terminal = Terminal()
    terminal.joins("lobby", 0)
    terminal.joins("@ann+bob", 2, *(message(id, room="@ann+bob") for id in (1, 2)))
    assert terminal.unread() == {"@bob": 2}
    assert terminal.reads() == []
    old = Terminal()
    old.enter("@ann+bob", 1, message(1, room="@ann+bob"))
    assert old.unread() == {}


@pytest.mark.parametrize(("rich", "left"), [(True, {"@bob": 2, "#builds": 1}), (False, {})])
def test_what_is_unread_at_the_end_is_unread_in_the_next_run(tmp_path: Path, rich: bool, left: dict[str, int]) -> None:
    """It is shown again, and the server is not told that it was read. Without a status row nobody would know of it."""
    told = [message(id, room="@ann+bob") for id in (2, 3)]

    def start() -> Terminal:
        terminal = Terminal("lobby", "builds", rich=rich, bookmarks=Bookmarks(tmp_path / "seen.json"))
        terminal.hear({"type": "results", "text": '"ann"', "messages": [], "total": 0})
        return terminal

    first = start()
    first.joins("lobby", 0)
    first.joins("builds", 4, read=4)
    first.joins("@ann+bob", 1, message(1, room="@ann+bob"), read=1)
    first.hear(*told, message(5, room="builds"))
    first.it.disconnected()
    second = start()
    second.joins("@ann+bob", 3, message(1, room="@ann+bob"), *told, read=1)
    second.joins("builds", 5, message(5, room="builds"), read=4)
    assert second.unread() == left
    assert second.reads() == []
    second.elsewhere(2, "@ann+bob")
    second.it.disconnected()
    third = start()
    third.joins("@ann+bob", 3, *told, read=2)
    assert third.unread() == ({"@bob": 1} if rich else {})


def test_what_was_read_elsewhere_while_the_link_was_gone_is_not_new() -> None:
    """It is shown, but stands above the line, and does not count."""
    terminal = Terminal("lobby", "builds")
    terminal.joins("builds", 1, message(1, room="builds"))
    terminal.it.disconnected()
    terminal.arrive()
    shown = terminal.joins("builds", 4, *(message(id, room="builds") for id in (2, 3, 4)), read=3)
    assert ["new" in line for line in shown] == [False, False, True, False]
    assert terminal.unread() == {"#builds": 1}


def test_mentions_that_were_read_elsewhere_are_not_missed() -> None:
    """Those behind it are."""
    terminal = Terminal()
    terminal.joins("lobby", 0)
    terminal.type("/away")
    terminal.hear(message(1, "ann?"), message(2, "ann!"))
    assert missed(terminal) == 2
    terminal.elsewhere(1)
    assert missed(terminal) == 1
    terminal.elsewhere(2)
    assert missed(terminal) == 0


def test_another_account_has_read_something_else() -> None:
    """With its name this terminal begins anew."""
    terminal = Terminal()
    terminal.joins("lobby", 5, *map(message, (4, 5)), read=5)
    terminal.hear({"type": "presence", "room": "lobby", "renamed": [["ann", "anna"]], "members": 2})
    terminal.elsewhere(4)
    assert terminal.reads() == [("lobby", 5)]
