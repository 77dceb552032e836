"""Somebody answers in the server's place, or comes with what was stolen: they learn nothing, and nothing opens.

    python -m tests.faults.impostor [--quick] [--seed N]

The real server encrypts, and a person with an account is in it all the time, who must notice none of this. The client
is client.py's own code without a terminal; whoever is at the other end of it keeps every word.
"""

from __future__ import annotations

import json
import random
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from client_parts.kept.audience import OWN_MACHINE, in_clear, of_key, of_name, token_for
from server_parts.wire.certificate import Certificate
from tests.client.fakes import RunningClient
from tests.faults.at_doors import NativeTlsVisitor, frame_visitor
from tests.faults.false_servers import InClear, Road
from tests.faults.finding import Finding, found, main
from tests.faults.links import LocalServer
from tests.peers import Ended, Frame, of_type, wait_until
from tests.tls.certificates import der, key_pair
from tests.tls.relay import Relay
from tls_parts.public_key import digest_of, words

PROPERTY: Final = "an impostor learns nothing"
TARGET: Final = "refused with a sentence; nothing stolen opens anything; who is in notices nothing"
ELSEWHERE: Final = "127.1"  # this machine, but a client cannot know that from the name
PRIVATE: Final = "my very private text"
PASSWORD: Final = "correct horse battery"
CLEAR_ANSWERS: Final = (
    b"",
    b"* hello client *\n",
    b'{"type":"bye","code":"not_encrypted","text":"use --no-tls","retry":true}\n',
    b'{"type":"error","code":"encryption_needed","text":"use --no-tls","fatal":true}\n',
    b"HTTP/1.1 302 Found\r\nLocation: http://inn.example/\r\n\r\n",
)
Hello = dict[str, Any]


class Affair:
    """One person, who is in at the real server, and whoever wants to profit from that."""

    def __init__(self, opened: ExitStack, server: LocalServer, name: str, folder: Path) -> None:
        self.server, self.name, self.folder = server, name, folder
        self.key = digest_of(der(key_pair()))
        self._opened = opened
        self.road = opened.enter_context(Road(server.port))
        self._claim()
        self.secret = (folder / "token").read_text().strip()
        self.token = token_for(self.secret, of_key(self.key))
        self.session = secrets.token_hex(16)
        self.inside = opened.enter_context(NativeTlsVisitor(server.port))
        self.inside.enter(name, token=self.token, session=self.session, features=["by"])

    def start(self, port: int, **options: Any) -> RunningClient:
        """client.py, as that person runs it."""
        running = RunningClient(port, self.folder / "token", name=self.name, host=ELSEWHERE, **options)
        self._opened.callback(running.stop)
        return running

    def in_their_place(self, port: int = 0) -> Relay:
        """Somebody with another key, who passes on to the real server what they hear."""
        relay = Relay(self.server.port, key_pair("impostor"), port)
        self._opened.callback(_close, relay)
        return relay

    def visit(self) -> bool:
        """Whether the way to the real server still leads there, for somebody who comes and goes."""
        running = self.start(self.road.port)
        is_in = _comes_in(running)
        running.screen.type("/exit")
        return is_in and running.status() == 0

    def opens(self, **stolen: Any) -> bool:
        """Whether that lets anybody in at the real server, encrypted or not, under this name or another."""
        return any(
            _is_welcome(self.server.port, name, stolen, encrypted=encrypted)
            for name in dict.fromkeys((self.name, stolen.get("name", self.name)))
            for encrypted in (True, False)
        )

    def was_disturbed(self) -> list[str]:
        """What the person who is in has noticed, or lost."""
        text = f"still here {secrets.token_hex(4)}"
        try:
            self.inside.say(text)
            heard = of_type(self.inside.pending(), "message", "ack", "bye", "error", "notice", "presence")
        except (Ended, OSError):
            return ["disturbed: the person who is in was sent away"]
        return [f"disturbed: {frame}" for frame in heard if frame.get("text") != text and not _is_own_coming(frame)]

    def _claim(self) -> None:
        running = self.start(self.road.port)
        running.screen.type("my name is mine")
        assert wait_until(lambda: self.server.store.account(self.name) is not None)
        running.screen.type("/exit")
        assert running.status() == 0


def _is_own_coming(frame: Frame) -> bool:
    """Of which somebody may be told, and late."""
    return frame["type"] == "presence" and not frame.get("left") and not frame.get("renamed")


def _close(relay: Relay) -> None:
    if relay._listener.fileno() != -1:
        relay.close()


def _status(running: RunningClient) -> int | None:
    """With which status it ended; None if it came in, and would have stayed."""
    is_in = _comes_in(running)
    running.stop()
    return None if is_in else running._status


def _comes_in(running: RunningClient) -> bool:
    return wait_until(lambda: running.screen.statuses[-1].online or running._status is not None) and (
        running._status is None
    )


def _is_welcome(port: int, name: str, stolen: Hello, *, encrypted: bool) -> bool:
    with frame_visitor(port, encrypted=encrypted) as thief:
        proofs = {field: value for field, value in stolen.items() if field != "name"}
        # Only who knows of other connections of the same person could be let in beside one.
        thief.hello(name, rooms={}, features=["by"], **proofs)
        return any(frame["type"] == "welcome" for frame in thief.pending())


def hellos(said: bytes) -> list[Frame]:
    frames = [json.loads(line) for line in said.splitlines() if line.startswith(b"{")]
    return [frame for frame in frames if frame["type"] == "hello"]


def loot_of(said: bytes) -> Iterator[Hello]:
    """What a hello gives away, to be tried together and apart."""
    for hello in hellos(said):
        proofs: Hello = {field: hello[field] for field in ("token", "session", "former_token") if field in hello}
        yield proofs
        yield from ({field: value} for field, value in proofs.items())


# --- The attacks: each returns what is wrong ---

Attack = Callable[[random.Random, Affair], list[str]]


def at_first_contact(rng: random.Random, affair: Affair) -> list[str]:
    """In between, at an address that the client has never seen; a link would have helped, but there is none."""
    between = affair.in_their_place()
    running = affair.start(between.port)
    running.screen.type(f"/msg mabel {PRIVATE}")
    status = _status(running)
    between.close()
    wrong = [f"first contact: it ended with {status}"] if status != 1 else []
    if not any(f"The name {affair.name} is taken" in line for line in running.screen.lines):
        wrong.append(f"first contact: no sentence in {running.screen.lines}")
    said = bytes(between.said)
    wrong += [f"first contact: {what} was told" for what in _told(affair, said, but_name=True)]
    wrong += [f"first contact: {sorted(loot)} opens the account" for loot in loot_of(said) if affair.opens(**loot)]
    return wrong if hellos(said) else [*wrong, "first contact: nothing was tried"]


def before_a_password(rng: random.Random, affair: Affair) -> list[str]:
    """The same, with somebody who would prove the account by its password."""
    between = affair.in_their_place()
    status = _status(affair.start(between.port, password=PASSWORD))
    between.close()
    return _silence("password", status, 1, bytes(between.said))


def in_spite_of_a_link(rng: random.Random, affair: Affair) -> list[str]:
    """In between, at an address for which there is a link with the key."""
    between = affair.in_their_place()
    running = affair.start(between.port, key=affair.key, **rng.choice(({}, {"password": PASSWORD})))
    return _refusal("link", running, between, "not the one that your link names", words(affair.key))


def with_another_key(rng: random.Random, affair: Affair) -> list[str]:
    """At the address of the real server, before a run or in the middle of one; then it is as before."""
    running = affair.start(affair.road.port) if rng.random() < 0.7 else None
    if running is not None and not _comes_in(running):
        return ["changed key: the real server was not reached"]
    affair.road.close()
    between = affair.in_their_place(affair.road.port)
    running = running or affair.start(affair.road.port)
    running.screen.type(PRIVATE)
    wrong = _refusal("changed key", running, between, "has changed", words(affair.key))
    affair.road.listen()
    wrong += [] if affair.visit() else ["changed key: the real server is not known any more"]
    affair.inside.pending()
    return wrong


def as_another_server_of_the_chat(rng: random.Random, affair: Affair) -> list[str]:
    """In a list of servers behind the real one, which is away when the client comes."""
    affair.road.close()
    between = affair.in_their_place()
    running = affair.start(affair.road.port, other_servers=((ELSEWHERE, between.port),))
    running.screen.type(PRIVATE)
    wrong = _refusal("another server", running, between, words(affair.key))
    affair.road.listen()
    wrong += [] if affair.visit() else ["another server: the real one is not known any more"]
    return wrong


def in_clear_text(rng: random.Random, affair: Affair) -> list[str]:
    """At the address of the real server, as if it could not encrypt; the client is told to do without."""
    answer = rng.choice(CLEAR_ANSWERS)
    running = affair.start(affair.road.port) if rng.random() < 0.5 else None
    if running is not None and not _comes_in(running):
        return ["downgrade: the real server was not reached"]
    affair.road.close()
    with InClear(affair.road.port, answer) as false:
        running = running or affair.start(affair.road.port)
        running.screen.type(PRIVATE)
        wait_until(lambda: false.calls >= 3 or running._status is not None)
        running.stop()
        wrong = [] if running._status else [f"downgrade: it ended with {running._status}"]
        refused = affair.start(affair.road.port, tls=False)
        wrong += [] if refused.status() == 3 else ["downgrade: --no-tls was not refused"]
        wrong += [f"downgrade: {what} was told in clear" for what in _told(affair, false.heard)]
        if false.calls == 0 or not false.heard.startswith(b"\x16"):
            wrong.append(f"downgrade: what was said first is no TLS: {false.heard[:40]!r}")
    affair.road.listen()
    return wrong


def with_the_session(rng: random.Random, affair: Affair) -> list[str]:
    """Somebody has read the session string of the person who is in."""
    loot: list[Hello] = [{}, {"token": secrets.token_hex(16)}, {"token": token_for(affair.secret, OWN_MACHINE)}]
    proof = rng.choice(loot) | {"session": affair.session, "name": f"thief-{rng.randrange(10**6)}"}
    return [f"session: {sorted(proof)} opens something"] if affair.opens(**proof) else []


def with_tokens_of_elsewhere(rng: random.Random, affair: Affair) -> list[str]:
    """The person has been at another server, encrypted; and in clear, here and there."""
    with LocalServer() as other:
        relay = Relay(other.port, key_pair("elsewhere"))
        running = affair.start(relay.port)
        is_in = _comes_in(running)
        running.screen.type("/exit")
        running.status()
        relay.close()
        shown = [hello["token"] for hello in hellos(bytes(relay.said))]
        audiences = (OWN_MACHINE, in_clear(f"{ELSEWHERE}:{affair.road.port}"), of_name("localhost"), of_key(bytes(32)))
        tokens = {*shown, *(token_for(affair.secret, audience) for audience in audiences), affair.secret}
        wrong = [f"elsewhere: {token} opens the account" for token in sorted(tokens) if affair.opens(token=token)]
        wrong += [] if affair.opens(token=affair.token) else ["elsewhere: not even the right token opens the account"]
        wrong += ["elsewhere: it got the token of the real server"] if affair.token in tokens else []
    return wrong if is_in and shown else [*wrong, "elsewhere: nothing was shown"]


ATTACKS: Final[tuple[Attack, ...]] = (
    at_first_contact,
    before_a_password,
    in_spite_of_a_link,
    with_another_key,
    as_another_server_of_the_chat,
    in_clear_text,
    with_the_session,
    with_tokens_of_elsewhere,
)


# --- What came of them ---


def _refusal(attack: str, running: RunningClient, between: Relay, *sentence: str) -> list[str]:
    """What is wrong if the client should have ended with that sentence, and said nothing."""
    wait_until(lambda: running._status is not None or bool(between.said))
    running.stop()
    between.close()
    shown = " ".join(running.screen.lines)
    wrong = [f"{attack}: {part!r} is not in the sentence: {shown}" for part in sentence if part not in shown]
    return wrong + _silence(attack, running._status, 3, bytes(between.said))


def _silence(attack: str, status: int | None, wanted: int, said: bytes) -> list[str]:
    wrong = [f"{attack}: {len(said)} bytes were said"] if said else []
    return wrong if status == wanted else [*wrong, f"{attack}: it ended with {status}"]


def _told(affair: Affair, heard: bytes, *, but_name: bool = False) -> list[str]:
    """Which secrets somebody has heard."""
    kept = {
        "the secret": affair.secret,
        "the token": affair.token,
        "a private text": PRIVATE,
        "the session of who is in": affair.session,
        "the password": PASSWORD,
        "the name": affair.name,
    }
    return [what for what, word in kept.items() if word.encode() in heard and not (but_name and what == "the name")]


@contextmanager
def affairs() -> Iterator[Callable[[str], Affair]]:
    """A real server, and people at it."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="chat-impostor-")))
        server = opened.enter_context(LocalServer(certificate=Certificate(*key_pair())))

        def begin(name: str) -> Affair:
            (folder / name).mkdir()
            return Affair(opened, server, name, folder / name)

        yield begin


def attacked(rng: random.Random, rounds: int, attacks: Sequence[Attack] = ATTACKS) -> tuple[int, list[str]]:
    """How many attacks there were, in an order of chance, and what is wrong."""
    wrong: list[str] = []
    for number in range(rounds):
        with affairs() as begin:
            affair = begin(f"ann-{number}-{secrets.token_hex(3)}")
            for attack in rng.sample(attacks, len(attacks)):
                affair.inside.pending()
                wrong += [*attack(rng, affair), *affair.was_disturbed()]
    return rounds * len(attacks), wrong


def run(quick: bool, seed: int) -> Finding:
    if shutil.which("openssl") is None:
        return Finding(28, PROPERTY, TARGET, "the openssl program is not installed: there are no keys to be had", None)
    count, wrong = attacked(random.Random(seed), 2 if quick else 40)
    return found(28, PROPERTY, TARGET, f"{count} attacks of {len(ATTACKS)} kinds", wrong)


if __name__ == "__main__":
    sys.exit(main(run))
