"""Names that look alike."""

from __future__ import annotations

import pytest

from chat_common import RESERVED_WORDS
from server_parts.people.lookalikes import is_reserved
from server_parts.storage.skeletons import skeleton


@pytest.mark.parametrize(
    ("name", "other"),
    [("A1ice", "alice"), ("b0b", "Bob"), ("rnary", "mary"), ("vvill", "will"), ("5am", "sam"), ("a.l_i-ce", "alice")],
)
def test_what_looks_alike_has_one_skeleton(name: str, other: str) -> None:
    """Case, dots and dashes, digits for letters, and pairs of letters for one."""
    assert skeleton(name) == skeleton(other)


def test_what_does_not_has_others() -> None:
    """Else half of all names would be lookalikes."""
    names = ("alice", "alicia", "bob", "bobby", "mary", "marie", "sam", "will")
    assert len({skeleton(name) for name in names}) == len(names)


@pytest.mark.parametrize("word", [*sorted(RESERVED_WORDS), "server", "operator", "admin", "system", "guest"])
def test_the_server_s_words_are_reserved(word: str) -> None:
    """As they are and as they can be imitated."""
    assert is_reserved(word)
    assert is_reserved(word.upper())
    assert is_reserved(".".join(word))
    assert is_reserved(word.replace("o", "0").replace("l", "1").replace("s", "5"))


@pytest.mark.parametrize("name", ["ali", "Ali", "alison", "allan", "guest5", "owen", "sally", "rooty", "yours"])
def test_people_s_names_are_not(name: str) -> None:
    """Also those that a word is part of."""
    assert not is_reserved(name)
