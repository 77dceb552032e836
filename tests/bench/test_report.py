"""Tables, comparisons and pictures of what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.bench import report
from tests.bench.contestants import FIELD
from tests.bench.plot import fan_out_svg
from tests.bench.report import Cell, Row, median_cell, significant

pytestmark = pytest.mark.once


def fan_out(rate: float) -> Row:
    cells = {"this": Cell(rate, 0.05), "redis": Cell(4.0), "nats": Cell(3.0), "ngircd": Cell(None, note="absent")}
    return Row("fan-out, 100 clients", "M deliveries/s", cells, compared=True)


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (0.01234, "0.0123"), (1.5, "1.50"), (99.96, "100.0"), (12_345.6, "12,346")]
)
def test_three_figures_are_shown(value: float, shown: str) -> None:
    """Figures are as exact as they deserve."""
    assert significant(value) == shown


def test_median_and_spread() -> None:
    """The spread is half the distance between the extremes, as a share of the median."""
    assert median_cell([1.0, 2.0, 3.0]) == Cell(2.0, 0.5)


def test_ratio_is_over_the_best_peer() -> None:
    """For rates the best is the highest, for latencies the lowest."""
    assert fan_out(8.0).ratio(FIELD) == 2.0
    latency = Row("quiet", "ms", {"this": Cell(2.0), "redis": Cell(1.0), "nats": Cell(4.0)}, True, True)
    assert latency.ratio(FIELD) == 2.0
    assert fan_out(8.0).ratio(("tutorial",)) is None


def test_absent_peer_is_named_in_the_table() -> None:
    """A server that is not installed has a column all the same."""
    text = report.table([fan_out(8.0)], ["this", "ngircd", "redis"])
    assert "ngircd" in text
    assert "absent" in text
    assert "8.00 ±5%" in text


def test_results_survive_json(tmp_path: Path) -> None:
    """What is written can be compared with a later run."""
    file = tmp_path / "results.json"
    file.write_text(json.dumps(report.document([fan_out(8.0)], {}, {}, [])))
    assert report.read_rows(file) == [fan_out(8.0)]
    assert "0.50" in report.comparison(report.read_rows(file), [fan_out(4.0)])


def test_comparison_leaves_details_out() -> None:
    """Rows that only explain another have the same name in every workload, so they are not compared."""
    detail = Row("  server CPU", "%", {"this": Cell(50.0)})
    assert "server CPU" not in report.comparison([detail], [detail])


def test_picture_is_well_formed() -> None:
    """One bar for each value and one for each entry of the legend; no rows, no picture."""
    svg = ElementTree.fromstring(fan_out_svg([fan_out(8.0)], "a < b"))
    assert len(svg.findall("{http://www.w3.org/2000/svg}rect")) == 2 * 3
    assert fan_out_svg([], "") == ""
