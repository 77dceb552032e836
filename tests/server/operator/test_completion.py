"""What Tab makes of the operator's line: by how each command is written."""

from __future__ import annotations

import pytest

from server_parts.operator.commands import USAGES
from server_parts.operator.completion import Vocabulary, complete

VOCABULARY = Vocabulary(USAGES, ("bob", "alice"), ("lobby", "tea"))


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("/ki", ["/kick "]),
        ("/kick ", ["/kick bob ", "/kick alice "]),
        ("/KICK a", ["/KICK alice "]),
        ("/kick @b", ["/kick bob "]),
        ("/kick bob a", ["/kick bob alice "]),  # any text may follow
        ("/kick -r ", ["/kick -r lobby ", "/kick -r tea "]),
        ("/kick -r tea b", ["/kick -r tea bob "]),
        ("/mode r", ["/mode read-only "]),
        ("/mode -r tea i", ["/mode -r tea invite "]),
        ("/mode open ", []),
        ("/slow o", ["/slow off "]),
        ("/slow 1", []),
        ("/role bob m", ["/role bob member ", "/role bob moderator "]),
        ("/role bob voice #t", ["/role bob voice #tea "]),
        ("/join #te", ["/join tea "]),
        ("/history t", ["/history tea "]),
        ("/history tea 1", []),
        ("/theme ", ["/theme dark ", "/theme light ", "/theme safe "]),
        ("/help kic", ["/help kick "]),
        ("/re a", ["/re alice "]),
        ("/re 5 hi b", ["/re 5 hi bob "]),
        ("/react 5 :+", ["/react 5 :+1: "]),
        ("/exit ", []),
        ("/unknown b", ["/unknown bob "]),
        ("b", ["bob: "]),
        ("hello b", ["hello bob "]),
        ("", []),
    ],
)
def test_what_a_line_may_become(line: str, becomes: list[str]) -> None:
    """Commands and what belongs behind them; names elsewhere."""
    assert complete(line, VOCABULARY) == becomes


def test_the_words_of_a_usage_are_known() -> None:
    """Whatever follows a command is one of the kinds that are completed, or something that nobody could guess."""
    guessed = {"NAME", "ROOM", "#ROOM", "ROLE", "COMMAND", "TEXT", "REASON"}
    others = {"N", "ID", "FILE", "TIME", "USES", "BEGINNING", "EMOJI"}
    words = {
        kind.strip("[]")
        for usage in USAGES.values()
        for word in usage.replace("[-r ROOM]", "").split()[1:]
        for kind in word.strip("[]").split("|")
    }
    assert {word for word in words if not word.islower()} <= guessed | others
