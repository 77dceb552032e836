"""What each hearer is told of comings, goings and new names, from wherever in them it begins."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server_parts.people.presence import Change, Kind, News, Tidings


def told(news: News, position: int = 0, hearer: str | None = None) -> list[dict[str, Any]]:
    """What a member at that position is told of the lobby."""
    frames = news.so_far("lobby").since(position, hearer)
    assert all((frame.pop("type"), frame.pop("room")) == ("presence", "lobby") for frame in frames)
    return frames


def test_nothing_to_tell() -> None:
    """Nobody moved."""
    assert not News()
    assert told(News()) == []


def test_several_that_came_are_one_frame() -> None:
    """In the order they came, and told once."""
    news = News()
    news.enter("alice")
    news.enter("bob")
    assert news
    assert told(news) == [{"joined": ["alice", "bob"]}]
    news.forget(2)
    assert not news
    assert told(news, 2) == []


def test_coming_and_going_are_one_frame() -> None:
    """Of different people."""
    news = News()
    news.enter("alice")
    news.left("bob")
    assert told(news) == [{"joined": ["alice"], "left": ["bob"]}]


def test_who_is_back_before_a_hearer_was_told_has_not_left() -> None:
    """And who leaves again has not come."""
    news = News()
    news.left("alice")
    news.enter("alice")
    news.enter("bob")
    news.left("bob")
    assert told(news) == []


def test_who_came_between_two_changes_is_told_of_the_second_alone() -> None:
    """Alice left before she came in, and is back: she must hear that; and of whom she saw leave."""
    news = News()
    news.left("alice")
    between = news.end
    news.enter("alice")
    news.enter("bob")
    after_bob = news.end
    news.left("bob")
    assert told(news) == []
    assert told(news, between) == [{"joined": ["alice"]}]
    assert told(news, after_bob) == [{"left": ["bob"]}]


def test_nobody_is_told_of_a_leaving_that_came_before_them() -> None:
    """What was over before one's position is not told."""
    news = News()
    news.left("alice")
    assert told(news, news.end) == []


def test_a_crowd_is_told_the_same() -> None:
    """That somebody joined who was there already does no harm: so a thousand newcomers cost one frame."""
    news = News()
    news.left("alice")
    assert {news.enter(f"n{number}") for number in range(1_000)} == {1}


def test_who_comes_while_all_are_told_is_beyond_that() -> None:
    """It is told from its own coming on, since nobody will come back to it with the rest."""
    news = News()
    news.enter("alice")
    end = news.for_all("lobby").end
    position = news.enter("bob")
    news.forget(end)
    assert position == end
    assert told(news, position) == [{"joined": ["bob"]}]


def test_new_names_are_told_in_their_order() -> None:
    """Several of one person are one; where somebody else bore the last one in between, none is left out."""
    news = News()
    news.renamed("a", "b")
    news.renamed("b", "c")
    assert told(news) == [{"renamed": [["a", "c"]]}]
    news.renamed("x", "b")
    news.renamed("c", "x")
    news.renamed("x", "a")
    assert told(news) == [{"renamed": [["a", "c"], ["x", "b"], ["c", "a"]]}]


def test_a_new_name_of_somebody_unknown_is_no_new_name() -> None:
    """Who has not been told of alice is told that anna came."""
    news = News()
    news.enter("alice")
    known = news.end
    news.renamed("alice", "anna")
    assert told(news) == [{"joined": ["anna"]}]
    assert told(news, known) == [{"renamed": [["alice", "anna"]]}]


def test_ones_own_new_name_is_not_told_again() -> None:
    """Whoever changes names knows that; the others are told."""
    news = News()
    news.enter("alice")
    news.renamed("bob", "ben", "bob himself")
    news.renamed("carol", "carla", "carol herself")
    assert news.so_far("lobby").knows("bob himself")
    assert told(news, hearer="bob himself") == [{"joined": ["alice"]}, {"renamed": [["carol", "carla"]]}]
    assert told(news) == [{"joined": ["alice"]}, {"renamed": [["bob", "ben"], ["carol", "carla"]]}]


def test_who_is_named_is_known_without_case() -> None:
    """Whoever came, left, or has or had another name, until everybody has been told."""
    news = News()
    news.enter("Alice")
    news.left("bob")
    news.renamed("carol", "carla")
    assert all(map(news.is_named, ("alice", "BOB", "carol", "carla")))
    assert not news.is_named("dave")
    news.forget(2)
    assert [news.is_named(name) for name in ("alice", "bob", "carol", "carla")] == [False, False, True, True]


def test_who_is_unknown_is_known_by_name() -> None:
    """Newcomers and new names, until everybody has been told."""
    news = News()
    news.enter("alice")
    news.renamed("bob", "ben")
    news.left("carol")
    assert [news.is_unknown(name) for name in ("alice", "bob", "ben", "carol")] == [True, False, True, False]
    news.forget(1)
    assert [news.is_unknown(name) for name in ("alice", "ben")] == [False, True]


def test_thousands_stay_within_a_line() -> None:
    """A crowd of the longest names is several frames, none too long, nobody forgotten or told twice."""
    news = News()
    names = [f"{number:032}" for number in range(3_500)]
    for name in names:
        news.enter(name)
    for name in names[:600]:
        news.left(name[:-1] + "y")
        news.renamed(name[:-1] + "x", name[:-1] + "z")
    frames = told(news)
    envelope = {"type": "presence", "room": "x" * 64, "members": 10**6}
    assert all(len(json.dumps(frame | envelope)) < 65_536 for frame in frames)
    assert [name for frame in frames for name in frame.get("joined", ())] == names
    assert sum(len(frame.get("left", ())) for frame in frames) == 600
    assert sum(len(frame.get("renamed", ())) for frame in frames) == 600


def test_names_that_go_round_stay_with_their_bearers() -> None:
    """However names are exchanged, a hearer can tell who is who."""
    news = News()
    for old, new in ("ec", "ba", "cb", "ac", "ce"):
        news.renamed(old, new)
    believed = {"e": "Eve", "b": "Ben"}
    _follow(believed, told(news))
    assert believed == {"b": "Eve", "e": "Ben"}


@given(st.lists(st.tuples(st.sampled_from("jlrrrr"), st.sampled_from("abcdef"), st.sampled_from("abcdef"))))
def test_whoever_knows_who_is_who_goes_on_knowing_it(steps: list[tuple[str, str, str]]) -> None:
    """Whatever they are told at once."""
    news = News()
    bearers = {"a": 1, "b": 2, "c": 3}
    believed = dict(bearers)
    people = count(4)
    for step, one, other in steps:
        if step == "r" and one in bearers and (other not in bearers or other == one):
            bearers[other] = bearers.pop(one)
            news.renamed(one, other)
        elif step == "j" and one not in bearers:
            bearers[one] = next(people)
            news.enter(one)
        elif step == "l" and one in bearers:
            del bearers[one]
            news.left(one)
    _follow(believed, told(news))
    assert believed.keys() == bearers.keys()
    # Who left and is back, or came, is somebody new to whoever is told.
    assert all(believed[name] == bearers[name] or bearers[name] > 3 for name in bearers)


def _follow(believed: dict[str, Any], frames: list[dict[str, Any]]) -> None:
    for frame in frames:
        for name in frame.get("left", ()):
            del believed[name]
        for name in frame.get("joined", ()):
            assert name not in believed
            believed[name] = 0
        for old, new in frame.get("renamed", ()):
            bearer = believed.pop(old)
            assert new not in believed
            believed[new] = bearer


# --- against a model of every hearer ---

PEOPLE = "abcde"
STEPS = st.lists(st.tuples(st.sampled_from(["move", "rename", "tell", "tell all"]), st.sampled_from(PEOPLE)))


class Model:
    """A room of people who rename themselves, and what each of them believes about who is there."""

    def __init__(self) -> None:
        self.news = News()
        self.names: dict[str, str] = {}  # who is there, under which name
        self.beliefs: dict[str, set[str]] = {}
        self.positions: dict[str, int] = {}
        self.spare = iter(range(10**9))

    def step(self, action: str, who: str) -> None:
        if action == "move" and who in self.names:
            self.news.left(self.names.pop(who))
            del self.beliefs[who], self.positions[who]
        elif action == "move":
            self.positions[who] = self.news.enter(who)
            self.names[who] = who
            # Who was there before its position, it sees when it asks; of the others it is told.
            self.beliefs[who] = self.members_at(self.positions[who])
        elif action == "rename" and who in self.names:
            new = f"spare{next(self.spare) % 7}" if self.names[who] == who else who
            if new in self.names.values():
                return
            if self.news.is_named(self.names[who]) or self.news.is_named(new):
                self.tell(who)
            self.apply(self.beliefs[who], {"renamed": [(self.names[who], new)]})
            self.news.renamed(self.names[who], new, who)
            self.names[who] = new
        elif action == "tell" and who in self.names:
            self.tell(who)
        elif action == "tell all":
            for hearer in self.names:
                self.tell(hearer)
            self.news.forget(self.news.end)

    def members_at(self, position: int) -> set[str]:
        """Undo what has happened since."""
        members = set(self.names.values())
        for kind, name, new, _ in reversed(self.news._changes[position - self.news._first :]):
            if kind is Kind.JOINED:
                members.remove(name)
            elif kind is Kind.LEFT:
                members.add(name)
            else:
                members = members - {new} | {name}
        return members

    def tell(self, who: str) -> None:
        for frame in told(self.news, self.positions[who], who):
            self.apply(self.beliefs[who], frame)
        self.positions[who] = self.news.end
        assert self.beliefs[who] == set(self.names.values()), "nobody is missing, and nobody is a ghost"

    def apply(self, belief: set[str], frame: dict[str, Any]) -> None:
        left = set(frame.get("left", ()))
        assert left <= belief, "nobody is told that somebody left whom they did not know"
        belief -= left
        belief |= set(frame.get("joined", ()))
        for old, new in frame.get("renamed", ()):
            assert old in belief, "nobody is told of a new name of somebody whom they did not know"
            belief.remove(old)
            belief.add(new)


@given(STEPS)
@settings(max_examples=500)
def test_each_hearer_knows_who_is_there(steps: list[tuple[str, str]]) -> None:
    """Whoever applies what it is told has the same members as the room, however moves and tellings mix."""
    model = Model()
    for action, who in steps:
        model.step(action, who)
    for hearer in model.names:
        model.tell(hearer)


def test_the_model_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Telling everybody the same, wherever they begin, is found."""
    whole = Tidings.since
    monkeypatch.setattr(Tidings, "since", lambda tidings, position, hearer: whole(tidings, tidings._first, hearer))
    model = Model()
    for step in [("move", "a"), ("move", "b"), ("tell all", "a"), ("move", "a"), ("move", "c")]:
        model.step(*step)
    with pytest.raises(AssertionError):
        model.tell("c")


def test_a_change_is_what_it_says() -> None:
    """A record with names."""
    assert Change(Kind.LEFT, "alice") == (Kind.LEFT, "alice", "", None)
