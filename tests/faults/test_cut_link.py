"""A link that breaks after any byte loses nothing, doubles nothing and changes no order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import cut_link
from tests.faults.actors import Report, chosen_seed
from tests.faults.brains import Careless
from tests.faults.links import LocalServer
from tests.peers import Native


@pytest.mark.thorough
@pytest.mark.parametrize("make", [cut_link.independent, cut_link.product])
def test_every_byte(make: cut_link.Maker) -> None:
    """Cut after every byte of the conversation, both ways, each text is stored once and everything is seen in order."""
    # Between the two makers every byte is cut with a reset and with a FIN.
    report = cut_link.cut_everywhere(chosen_seed() // 2 * 2 + (make is cut_link.product), make)
    print(report)
    assert not report.wrong, str(report)
    # Conversations differ by who was told to have left, so the last positions may lie behind the end.
    size = report.figures["bytes up"] + report.figures["bytes down"]
    assert report.figures["cuts"] >= 0.93 * size, str(report)


@pytest.mark.timeout(90)
@pytest.mark.parametrize(("stride", "least"), [(37, 20), pytest.param(11, 80, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("make", [cut_link.independent, cut_link.product])
def test_over_a_restart(tmp_path: Path, make: cut_link.Maker, stride: int, least: int) -> None:
    """The same when the server has been restarted before the client comes back."""
    report = cut_link.cut_and_restart(tmp_path, chosen_seed(), make, stride)
    print(report)
    assert not report.wrong, str(report)
    assert report.figures["cuts"] > least, str(report)


def test_a_late_hello() -> None:
    """A hello that was under way when its link broke comes in after the same session's next: the newer link stays."""
    session = "a-session-0000001"
    with LocalServer() as server, Native(server.port) as older, Native(server.port) as newer:
        newer.enter("alice", session=session)
        older.hello("alice", session=session)
        assert older.until("bye")["code"] == "replaced"
        assert newer.tell("still here")["id"] == 1


def test_a_careless_client_is_found_out() -> None:
    """Who sends again under new numbers is reported for texts that are stored twice."""
    report = Report(0)
    with cut_link.Bench(report) as bench:
        size = bench.size(lambda name, after: Careless(name, after=after))
        for cut in cut_link.every_byte(size, hard_on=[0]):
            if not cut.upward and cut.bytes % 20 == 0:
                bench.play(lambda name, after: Careless(name, after=after), cut)
    print(report)
    assert report.kinds()["doubled"] > 0, str(report)
