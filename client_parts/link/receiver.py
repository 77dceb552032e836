"""The receiver: the loop of the one thread that owns the connection and the conversation.

It receives, carries out what was typed, does what falls due, and sends.
"""

from __future__ import annotations

import math
import selectors
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from client_parts.conversation.conversation import Conversation
from client_parts.input.commands import Intent, Text
from client_parts.input.intent_queue import IntentQueue
from client_parts.link.connection import Connection
from client_parts.link.course import Course
from client_parts.link.leaving import Farewell, Step
from client_parts.link.link import LinkLost
from client_parts.link.reconnecting import Lateness, ResendPlan, link_state, next_try
from client_parts.screen.screen import Screen
from client_parts.screen.status import Status


class Porter(Protocol):
    """Whoever moves the bytes of files, beside the link."""

    def begin(self, ring: Callable[[], None]) -> None:
        """`ring` is to be called, in any thread, when there is something to tend."""

    def tend(self, now: float) -> None: ...

    def leave(self) -> None:
        """This person leaves: end all that goes on, while the server can still be told."""

    def end(self) -> None:
        """End all that goes on, and wait for it."""


class Receiver:
    def __init__(
        self,
        screen: Screen,
        conversation: Conversation,
        connection: Connection,
        course: Course,
        porter: Porter,
        *,
        ends_with_its_reader: bool,
    ) -> None:
        """`ends_with_its_reader`: when nobody sees any more what is shown. A pipe goes on sending all the same."""
        patience = connection.patience
        self._screen = screen
        self._conversation = conversation
        self._connection = connection
        self._course = course
        self._porter = porter
        self._ends_with_its_reader = ends_with_its_reader
        self._farewell = Farewell(patience)
        self._resend = ResendPlan(patience)
        self._lateness = Lateness()
        self._taken: deque[Intent] = deque()  # from the input loop, and not carried out yet
        self._news_due = math.inf  # when the conversation has something to tell by itself

    @property
    def owes_receipts(self) -> bool:
        """Whether a text has waited for its receipt for a while, or there is nobody to send one. Any thread may ask."""
        return self._lateness.late or not self._conversation.state.online

    def run(self, intents: IntentQueue) -> None:
        """From the first hello to the last goodbye."""
        self.show_prompt()
        self._porter.begin(intents.ring)
        self._connection.prepare()
        while not self._course.is_over:
            self._wait_for_something(intents)
            self._take_a_turn(intents)
        self._course.ready.set()
        self._taken += intents.take()
        self._obey()  # a text that was typed in the last instant is to be given back too

    def end(self) -> None:
        """Close the link, end what goes on beside it, and let the input loop wait for nothing more."""
        self._connection.drop()
        self._porter.end()
        self.show_prompt()
        self._course.ready.set()

    def _take_a_turn(self, intents: IntentQueue) -> None:
        is_leaving = self._course.is_leaving  # before all: what was typed until then is taken in this turn
        self._taken += intents.take()  # who rings from now on is heard in the next turn
        try:
            self._connection.come_back(intents.ring)
            self._listen()
            self._obey()
            self._tend(is_leaving=is_leaving)
            self._speak()
        except LinkLost as loss:
            self._connection.lose(str(loss))
        files = 0 if self._screen.interactive else len(self._conversation.transfers.errands)
        intents.report(len(self._conversation.state.outgoing) + files)
        self.show_prompt()
        if self._course.is_leaving and not is_leaving:
            intents.ring()  # whoever left since the turn began may have rung before the bell was read
        if self._screen.broken and self._ends_with_its_reader:
            self._connection.finish(0)

    # --- Waiting ---

    def _wait_for_something(self, intents: IntentQueue) -> None:
        """Sleep until the server or the input loop has something, or something falls due."""
        link = self._connection.link
        with selectors.DefaultSelector() as selector:
            selector.register(intents, selectors.EVENT_READ)
            if link is not None:
                writing = selectors.EVENT_WRITE if link.has_outgoing else 0
                selector.register(link, selectors.EVENT_READ | writing)
            selector.select(max(0.0, self._next_due() - time.monotonic()))

    def _next_due(self) -> float:
        dues = (self._connection.due, self._status_due(), self._resend.due, self._farewell.due, self._news_due)
        return min(due for due in dues if due is not None)

    # --- What comes in ---

    def _listen(self) -> None:
        link = self._connection.link
        frames = link.receive() if link else ()
        with self._screen.together():
            for frame in frames:
                if self._course.is_leaving:
                    self._conversation.stop_reading()
                self._connection.hear(frame)
                self._note_readiness()
                if frame.get("type") == "message":
                    self._resend.bring_forward(time.monotonic())
                if self._connection.link is not link:
                    break

    def _note_readiness(self) -> None:
        """With the first welcome the input loop may go on; the status row says so before."""
        if self._conversation.state.online and not self._course.ready.is_set():
            self.show_prompt()
            self._course.ready.set()

    def _obey(self) -> None:
        # Before the first welcome texts wait to be sent, and a command for what it can ask; but all in their order.
        while self._taken and (self._course.ready.is_set() or isinstance(self._taken[0], Text)):
            self._conversation.obey(self._taken.popleft())
            self._queue_frames()
            if self._screen.interactive:
                self._connection.return_plan.bring_forward()
                self._resend.bring_forward(time.monotonic())

    # --- What falls due ---

    def _tend(self, *, is_leaving: bool) -> None:
        now = time.monotonic()
        if (link := self._connection.link) is not None:
            link.tend()
        self._resend.tend(self._conversation.state.outgoing, now)
        self._porter.tend(now)
        self._news_due = self._conversation.tell_news(now)
        if is_leaving:
            self._porter.leave()
            self._queue_frames()
            self._say_bye(now)

    def _say_bye(self, now: float) -> None:
        state, link = self._conversation.state, self._connection.link
        if link is None or self._course.is_by_force or not state.online:
            self._connection.finish(0)
            return
        step = self._farewell.next(now, waiting=bool(state.outgoing))
        if step is Step.SAY_BYE:
            link.send({"type": "bye"})
        elif step is Step.GO:
            self._connection.finish(0)

    # --- Sending ---

    def _queue_frames(self) -> None:
        """Put what is to be sent on the link, requests first: they belong to texts that come after them."""
        state, link = self._conversation.state, self._connection.link
        if link is None or not state.online:
            return
        while state.requests:
            link.send(state.requests.popleft())
        while (say := state.outgoing.next()) is not None:
            link.send(say.frame())

    def _speak(self) -> None:
        if not self._course.is_by_force:
            self._queue_frames()
            if (link := self._connection.link) is not None:
                link.flush()

    # --- The status row ---

    def show_prompt(self) -> None:
        self._screen.set_status(self._status(time.monotonic()))
        self._screen.set_vocabulary(self._conversation.vocabulary())

    def _status(self, now: float) -> Status:
        outgoing, online = self._conversation.state.outgoing, self._conversation.state.online
        seconds = self._connection.return_plan.due - now if self._connection.link is None else 0.0
        first = not self._course.has_been_welcomed
        link = link_state(online=online, waiting=len(outgoing), seconds=seconds, first=first)
        if self._course.is_over:
            link = "disconnected"
        again = next_try(waiting=len(outgoing), seconds=seconds)
        late = self._lateness.is_late(outgoing, now, online=online)
        connection = self._connection
        status = self._conversation.status(link, again, waiting=late, in_clear=connection.is_in_clear)
        return replace(status, server=connection.where_among_several)

    def _status_due(self) -> float:
        """When the status row will say something else by itself."""
        now = time.monotonic()
        return now + 1 if self._connection.link is None else self._lateness.due(now)
