"""Texts that come in a row are kept in a row, and taken apart where they are counted: `requests.in_runs`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server_parts.protocol.requests import Refusal, Request, Say, Who, in_runs, one_by_one
from server_parts.storage.records import About


def test_a_row_becomes_one() -> None:
    """One room, rising numbers: nothing but the texts is left of each."""
    assert in_runs([Say("lobby", ["a"], 3), Say("lobby", ["b"], 4), Say("lobby", ["c"], 5)]) == [
        Say("lobby", ["a", "b", "c"], 3)
    ]


says = st.builds(
    Say,
    st.sampled_from(["lobby", "tea"]),
    st.text(max_size=3).map(lambda text: [text]),
    st.integers(0, 4),
    st.none() | st.just(Refusal("empty_text", "nothing in it")),
    st.none() | st.just(About("reply", 1)),
    st.none() | st.just("A" * 22),
)


def request_copies(requests: list[Request]) -> list[Request]:
    """Runs grow in the first of their requests."""
    return [r._replace(texts=[*r.texts]) if isinstance(r, Say) else r for r in requests]


@given(st.lists(says | st.just(Who())))
def test_nothing_is_lost_or_moved(requests: list[Request]) -> None:
    """Taken apart again, runs are the requests they were made of, in the same order."""
    assert one_by_one(in_runs(request_copies(requests))) == requests
