"""Somebody listens to all that is sent on an encrypted evening, and can read nothing of it.

    python -m tests.faults.listening [--quick] [--seed N]

People talk over TLS in rooms and in private, with tokens and a password, search and read the history. Meanwhile
strangers go wrong in every way, and the server is killed and started again. Then every text, name, room, token,
session, password, note and the message of the day is looked for in what was heard, in each of the forms of ears.py. The
same listener must read every kind of them on an evening in clear, and hear on the encrypted one what strangers say in
clear.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.faults.actors import ServerProcess
from tests.faults.ears import Secret, forms, listening_to, read_in
from tests.faults.evening import Evening, Secrets
from tests.faults.finding import Finding, NotAllowed, found, main
from tests.faults.own_key import give_key

PROPERTY: Final = "nothing readable"
TARGET: Final = "nothing of an encrypted evening (text, name, room, token, session, password, motd) readable in clear"


class Shape(NamedTuple):
    evenings: int
    people: int
    texts: int  # of each of them in each of two rooms


FULL: Final = Shape(20, 10, 20)
QUICK: Final = Shape(1, 3, 2)


class Heard(NamedTuple):
    """What became of one evening."""

    secrets: Sequence[Secret]
    read: dict[Secret, str]  # and in which form
    manner: str
    packets: int
    bytes: int
    guests: Sequence[str]
    turns: int
    wrong: Sequence[str]

    @property
    def kinds(self) -> set[str]:
        return {secret.kind for secret in self.secrets}

    def legible(self) -> list[str]:
        return [f"read: {secret.kind} {secret.value[:60]!r} in the form {form}" for secret, form in self.read.items()]

    def illegible(self) -> list[str]:
        unread = self.kinds - {secret.kind for secret in self.read}
        return [f"deaf: in clear, no {kind} could be read" for kind in sorted(unread)]


def listen(shape: Shape, *, encrypted: bool, relay: bool = False) -> Heard:
    kept = Secrets()
    options = ["--motd", kept.new("motd"), "--plain", "nobody" if encrypted else "everyone"]
    with tempfile.TemporaryDirectory(prefix="chat-listening-") as temporary:
        folder = Path(temporary, "data")
        give_key(folder)
        with ServerProcess(folder, options=options) as server, listening_to(server.port, relay=relay) as ears:
            evening = Evening(server, ears.port, kept, encrypted=encrypted)
            evening.pass_by(shape.people, shape.texts)
            server.kill()
            streams = ears.heard()
            wrong = [*evening.wrong, *(f"complaint: {line}" for line in server.complaints)]
    if ears.missed:
        wrong.append(f"deaf: {ears.missed} packets were missed")
    everything = b"".join(streams)
    wrong += [
        f"deaf: a stranger's {word} was not heard" for word in evening.said_in_clear if word.encode() not in everything
    ]
    read, size = read_in(streams, kept.kept), len(everything)
    return Heard(kept.kept, read, ears.manner, ears.packets, size, evening.guests, evening.turns, wrong)


def run(quick: bool, seed: int) -> Finding:
    shape = QUICK if quick else FULL
    try:
        clear = listen(QUICK, encrypted=False)
        evenings = [listen(shape, encrypted=True) for _ in range(shape.evenings)]
    except NotAllowed as reason:
        return Finding(21, PROPERTY, TARGET, str(reason), None)
    wrong = [*clear.wrong, *clear.illegible()]
    for evening in evenings:
        wrong += [*evening.wrong, *evening.legible()]
    return found(21, PROPERTY, TARGET, tell(clear, evenings), wrong)


def tell(clear: Heard, evenings: Sequence[Heard]) -> str:
    read = sum(len(evening.read) for evening in evenings)
    looked_for = sum(len(evening.secrets) for evening in evenings)
    packets = sum(evening.packets for evening in evenings)
    size = sum(evening.bytes for evening in evenings) / 1e6
    turns = sum(evening.turns for evening in evenings)
    return (
        f"{read} of {looked_for:,} secrets in {len(forms(''))} forms, heard by {evenings[0].manner}: {packets:,}, "
        f"{size:.1f} MB; guests: {', '.join(evenings[0].guests)}; {turns} wrong turns; "
        f"in clear {len(clear.read)} of {len(clear.secrets)} secrets were read"
    )


if __name__ == "__main__":
    sys.exit(main(run))
