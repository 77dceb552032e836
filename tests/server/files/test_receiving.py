"""The body of an upload: all of it is stored in pieces, however it comes, and what came before it was cut too."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_parts.files import receiving
from server_parts.files.flow import Flow
from server_parts.files.receiving import ENDED, LOST, TOO_SLOW, WHOLE, Body
from server_parts.files.turns import Slowness
from server_parts.storage.file_records import PIECE

KB64 = 65_536


class Script:
    """What comes over a connection, and when: blocks, and None for silence."""

    def __init__(self, *blocks: bytes | None) -> None:
        self._blocks = list(blocks)

    def readable(self, seconds: float) -> bool:
        if self._blocks and self._blocks[0] is None:
            del self._blocks[0]
            return False
        return True

    def receive(self) -> bytes:
        return (self._blocks.pop(0) or b"") if self._blocks else b""


def stored(source: Script, begun: bytes, length: int) -> tuple[list[bytes], str]:
    pieces: list[bytes] = []
    body = Body(source, begun, length, Flow(0), lambda: True)
    body.store(pieces.append)
    return pieces, body.ended


def in_blocks(data: bytes, size: int = KB64) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(st.lists(st.integers(1, KB64), max_size=12), st.integers(0, 20_000), st.integers(0, 700_000), st.booleans())
def test_all_that_comes_is_stored(sizes: list[int], begun: int, length: int, silent: bool) -> None:
    """In pieces of bounded size, and nothing of what comes behind the body."""
    data = bytes(range(251)) * 4000
    blocks: list[bytes | None] = []
    at = begun
    for size in sizes:
        blocks += [None] * silent + [data[at : at + size]]
        at += size
    pieces, ended = stored(Script(*blocks), data[:begun], length)
    assert b"".join(pieces) == data[: min(at, length)]
    assert all(0 < len(piece) <= PIECE for piece in pieces)
    assert ended == (WHOLE if at >= length else LOST)


@pytest.mark.parametrize("cut", range(0, 10 * KB64 + 1, KB64))
def test_what_came_before_a_cut_is_stored(cut: int) -> None:
    """At each 64 KiB."""
    data = bytes(range(251)) * 3000
    pieces, ended = stored(Script(*in_blocks(data[:cut])), b"", len(data))
    assert (b"".join(pieces), ended) == (data[:cut], LOST)


def test_whoever_is_too_slow_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """After some patience; what came is stored."""
    monkeypatch.setattr(receiving, "Slowness", lambda rate, seconds, now: Slowness(rate, 0.0, now - 1.0))
    monkeypatch.setattr(Slowness, "forgive", lambda self, now: None)
    pieces, ended = stored(Script(b"a", None, b"b"), b"", 1_000_000)
    assert (pieces, ended) == ([b"a"], TOO_SLOW)


def test_a_server_that_stops_ends_it() -> None:
    """And what came is stored."""
    flow, pieces = Flow(0), list[bytes]()

    class Endless:
        def readable(self, seconds: float) -> bool:
            return True

        def receive(self) -> bytes:
            flow.stop()
            return b"x"

    body = Body(Endless(), b"begun", 1_000_000, flow, lambda: True)
    body.store(pieces.append)
    assert (pieces, body.ended) == ([b"begunx"], ENDED)
    again = Body(Endless(), b"begun", 1_000_000, flow, lambda: True)
    again.store(pieces.append)
    assert (pieces, again.ended) == ([b"begunx"], ENDED)


def test_whoever_waits_gets_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body gives its place back, with what it has written, and goes on later."""
    flow = Flow(0)
    monkeypatch.setattr(flow.bodies, "is_over", lambda begun: True)
    pieces: list[bytes] = []
    body = Body(Script(b"a", b"b", b"c"), b"", 3, flow, lambda: True)
    body.store(pieces.append)
    assert (pieces, body.ended) == ([b"a", b"b", b"c"], WHOLE)


def test_the_rate_is_kept() -> None:
    """One transfer has half of what all may have."""
    begun = time.monotonic()
    body = Body(Script(*in_blocks(bytes(400_000))), b"", 400_000, Flow(4_000_000), lambda: True)
    body.store(lambda piece: None)
    assert time.monotonic() - begun >= 0.2 - 0.1
