"""Encrypted connections hold while both directions are in use, and a server that mixes these up is found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults import odd_server, tls_duplex
from tests.faults.actors import chosen_seed

pytestmark = pytest.mark.timeout(90)


def test_hundreds_of_connections() -> None:
    """Saturated and chat-like, coming and going."""
    finding = tls_duplex.run(True, chosen_seed())
    if finding.met is None:
        pytest.skip(finding.figure)
    print(finding)
    assert finding.met, finding.figure


@pytest.mark.thorough
@pytest.mark.parametrize("habit", [odd_server.seal_without_a_lock, odd_server.seal_too_early])
def test_a_server_that_mixes_the_directions_up_is_found_out(habit: Callable[[], None]) -> None:
    """Its connections break, if not the server itself."""
    shape = tls_duplex.QUICK._replace(chatting=0, most_failures=1)
    _, wrong = tls_duplex.duplex(shape, chosen_seed(), habit)
    print(wrong[:5], wrong[-1:])
    assert any(problem.startswith(("broken", "dead")) for problem in wrong), wrong
