"""Files in a conversation: what is asked of the server, what is said once, what a person is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chat_common import Frame
from client_parts.files.errands import (
    Begin,
    Cancel,
    Done,
    Failed,
    Fetching,
    Grant,
    Interrupt,
    Lost,
    Moved,
    Order,
    Ready,
    Sending,
)
from tests.client.fakes import ATTACKS, FILE, message
from tests.client.talk import Talk

ID = str(FILE["id"])
FEATURES: dict[str, Any] = {"features": ["entries", "files"], "limits": {"file": 5_000}}


class FileTalk(Talk):
    """A conversation with a server that takes files, and what it has ordered."""

    def welcome(self, accepted: int = 0, epoch: str = "e1", last: int = 0, **more: Any) -> None:
        super().welcome(accepted, epoch, last, **{**FEATURES, **more})

    def ordered(self) -> list[Order]:
        orders = list(self.it.transfers.orders)
        self.it.transfers.orders.clear()
        return orders

    def take(self, *news: Any, now: float = 0.0) -> list[str]:
        del self.board.lines[:]
        for one in news:
            self.it.transfers.take(one, now)
        return self.board.lines

    def begun(self, *lines: str) -> Sending | Fetching:
        """The transfer that these lines begin."""
        self.type(*lines)
        begin = self.ordered()[-1]
        assert isinstance(begin, Begin), self.board.lines
        return begin.errand

    def uploads(self) -> list[Frame]:
        return [frame for frame in self.asked() if frame["type"] == "upload"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files of 1,000 and of 6,000 bytes."""
    (tmp_path / "plan.png").write_bytes(b"x" * 1000)
    (tmp_path / "big").write_bytes(b"x" * 6000)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DOWNLOAD_DIR", raising=False)
    return tmp_path


@pytest.fixture
def talk() -> FileTalk:
    talk = FileTalk("lobby", "builds")
    talk.asked()
    return talk


def granted(number: int, offset: int = 0, id: str = ID) -> Frame:
    return {"type": "upload", "ref": str(number), "id": id, "url": "/files/x?t=y", "offset": offset, "expires": 9}


def located(**more: Any) -> Frame:
    return {"type": "file", **FILE, "url": "/files/x/plan.png", "expires": None, **more}


def error(code: str, **more: Any) -> Frame:
    return {"type": "error", "code": code, "text": "that is so", **more}


# --- Sending ---


def test_a_file_is_reserved_sent_and_then_said_once(talk: FileTalk) -> None:
    """Nothing is asked before its digest is known, and nothing said before the server has all of it."""
    errand = talk.begun("/send plan.png look at this")
    assert isinstance(errand, Sending)
    assert talk.asked() == []
    talk.take(Ready(1, "abc"))
    [asked] = talk.asked()
    assert asked == {
        **{"type": "upload", "ref": "1", "room": "lobby", "name": "plan.png", "size": 1000, "sha256": "abc"},
    }
    talk.hear(granted(1))
    assert talk.ordered() == [Grant(1, "/files/x?t=y", 0)]
    assert talk.said() == []
    talk.take(Moved(1, 500), Done(1))
    say = talk.it.state.outgoing.next()
    assert say is not None
    assert say.frame() == {"type": "say", "room": "lobby", "text": "look at this", "seq": 1, "file": ID}
    assert talk.hear(message(1, "look at this", "ann", seq=1, file=FILE)) == [
        "ann: look at this [file 1: plan.png, 1.2 KB] ✓"
    ]
    assert len(talk.it.state.outgoing) == 0
    assert talk.it.transfers.errands == []


@pytest.mark.parametrize(
    ("line", "room"),
    [("/send plan.png", "lobby"), ("/send plan.png #Builds x", "builds"), ("/send plan.png @bob", "@bob")],
)
def test_it_goes_where_the_person_says(talk: FileTalk, line: str, room: str) -> None:
    errand = talk.begun(line)
    assert isinstance(errand, Sending)
    assert errand.room == room


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/send gone.png", "There is no file gone.png."),
        ("/send .", ". is a folder; only files can be sent."),
        ("/send big", "big is too large: 5.9 KB > 4.9 KB, the most that this server takes."),
        ("/send plan.png #else", "You are not in #else; /join else enters it."),
        (
            "/send plan.png @b/b",
            '"b/b" is not a valid name: a name is made of A-Z a-z 0-9 _ . - and starts with a letter or a digit.',
        ),
    ],
)
def test_what_cannot_be_sent_is_said_at_once(talk: FileTalk, line: str, sentence: str) -> None:
    """In one sentence, before anything is read or asked."""
    assert talk.type(line)[0] == sentence
    assert (talk.ordered(), talk.asked()) == ([], [])


def test_a_server_that_takes_no_files_is_not_asked(talk: FileTalk) -> None:
    talk.welcome(features=["entries"])
    assert talk.type("/send plan.png") == ["This server is too old for that: it takes no files."]
    assert talk.type("/files") == ["This server is too old for that: it takes no files."]
    talk.welcome(limits={"file": None})
    assert talk.type("/send plan.png") == ["This server takes no files."]
    assert talk.ordered() == []


@pytest.mark.parametrize("code", ["quota", "no_files", "muted", "file_too_large"])
def test_a_refusal_of_the_server_is_one_sentence(talk: FileTalk, code: str) -> None:
    """And the end of it."""
    talk.begun("/send plan.png")
    talk.take(Ready(1, "abc"))
    assert talk.hear(error(code, ref="1")) == ["plan.png was not sent: That is so."]
    assert talk.ordered() == [Cancel(1)]
    assert talk.it.transfers.failed == 1


def test_a_server_that_cannot_say_is_asked_again(talk: FileTalk) -> None:
    talk.begun("/send plan.png")
    talk.take(Ready(1, "abc"))
    assert len(talk.uploads()) == 1
    assert talk.hear(error("storage_unavailable", ref="1")) == []
    talk.it.transfers.tend(100.0)
    assert 100 < talk.it.transfers.tend(100.0) < 110
    assert talk.uploads() == []
    talk.it.transfers.tend(110.0)
    assert len(talk.uploads()) == 1


def test_a_lost_upload_is_gone_on_with(talk: FileTalk) -> None:
    """Under its id, over this connection or the next one; the server says from where."""
    talk.begun("/send plan.png")
    talk.take(Ready(1, "abc"))
    talk.hear(granted(1))
    talk.asked()
    talk.take(Lost(1))
    assert talk.uploads() == [{"type": "upload", "ref": "1", "id": ID}]
    talk.hear(granted(1, 100))
    talk.ordered()
    talk.it.disconnected()
    assert talk.ordered() == [Interrupt(1)]
    talk.take(Lost(1))
    assert talk.uploads() == []
    talk.welcome()
    assert talk.uploads() == [{"type": "upload", "ref": "1", "id": ID}]
    talk.hear(granted(1, 400))
    assert talk.ordered() == [Grant(1, "/files/x?t=y", 400)]


def test_an_upload_that_the_server_has_forgotten_begins_anew(talk: FileTalk) -> None:
    """But not for ever."""
    talk.begun("/send plan.png")
    talk.take(Ready(1, "abc"))
    for _ in range(3):
        talk.hear(granted(1))
        talk.take(Lost(1))
        talk.asked()
        talk.hear(error("no_such_file", ref="1"))
        assert [frame.get("size") for frame in talk.uploads()] == [1000]
    talk.hear(granted(1))
    talk.take(Lost(1))
    assert talk.hear(error("no_such_file", ref="1")) == ["The server does not find plan.png any more."]
    assert talk.it.transfers.errands == []


def test_a_file_that_is_uploaded_survives_the_loss_of_the_link(talk: FileTalk) -> None:
    """It is said again, under the same number, as any text."""
    talk.begun("/send plan.png")
    talk.take(Ready(1, "abc"))
    talk.hear(granted(1))
    talk.take(Done(1))
    say = talk.it.state.outgoing.next()
    talk.it.disconnected()
    talk.welcome()
    assert talk.it.state.outgoing.next() == say
    talk.it.disconnected()
    talk.welcome(accepted=1)
    assert talk.it.state.outgoing.next() is None


def test_a_file_of_another_log_is_not_said(talk: FileTalk) -> None:
    talk.begun("/send plan.png")
    talk.take(Ready(1, "abc"))
    talk.hear(granted(1))
    talk.take(Done(1))
    talk.it.disconnected()
    talk.welcome(epoch="e2")
    assert talk.it.state.outgoing.next() is None
    assert talk.it.state.refused == 1


def test_a_file_that_is_given_up_leaves_nothing_at_the_server(talk: FileTalk) -> None:
    """Of which it takes only so many at once."""
    talk.begun("/send plan.png")
    talk.take(Ready(1, "abc"))
    talk.hear(granted(1))
    talk.begun("/send plan.png @bob")
    talk.asked()
    given_up = {"type": "upload", "ref": "1", "id": ID, "cancel": True}
    talk.it.transfers.leave()
    assert talk.asked() == [given_up]
    talk.type("/cancel 2", "/cancel 1")
    assert talk.asked() == [given_up]
    assert talk.hear({"type": "upload", "ref": "1", "id": ID, "url": "/x", "offset": 0}) == []
    assert talk.ordered()[-1] == Cancel(1)


def test_only_so_many_are_sent_at_once(talk: FileTalk) -> None:
    """The others wait for one of them to end, however it does."""
    talk.type(*["/send plan.png"] * 5)
    assert [order.errand.number for order in talk.ordered() if isinstance(order, Begin)] == [1, 2, 3]
    talk.take(Failed(2, "it is gone"))
    assert [order.errand.number for order in talk.ordered() if isinstance(order, Begin)] == [4]
    talk.type("/cancel 1")
    orders = talk.ordered()
    assert orders[0] == Cancel(1)
    assert isinstance(orders[1], Begin)
    assert orders[1].errand.number == 5


# --- Receiving ---


def test_a_file_in_a_message_has_a_number_to_fetch_it_by(talk: FileTalk, here: Path) -> None:
    """Nothing is fetched by itself; the address is asked for when a person wants the file."""
    assert talk.hear(message(1, "plan.png (1.2 KB)", file={**FILE, "bare": True})) == [
        "bob: [file 1: plan.png, 1.2 KB]"
    ]
    assert (talk.asked(), talk.ordered()) == ([], [])
    errand = talk.begun("/get 1")
    assert isinstance(errand, Fetching)
    assert errand.expected == ("plan.png", 1234, FILE["sha256"])
    assert errand.target == (here, "plan.png")
    assert talk.asked() == [{"type": "file", "id": ID}]
    talk.hear(located())
    assert talk.ordered() == [Grant(1, "/files/x/plan.png")]
    talk.board.rich = True
    assert talk.take(Done(1, "/home/ann/plan.png")) == ["Saved /home/ann/plan.png (1.2 KB)."]


def test_a_file_may_be_named_by_its_id(talk: FileTalk) -> None:
    """Then the server says what it is."""
    talk.type(f"/get {ID} ~/mine.png")
    assert talk.asked() == [{"type": "file", "id": ID}]
    talk.hear(located())
    [begin] = talk.ordered()
    assert isinstance(begin, Begin)
    assert isinstance(begin.errand, Fetching)
    assert begin.errand.target is not None
    assert begin.errand.target.name == "mine.png"


def test_a_file_that_is_not_there_any_more_is_one_sentence(talk: FileTalk) -> None:
    """Each question gets the answer that is its own."""
    talk.hear(message(1, file=FILE), message(2, file={**FILE, "id": "B" * 22}))
    talk.type("/get 1", "/get 2")
    talk.ordered()
    assert talk.asked() == [{"type": "file", "id": ID}]
    assert talk.hear(error("no_such_file", field="id")) == ["plan.png was not fetched: That is so."]
    assert talk.asked() == [{"type": "file", "id": "B" * 22}]
    talk.hear(located(id="B" * 22))
    assert talk.ordered() == [Cancel(1), Grant(2, "/files/x/plan.png")]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/get 7", "There is no file 7; /files lists the files of this room."),
        ("/get nonsense", "There is no file nonsense; /files lists the files of this room."),
        ("/get 1 nowhere/x", "There is no folder "),
        ("/cancel", "No file is on its way."),
        ("/cancel 1", "File 1 is not on its way."),
    ],
)
def test_what_cannot_be_fetched_is_said_at_once(talk: FileTalk, line: str, sentence: str) -> None:
    talk.hear(message(1, file=FILE))
    assert talk.type(line)[0].startswith(sentence)
    assert (talk.ordered(), talk.asked()) == ([], [])


def test_a_file_is_fetched_once_at_a_time(talk: FileTalk) -> None:
    talk.hear(message(1, file=FILE))
    talk.begun("/get 1")
    assert talk.type("/get 1") == ["plan.png is on its way already."]


def test_without_a_connection_nothing_is_fetched(talk: FileTalk) -> None:
    talk.hear(message(1, file=FILE))
    talk.it.disconnected()
    assert talk.type("/get 1") == ["You are offline; try again when the connection is back."]


def test_a_lost_download_is_gone_on_with_on_the_next_connection(talk: FileTalk) -> None:
    talk.hear(message(1, file=FILE))
    talk.begun("/get 1")
    talk.it.disconnected()
    talk.asked()
    talk.welcome()
    assert {"type": "file", "id": ID} in talk.asked()
    talk.hear(located())
    assert talk.ordered() == [Grant(1, "/files/x/plan.png")]


def test_an_address_that_is_none_is_not_used(talk: FileTalk) -> None:
    talk.hear(message(1, file=FILE))
    talk.begun("/get 1")
    assert talk.hear(located(url="/x HTTP/1.1\r\nEvil: y")) == ["The server names no usable address for plan.png."]


# --- Looking ---


def test_a_picture_is_shown_where_the_terminal_can(talk: FileTalk) -> None:
    talk.board.shows_pictures = True
    talk.hear(message(1, file=FILE))
    errand = talk.begun("/view 1")
    assert isinstance(errand, Fetching)
    assert errand.target is None
    talk.take(Done(1, "", b"picture"))
    assert talk.board.pictures == [b"picture"]


def test_elsewhere_it_is_said_where_it_is(talk: FileTalk) -> None:
    """Name, size, kind and an address for a browser."""
    talk.it.state.site = "https://chat.example:3030"
    talk.hear(message(1, file=FILE))
    assert talk.type("/view 1") == []
    assert talk.hear(located()) == ["plan.png (1.2 KB, image/png) https://chat.example:3030/files/x/plan.png"]
    assert talk.ordered() == []


# --- Lists ---


def test_a_list_gives_each_file_a_number(talk: FileTalk) -> None:
    """The one under which it was shown before; /more asks for those before."""
    talk.hear(message(1, file=FILE))
    talk.type("/files")
    assert talk.asked() == [{"type": "files", "room": "lobby"}]
    listed = [
        {**FILE, "room": "lobby", "message": 9, "from": "ann", "ts": 0},
        {**FILE, "id": "B" * 22, "name": "漢.txt", "room": "lobby", "message": 5, "from": "bob", "ts": 0},
    ]
    lines = talk.hear({"type": "files", "room": "lobby", "files": listed, "more": True})
    assert [line[:27] for line in lines] == [
        "Files in #lobby:",
        "    2  漢.txt     1.2 KB  bo",
        "    1  plan.png   1.2 KB  a",
        "* /get N fetches one; /view",
        "* /more shows earlier ones",
    ]
    talk.type("/more")
    assert talk.asked() == [{"type": "files", "room": "lobby", "before": "B" * 22}]
    long = {**listed[0], "name": "x" * 250}
    [_, row, _] = talk.hear({"type": "files", "room": "lobby", "files": [long], "more": False})
    assert len(row) <= 80  # one endless name does not break every row of the list
    assert talk.hear({"type": "files", "room": "lobby", "files": [], "more": False}) == ["* No files in #lobby."]


# --- How far they are ---


def test_the_status_row_says_how_far_they_are(talk: FileTalk) -> None:
    talk.board.rich = True
    talk.begun("/send plan.png")
    assert talk.status().transfers == ("↑ 0 %", "plan.png")
    talk.take(Moved(1, 100), now=1)
    talk.take(Moved(1, 500), now=3)
    assert talk.status().transfers == ("↑ 50 %", "plan.png", "200 B/s", "3 s left")
    talk.hear(message(1, file=FILE))
    talk.begun("/get 2")
    assert talk.status().transfers[:2] == ("↑↓ 22 %", "2 files")
    assert talk.board.lines == []


def test_where_there_is_none_each_tenth_is_a_line(talk: FileTalk) -> None:
    """Once."""
    talk.begun("/send plan.png")
    lines = [line for done in (99, 100, 150, 340, 340) for line in list(talk.take(Moved(1, done), now=done / 100))]
    assert lines == [
        "plan.png: 10 % (100 B of 1000 B)",
        "plan.png: 34 % (340 B of 1000 B), 100 B/s, 7 s left",
    ]


def test_what_is_not_finished_is_known_in_the_end(talk: FileTalk) -> None:
    talk.begun("/send plan.png")
    talk.take(Moved(1, 420))
    talk.hear(message(1, file=FILE))
    talk.begun("/get 2")
    assert talk.it.transfers.unfinished() == [
        "Not finished: plan.png (42 % sent).",
        "Not finished: plan.png (0 % fetched).",
    ]


def test_one_of_several_is_cancelled_by_its_number(talk: FileTalk) -> None:
    talk.begun("/send plan.png")
    talk.begun("/send plan.png @bob")
    lines = talk.type("/cancel")
    assert lines[0].splitlines()[0] == "Which one? /cancel N stops file N:"
    assert talk.type("/cancel 2") == ["* cancelled: plan.png"]
    assert talk.ordered() == [Cancel(2)]
    assert talk.type("/cancel") == ["* cancelled: plan.png"]


# --- Nothing steers the terminal ---


@pytest.mark.parametrize("attack", ATTACKS, ids=ascii)
def test_no_name_and_no_kind_steers_the_terminal(talk: FileTalk, attack: str, tmp_path: Path) -> None:
    """Nor does an address or a sentence; and no name looks like a second file."""
    file = {**FILE, "name": f"a{attack}b] [file 9: c", "mime": attack}
    [line] = talk.hear(message(1, attack, file=file))
    assert line.replace("\n", "").isprintable()
    assert line.count("[") - line.split("[file")[0].count("[") == 1
    shown = list(line)
    shown += talk.hear({"type": "files", "room": attack, "files": [{**file, "message": 1, "from": attack}]})
    talk.type("/view 1")
    shown += talk.hear({**located(**file), "url": f"/{attack}"})
    talk.begun("/get 1")
    shown += talk.status().transfers
    shown += talk.take(Moved(1, 600), Failed(1, attack))
    shown += talk.type(f"/get {attack}", f"/send no{attack}file", f"/cancel {attack}")
    assert all(line.replace("\n", "").isprintable() for line in shown)
