"""A received file's name never leads anywhere, whoever chose it."""

from __future__ import annotations

import ntpath
import os
import unicodedata
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client_parts.files.names import MOST_BYTES, numbered, safe_name

PIECES = st.sampled_from(
    [
        "..",
        ".",
        "/",
        "\\",
        ":",
        "CON",
        "com1",
        "NUL",
        " ",
        "\x1b[2J",
        "\u202e",
        "\0",
        "\n",
        "é" * 70,
        "~",
        "-",
        "漢",
        "a",
    ]
)
NAMES = st.one_of(st.text(), st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join))


def is_reserved(name: str) -> bool:
    """On Windows; newer Pythons ask for another function."""
    newer = getattr(ntpath, "isreserved", None)
    return bool(newer(name)) if newer is not None else PureWindowsPath(name).is_reserved()


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("plan.png", "plan.png"),
        ("my plan (final).tar.gz", "my plan (final).tar.gz"),
        ("../../.ssh/authorized_keys", "authorized_keys"),
        ("C:\\Windows\\system32\\evil.dll", "evil.dll"),
        ("a/b\\c", "c"),
        ("..", "file"),
        ("/", "file"),
        ("", "file"),
        (".bashrc", "bashrc"),
        ("...hidden. . ", "hidden"),
        ("a\x1b[2Jb\u202egnp.exe", "a[2Jbgnp.exe"),
        ("a\u00a0b", "a b"),
        ("notes.txt:hidden", "notes.txt_hidden"),
        ("con", "_con"),
        ("AUX.txt", "_AUX.txt"),
        ("com¹ .a.b", "_com¹ .a.b"),
        ("-rf", "_rf"),
        ("~", "_"),
        ("\u3164", "file"),
        ("a\0b", "ab"),
        ("a\ud800b", "ab"),
    ],
)
def test_only_the_last_part_counts_and_only_harmless_signs(name: str, saved: str) -> None:
    assert safe_name(name) == saved


def test_a_reserved_name_is_noticed() -> None:
    """The check below can fail."""
    assert is_reserved("NUL")
    assert is_reserved("con.txt")


def test_a_long_name_keeps_what_tells_its_kind() -> None:
    """And is cut between characters."""
    long = safe_name("é" * 200 + ".jpeg")
    assert long.endswith("é.jpeg")
    assert len(long.encode()) in (MOST_BYTES - 1, MOST_BYTES)
    assert len(numbered(long, 10).encode()) <= MOST_BYTES
    assert numbered(long, 10).endswith("é (10).jpeg")


def test_further_ones_are_numbered() -> None:
    assert numbered("plan.png", 2) == "plan (2).png"
    assert numbered("README", 3) == "README (3)"


@given(NAMES)
@settings(max_examples=50)
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    """Nor is it more than one part, or something that a system reads otherwise, here or on Windows."""
    saved = safe_name(name)
    assert Path(os.path.normpath(Path("/folder") / saved)) == Path("/folder") / saved
    assert Path("/folder", saved).parent == Path("/folder")
    assert saved
    assert len(saved.encode()) <= MOST_BYTES
    assert saved[0] not in ".-~ "
    assert saved[-1] not in ". "
    assert not set(saved) & set('/\\:<>"|?*')
    assert all(c.isprintable() and unicodedata.category(c) != "Cf" for c in saved)
    assert not is_reserved(saved)
    assert PureWindowsPath(saved).parts == (saved,)


@given(NAMES)
@settings(max_examples=50)
def test_a_safe_name_stays_as_it_is(name: str) -> None:
    assert safe_name(safe_name(name)) == safe_name(name)
