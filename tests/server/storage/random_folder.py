"""A log with something of everything in it, by chance, and all that anybody can read of a log."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from server_parts.storage import account_records as change
from server_parts.storage.account_records import Code, Purpose
from server_parts.storage.file_records import PIECE, Attachment, FilesWanted
from server_parts.storage.finding import Wanted
from server_parts.storage.message_log import everything_in
from server_parts.storage.records import ACTS, KINDS, About, Draft, hashed
from server_parts.storage.search_query import DAY, parse
from server_parts.storage.store import Entry, Store

from .sent_files import ALICE, contents, sent

ROOMS = ["lobby", "den", "café", ACTS, "@alice+bob", "@bob+carol"]
NAMES = ["alice", "Bob", "carol", "dave"]
TOKENS = [hashed(name) for name in NAMES]
SESSIONS = [hashed(f"session-{number}") for number in range(8)]
CODES = [hashed(f"code-{number}") for number in range(4)]
# What a form of rows with separators and quotes may take for its own.
TEXTS = [
    'a "quoted" word', '""', "a, b", "two\nlines", "\r\n", "\\.", "\\N", "line\n\\.\nline", "back\\slash", "tab\there",
    "NULL", " ", "'", "caf\u00e9", "世界 🎉", "\u202e", "\x1f\x1e", "whale", "common words", "x" * 5_000,
]  # fmt: skip
QUERIES = ["whale", "common", "wor", '"wor"', "from:bob", "in:den a", '"quoted word"', "世界", "café", "line"]
TODAY = int(time.time() // DAY)


def fill(log: Store, seed: int, steps: int = 120) -> None:
    """Do what a server does, in any order."""
    chance = random.Random(seed)
    seqs = dict.fromkeys(SESSIONS, 0)
    for _ in range(steps):
        _write(log, chance, seqs)
    log.note_use(SESSIONS[:2], TODAY - 40)
    log.note_use(SESSIONS[2:], TODAY + 1)
    while log.trim(keep_messages=chance.choice([20, 60, 200])):
        pass
    while log.forget_sessions(TODAY + 1):
        pass
    for _ in range(steps // 4):
        _write(log, chance, {session: seqs[session] for session in SESSIONS[2:]})


def _write(log: Store, chance: random.Random, seqs: dict[str, int]) -> None:
    drafts, accepted = [], {}
    for _ in range(chance.randint(0, 4)):
        session, texts = chance.choice(list(seqs)), chance.choices(TEXTS, k=chance.randint(1, 30))
        drafts.append(_draft(chance, session, seqs[session] + 1, texts))
        seqs[session] = accepted[session] = seqs[session] + len(texts)
    drafts += [_draft(chance, "", 0, ["said by the operator"])] * chance.randint(0, 1)
    for _ in range(chance.randint(0, 3)):
        session = chance.choice(list(seqs))
        seqs[session] = accepted[session] = seqs[session] + 1
        drafts.append(_entry(chance, _draft(chance, session, seqs[session], [chance.choice(TEXTS)])))
    if chance.random() < 0.1:
        drafts.append(_with_file(log, chance))
    owners = {chance.choice(list(seqs)): chance.choice(TOKENS)} if chance.random() < 0.3 else {}
    claims = {name: hashed(name) for name in NAMES if chance.random() < 0.02}
    log.write(Entry(drafts, accepted, owners, claims, _changes(log, chance), {}))
    log.note_read({(chance.randint(1, 6), chance.choice(ROOMS)): chance.randint(1, 200) for _ in range(2)})


def _draft(chance: random.Random, session: str, seq: int, texts: list[str]) -> Draft:
    ts = time.time() - chance.random() * 9 * DAY
    return Draft(chance.choice(ROOMS), ts, chance.choice(NAMES), chance.choice(["blue", "red"]), texts, session, seq)


def _with_file(log: Store, chance: random.Random) -> Draft:
    draft = _draft(chance, "", 0, ["a file"])
    data = chance.choice([b"x", b"GIF89a\x02\0\x03\0", chance.randbytes(PIECE + 9)])
    id = sent(log.files, data, draft.room, ALICE, chance.choice(TEXTS))
    return draft._replace(file=Attachment(id, (ALICE,), bare=chance.random() < 0.5))


def _entry(chance: random.Random, draft: Draft) -> Draft:
    """One that speaks of another message, which may not be there."""
    room = chance.choice([room for room in ROOMS if room != ACTS])
    return draft._replace(room=room, about=About(chance.choice(KINDS), chance.randint(1, 200)))


def _changes(log: Store, chance: random.Random) -> list[change.AccountChange]:
    account = log.account(chance.choice(NAMES))
    if account is None:
        return []
    id, token = account.id, chance.choice(TOKENS)
    code = Code(chance.choice(CODES), chance.choice(list(Purpose)), id, chance.randint(1, 3), time.time() + 1e6)
    return [
        chance.choice(
            [
                change.AddDevice(id, token, 'a "label", with\nlines', time.time() - 0.1),
                change.SetPassword(id, chance.choice([None, "scrypt,1,2"])),
                change.SetRealName(id, chance.choice([None, 'a "name", Ω'])),
                change.SetRole(id, chance.choice(["member", "operator"])),
                change.NoteUse(id, token, "", TODAY - chance.randint(0, 9)),
                change.AddCode(code),
                change.UseCode(code.hash),
                change.Release(id) if chance.random() < 0.2 else change.ForgetDevice(id, 1),
            ]
        )
    ]


def everything(log: Store) -> Iterator[tuple[Any, ...]]:
    """Every answer that a log gives, with what was asked."""
    yield "epoch", log.epoch
    yield "rooms", log.rooms()
    for room in ROOMS:
        yield room, log.first(room), log.last(room), list(everything_in(room, log))
        yield room, [log.after(room, after, 7, 100) for after in range(0, log.last(room), 13)]
        yield room, [log.said(room, id) for id in range(1, log.last(room), 11)]
    for session in (*SESSIONS, hashed("nobody's")):
        yield session, log.session(session), [log.receipt(session, seq) for seq in range(1, 400)]
    yield from _people(log)
    yield from _found(log)
    for said in log.files.listed(FilesWanted(999, floors=dict.fromkeys(ROOMS, 0))).files:
        yield said, log.files.said(said.file.id), contents(log.files, said.file.id)
    yield "of an owner", log.files.totals(ALICE).of_owner


def _people(log: Store) -> Iterator[tuple[Any, ...]]:
    for name in (*NAMES, "nobody"):
        account = log.account(name)
        yield name, account, log.private_rooms(name), sorted(log.conversations(name))
        yield name, [log.count_codes(purpose, account.id if account else 0) for purpose in Purpose]
        yield name, log.lookalikes(name.lower())
        yield name, log.read_positions(account.id if account else 0)
    yield "codes", [log.code(code) for code in CODES]
    yield "unused", [log.unused_accounts(TODAY - days) for days in range(-1, 9)]


def _found(log: Store) -> Iterator[tuple[Any, ...]]:
    for query in QUERIES:
        for floors in ({}, {"@alice+bob": 9}, {"@alice+bob": 0, "@bob+carol": 30}):
            yield query, floors, log.search(query, floors, 30)
        yield query, log.find(Wanted(parse(query), {}, 9, "lobby", ("lobby", log.last("lobby")), 9))
