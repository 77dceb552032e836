"""A terminal chat client: `python client.py [HOST[:PORT]]`.

Two threads. The main one is the input loop: it reads lines and hands over what they mean. The receiver, a daemon, owns
the socket and the conversation: it receives, acknowledges, prints, notices a dead link, reconnects and sends again.
Only to open a connection takes a moment's thread of its own, so that nobody waits for a name to be looked up.
"""

if __name__ == "__main__":
    # Until `main` takes over, Ctrl+C ends the program quietly: the imports below take a moment. Importing `signal`
    # itself takes one too; what it is made of is built into the interpreter.
    import _signal  # type: ignore[import-not-found]

    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

import math
import selectors
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from chat_common import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    LOBBY,
    Frame,
    color_for,
    color_problem,
    enable_terminal_colors,
    format_address,
    harmless_line,
    is_blank,
)
from client_parts.command_line import read_command_line
from client_parts.conversation.conversation import RECENT, Conversation, Wishes
from client_parts.input.commands import Intent, Order, Text, understand, understand_piped
from client_parts.input.intent_queue import IntentQueue
from client_parts.input.reading import Closed
from client_parts.kept.bookmarks import Bookmarks
from client_parts.kept.identity import Names, new_session, secret, token_path
from client_parts.kept.settings import Settings
from client_parts.link.accepted_frames import acceptable
from client_parts.link.attempt import Attempt
from client_parts.link.last_words import LastWords
from client_parts.link.leaving import Farewell, Step, signals_end_it
from client_parts.link.link import Link, LinkLost, Patience, open_socket
from client_parts.link.reconnecting import (
    ANOTHER_NAME,
    PASSING,
    Lateness,
    ResendPlan,
    ReturnPlan,
    cause_of,
    link_state,
    next_try,
    no_connection,
    texts_are,
)
from client_parts.screen.screen import Screen, choose_screen
from client_parts.screen.status import Status
from client_parts.screen.view import View, alert, as_sentence, bad, good

PENDING = 1000  # lines of a pipe that may wait for their receipt
INTERRUPTED = 130
_SOON = 0.3  # seconds; what is refused at once needs no screen
_FORCED = 0.3  # seconds that the receiver has to end, when a signal ends a pipe


class ChatClient:
    """One person's, or one program's, place in the chat."""

    def __init__(
        self,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        color: str | None = "blue",
        *,
        name: str | None = None,
        rooms: Sequence[str] = (LOBBY,),
        history: int | None = None,
        style: str = "classic",
        json_events: bool = False,
        reconnect: bool = True,
        token_file: Path | None = None,
        screen: Screen | None = None,
        patience: Patience | None = None,
    ) -> None:
        if problem := color and color_problem(color):
            raise ValueError(problem)
        self.host = host
        self.port = port
        self.client_socket: socket.socket | None = None
        self._names = Names(name)
        self._json_events = json_events
        self._reconnect = reconnect
        self._patience = patience or Patience()
        self._token_file = token_file or token_path()
        self._session = new_session()
        self._token: str | None = None
        self._screen = screen or choose_screen(json_events=json_events)
        self._screen.objection = self._objection
        # What only sends need not know what was said before: it would stand in the logs of others.
        recent = RECENT if self._screen.interactive or json_events else 0
        self._conversation = self._new_conversation(color, tuple(rooms), style, recent if history is None else history)
        self._attempt: Attempt | None = None  # to open one
        self._link: Link | None = None
        self._last_words = LastWords(self._screen)
        self._exit_status = 0  # the receiver's word; a signal to the input loop may ask for another
        self._welcomed = False  # at least once
        self._told_why_not = ""  # why the server does not let us in
        self._taken: deque[Intent] = deque()  # from the input loop, and not obeyed yet
        self._ready = threading.Event()  # the first welcome has come, or none will
        self._finished = threading.Event()  # the receiver has decided that it is over
        self._leaving = False  # the input loop has ended
        self._by_force = False  # by a signal, in a pipe: no goodbye, and nothing more is sent
        self._talkative = False  # something came in through the pipe
        self._farewell = Farewell(self._patience)
        self._lateness = Lateness()
        self._news_due = math.inf  # when the conversation has something to tell by itself
        self._return_plan = ReturnPlan(self._patience)
        self._resend = ResendPlan(self._patience)

    def _new_conversation(self, color: str | None, rooms: tuple[str, ...], style: str, history: int) -> Conversation:
        # What a person chose and read is kept for the next run; a program's doings are not.
        folder = self._token_file.parent if self._screen.interactive and not self._json_events else None
        settings = Settings(folder and folder / "settings.json")
        self._screen.set_theme(settings["theme"])
        name = self._names.first
        color = color or settings.color_of(name) or color_for(name)
        seen, view = Bookmarks(folder and folder / "seen.json"), View(style)
        wishes = Wishes(name, color, rooms, history)
        return Conversation(self._screen, view, wishes, settings=settings, bookmarks=seen)

    @property
    def color(self) -> str:
        return self._conversation.state.color

    @property
    def address(self) -> str:
        return format_address(self.host, self.port)

    def connect_to_server(self) -> int:
        """Start the receiver, which connects, and be the input loop until somebody ends it. Returns the exit status."""
        with ExitStack() as ending:
            ending.push(self._screen)  # shows what it was told, also if nobody came to enter it
            self._intents = IntentQueue()
            receiver = threading.Thread(target=self.receive_messages, name="receiver", daemon=True)
            receiver.start()
            asked_for = self._talk()
            if asked_for and not self._screen.interactive:
                self._cut_link()
            self._take_leave(receiver)
            failed = self._last_words.say(self._conversation)
        return asked_for or self._exit_status or int(failed)

    # --- The input loop -----------------------------------------------------------------------------------------

    def _talk(self) -> int:
        """The input loop, until it ends, and the status that whoever ended it asks for."""
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
                    self._wait_for(self._ready)
                if not self._read_lines():
                    self._screen.wait_to_leave()
            except EOFError:
                self._deliver_the_rest()
            except Exception as fault:
                self._last_words.tell_fault(fault)
                self._leave()
                self._screen.wait_to_leave()
            finally:
                self._leaving = True  # before the screen goes: who does not see a message has not read it

    def _is_over_at_once(self) -> bool:
        """Whether there is no chat, as is known before a screen is opened, and nothing typed for it to keep."""
        if self._screen.interactive:
            self._ready.wait(_SOON)
        return self._screen.interactive and self._finished.is_set() and not self._screen.is_typed_to()

    def _read_lines(self) -> bool:
        """Until an exit word, or until the chat is over. Whether it was the word."""
        with suppress(Closed):
            while not self._finished.is_set():
                intent = self._next_intent()
                if isinstance(intent, Order) and intent.is_exit:
                    return True
                self._intents.post(intent)
        return False

    def _next_intent(self) -> Intent:
        while True:
            line = self._screen.read_line()
            if is_blank(line):
                continue
            if self._screen.interactive:
                return understand(line)
            intent = understand_piped(line, continues=self._screen.continues)
            # What a pipe orders is obeyed after everything before it has arrived; and no more waits than fits.
            self._intents.wait_below(1 if isinstance(intent, Order) else PENDING)
            self._talkative = True
            return intent

    def _objection(self) -> str:
        if self._conversation.state.online and not self._lateness.late:
            return ""
        waiting = self._intents.waiting
        return f"{texts_are(waiting)} not delivered yet" if waiting else ""

    def _deliver_the_rest(self) -> None:
        if self._screen.interactive:
            return
        if self._json_events and not self._talkative:
            self._wait_for(self._finished)  # a program that only listens
        self._intents.wait_below(1)

    @staticmethod
    def _wait_for(event: threading.Event) -> None:
        while not event.wait(0.5):  # in short pieces, so that Ctrl+C works everywhere
            pass

    def _take_leave(self, receiver: threading.Thread) -> None:
        """The ordered end: goodbye to the server, and the receiver's end."""
        self._leave()  # also if the screen could not be opened
        texts = self._patience.undelivered if self._conversation.state.online else 0
        receiver.join(_FORCED if self._by_force else texts + self._patience.goodbye + 1)
        if not receiver.is_alive():
            self._intents.close()

    def _leave(self) -> None:
        self._leaving = True
        self._intents.ring()

    def _cut_link(self) -> None:
        """End by force. From now on the connection ends with a reset, whoever closes it: the server drops the rest."""
        self._by_force = True
        if (link := self._link) is not None:
            link.cut_when_closed()

    # --- The receiver -------------------------------------------------------------------------------------------

    def receive_messages(self) -> None:
        """Own the socket and the conversation, from the first hello to the last goodbye, in a thread of its own."""
        try:
            self._show_prompt()
            self._come_back()
            while not self._finished.is_set():
                self._wait_for_something()
                self._take_a_turn()
            self._ready.set()
            self._obey()  # a text that was typed in the last instant is to be given back too
        except Exception as fault:
            self._last_words.tell_fault(fault)
            self._finish(1)
        finally:
            self._drop_link()
            self._show_prompt()
            self._ready.set()
            self._intents.end()
            self._screen.end_reading()

    def _take_a_turn(self) -> None:
        try:
            self._come_back()
            self._listen()
            self._obey()
            self._tend()
            self._speak()
        except LinkLost as loss:
            self._lose(str(loss))
        self._intents.report(len(self._conversation.state.outgoing))
        self._show_prompt()
        if self._screen.broken and (self._screen.interactive or self._json_events):
            self._finish(0)  # but a pipe goes on sending, whoever has stopped reading what it shows

    def _obey(self) -> None:
        self._taken += self._intents.take()
        # Before the first welcome texts wait to be sent, and a command for what it can ask; but all in their order.
        while self._taken and (self._ready.is_set() or isinstance(self._taken[0], Text)):
            self._conversation.obey(self._taken.popleft())
            self._queue_frames()
            if self._screen.interactive:
                self._return_plan.bring_forward()

    def _wait_for_something(self) -> None:
        """Sleep until the server or the input loop has something, or something falls due."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._intents, selectors.EVENT_READ)
            if self._link is not None:
                writing = selectors.EVENT_WRITE if self._link.has_outgoing else 0
                selector.register(self._link, selectors.EVENT_READ | writing)
            selector.select(max(0.0, self._next_due() - time.monotonic()))

    def _next_due(self) -> float:
        dues = (self._link_due(), self._status_due(), self._resend.due, self._farewell.due, self._news_due)
        return min(due for due in dues if due is not None)

    def _link_due(self) -> float:
        if self._link is not None:
            return self._link.next_deadline()
        return self._return_plan.due if self._attempt is None else math.inf  # it rings

    def _listen(self) -> None:
        link = self._link
        for frame in link.receive() if link else ():
            if self._leaving:
                self._conversation.stop_reading()
            self._hear(frame)
            if self._link is not link:
                break

    def _hear(self, frame: Frame) -> None:
        kind = frame.get("type")
        # Programs are told everything from the welcome on, but for the answer to our own question.
        if (self._conversation.state.online or kind == "welcome") and kind != "pong":
            self._screen.event(frame)
        if not acceptable(frame):
            return
        if kind == "welcome":
            self._hear_welcome(frame)
        elif kind == "bye":
            self._hear_bye(frame)
        elif kind == "error" and not self._conversation.state.online:
            self._hear_refusal(frame)
        else:
            self._conversation.heard(frame)

    def _hear_welcome(self, frame: Frame) -> None:
        if self._welcomed:
            self._screen.note(good(f"Connected again to server at {self.address}"))
        self._conversation.heard(frame)
        if self._link is not None:
            self._link.welcomed = True
        self._welcomed = True
        self._told_why_not = ""
        self._return_plan.succeeded()
        self._tell_state("online")
        self._show_prompt()
        self._ready.set()

    def _show_prompt(self) -> None:
        self._screen.set_status(self._status_now(time.monotonic()))
        self._screen.set_vocabulary(self._conversation.vocabulary())

    def _status_now(self, now: float) -> Status:
        outgoing, online = self._conversation.state.outgoing, self._conversation.state.online
        seconds = self._return_plan.due - now if self._link is None else 0.0
        link = link_state(online=online, waiting=len(outgoing), seconds=seconds, first=not self._welcomed)
        if self._finished.is_set():
            link = "disconnected"
        again = next_try(waiting=len(outgoing), seconds=seconds)
        return self._conversation.status(link, again, waiting=self._lateness.is_late(outgoing, now, online=online))

    def _status_due(self) -> float:
        """When the status line will say something else by itself."""
        now = time.monotonic()
        return now + 1 if self._link is None else self._lateness.due(now)

    def _hear_refusal(self, frame: Frame) -> None:
        """An error instead of a welcome."""
        if frame["code"] in ANOTHER_NAME and (another := self._names.next()) is not None:
            self._conversation.state.name = another
            if self._link is not None:
                self._introduce(self._link)
        elif frame["code"] == "name_taken":
            name = harmless_line(self._conversation.state.name)
            self._finish(1, f"The name {name} is taken at {self.address}; choose another with --name.")
        elif frame["code"] in PASSING:
            self._lose(harmless_line(frame["text"]).rstrip("."), retry=True)
        else:
            self._finish(1, harmless_line(frame["text"]))

    def _hear_bye(self, frame: Frame) -> None:
        reason = harmless_line(frame.get("text") or frame["code"]).rstrip(".")
        if self._leaving:
            self._finish(0)
        elif frame.get("retry") and self._reconnect:
            self._lose(reason, retry=True)
        else:
            self._finish(0 if frame["code"] == "exit" else 1)
            self._screen.complain(alert(f"Disconnected: {reason}."))

    # --- Sending ------------------------------------------------------------------------------------------------

    def _introduce(self, link: Link) -> None:
        link.send(self._conversation.hello(self._session, self._token))

    def _queue_frames(self) -> None:
        """Put what is to be sent on the link, requests first: they belong to texts that come after them."""
        conversation, link = self._conversation, self._link
        if link is None or not conversation.state.online:
            return
        while conversation.state.requests:
            link.send(conversation.state.requests.popleft())
        while (say := conversation.state.outgoing.next()) is not None:
            link.send({"type": "say", "room": say.room, "text": say.text, "seq": say.seq})

    def _speak(self) -> None:
        if not self._by_force:
            self._queue_frames()
            if self._link is not None:
                self._link.flush()

    def _tend(self) -> None:
        """Do what is due now."""
        now = time.monotonic()
        if self._link is not None:
            self._link.tend()
        self._resend.tend(self._conversation.state.outgoing, now)
        self._news_due = self._conversation.tell_news(now)
        if self._leaving:
            self._say_bye(now)

    def _say_bye(self, now: float) -> None:
        if self._link is None or self._by_force or not self._conversation.state.online:
            self._finish(0)
            return
        step = self._farewell.next(now, waiting=bool(self._conversation.state.outgoing))
        if step is Step.SAY_BYE:
            self._link.send({"type": "bye"})
        elif step is Step.GO:
            self._finish(0)

    # --- Losing the link, and coming back -----------------------------------------------------------------------

    @property
    def _is_first(self) -> bool:
        """No server has had a word for us yet."""
        return not (self._welcomed or self._told_why_not)

    def _drop_link(self) -> None:
        if self._attempt is not None:
            self._attempt.give_up()
            self._attempt = None
        if self._link is not None:
            self._link.close()
        self._link = self.client_socket = None
        self._conversation.disconnected()

    def _lose(self, reason: str, *, retry: bool = False) -> None:
        was_online = self._conversation.state.online
        self._drop_link()
        if self._leaving:
            self._finish(0)
        elif self._is_first and not retry:
            self._finish(1, f"No conversation with {self.address}: {reason}.")
        elif not self._reconnect:
            self._finish(1)
            self._screen.complain(alert(f"Disconnected: {reason}."))
        else:
            self._plan_return(reason)
            if was_online:
                self._screen.complain(alert(f"Disconnected: {reason}. Reconnecting; what you write is kept."))
            elif retry:
                self._tell_why_not(reason)

    def _plan_return(self, reason: str) -> None:
        pause = self._return_plan.plan(time.monotonic())
        self._tell_state("reconnecting", reason=reason, pause=round(pause, 3))

    def _tell_why_not(self, reason: str) -> None:
        """The server answers, and will not have us yet: once for each reason."""
        if reason != self._told_why_not:
            self._told_why_not = reason
            self._screen.complain(alert(f"{as_sentence(reason)} The client tries again; what you write is kept."))
        if self._screen.interactive:
            self._ready.set()  # a pipe's commands wait until there is somebody to obey them

    def _come_back(self) -> None:
        """Connect, when it is time; also for the first time."""
        idle = self._link is None and self._attempt is None and not self._leaving
        if idle and time.monotonic() >= self._return_plan.due:
            connect = partial(open_socket, self.host, self.port, self._patience.connect)
            self._attempt = Attempt(connect, self._intents.ring)
        try:
            connection = self._attempt.connection() if self._attempt else None
        except OSError as problem:
            self._attempt = None
            if not self._is_first:
                raise LinkLost(cause_of(problem)) from None
            self._finish(1, no_connection(self.address, problem))
        else:
            if connection is not None:
                self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        self._attempt, self.client_socket, self._link = None, connection, Link(connection, self._patience)
        if self._is_first:
            self._screen.note(good(f"Connected to server at {self.address}"))
            self._token, problem = secret(self._token_file)
            if problem is not None:
                self._screen.complain(bad(harmless_line(problem)))
        self._introduce(self._link)

    # --- The end ------------------------------------------------------------------------------------------------

    def _finish(self, status: int, sentence: str | None = None) -> None:
        if self._finished.is_set():
            return
        self._exit_status = status
        self._finished.set()
        self._tell_state("offline")
        if sentence is not None:
            self._screen.complain(bad(sentence))

    def _tell_state(self, state: str, **details: Any) -> None:
        waiting = len(self._conversation.state.outgoing)
        self._screen.event({"type": "link", "state": state, "waiting": waiting, **details})


# --- The program ---


def main(argv: Sequence[str] | None = None) -> int:
    try:
        enable_terminal_colors()
        # Still without handlers: this imports, and an exception that a handler raises within an import may get lost.
        client = ChatClient(**asdict(read_command_line(argv)))
        with signals_end_it():
            return client.connect_to_server()
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as ending:
        return int(ending.code or 0)


if __name__ == "__main__":
    sys.exit(main())
