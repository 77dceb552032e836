"""How much people may send: each of them, and all together. Pure: what is stored, and the time, are passed in."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import Final, NamedTuple

from chat_common import lasting
from server_parts.protocol.file_events import NO_FILES
from server_parts.protocol.file_names import size_text
from server_parts.protocol.requests import Refusal
from server_parts.storage.file_records import Totals

AT_ONCE: Final = 3  # files of one person that are not complete
A_DAY: Final = 1024**3  # bytes from one person …
DAY: Final = 86_400.0  # … in so many seconds
HOUR: Final = 3_600.0  # seconds that are counted together
LEFT_FREE: Final = 1024**3  # bytes of the disk
MOST_REMEMBERED: Final = 10_000  # addresses, or people


class FileLimits(NamedTuple):
    """What the operator has set, in bytes."""

    size: int  # of one file; 0: none are taken
    space: int  # for all of them


def size_refusal(size: int, limits: FileLimits) -> Refusal | None:
    """Why this server takes no file of that size."""
    if not limits.size:
        return NO_FILES
    if not size:
        return Refusal("bad_field", "that file is empty", "size")
    if size > limits.size:
        text = f"that file is too large: {size_text(size)} > {size_text(limits.size)}"
        if size_text(size) == size_text(limits.size):
            text = f"that file is too large: {size} > {limits.size} bytes"
        return Refusal("file_too_large", text, "size")
    return None


def space_refusal(size: int, totals: Totals, limits: FileLimits) -> Refusal | None:
    """Why there is no place for one more file of that size."""
    return _own_refusal(size, totals) or _shared_refusal(size, totals, limits)


def is_full(size: int, totals: Totals, limits: FileLimits) -> bool:
    """Whether somebody who may send a file of that size cannot, as all together have sent too much."""
    return _own_refusal(size, totals) is None and _shared_refusal(size, totals, limits) is not None


def _own_refusal(size: int, totals: Totals) -> Refusal | None:
    if totals.open >= AT_ONCE:
        return _quota(f"{totals.open} of your files are not said yet, and {AT_ONCE} may be: wait until one of them is")
    if totals.of_owner + size > A_DAY:
        return _too_much_today(totals.of_owner)
    return None


def _shared_refusal(size: int, totals: Totals, limits: FileLimits) -> Refusal | None:
    if totals.size + size > limits.space:
        used, all_of_it = size_text(totals.size), size_text(limits.space)
        return _quota(f"there is no space for {size_text(size)}: files take {used} of {all_of_it} on this server")
    if totals.free is not None and totals.free - size < LEFT_FREE:
        left = f"{size_text(totals.free)} are free, and {size_text(LEFT_FREE)} have to stay so"
        return _quota(f"the disk of this server has no space for {size_text(size)}: {left}")
    return None


def _too_much_today(sent: int) -> Refusal:
    return _quota(f"you have sent {size_text(sent)} within {lasting(DAY)}, and {size_text(A_DAY)} are the most")


def _quota(text: str) -> Refusal:
    return Refusal("quota", text, "size")


class WithinADay:
    """How many bytes came from each address, or of each person, within a day.

    They are counted by the hour: however many files there are, that takes little memory and time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards all here
        self._sent: OrderedDict[str, deque[tuple[float, int]]] = OrderedDict()  # since when, and how much

    def so_far(self, source: str, now: float) -> int:
        with self._lock:
            return self._so_far(source, now)

    def add(self, source: str, size: int, now: float) -> None:
        with self._lock:
            self._add(source, size, now)

    def refusal(self, source: str, size: int, now: float) -> Refusal | None:
        """Why no more may come from there; None if it may, and then it is counted. An empty `source` is not limited."""
        if not source:
            return None
        with self._lock:
            so_far = self._so_far(source, now)
            if so_far + size > A_DAY:
                return _too_much_today(so_far)
            self._add(source, size, now)
            return None

    def _so_far(self, source: str, now: float) -> int:
        sent = self._sent.get(source, deque())
        while sent and sent[0][0] <= now - DAY:
            sent.popleft()
        return sum(one for _, one in sent)

    def _add(self, source: str, size: int, now: float) -> None:
        sent = self._sent.setdefault(source, deque())
        self._sent.move_to_end(source)
        if len(self._sent) > MOST_REMEMBERED:
            self._sent.popitem(last=False)
        since, much = sent.pop() if sent and sent[-1][0] > now - HOUR else (now, 0)
        sent.append((since, much + size))
