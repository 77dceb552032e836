"""Programs that know nothing of this protocol: a tutorial's client, nc, telnet, ncat, socat and curl."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from tests.conftest import Chat
from tests.peers import WAIT, Native, Plain
from tests.server.foreign import Program, installed, running

pytestmark = pytest.mark.usefixtures("both_ways")

# A client as tutorials print it. It sends no newline, and reads once for each line it has sent.
TUTORIAL_CLIENT = """\
import socket

HOST = '127.0.0.1'
PORT = 65432

with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
    s.connect((HOST, PORT))
    print("Connected to server. Type 'exit' to quit.")

    while True:
        message = input("Client: ")
        s.sendall(message.encode())

        if message.lower() == "exit":
            print("Client ended the chat.")
            break

        data = s.recv(1024).decode()
        print(f"Server: {data}")

        if data.lower() == "exit":
            print("Server ended the chat.")
            break
"""


@pytest.fixture
def alice(chat: Chat) -> Native:
    """Somebody on the real client."""
    return chat.native("alice")


def test_a_tutorial_s_client(chat: Chat, alice: Native) -> None:
    """Unmodified but for the port: it is heard, each of its lines is answered, it hears others, and exit ends it."""
    with running(sys.executable, "-c", TUTORIAL_CLIENT.replace("65432", str(chat.port))) as tutorial:
        tutorial.until("Client: ")
        tutorial.type("Hello, Server!")
        heard = alice.until("message")
        assert (heard["from"], heard["text"]) == ("guest-1", "Hello, Server!")
        assert "* hello client *" in tutorial.until("Server: ")
        alice.tell("Hi, Client!")
        lines = 1
        while b"alice said -> Hi, Client!" not in tutorial.shown:
            tutorial.type("How are you?")
            lines += 1
            assert alice.message_from("guest-1")["text"] == "How are you?"
            tutorial.until("Server: ", lines)
        tutorial.type("exit")
        tutorial.until("Client ended the chat.")
        assert tutorial.ended() == 0
        alice.sees_off("guest-1")
        assert "exit" not in [frame.get("text") for frame in alice.passed]


def test_two_tutorial_clients_hear_each_other(chat: Chat) -> None:
    """Without anybody on the real client: what one says, the other reads behind one of its own lines."""
    program = TUTORIAL_CLIENT.replace("65432", str(chat.port))
    with running(sys.executable, "-c", program) as one, running(sys.executable, "-c", program) as other:
        lines = 0
        while b"said -> from one" not in other.shown or b"said -> from the other" not in one.shown:
            one.type("from one")
            other.type("from the other")
            lines += 1
            one.until("Server: ", lines)
            other.until("Server: ", lines)
        one.type("EXIT")
        other.type("Exit")
        assert (one.ended(), other.ended()) == (0, 0)


def chats(program: Program, alice: Native) -> None:
    """What any line-wise program must be able to do: be greeted, be heard, be receipted, hear, ask, leave."""
    program.until("* hello client *")
    program.until("* you are guest-1")
    program.type("hello from outside")
    assert alice.until("message")["text"] == "hello from outside"
    program.until("* delivered #1 *")
    alice.tell("hello from inside")
    assert f"[COLOR ({alice.welcome['color']})] alice said -> hello from inside" in program.until("inside")
    program.type("/nick walter")
    assert alice.moved("renamed", ["guest-1", "walter"])
    program.type("/who")
    assert "* here: alice, walter *" in program.until("* here: ")
    program.type("/dance")
    program.until("* error: ")
    program.type("over")
    program.until("* goodbye *")
    alice.sees_off("walter")
    assert [frame for frame in alice.passed if frame["type"] == "message"] == [], "commands and exit words are not said"
    assert "\x1b" not in program.shown.decode()


COMMANDS = {
    "nc": ("{nc}", "127.0.0.1", "{port}"),
    "ncat": ("{ncat}", "127.0.0.1", "{port}"),
    "telnet": ("{telnet}", "127.0.0.1", "{port}"),
    "socat": ("{socat}", "-", "TCP:127.0.0.1:{port}"),
}


@pytest.mark.parametrize("program", COMMANDS)
def test_chatting_with(program: str, chat: Chat, alice: Native) -> None:
    """A person with this program and a person on the real client understand each other."""
    path = installed(program)
    command = [part.format(**{program: path, "port": chat.port}) for part in COMMANDS[program]]
    with running(*command) as running_program:
        chats(running_program, alice)


def test_chatting_with_curl(chat: Chat, alice: Native) -> None:
    """It shows what has come only when there is something to type or nothing any more, and all of it in the end."""
    with running(installed("curl"), "-sN", f"telnet://127.0.0.1:{chat.port}") as curl:
        curl.type("hello from outside")
        assert alice.until("message")["text"] == "hello from outside"
        alice.tell("hello from inside")
        curl.type("/who")
        curl.type("over")
        alice.sees_off("guest-1")
        curl.end_of_input()
        shown = curl.until("* goodbye *")
        assert curl.ended() == 0
    for part in ("* hello client *", "* delivered #1 *", "alice said -> hello from inside", "* here: alice, guest-1 *"):
        assert part in shown


def test_telnet_at_a_terminal(chat: Chat, alice: Native) -> None:
    """In a real terminal, where it ends its lines with a carriage return and a newline."""
    path = installed("telnet")
    ours, theirs = pty.openpty()
    process = subprocess.Popen([path, "127.0.0.1", str(chat.port)], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        os.write(ours, b"hi from telnet\n")
        assert alice.until("message")["text"] == "hi from telnet"
        os.write(ours, b"/quit\n")
        assert process.wait(2 * WAIT) in (0, 1)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(2 * WAIT)
        os.close(ours)


@pytest.mark.parametrize("program", ["nc", "ncat"])
def test_a_pipe_into(program: str, chat: Chat, alice: Native) -> None:
    """Several lines at once, the last of them without its end."""
    path = installed(program)
    with running(path, "127.0.0.1", str(chat.port)) as piped:
        assert piped.process.stdin is not None
        piped.process.stdin.write(b"one\ntwo\nthree")
        piped.end_of_input()
        assert [alice.until("message")["text"] for _ in range(3)] == ["one", "two", "three"]


# --- the same door, by hand ---


def test_the_greeting(chat: Chat) -> None:
    """After half a second of silence: hello, the message of the day, who you are, and where help is."""
    guest = chat.plain()
    lines = [guest.text(), guest.text(), guest.text()]
    assert lines[0] == "* hello client *"
    assert "Welcome" in lines[1]
    assert "guest-1" in lines[2]
    assert "/help" in lines[2]


def test_receipts_and_messages(chat: Chat, alice: Native) -> None:
    """The sender gets a receipt, everyone else the text, and nobody gets both."""
    one = chat.plain("/who")
    one.until("* here")
    other = chat.plain("/who")
    other.until("* here")
    one.until("guest-2 joined")
    one.say("hi")
    assert one.text() == "* delivered #1 *"
    assert other.until("said").endswith("guest-1 said -> hi")
    alice.tell("/me waves")
    assert one.text() == "* alice waves *".removesuffix(" *")


def test_a_first_line_that_comes_with_the_connection(chat: Chat, alice: Native) -> None:
    """The others hear who came, what was said, and who left, in this order; as with `echo hello | nc`."""
    hasty = chat.plain("hello")
    hasty.stop_sending()
    alice.moved("left", "guest-1")
    told = [frame.get("joined") or frame.get("text") for frame in alice.passed]
    assert told[-2:] == [["guest-1"], "hello"]


def test_lines_without_an_end(chat: Chat, alice: Native) -> None:
    """A pause ends a line; characters cut by it in two are the sender's loss, those cut by the network are not."""
    guest = chat.plain()
    guest.send_bytes("grüß".encode()[:-1])
    guest.send_bytes("grüß".encode()[-1:] + b" dich")
    assert alice.until("message")["text"] == "grüß dich"


@pytest.fixture
def guest(chat: Chat, alice: Native) -> Plain:
    """guest-1, who has been greeted and has asked who is there."""
    guest = chat.plain("")
    guest.until("guest-1 joined")
    guest.say("/who")
    guest.until("* here: alice, guest-1 *")
    return guest


def test_rooms(guest: Plain, alice: Native) -> None:
    """/join goes there, /rooms lists, what is said goes to the current room and is marked."""
    guest.say("/join tea")
    assert guest.until("you are in") == "* you are in tea *"
    alice.ask("join", room="tea")
    guest.until("alice joined #tea")
    guest.say("in tea")
    assert alice.until("message")["room"] == "tea"
    guest.until("* delivered #1 *")
    alice.tell("hello tea", "tea")
    assert guest.until("hello tea").startswith("#tea [COLOR ")
    guest.say("/rooms")
    assert guest.until("* lobby: ") == "* lobby: 2 here, last message #0 *"
    assert guest.text() == "* tea: 2 here, last message #2 *"


def test_a_new_name_is_told_once(guest: Plain, alice: Native) -> None:
    """However many rooms one shares with its bearer, or is in oneself; and again if it is taken again."""
    for room in ("tea", "cups"):
        guest.say(f"/join {room}")
        guest.until(f"you are in {room}")
        alice.ask("join", room=room)
        guest.until(f"alice joined #{room}")

    def told(mark: str) -> list[str]:
        """What a new name is told with, up to a mark in each room."""
        for room in ("lobby", "tea", "cups"):
            alice.tell(mark, room)
        lines = [guest.text()]
        while mark not in lines[-1] or "#cups" not in lines[-1]:
            lines.append(guest.text())
        return [line for line in lines if "is now" in line]

    for number, (old, new) in enumerate([("alice", "ann"), ("ann", "alice"), ("alice", "ann")]):
        alice.ask("nick", name=new)
        assert told(f"mark {number}") == [f"* {old} is now {new} *"]
    guest.say("/nick newton")
    assert guest.until("newton") == "* guest-1 is now newton *"
    assert told("last mark") == []


def test_private_messages(guest: Plain, alice: Native) -> None:
    """/msg reaches one person, and answers are marked as private."""
    guest.say("/msg ALICE psst")
    heard = alice.until("message")
    assert (heard["room"], heard["text"]) == ("@alice+guest-1", "psst")
    guest.until("* delivered #1 *")
    alice.tell("what?", "@guest-1")
    assert guest.until("what?").startswith("(private) [COLOR ")
    guest.say("/msg nobody hi")
    assert "nobody" in guest.until("* error: ")


def test_history_and_search(guest: Plain, alice: Native) -> None:
    """What was said can be asked for; nothing of it comes unasked."""
    for text in ("blue whale", "red herring", "grey whale"):
        alice.tell(text)
        guest.until(text)
    guest.say("/history 2")
    assert [guest.text()[-11:], guest.text()[-10:]] == ["red herring", "grey whale"]
    guest.say("/search whale")
    first, second = guest.text(), guest.text()
    assert first.startswith("#1 ")
    assert second.startswith("#3 ")
    assert second.endswith("grey whale")
    guest.say("/search nothing like it")
    assert guest.text() == "* nothing found for nothing like it *"


def test_more_goes_on_with_a_search(guest: Plain, alice: Native) -> None:
    """The last line of a page says how many are left; /more shows them, and then says that there are none."""
    for number in range(53):
        alice.tell(f"whale {number}")
        guest.until(f"whale {number}")
    guest.say("/search whale")
    assert guest.until("* 3 older") == "* 3 older; /more shows more *"
    guest.say("/more")
    assert [guest.text()[:3] for _ in range(3)] == ["#1 ", "#2 ", "#3 "]
    guest.say("/more")
    assert guest.text() == "* error: there are no more results *"


def test_escapes(guest: Plain, alice: Native) -> None:
    """//text sends /text, /say sends a word that would end it, an unknown /word is never sent."""
    for line in ("/dance", "//dance", "/say over"):
        guest.say(line)
    guest.until("* error: ")
    assert [alice.until("message")["text"] for _ in range(2)] == ["/dance", "over"]


@pytest.mark.parametrize("word", ["/exit", "/quit", "exit", "quit", "over", "OVER", "Exit"])
def test_exit_words(guest: Plain, alice: Native, word: str) -> None:
    """Each ends it with a goodbye, and is told to nobody."""
    guest.say(word)
    assert guest.until("goodbye") == "* goodbye *"
    assert guest.ended()
    alice.sees_off("guest-1")
    assert [frame for frame in alice.passed if frame["type"] == "message"] == []


def test_no_text_steers_a_terminal(guest: Plain, alice: Native) -> None:
    """What others say arrives without controls, and in indented lines."""
    alice.tell("a\x1b[2Jb\x9bc\u202ed\r\n[COLOR (red)] bob said -> e")
    assert guest.until("said -> a").endswith("alice said -> a␛[2Jb\ufffdc\ufffdd")
    assert guest.text() == "    [COLOR (red)] bob said -> e"


def test_telnet_negotiation(guest: Plain, alice: Native) -> None:
    """Is not text."""
    guest.send_bytes(b"\xff\xfb\x18hi\xff\xfd\x03 there\xff\xfa\x18\x00xterm\xff\xf0\r\n")
    assert alice.until("message")["text"] == "hi there"


def test_a_line_that_is_too_long(guest: Plain) -> None:
    """Both numbers, goodbye, and the end."""
    guest.send_bytes(b"x" * 70_000)
    assert "> 65536" in guest.until("* error: ")
    assert guest.text() == "* goodbye *"
    assert guest.ended()
