"""What holds, as acts are added, as time goes by, and after a restart."""

from __future__ import annotations

from typing import Any

import pytest

from server_parts.moderation import acts, sanctions
from server_parts.moderation.act_log import ActLog
from server_parts.moderation.acts import Act, Kept
from server_parts.moderation.ranks import Rank
from server_parts.moderation.rulebook import ALARM, INVITE_ONLY, OPEN, Rulebook
from server_parts.moderation.sanctions import Rule, Who
from server_parts.storage.memory_log import MemoryLog
from server_parts.storage.records import ACTS

START = 1_790_000_000.0
BOB = Who(("bob",), account=True)
GUEST = Who(("guest-1", "session s"), "192.0.2.1")


class Court:
    """A rulebook with a clock and a log, into which acts go as the hub would have them."""

    def __init__(self) -> None:
        self.now = START
        self.log = MemoryLog()
        self.rules = Rulebook(lambda: self.now)

    def act(self, do: str, by: str = "alice", **fields: Any) -> None:
        ((run),) = self.log.append([acts.draft_of(by, Act(do, **fields), self.now)], {})
        for message in run.messages():
            kept = acts.read(message)
            assert kept is not None
            self.rules.apply(kept)

    def restart(self) -> None:
        self.rules = Rulebook(lambda: self.now)
        ActLog(self.log, self.rules)

    def is_banned(self, who: Who, room: str = "") -> bool:
        return self.rules.sanctions.ban(who, room, self.now) is not None

    def is_muted(self, who: Who, room: str = "") -> bool:
        return self.rules.sanctions.mute(who, room, self.now) is not None


@pytest.fixture
def court() -> Court:
    return Court()


def test_a_ban_holds_until_its_end(court: Court) -> None:
    """To the second, also after a restart; and one without an end until it is lifted."""
    court.act(acts.BAN, name="Bob", keys=("bob",), until=START + 60)
    court.act(acts.BAN, name="Eve", keys=("eve",))
    for now, held in ((START, True), (START + 59.9, True), (START + 60, False)):
        court.now = now
        for _ in range(2):
            assert court.is_banned(BOB) is held
            assert court.is_banned(Who(("eve",)))
            court.restart()
    court.act(acts.UNBAN, name="EVE")
    assert not court.is_banned(Who(("eve",)))
    court.restart()
    assert not court.is_banned(Who(("eve",)))
    assert list(court.rules.sanctions) == []


def test_a_room_has_its_own_bans_and_mutes(court: Court) -> None:
    """A mute of the server holds in each room, and a ban of a room only there."""
    court.act(acts.BAN, name="bob", room="tea", keys=("bob",))
    court.act(acts.MUTE, name="bob", room="den", keys=("bob",))
    assert [court.is_banned(BOB, room) for room in ("", "tea", "den")] == [False, True, False]
    assert [court.is_muted(BOB, room) for room in ("", "tea", "den")] == [False, False, True]
    court.act(acts.MUTE, name="bob", keys=("bob",))
    assert [court.is_muted(BOB, room) for room in ("", "tea", "den")] == [True, True, True]
    court.act(acts.UNMUTE, name="bob")
    assert [court.is_muted(BOB, room) for room in ("", "tea", "den")] == [False, False, True]


def test_a_new_rule_takes_the_place_of_the_old_one(court: Court) -> None:
    """Also where it is shorter; and the end of the old one ends nothing."""
    court.act(acts.BAN, name="bob", keys=("bob",), until=START + 10)
    court.act(acts.BAN, name="Bob", keys=("bob",), until=START + 100)
    assert len(court.rules.sanctions) == 1
    court.now += 50
    court.act(acts.MUTE, name="eve", keys=("eve",))  # looks for what has ended
    assert court.is_banned(BOB)
    court.act(acts.BAN, name="bob", keys=("bob",), until=court.now + 1)
    court.now += 2
    assert not court.is_banned(BOB)


def test_rules_that_have_ended_are_let_go_of(court: Court) -> None:
    """Nothing of them stays in memory."""
    for number in range(50):
        court.act(acts.BAN, name=f"n{number}", keys=(f"n{number}",), sources=("192.0.2.9",), until=START + number)
        court.act(acts.MUTE, name=f"n{number}", keys=(f"n{number}",), until=START + number)
    court.act(acts.BAN, address="198.51.100.0/24", until=START + 5)
    court.act(acts.BAN, address="198.51.100.0/25", until=START + 5)
    court.now += 100
    court.rules.sanctions.expire(court.now)
    assert (len(court.rules.sanctions), court.rules.sanctions.bans, court.rules.sanctions.mutes) == (0, {}, {})
    assert not court.is_banned(Who((), "198.51.100.1"))


def test_rooms_leave_the_server_its_own_bans(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may start rooms, and bans there must not use up what operators need."""
    for name, most in {"MOST": 2, "MOST_IN_ROOM": 3, "MOST_IN_ROOMS": 5}.items():
        monkeypatch.setattr(sanctions, name, most)

    def fill(room: str, number: int) -> None:
        for one in range(number):
            court.act(acts.MUTE, name=f"n{one}", room=room, until=START + 10)

    def has_room_for(*rooms: str) -> list[bool]:
        return [court.rules.sanctions.has_room_for(room) for room in rooms]

    fill("tea", 3)
    fill("tea", 3)  # the same once more are no more
    assert has_room_for("", "tea", "pub") == [True, False, True]
    fill("pub", 2)
    assert has_room_for("", "pub") == [True, False]
    fill("", 2)
    assert has_room_for("") == [False]
    court.now += 100
    court.rules.sanctions.expire(court.now)
    assert has_room_for("", "tea", "pub") == [True, True, True]


def test_the_address_of_a_name_counts_for_guests_and_for_a_while(court: Court) -> None:
    """Who has an account may live at the same address."""
    court.act(acts.BAN, name="bob", keys=("bob",), sources=("192.0.2.1",), soft=START + 3600)
    assert court.is_banned(GUEST)
    assert not court.is_banned(Who(("ann",), "192.0.2.1", account=True))
    assert not court.is_banned(Who(("ann",), "192.0.2.2"))
    court.now += 3600
    assert not court.is_banned(GUEST)
    assert court.is_banned(BOB)


@pytest.mark.parametrize(
    ("address", "source", "hit"),
    [
        ("192.0.2.7/32", "192.0.2.7", True),
        ("192.0.2.0/24", "192.0.2.200", True),
        ("192.0.2.0/24", "192.0.3.1", False),
        ("2001:db8::/32", "2001:db8:1::/64", True),
        ("2001:db8::5/128", "2001:db8::/64", True),
        ("2001:db8::/48", "2001:db8:1::/64", False),
        ("::/0", "192.0.2.1", False),
        ("192.0.2.0/24", "", False),
    ],
)
def test_networks_hit_everybody_in_them(court: Court, address: str, source: str, hit: bool) -> None:
    """With an account or without; this machine's own addresses are never hit."""
    court.act(acts.BAN, address=address)
    assert [court.is_banned(Who(("x",), source, account)) for account in (True, False)] == [hit, hit]
    court.act(acts.UNBAN, address=address)
    assert not court.is_banned(Who(("x",), source))


def test_who_enters_an_invite_only_room(court: Court) -> None:
    """Those who were there, those with a role, those who are invited; and the set is a new one each time."""
    court.act(acts.ROLE, name="Ann", room="tea", value="moderator")
    assert court.rules.closed == {}
    court.act(acts.ROOM, room="tea", value=INVITE_ONLY, keys=("bob", "session s"))
    before = court.rules.closed
    assert before == {"tea": {"ann", "bob", "session s"}}
    court.act(acts.INVITE, name="cid", room="tea", keys=("cid",))
    court.act(acts.ROLE, name="dan", room="tea", value="voice")
    assert before == {"tea": {"ann", "bob", "session s"}}
    assert court.rules.closed == {"tea": {"ann", "bob", "session s", "cid", "dan"}}
    court.act(acts.KICK, name="bob", room="tea", keys=("bob",))
    court.act(acts.BAN, name="dan", room="tea", keys=("dan",))
    court.act(acts.ROLE, name="ann", room="tea", value="member")
    assert court.rules.closed == {"tea": {"session s", "cid"}}
    court.restart()
    assert court.rules.closed == {"tea": {"session s", "cid"}}
    court.act(acts.ROOM, room="tea", value=INVITE_ONLY, keys=("eve",))
    assert court.rules.closed == {"tea": {"session s", "cid", "eve"}}
    court.act(acts.ROOM, room="tea", value=OPEN)
    assert court.rules.closed == {}
    court.act(acts.ROOM, room="tea", value=INVITE_ONLY)
    assert court.rules.closed == {"tea": frozenset()}
    court.act(acts.FOUND, by="fay", name="fay", room="tea")
    assert court.rules.closed == {"tea": {"fay"}}
    court.act(acts.INVITE, name="gil", room="tea", keys=("gil",))
    for name in ("Fay", "gil", "nobody"):
        court.act(acts.FORGET, name=name)
    assert court.rules.closed == {"tea": frozenset()}


def test_settings_are_set_one_by_one(court: Court) -> None:
    """What an act does not name stays as it is; a mode that nobody knows is none."""
    court.act(acts.ROOM, room="tea", text="Cups", number=5)
    court.act(acts.ROOM, room="tea", value="moderated")
    court.act(acts.ROOM, room="tea", value="upside-down", text="")
    rules = court.rules.about("tea")
    assert (rules.topic, rules.mode, rules.slow) == ("", "moderated", 5)
    assert (court.rules.about("den").mode, court.rules.about("den").roles) == (OPEN, {})


def test_roles_belong_to_accounts(court: Court) -> None:
    """The first to speak owns the room; an account that is gone leaves nothing to the next one of its name."""
    court.act(acts.FOUND, by="Ann", name="Ann", room="tea")
    court.act(acts.ROLE, name="Bob", room="tea", value="moderator")
    court.act(acts.ROLE, name="cid", room="tea", value="king")
    assert court.rules.about("tea").roles == {"ann": Rank.OWNER, "bob": Rank.MODERATOR}
    court.act(acts.BLOCK, by="Bob", name="Eve")
    court.act(acts.FORGET, name="bob")
    assert court.rules.about("tea").roles == {"ann": Rank.OWNER}
    assert court.rules.blocked_by("bob") == {}


def test_blocks_are_each_account_s_own(court: Court) -> None:
    """Names are compared without case and shown as they were spelled."""
    court.act(acts.BLOCK, by="Ann", name="Bob")
    court.act(acts.BLOCK, by="ann", name="cid")
    court.act(acts.UNBLOCK, by="ANN", name="CID")
    assert (court.rules.blocked_by("aNN"), court.rules.blocked_by("bob")) == ({"bob": "Bob"}, {})


def test_a_lockdown_ends_by_itself_or_early(court: Court) -> None:
    """And so does the time in which newcomers are watched after a ban or kick from the server."""
    court.act(acts.LOCKDOWN, until=START + 600)
    assert court.rules.lockdown_until == court.rules.newcomers_until() == START + 600
    court.act(acts.LOCKDOWN)
    assert court.rules.lockdown_until == 0.0
    court.act(acts.KICK, name="bob", room="tea")
    assert court.rules.newcomers_until() == 0.0
    court.act(acts.KICK, name="bob")
    assert court.rules.newcomers_until() == START + ALARM


def test_lists_come_in_pages(court: Court) -> None:
    """The newest first, then what is older than a number; of one room or of all; blocks are private."""
    for number in range(5):
        court.act(acts.REPORT, room="tea" if number % 2 else "den", reason="x")  # 1 to 5
    court.act(acts.BLOCK, name="bob")  # 6
    court.act(acts.NOTE, text="x")  # 7
    page = court.rules.page
    assert page("audit", "", None, 3) == ([4, 5, 7], True)
    assert page("audit", "", 4, 3) == ([1, 2, 3], False)
    assert page("reports", "", None, 9) == ([1, 2, 3, 4, 5], False)
    assert page("reports", "tea", None, 1) == ([4], True)
    assert page("reports", "tea", 4, 9) == ([2], False)
    assert page("reports", "nowhere", None, 9) == ([], False)


def test_what_this_version_does_not_know_changes_nothing(court: Court) -> None:
    """Acts of a later one, and texts that are no act at all, do not keep the server from starting."""
    court.act("exile", name="bob")
    court.act(acts.BAN, address="the whole internet")
    court.log.append([acts.draft_of("x", Act(acts.NOTE), 1.0)._replace(texts=["nonsense", "{}"], room=ACTS)], {})
    court.act(acts.MUTE, name="bob", keys=("bob",))
    court.restart()
    assert court.is_muted(BOB)
    assert court.rules.page("audit", "", None, 9) == ([1, 2, 5], False)


def test_a_rule_knows_what_it_is_about() -> None:
    """Names without case."""
    assert Rule("ban", Kept(1, 0.0, "x", Act(acts.BAN, "Bob", room="tea"))).subject == ("ban", "tea", "bob")
