"""The real programs: one chat on two servers, which take turns over one folder, and a host whose packets are lost."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client_parts.kept.known_servers import KnownServers
from client_parts.link.link import Patience
from tests.client.conftest import Open
from tests.client.fakes import RunningClient, ScriptedServer, goodbye
from tests.client.programs import Pipe, ServerProgram
from tests.faults.dead_wire import DeadWire
from tests.peers import Native
from tests.tls.certificates import needs_openssl
from tests.tls.relay import Relay

ELSEWHERE = "127.1"  # this machine, but nobody could know from the name
# Who waits once for the end of a pause or of a silence is not back in time.
HOURS = 3600.0
NEVER = Patience(connect=HOURS, welcome=HOURS, first_pause=HOURS, longest_pause=HOURS, hurry=HOURS)

pytestmark = needs_openssl


@pytest.fixture
def first(tmp_path: Path) -> Iterator[ServerProgram]:
    program = ServerProgram(tmp_path / "data")
    yield program
    program.close()


@pytest.fixture
def second(tmp_path: Path) -> Iterator[ServerProgram]:
    """With the same log and key, once the first is gone."""
    program = ServerProgram(tmp_path / "data", starts=False)
    yield program
    program.close()


def address(server: ServerProgram, host: str = "127.0.0.1") -> str:
    return f"{host}:{server.port}"


@pytest.mark.parametrize("host", ["127.0.0.1", ELSEWHERE])
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_person_stays_in_the_chat(
    first: ServerProgram, second: ServerProgram, open_terminal: Open, tmp_path: Path, host: str, ending: int
) -> None:
    """What is typed meanwhile is said once, in order, under the same name; the row and a line say where that is."""
    servers = (address(first, host), address(second, host))
    ann = open_terminal(None, tmp_path / "token", *servers, "--name", "ann", columns=120)
    ann.wait_for_status(f"online at {servers[0]}")
    ann.type("one\r")
    ann.wait_for("one ✓")
    first.stop(ending)
    ann.wait_until(lambda: "online" not in ann.status_row)
    ann.type("two\rthree\rhalf a li")
    ann.wait_for_status("2 waiting")
    second.start()
    ann.wait_for_status(f"online at {servers[1]}")
    ann.wait_for(f"Connected again now at {servers[1]}")
    ann.wait_for("three ✓")
    ann.wait_until(lambda: ann.prompt.endswith("> half a li"))
    bob = Native(second.port)
    bob.hello("bob")
    said = [(one["from"], one["text"]) for one in bob.history()]
    bob.close()
    assert said == [("ann", "one"), ("ann", "two"), ("ann", "three")]
    ann.type("\x15")
    assert ann.leave() == 0


def test_an_account_is_the_same_on_all_servers(
    first: ServerProgram, second: ServerProgram, open_terminal: Open, tmp_path: Path
) -> None:
    """Also if one of them was used alone before. The second is no stranger, and nobody else can take the name there."""
    token = tmp_path / "token"
    ann = open_terminal(None, token, address(first, ELSEWHERE), "--name", "ann", columns=120)
    ann.wait_for_status("online")
    ann.type("this makes it mine\r")
    ann.wait_for("mine ✓")
    assert ann.leave() == 0
    first.stop()
    second.start()
    ann = open_terminal(
        None, token, address(first, ELSEWHERE), address(second, ELSEWHERE), "--name", "ann", columns=120
    )
    ann.wait_for_status(f"online at {address(second, ELSEWHERE)}")
    ann.wait_for("has the key of the other servers; it is remembered.")
    ann.wait_for("You are ann.")
    ann.type("/whoami\r")
    ann.wait_for("protected")
    assert ann.leave() == 0
    known = KnownServers(tmp_path / "known_servers")
    keys = [known.find(address(server, ELSEWHERE)) for server in (first, second)]
    assert keys[0] == keys[1] is not None


def test_a_pipe_delivers_to_whoever_is_there(first: ServerProgram, second: ServerProgram, tmp_path: Path) -> None:
    """Each line once and in order, and status 0; its events say where it is."""
    servers = f"{address(first)}, {address(second)}"
    pipe = Pipe(None, tmp_path / "token", "--name", "ci", "--json", CHAT_SERVER=servers)
    assert pipe.process.stdin is not None
    assert pipe.process.stdout is not None
    events = map(json.loads, pipe.process.stdout)
    write(pipe, "1")
    assert wait_for(events, "link")["server"] == address(first)
    assert wait_for(events, "message")["text"] == "1"
    first.stop(signal.SIGKILL)
    write(pipe, "2", "3")
    assert wait_for(events, "link")["state"] == "reconnecting"
    second.start()
    seen = [wait_for(events, "message") for _ in range(2)]
    assert [(one["id"], one["text"]) for one in seen] == [(2, "2"), (3, "3")]
    status, _, err = pipe.finish()
    assert status == 0
    assert f"Connected again now at {address(second)}" in err


def write(pipe: Pipe, *lines: str) -> None:
    assert pipe.process.stdin is not None
    pipe.process.stdin.write("".join(f"{line}\n" for line in lines))
    pipe.process.stdin.flush()


def wait_for(events: Iterator[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(event for event in events if event["type"] == kind)


def test_a_host_whose_packets_are_lost_holds_up_nobody(server: ScriptedServer, tmp_path: Path) -> None:
    """No packet comes back from it, in the beginning and when the other one is lost."""
    with DeadWire() as wire:
        wire.cut()
        lost = wire.address.replace("198.18.", "198.19.").removesuffix(".1") + ".2"
        relay = Relay(server.port)
        others = ((ELSEWHERE, relay.port),)
        running = RunningClient(3030, tmp_path / "token", host=lost, other_servers=others, patience=NEVER)
        peer = server.accept()
        peer.welcome()
        running.screen.wait_until(lambda: running.screen.statuses[-1].online)
        relay.cut()
        peer = server.accept()
        peer.welcome()
        running.screen.wait_for("Connected again")
        assert goodbye(running, peer) == 0
        relay.close()
