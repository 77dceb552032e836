"""Where the operator talks, what they read there, and what they do to messages: all in one process."""

from __future__ import annotations

import re

import pytest

from tests.browsers import read_answer, request_head
from tests.conftest import Chat
from tests.peers import Native
from tests.server.operator.seated import Seated


def test_the_operator_talks_in_another_room(chat: Chat, operator: Seated, alice: Native) -> None:
    """The prompt names it; it stays followed when the operator is back in the lobby, and others see who is there."""
    alice.send("join", room="tea")
    alice.until("joined", room="tea")
    alice.tell("first", "tea")
    operator.enter("/join #Tea")
    assert re.search(
        r"#1 \d\d:\d\d #tea \[COLOR \(\w+\)\] alice said -> first\n", operator.see("what you type goes to #tea")
    )
    assert operator.prompt == "#tea> "
    alice.moved("joined", "server")
    operator.enter("hello, tea")
    assert alice.message_from("server")["room"] == "tea"
    operator.enter("/join lobby")
    operator.see("what you type goes to #lobby now")
    assert operator.prompt == "server> "
    alice.tell("still here?", "tea")
    operator.see(r"\d\d:\d\d #tea \[COLOR \(\w+\)\] alice said -> still here\?\n")
    operator.enter("/leave tea")
    operator.see(r"\* server left #tea \*")
    alice.moved("left", "server")
    alice.tell("gone?", "tea")
    assert "gone?" not in operator.answered()


def test_a_new_room_begins_with_its_first_message(operator: Seated, alice: Native) -> None:
    """As with the join of anybody."""
    operator.enter("/join den")
    operator.see(r"\* you are in den \*")
    operator.enter("anybody?")
    operator.enter("/history")
    operator.see("said -> anybody")
    alice.send("join", room="den")
    assert [message["text"] for message in alice.history()] == ["anybody?"]


def test_who_comes_and_goes_is_told_where_the_operator_follows(operator: Seated, alice: Native) -> None:
    """With the time; of the lobby the log tells it."""
    operator.enter("/join tea")
    operator.see("goes to #tea")
    alice.send("join", room="tea")
    assert "server joined" not in operator.see(r"\d\d:\d\d \* alice joined #tea \*\n")
    alice.send("leave", room="tea")
    operator.see(r"\d\d:\d\d \* alice left #tea \*\n")


def test_the_lobby_is_always_followed(operator: Seated) -> None:
    """Its terminal is where the server's people are."""
    operator.enter("/leave")
    operator.see(r"\* error: this terminal always follows the lobby \*")


def fill_tea(alice: Native, *texts: str) -> None:
    """Alice says these in a room where the operator is not."""
    alice.send("join", room="tea")
    alice.until("joined", room="tea")
    for text in texts:
        alice.tell(text, "tea")


def test_history_of_any_public_room(operator: Seated, alice: Native) -> None:
    """Without being there; with numbers and times, and as many as wanted."""
    fill_tea(alice, "tea 1", "tea 2", "tea 3")
    alice.tell("in the lobby")
    operator.enter("/history tea 2")
    seen = operator.see("tea 3\n")
    assert re.findall(r"#(\d) \d\d:\d\d #tea \[COLOR \(\w+\)\] alice said -> tea \d\n", seen) == ["2", "3"]
    assert "tea 1" not in seen
    operator.enter("/history")
    operator.see(r"#1 \d\d:\d\d \[COLOR \(\w+\)\] alice said -> in the lobby\n")
    operator.enter("/history te")
    operator.see(r"\* error: nothing was said in #te yet; did you mean #tea\? \*")


def test_a_room_for_invited_people_can_be_read(operator: Seated, alice: Native) -> None:
    """Like an operator's own client, and unlike anybody else."""
    operator.enter("/mode -r den invite")
    operator.see("server set #den: mode: invite")
    operator.enter("/join den")
    operator.see("goes to #den")
    operator.enter("for invited people")
    operator.enter("/history")
    operator.see("for invited people")
    alice.send("history", room="den")
    assert alice.history() == []


def test_what_is_searched_is_found_page_by_page(operator: Seated, alice: Native) -> None:
    """Newest last, with numbers, and how many are left."""
    for number in range(60):
        alice.tell(f"needle {number}")
    operator.see("needle 59\n")
    operator.enter("/search needle")
    seen = operator.see(r"\* 10 older; /more shows more \*")
    assert seen.count("needle") == 50
    operator.enter("/more")
    assert operator.see("needle 9\n").count("needle") == 10
    operator.enter("/more")
    operator.see(r"\* error: there are no more results \*")
    operator.enter("/search")
    operator.see(r"\* error: usage: /search TEXT \*")
    operator.enter("/search since:when")
    operator.see(r"\* error: the filter since:when finds nothing")


def test_what_was_said_around_a_found_message(operator: Seated, alice: Native) -> None:
    """In the room where it was found, in a room that is named, or where the operator talks."""
    fill_tea(alice, *(f"cup {number}" for number in range(1, 13)))
    alice.tell("no cups here")
    operator.see("no cups")
    operator.enter('/search from:alice in:tea "cup 6"')
    operator.see(r"#6 \d\d:\d\d #tea .* cup 6\n")
    operator.enter("/context 6")
    assert re.findall(r"#(\d+) \d\d:\d\d #tea ", operator.see("cup 10\n")) == [str(number) for number in range(2, 11)]
    operator.enter("/context #12 tea")
    assert re.findall(r" cup (\d+)\n", operator.see("cup 12\n")) == ["8", "9", "10", "11", "12"]
    operator.enter("/context 12")
    operator.see(r"\* error: there is no message #12 in #lobby \*")
    operator.enter("/search cups")
    operator.see("no cups here\n")
    operator.enter("/context 6")
    operator.see(r"\* error: there is no message #6 in #lobby \*")
    operator.enter("/context six")
    operator.see(r"\* error: usage: /context N \[ROOM\] \*")


def test_answers_corrections_and_reactions(operator: Seated, alice: Native) -> None:
    """By number, by name, or the last one; and they are shown."""
    first = alice.tell("tea or coffee?")["id"]
    operator.see("coffee")
    operator.enter("/re tea, please")
    assert (told := alice.message_from("server"))["reply"] == first
    assert told["text"] == "tea, please"
    operator.see(rf"\(to #{first} alice: tea or coffee\?\) \[COLOR \(\w+\)\] server said -> tea, please\n")
    operator.enter("/edit coffee, please")
    assert (told := alice.message_from("server"))["edit"] == first + 1
    operator.see("coffee, please")
    operator.enter("/react :+1:")
    told = alice.message_from("server")
    assert (told["react"], told["text"]) == (first, "👍")
    operator.see(rf"\* server reacted to #{first} .*: 👍 \*")
    operator.enter("/re alice to you")
    assert alice.message_from("server")["reply"] == first
    operator.enter(f"/re [{first}] again")
    assert alice.message_from("server")["reply"] == first
    operator.enter("/re nobody is here")
    told = alice.message_from("server")
    assert told["text"] == "nobody is here"
    operator.see("nobody is here\n")
    operator.enter(f"/history {told['id'] - first + 1}")
    shown = operator.see(rf"#{told['id']} \d\d:\d\d .*nobody is here\n")
    assert (shown.count("(edited)"), shown.count("coffee, please"), shown.count("👍")) == (1, 1, 1)


def test_deleting(operator: Seated, alice: Native) -> None:
    """One's own last message, or anybody's by its number, there where the operator talks or in another room."""
    operator.enter("typo")
    assert alice.message_from("server")["id"] == 1
    operator.enter("/delete")
    assert alice.message_from("server")["delete"] == 1
    operator.see(r"\* server deleted message #1 \*")
    alice.send("join", room="tea")
    alice.until("joined", room="tea")
    bad = alice.tell("bad", "tea")["id"]
    operator.enter(f"/delete -r tea {bad}")
    operator.see(rf"\d\d:\d\d \* server deleted message #{bad} in #tea \*")
    alice.until("message", delete=bad)
    operator.enter("/join tea")
    operator.see("goes to #tea")
    worse = alice.tell("worse", "tea")["id"]
    operator.enter(f"/delete {worse}")
    alice.until("message", delete=worse)
    assert operator.answered().count(f"deleted message #{worse}") == 1


def test_what_was_said_a_moment_ago_is_deleted(operator: Seated, alice: Native) -> None:
    """As when both lines are pasted; the other ones stay."""
    for number in range(1, 100, 2):
        operator.enter("typo")
        operator.enter("/delete")
        assert alice.message_from("server")["id"] == number
        assert alice.message_from("server")["delete"] == number


def test_what_cannot_be_done_to_a_message_is_told(operator: Seated, alice: Native) -> None:
    """In one sentence each, and nothing of it is said."""
    for line, sentence in (
        ("/re", "usage: /re [N|NAME] TEXT"),
        ("/re hello", "there is nothing to answer in #lobby yet; /history shows numbers, and /re N TEXT takes one"),
        ("/react :+1:", "there is nothing to react to in #lobby yet; /react N EMOJI takes the number of a message"),
        ("/edit", "usage: /edit [N] TEXT"),
        ("/edit x", "you have not said anything in lobby lately"),
        ("/delete", "you have not said anything in #lobby lately; /delete N takes a number"),
        ("/delete 99", "there is no message #99 in lobby"),
        ("/react 1 :smil:", "there is no emoji :smil: here; did you mean :smile:?"),
    ):
        operator.enter(line)
        operator.see(re.escape(f"* error: {sentence} *"))
    assert [frame for frame in alice.pending() if frame["type"] == "message"] == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/kik bob", "there is no command /kik; did you mean /kick? (To send it as text: //kik)"),
        ("/\x1b[2J", "there is no command /␛[2J; /help lists the commands. (To send it as text: //␛[2J)"),
        ("/", "a command is a word after the slash; /help lists them."),
        ("/join", "usage: /join ROOM"),
        ("/join two words", "usage: /join ROOM"),
        ("/join b!b", "a room name is made of a-z 0-9 _ . - in lower case"),
        ("/join @bob", "a private conversation is no room: /msg NAME TEXT writes to somebody"),
        ("/leave nowhere", "you are not in nowhere"),
        ("/history tea 501", "usage: /history [ROOM] [N]"),
        ("/history 0", "usage: /history [ROOM] [N]"),
        ("/me", "usage: /me TEXT"),
        ("/theme pink", "usage: /theme [dark|light|safe]"),
        ("/numbers", "usage: /numbers on|off"),
        ("/help nothing", "there is no command /nothing; /help lists the commands. (To send it as text: //nothing)"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(operator: Seated, line: str, sentence: str) -> None:
    """And the operator goes on."""
    operator.enter(line)
    operator.see(re.escape(f"* error: {sentence} *\n"))
    operator.answered()


def test_the_room_commands_mean_where_one_talks(operator: Seated, alice: Native) -> None:
    """Or the room that is named."""
    operator.enter("/topic Be kind")
    operator.see("server changed the topic to: Be kind")
    operator.enter("/join tea")
    operator.see("goes to #tea")
    operator.enter("/topic Cups")
    operator.see("server changed the topic of #tea to: Cups")
    operator.enter("/who")
    operator.see(r"\* here: server \*")
    operator.enter("/rooms te")
    assert "lobby" not in operator.see(r"\* tea: 1 here, last message #1 \*")


def test_what_comes_unasked_has_its_time(operator: Seated, alice: Native) -> None:
    """A report, for example; answers have none."""
    alice.send("report", room="lobby", reason="spam")
    operator.see(r"\n?\d\d:\d\d \* .*alice reports.* spam \*\n")
    operator.enter("/who")
    operator.see(r"(?m)^\* here: ")


def test_numbers_and_themes(operator: Seated, alice: Native) -> None:
    """Both are for this run."""
    alice.tell("one")
    operator.see(r"(?m)^\d\d:\d\d \[COLOR \(\w+\)\] alice said -> one")
    operator.enter("/numbers on")
    operator.see(r"\* numbers are on \*")
    alice.tell("two")
    operator.see(r"(?m)^#2 \d\d:\d\d \[COLOR \(\w+\)\] alice said -> two")
    operator.enter("/theme")
    operator.see(r"\* theme: dark; there are dark, light, safe \*")
    operator.enter("/theme safe")
    operator.see(r"\* theme: safe; there are")


def test_help_has_a_line_for_each_command(operator: Seated) -> None:
    """In groups; and one alone is explained."""
    from server_parts.operator.commands import ROWS

    operator.enter("/help")
    lines = operator.see(r"//text says /text\.\n").splitlines()
    assert [row.usage for row in ROWS if not any(line.startswith(f"  {row.usage} ") for line in lines)] == []
    assert [row.usage for row in ROWS if sum(row.help in line for line in lines) != 1] == []
    operator.enter("/help /J")
    operator.see(r"\* /join ROOM: talk in a room, and follow it; a new one is created \*")


def test_tab_knows_who_and_what_is_there(chat: Chat, operator: Seated, alice: Native) -> None:
    """Who has talked last comes first; rooms that somebody is in, and those with a history."""
    bob = chat.native("bob")
    bob.send("join", room="tea")
    bob.until("joined", room="tea")
    alice.tell("I am the last one who talked")
    operator.see("who talked")
    operator.answered()
    assert operator.complete("/msg ") == ["/msg alice ", "/msg bob "]
    assert operator.complete("/join t") == ["/join tea "]
    assert operator.complete("so b") == ["so bob "]
    assert operator.complete("/jo") == ["/join "]
    bob.tell("now me")
    operator.see("now me")
    assert operator.complete("/kick ") == ["/kick bob ", "/kick alice "]


def test_files_are_sent_listed_and_found(chat: Chat, operator: Seated, alice: Native) -> None:
    """By curl: the operator is given addresses; what others send is shown with its number."""
    operator.enter("/upload notes.txt")
    operator.see(r"\* to send notes.txt to lobby, type this in a shell")
    host, path = re.findall(r"curl -T notes.txt '?http://([^/]+)(/[^'\s]+)'?", operator.see(r"curl [^\n]+\n"))[0]
    assert host == f"127.0.0.1:{chat.port}"
    curl = chat.peer()
    curl.send_bytes(request_head(path, "PUT", {"Host": host, "Content-Length": "10"}) + b"some notes")
    assert read_answer(curl.rest()).status == 201
    assert alice.message_from("server")["file"]["name"] == "notes.txt"
    operator.see(r"\* server sent a file: notes.txt .*; /file [\w-]{22} gives its address \*")
    operator.enter("/files")
    operator.see(r"\* #1 server: notes.txt \(10 bytes\), [\w-]{22} \*")
    operator.enter("/file nothing")
    operator.see(r"\* error: usage: /file ID \*")
