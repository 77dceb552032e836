"""Bytes to a terminal that may be held, gone, or changed by whoever shares it. It must not know what they say."""

from __future__ import annotations

import os
import select
import time


def write_all(descriptor: int, data: bytes) -> None:
    """For as long as it takes. OSError if the terminal is gone."""
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:  # another program that has this terminal made it so
            select.select([], [descriptor], [])


def write_for(seconds: float, descriptor: int, data: bytes) -> None:
    """As much as the terminal takes within that time."""
    deadline = time.monotonic() + seconds
    while data and select.select([], [descriptor], [], max(0.0, deadline - time.monotonic()))[1]:
        # A byte at a time: for one there is room now, more might wait for ever.
        data = data[os.write(descriptor, data[:1]) :]
