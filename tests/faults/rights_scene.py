"""A server full of people and secrets, and one actor who asks for everything there is.

The actor has one role, stands in one relation to one kind of room, and comes through one door. The owner of the server
sits at its terminal and comes through no door; so that every request is tried for that role too, the server is told
that this connection is the terminal's.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple
from unittest import mock

from server_parts.people import passwords
from server_parts.people.roles import Role
from server_parts.protocol.account_requests import GiveRole
from server_parts.storage.records import KINDS
from server_parts.wire.certificate import Certificate
from tests.faults.at_doors import Door, FrameVisitor, PlainVisitor, frame_visitor, plain_visitor, record_of
from tests.faults.links import LocalServer
from tests.faults.rights_table import MODES, PLACES, ROLES, VISIBLE, Row
from tests.peers import WAIT, Native, codes, of_type
from tests.sending import share
from tests.tls.certificates import key_pair

ACTOR: Final = "actor"
_NUMBERS: Final = KINDS  # fields with the number of a text, and "id" but for files
PASSWORD: Final = "kept-secret horse battery"
VICTIMS: Final = 7
_OWN_PLACE: Final = re.compile(r"https?://127\.0\.0\.1:\d+/")  # where the actor itself has found the server


class Stand(NamedTuple):
    """Who asks, where, and through which door."""

    role: str
    kind: str  # of the room
    place: str
    door: Door

    def __str__(self) -> str:
        return f"{self.role} {self.place} ({self.kind}; {self.door})"


def all_stands(doors: tuple[Door, ...]) -> Iterator[Stand]:
    for role in ROLES:
        for kind, place in kinds_and_places():
            yield from (Stand(role, kind, place, door) for door in doors)


def kinds_and_places() -> Iterator[tuple[str, str]]:
    for kind in MODES:
        yield kind, "in"
        yield kind, "hidden" if kind == "invite" else "out"
    yield from (("private", place) for place in PLACES[-2:])


def certificate() -> Certificate | None:
    """One for all servers, where one can be made."""
    return Certificate(*key_pair()) if shutil.which("openssl") else None


@contextmanager
def scene(stand: Stand, encrypts_with: Certificate | None) -> Iterator[Scene]:
    with (
        mock.patch.object(passwords, "LOG_COST", 4),
        LocalServer(certificate=encrypts_with) as server,
        ExitStack() as opened,
    ):
        yield Scene(server, stand, opened)


class Scene:
    """Of one actor. Everybody else is native and in clear."""

    def __init__(self, server: LocalServer, stand: Stand, opened: ExitStack) -> None:
        self.server, self.stand = server, stand
        self._opened = opened
        self._secrets: dict[str, list[str]] = {name: [name] for name in VISIBLE}
        self._secrets["kept-address"] = ["127.0.0.1"]
        self.founder, self.mabel = self._account("founder"), self._account("mabel")
        self._account("doomed").leave()
        self._guest("stranger")
        self.victims = [self._guest(f"victim{number}") for number in range(VICTIMS)]
        self._left = iter(self.victims)
        self.file = ""  # one that was sent to the room
        self.texts: dict[str, int] = {}
        self.judge = self._account("judge")
        self._promote("judge")
        self._keep_a_vault()
        self._whisper()
        self._furnish()
        self.room = self._room()
        self.actor = self._enter()

    # --- people ---

    def _guest(self, name: str, **hello: Any) -> Native:
        peer = self._opened.enter_context(Native(self.server.port))
        self._secrets["kept-secret"].append(peer.session)
        peer.enter(name, **hello)
        return peer

    def _account(self, name: str) -> Native:
        """It was claimed with a text, by somebody who also has a password."""
        token = secrets.token_hex(16)
        peer = self._guest(name, token=token)
        self._secrets["kept-secret"].append(token)
        peer.tell("I am here")
        _done(peer, "password", new=PASSWORD)
        return peer

    def _promote(self, name: str) -> None:
        """The owner makes somebody an operator."""
        owner = self.server.chat._operator.client
        owner.credits.get(timeout=WAIT)
        self.server.chat._hub.submit(owner, [GiveRole(name, "operator")])
        assert self.judge.ask("whois", name=name)[-1]["role"] == "operator"

    # --- secrets ---

    def _keep_a_vault(self) -> None:
        keeper = self._account("keeper")
        keeper.ask("join", room="vault")
        keeper.tell("kept in the vault", "vault")
        _said(keeper, "kept in the vault too", "vault", reply=1)
        _said(keeper, "kept in the vault", "vault", react=1)
        self._share(keeper, "vault.txt", "vault")
        _done(keeper, "room", room="vault", mode="invite", topic="kept topic of the vault")
        _done(keeper, "ban", room="vault", name="stranger", reason="kept from the vault")

    def _whisper(self) -> None:
        self.founder.tell("kept-whisper", "@mabel")
        self.mabel.tell("kept-whisper too", "@founder")
        _said(self.mabel, "kept-whisper", "@founder", react=1)
        _said(self.founder, "kept-whisper again", "@mabel", reply=2)
        self.whispered = self._share(self.founder, "kept-whisper.txt", "@mabel")

    def _share(self, peer: Native, name: str, room: str) -> str:
        """The id of a new file there."""
        return str(share(self.server.port, peer, name.encode(), name, room)["file"]["id"])

    def _furnish(self) -> None:
        """A room with something of everything that only some may see. Also a den, where the actor may be somebody."""
        self._guest("kicked")
        for room in ("room", "den"):
            for peer in (self.founder, self.mabel, *self.victims):
                peer.ask("join", room=room)
        self.founder.tell("mine", "den")
        self._talk()
        told = self.founder.ask("room", room="room", topic="kept topic-there")
        (self.texts["CHANGE"],) = (frame["id"] for frame in of_type(told, "message") if "change" in frame)
        _done(self.mabel, "report", room="room", name="stranger", reason="kept-report")
        _done(self.founder, "ban", room="room", name="kicked", reason="kept-ban")
        _done(self.founder, "kick", room="room", name=self.victims[0].welcome["name"], reason="kept-kick")
        self.victims[0].ask("join", room="room")

    def _talk(self) -> None:
        """Texts, of which some are not there any more, and what was said about them."""
        speaker = self.victims[-1]
        self.texts["HIGHER"] = self.founder.tell("kept-there", "room")["id"]
        gone = [speaker.tell("kept-deleted", "room")["id"] for _ in range(2)]
        _done(self.founder, "delete", room="room", id=gone[0])
        _said(speaker, None, "room", delete=gone[1])
        for name in ("TEXT", "THEIRS"):
            self.texts[name] = speaker.tell("kept-draft", "room")["id"]
            _said(speaker, "kept-there too", "room", edit=self.texts[name])
        _said(self.mabel, "kept-there, indeed", "room", reply=self.texts["TEXT"])
        _said(self.founder, "kept-there", "room", react=self.texts["TEXT"])
        self.file = self._share(speaker, "kept-there.txt", "room")
        self.texts["OWN"] = self.texts["THEIRS"]  # of an actor who has never been there

    # --- the actor ---

    def _room(self) -> str:
        if self.stand.kind != "private":
            return "room"
        return "@founder+mabel" if self.stand.place == "others" else f"@{ACTOR}+victim0"

    def _enter(self) -> FrameVisitor | PlainVisitor:
        """Come in, take one's place, and only then get one's role: a moderator could not be kept out."""
        if self.stand.place != "in":
            self._set_mode()
        token = None if self.stand.role == "guest" else self._claim()
        peer = self._come_natively(token) if self.stand.door.native else self._come_plainly(token)
        if self.stand.place == "in":
            self._set_mode()
        self._give_role(peer)
        return peer

    def _set_mode(self) -> None:
        if self.stand.kind in MODES:
            _done(self.founder, "room", room="room", mode=self.stand.kind)

    def _claim(self) -> str:
        token = secrets.token_hex(16)
        with Native(self.server.port, ACTOR, token=token) as peer:
            peer.tell("I am here")
            _done(peer, "password", new=PASSWORD)
            peer.leave()
        return token

    def _come_natively(self, token: str | None) -> FrameVisitor:
        door = self.stand.door
        peer = self._opened.enter_context(frame_visitor(self.server.port, encrypted=door.encrypted, web=door.web))
        peer.enter(ACTOR, **({} if token is None else {"token": token}))
        for room in {"in": ("room", "den"), "out": ("den",), "hidden": ("den",)}.get(self.stand.place, ()):
            peer.ask("join", room=room)
        if self.stand.place == "in":
            self.texts["OWN"] = peer.tell("mine", "room")["id"]
        if self.stand.place == "own":
            self._talk_privately(peer.tell("hello", "@victim0")["id"])
        return peer

    def _talk_privately(self, own: int) -> None:
        theirs = self.victims[0].tell("hello", f"@{ACTOR}")["id"]
        self.texts = {"OWN": own, "TEXT": theirs, "THEIRS": theirs, "HIGHER": theirs, "CHANGE": 999}  # there is none
        self.file = self._share(self.victims[0], "a.txt", f"@{ACTOR}")

    def _come_plainly(self, token: str | None) -> PlainVisitor:
        peer = self._opened.enter_context(plain_visitor(self.server.port, encrypted=self.stand.door.encrypted))
        come = f"/nick {ACTOR}" if token is None else f"/login {ACTOR} {PASSWORD}"
        assert peer.outcome(come) == "ok"
        if self.stand.place == "out":  # whoever asks about a room is let in, unless there is a ban
            _done(self.founder, "ban", room="room", name=ACTOR)
        if self._is_public:
            peer.answers("/join den")
            peer.answers("/join room")
        if self.stand.place == "in":
            self.texts["OWN"] = _delivered(peer.answers("mine"))
        if self.stand.place == "own":
            self._talk_privately(_delivered(peer.answers("/msg victim0 hello")))
        return peer

    def _give_role(self, peer: FrameVisitor | PlainVisitor) -> None:
        role = self.stand.role
        if role in ("voice", "moderator", "owner"):
            room = "room" if self.stand.place == "in" else "den"
            _done(self.founder, "role", room=room, name=ACTOR, role=role)
        elif role == "operator":
            self._promote(ACTOR)
        elif role == "terminal":
            record_of(self.server.chat, peer).role = Role.OWNER

    # --- asking ---

    def can_ask(self, row: Row) -> bool:
        """The plain door asks about the room that one is in, or would enter: it is never a private one."""
        if self.stand.door.native:
            return True
        if row.plain is None or self._is_elsewhere(row):
            return row.plain is not None
        is_let_in = self.stand.role in ("operator", "terminal") and self.stand.place != "in"
        depends_on_that = (row.native[0] in ("say", "upload") and is_let_in) or (
            row.name == "join" and self.stand.place == "out"
        )
        return self._is_public and not depends_on_that

    @property
    def _is_public(self) -> bool:
        return self.stand.kind != "private"

    @staticmethod
    def _is_elsewhere(row: Row) -> bool:
        """Whether its line has nothing to do with the room that one is in."""
        return str(row.native[1].get("room", "@")).startswith("@")

    def attempt(self, row: Row) -> str:
        words = {
            "ROOM": self.room,
            "KIND": self.stand.kind if self._is_public else "open",
            "SELF": ACTOR,
            "FILE": self.whispered if self.stand.place == "others" else self.file,
            **{name: str(id) for name, id in self.texts.items()},
        }
        if "VICTIM" in row.native[1].values():
            words["VICTIM"] = next(self._left).welcome["name"]
        if isinstance(self.actor, FrameVisitor):
            return self.actor.outcome(row.native[0], _filled(row.native[1], words))
        line = row.plain or ""
        for word, meaning in words.items():
            line = line.replace(word, meaning)
        if self.stand.place in ("out", "hidden") and not self._is_elsewhere(row):
            return self.actor.outcome_about(self.room, line)
        return self.actor.outcome(line)

    # --- judging ---

    def done(self) -> int:
        """How many acts the actor has done, by the log of them."""
        (audit,) = of_type(self.judge.ask("audit", limit=200), "audit")
        return sum(item["by"] == ACTOR for item in audit["items"])

    def leaked(self) -> list[str]:
        """What the actor has heard that is not for them."""
        heard = _OWN_PLACE.sub("", self.actor.heard.decode())
        return [name for name in VISIBLE if not self._may_hear(name) and any(s in heard for s in self._secrets[name])]

    def missed(self) -> list[str]:
        """What an operator should have found: who finds nothing would find no leak either."""
        heard = self.actor.heard.decode()
        return ["vault"] if ROLES.index(self.stand.role) >= ROLES.index("operator") and "vault" not in heard else []

    def _may_hear(self, name: str) -> bool:
        inside, outside = VISIBLE[name]
        seen = self.stand.place == "in" or (self.stand.place == "out" and inside == "guest")
        seen = seen or (not self._is_public and inside == "guest")  # "room" is then any open one
        lowest = inside if seen else outside
        return lowest is not None and ROLES.index(self.stand.role) >= ROLES.index(lowest)


def _filled(fields: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    filled = {field: _fill(value, words) for field, value in fields.items()}
    numbers = {*_NUMBERS, "id"} if fields.get("id") != "FILE" else {*_NUMBERS}
    return {field: int(value) if field in numbers else value for field, value in filled.items()}


def _fill(value: Any, words: dict[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    for word, meaning in words.items():
        value = value.replace(word, meaning)
    return value


def _done(peer: Native, type: str, **fields: Any) -> None:
    """What has to work for the scene to be as it should be."""
    refused = codes(peer.ask(type, **fields))
    assert not refused, (type, fields, refused)


def _said(peer: Native, text: str | None, room: str, **about: int) -> None:
    """The same for what speaks of other texts."""
    peer.seq += 1
    _done(peer, "say", room=room, seq=peer.seq, **({} if text is None else {"text": text}), **about)


def _delivered(lines: list[str]) -> int:
    """The number of what a plain client has just said."""
    (number,) = (int(line[len("* delivered #") : -len(" *")]) for line in lines if line.startswith("* delivered #"))
    return number
