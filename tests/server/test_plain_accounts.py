"""Accounts at the plain door: logging in, invitations, and the commands of an account."""

from __future__ import annotations

import pytest

from server_parts.people.one_time_codes import hash_of_code, new_code
from server_parts.storage.account_records import AddCode, Code, Purpose
from tests.conftest import Chat, Serve
from tests.peers import Native, Plain
from tests.server.test_entry import IN, LATER, NEWCOMER, OWNER, outcome, store_with

PASSWORD = "correct horse battery"


@pytest.fixture
def strict(serve: Serve) -> Chat:
    """Takes no guests; alice has a password."""
    chat = serve(store=store_with(), guests="no")
    alice = chat.native("alice", token=OWNER)
    assert alice.ask("password", new=PASSWORD)[-1]["type"] == "notice"
    alice.leave()
    return chat


def test_a_plain_client_logs_in(strict: Chat) -> None:
    """It is told how in one line, hears nothing before that, and its password is asked for and never said."""
    witness = strict.native("witness", token=NEWCOMER)
    nc = strict.plain("hello?")
    assert "/login NAME" in nc.text()
    assert "you are not in yet" in nc.text()
    nc.say("/login alice")
    assert nc.text() == "* password: *"
    nc.say("not this one")
    assert "not the password" in nc.text()
    nc.say("/login alice")
    nc.until("password:")
    nc.say(PASSWORD)
    assert nc.enter() == "alice"
    nc.say("I am in")
    nc.until("delivered")
    assert witness.message_from("alice")["text"] == "I am in"
    assert "hello?" not in str(witness.passed)
    assert PASSWORD not in str([*witness.passed, *witness.pending()])


def test_a_closed_server_asks_for_no_invitation(serve: Serve) -> None:
    """As none would be of use: only who has an account comes in."""
    text = serve(store=store_with(), entry="closed").plain("hello?").text()
    assert "type /login NAME" in text
    assert "/invite" not in text


def test_in_one_line_or_in_one_go(strict: Chat) -> None:
    """For programs that do not wait for a question."""
    nc = strict.plain(f"/login alice {PASSWORD}\nfrom a script")
    assert nc.enter() == "alice"
    nc.until("delivered")
    other = strict.plain(f"/login alice\n{PASSWORD}\nfrom another")
    assert other.enter() == "alice"
    assert nc.until("from another").endswith("alice said -> from another")


def test_a_plain_client_comes_with_an_invitation(serve: Serve) -> None:
    """And makes an account for itself inside, which it comes back to."""
    code = new_code()
    chat = serve(store=store_with(code), entry="invite", guests="read")
    nc = chat.plain("/invite no-such-code-here")
    assert "/invite CODE" in nc.text()
    assert "not valid" in nc.text()
    nc.say(f"/invite {code}")
    assert nc.enter() == "guest-1"
    nc.say("hello")
    nc.until("only people with an account")
    nc.say("/nick newton")
    nc.until("guest-1 is now newton")
    nc.say("/password")
    assert nc.until("password") == "* new password: *"
    nc.say(PASSWORD)
    nc.until("newton is your account now")
    nc.say("hello")
    nc.until("delivered")
    nc.say("/exit")
    nc.until("goodbye")
    back = chat.plain(f"/login newton {PASSWORD}")
    assert back.enter() == "newton"
    other = chat.plain(f"/invite {code}")
    other.text()
    assert "not valid" in other.text()


def test_an_account_is_recovered_at_the_plain_door(strict: Chat) -> None:
    """By a code that the operator made; it has no device then, and gets a password from whoever is in."""
    code, store = new_code(), strict.server._store
    store.change(AddCode(Code(hash_of_code(code) or "", Purpose.RECOVER, 1, 1, LATER)))
    device = strict.native("alice", token=OWNER)
    nc = strict.plain(f"/login alice {code}")
    assert nc.enter() == "alice"
    assert device.until("bye")["code"] == "forgotten"
    nc.say("/devices")
    assert "no devices" in nc.until("your account has")
    nc.say("/password")
    nc.until("* new password: *")
    nc.say("another password")
    nc.until("the password of alice is set")
    assert outcome(strict, "alice", token=OWNER) == "name_taken"


def test_a_guest_becomes_somebody(serve: Serve) -> None:
    """Where guests are welcome, `/login` is like a new name."""
    chat = serve(store=store_with())
    alice = chat.native("alice", token=OWNER)
    alice.ask("password", new=PASSWORD)
    alice.leave()
    nc = chat.plain("hello")
    assert nc.enter() == "guest-1"
    nc.say(f"/login alice {PASSWORD}")
    nc.until("guest-1 is now alice")
    nc.say("/whoami")
    assert "alice: member, an account" in nc.until("alice: ")


def test_a_guest_s_number_is_no_account(serve: Serve) -> None:
    """Whoever sets a password chooses a name first, and is told so before anything is asked."""
    nc = serve().plain("")
    nc.enter()
    nc.say("/password")
    assert "choose a name first" in nc.until("error")
    nc.say("/ok")
    nc.say("/nick newton\n/password\n\n" + PASSWORD)  # in one go nobody knows yet what the name is
    nc.until("newton is your account now")


def test_only_who_has_a_password_is_asked_for_it(strict: Chat) -> None:
    """An empty line in its place, as of a script that answers both questions, does no harm."""
    nc = strict.plain(f"/login alice {PASSWORD}")
    nc.enter()
    nc.say("/password")
    assert nc.until("password") == "* current password: *"
    nc.say(PASSWORD)
    assert nc.until("password") == "* new password (an empty line removes it): *"
    nc.say(PASSWORD + "!")
    nc.until("the password of alice is set")


# --- what may be a password is never said ---

WRONG, NEW = "not the password", "brand new secret"


def refused_in(chat: Chat, how: str) -> Plain:
    """Somebody whose /password was refused, behind a block that was pasted whole."""
    nc = chat.plain(f"/login alice {PASSWORD}")
    nc.enter()
    nc.say(how)
    nc.until("what you type now is not said")
    return nc


@pytest.mark.parametrize(
    "block",
    [
        f"/password {WRONG}\n{NEW}\n{NEW}",
        f"/password\n{WRONG}\n{NEW}\n{NEW}",
        f"/password\n{PASSWORD}\nshort\n{NEW}\n{NEW}",
        f"/password\n{PASSWORD}\n{'x' * 300}\n{NEW}\n{NEW}",
        f"/password\n\n{NEW}\n\n{NEW}",
        f"/login alice\n{WRONG}\n{PASSWORD}\n{NEW}",
        f"/login b!b\n{PASSWORD}\n{NEW}",
        f"/passwd\n{PASSWORD}\n{NEW}\n{NEW}",
        f"/Pass\n{PASSWORD}\n{NEW}\n{NEW}",
    ],
    ids=[
        "in the line",
        "a wrong one",
        "too short",
        "too long",
        "without the old one",
        "a login",
        "no name",
        "a slip",
        "short",
    ],
)
def test_what_is_pasted_behind_a_refused_password_is_not_said(strict: Chat, block: str) -> None:
    """Nor what is typed later, in whatever form, until the person says to go on."""
    witness = strict.native("witness", token=NEWCOMER)
    nc = refused_in(strict, block)
    for line in (NEW, f"/say {NEW}", f"//{NEW}", f"/me {NEW}", f"/msg witness {NEW}", ""):
        nc.say(line)
    nc.say("/whoami")
    nc.until("alice: member")  # commands are carried out
    nc.say("/ok\nhello")
    nc.until("* what you type is said *")
    nc.until("delivered")
    said = [frame["text"] for frame in witness.pending() if frame["type"] == "message"]
    assert said == ["hello"]


def test_another_slip_holds_nobody_back(strict: Chat) -> None:
    """Only one in a command that asks for a password."""
    nc = strict.plain(f"/login alice {PASSWORD}")
    nc.enter()
    nc.say("/dance\nhello")
    assert "there is no command /dance" in nc.until("error")
    nc.until("delivered")


def test_without_encryption_nothing_is_said_either(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is refused before it is asked for; the paste goes on all the same."""
    monkeypatch.setattr("server_parts.people.clients.is_own", lambda source: False)
    chat = serve(plain="everyone")
    witness, nc = chat.native("witness"), chat.plain("")
    nc.enter()
    nc.say(f"/password\n{WRONG}\n{NEW}\n{NEW}")
    assert "over an encrypted connection only" in nc.until("error")
    nc.until("* what you type now is not said")
    nc.say("/ok\nhello")
    nc.until("delivered")
    assert [frame["text"] for frame in witness.pending() if frame["type"] == "message"] == ["hello"]


def test_a_password_typed_once_more_is_not_said(strict: Chat) -> None:
    """As by somebody who is used to programs that ask twice; other texts are, and nothing waits for /ok."""
    witness = strict.native("witness", token=NEWCOMER)
    nc = strict.plain(f"/login alice {PASSWORD}")
    nc.enter()
    nc.say(f"/password\n{PASSWORD}\n{NEW}\n{NEW}\nhello")
    assert "it was not said" in nc.until("error")
    nc.until("delivered")
    nc.say(PASSWORD)
    assert "it was not said" in nc.until("error")
    assert [frame["text"] for frame in witness.pending() if frame["type"] == "message"] == ["hello"]


def test_a_new_attempt_ends_the_silence(strict: Chat) -> None:
    """If it succeeds."""
    nc = refused_in(strict, "/password now")
    nc.say(f"/password\n{PASSWORD}\n{NEW}\nhello")
    nc.until("the password of alice is set")
    nc.until("delivered")


def test_the_commands_of_an_account(strict: Chat) -> None:
    """Each has an answer in one line or a few."""
    nc = strict.plain(f"/login alice {PASSWORD}")
    nc.enter()
    for command, answer in {
        "/whois alice": "alice: member",
        "/whois carol": "error: there is nobody called carol",
        "/whois": "usage: /whois NAME",
        "/devices": "1: unknown program",
        "/devices forget 7": "you have no device 7",
        "/devices forget": "usage: /devices",
        "/link": "links another device to the account alice once, until ",
        "/browser": f"http://127.0.0.1:{strict.port}/#alice/",
        "/invite-code 2 1h": "only operators invite",
        "/invite-code soon": "write how many people",
        "/login": "usage: /login NAME",
        "/password now": "usage: /password",
    }.items():
        nc.say(command)
        assert nc.until(answer)
    nc.say("/help")
    nc.until("/login NAME")


def test_a_deadline_for_logging_in(strict: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not is sent away; a guest on an open server is not."""
    monkeypatch.setattr("server_parts.protocol.plain_door.LOGIN_WAIT", 0.3)
    nc = Plain(strict.port)
    with nc:
        assert "/login NAME" in nc.text()
        assert "nobody logged in within 1 s" in nc.text()
        assert b"goodbye" in nc.rest()


def test_a_native_client_that_was_silent_is_let_in_all_the_same(strict: Chat) -> None:
    """It was taken for a plain one, and turned away, before it said hello."""
    with Native(strict.port) as late:
        assert "/login" in late.line().decode()
        late.hello("alice", token=OWNER)
        assert late.until("welcome")["account"]


def test_in_clear_text_no_password_is_asked_for(strict: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another machine."""
    monkeypatch.setattr("server_parts.people.clients.is_own", lambda source: False)
    nc = strict.plain("/login alice")
    nc.text()
    assert "over an encrypted connection only" in nc.text()
    for command in (f"/login alice {PASSWORD}", f"/invite {new_code()}", "/password"):
        nc.say(command)
        assert "over an encrypted connection only" in nc.text()


def test_telnet_is_told_to_hide_the_password(strict: Chat) -> None:
    """One that has shown to be a telnet; its agreement is no answer to the question."""
    telnet = strict.plain()
    telnet.send_bytes(b"\xff\xfb\x22\r\n")  # WILL LINEMODE
    assert telnet.line().startswith(b"* error: this server accepts no guests")
    telnet.send_bytes(b"/login alice\r\n")
    assert telnet.line() == b"\xff\xfe\x22* password: *"
    telnet.send_bytes(b"\xff\xfd\x01")  # DO ECHO
    telnet.send_bytes(PASSWORD.encode() + b"\r\n")
    assert telnet.line() == b"\xff\xfb\x01\xff\xfc\x01\r"
    assert telnet.line() == b"* hello client *"


def test_a_plain_client_invites(serve: Serve) -> None:
    """Its code is written so that it can be passed on."""
    chat = serve(store=store_with(), entry="invite")
    alice = chat.native("alice", token=OWNER)
    alice.ask("password", new=PASSWORD)
    alice.leave()
    nc = chat.plain(f"/login alice {PASSWORD}")
    nc.enter()
    nc.say("/invite-code 2 1h")
    line = nc.until("lets 2 people in, until ")
    code = line.removeprefix("* the code ").partition(" ")[0]
    assert outcome(chat, "bob", token=NEWCOMER, invite=code) == IN
