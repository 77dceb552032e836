"""All targets as a picture: how many times as good as its target each figure is, on a log scale around 1."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from tests.bench.targets import SECTIONS
from tests.bench.verdicts import Run, Verdict, verdicts

WIDTH: Final = 860
LEFT, RIGHT, TOP, LINE = 470, 66, 58, 18
WORST, BEST = 1 / 4, 32.0  # what is beyond is drawn as that much
TICKS: Final = (0.25, 0.5, 1, 2, 4, 8, 16, 32)
MET, MISSED = "#6a9a6f", "#d1495b"
STYLE: Final = """
    text { font: 12px system-ui, sans-serif; fill: #24292f }
    .title { font-size: 15px; font-weight: 600 }
    .section { font-weight: 600 }
    .name, .scale { text-anchor: end }
    .tick { text-anchor: middle; font-size: 10px }
    .value { font-size: 10px }
    line { stroke: #8884; stroke-width: 1 }
    line.target { stroke: #888; stroke-width: 2 }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
"""


def targets_svg(run: Run) -> str:
    """Empty if nothing that was measured has a target."""
    groups = [(section.title, judged) for section in SECTIONS if (judged := _judged(verdicts(run, [section])))]
    if not groups:
        return ""
    height = TOP + LINE * sum(1 + len(judged) for _, judged in groups) + 12
    body = "\n  ".join([*_frame(height), *_rows(groups)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Figures and their targets">\n  <style>{STYLE}</style>\n  {body}\n</svg>\n'
    )


def _judged(found: Sequence[Verdict]) -> list[Verdict]:
    return [verdict for verdict in found if verdict.share is not None]


def _x(share: float) -> float:
    within = min(max(share, WORST), BEST)
    return LEFT + (WIDTH - LEFT - RIGHT) * math.log(within / WORST) / math.log(BEST / WORST)


def _frame(height: int) -> Iterator[str]:
    yield '<text class="title" x="16" y="20">Every target, and how many times as good the figure is</text>'
    yield f'<text class="scale" x="{WIDTH - 16}" y="20">log scale; left of 1: missed</text>'
    for tick in TICKS:
        kind = ' class="target"' if tick == 1 else ""
        yield f'<line{kind} x1="{_x(tick):.1f}" x2="{_x(tick):.1f}" y1="{TOP - 8}" y2="{height - 8}"/>'
        yield f'<text class="tick" x="{_x(tick):.1f}" y="{TOP - 14}">{tick:g}</text>'


def _rows(groups: Sequence[tuple[str, Sequence[Verdict]]]) -> Iterator[str]:
    y = TOP
    for title, judged in groups:
        yield f'<text class="section" x="16" y="{y + 13}">{escape(title)}</text>'
        for number, verdict in enumerate(judged, 1):
            yield from _bar(verdict, y + number * LINE)
        y += LINE * (1 + len(judged))


def _bar(verdict: Verdict, y: int) -> Iterator[str]:
    share = verdict.share or WORST
    one, end = _x(1.0), _x(share)
    color = MET if verdict.is_met else MISSED
    yield f'<text class="name" x="{LEFT - 8}" y="{y + 13}">{escape(verdict.goal.what)}</text>'
    yield (
        f'<rect x="{min(one, end):.1f}" y="{y + 3}" width="{max(abs(end - one), 1.0):.1f}" '
        f'height="{LINE - 6}" fill="{color}"/>'
    )
    yield f'<text class="value" x="{max(one, end) + 4:.1f}" y="{y + 13}">{escape(verdict.shown)}</text>'
