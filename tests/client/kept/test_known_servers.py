"""Which servers are known, and by what: kept in a file that people may read and write too."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from client_parts.kept.known_servers import Known, KnownServers, KnownServersError, known_today
from tests.client.kept.test_two_clients import at_once, needs_locks
from tls_parts.public_key import encoded

KEY, OTHER = bytes(range(32)), bytes(32)
HERE = "192.168.1.7:3030"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chat-pair" / "known_servers"


def test_what_is_remembered_is_found_again(path: Path) -> None:
    """By another run: a key, or that the name was verified, each since today."""
    assert KnownServers(path).find(HERE) is None
    for address, key in ((HERE, KEY), ("chat.example:3030", None)):
        known = known_today(key)
        assert KnownServers(path).remember(address, known, None) == known
        assert KnownServers(path).find(address) == known
    assert KnownServers(path).find("192.168.1.7:3031") is None


def test_the_file_is_for_its_owner_and_for_people(path: Path) -> None:
    """A line each, below one that says what they are."""
    KnownServers(path).remember(HERE, Known(KEY, "2026-11-26"), None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    first, second = path.read_text().splitlines()
    assert first.startswith("# Servers that were reached encrypted")
    assert second == f"{HERE} {encoded(KEY)} 2026-11-26"


def test_other_lines_are_kept(path: Path) -> None:
    """Comments, empty lines and what a later version may write there, in their order."""
    path.parent.mkdir()
    lines = ["# mine", "", f"a:1 {encoded(OTHER)} 2020-01-01 office", "whatever this is", f"# {HERE} was here"]
    path.write_text("\n".join(lines) + "\n")
    servers = KnownServers(path)
    servers.remember(HERE, Known(KEY, "2026-11-26"), None)
    assert path.read_text().splitlines() == [*lines, f"{HERE} {encoded(KEY)} 2026-11-26"]
    servers.remember(HERE, Known(None, "2026-11-27"), Known(KEY))
    assert path.read_text().splitlines() == [*lines, f"{HERE} verified 2026-11-27"]
    assert servers.forget(HERE) == Known(None, "2026-11-27")
    assert path.read_text().splitlines() == lines
    assert servers.find("a:1") == Known(OTHER, "2020-01-01")


def test_forgetting_what_is_not_known_changes_nothing(path: Path) -> None:
    assert KnownServers(path).forget(HERE) is None
    assert not path.exists()


def test_what_another_client_has_remembered_meanwhile_stays(path: Path) -> None:
    """Two first contacts at the same time: the later one hears of the other key, and does not replace it."""
    one, other = KnownServers(path), KnownServers(path)
    assert one.find(HERE) is other.find(HERE) is None
    assert one.remember(HERE, Known(KEY, "2026-11-26"), None) == Known(KEY, "2026-11-26")
    assert other.remember(HERE, Known(OTHER, "2026-11-27"), None) == Known(KEY, "2026-11-26")
    assert one.find(HERE) == Known(KEY, "2026-11-26")


def test_a_key_that_cannot_be_read_is_no_first_contact(path: Path) -> None:
    """Somebody was known there. To forget that helps."""
    path.parent.mkdir()
    path.write_text(f"{HERE} spoilt 2026-11-26\nother:1 verified\n")
    servers = KnownServers(path)
    with pytest.raises(KnownServersError, match=f"no valid key for {re.escape(HERE)}; --forget-server removes it"):
        servers.find(HERE)
    with pytest.raises(KnownServersError):
        servers.remember(HERE, Known(KEY), None)
    assert servers.find("other:1") == Known(None, "")
    assert servers.forget(HERE) is not None
    assert servers.find(HERE) is None


def test_a_file_that_cannot_be_read_is_told(path: Path) -> None:
    """It is not the same as one that is not there."""
    path.mkdir(parents=True)
    servers = KnownServers(path)
    with pytest.raises(KnownServersError, match="known_servers"):
        servers.find(HERE)
    with pytest.raises(KnownServersError, match="known_servers"):
        servers.forget(HERE)


@pytest.mark.skipif(os.name == "nt", reason="there are no such pipes")
def test_a_pipe_in_its_place_holds_up_nobody(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(KnownServersError, match="it is not a file"):
        KnownServers(path).find(HERE)


def test_a_place_where_nothing_can_be_kept_is_told(tmp_path: Path) -> None:
    """Nothing is known there, and that is no problem until something is to be kept."""
    (tmp_path / "file").write_text("")
    servers = KnownServers(tmp_path / "file" / "known_servers")
    assert servers.find(HERE) is None
    with pytest.raises(KnownServersError, match="Cannot use the list of known servers"):
        servers.remember(HERE, Known(KEY), None)


MEETING = """
from client_parts.kept.known_servers import Known, KnownServers
servers = KnownServers(path)
for number in range(5):
    address = f"s{me}-{number}:3030"
    assert servers.remember(address, Known(bytes(32), "2026-11-26"), None) == Known(bytes(32), "2026-11-26")
servers.forget(f"s{me}-0:3030")
"""


@needs_locks
def test_servers_met_at_the_same_time_are_all_remembered(path: Path) -> None:
    """By several clients, which also forget some."""
    at_once(MEETING, path)
    servers = KnownServers(path)
    known = [servers.find(f"s{me}-{number}:3030") for me in range(4) for number in range(1, 5)]
    assert known == [Known(bytes(32), "2026-11-26")] * 16
    assert [servers.find(f"s{me}-0:3030") for me in range(4)] == [None] * 4
