"""An evening that somebody listens to: who comes, what they say, and what goes wrong meanwhile.

Native peers, programs that nobody here wrote, and client.py. Every word of it is noted, to be looked for afterwards.
"""

from __future__ import annotations

import secrets
import shutil
import socket
import ssl
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from tests.client.programs import Pipe
from tests.faults.actors import ServerProcess, hang_up
from tests.faults.ears import Secret
from tests.peers import WAIT, Ended, Native, Peer
from tests.tls.certificates import trusting_context

PROGRAMS: Final = {
    "openssl": ("s_client", "-quiet", "-connect", "127.0.0.1:{port}"),
    "ncat": ("--ssl", "-4", "127.0.0.1", "{port}"),
    "socat": ("-t10", "-", "OPENSSL:127.0.0.1:{port},verify=0"),
}  # and how each is told to encrypt


class EncryptedNative(Native):
    tls = trusting_context()


class Secrets:
    """All that nobody else may read, each unlike anything else."""

    def __init__(self) -> None:
        self.kept: list[Secret] = []

    def new(self, kind: str, value: str | None = None) -> str:
        value = value or f"{kind.replace(' ', '-')}-{secrets.token_hex(6)}"
        self.kept.append(Secret(kind, value))
        return value

    def text(self, kind: str = "text") -> str:
        return self.new(kind, f'{kind} {secrets.token_hex(6)} "grüß dich" \\ 雪 😀.')


class Person:
    """Somebody with a claimed name, who comes back as the same one."""

    def __init__(self, port: int, come: type[Native], room: str, kept: Secrets) -> None:
        self._port, self._come, self._room = port, come, room
        self.name = kept.new("name")
        self._proof = {"token": kept.new("token"), "session": kept.new("session")}
        self.peer = self._come_in()

    def _come_in(self, **more: str) -> Native:
        return self._come(self._port, self.name, rooms={"lobby": None, self._room: None}, **self._proof, **more)

    def come_back(self) -> None:
        epoch = self.peer.welcome["epoch"]
        self.peer.close()
        self.peer = self._come_in(epoch=epoch)


class Evening:
    """In clear, or encrypted. `wrong` must be empty afterwards: whoever does not get through cannot be overheard."""

    def __init__(self, server: ServerProcess, port: int, kept: Secrets, *, encrypted: bool) -> None:
        self._server, self._port, self._secrets, self._encrypted = server, port, kept, encrypted
        self._come: type[Native] = EncryptedNative if encrypted else Native
        self.guests: list[str] = []
        self.turns = 0  # that were wrong
        self.wrong: list[str] = []
        self.said_in_clear: list[str] = []  # by strangers, through their own fault

    def pass_by(self, people: int, texts: int) -> None:
        room = self._secrets.new("room")
        here = [Person(self._port, self._come, room, self._secrets) for _ in range(people)]
        try:
            self._talk(here, room, texts)
            self._let_programs_talk(here[0], room)
            if self._encrypted:
                self._go_wrong()
            self._restart_beside_the_client(here, room)
        finally:
            for person in here:
                person.peer.close()

    # --- those who belong here ---

    def _talk(self, here: Sequence[Person], room: str, texts: int) -> None:
        for person in here:
            for place in ("lobby", room):
                for _ in range(texts):
                    person.peer.tell(self._secrets.text(), place)
        first, second = (person.peer for person in here[:2])
        first.tell(self._secrets.text("private text"), f"@{here[1].name}")
        first.ask("search", text=self._secrets.new("search"))
        first.ask("away", text=self._secrets.new("note"))
        first.ask("password", new=self._secrets.new("password"))
        second.ask("who")
        second.ask("rooms")
        second.ask("history", room=room)
        for name in (self._secrets.new("name"), here[1].name):
            second.ask("nick", name=name)
        self.guests.append("native peers")

    def _let_programs_talk(self, witness: Person, room: str) -> None:
        commands = self._programs() if self._encrypted else {"a plain peer": None}
        for program, command in commands.items():
            text = self._secrets.text()
            to = f"/msg {witness.name} {self._secrets.text('private text')}"
            name = f"/nick {self._secrets.new('name')}"
            lines = (name, text, f"/join {room}", self._secrets.text(), to, "/exit")
            answer = self._answer(command, "".join(line + "\n" for line in lines).encode())
            self._note(program, b"goodbye" in answer, f"was told {answer[-200:]!r}")
            witness.peer.until("message", text=text)

    def _programs(self) -> dict[str, list[str] | None]:
        """Those that are installed."""
        found = {program: shutil.which(program) for program in PROGRAMS}
        return {
            program: [path, *(word.format(port=self._port) for word in PROGRAMS[program])]
            for program, path in found.items()
            if path is not None
        }

    def _answer(self, command: list[str] | None, said: bytes) -> bytes:
        if command is not None:
            done = subprocess.run(command, input=said, capture_output=True, timeout=3 * WAIT, check=False)
            return done.stdout
        with Peer(self._port) as peer:
            peer.send_bytes(said)
            return peer.rest()

    def _note(self, guest: str, got_through: bool, otherwise: str) -> None:
        if got_through:
            self.guests.append(guest)
        else:
            self.wrong.append(f"absent: {guest} {otherwise}")

    def _restart_beside_the_client(self, here: Sequence[Person], room: str) -> None:
        """client.py says something before and after the server is killed; everybody comes back by themselves."""
        name, texts = self._secrets.new("name"), [self._secrets.text(), self._secrets.text()]
        secret = self._secrets.new("token")
        token_file = self._server.folder.with_name("client-token")
        token_file.write_text(f"{secret}-{secrets.token_hex(12)}\n")
        token_file.chmod(0o600)
        options = ("--host", "127.0.0.1", "--name", name, "--room", room, *(["--tls"] if self._encrypted else []))
        client = Pipe(self._port, token_file, *options)
        try:
            assert client.process.stdin is not None
            client.process.stdin.write(texts[0] + "\n")
            client.process.stdin.flush()
            here[0].peer.until("message", text=texts[0])
            self._restart(here)
            status, _, said = client.finish(texts[1] + "\n")
        finally:
            client.close()
        self._note("client.py", status == 0, f"ended with {status}: {said[-300:]}")
        if status == 0:
            here[0].peer.until("message", text=texts[1])

    def _restart(self, here: Sequence[Person]) -> None:
        self._server.kill()
        self._server.start()
        self.turns += 1
        for person in here:
            person.come_back()
            person.peer.tell(self._secrets.text())

    # --- those who go wrong, while others are there ---

    def _go_wrong(self) -> None:
        for turn in (
            self._native_in_clear,
            self._plain_in_clear,
            self._aborted_handshake,
            self._clear_text_in_a_handshake,
            self._too_old,
            self._clear_text_in_a_conversation,
            self._torn_off,
        ):
            turn()
            self.turns += 1

    def _stranger(self) -> str:
        """What a stranger says in clear. It is no secret, but the listener must have heard it."""
        word = f"stranger-{secrets.token_hex(6)}"
        self.said_in_clear.append(word)
        return word

    def _native_in_clear(self) -> None:
        with Native(self._port) as stranger:
            stranger.hello(self._stranger())
            stranger.say(self._stranger())
            if b"not_encrypted" not in (told := stranger.rest()):
                self.wrong.append(f"open: who speaks in clear is told {told[:200]!r}")

    def _plain_in_clear(self) -> None:
        with Peer(self._port) as stranger:
            stranger.send_bytes(f"{self._stranger()}\n/history 100\n/who\n/search text\n".encode())
            stranger.rest()

    def _aborted_handshake(self) -> None:
        for hard in (False, True):
            connection = socket.create_connection(("127.0.0.1", self._port), WAIT)
            connection.sendall(client_hello()[:100])
            hang_up(connection, hard=hard)

    def _clear_text_in_a_handshake(self) -> None:
        with Peer(self._port) as stranger:
            stranger.send_bytes(client_hello())
            stranger.send_bytes(self._stranger().encode() + b"\n")
            stranger.rest()

    def _too_old(self) -> None:
        context = trusting_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with Peer(self._port) as stranger, suppress(ssl.SSLError, ConnectionError):
            context.wrap_socket(stranger.socket).close()
            self.wrong.append("old: the server speaks TLS 1.2")

    def _clear_text_in_a_conversation(self) -> None:
        """Somebody who is in sends a line past the encryption."""
        with EncryptedNative(self._port, self._secrets.new("name")) as peer:
            with socket.socket(fileno=socket.dup(peer.socket.fileno())) as line:
                line.sendall(self._stranger().encode() + b"\n")
            with suppress(Ended, OSError):
                peer.rest()

    def _torn_off(self) -> None:
        """In the middle of what they say, without an end of the encryption."""
        for hard in (False, True):
            peer = EncryptedNative(self._port, self._secrets.new("name"))
            peer.say(self._secrets.text())
            peer.send_bytes(b'{"type":"say","room":"lobby","text":"' + self._secrets.text().encode())
            hang_up(peer.socket, hard=hard)


def client_hello() -> bytes:
    outgoing = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        trusting_context().wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    return outgoing.read()
