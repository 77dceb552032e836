"""What Ctrl+C and the other signals that end a program do here. For the main thread, as Python has it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

INTERRUPTED: Final = 130  # the status of whoever was ended by Ctrl+C


def interruptible(write_out: Callable[..., int], *args: Any) -> int:
    """Write a file out. Ctrl+C ends this, too, but leaves no half of a file behind."""
    try:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return write_out(*args)
        finally:
            signal.signal(signal.SIGINT, before)
    except KeyboardInterrupt:
        return INTERRUPTED


def stop_on_signals(stop: Callable[[], None], give_back: Callable[[], None] | None) -> None:
    """The first signal stops the server in order. The second ends the process, once the terminal is given back."""
    told = False

    def handle(signum: int, frame: FrameType | None) -> None:
        nonlocal told
        if told:
            if give_back is not None:
                give_back()
            os._exit(INTERRUPTED)  # asked twice: whatever still hangs, what was receipted is on disk
        told = True
        stop()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        signal.signal(signal.SIGHUP, handle)
