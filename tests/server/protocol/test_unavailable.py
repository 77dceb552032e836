"""What clients are told when the log cannot be used."""

from __future__ import annotations

import pytest

from server_parts.protocol.unavailable import unavailable


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_clients_are_not_told_where_the_database_is(scheme: str) -> None:
    reason = f"the database {scheme}://chat@db.example:5432/chat cannot be reached: nothing listens there"
    assert unavailable(reason, 3).frame() == {
        "type": "error",
        "code": "storage_unavailable",
        "text": "the database cannot be reached: nothing listens there",
        "fatal": False,
        "seq": 3,
    }


def test_other_reasons_are_told_as_they_are() -> None:
    assert unavailable("database or disk is full").text == "database or disk is full"
