"""The search language by itself: what is typed becomes a query, and any text is one."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client_parts.screen.view import as_sentence
from server_parts.storage import search_query
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.search_query import DAY, MAX_QUERY, Phrase, Query, parse, query_problem, words_of
from server_parts.storage.sqlite.log import SqliteLog

from .drafts import append, draft

FLOORS = {"@alice+bob": 1}
# What means something to SQLite, to FTS5, to this language, or to a careless regular expression.
HOSTILE = [
    *(
        '"',
        '""',
        '"""',
        "'",
        "''",
        "*",
        "**",
        "(",
        ")",
        "NEAR(",
        "NEAR(a b, 5)",
        "AND",
        "OR",
        "NOT",
        "a AND",
        "^a",
        "+",
        "-",
    ),
    *(
        "text:a",
        "tags:public",
        "{text tags}: a",
        "words MATCH a",
        '" OR tags : "r2',
        "%",
        "_",
        "\\",
        ";",
        "--",
        "/*",
        "?1",
    ),
    *("a* b* *c", ":low", "from:", "in:", "from:*", 'from:"alice"', "since:", "since:0000-00-00", "until:9999-12-31"),
    *(
        "since:2026-W01-1",
        "until:20261101",
        "since:-1",
        "ſ",
        "İ",
        "ß",
        "ﬁ",
        "\0",
        "a\0b",
        "\ud800",
        "\U000e0001",
        "\u202e",
        "🏳️‍🌈",
    ),
    *("é" * 500, "天" * 900, "a " * 5000, "x" * 70_000, '"' * 999, "한국어", "が", "ａｂｃ", "①", "\ufdfa", "\n\r\t"),
]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Blue  whale", Query((Phrase(("blue",), True), Phrase(("whale",), True)))),
        ('"Blue whale" wha*', Query((Phrase(("blue", "whale")), Phrase(("wha",), True)))),
        ('"Blue" "!" wha', Query((Phrase(("blue",)), Phrase(("wha",), True)))),
        ('"blue wha"*', Query((Phrase(("blue", "wha"), True),))),
        ("don't", Query((Phrase(("don", "t"), True),))),
        ('say"hello', Query((Phrase(("say",), True), Phrase(("hello",), True)))),
        ("世界", Query((Phrase(("世", "界")),))),
        ("世界w* 🎉*", Query((Phrase(("世", "界", "w"), True), Phrase(("🎉",))))),
        ("from:Alice in:Den", Query(senders=frozenset({"alice"}), rooms=frozenset({"den"}))),
        ("since:1970-01-02 until:1970-01-03", Query(since=DAY, until=3 * DAY)),
        ("since:1970-02-30", Query((Phrase(("since", "1970", "02", "30"), True),))),
        ("until:9999-12-31", Query(until=253_402_300_800.0)),
        ("http://x.y", Query((Phrase(("http", "x", "y"), True),))),
        ("?! *", Query()),
    ],
)
def test_parsing(text: str, query: Query) -> None:
    """Words, phrases, prefixes and filters come out as they are meant; all else is words."""
    assert parse(text) == query
    assert bool(query) is (text != "?! *")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("since:garbage", "since:2026-11-01"),
        ("whale since:2026-13-45", "since:2026-11-01"),
        ("Until:", "since:2026-11-01"),
        ("from:", "from:alice"),
        ("from: alice", "from:alice"),
        ('from:"alice"', "from:alice"),
        ("from:@alice", "from:alice"),
        ("whale IN:", "in:lobby"),
        ("a " * 300, "600 > 400"),
    ],
)
def test_a_filter_that_finds_nothing_is_explained(text: str, advice: str) -> None:
    """One sentence that shows the form that was meant."""
    problem = query_problem(text)
    assert problem is not None
    assert advice in problem
    assert problem.isprintable()


def test_a_filter_is_quoted_as_it_was_typed() -> None:
    """The sentence does not begin with it, so nobody makes its first letter a capital one."""
    problem = query_problem("whale since:garbage")
    assert problem is not None
    assert as_sentence(problem).startswith("The filter since:garbage finds nothing: ")


@pytest.mark.parametrize(
    "text",
    ["http://x.y", "note:this", "since", "from", ":since", '"since:garbage"', "since:2026-11-01 until:2026-11-30",
     "from:Bob.2 in:#den in:@bob in:@a+b", "", "x" * MAX_QUERY],
)  # fmt: skip
def test_all_else_is_a_search(text: str) -> None:
    """Right filters, and words with a colon that are no filter."""
    assert query_problem(text) is None


def test_what_is_too_long_is_cut() -> None:
    """A query has a bound, whatever is typed."""
    assert len(parse("a " * MAX_QUERY).phrases) == MAX_QUERY // 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's 5 o'clock_now", ["it", "s", "5", "o", "clock", "now"]),
        ("Ångström ﬁne STRASSE straße", ["angstrom", "fine", "strasse", "strasse"]),
        ("한국어 검색", ["한국어", "검색"]),
        ("日本語のtext", ["日", "本", "語", "の", "text"]),
        ("हिन्दी", ["हिन्दी"]),
        ("ok❤️🎉", ["ok", "❤", "🎉"]),
        ("ka\u200bte\u0301go", ["katego"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    """Texts are cut into words without case and accents; unspaced scripts and emoji into single characters."""
    assert words_of(text) == words


def test_what_is_remembered_of_characters_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing depends on it: the words of a text are the same before, with a few, and with all of them."""
    text = "".join(map(chr, range(0x2B00))) + "日本語のtext ok❤️🎉हिन्दी"
    words = words_of(text)
    assert words_of(text) == words
    monkeypatch.setattr(search_query, "MOST_KNOWN", 3)
    monkeypatch.setattr(search_query, "_SPACED", known := search_query._Spaced())
    assert words_of(text) == words
    assert len(known) == 3


@given(st.text() | st.sampled_from(HOSTILE))
def test_a_word_has_no_separators(text: str) -> None:
    """No word of any text holds what the tokenizer of the index would cut at, or ASCII upper case."""
    for word in words_of(text):
        assert all(c.isalnum() and c == c.lower() for c in word if c.isascii())
        assert word


@given(st.text() | st.lists(st.sampled_from(HOSTILE)).map(" ".join))
def test_parsing_is_total(text: str) -> None:
    """Any text parses, and its query can be asked of any message."""
    query = parse(text)
    assert query.matches("alice", math.pi, text) in (True, False)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> object:
    """The same messages, hostile ones among them, in every kind of log."""
    folder: Path = tmp_path_factory.mktemp("query")
    logs = [MemoryLog(), SqliteLog(folder / "a"), SqliteLog(folder / "b", full_text=False)]
    said = [text for text in HOSTILE if "\ud800" not in text and "\0" not in text]
    for log in logs:
        for i, text in enumerate(said):
            append(
                log, draft(text, "lobby" if i % 3 else "@alice+bob", "alice" if i % 2 else "Bob", i * DAY / 7, seq=i)
            )
    yield logs
    for log in logs:
        log.close()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=8), max_size=4).map(" ".join))
def test_hostile_queries_find_the_same_everywhere(logs: list[MemoryLog], text: str) -> None:
    """No query raises, and index, scan and reference agree on what every one of them finds."""
    reference, *others = logs
    expected = reference.search(text, FLOORS, 99)
    for log in others:
        assert log.search(text, FLOORS, 99) == expected
    assert all(message.room == "lobby" or message.id > 1 for message in expected)


@pytest.mark.parametrize(("text", "number"), [("e* " * 130, "130 now"), ("a " * 9, "9 now"), ('"a b"* ' * 9, "9 now")])
def test_a_search_has_a_bounded_number_of_words(text: str, number: str) -> None:
    """The sentence says what is allowed and what was asked for."""
    problem = query_problem(text) or ""
    assert "at most 8" in problem
    assert number in problem


def test_as_many_words_as_allowed_are_a_search() -> None:
    """Eight words and phrases are taken."""
    assert query_problem("a* b* c* d* e f g " + '"h i"') is None
