"""Several people who answer, edit, delete and react in any order, at one server or two, and come back anywhere."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

from server_parts.hub import pages
from server_parts.moderation.rulebook import Rulebook
from server_parts.people.described import settings_of
from server_parts.people.roles import Role
from server_parts.protocol.moderation_requests import Delete, SetRoom, SetRoomRole
from server_parts.protocol.native_encoder import NATIVE
from server_parts.protocol.native_requests import from_frame
from server_parts.protocol.requests import Disconnected, Hello, History
from tests.peers import WAIT, Frame, of_type, wait_until
from tests.server.hub.bench import Bench, Seat
from tests.server.hub.room_copies import Copy, Row, about_of, folded, row_of, set_by

ROOM = "lobby"
PATIENCE = WAIT  # seconds until somebody knows how the room is set
PEOPLE = ("ann", "Ben", "cid", "Dot")
KINDS = 4  # of what is said about a message, in each run …
CHANGES = 3  # … and changes of the room
MOST = 10  # times as many steps as wanted, until there are so many
LOOK = 20  # steps between two looks at that
TAKEN_BACK = "/me took back the reaction to message #{}"


class Person:
    """Somebody with an account, wherever they are connected, and what they have of the room."""

    def __init__(self, name: str, bench: Bench) -> None:
        self.name = name
        self.session = f"session-of-{name}-0123456789"
        self.copy = Copy()
        self.seq = 0
        self.sent: dict[int, Frame] = {}  # by seq, what may have been refused
        self.enter(bench, {ROOM: None})

    def enter(self, bench: Bench, rooms: dict[str, int | None]) -> None:
        self.seat = Seat(bench)
        token = f"the-token-of-{self.name}-0123456789"
        heard = self.seat.ask(Hello(self.name, self.session, token=token, rooms=rooms, shares_name=True, history=5))
        assert of_type(heard, "welcome"), heard
        self.copy.take(heard, ROOM)

    def hear(self) -> None:
        self.copy.take(self.seat.heard(), ROOM)


class World:
    def __init__(self, benches: Sequence[Bench], seed: int) -> None:
        self.benches = benches
        self.random = random.Random(seed)
        self.people = [Person(name, self.random.choice(benches)) for name in PEOPLE]
        self.watcher = Person("watcher", benches[0])
        self.boss = Seat(benches[0], Role.OWNER)
        self.boss.ask(Hello("server", "session-of-the-server-012345"))
        self.did: list[str] = []
        for person in self.people:
            self.say(person, {"text": f"hello, I am {person.name}"})
        self.settle()
        self.boss.ask(SetRoomRole(PEOPLE[0], ROOM, "moderator"))

    # --- what people do ---

    def say(self, person: Person, frame: dict[str, Any]) -> None:
        person.seq += 1
        person.sent[person.seq] = frame
        person.seat.submit(from_frame({"type": "say", "room": ROOM, "seq": person.seq, **frame}))

    def some_id(self) -> int:
        newest = max(self.watcher.copy.last, 1)
        return self.random.choice([self.random.randint(1, newest + 1), self.random.randint(max(newest - 8, 1), newest)])

    def some_own(self, person: Person) -> int:
        rows = self.watcher.copy.rows.items()
        own = [id for id, row in rows if row.sender == person.name and not row.deleted and row.about is None]
        return self.random.choice(own) if own else self.some_id()

    def speak(self) -> None:
        person, kind = (
            self.random.choice(self.people),
            self.random.choice(["", "", "reply", "edit", "edit", "edit", "delete", "react", "react"]),
        )
        text = f"{kind or 'text'} {self.random.randint(0, 99)}"
        if kind == "react":
            text = self.random.choice(["+1", "\u2764", "\U0001f389", ""])
        self.did.append(f"{person.name} {kind}")
        id = self.some_own(person) if kind in ("edit", "delete") and self.random.random() < 0.7 else self.some_id()
        self.say(person, {"text": text, **({kind: id} if kind else {})})

    def delete_as_moderator(self) -> None:
        self.boss.submit(Delete(ROOM, self.some_id()))

    def change_the_room(self) -> None:
        """By a moderator, wherever they are; or by the owner of the server."""
        topic = self.random.choice(["", "tea", "cups", "tea * ann waves"])
        seat = self.random.choice([self.people[0].seat, self.boss])
        self.did.append(f"the topic {topic!r}")
        seat.submit(SetRoom(ROOM, topic))

    def come_back(self) -> None:
        """With what one has, at any server; or as if one had nothing."""
        person = self.random.choice(self.people)
        self.did.append(f"{person.name} comes back")
        person.seat.settle()
        person.hear()
        person.seat.ask(Disconnected())
        person.hear()
        if self.random.random() < 0.3:
            person.copy = Copy()
        bench = self.random.choice(self.benches)
        person.enter(bench, {ROOM: person.copy.last or None})

    def look_back(self) -> None:
        """An older page, behind which live messages go on."""
        person = self.random.choice(self.people)
        person.seat.settle()
        person.hear()
        if not person.copy.rows:
            return
        request = History(ROOM, min(person.copy.rows), self.random.randint(1, 9))
        for page in pages.older(person.seat.bench.store, NATIVE, request, 0):
            person.hear()
            person.copy.take([json.loads(line) for line in page.splitlines()], ROOM)

    def step(self) -> None:
        rare = [self.come_back, self.look_back, self.delete_as_moderator]
        do = self.random.choice([self.speak] * 16 + [self.change_the_room] * 2 + rare)
        do()
        if self.random.random() < 0.4:
            self.settle()

    # --- comparing ---

    def has_all_sorts(self) -> bool:
        """Whether enough was told that is not only said."""
        self.settle()
        rows = [row for _, row in self.said()]
        kinds = {row.about[0] for row in rows if row.about is not None}
        return len(kinds) >= KINDS and sum(row.change is not None for row in rows) >= CHANGES

    def settle(self) -> None:
        """Everybody has heard everything."""
        for person in (*self.people, self.watcher):
            person.seat.settle()
        self.boss.settle()
        self.boss.heard()
        last = max(bench.store.last(ROOM) for bench in self.benches)  # a server may not know of the newest yet
        for person in (*self.people, self.watcher):

            def has_all(person: Person = person, last: int = last) -> bool:
                person.hear()
                return person.copy.last >= last

            assert wait_until(has_all), (person.name, person.copy.last, last)

    def said(self) -> list[tuple[int, Row]]:
        """What each entry said when it was told, with the texts that people had sent."""
        told = {frame["id"]: frame for frame in of_type(self.watcher.seat.ever, "message")}
        sent = {person.name: person.sent for person in self.people}
        assert sorted(told) == list(range(1, len(told) + 1)), "a number is missing, or came twice"
        return [(id, self._as_sent(frame, sent)) for id, frame in told.items()]

    def _as_sent(self, frame: Frame, sent: dict[str, dict[int, Frame]]) -> Row:
        row = row_of(frame)
        row.edited, row.deleted, row.reactions = None, False, {}
        wanted = sent.get(frame["from"], {}).get(frame["seq"])
        if wanted is None:
            return row  # by the owner of the server
        assert about_of(wanted) == row.about, (wanted, frame)
        row.text = wanted["text"]
        if row.about is not None and row.about[0] == "delete":
            row.text = f"/me deleted message #{row.about[1]}"
        if row.about is not None and row.about[0] == "react" and not row.text:
            row.text = TAKEN_BACK.format(row.about[1])
        return row

    def compare(self) -> None:
        """What everybody has, and what the log has, is what was said."""
        self.settle()
        self._compare_settings(set_by(self.said()))
        expected = {id: row.shown() for id, row in folded(self.said()).items()}
        for bench in self.benches:
            frames = [json.loads(line) for line in self._all_of(bench)]
            fresh = Copy()
            fresh.take(frames, ROOM)
            assert (odd := _odd(shown(fresh), expected)) == {}, f"the log: {odd}"
        for person in (*self.people, self.watcher):
            odd = _odd(messages(shown(person.copy)), messages(expected, person.copy.rows))
            assert odd == {}, f"{person.name}: {odd}"

    def _compare_settings(self, expected: Frame) -> None:
        """How the room is, at each server and for everybody, is what its entries tell."""
        for bench in self.benches:
            rules = bench.hub.rules

            def holds(rules: Rulebook = rules) -> bool:
                return settings_of(ROOM, rules) == expected

            assert wait_until(holds), ("the rules", settings_of(ROOM, rules), expected)
        for person in (*self.people, self.watcher):

            def knows(person: Person = person) -> bool:
                person.seat.settle()
                person.hear()
                return person.copy.settings == expected

            assert wait_until(knows, PATIENCE), (person.name, person.copy.settings, expected)

    @staticmethod
    def _all_of(bench: Bench) -> list[bytes]:
        request = History(ROOM, None, 10_000)
        return [line for page in pages.older(bench.store, NATIVE, request, 0) for line in page.splitlines()]


def _odd(found: dict[int, tuple[Any, ...]], expected: dict[int, tuple[Any, ...]]) -> dict[int, tuple[Any, Any]]:
    """What differs, by number: what there is, and what was to be there."""
    pairs = {id: (found.get(id), expected.get(id)) for id in found.keys() | expected.keys()}
    return {id: (one, other) for id, (one, other) in pairs.items() if one != other}


def shown(copy: Copy) -> dict[int, tuple[Any, ...]]:
    return {id: row.shown() for id, row in sorted(copy.rows.items())}


def messages(rows: dict[int, tuple[Any, ...]], among: dict[int, Row] | None = None) -> dict[int, tuple[Any, ...]]:
    """Those that are shown as such, as far as somebody has them. Entries keep the text that was told."""
    return {
        id: row
        for id, row in rows.items()
        if (row[2] is None or row[2][0] == "reply") and (among is None or id in among)
    }


def run(benches: Sequence[Bench], seed: int, steps: int) -> World:
    """So many steps, and more if by chance too little has come of them."""
    world = World(benches, seed)
    try:
        for number in range(MOST * steps):
            if number >= steps and number % LOOK == 0 and world.has_all_sorts():
                break
            world.step()
        world.compare()
    except AssertionError as error:
        raise AssertionError(f"CHAT_SEED={seed}, after {len(world.did)} steps: {world.did[-6:]}: {error}") from error
    return world
