"""The connection to the server, over as many links as it takes: welcomes, refusals, losses, returns.

It decides what each of them means for the course of the run, and tells the person. One thread owns it: the receiver.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from chat_common import Frame, harmless_line, with_local_times
from client_parts.conversation.admission import IN_CLEAR, not_sent
from client_parts.conversation.conversation import Conversation
from client_parts.link.accepted_frames import acceptable
from client_parts.link.course import Course, Stage
from client_parts.link.dialing import Hold
from client_parts.link.distrust import Untrusted, none_is_right
from client_parts.link.link import Link, LinkLost, Patience
from client_parts.link.proving import Proofs
from client_parts.link.reaching import NoneAnswered, Reaching
from client_parts.link.reconnecting import ANOTHER_NAME, FINAL, PASSING, ReturnPlan, cause_of, no_connections
from client_parts.link.refusals import refusal
from client_parts.link.server import Server, Servers
from client_parts.link.server_news import ServerNews
from client_parts.link.trust import Opened, Trust
from client_parts.link.wire import Wire
from client_parts.screen.screen import Screen
from client_parts.screen.view import alert, bad, good

_SENTENCES = ("notice", "error", "bye")  # of the server's own
UNTRUSTED = 3  # exit status: it is not the server that it should be


class Connection:
    def __init__(
        self, servers: Servers, trust: Trust, proofs: Proofs, screen: Screen, conversation: Conversation, course: Course
    ) -> None:
        self.link: Link | None = None
        self._servers = servers
        self._trust = trust
        self._reaching = Reaching(servers, trust)
        self._proofs = proofs
        self._screen = screen
        self._conversation = conversation
        self._course = course
        self._news = ServerNews(screen, are_several=servers.are_several)

    @property
    def return_plan(self) -> ReturnPlan:
        return self._reaching.plan

    @property
    def due(self) -> float:
        """When there is something to do that nobody rings for."""
        return self._reaching.due if self.link is None else self.link.next_deadline()

    @property
    def patience(self) -> Patience:
        return self._servers.patience

    @property
    def is_in_clear(self) -> bool:
        """Whether this run talks to a server elsewhere without encryption."""
        return not (self._server.is_own or self._server.is_encrypted)

    @property
    def where_among_several(self) -> str:
        """At which of several servers this client is."""
        is_there = self._servers.are_several and self._conversation.state.online
        return harmless_line(self._server.address) if is_there else ""

    @property
    def _server(self) -> Server:
        return self._reaching.current

    def way(self) -> Callable[[Hold], Wire] | None:
        """What opens another connection to the server of this link, in any thread; None while there is none."""
        if self.link is None or not self.link.welcomed:
            return None
        server, trust = self._server, self._trust
        try:
            place = self.link.place()
        except OSError:
            return None
        return lambda hold: trust.open(server, place, hold, greets=False).wire

    # --- Opening a link ---

    def prepare(self) -> None:
        """Forget the servers, if that is asked for, before the first try."""
        if self._servers.are_to_be_forgotten:
            try:
                for sentence in self._trust.forget():
                    self._screen.note(good(sentence))
            except Untrusted as problem:
                self.finish(UNTRUSTED, str(problem))

    def come_back(self, ring: Callable[[], None]) -> None:
        """Connect, when it is time; also for the first time. `ring` is called when a try has an outcome."""
        if self.link is not None or self._course.is_leaving or self._course.is_over:
            return
        try:
            opened = self._reaching.step(time.monotonic(), ring)
        except NoneAnswered as failure:
            self._fail(failure)
        except Untrusted as problem:
            self.finish(UNTRUSTED, str(problem))
        else:
            if opened is not None:
                self._begin(opened)

    def _fail(self, failure: NoneAnswered) -> None:
        """No server can be reached, or none that is the right one."""
        self._news.found_out(failure.distrusted.values())
        if not failure.failed:
            sentences = [str(problem) for problem in failure.distrusted.values()]
            self.finish(UNTRUSTED, none_is_right() if self._servers.are_several else sentences[0])
        elif self._course.stage is not Stage.STARTING:
            raise LinkLost(cause_of(list(failure.failed.values())[-1])) from None
        else:
            problems = {server.address: problem for server, problem in failure.failed.items()}
            self.finish(UNTRUSTED if failure.distrusted else 1, no_connections(problems))

    def _begin(self, opened: Opened) -> None:
        self._news.found_out(self._reaching.distrusted.values())
        self._trust.settle(opened)
        self.link = Link(opened.wire, self._servers.patience, is_encrypted=self._server.is_encrypted)
        is_first = not self._news.has_told_where
        if not self._course.has_been_welcomed:
            self._news.connected(self._server)
        if is_first and (problem := self._proofs.load()):
            self._screen.complain(bad(harmless_line(problem)))
        self._proofs.begin(opened.audience)
        self._introduce()

    def _introduce(self) -> None:
        state = self._conversation.state
        if self.link is None:
            return
        state.here, state.site = self._trust.invitation, self._server.site
        state.exposure = self._trust.doubt if self.link.is_confidential else IN_CLEAR
        if state.admission.has_password and state.exposure:
            self.finish(1, not_sent(state.exposure))
        else:
            proofs = self._proofs
            self.link.send(self._conversation.hello(proofs.session, proofs.token, proofs.former_token))

    # --- What the server says ---

    def hear(self, frame: Frame) -> None:
        """Take in a frame: what it says about the connection here, everything else in the conversation."""
        kind, online = frame.get("type"), self._conversation.state.online
        # Programs are told everything from the welcome on, but for the answer to our own question.
        if (online or kind == "welcome") and kind != "pong":
            self._screen.event(frame)
        if not acceptable(frame):
            return
        if frame.get("text") and kind in _SENTENCES:
            frame = {**frame, "text": with_local_times(frame["text"])}
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
            self._news.connected_again(self._server)
        # Not before: what answers there may be no chat but, say, the login page of an inn.
        try:
            news = self._trust.remember()
        except Untrusted as problem:
            self.finish(UNTRUSTED, str(problem))
            return
        if news:
            self._screen.note(alert(harmless_line(news)))
        self._conversation.heard(frame)
        if self.link is not None:
            self.link.welcomed = True
        self._course.reach(Stage.WELCOMED)
        self._news.welcomed()
        self.return_plan.succeeded()
        self._tell_programs("online")

    def _hear_refusal(self, frame: Frame) -> None:
        """An error instead of a welcome."""
        state, reason = self._conversation.state, harmless_line(frame["text"])
        # A password is for one name: it is shown to nobody else's.
        may_change = frame["code"] in ANOTHER_NAME and not state.admission.has_password
        if frame["code"] == "name_taken" and self._proofs.add_former(state.name):
            self._introduce()
        elif may_change and (another := self._proofs.next_name()) is not None:
            state.name = another
            self._introduce()
        elif frame["code"] in PASSING or self._is_locked_out(frame):
            self.lose(reason.rstrip("."), retry=True)
        else:
            state.admission.is_password_wrong = frame["code"] == "password_wrong"
            name, address = harmless_line(state.name), self._server.address
            self.finish(1, refusal(frame["code"], reason, name, address, state.admission))

    def _is_locked_out(self, frame: Frame) -> bool:
        """Whether it is a lockdown that keeps somebody out who was in: it ends by itself."""
        return bool(self._course.has_been_welcomed and frame["code"] == "invite_needed" and frame.get("until"))

    def _hear_bye(self, frame: Frame) -> None:
        reason = harmless_line(frame.get("text") or frame["code"]).rstrip(".")
        if frame["code"] == "not_encrypted":  # what the server says is for other programs
            reason = "the server accepts only encrypted connections; use --tls"
        if self._course.is_leaving:
            self.finish(0)
        elif self._course.is_over:
            pass  # the sentence before it has said why
        elif frame.get("retry") and frame["code"] not in FINAL and self._may_go_on:
            self.lose(reason, retry=True)
        else:
            self.finish(0 if frame["code"] == "exit" else 1)
            self._screen.complain(alert(f"Disconnected: {reason}."))

    # --- Losing the link ---

    @property
    def _may_go_on(self) -> bool:
        """Whether a lost link is not the end: also without reconnecting, all servers are tried the first time."""
        return self._servers.reconnect or (self._reaching.has_more and not self._course.has_been_welcomed)

    def lose(self, reason: str, *, retry: bool = False) -> None:
        """The link is gone, or is of no use; `retry` if the server said to come again."""
        was_online = self._conversation.state.online
        self.drop()
        if self._course.is_leaving:
            self.finish(0)
        elif self._course.stage is Stage.STARTING and not retry:
            self._fail_to_join(reason)
        elif not self._may_go_on:
            self.finish(1)
            self._screen.complain(alert(f"Disconnected: {reason}."))
        else:
            self._plan_return(reason, was_welcomed=was_online)
            if was_online:
                self._screen.complain(alert(f"Disconnected: {reason}. Reconnecting; what you write is kept."))
            elif retry:
                self._tell_why_not(reason)

    def _fail_to_join(self, reason: str) -> None:
        """There is no chat there, or no peace in it; perhaps another server has."""
        sentence = f"Could not join the chat at {self._server.address}: {reason}."
        if self._reaching.has_more:
            self._screen.complain(bad(harmless_line(sentence)))
            self._plan_return(reason)
        else:
            self.finish(1, sentence)

    def _plan_return(self, reason: str, *, was_welcomed: bool = False) -> None:
        pause = self._reaching.lost(time.monotonic(), reason, was_welcomed=was_welcomed)
        self._tell_programs("reconnecting", reason=reason, pause=round(pause, 3))

    def _tell_why_not(self, reason: str) -> None:
        """The server answers, but does not let this client in yet."""
        self._course.reach(Stage.TURNED_AWAY)
        self._news.turned_away(self._server, reason)
        if self._screen.interactive:
            self._course.ready.set()  # a pipe's commands wait until there is somebody to obey them

    def drop(self) -> None:
        """Close the link, or give up the tries to open one."""
        self._reaching.give_up()
        if self.link is not None:
            self.link.close()
        self.link = None
        self._conversation.disconnected()

    def finish(self, status: int, sentence: str | None = None) -> None:
        """The chat is over, with that exit status; the sentence says why."""
        if self._course.finish(status):
            self._tell_programs("offline")
            if sentence is not None:
                self._screen.complain(bad(harmless_line(sentence)))

    def _tell_programs(self, state: str, **details: Any) -> None:
        waiting = len(self._conversation.state.outgoing)
        where = {"server": self._server.address, "encrypted": self._server.is_encrypted}
        self._screen.event({"type": "link", "state": state, "waiting": waiting, **where, **details})
