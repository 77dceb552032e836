"""The fan-out rows as a picture: an SVG with bars on a log scale, made with the standard library alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from tests.bench.report import TITLES, Row

PREFIX: Final = "fan-out, "
WIDTH, HEIGHT = 860, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 64, 48
COLORS: Final = {
    "this": "#d1495b",
    "tutorial": "#9aa0a6",
    "asyncio": "#c4a35a",
    "ngircd": "#6a9a6f",
    "nats": "#3f88c5",
    "redis": "#8661c1",
    "relay": "#5f6b76",
}
STYLE: Final = """
    text { font: 12px system-ui, sans-serif; fill: #24292f }
    .title { font-size: 15px; font-weight: 600 }
    .value { font-size: 10px; text-anchor: middle }
    .group { text-anchor: middle }
    .scale { text-anchor: end }
    line { stroke: #8888; stroke-width: 1 }
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }
"""


def fan_out_svg(rows: Sequence[Row], subtitle: str) -> str:
    """Empty if there is no fan-out row."""
    groups = [row for row in rows if row.name.startswith(PREFIX)]
    values = [value for row in groups for key in row.cells if (value := row.value(key))]
    if not values:
        return ""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    parts = [*_frame(low, high, subtitle), *_legend(groups), *_bars(groups, low, high)]
    body = "\n  ".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Deliveries a second">\n  <style>{STYLE}</style>\n  {body}\n</svg>\n'
    )


def _y(value: float, low: int, high: int) -> float:
    share = (math.log10(value) - low) / (high - low)
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _frame(low: int, high: int, subtitle: str) -> Iterator[str]:
    yield f'<text class="title" x="{LEFT}" y="20">Deliveries a second, one room, log scale</text>'
    yield f'<text class="scale" x="{WIDTH - RIGHT}" y="20">{escape(subtitle)}</text>'
    for power in range(low, high + 1):
        y = _y(10.0**power, low, high)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="scale" x="{LEFT - 8}" y="{y + 4:.1f}">{_millions(power)}</text>'


def _millions(power: int) -> str:
    return f"{10**power} M" if power >= 0 else f"{10 ** (6 + power):,}"


def _legend(groups: Sequence[Row]) -> Iterator[str]:
    x = LEFT
    for key, color in COLORS.items():
        if not any(row.value(key) for row in groups):
            continue
        yield f'<rect x="{x}" y="33" width="11" height="11" fill="{color}"/>'
        yield f'<text x="{x + 16}" y="43">{escape(TITLES[key])}</text>'
        x += 34 + 7 * len(TITLES[key])


def _bars(groups: Sequence[Row], low: int, high: int) -> Iterator[str]:
    group_width = (WIDTH - LEFT - RIGHT) / len(groups)
    for number, row in enumerate(groups):
        start = LEFT + number * group_width
        keys = [key for key in COLORS if row.value(key)]
        step = (group_width - 24) / max(len(keys), 1)
        for place, key in enumerate(keys):
            yield from _bar(start + 12 + place * step, min(step - 2, 48), key, row.value(key) or 1.0, low, high)
        label = row.name.removeprefix(PREFIX)
        yield f'<text class="group" x="{start + group_width / 2:.1f}" y="{HEIGHT - BOTTOM + 24}">{escape(label)}</text>'


def _bar(x: float, width: float, key: str, value: float, low: int, high: int) -> Iterator[str]:
    y, bottom = _y(value, low, high), HEIGHT - BOTTOM
    yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{bottom - y:.1f}" fill="{COLORS[key]}"/>'
    yield f'<text class="value" x="{x + width / 2:.1f}" y="{y - 4:.1f}">{value:.2g}</text>'
