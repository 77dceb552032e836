"""What a run came to: kept as JSON, held against the targets, and shown as a table in Markdown. It must not measure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.bench.report import DETAIL, TITLES, Cell, Row, significant
from tests.bench.targets import SECTIONS, Cells, Goal, Section

MANY: Final = "…"
NOT_MEASURED: Final = "not measured"
NO_ROWS: Final = re.compile(r'(?m)^   "rows": \[\]')
HEAD: Final = ("what", "figure", "target", "")
MARKED: Final = re.compile(r"(<!-- figures(?:: (?P<key>[\w-]+))? -->\n).*?(<!-- end of figures -->)", re.DOTALL)


@dataclass
class Part:
    """What was measured together. `problem`: why it is not complete."""

    rows: list[Row] = field(default_factory=list)
    seconds: float = 0.0
    problem: str = ""
    date: str = ""
    processor: str = ""  # on which it was measured: parts may be measured again elsewhere


@dataclass
class Run:
    about: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)

    def write(self, file: Path) -> None:
        """All of it or nothing, whenever this is cut short."""
        aside = file.with_name(f".{file.name}.new")
        aside.write_text(self._text())
        aside.replace(file)

    def _text(self) -> str:
        """With a line for each row, so that two runs can be compared by eye."""
        parts = {name: asdict(part) | {"rows": []} for name, part in self.parts.items()}
        empty = json.dumps({**self.about, "parts": parts}, indent=1, ensure_ascii=False)
        rows = iter([",".join(f"\n    {_compact(row)}" for row in part.rows) for part in self.parts.values()])
        return NO_ROWS.sub(lambda found: f"{found[0][:-1]}{next(rows)}]", empty) + "\n"

    @classmethod
    def read(cls, file: Path) -> Run:
        about = json.loads(file.read_text())
        found = about.pop("parts")
        return cls(about, {name: Part(**{**part, "rows": _rows(part["rows"])}) for name, part in found.items()})

    # --- what was found ---

    def cells(self, wanted: Cells) -> Iterator[tuple[str, Cell]]:
        """And whose they are."""
        part = self.parts.get(wanted.part, Part())
        for name, row in _named(part.rows):
            if _fits(name, wanted.row):
                yield from ((key, row.cells[key]) for key in wanted.keys if key in row.cells)

    def highest(self, wanted: Cells) -> float | None:
        return max((cell.value for _, cell in self.cells(wanted) if cell.value is not None), default=None)

    def failures(self, wanted: Cells) -> list[str]:
        """Why cells have no value, in words."""
        found = list(self.cells(wanted))
        notes = [f"{TITLES.get(key, key)} {cell.note}".strip() for key, cell in found if cell.value is None]
        if not found:
            notes.append(self.parts.get(wanted.part, Part()).problem or NOT_MEASURED)
        return notes


def _compact(row: Row) -> str:
    return json.dumps(asdict(row), ensure_ascii=False)


def _rows(entries: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [Row(**{**entry, "cells": {key: Cell(**cell) for key, cell in entry["cells"].items()}}) for entry in entries]


def _named(rows: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    """Details have the name of the row above before their own."""
    above = ""
    for row in rows:
        if row.name.startswith(DETAIL):
            yield f"{above}: {row.name.strip()}", row
        else:
            above = row.name.rpartition(": ")[0] or row.name
            yield row.name, row


def _fits(name: str, wanted: str) -> bool:
    before, many, after = wanted.partition(MANY)
    return name.startswith(before) and name.endswith(after) if many else name == wanted


class Verdict(NamedTuple):
    goal: Goal
    figure: float | None
    notes: list[str]  # what is missing

    @property
    def is_met(self) -> bool | None:
        """None: there is no figure, or no target."""
        return None if self.figure is None or self.goal.limit is None else self.goal.is_met_by(self.figure)

    @property
    def word(self) -> str:
        return {None: "", True: "met", False: "**missed**"}[self.is_met]

    @property
    def share(self) -> float | None:
        """How many times as good as the target; from 1 on it is met."""
        if self.figure is None or not self.goal.limit:
            return None
        if self.goal.at_least:
            return self.figure / self.goal.limit
        return self.goal.limit / max(self.figure, 1e-9)

    @property
    def shown(self) -> str:
        return "" if self.figure is None else f"{significant(self.figure)} {self.goal.unit}"

    def line(self) -> tuple[str, str, str, str]:
        notes = "; ".join(note.replace("|", "/") for note in self.notes)
        return self.goal.what, self.shown, self.goal.target, ": ".join(filter(None, (self.word, notes)))


def judge(run: Run, goal: Goal) -> Verdict:
    figure = run.highest(goal.cells)
    notes = run.failures(goal.cells)
    for other in (goal.over, goal.beyond):
        if other is None:
            continue
        beside = run.highest(other)
        notes += [note for note in run.failures(other) if note not in notes]
        if figure is None or beside is None or (goal.over and not beside):
            figure = None
        else:
            figure = figure / beside if goal.over else figure - beside
    return Verdict(goal, figure, notes)


def verdicts(run: Run, sections: Sequence[Section] = SECTIONS) -> list[Verdict]:
    return [judge(run, goal) for section in sections for goal in section.goals]


def summary(found: Sequence[Verdict]) -> str:
    judged = [verdict for verdict in found if verdict.goal.limit is not None]
    met, missed = (sum(verdict.is_met is wanted for verdict in judged) for wanted in (True, False))
    return f"{met} met, {missed} missed, {len(judged) - met - missed} without a figure."


# --- the table --------------------------------------------------------------------------------------------------


def table(run: Run, key: str | None = None, *, aligned: bool = False) -> str:
    """Of one section, or of all, each below its title; `aligned` for a terminal."""
    lines: list[Sequence[str]] = [HEAD]
    for section in SECTIONS:
        if key is None:
            lines.append((f"**{section.title}**", "", "", ""))
        if key in (None, section.key):
            lines += [verdict.line() for verdict in verdicts(run, [section])]
    widths = [max(len(line[column]) for line in lines) if aligned else 0 for column in range(3)]
    first, *rest = [_line([*map(str.ljust, line[:3], widths), line[3]]) for line in lines]
    return "\n".join([first, "|---|---|---|---|", *rest])


def _line(cells: Sequence[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


def fill_in(run: Run, text: str) -> str:
    """A page with its tables as they are now: between `<!-- figures: KEY -->` and `<!-- end of figures -->`."""
    return MARKED.sub(lambda found: f"{found[1]}\n{table(run, found['key'])}\n\n{found[3]}", text)
