"""One of several servers is cut off without a word: from the database alone, or from everybody, as a lost machine is.

    python -m tests.faults.lost_machine [--quick] [--seed N]

It is in a network namespace. Its people are given up by the others within 15 seconds, and nothing that it is told
meanwhile is stored. Who is connected to it goes elsewhere: told by it, or because it is silent. The quick form has only
the cut from the database.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from tests.client.programs import Terminal
from tests.faults import finding
from tests.faults.actors import ServerProcess, slowly
from tests.faults.dead_wire import DeadWire
from tests.faults.finding import Finding, NotAllowed
from tests.faults.several_servers import DATABASE, log_of, url
from tests.peers import Ended, Native
from tests.postgres import Cluster, why_not
from tests.tls.certificates import key_pair

PROPERTY: Final = "a lost machine"
TARGET: Final = "its names free ≤ 15 s, its clients told or elsewhere ≤ 15 s, nothing stored by it"
LIMIT: Final = 15.0
PATIENCE: Final = 40.0  # seconds until a time counts as never
BEARER, LISTENER, PERSON = "bearer", "listener", "person"
TOO_LATE: Final = "said to a server that is cut off"
FREE, TOLD, BACK = "names free", "clients told", "client.py elsewhere"


class Loss(NamedTuple):
    what: str
    after: dict[str, float]  # seconds from the cut
    wanted: tuple[str, ...]
    stored: bool  # whether the log has what was said too late

    def __str__(self) -> str:
        return f"{self.what}: " + ", ".join(f"{what} after {self._shown(what)}" for what in self.wanted)

    def _shown(self, what: str) -> str:
        return f"{self.after[what]:.1f} s" if what in self.after else "never"

    def wrong(self) -> list[str]:
        late = [what for what in self.wanted if self.after.get(what, PATIENCE) > slowly(LIMIT)]
        wrong = [f"{self.what}: {what} after {self._shown(what)}" for what in late]
        return [*wrong, f"{self.what}: it has stored something"] if self.stored else wrong


class Scene:
    """A server here, one on the far side with a person and two guests, and the database."""

    def __init__(
        self, wire: DeadWire, cluster: Cluster, near: ServerProcess, far: ServerProcess, person: Terminal
    ) -> None:
        self._wire, self._cluster, self._near, self._far, self._person = wire, cluster, near, far, person

    def play(self, what: str, cut: Callable[[], None], mend: Callable[[], None], *wanted: str) -> Loss:
        self._person.wait_until(lambda: self._is_at(self._far))
        with (
            Native(self._far.port, BEARER, self._wire.far_address) as bearer,
            Native(self._far.port, LISTENER, self._wire.far_address) as listener,
        ):
            bearer.tell("said before")
            conditions = {
                FREE: self._name_is_free,
                TOLD: lambda: _is_told(listener),
                BACK: lambda: self._is_at(self._near),
            }
            cut()
            begun = time.monotonic()
            try:
                bearer.say(TOO_LATE)
                after = self._watch({what: conditions[what] for what in wanted}, begun)
            finally:
                mend()
            self._await_return()
            texts = [text for _, _, _, text, _ in log_of(self._cluster)]
            assert "said before" in texts
            return Loss(what, after, wanted, TOO_LATE in texts)

    def _watch(self, conditions: dict[str, Callable[[], bool]], begun: float) -> dict[str, float]:
        """When each of them came true."""
        after: dict[str, float] = {}
        while len(after) < len(conditions) and time.monotonic() < begun + PATIENCE:
            for what, condition in conditions.items():
                if what not in after and condition():
                    after[what] = time.monotonic() - begun
            self._person.watch(0.1)
        return after

    def _name_is_free(self) -> bool:
        with Native(self._near.port) as other:
            other.hello(BEARER)
            while (frame := other.next())["type"] not in ("welcome", "error"):
                pass
            return bool(frame["type"] == "welcome")

    def _is_at(self, server: ServerProcess) -> bool:
        return "online" in self._person.status_row and f":{server.port}" in self._person.status_row

    def _await_return(self) -> None:
        """Until the server on the far side lets somebody in again: then it has done all that it had left to do."""
        until = time.monotonic() + PATIENCE
        while not self._lets_in():
            assert time.monotonic() < until, "the server does not come back"
            time.sleep(0.2)

    def _lets_in(self) -> bool:
        with suppress(OSError, Ended), Native(self._far.port, host=self._wire.far_address) as visitor:
            visitor.hello("visitor")
            while (frame := visitor.next())["type"] not in ("welcome", "error", "bye"):
                pass
            return bool(frame["type"] == "welcome")
        return False


def _is_told(listener: Native) -> bool:
    try:
        while (frame := listener.next(0.01))["type"] != "bye":
            pass
    except TimeoutError:
        return False
    return frame["code"] == "moved" and bool(frame["retry"])


@contextmanager
def scene(folder: Path, *habit: str) -> Iterator[tuple[Scene, DeadWire]]:
    """NotAllowed where there can be no dead wire. `habit`: one that is to be found out, of lying_server.py."""
    with DeadWire() as wire, closing(Cluster({"listen_addresses": "*"})) as cluster:
        cluster.execute(f"CREATE DATABASE {DATABASE}")
        pair = key_pair()  # one for both: they are one chat
        keys = ("--tls-cert", str(pair.certificate), "--tls-key", str(pair.key))
        options = ("--host", "0.0.0.0", "--plain", "everyone", "--per-address", "0", *keys)
        near = ServerProcess(folder / "near", options=options, store=url(cluster.port))
        store = url(cluster.port).replace("127.0.0.1", wire.second_address)
        far = ServerProcess(folder / "far", options=options, store=store, lie=habit[0] if habit else None)
        far.prefix = list(wire.prefix)
        with near, far, _person(folder, f"{wire.far_address}:{far.port}", f"{wire.address}:{near.port}") as person:
            yield Scene(wire, cluster, near, far, person), wire


@contextmanager
def _person(folder: Path, *places: str) -> Iterator[Terminal]:
    options = ("--name", PERSON, "--style", "short")
    person = Terminal(None, folder / "token", *places, *options)
    try:
        yield person
    finally:
        person.close()


def lose_touch(folder: Path, *habit: str) -> Loss:
    with scene(folder, *habit) as (played, wire):
        return played.play("cut off from the database", wire.cut_second, wire.mend_second, FREE, TOLD, BACK)


def lose_machine(folder: Path) -> Loss:
    with scene(folder) as (played, wire):
        return played.play("cut off from all", wire.cut, wire.mend, FREE, BACK)


def run(quick: bool, seed: int) -> Finding:
    del seed  # nothing is left to chance
    if reason := why_not():
        return Finding(19, PROPERTY, TARGET, reason, None)
    losses = []
    try:
        for lose in (lose_touch,) if quick else (lose_touch, lose_machine):
            with tempfile.TemporaryDirectory() as folder:
                losses.append(lose(Path(folder)))
    except NotAllowed as impossible:
        return Finding(19, PROPERTY, TARGET, str(impossible), None)
    figure = "; ".join(map(str, losses))
    return finding.found(19, PROPERTY, TARGET, figure, [wrong for loss in losses for wrong in loss.wrong()])


if __name__ == "__main__":
    sys.exit(finding.main(run))
