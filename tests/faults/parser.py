"""Everything malformed into every entrance: the documented answer each time, no thread dead, memory flat.

    python -m tests.faults.parser [--quick] [--seed N]

Three parts: each kept input into its entrance (entrances.py says what must hold); each case of hostile.py over a socket
to a real server, where its answer is the one that the protocol page promises; and, where Atheris is installed, a search
for inputs that nobody thought of.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.faults import fuzz, hostile
from tests.faults.actors import ServerProcess
from tests.faults.entrances import ENTRANCES, Entrance
from tests.faults.finding import Finding, NotAllowed, main
from tests.faults.neighbours import be_rude_together, cases
from tests.peers import Ended, Native, Peer, wait_until

SLOW: Final = 5.0  # seconds of the processor for one input
EXPOSED: Final = ("decoder", "native", "plain", "hearing")
GROWTH: Final = 8_192  # kB that many rounds of the same may add, once a first round has warmed everything up


# --- Every kept input into its entrance -------------------------------------------------------------------------


def replay(name: str) -> list[str]:
    """What the kept inputs of one entrance, and all cases by name, do wrong there."""
    tried = ((data, _fault(ENTRANCES[name], data)) for data in (*fuzz.kept(name), *by_name()))
    return [f"{name}: {data[:60]!r}: {fault}" for data, fault in tried if fault]


def by_name() -> list[bytes]:
    lines = [line + b"\n" for line, _ in hostile.NATIVE_LINES.values()]
    endings = [data for data, _ in hostile.NATIVE_ENDINGS.values()]
    return [*lines, *endings, *hostile.PLAIN_LINES.values(), *(line + b"\n" for line in hostile.FROM_SERVERS.values())]


def _fault(entrance: Entrance, data: bytes) -> str | None:
    begun = time.thread_time()  # not the clock: whatever else the machine does would be blamed on the input
    try:
        entrance(data)
    except Exception as error:
        return repr(error)
    taken = time.thread_time() - begun
    return f"it took {taken:.0f} s" if taken > SLOW else None


# --- Every case over a socket -----------------------------------------------------------------------------------


def answers(port: int) -> list[str]:
    """Every malformed line after a welcome: its own answer, and then a ping's."""
    wrong = []
    for name, (line, code) in hostile.NATIVE_LINES.items():
        with Native(port, f"c{secrets.token_hex(4)}") as peer:
            peer.send_bytes(line + b"\n")
            try:
                frames = peer.pending()
            except (Ended, TimeoutError):
                wrong.append(f"answer: none to {name}")
                continue
            told = [frame["code"] for frame in frames if frame["type"] == "error"]
            if len(told) != bool(code) or not set(told) <= set((code or "").split()):
                wrong.append(f"answer: {told} to {name}, not {code}")
    return wrong


def endings(port: int) -> list[str]:
    """Every beginning that ends a conversation: the `bye` it gets."""
    wrong = []
    for name, (data, code) in hostile.NATIVE_ENDINGS.items():
        with Native(port) as peer:
            peer.send_bytes(data)
            if code is None:
                peer.stop_sending()
                if not peer.ended():
                    wrong.append(f"answer: something to {name}")
            elif (bye := peer.until("bye"))["code"] != code:
                wrong.append(f"answer: {bye['code']} to {name}, not {code}")
    return wrong


class Weight:
    """What a server process weighs: threads, and memory in kB."""

    def __init__(self, pid: int) -> None:
        self.threads = self.memory = 0
        with suppress(OSError):  # no /proc: then only the answers are judged
            status = Path(f"/proc/{pid}/status").read_text()
            fields = dict(line.split(":", 1) for line in status.splitlines())
            self.threads, self.memory = int(fields["Threads"]), int(fields["VmRSS"].split()[0])


def fewest_threads(pid: int, seconds: float = 0.3) -> int:
    """Without those that are about to end."""
    until = time.monotonic() + seconds
    fewest = Weight(pid).threads
    while time.monotonic() < until:
        fewest = min(fewest, Weight(pid).threads)
        time.sleep(0.01)
    return fewest


def weigh_down(server: ServerProcess, rounds: int) -> tuple[int, list[str]]:
    """Round after round of all malformed connections; how many kB it grew after the first, and what is wrong."""
    with Native(server.port, "witness") as witness:  # some threads begin with the first message …
        witness.tell("here")
        witness.leave()
    with Peer(server.port) as peer:  # … or with the first handshake, however it ends
        peer.send_bytes(b"\x16" * 100)
        peer.rest()
    threads = fewest_threads(server.pid)
    wrong = []
    memory = 0
    for number in range(rounds + 1):
        be_rude_together(server.port, list(cases()))
        if not wait_until(lambda: Weight(server.pid).threads <= threads):
            wrong.append(f"threads: {Weight(server.pid).threads}, not {threads} as before")
        memory = memory if number else Weight(server.pid).memory
    grown = Weight(server.pid).memory - memory
    if grown > GROWTH:
        wrong.append(f"memory: {grown} kB more after {rounds} rounds")
    with Native(server.port, "witness") as witness:
        witness.tell("still here")
    return grown, wrong


# --- Cases that nobody thought of -------------------------------------------------------------------------------


def search(names: Sequence[str], seconds: float, seed: int) -> tuple[int, list[str]]:
    """Fuzz these entrances in turn; how many inputs were tried, and what broke."""
    tried, wrong = 0, []
    for name in names:
        hunt = fuzz.hunt(name, seconds / len(names), seed)
        tried += hunt.tried
        wrong += [f"{name}: {data!r}" for data, _ in hunt.broken]
    return tried, wrong


def run(quick: bool, seed: int) -> Finding:
    wrong = [sentence for name in ENTRANCES for sentence in replay(name)]
    inputs = sum(len(fuzz.kept(name)) + len(by_name()) for name in ENTRANCES)
    with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder, "data")) as server:
        wrong += answers(server.port) + endings(server.port)
        grown, heavy = weigh_down(server, 1 if quick else 10)
        wrong += heavy + [f"complaint: {line}" for line in server.complaints]
        if server.stop() != 0:
            wrong.append("exit: not 0 when asked to stop")
    try:
        tried, broken = search(EXPOSED, 8, seed) if quick else search(fuzz.NAMES, 300, seed)
        wrong += broken
        fuzzed = f"{tried:,} fuzzed"
    except NotAllowed as reason:
        fuzzed = f"not fuzzed: {reason}"
    figure = f"{inputs:,} inputs as documented, {fuzzed}; no thread dead, memory {grown / 1024:+.1f} MB"
    figure += "".join(f"; {sentence}" for sentence in wrong[:3])
    return Finding(9, "parser is total", "no thread dies, memory flat, documented answer each", figure, not wrong)


if __name__ == "__main__":
    sys.exit(main(run))
