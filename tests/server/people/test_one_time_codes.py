"""One-time codes: made, typed and recognised."""

from __future__ import annotations

import pytest

from server_parts.people.one_time_codes import hash_of_code, new_code


def test_a_code_can_be_typed() -> None:
    """Four groups of four signs, 80 bits, none of which looks like another; each is another one."""
    codes = {new_code() for _ in range(100)}
    assert len(codes) == 100
    assert all([len(group) for group in code.split("-")] == [4] * 4 for code in codes)
    assert not set("ilou") & set("".join(codes))


@pytest.mark.parametrize(
    "typed", ["K3F9-0H1M-X7QA-9D4C", "k3f90h1mx7qa9d4c", " k3f9 ohlm x7qa 9d4c ", "k3f9-oHim-x7qa-9d4c"]
)
def test_it_does_not_matter_how(typed: str) -> None:
    """Case, dashes and blanks mean nothing, and look-alikes are what they look like."""
    assert hash_of_code(typed) == hash_of_code("k3f9-0h1m-x7qa-9d4c") is not None


@pytest.mark.parametrize("text", ["", "k3f9-0h1m-x7qa-9d4", "k3f9-0h1m-x7qa-9d4cc", "correct horse battery", "u" * 16])
def test_other_texts_are_no_codes(text: str) -> None:
    """So a password is hardly ever looked for among the codes."""
    assert hash_of_code(text) is None
