"""Any string through every way onto a screen: of the client, and of the operator; a terminal emulator is the judge.

    python -m tests.faults.inert_terminal [--quick] [--seed N]

Whatever it is, it may add rows to the message area. It must not change a row that was there, the input row, the cursor,
the title, a mode, a margin, a tab stop or a character set; it must not ring, and it must not make the terminal answer.
The status row may change only for strings that belong in it.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.faults import hostile
from tests.faults.finding import Finding, found, main
from tests.faults.inert_client import IN_THE_AREA, IN_THE_STATUS, ClientStage
from tests.faults.inert_operator import TO_THE_OPERATOR, OperatorStage
from tests.faults.inert_stage import Show, Stage, texts


def trial(stage: Any, show: Show, text: str, *, in_status: bool = False) -> str | None:
    """Show one text in one way; what changed that must not."""
    stage.forget()
    before, said = stage.manners(), stage.said()
    show(stage, text)
    stage.watch()
    stage.settle()
    changed = [what for what, how in stage.manners().items() if how != before[what]]
    if stage.said()[: len(said)] != said and not in_status:
        changed.append("a row that was there")
    return ", ".join(changed) or None


@contextlib.contextmanager
def stages() -> Iterator[dict[type[Stage], Callable[[], Stage]]]:
    opened: list[Stage] = []

    def fresh(kind: type[Stage]) -> Stage:
        opened.append(kind())
        return opened[-1]

    try:
        yield {kind: lambda kind=kind: fresh(kind) for kind in (ClientStage, OperatorStage)}  # type: ignore[misc]
    finally:
        for stage in opened:
            stage.close()


def show_everything(given: Sequence[str]) -> dict[str, list[str]]:
    """Every text in every way; by the way, what was wrong."""
    wrong: dict[str, list[str]] = {}
    ways = [(IN_THE_AREA, ClientStage), (IN_THE_STATUS, ClientStage), (TO_THE_OPERATOR, OperatorStage)]
    with stages() as fresh:
        for table, kind in ways:
            for way, show in table.items():
                stage = fresh[kind]()
                wrong[way] = []
                for text in given:
                    if changed := trial(stage, show, text, in_status=table is IN_THE_STATUS):
                        wrong[way].append(f"{way}: {ascii(text)[:60]} changed {changed}")
                        stage = fresh[kind]()
    return wrong


def run(quick: bool, seed: int) -> Finding:
    given = texts(random.Random(seed), 5 if quick else 150)
    if not quick:
        given += [data.decode("utf-8", "replace")[:500] for data in hostile.PLAIN_LINES.values()]
    wrong = show_everything(given)
    sentences = [sentence for found_there in wrong.values() for sentence in found_there]
    figure = (
        f"{len(sentences)} of {len(given) * len(wrong):,} changed anything: {len(given)} strings in {len(wrong)} ways"
    )
    return found(14, "inert terminal", "nothing outside the message area changes", figure, sentences)


if __name__ == "__main__":
    sys.exit(main(run))
