"""Looks from time to time whether a server's certificate was replaced, so that a renewal needs no restart."""

from __future__ import annotations

import logging
import threading
from typing import Final

from server_parts.wire.certificate import Certificate

PERIOD: Final = 60.0

log = logging.getLogger("chat")


class CertificateWatch:
    """A thread from `start` to `stop`. The certificate itself logs what was found."""

    def __init__(self, certificate: Certificate, period: float = PERIOD) -> None:
        self._certificate = certificate
        self._period = period
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="certificate-watch")

    def start(self) -> None:
        """RuntimeError: there can be no more threads."""
        self._thread.start()

    def stop(self) -> None:
        """Returns when it has ended. Also if it was never started."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(self._period):
            try:
                self._certificate.reload_if_changed()
            except Exception:  # nobody would miss it until the old certificate has expired
                log.exception("looking at the certificate")
