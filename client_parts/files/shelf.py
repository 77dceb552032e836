"""The files that this run has heard of, each with a short number by which a person speaks of it. Pure."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, Final

_MOST: Final = 1_000  # files; who wants an older one lists it again
_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_NUMBER: Final = re.compile(r"#?\[?(?:file )?([0-9]{1,9})\]?")

Facts = dict[str, Any]


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


class Shelf:
    def __init__(self) -> None:
        self._newest = 0
        self._numbers: dict[str, int] = {}  # by id
        self._facts: dict[int, Facts] = {}

    def take_number(self) -> int:
        """For a file that is still to be sent."""
        self._newest += 1
        return self._newest

    def bind(self, number: int, id: str) -> None:
        """The server calls that file so."""
        self._numbers[id] = number

    def put(self, facts: Facts) -> int:
        """Take in what the server says of a file. Returns its number, which stays."""
        number = self._numbers.get(facts["id"]) or self.take_number()
        self.bind(number, facts["id"])
        self._facts[number] = facts
        for oldest in list(islice(self._facts, max(0, len(self._facts) - _MOST))):
            self._numbers.pop(self._facts.pop(oldest)["id"], None)
        return number

    def id_of(self, which: str) -> str | None:
        """The id for a number, or for an id."""
        if is_id(which):
            return which
        facts = self._facts.get(self.number_of(which) or 0)
        return None if facts is None else str(facts["id"])

    def number_of(self, which: str) -> int | None:
        """The number that is written there, or that of an id."""
        if (found := _NUMBER.fullmatch(which)) is not None:
            return int(found[1])
        return self._numbers.get(which)

    def facts_of(self, id: str) -> Facts | None:
        return self._facts.get(self._numbers.get(id, 0))

    def newest_first(self) -> list[tuple[int, str]]:
        """Numbers and names, for Tab."""
        return [(number, str(facts["name"])) for number, facts in sorted(self._facts.items(), reverse=True)]
