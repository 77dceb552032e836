"""The connection to the server, over as many links as it takes: welcomes, refusals, losses, returns.

It decides what each of them means for the course of the run, and tells the person. One thread owns it: the receiver.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from chat_common import Frame, format_address, harmless_line
from client_parts.conversation.conversation import Conversation
from client_parts.kept.identity import Identity
from client_parts.link.accepted_frames import acceptable
from client_parts.link.attempt import Attempt
from client_parts.link.course import Course, Stage
from client_parts.link.link import Link, LinkLost, Patience, open_socket
from client_parts.link.reconnecting import ANOTHER_NAME, FINAL, PASSING, ReturnPlan, cause_of, no_connection
from client_parts.link.refusals import not_encrypted, refusal
from client_parts.screen.screen import Screen
from client_parts.screen.view import alert, as_sentence, bad, good


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is, and how patient this client is with it."""

    host: str
    port: int
    patience: Patience
    reconnect: bool = True

    @property
    def address(self) -> str:
        return format_address(self.host, self.port)


class Connection:
    def __init__(
        self, server: Server, identity: Identity, screen: Screen, conversation: Conversation, course: Course
    ) -> None:
        self.link: Link | None = None
        self.return_plan = ReturnPlan(server.patience)
        self._server = server
        self._identity = identity
        self._screen = screen
        self._conversation = conversation
        self._course = course
        self._attempt: Attempt | None = None  # to open a link
        self._told_why_not = ""  # why the server does not let this client in

    @property
    def due(self) -> float:
        """When there is something to do that nobody rings for."""
        if self.link is not None:
            return self.link.next_deadline()
        return self.return_plan.due if self._attempt is None else math.inf  # it rings

    # --- Opening a link ---

    def come_back(self, ring: Callable[[], None]) -> None:
        """Connect, when it is time; also for the first time. `ring` is called when an attempt has an outcome."""
        idle = self.link is None and self._attempt is None and not self._course.is_leaving
        if idle and time.monotonic() >= self.return_plan.due:
            server = self._server
            self._attempt = Attempt(partial(open_socket, server.host, server.port, server.patience.connect), ring)
        try:
            opened = self._attempt.connection() if self._attempt else None
        except OSError as problem:
            self._attempt = None
            self._fail(problem)
        else:
            if opened is not None:
                self._begin(opened)

    def _fail(self, problem: OSError) -> None:
        if self._course.stage is not Stage.STARTING:
            raise LinkLost(cause_of(problem)) from None
        self.finish(1, no_connection(self._server.address, problem))

    def _begin(self, opened: socket.socket) -> None:
        self._attempt, self.link = None, Link(opened, self._server.patience)
        if self._course.stage is Stage.STARTING:
            self._screen.note(good(f"Connected to server at {self._server.address}"))
            if problem := self._identity.load_token():
                self._screen.complain(bad(harmless_line(problem)))
        self._introduce()

    def _introduce(self) -> None:
        state = self._conversation.state
        if self.link is None:
            return
        state.confidential = self.link.is_confidential
        if state.admission.has_password and not state.confidential:
            self.finish(1, not_encrypted(self._server.address))
        else:
            self.link.send(self._conversation.hello(self._identity.session, self._identity.token))

    # --- What the server says ---

    def hear(self, frame: Frame) -> None:
        """Take in a frame: what it says about the connection here, everything else in the conversation."""
        kind, online = frame.get("type"), self._conversation.state.online
        # Programs are told everything from the welcome on, but for the answer to our own question.
        if (online or kind == "welcome") and kind != "pong":
            self._screen.event(frame)
        if not acceptable(frame):
            return
        if kind == "welcome":
            self._hear_welcome(frame)
        elif kind == "bye":
            self._hear_bye(frame)
        elif kind == "error" and not online:
            self._hear_refusal(frame)
        else:
            self._conversation.heard(frame)

    def _hear_welcome(self, frame: Frame) -> None:
        if self._course.has_been_welcomed:
            self._screen.note(good(f"Connected again to server at {self._server.address}"))
        self._conversation.heard(frame)
        if self.link is not None:
            self.link.welcomed = True
        self._course.reach(Stage.WELCOMED)
        self._told_why_not = ""
        self.return_plan.succeeded()
        self._tell_programs("online")

    def _hear_refusal(self, frame: Frame) -> None:
        """An error instead of a welcome."""
        state, reason = self._conversation.state, harmless_line(frame["text"])
        # A password is for one name: it is shown to nobody else's.
        may_change = frame["code"] in ANOTHER_NAME and not state.admission.has_password
        if may_change and (another := self._identity.next_name()) is not None:
            state.name = another
            self._introduce()
        elif frame["code"] in PASSING:
            self.lose(reason.rstrip("."), retry=True)
        else:
            name, address = harmless_line(state.name), self._server.address
            self.finish(1, refusal(frame["code"], reason, name, address, state.admission))

    def _hear_bye(self, frame: Frame) -> None:
        reason = harmless_line(frame.get("text") or frame["code"]).rstrip(".")
        if self._course.is_leaving:
            self.finish(0)
        elif self._course.is_over:
            pass  # the sentence before it has said why
        elif frame.get("retry") and frame["code"] not in FINAL and self._server.reconnect:
            self.lose(reason, retry=True)
        else:
            self.finish(0 if frame["code"] == "exit" else 1)
            self._screen.complain(alert(f"Disconnected: {reason}."))

    # --- Losing the link ---

    def lose(self, reason: str, *, retry: bool = False) -> None:
        """The link is gone, or is of no use; `retry` if the server said to come again."""
        was_online = self._conversation.state.online
        self.drop()
        if self._course.is_leaving:
            self.finish(0)
        elif self._course.stage is Stage.STARTING and not retry:
            self.finish(1, f"Could not join the chat at {self._server.address}: {reason}.")
        elif not self._server.reconnect:
            self.finish(1)
            self._screen.complain(alert(f"Disconnected: {reason}."))
        else:
            self._plan_return(reason)
            if was_online:
                self._screen.complain(alert(f"Disconnected: {reason}. Reconnecting; what you write is kept."))
            elif retry:
                self._tell_why_not(reason)

    def _plan_return(self, reason: str) -> None:
        pause = self.return_plan.plan(time.monotonic())
        self._tell_programs("reconnecting", reason=reason, pause=round(pause, 3))

    def _tell_why_not(self, reason: str) -> None:
        """The server answers, but does not let this client in yet: said once for each reason."""
        self._course.reach(Stage.TURNED_AWAY)
        if reason != self._told_why_not:
            self._told_why_not = reason
            self._screen.complain(alert(f"{as_sentence(reason)} The client tries again; what you write is kept."))
        if self._screen.interactive:
            self._course.ready.set()  # a pipe's commands wait until there is somebody to obey them

    def drop(self) -> None:
        """Close the link, or give up the attempt to open one."""
        if self._attempt is not None:
            self._attempt.give_up()
            self._attempt = None
        if self.link is not None:
            self.link.close()
        self.link = None
        self._conversation.disconnected()

    def finish(self, status: int, sentence: str | None = None) -> None:
        """The chat is over, with that exit status; the sentence says why."""
        if self._course.finish(status):
            self._tell_programs("offline")
            if sentence is not None:
                self._screen.complain(bad(sentence))

    def _tell_programs(self, state: str, **details: Any) -> None:
        waiting = len(self._conversation.state.outgoing)
        self._screen.event({"type": "link", "state": state, "waiting": waiting, **details})
