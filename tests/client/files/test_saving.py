"""What arrives is saved whole or not at all, in its folder, and over nothing that is there."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from client_parts.files import saving
from client_parts.files.folder import downloads
from client_parts.files.local import FileProblem
from client_parts.files.saving import InMemory, Part, WrongBytes
from client_parts.files.target import Expected, Target, target_of
from tests.client.fakes import ATTACKS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and modes are those of Unix")
DATA = b"some bytes of a file"
DIGEST = hashlib.sha256(DATA).hexdigest()


def expected(name: str = "plan.png", data: bytes = DATA) -> Expected:
    return Expected(name, len(data), hashlib.sha256(data).hexdigest())


def part_in(folder: Path, name: str = "plan.png", data: bytes = DATA) -> Part:
    return Part(Target(folder, name), expected(name, data))


def saved(folder: Path, name: str = "plan.png", data: bytes = DATA) -> Path:
    part = part_in(folder, name, data)
    part.write(data)
    return Path(part.finish())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    """Before that it is a part; only its owner can read either."""
    part = part_in(tmp_path)
    part.write(DATA[:5])
    assert names(tmp_path) == [f"plan.png.{DIGEST[:8]}.part"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    part.write(DATA[5:])
    path = Path(part.finish())
    assert (path, names(tmp_path)) == (tmp_path / "plan.png", ["plan.png"])
    assert path.read_bytes() == DATA
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Neither a file nor a folder nor a link, whether it leads somewhere or not."""
    (tmp_path / "plan.png").write_text("mine")
    (tmp_path / "plan (2).png").mkdir()
    (tmp_path / "plan (3).png").symlink_to(tmp_path / "elsewhere")
    assert saved(tmp_path).name == "plan (4).png"
    assert (tmp_path / "plan.png").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_an_interrupted_part_is_gone_on_from(tmp_path: Path) -> None:
    """Also by a later run."""
    part = part_in(tmp_path)
    part.write(DATA[:7])
    part.close()
    part.close()
    part = part_in(tmp_path)
    assert part.offset == 7
    part.write(DATA[7:])
    assert Path(part.finish()).read_bytes() == DATA


def test_a_part_that_is_too_long_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / f"plan.png.{DIGEST[:8]}.part").write_bytes(DATA + b"!")
    assert saved(tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("wrong", [DATA[:-1], DATA[:-1] + b"!", b""])
def test_wrong_bytes_are_never_a_file(tmp_path: Path, wrong: bytes) -> None:
    part = part_in(tmp_path)
    part.write(wrong)
    with pytest.raises(WrongBytes):
        part.finish()
    assert part.offset == 0
    part.write(DATA)
    assert Path(part.finish()).read_bytes() == DATA
    assert names(tmp_path) == ["plan.png"]


def test_what_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    part = part_in(tmp_path)
    part.write(DATA)
    part.discard()
    part.discard()
    assert names(tmp_path) == []


def test_two_who_fetch_the_same_do_not_disturb_each_other(tmp_path: Path) -> None:
    one, other = part_in(tmp_path), part_in(tmp_path)
    for part in (one, other):
        part.write(DATA)
    assert [Path(part.finish()).name for part in (one, other)] == ["plan.png", "plan (2).png"]
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {DATA}


def test_a_part_that_is_finished_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opened it before that, and gets its lock behind it, would write over a whole file."""
    first, locked = part_in(tmp_path), saving._locked
    first.write(DATA)

    def finished_and_locked(descriptor: int) -> int:
        if "plan.png" not in names(tmp_path):
            first.finish()
        return locked(descriptor)

    monkeypatch.setattr(saving, "_locked", finished_and_locked)
    second = part_in(tmp_path)
    assert second.offset == 0
    second.write(DATA)
    assert Path(second.finish()).read_bytes() == (tmp_path / "plan.png").read_bytes() == DATA
    assert len(names(tmp_path)) == 2


def _link(part: Path, outside: Path) -> None:
    part.symlink_to(outside)


def _dangling(part: Path, outside: Path) -> None:
    part.symlink_to(outside.parent / "new")


def _hard_link(part: Path, outside: Path) -> None:
    os.link(outside, part)


def _folder(part: Path, outside: Path) -> None:
    part.mkdir()


def _pipe(part: Path, outside: Path) -> None:
    os.mkfifo(part)


@pytest.mark.parametrize("plant", [_link, _dangling, _hard_link, _folder, _pipe])
def test_what_somebody_laid_out_in_its_place_is_passed_over(tmp_path: Path, plant: Any) -> None:
    """Nothing is written through a link, and nobody waits for a pipe."""
    folder, outside = tmp_path / "in", tmp_path / "outside"
    folder.mkdir()
    outside.write_text("untouched")
    plant(folder / f"plan.png.{DIGEST[:8]}.part", outside)
    assert saved(folder).read_bytes() == DATA
    assert outside.read_text() == "untouched"
    assert names(tmp_path) == ["in", "outside"]


def test_a_folder_that_is_swapped_meanwhile_gets_nothing(tmp_path: Path) -> None:
    """The file goes where its part is, whatever the path leads to then."""
    folder, moved, outside = tmp_path / "in", tmp_path / "moved", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    part = part_in(folder)
    part.write(DATA)
    folder.rename(moved)
    folder.symlink_to(outside)
    part.finish()
    assert (names(moved), names(outside)) == (["plan.png"], [])


@pytest.mark.parametrize(
    "name",
    ["../../evil", "/etc/passwd", "a/../../evil", "..\\evil", ".bashrc", "..", "", "con", "x" * 500, *ATTACKS],
    ids=ascii,
)
def test_a_hostile_name_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    target = target_of("", name, folder)
    path = saved(target.folder, target.name)
    assert path.parent == folder
    assert path.read_bytes() == DATA
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [path]


def test_a_person_may_say_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, or a file in one; their own name for it is theirs to choose."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    usual = tmp_path / "usual"
    usual.mkdir()
    assert target_of("", "a/x", usual) == (usual, "x")
    assert target_of("sub", "x", usual) == (tmp_path / "sub", "x")
    assert target_of("sub/", "x", usual) == (tmp_path / "sub", "x")
    assert target_of("~/sub/.mine", "x", usual) == (tmp_path / "sub", ".mine")
    assert target_of("mine", "x", usual) == (tmp_path, "mine")
    for where in ("nowhere/x", "nowhere/"):
        with pytest.raises(FileProblem, match=r"^There is no folder .*nowhere\.$"):
            target_of(where, "x", usual)
    with pytest.raises(FileProblem, match="There is no folder"):
        target_of("", "x", tmp_path / "gone")


def test_the_usual_folder_is_the_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then `Downloads`, then the present one; a chosen one comes before all."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert downloads("", {}) == tmp_path
    (tmp_path / "Downloads").mkdir()
    assert downloads("", {}) == tmp_path / "Downloads"
    (tmp_path / "Stahování").mkdir()
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "user-dirs.dirs").write_text('# x\nXDG_DOWNLOAD_DIR="$HOME/Stahování"\n')
    assert downloads("", {}) == tmp_path / "Stahování"
    (tmp_path / "env").mkdir()
    assert downloads("", {"XDG_DOWNLOAD_DIR": "$HOME/env"}) == tmp_path / "env"
    assert downloads("~/chosen", {}) == tmp_path / "chosen"


def test_what_does_not_fit_is_refused_before_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both numbers; nothing is begun."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=5))
    with pytest.raises(FileProblem, match=r"^plan\.png does not fit the disk: 20 B > 5 B free\.$"):
        part_in(tmp_path)


def test_a_full_disk_is_one_sentence_and_keeps_the_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = part_in(tmp_path)
    part.write(DATA[:5])

    def full(descriptor: int, data: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(FileProblem, match=r"cannot be written: no space left on device\.$"):
            part.write(DATA[5:])
    part.close()
    assert part_in(tmp_path).offset == 5


def test_a_folder_where_nothing_can_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(FileProblem, match=r"^Nothing can be saved in .*: not a directory\.$"):
        part_in(tmp_path / "x")
    with pytest.raises(FileProblem, match="file name too long"):
        part_in(tmp_path, "x" * 300)


def test_a_part_that_vanished_is_one_sentence(tmp_path: Path) -> None:
    """And leaves no empty file."""
    part = part_in(tmp_path)
    part.write(DATA)
    next(tmp_path.iterdir()).unlink()
    with pytest.raises(FileProblem, match="no such file"):
        part.finish()
    assert names(tmp_path) == []


def test_what_is_only_looked_at_is_verified_too() -> None:
    store = InMemory(expected())
    store.write(DATA[:-1])
    with pytest.raises(WrongBytes):
        store.finish()
    assert store.offset == 0
    store.write(DATA)
    store.finish()
    assert store.data == DATA
