"""What every store promises of files: received in pieces, finished, said once, read, and gone with their message."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from server_parts.storage.file_records import (
    DAY_OF_OWNER,
    GRACE,
    IDLE,
    PIECE,
    Attachment,
    FileRecord,
    FilesWanted,
    SaidFile,
    is_file_id,
)
from server_parts.storage.file_store import NoSuchFile, TooManyBytes, WrongHash, WrongOffset
from server_parts.storage.records import DELETE, EDIT, REACT, REPLY, About
from server_parts.storage.store import Store

from .conftest import BACKENDS, marked
from .drafts import SESSION, Backend, append, draft, say, trim_all
from .sent_files import ALICE, BOB, LARGE, contents, is_said, later, say_file, send, sha, store

KILOBYTES = 65_536
NAMES = ["memory", "sqlite", "postgres"]


@pytest.fixture(params=[marked(one) for one in BACKENDS if one.name in NAMES], ids=NAMES)
def backend(request: pytest.FixtureRequest) -> Backend:
    """How messages are found makes no difference to files."""
    assert isinstance(request.param, Backend)
    return request.param


def test_a_file_comes_in_pieces(log: Store) -> None:
    """Each is counted when it is stored; finished, it has a hash, and what was announced of it."""
    reservation = log.files.reserve("lobby", "große Datei.txt", len(LARGE), sha(LARGE), ALICE)
    assert is_file_id(reservation.id)
    assert (log.files.upload(reservation.id).offset, log.files.upload(reservation.id).file) == (0, None)
    for end in range(KILOBYTES, len(LARGE), KILOBYTES):
        start = end - KILOBYTES
        assert (
            log.files.write(reservation.id, start, LARGE[start:end]) == log.files.upload(reservation.id).offset == end
        )
    send(log.files, reservation.id, LARGE, end)
    upload = log.files.upload(reservation.id)
    assert (upload.offset, upload.reservation.name, upload.reservation.owner) == (len(LARGE), "große Datei.txt", ALICE)
    record = log.files.finish(reservation.id)
    assert record == FileRecord(reservation.id, "große Datei.txt", len(LARGE), sha(LARGE))
    assert log.files.finish(reservation.id) == record
    assert log.files.upload(reservation.id).file == record


@pytest.mark.parametrize("step", [1_000, 100_003])
def test_pieces_may_have_any_size(log: Store, step: int) -> None:
    id = log.files.reserve("lobby", "x", len(LARGE), sha(LARGE), ALICE).id
    send(log.files, id, LARGE[: 40 * step], step=step)
    send(log.files, id, LARGE, min(40 * step, len(LARGE)))
    assert log.files.finish(id).sha256 == sha(LARGE)
    assert contents(log.files, id) == LARGE


def test_a_part_is_read(log: Store) -> None:
    """From anywhere, at most one piece; behind the end there is nothing."""
    id = store(log, LARGE)
    for start, length in ((0, 10), (PIECE - 5, 10), (PIECE - 5, PIECE), (3, 0), (len(LARGE) - 7, 99), (PIECE, PIECE)):
        assert log.files.read(id, start, length) == LARGE[start : start + length]
    assert len(log.files.read(id, 0, 2 * PIECE)) == PIECE
    assert log.files.read(id, len(LARGE), 10) == log.files.read(id, 9 * PIECE, 10) == b""


def test_a_piece_has_to_begin_at_the_end(log: Store) -> None:
    """Twice, ahead, or behind what was announced: nothing of it is stored."""
    id = log.files.reserve("lobby", "x", 10, None, ALICE).id
    log.files.write(id, 0, b"01234")
    for offset in (0, 4, 6, PIECE):
        with pytest.raises(WrongOffset) as refused:
            log.files.write(id, offset, b"5")
        assert refused.value.offset == 5
    with pytest.raises(TooManyBytes):
        log.files.write(id, 5, b"56789X")
    with pytest.raises(WrongOffset):
        log.files.finish(id)
    assert log.files.upload(id).offset == 5
    log.files.write(id, 5, b"56789")
    with pytest.raises(TooManyBytes):
        log.files.write(id, 10, b"X")
    assert log.files.finish(id).sha256 == sha(b"0123456789")
    with pytest.raises(WrongOffset):
        log.files.write(id, 10, b"X")
    with pytest.raises(ValueError, match="too large"):
        log.files.write(id, 0, bytes(PIECE + 1))


def test_of_several_who_send_the_same_one_is_taken(log: Store) -> None:
    """For each piece: so a file that two connections send is whole."""
    id = log.files.reserve("lobby", "x", len(LARGE), sha(LARGE), ALICE).id
    taken: list[int] = []

    def send_all() -> None:
        for at in range(0, len(LARGE), KILOBYTES):
            while log.files.upload(id).offset <= at:
                try:
                    log.files.write(id, at, LARGE[at : at + KILOBYTES])
                    taken.append(at)
                except WrongOffset:
                    continue

    threads = [threading.Thread(target=send_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(0, len(LARGE), KILOBYTES))
    assert log.files.finish(id).sha256 == sha(LARGE)


def test_ten_are_sent_at_once(log: Store) -> None:
    """Each in a thread of its own, while the log is written; all of them are whole."""
    contents_of = {number: bytes((number,)) * (PIECE + number) for number in range(10)}
    ids = {}

    def send_one(number: int) -> None:
        ids[number] = store(log, contents_of[number], name=str(number))

    threads = [threading.Thread(target=send_one, args=(number,)) for number in contents_of]
    for thread in threads:
        thread.start()
    for number in range(20):
        say(log, f"text {number}")
    for thread in threads:
        thread.join()
    files = [say_file(log, ids[number]).file for number in range(10)]
    assert [file.name for file in files if file] == [str(number) for number in range(10)]
    assert {number: contents(log.files, id) for number, id in ids.items()} == contents_of


def test_a_file_is_started_over(log: Store) -> None:
    """Nothing is left of what was there, also where the new bytes end inside an old piece."""
    id = log.files.reserve("lobby", "x", PIECE + 100, sha(b"x" * (PIECE + 100)), ALICE).id
    send(log.files, id, b"y" * (PIECE + 99), step=10_000)
    log.files.start_over(id)
    assert log.files.upload(id).offset == 0
    send(log.files, id, b"x" * (PIECE + 100), step=70_000)
    log.files.finish(id)
    assert contents(log.files, id) == b"x" * (PIECE + 100)
    with pytest.raises(WrongOffset):
        log.files.start_over(id)


def test_a_wrong_hash_leaves_nothing(log: Store) -> None:
    id = log.files.reserve("lobby", "x", 5, sha(b"right"), ALICE).id
    log.files.write(id, 0, b"wrong")
    with pytest.raises(WrongHash):
        log.files.finish(id)
    for gone in (log.files.upload, log.files.finish, log.files.cancel, log.files.start_over):
        with pytest.raises(NoSuchFile):
            gone(id)
    with pytest.raises(NoSuchFile):
        log.files.read(id, 0, 1)
    assert log.files.totals(ALICE).size == 0


def test_a_file_is_cancelled(log: Store) -> None:
    """Half of it, or finished; then it cannot be said."""
    half = log.files.reserve("lobby", "x", 5, None, ALICE).id
    log.files.write(half, 0, b"12")
    done = store(log)
    for id in (half, done):
        log.files.cancel(id)
        with pytest.raises(NoSuchFile):
            log.files.write(id, 0, b"1")
        with pytest.raises(NoSuchFile):
            log.files.read(id, 0, 1)
        assert say_file(log, id).file is None


def test_other_ids_are_no_files(log: Store) -> None:
    """Whatever they look like."""
    for id in ("", "..", "../../chat.db", "x" * 22, "x" * 21 + "/", "x" * 21 + "\0", "\ud800" * 22):
        for ask in (log.files.upload, log.files.finish, log.files.cancel, log.files.start_over):
            with pytest.raises(NoSuchFile):
                ask(id)
        with pytest.raises(NoSuchFile):
            log.files.write(id, 0, b"x")
        with pytest.raises(NoSuchFile):
            log.files.read(id, 0, 1)
        assert log.files.said(id) is None
        assert log.files.ready(id, (ALICE,), "lobby") is None
        assert log.files.listed(FilesWanted(9, before=id)).files == []


def test_a_name_is_a_text_and_nothing_else(log: Store) -> None:
    """It comes back as it was, with the message too."""
    names = [
        "../../etc/passwd",
        "C:\\x",
        "-rf",
        "a\nb",
        "\u202egpj.exe",
        "\U0001f600",
        "x" * 255,
        "'\"%s{}",
        "CON",
        "..",
    ]
    files = [say_file(log, store(log, name=name)).file for name in names]
    assert [file.name for file in files if file] == names
    assert [kept.file for kept in log.after("lobby", 0, 99)] == files


# --- saying ---


def test_a_message_carries_a_file(log: Store) -> None:
    """In every page, in searches, and by its number; the file knows its message."""
    id = store(log, b"GIF89a\x02\x00\x03\x00", name="a.gif")
    assert not is_said(log, id)
    message = say_file(log, id, "look at this")
    assert message.file == FileRecord(id, "a.gif", 10, sha(b"GIF89a\x02\x00\x03\x00"), "image/gif", 2, 3)
    say(log, "plain")
    assert log.after("lobby", 0, 9)[0] == log.said("lobby", 1) == message
    assert log.search("look", {}, 9) == [message]
    assert [kept.file for kept in log.after("lobby", 0, 9)] == [message.file, None]
    assert log.files.said(id) == SaidFile(message.file, "lobby", 1, message.ts, "alice")
    assert contents(log.files, id) == b"GIF89a\x02\x00\x03\x00"
    with pytest.raises(NoSuchFile):
        log.files.upload(id)
    with pytest.raises(NoSuchFile):
        log.files.cancel(id)


def test_a_file_without_words_is_marked(log: Store) -> None:
    """By whoever says it."""
    (message,) = append(log, draft("a.txt (10 bytes)")._replace(file=Attachment(store(log), (ALICE,), bare=True)))
    assert message.file is not None
    assert message.file.bare
    assert [kept.file for kept in log.after("lobby", 0, 9)] == [message.file]
    assert log.files.listed(FilesWanted(1)).files[0].file == message.file


def test_only_its_owner_says_a_file(log: Store) -> None:
    """In the room for which it was announced; else the message is stored without it, and the file stays."""
    id = store(log)
    assert log.files.ready(id, (BOB,), "lobby") is None
    assert log.files.ready(id, (ALICE,), "den") is None
    assert say_file(log, id, owner=BOB).file is None
    assert say_file(log, id, room="den").file is None
    ready = log.files.ready(id, (BOB, ALICE), "lobby")
    assert ready is not None
    (message,) = append(log, draft("x")._replace(file=Attachment(id, (BOB, ALICE))))
    assert message.file == ready
    assert log.files.ready(id, (ALICE,), "lobby") is None


def test_a_file_is_said_once(log: Store) -> None:
    """Also in one go; the second message has none."""
    id = store(log)
    wanted = draft("x")._replace(file=Attachment(id, (ALICE,)))
    first, second = append(log, wanted, wanted._replace(seq=wanted.seq + 1))
    assert first.file is not None
    assert second.file is None
    assert say_file(log, id).file is None
    assert [kept.file for kept in log.after("lobby", 0, 9)] == [first.file, None, None]


def test_an_unfinished_file_is_not_said(log: Store) -> None:
    id = log.files.reserve("lobby", "x", 3, None, ALICE).id
    log.files.write(id, 0, b"12")
    assert say_file(log, id).file is None
    log.files.write(id, 2, b"3")
    log.files.finish(id)
    assert say_file(log, id).file is not None


def test_a_reply_carries_a_file(log: Store) -> None:
    say(log, "a question")
    entry = draft("an answer")._replace(about=About(REPLY, 1), file=Attachment(store(log), (ALICE,)))
    (message,) = append(log, entry)
    assert message.file is not None
    assert (message.about, log.after("lobby", 1, 1)) == (About(REPLY, 1), [message])


def test_an_edit_of_the_caption_keeps_the_file(log: Store) -> None:
    """And so does a reaction."""
    id = store(log)
    file = say_file(log, id).file
    append(log, draft("other words")._replace(about=About(EDIT, 1)), draft("+1")._replace(about=About(REACT, 1)))
    assert [(kept.text, kept.file) for kept in log.after("lobby", 0, 1)] == [("other words", file)]
    assert is_said(log, id)


def test_a_private_file_is_bound_to_its_room(log: Store) -> None:
    id = store(log, room="@alice+bob")
    assert say_file(log, id).file is None
    assert say_file(log, id, room="@alice+bob").file is not None
    found = log.files.said(id)
    assert found is not None
    assert (found.room, found.message) == ("@alice+bob", 1)


def test_what_somebody_has_not_said_is_known(log: Store) -> None:
    """Finished or not, until it is said or cancelled; of nobody else."""
    half = log.files.reserve("lobby", "x", 3, None, ALICE).id
    log.files.write(half, 0, b"12")
    done, said, cancelled, others = store(log), store(log), store(log), store(log, owner=BOB)
    say_file(log, said)
    log.files.cancel(cancelled)
    found = {upload.reservation.id: upload for upload in log.files.unsaid(ALICE)}
    assert found == {id: log.files.upload(id) for id in (half, done)}
    assert [upload.reservation.id for upload in log.files.unsaid(BOB)] == [others]
    assert log.files.unsaid("account:3") == []


# --- listing ---


def listed(log: Store, limit: int = 99, **wanted: object) -> list[str]:
    return [one.file.name for one in log.files.listed(FilesWanted(limit, **wanted)).files]  # type: ignore[arg-type]


def test_files_are_listed(log: Store) -> None:
    """The newest first, page by page; of one room, or of all that one may read."""
    ids = {}
    for name, room in (("a", "lobby"), ("b", "den"), ("c", "@alice+bob"), ("d", "lobby"), ("e", "@bob+carol")):
        ids[name] = store(log, room=room, name=name)
        say_file(log, ids[name], room=room)
    assert listed(log) == ["d", "b", "a"]
    assert listed(log, floors={"@alice+bob": 0}) == ["d", "c", "b", "a"]
    assert listed(log, floors={"@alice+bob": 1}) == ["d", "b", "a"]
    assert listed(log, hidden={"den"}) == ["d", "a"]
    assert listed(log, hidden={"den"}, floors={"den": 0}) == ["d", "b", "a"]
    assert listed(log, room="lobby") == ["d", "a"]
    assert listed(log, room="@bob+carol") == listed(log, room="nowhere") == []
    assert listed(log, room="@bob+carol", floors={"@bob+carol": 0}) == ["e"]
    assert listed(log, before=ids["d"]) == ["b", "a"]
    assert listed(log, room="lobby", before=ids["b"]) == ["a"]
    assert listed(log, before="x" * 22) == []
    pages = [log.files.listed(FilesWanted(limit, floors={"@alice+bob": 1})) for limit in (0, 1, 2, 3, 4)]
    assert [(len(page.files), page.more) for page in pages] == [(0, True), (1, True), (2, True), (3, False), (3, False)]


# --- going ---


@pytest.mark.parametrize("how", ["deleted", "trimmed"])
def test_a_file_goes_with_its_message(log: Store, how: str) -> None:
    """At once for whoever asks; its bytes after an hour, for whoever is reading them. Its neighbours stay."""
    id, other = store(log, b"gone"), store(log, b"kept")
    first = say_file(log, id)
    say_file(log, other)
    if how == "deleted":
        append(log, draft("/me deleted message #1")._replace(about=About(DELETE, 1)))
    else:
        trim_all(log, keep_messages=1)
    assert first.file is not None
    assert not is_said(log, id)
    assert [kept.file.id for kept in log.after("lobby", 0, 9) if kept.file] == [other]
    assert [one.file.id for one in log.files.listed(FilesWanted(9)).files] == [other]
    assert say_file(log, id).file is None, "it was said"
    with later(GRACE - 60):
        log.files.sweep()
        assert contents(log.files, id) == b"gone"
    with later(GRACE + 60):
        assert log.files.sweep() == 1
        assert log.files.sweep() == 0
        with pytest.raises(NoSuchFile):
            log.files.read(id, 0, 1)
    assert contents(log.files, other) == b"kept"


def test_a_file_that_is_said_and_deleted_in_one_go(log: Store) -> None:
    id = store(log)
    entry = draft("said")._replace(about=About(DELETE, 1))
    append(log, draft("look")._replace(file=Attachment(id, (ALICE,))), entry)
    assert not is_said(log, id)
    assert [kept.file for kept in log.after("lobby", 0, 9)] == [None, None]


@pytest.mark.parametrize("idle", [IDLE, 900.0])
def test_what_nobody_sends_on_or_says_is_given_up(log: Store, idle: float) -> None:
    """After a day, or as soon as is asked for; what was said stays."""
    half = log.files.reserve("lobby", "x", 3, None, ALICE).id
    log.files.write(half, 0, b"12")
    unsaid, said = store(log), store(log, b"kept")
    say_file(log, said)
    with later(idle - 60):
        assert log.files.sweep(idle) == 0
        assert log.files.upload(half).offset == 2
    with later(idle + 60):
        assert log.files.sweep(idle) == 2
        for id in (half, unsaid):
            with pytest.raises(NoSuchFile):
                log.files.upload(id)
        assert say_file(log, unsaid).file is None
    assert contents(log.files, said) == b"kept"


def test_totals_count_what_is_there(log: Store) -> None:
    """And of an owner what was announced within a day, also of what is gone since."""
    assert log.files.totals(ALICE).size == log.files.totals(ALICE).of_owner == 0
    say_file(log, store(log, b"12345"))
    store(log, b"123")
    log.files.reserve("lobby", "x", 1_000, None, ALICE)
    log.files.reserve("lobby", "x", 10_000, None, BOB)
    totals = log.files.totals(ALICE)
    assert (totals.size, totals.of_owner, totals.open) == (11_008, 1_008, 2)
    assert (log.files.totals(BOB).of_owner, log.files.totals(BOB).open) == (10_000, 1)
    assert [len(log.files.unsaid(owner)) for owner in (ALICE, BOB)] == [2, 1]
    assert log.files.count() == 1
    append(log, draft("/me deleted message #1")._replace(about=About(DELETE, 1)))
    assert log.files.totals(ALICE).size == 11_008, "its bytes are there"
    assert log.files.count() == 0
    with later(GRACE + 60):
        log.files.sweep()
        totals = log.files.totals(ALICE)
        assert (totals.size, totals.of_owner) == (11_003, 1_008)
    with later(DAY_OF_OWNER + 60):
        log.trim()
        log.files.sweep()
        totals = log.files.totals(ALICE)
        assert (totals.size, totals.of_owner, totals.open) == (0, 0, 0)
    assert totals.free is None or totals.free > 0


def test_nothing_of_a_deleted_file_is_kept_but_its_size(log: Store, backend: Backend, tmp_path: Path) -> None:
    """Not even its name."""
    say_file(log, store(log, name="a secret name.txt"))
    append(log, draft("/me deleted message #1")._replace(about=About(DELETE, 1)))
    trim_all(log, keep_messages=100)
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or b"a secret name" not in path.read_bytes() or path.suffix == ".json", path
    log.files.sweep()
    assert list((tmp_path / "data").rglob("*.json")) == []


def test_files_survive_a_restart(backend: Backend, tmp_path: Path) -> None:
    """Half of one, one that is finished, one that is said, and what was deleted a moment ago."""
    if not backend.durable:
        pytest.skip("nothing survives it")
    log = backend.open(tmp_path / "data")
    half = log.files.reserve("lobby", "half", len(LARGE), sha(LARGE), ALICE).id
    log.files.write(half, 0, LARGE[:1_000])
    done, said, gone = store(log, b"done"), store(log, b"said"), store(log, b"gone")
    messages = [say_file(log, said), say_file(log, gone)]
    append(log, draft("/me deleted message #2")._replace(about=About(DELETE, 2)))
    before = log.files.upload(half), log.files.upload(done), log.files.said(said), log.files.totals(ALICE).of_owner
    log.close()
    log = backend.open(tmp_path / "data")
    after = log.files.upload(half), log.files.upload(done), log.files.said(said), log.files.totals(ALICE).of_owner
    assert [one.offset for one in after[:2]] == [1_000, 4]
    assert [one.file for one in after[:2]] == [one.file for one in before[:2]]
    assert after[2:] == before[2:]
    log.files.sweep()
    send(log.files, half, LARGE, 1_000)
    assert log.files.finish(half).sha256 == sha(LARGE)
    assert [kept.file for kept in log.after("lobby", 0, 2)] == [messages[0].file, None]
    assert say_file(log, done).file is not None
    assert not is_said(log, gone)
    assert [contents(log.files, id) for id in (half, done, said, gone)] == [LARGE, b"done", b"said", b"gone"]
    assert log.accepted(SESSION) > 0
    log.close()
