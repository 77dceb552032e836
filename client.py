"""A terminal chat client: `python client.py [HOST[:PORT] ...]`.

Two threads. The main one is the input loop: it reads lines and hands over what they mean. The receiver, a daemon, owns
the socket and the conversation: it receives, acknowledges, prints, notices a dead link, reconnects and sends again.
Only to open a connection takes a moment's thread of its own, so that nobody waits for a name to be looked up.
"""

if __name__ == "__main__":
    # Until `main` takes over, Ctrl+C ends the program quietly: the imports below take a moment. Importing `signal`
    # itself takes one too; what it is made of is built into the interpreter.
    import _signal  # type: ignore[import-not-found]

    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from chat_common import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    color_for,
    color_problem,
    enable_terminal_colors,
    harmless_line,
    is_blank,
    shows_colors,
)
from client_parts.command_line import Options, Preferences, read_command_line
from client_parts.conversation.admission import Admission
from client_parts.conversation.conversation import RECENT, Conversation, Wishes
from client_parts.input.commands import Correction, Intent, Mistake, Order, to_send, understand, understand_piped
from client_parts.input.intent_queue import IntentQueue
from client_parts.input.login import LoginError, ask_for_password, password_in, warning_about
from client_parts.input.questions import LEFT, answered, asks, may_ask
from client_parts.input.reading import Closed
from client_parts.kept.bookmarks import Bookmarks
from client_parts.kept.config_file import NAME as CONFIG
from client_parts.kept.identity import Identity, login_name, token_path
from client_parts.kept.known_servers import KnownServers
from client_parts.kept.places import Places, place_to_enter
from client_parts.kept.settings import Settings
from client_parts.link.connection import Connection
from client_parts.link.course import Course, Departure
from client_parts.link.last_words import LastWords
from client_parts.link.leaving import signals_end_it
from client_parts.link.link import AMONG_SEVERAL, Patience
from client_parts.link.proving import Proofs
from client_parts.link.receiver import Receiver
from client_parts.link.reconnecting import texts_are
from client_parts.link.server import Server, Servers, alike
from client_parts.link.trust import Trust
from client_parts.screen.screen import Screen, choose_screen
from client_parts.screen.view import View, bad
from client_parts.transfer.porter import Porter

PENDING = 1000  # lines of a pipe that may wait for their receipt
INTERRUPTED = 130
_ANSWERED = 5.0  # seconds, in which a server has surely taken a password or refused it
_LOOK = 0.02
_SOON = 0.3  # seconds; what is refused at once needs no screen
_PROVEN = 10.0  # seconds, the same for a password: what is typed before it is taken may be another try at it
_LOGIN_TRIES = 3
_FORCED = 0.3  # seconds that the receiver has to end, when a signal ends a pipe


class ChatClient:
    """One person's, or one program's, place in the chat."""

    def __init__(
        self,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        color: str | None = "blue",
        *,
        preferences: Preferences | None = None,
        screen: Screen | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Connects nothing yet, and raises ValueError for a colour that does not exist."""
        if problem := color and color_problem(color):
            raise ValueError(problem)
        self.host, self.port = host, port
        self._preferences = preferences = preferences or Preferences()
        self._patience = patience or (AMONG_SEVERAL if preferences.other_servers else Patience())
        self._screen = screen = screen or choose_screen(
            json_events=preferences.json_events, reads=not preferences.files
        )
        screen.objection = self._objection
        if preferences.password_file is not None and (problem := warning_about(preferences.password_file)):
            screen.complain(bad(harmless_line(problem)))
        token_file = preferences.token_file or token_path()
        identity = Identity(preferences.name, token_file)
        self._conversation = self._new_conversation(identity.first_name, color, token_file.parent)
        self._course = Course()
        self._connection = self._new_connection(identity, token_file.with_name("known_servers"))
        self._receiver = self._new_receiver()
        self._last_words = LastWords(screen)
        self._may_be_secret = False  # what is typed next
        self._changes_before = 0  # of the password, that were answered
        self._talkative = False  # something came in through the pipe

    def _new_conversation(self, name: str, color: str | None, folder: Path) -> Conversation:
        preferences, screen = self._preferences, self._screen
        # What a person chose and read is kept for the next run; a program's doings are not.
        kept = folder if screen.interactive and not preferences.json_events else None
        usual = "short" if screen.interactive and shows_colors() else "classic"
        settings = Settings(kept and kept / CONFIG, style=preferences.style, usual_style=usual)
        screen.set_theme(settings["theme"])
        screen.set_links(on=settings["links"] == "on")
        if not settings.is_chosen("theme") and shows_colors():
            screen.ask_background(lambda theme: screen.set_theme(theme) if settings.suppose_theme(theme) else None)
        for complaint in settings.complaints:
            screen.complain(bad(harmless_line(complaint)))
        # What only sends need not know what was said before: it would stand in the logs of others.
        recent = RECENT if screen.interactive or preferences.json_events else 0
        history = recent if preferences.history is None else preferences.history
        admission = Admission(preferences.password, preferences.invitation)
        color = color or settings.color_of(name) or color_for(name)
        places = Places(kept and kept / "rooms.json", ((self.host, self.port), *preferences.other_servers), name)
        place = place_to_enter(
            preferences.rooms, places.find(), insists=preferences.insists, talks_there=preferences.talks_there
        )
        wishes = Wishes(name, color, place.rooms, history, admission, place.current)
        bookmarks = Bookmarks(kept and kept / "seen.json")
        view = View(settings["style"])
        return Conversation(screen, view, wishes, settings=settings, bookmarks=bookmarks, places=places)

    def _new_connection(self, identity: Identity, known_servers: Path) -> Connection:
        preferences = self._preferences
        addresses = ((self.host, self.port), *preferences.other_servers)
        servers = Servers(
            alike([Server(host, port, preferences.tls, preferences.key) for host, port in addresses]),
            self._patience,
            reconnect=preferences.reconnect,
            are_to_be_forgotten=preferences.forget_server,
        )
        trust, proofs = Trust(servers, KnownServers(known_servers)), Proofs(identity)
        return Connection(servers, trust, proofs, self._screen, self._conversation, self._course)

    def _new_receiver(self) -> Receiver:
        return Receiver(
            self._screen,
            self._conversation,
            self._connection,
            self._course,
            Porter(self._conversation.transfers, self._connection, self._screen),
            ends_with_its_reader=self._screen.interactive or self._preferences.json_events,
        )

    @property
    def color(self) -> str:
        return self._conversation.state.color

    @property
    def client_socket(self) -> socket.socket | None:
        """The socket of the present connection."""
        link = self._connection.link
        return None if link is None else link.connection

    @property
    def is_password_wrong(self) -> bool:
        """Whether the server refused the password, or code, to log in with."""
        return self._conversation.state.admission.is_password_wrong

    def connect_to_server(self) -> int:
        """Start the receiver, which connects, and be the input loop until somebody ends it. Returns the exit status."""
        with ExitStack() as ending:
            ending.push(self._screen)  # shows what it was told, also if nobody came to enter it
            self._intents = IntentQueue()
            self._screen.window.stirred = self._intents.ring
            receiver = threading.Thread(target=self.receive_messages, name="receiver", daemon=True)
            receiver.start()
            asked_for = self._talk()
            if asked_for and not self._screen.interactive:
                self._cut_link()
            self._take_leave(receiver)
            failed = self._last_words.say(self._conversation)
        return asked_for or self._course.status or int(failed)

    def receive_messages(self) -> None:
        """Be the receiver: own the connection and the conversation, in a thread of its own."""
        try:
            self._receiver.run(self._intents)
        except Exception as fault:
            self._last_words.tell_fault(fault)
            self._connection.finish(1)
        finally:
            self._receiver.end()
            self._intents.end()
            self._screen.end_reading()

    # --- The input loop -----------------------------------------------------------------------------------------

    def _talk(self) -> int:
        """Run the input loop until it ends. Returns the exit status that whoever ended it asks for."""
        try:
            self.send_messages()
        except KeyboardInterrupt:
            return 0 if self._screen.interactive else INTERRUPTED
        except SystemExit as signalled:
            return int(signalled.code or 0)
        except Exception as fault:
            self._last_words.tell_fault(fault)
        return 0

    def send_messages(self) -> None:
        """Read lines and hand over what they mean, until an exit word, the end of input, or the end of the chat."""
        if self._is_over_at_once():
            return
        with self._screen:
            try:
                if not self._screen.interactive:
                    self._wait_for(self._course.ready)
                self._send_files()
                if not self._read_lines():
                    self._screen.wait_to_leave()
            except EOFError:
                self._deliver_the_rest()
            except Exception as fault:
                self._last_words.tell_fault(fault)
                self._leave()
                self._screen.wait_to_leave()
            finally:
                # Before the screen goes: who does not see a message has not read it.
                self._course.depart(Departure.LEAVING)

    def _send_files(self) -> None:
        for path in self._preferences.files:
            self._intents.post(to_send(path))
            self._talkative = True

    def _is_over_at_once(self) -> bool:
        """Whether there is no chat, as is known before a screen is opened, and nothing typed for it to keep."""
        if self._screen.interactive:
            self._course.ready.wait(_SOON if self._preferences.password is None else _PROVEN)
        return self._screen.interactive and self._course.is_over and not self._screen.is_typed_to()

    def _read_lines(self) -> bool:
        """Read until an exit word, or until the chat is over. Returns whether it was the word."""
        with suppress(Closed):
            while not self._course.is_over:
                intent = self._next_intent()
                if isinstance(intent, Order) and intent.is_exit:
                    return True
                self._intents.post(intent)
                if self._may_be_secret or self._is_password_refused(intent):
                    self._discard_lines()
        return False

    def _next_intent(self) -> Intent:
        while True:
            line = self._screen.read_line()
            if is_blank(line):
                continue
            if self._screen.corrects is not None:
                return Correction(self._screen.corrects, line)
            if self._screen.interactive:
                intent = understand(line)
                self._may_be_secret = isinstance(intent, Mistake) and may_ask(line)
                return self._with_secrets(intent)
            intent = understand_piped(line, continues=self._screen.continues)
            # What a pipe orders is obeyed after everything before it has arrived; and no more waits than fits.
            self._intents.wait_below(1 if isinstance(intent, Order) else PENDING)
            self._talkative = True
            return intent

    def _with_secrets(self, intent: Intent) -> Intent:
        """What must not be seen is asked for here, and goes into the order; no line ever holds it."""
        if not asks(intent):
            return intent
        state = self._conversation.state
        self._changes_before = state.password_changes
        problem = state.why_no_secrets()
        answer = Mistake(problem) if problem else answered(intent, self._screen.ask_secret, state.has_password)
        self._may_be_secret = answer is intent or (isinstance(answer, Mistake) and answer is not LEFT)
        return answer

    def _is_password_refused(self, intent: Intent) -> bool:
        """Whether a password that goes to the server is not taken, as far as that is known soon."""
        if not asks(intent):
            return False
        state, until = self._conversation.state, time.monotonic() + _ANSWERED
        while state.password_changes == self._changes_before and time.monotonic() < until and not self._course.is_over:
            time.sleep(_LOOK)
        is_taken = state.password_changes > self._changes_before and not state.password_refused
        return not (is_taken or self._course.is_over)  # then nothing is sent any more

    def _discard_lines(self) -> None:
        """A password was refused. What was typed or pasted behind it may be one too, and must not be said."""
        self._may_be_secret = False
        while self._screen.ask_secret(f"Nothing is sent; {self._screen.leaving_key} to go on") is not None:
            pass

    def _objection(self) -> str:
        waiting = self._intents.waiting if self._receiver.owes_receipts else 0
        return f"{texts_are(waiting)} not delivered yet" if waiting else ""

    def _deliver_the_rest(self) -> None:
        if self._screen.interactive:
            return
        if self._preferences.json_events and not self._talkative:
            self._wait_for(self._course.over)  # a program that only listens
        self._intents.wait_below(1)

    @staticmethod
    def _wait_for(event: threading.Event) -> None:
        while not event.wait(0.5):  # in short pieces, so that Ctrl+C works everywhere
            pass

    def _take_leave(self, receiver: threading.Thread) -> None:
        """The ordered end: goodbye to the server, and the receiver's end."""
        self._leave()  # also if the screen could not be opened
        texts = self._patience.undelivered if self._conversation.state.online else 0
        receiver.join(_FORCED if self._course.is_by_force else texts + self._patience.goodbye + 1)
        if not receiver.is_alive():
            self._intents.close()

    def _leave(self) -> None:
        self._course.depart(Departure.LEAVING)
        self._intents.ring()

    def _cut_link(self) -> None:
        """End by force. From now on the connection ends with a reset, whoever closes it: the server drops the rest."""
        self._course.depart(Departure.BY_FORCE)
        if (link := self._connection.link) is not None:
            link.cut_when_closed()


# --- The program ---


def main(argv: Sequence[str] | None = None) -> int:
    try:
        enable_terminal_colors()
        # Still without handlers: this imports, and an exception that a handler raises within an import may get lost.
        options = read_command_line(argv)
        return _chat(options)
    except LoginError as problem:
        sentence = harmless_line(str(problem))
        print(bad(sentence) if sys.stderr.isatty() else sentence, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as ending:
        return int(ending.code or 0)


def _chat(options: Options) -> int:
    """Be the client until somebody ends it; who mistypes a password that is asked for is asked again."""
    status = 1
    for _ in range(_LOGIN_TRIES):
        with signals_end_it():  # in order: the terminal shows again what is typed
            preferences = _logged_in(options.preferences)
        client = ChatClient(options.host, options.port, options.color, preferences=preferences)
        with signals_end_it():
            status = client.connect_to_server()
        if not (preferences.login and client.is_password_wrong):
            break
    return status


def _logged_in(preferences: Preferences) -> Preferences:
    """With the password, if one is to be used. Asked for before there is a screen, so that it is on none."""
    if (path := preferences.password_file) is not None:
        return replace(preferences, password=password_in(path))
    if preferences.login:
        return replace(preferences, password=ask_for_password(preferences.name or login_name()))
    return preferences


if __name__ == "__main__":
    sys.exit(main())
