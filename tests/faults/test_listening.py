"""Who listens to encrypted connections reads nothing, and the same listener reads everything in clear."""

from __future__ import annotations

import base64
import json

import pytest

from tests.faults import listening
from tests.faults.actors import chosen_seed
from tests.faults.ears import Secret, read_in

pytestmark = pytest.mark.timeout(90)

SECRET = Secret("text", 'a "secret" 雪 😀 text')


def test_nothing_is_readable() -> None:
    """Of anything that anybody says, on an evening when much goes wrong."""
    finding = listening.run(True, chosen_seed())
    if finding.met is None:
        pytest.skip(finding.figure)
    print(finding)
    assert finding.met, finding.figure


@pytest.mark.thorough
def test_nothing_is_readable_for_a_relay() -> None:
    """The listener of those who may not see packets."""
    heard = listening.listen(listening.QUICK, encrypted=True, relay=True)
    assert heard.manner.startswith("a recording relay")
    assert not heard.wrong
    assert not heard.legible()


@pytest.mark.thorough
@pytest.mark.parametrize("relay", [False, True])
def test_an_evening_in_clear_is_found_out(*, relay: bool) -> None:
    """Every kind of secret is read, and nearly every single one."""
    heard = listening.listen(listening.QUICK, encrypted=False, relay=relay)
    assert not heard.wrong
    assert not heard.illegible()
    assert len(heard.legible()) >= len(heard.secrets) - 1  # a token file's secret itself need not be sent


@pytest.mark.parametrize(
    "hidden",
    [
        SECRET.value.encode(),
        b"x" + SECRET.value.encode("utf-16-le"),
        SECRET.value.encode("utf-16"),
        SECRET.value.encode("utf-16-be"),
        json.dumps({"text": f"in {SECRET.value} it"}).encode(),
        json.dumps({"text": f"in {SECRET.value} it"}, ensure_ascii=False).encode(),
        SECRET.value.encode().hex().encode(),
        *(base64.b64encode(b"x" * before + SECRET.value.encode() + b"x" * 5) for before in range(3)),
        *(base64.urlsafe_b64encode(b"x" * before + SECRET.value.encode()) for before in range(3)),
    ],
)
def test_a_secret_is_found_in_each_form(hidden: bytes) -> None:
    """Also in the middle of something else."""
    streams = [b"nothing", b"before" + hidden + b"behind"]
    assert read_in(streams, [SECRET, Secret("text", "another one")]).keys() == {SECRET}
