"""The logs on disk against the reference: the same calls, the same answers, whatever the calls."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from server_parts.storage.finding import Wanted
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.message_log import everything_in
from server_parts.storage.records import KINDS, About, Draft
from server_parts.storage.search_query import DAY, parse
from server_parts.storage.sqlite.log import SqliteLog
from server_parts.storage.store import Store
from tests.postgres import needs_postgres
from tests.server.storage.owners import owner_of

from .postgres_logs import postgres_log

ROOMS = ["lobby", "den", "@alice+bob", "@bob+carol"]
NAMES = ["alice", "Bob", "carol"]
SESSIONS = ["session-0000000001", "session-0000000002", "session-0000000003"]
WORDS = ["whale", "Wal", "é", "e", "世界", "界", "🎉", "a-b", "'", '"']
NOW = time.time()

rooms, names, sessions = st.sampled_from(ROOMS), st.sampled_from(NAMES), st.sampled_from(SESSIONS)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
days_ago = st.sampled_from([0.5, 1.5, 3.5, 7.5])
rows = st.lists(texts, min_size=1, max_size=3)
says = st.lists(st.tuples(rooms, days_ago, names, rows, sessions, st.booleans()), max_size=8)
ids = st.integers(-2, 40)
queries = st.lists(
    st.sampled_from([*WORDS, "whal", '"wh"', "w*", '"whale e"', "from:bob", "from:alice", "in:den", "in:@alice+bob"]),
    max_size=3,
).map(" ".join)
owners = st.dictionaries(sessions, st.sampled_from(["alice", "alice anna", "f" * 64]), max_size=2)
claims = st.dictionaries(names, st.sampled_from(["hash-1", "hash-2"]), max_size=1)
floors = st.dictionaries(rooms, st.integers(0, 12), max_size=3)


class Logs(RuleBasedStateMachine):
    """Does everything twice and compares."""

    @initialize(full_text=st.booleans())
    def open(self, full_text: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="chat-model-"))
        self.full_text = full_text
        self.seqs = dict.fromkeys(SESSIONS, 0)
        self.model: Store = MemoryLog()
        self.real: Store = self.log()

    def log(self) -> Store:
        """The log under test, made or opened again."""
        return SqliteLog(self.folder / "data", full_text=self.full_text)

    @rule(said=says, owners=owners, claims=claims)
    def append(
        self,
        said: list[tuple[str, float, str, list[str], str, bool]],
        owners: dict[str, str],
        claims: dict[str, str],
    ) -> None:
        drafts, accepted = [], {}
        for room, days, name, row, session, refused in said:
            seq = self.seqs[session] + 1
            self.seqs[session] = accepted[session] = seq + len(row) - 1
            if not refused:
                drafts.append(Draft(room, NOW - days * DAY, name, "blue", row, session, seq))
        more = owners, claims
        assert self.real.append(drafts, accepted, *more) == self.model.append(drafts, accepted, *more)

    @rule(name=names, token=st.sampled_from(["hash-1", "hash-2"]))
    def claim(self, name: str, token: str) -> None:
        self.real.claim(name, token)
        self.model.claim(name, token)

    @rule(said=st.lists(st.tuples(rooms, names, sessions, st.sampled_from(KINDS), ids, texts), min_size=1, max_size=5))
    def speak_of(self, said: list[tuple[str, str, str, str, int, str]]) -> None:
        drafts, accepted = [], {}
        for room, name, session, kind, id, text in said:
            self.seqs[session] = accepted[session] = self.seqs[session] + 1
            drafts.append(Draft(room, NOW, name, "blue", [text], session, self.seqs[session], About(kind, id)))
        assert self.real.append(drafts, accepted) == self.model.append(drafts, accepted)

    @rule(keep=st.integers(0, 15) | st.none(), days=st.sampled_from([1, 3, 5]) | st.none())
    def trim(self, keep: int | None, days: float | None) -> None:
        for log in (self.real, self.model):
            while log.trim(days, keep):
                pass

    @rule()
    def reopen(self) -> None:
        epoch = self.real.epoch
        self.real.close()
        self.real = self.log()
        assert self.real.epoch == epoch

    @rule(room=rooms, id=ids, limit=st.integers(0, 9))
    def read(self, room: str, id: int, limit: int) -> None:
        assert self.real.after(room, id, limit) == self.model.after(room, id, limit)
        assert list(everything_in(room, self.real)) == list(everything_in(room, self.model))

    @rule(text=queries, floors=floors, limit=st.integers(0, 20), room=rooms | st.none())
    def search(self, text: str, floors: dict[str, int], limit: int, room: str | None) -> None:
        assert self.real.search(text, floors, limit, room) == self.model.search(text, floors, limit, room)

    @rule(text=queries, floors=floors, hidden=st.sets(rooms, max_size=2), room=rooms | st.none())
    def search_without(self, text: str, floors: dict[str, int], hidden: set[str], room: str | None) -> None:
        wanted = Wanted(parse(text), floors, 20, room, ("den", 2), 20, hidden=hidden)
        assert self.real.find(wanted) == self.model.find(wanted)

    @rule(session=sessions, seq=st.integers(0, 60))
    def receipt(self, session: str, seq: int) -> None:
        assert self.real.receipt(session, seq) == self.model.receipt(session, seq)

    @precondition(lambda self: hasattr(self, "real"))
    @invariant()
    def agree(self) -> None:
        assert self.real.rooms() == self.model.rooms()
        assert [self.real.first(room) for room in ROOMS] == [self.model.first(room) for room in ROOMS]
        assert [self.real.accepted(session) for session in SESSIONS] == list(self.seqs.values())
        assert [self.real.session(session) for session in SESSIONS] == list(map(self.model.session, SESSIONS))
        for name in NAMES:
            assert owner_of(self.real, name) == owner_of(self.model, name)
            assert self.real.private_rooms(name) == self.model.private_rooms(name)
            assert sorted(self.real.conversations(name)) == sorted(self.model.conversations(name))

    def teardown(self) -> None:
        if hasattr(self, "real"):
            self.real.close()
            shutil.rmtree(self.folder)


class PostgresLogs(Logs):
    """The same with a database."""

    def log(self) -> Store:
        return postgres_log(self.folder)


class ManyLogs(Logs):
    """The same for longer."""


class ManyPostgresLogs(PostgresLogs):
    """The same for longer."""


TestLogs = Logs.TestCase
TestLogs.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestPostgresLogs = needs_postgres(PostgresLogs.TestCase)
TestPostgresLogs.settings = settings(TestLogs.settings, max_examples=4)
TestManyLogs = pytest.mark.thorough(pytest.mark.timeout(120)(ManyLogs.TestCase))
TestManyLogs.settings = settings(TestLogs.settings, max_examples=100)
TestManyPostgresLogs = pytest.mark.thorough(pytest.mark.timeout(120)(needs_postgres(ManyPostgresLogs.TestCase)))
TestManyPostgresLogs.settings = settings(TestLogs.settings, max_examples=16)
