"""Two servers beside each other: what is said of the one over TLS can be trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import __main__ as command
from tests.bench import generator, report
from tests.bench.contestants import OVER_TLS, ROOT, THIS
from tests.bench.generator import TLS_LOAD, Member
from tests.bench.measure import Bench
from tests.bench.protocols import NATIVE, NATIVE_TLS, crowd, newcomers
from tests.bench.report import Cell, Row

pytestmark = pytest.mark.once


def members(count: int) -> list[Member]:
    return list(crowd(NATIVE_TLS, 1, count, 1))


def test_every_message_over_tls_is_looked_at(tls_programs: dict[str, Path], tmp_path: Path) -> None:
    """The load generator decrypts what it checks: nothing is missing, and nothing was found wrong."""
    with Bench(tmp_path, tls_programs, ()).session(OVER_TLS, members(4)) as session:
        done, _ = session.flood(16, 0.05, 0.2)
    assert done.deliveries > 0
    assert done.by_bytes == 1
    assert not any(done.tally.values())


def test_clients_that_are_only_counted_count_by_their_bytes(tls_programs: dict[str, Path], tmp_path: Path) -> None:
    """Two more clients that get the same and read none of it are two more deliveries of each message, more or less."""
    crowd = [*members(2), *newcomers(NATIVE_TLS, 2, 2)]
    with Bench(tmp_path, tls_programs, ()).session(OVER_TLS, crowd) as session:
        done, _ = session.flood(1, 0.1, 0.5)
    assert 1.5 < done.by_bytes < 2.5


def test_without_the_headers_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], programs: dict[str, Path]
) -> None:
    """One sentence that names the package, and exit status 2."""
    monkeypatch.setattr(generator, "TLS_HEADER", "openssl/no_such_header.h")
    assert command.main(["--tls"]) == 2
    assert "libssl-dev" in capsys.readouterr().err


def test_two_copies_over_tls_beside_each_other() -> None:
    """With both options, both are loaded over TLS, and the other one is the other copy's."""
    ours, other = command._pair(command._parser().parse_args(["--tls", "--beside", str(ROOT)]))
    assert (ours.key, other.key) == ("tls", "other")
    assert ours.load == other.load == TLS_LOAD
    assert ours.protocol is other.protocol is NATIVE_TLS
    in_clear = command._pair(command._parser().parse_args(["--beside", str(ROOT)]))
    assert [one.protocol for one in in_clear] == [NATIVE, NATIVE]


def test_table_of_two_has_the_ratio_of_the_second_to_the_first() -> None:
    """And names both."""
    row = Row("a room", "M deliveries/s", {"this": Cell(2.0), "tls": Cell(1.0)}, compared=True)
    text = report.table_of_two([row], (THIS, OVER_TLS))
    assert "over TLS" in text
    assert "0.50" in text
