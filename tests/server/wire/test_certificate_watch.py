"""Looking at a certificate from time to time."""

from __future__ import annotations

import logging
import threading
import time
from typing import cast

import pytest

from server_parts.wire.certificate import Certificate
from server_parts.wire.certificate_watch import CertificateWatch
from tests.peers import WAIT

pytestmark = pytest.mark.usefixtures("no_threads_left")


class Looked:
    """Stands for a certificate; counts how often it was looked at, and may fail."""

    def __init__(self, *, fails: bool = False) -> None:
        self._fails = fails
        self._times = threading.Semaphore(0)

    def reload_if_changed(self) -> None:
        self._times.release()
        if self._fails:
            raise RuntimeError("unforeseen")

    def times(self, number: int) -> bool:
        return all(self._times.acquire(timeout=WAIT) for _ in range(number))


def watch(looked: Looked, period: float) -> CertificateWatch:
    return CertificateWatch(cast(Certificate, looked), period)


def test_it_looks_again_and_again() -> None:
    """Until it is stopped."""
    looked = Looked()
    watching = watch(looked, 0.001)
    watching.start()
    assert looked.times(3)
    watching.stop()


def test_stopping_does_not_wait_for_the_period() -> None:
    looked = Looked()
    watching = watch(looked, 3_600)
    watching.start()
    begin = time.monotonic()
    watching.stop()
    assert time.monotonic() - begin < WAIT


def test_it_survives_what_nobody_foresaw(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so and looks again."""
    monkeypatch.setattr(logging.getLogger("chat"), "propagate", True)
    looked = Looked(fails=True)
    watching = watch(looked, 0.001)
    watching.start()
    assert looked.times(2)
    watching.stop()
    assert "looking at the certificate" in caplog.text


def test_stopping_what_never_started() -> None:
    """And stopping twice."""
    watching = watch(Looked(), 1)
    watching.stop()
    watching.stop()
