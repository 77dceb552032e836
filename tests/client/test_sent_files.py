"""Files between people in terminals, over real servers: sent, shown, fetched, and not lost with the server."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are a Unix thing", allow_module_level=True)

from tests.client.conftest import Open
from tests.client.programs import Pipe, ServerProgram, Terminal

DATA = os.urandom(400_000)


def home(tmp_path: Path, name: str) -> Path:
    """Of somebody who has a folder of downloads."""
    folder = tmp_path / name
    (folder / "Downloads").mkdir(parents=True)
    return folder


def test_a_file_goes_from_terminal_to_terminal(person: Open, tmp_path: Path) -> None:
    """Tab completes its path, and its number; it is saved under its name, or what is left of that."""
    path = tmp_path / "my plan.bin"
    path.write_bytes(DATA)
    ann = person("ann", "--style", "short", HOME=str(home(tmp_path, "ann")))
    bob = person("bob", "--style", "short", HOME=str(home(tmp_path, "bob")))
    ann.type(f"/send {tmp_path}/my\t")
    ann.wait_until(lambda: "plan.bin" in "".join(ann.typed))
    ann.type("for you\r")
    ann.wait_for("ann: for you [file 1: my plan.bin, 390.6 KB] ✓")
    bob.wait_for("ann: for you [file 1: my plan.bin, 390.6 KB]")
    bob.type("/get \t")
    bob.wait_for_prompt("lobby> /get 1")
    bob.type("\r")
    bob.wait_until(lambda: "Saved" in " ".join(bob.rows))
    assert (tmp_path / "bob" / "Downloads" / "my plan.bin").read_bytes() == DATA
    bob.type("/files\r")
    bob.wait_for("    1  my plan.bin  390.6 KB  ann")
    assert ann.leave() == bob.leave() == 0


@pytest.fixture
def program(tmp_path: Path) -> Iterator[ServerProgram]:
    program = ServerProgram(tmp_path / "data")
    yield program
    program.close()


@pytest.mark.thorough
def test_a_killed_server_costs_no_byte(
    program: ServerProgram, open_terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    """In the middle of a file, up and down: both go on by themselves when it is there again."""
    data = os.urandom(40_000_000)
    (tmp_path / "big.bin").write_bytes(data)
    folder = home(tmp_path, "ann")
    ann = open_terminal(program.port, tmp_path / "token", "--name", "ann", "--style", "short", HOME=str(folder))
    ann.wait_until(lambda: "online" in ann.status_row)

    def kill_while(command: str, sign: str, end: str) -> None:
        ann.type(f"{command}\r")
        ann.wait_until(lambda: re.search(f"{sign} [1-9]", ann.status_row) is not None)
        program.stop(signal.SIGKILL)
        ann.wait_until(lambda: "online" not in ann.status_row)
        program.start()
        ann.wait_until(lambda: end in "".join(ann.rows).replace(" ", ""), 30)

    kill_while(f"/send {tmp_path}/big.bin", "↑", "[file1:big.bin,38.1MB]✓")
    kill_while("/get 1", "↓", "big.bin(38.1MB).")
    assert (folder / "Downloads" / "big.bin").read_bytes() == data
    assert ann.leave() == 0


def test_a_script_sends_a_file(program: ServerProgram, tmp_path: Path) -> None:
    """With its progress on standard error, and nothing from its input."""
    (tmp_path / "app.zip").write_bytes(DATA)
    arguments = ("--name", "ci", "--room", "builds", "--send", str(tmp_path / "app.zip"))
    status, out, err = Pipe(program.port, tmp_path / "token", *arguments).finish("a text that nobody reads\n")
    assert (status, err.splitlines()[-1]) == (0, "app.zip: 100 % (390.6 KB of 390.6 KB)")
    assert out.splitlines()[-1].endswith("ci said -> [file 1: app.zip, 390.6 KB] ✓")
    assert "nobody reads" not in out
