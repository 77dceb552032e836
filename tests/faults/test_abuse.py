"""One address that takes as much as it can costs little, and whoever let it would be found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults import abuse, odd_server
from tests.faults.actors import chosen_seed
from tests.faults.finding import NotAllowed

pytestmark = [pytest.mark.timeout(120), pytest.mark.thorough]
ALONE = pytest.mark.alone


@pytest.mark.alone
def test_floods_from_one_address() -> None:
    """Of connects, handshakes, new names, lists, reconnecting writers, rooms, and of long answers that nobody reads."""
    finding = abuse.run(True, chosen_seed())
    if finding.met is None:
        pytest.skip(finding.figure)
    assert finding.met, finding.figure


@pytest.mark.parametrize(
    ("kind", "habit", "found"),
    [
        ("connect", odd_server.let_everybody_in, "one address holds"),
        ("half_open", odd_server.let_everybody_in, "one address holds"),
        # How much of these there is depends on how fast the machine is.
        pytest.param("held", odd_server.shake_hands_with_everybody, "memory grew by", marks=ALONE),
        pytest.param("renames", odd_server.rename_for_nothing, "too many new names", marks=ALONE),
        pytest.param("reconnect", odd_server.forget_rates, "too many texts were stored", marks=pytest.mark.alone),
        ("rooms", odd_server.count_no_rooms, "one address began"),
        ("unread", odd_server.answer_at_once, "memory grew by"),
    ],
)
def test_a_generous_server_is_found_out(kind: str, habit: Callable[[], None], found: str) -> None:
    """One that lacks one of the limits is reported for just that."""
    shape = abuse.QUICK._replace(most_ratio=1e6, tries=1, seconds=5.0 if kind == "held" else 2.0)
    try:
        figure, wrong = abuse.endure(shape, chosen_seed(), [kind], habit)
    except NotAllowed as reason:
        pytest.skip(str(reason))
    assert any(f"{kind}: {found}" in problem for problem in wrong), figure
