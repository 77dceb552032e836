"""Names of files that come from strangers: what is kept, and what is written of them."""

from __future__ import annotations

import re
import unicodedata
from email.message import Message as Mail

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server_parts.protocol.file_names import MOST_BYTES, disposition, kept_name, path_of, size_text

KEPT = {
    "plan.pdf": "plan.pdf",
    "../../.ssh/authorized_keys": "authorized_keys",
    "..\\..\\boot.ini": "boot.ini",
    "C:\\x\\a.txt": "a.txt",
    "C:a.txt": "C_a.txt",
    "/etc/passwd/": "passwd",
    ".bashrc": "bashrc",
    "...": "file",
    "..": "file",
    "": "file",
    "/": "file",
    "  a  b .txt. ": "a b .txt",
    "a\r\nSet-Cookie: x.txt": "aSet-Cookie_ x.txt",
    "con": "_con",
    "CON.txt": "_CON.txt",
    "com1.": "_com1",
    "lpt¹.txt": "_lpt¹.txt",
    "console.txt": "console.txt",
    "nul ": "_nul",
    "invoice\u202efdp.exe": "invoicefdp.exe",
    "a\u200bb\ufeff": "ab",
    'quo"te<>|?*.txt': "quo_te_____.txt",
    "e\u0301.txt": "\u00e9.txt",
    "\u3164": "file",
    "猫.png": "猫.png",
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept(name: str) -> None:
    """The last part, without what deceives, is hidden, or means something to a system."""
    assert kept_name(name) == KEPT[name]


def test_a_long_name_keeps_its_suffix() -> None:
    """In so many bytes, cut between signs."""
    assert kept_name("a" * 300 + ".tar.gz") == "a" * (MOST_BYTES - 3) + ".gz"
    cut = kept_name("猫" * 100 + ".png")
    assert cut.endswith("猫.png")
    assert len(cut.encode()) <= MOST_BYTES
    assert len(kept_name("a." + "b" * 300).encode()) == MOST_BYTES


@given(st.text())
@example("con..txt")
@example("a" * 119 + ". .txt")
@example("\u115f")
def test_whatever_it_is_it_is_harmless(name: str) -> None:
    """No separators, controls, marks of direction, leading or trailing dots; of bounded length; and it stays so."""
    kept = kept_name(name)
    assert 0 < len(kept.encode()) <= MOST_BYTES
    assert not re.search(r'[/\\<>:"|?*]', kept)
    assert not any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp", "Cs") for sign in kept)
    assert kept.strip(" .") == kept
    assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", kept)
    assert kept_name(kept) == kept


@given(st.text())
@example('a"; filename="b')
@example("a\r\nX: y")
@example("%0d%0a")
def test_a_disposition_holds_one_name(name: str) -> None:
    """Nothing in a name ends the field or begins another; who reads it by the standard reads the same name."""
    kept = kept_name(name)
    field = disposition(kept, is_shown=False)
    assert field.isascii()
    assert field.isprintable()
    mail = Mail()
    mail["Content-Disposition"] = field
    assert mail.get_content_disposition() == "attachment"
    assert mail.get_filename() in (kept, re.sub(r"[^A-Za-z0-9 _.,+()=@~-]", "_", kept))
    if (encoded := re.search(r"filename\*=UTF-8''(\S+)$", field)) is not None:
        assert re.fullmatch(r"(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+", encoded[1])


def test_a_path_holds_one_name() -> None:
    """Nothing in it is a separator, a query or a blank."""
    assert path_of("I", "a b?c#d%é.txt") == "/files/I/a%20b%3Fc%23d%25%C3%A9.txt"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (1, "1 byte"),
        (812, "812 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KB"),
        (1536, "1.5 KB"),
        (1024**2 - 1, "1 MB"),
        (100 * 1024**2, "100 MB"),
        (5 * 1024**3, "5 GB"),
        (5000 * 1024**4, "5000 TB"),
    ],
)
def test_sizes_are_written_for_people(size: int, text: str) -> None:
    """Rounded, in the largest unit that fits."""
    assert size_text(size) == text
