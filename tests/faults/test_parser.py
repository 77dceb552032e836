"""Text from outside, whatever it is, gets its documented answer at every entrance."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chat_common
from chat_common import LineDecoder
from tests.faults import entrances, fuzz, hostile
from tests.faults.actors import ServerProcess, chosen_seed
from tests.faults.finding import NotAllowed
from tests.faults.links import LocalServer
from tests.faults.parser import answers, endings, replay, weigh_down

FRAMES = [line for line, _ in hostile.NATIVE_LINES.values() if len(line) < 200]
PIECES = [
    *(b"{", b"}", b'"', b"\n", b"\r\n", b"\r", b"\0", b" ", b"/", b"//", b"@", b"*", b"\\ud800", b"\\u0000", b"1e999"),
    *(b"\xff\xfb\x01", b"\xff\xfa", b"\xff\xf0", b"\x1b[", b"\x1b]0;", b"\xc2\x9b", b"\xe2\x80\xa8", b"\xe2\x82"),
    *(b'"type":"say"', b'"seq":1', b'"room":"lobby"', b"/msg bob ", b"/nick ", b"/search ", b"from:", b"since:2026-1"),
    *(sign.encode() for sign in ("漢", "👋🏽", "\u0301", "\u200d", "\u202e", "ß", "\u3000", "ﬁ")),
]
BYTES: st.SearchStrategy[bytes] = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.lists(st.sampled_from(PIECES) | st.sampled_from(FRAMES) | st.binary(max_size=4), max_size=20).map(b"".join),
)


@pytest.mark.parametrize("name", entrances.ENTRANCES)
@given(data=BYTES)
def test_any_bytes(name: str, data: bytes) -> None:
    """Nothing breaks, and what entrances.py promises holds."""
    entrances.ENTRANCES[name](data)


@pytest.mark.parametrize("name", entrances.ENTRANCES)
def test_what_was_kept_and_what_has_a_name(name: str) -> None:
    """Every input that the fuzzer once found worth keeping, and every malformed case, at every entrance."""
    assert len(fuzz.kept(name)) > 10
    assert replay(name) == []


def test_a_real_server_answers_as_documented(tmp_path: Path) -> None:
    """Each malformed line gets its own error, the conversation goes on, and what must end, ends with its reason."""
    with ServerProcess(tmp_path / "data") as server:
        assert answers(server.port) == []
        assert endings(server.port) == []
        assert server.complaints == []


def test_all_that_is_malformed_weighs_nothing(tmp_path: Path) -> None:
    """Threads go, and memory does not grow."""
    with ServerProcess(tmp_path / "data") as server:
        grown, wrong = weigh_down(server, rounds=1)
        print(f"{grown} kB more")
        assert wrong == []
        assert server.complaints == []


def test_the_fuzzer_knows_the_entrances() -> None:
    """Its list, which it cannot import, is theirs."""
    assert tuple(entrances.ENTRANCES) == fuzz.NAMES


@pytest.mark.timeout(60)
def test_a_short_hunt() -> None:
    """Two seconds at one door find nothing."""
    assert fuzz.hunt("native", 2, chosen_seed()).broken == []


# --- That it can fail -------------------------------------------------------------------------------------------


def test_a_decoder_that_loses_a_byte_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that forgets a carriage return between two pieces is reported."""
    feed = LineDecoder.feed

    def feed_forgetfully(self: LineDecoder, data: bytes) -> list[bytes]:
        lines = feed(self, data)
        self._tail = self._tail.removesuffix(b"\r")
        return lines

    monkeypatch.setattr(LineDecoder, "feed", feed_forgetfully)
    assert replay("decoder")


def test_a_text_form_that_lets_codes_through_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Escape codes are reported at each entrance that leads to a screen."""
    monkeypatch.setattr(chat_common, "_stand_in", lambda character: character)
    assert all(replay(name) for name in ("plain", "hearing", "showing"))


def test_a_server_that_forgets_its_limits_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that get past the reader are reported, each by its name."""
    monkeypatch.setattr(chat_common, "_check_value", lambda value, field, depth: None)
    with LocalServer() as server:
        wrong = answers(server.port)
    print(wrong)
    assert len(wrong) > 5
    assert any("NUL" in sentence for sentence in wrong)


def test_a_slow_input_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that takes its time."""
    monkeypatch.setattr("tests.faults.parser.SLOW", -1.0)
    assert len(replay("decoder")) > 50


def test_a_fault_is_found_by_the_fuzzer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entrance that breaks at one word is broken within seconds; the input is shown."""
    if not fuzz.installed():
        raise NotAllowed("atheris is not installed")
    monkeypatch.setenv("CHAT_FUZZ_TRAP", "1")
    hunt = fuzz.hunt("native", 20, 1)
    assert [data for data, _ in hunt.broken if b"ping" in data]
    assert "it is a trap" in hunt.broken[0][1]
