"""The files on their way, up and down: what is asked of the server for them, what came of it, how far they are.

The bytes are moved elsewhere: `orders` says what is to be done there, and `take` hears what came of it. It knows no
socket, no thread and no clock but the one that it is given.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from chat_common import Frame, harmless_line
from client_parts.conversation.delivery import Attached
from client_parts.conversation.state import State
from client_parts.conversation.whereabouts import PASSING, Whereabouts
from client_parts.files.errands import (
    Begin,
    Cancel,
    Done,
    Errand,
    Failed,
    Fetching,
    Grant,
    Interrupt,
    Lost,
    Moved,
    News,
    Order,
    Ready,
    Sending,
)
from client_parts.files.http import is_path
from client_parts.files.local import too_large
from client_parts.files.progress import size_text, step
from client_parts.screen.file_mark import shown_name
from client_parts.screen.filing import status_words, step_line, unfinished
from client_parts.screen.view import as_sentence, good

MOST: Final = 3  # at once, as servers allow for uploads; the others wait
_AGAIN: Final = 2.0  # seconds before the server is asked again that could not say
_MOST_RESTARTS: Final = 3  # times that a server may have forgotten a file in a row


class Transfers:
    def __init__(self, state: State) -> None:
        self.orders: deque[Order] = deque()
        self.whereabouts = Whereabouts(state)
        self.failed = 0  # how many did not come to their end
        self._state = state
        self._waiting: deque[Errand] = deque()  # for others to be done
        self._begun: dict[int, Errand] = {}
        self._wanting: dict[int, float | None] = {}  # those that wait for the server, and when it is asked again
        self._asked: set[int] = set()  # those of them for which it was asked, over this connection
        self._restarts: dict[int, int] = {}
        self._steps: dict[int, int] = {}

    @property
    def errands(self) -> list[Errand]:
        """All that are not done, the oldest first."""
        return [*self._begun.values(), *self._waiting]

    def find(self, number: int) -> Errand | None:
        return next((errand for errand in self.errands if errand.number == number), None)

    def status(self) -> tuple[str, ...]:
        return status_words(self.errands)

    def unfinished(self) -> list[str]:
        return [unfinished(errand) for errand in self.errands]

    # --- Begin and end ---

    def begin(self, errand: Errand) -> None:
        self._waiting.append(errand)
        self._begin_more()

    def cancel(self, errand: Errand) -> None:
        self._waiting = deque(one for one in self._waiting if one is not errand)
        if errand.number in self._begun:
            self.orders.append(Cancel(errand.number))
        self._give_back_the_place(errand)
        self._forget(errand.number)
        self._state.note(f"* cancelled: {shown_name(errand.name)}")

    def leave(self) -> None:
        """Nobody goes on with these in this run."""
        for errand in self.errands:
            self._give_back_the_place(errand)

    def _give_back_the_place(self, errand: Errand) -> None:
        """Have the server forget a file that will not be sent to the end: only so many may wait there."""
        if isinstance(errand, Sending) and errand.id is not None:
            self._state.ask_quietly({"type": "upload", "ref": str(errand.number), "id": errand.id, "cancel": True})

    def _begin_more(self) -> None:
        while self._waiting and len(self._begun) < MOST:
            errand = self._waiting.popleft()
            self._begun[errand.number] = errand
            self.orders.append(Begin(errand))
            if isinstance(errand, Fetching):
                self._want(errand)

    def _forget(self, number: int) -> None:
        for known in (self._begun, self._wanting, self._restarts, self._steps):
            known.pop(number, None)
        self._asked.discard(number)
        self._begin_more()

    def _fail(self, errand: Errand, sentence: str) -> None:
        if errand.number in self._begun:
            self.orders.append(Cancel(errand.number))
        self.failed += 1
        self._state.complain(sentence)
        self._forget(errand.number)

    # --- What the threads tell ---

    def take(self, news: News, now: float) -> None:
        errand = self._begun.get(news.number)
        if errand is None:
            return
        if isinstance(news, Moved):
            errand.progress.move(news.done, now)
            self._restarts.pop(news.number, None)
            self._tell_steps(errand)
        elif isinstance(news, Ready) and isinstance(errand, Sending):
            errand.sha256 = news.sha256
            self._want(errand)
        elif isinstance(news, Lost):
            self._lose(errand, is_gone=news.is_gone)
        elif isinstance(news, Done):
            errand.progress.move(errand.progress.size, now)
            self._tell_steps(errand)
            self._finish(errand, news)
        elif isinstance(news, Failed):
            self._begun.pop(news.number)  # its thread has ended
            self._fail(errand, as_sentence(news.sentence))

    def _tell_steps(self, errand: Errand) -> None:
        """A line for each tenth, where there is no status row."""
        reached = step(errand.progress.percent)
        if not self._state.board.rich and reached > self._steps.get(errand.number, 0):
            self._steps[errand.number] = reached
            self._state.board.complain(step_line(errand))

    def _lose(self, errand: Errand, *, is_gone: bool) -> None:
        errand.progress.pause()
        if is_gone:
            self._restarts[errand.number] = self._restarts.get(errand.number, 0) + 1
        if self._restarts.get(errand.number, 0) > _MOST_RESTARTS:
            self._fail(errand, f"The server does not find {shown_name(errand.name)} any more.")
        else:
            self._want(errand)

    def _finish(self, errand: Errand, done: Done) -> None:
        self._begun.pop(errand.number)
        self._forget(errand.number)
        if isinstance(errand, Sending) and errand.id is not None:
            self._state.outgoing.add(errand.room, errand.caption, attached=Attached(errand.id, errand.name))
        elif isinstance(errand, Fetching) and errand.target is not None:
            size = size_text(errand.progress.size)
            self._state.board.note(good(f"Saved {harmless_line(done.path)} ({size})."))
        elif isinstance(errand, Fetching) and not self._state.board.picture(done.data):
            self.whereabouts.tell(errand.id)

    # --- What the server is asked ---

    def welcomed(self) -> None:
        """The server knows this client again: whatever waits is asked for."""
        for errand in [self._begun[number] for number in self._wanting]:
            self._ask_for(errand)
        self.whereabouts.ask_again()

    def disconnected(self) -> None:
        """What was asked is not answered any more; and what is moving goes on where the next connection leads."""
        self.orders.extend(Interrupt(number) for number in self._begun if number not in self._wanting)
        self._asked.clear()
        self.whereabouts.forget()

    def tend(self, now: float) -> float:
        """Ask again what the server could not say. Returns when to come back."""
        for number, when in list(self._wanting.items()):
            if when is None:
                self._wanting[number] = now + _AGAIN
            elif when <= now and number in self._begun:
                self._ask_for(self._begun[number])
        return min((when for when in self._wanting.values() if when is not None and when > now), default=math.inf)

    def _want(self, errand: Errand) -> None:
        """It cannot go on without the server."""
        self._wanting[errand.number] = 0.0
        self._ask_for(errand)

    def _ask_for(self, errand: Errand) -> None:
        state = self._state
        if not state.online or errand.number in self._asked or self._begun.get(errand.number) is not errand:
            return
        if (problem := self.why_none()) is not None and isinstance(errand, Sending):
            self._fail(errand, problem)
            return
        self._asked.add(errand.number)
        if isinstance(errand, Fetching):
            self.whereabouts.ask(errand.id, lambda frame, sentence: self._located(errand, frame, sentence))
        elif errand.id is not None:
            state.ask_quietly({"type": "upload", "ref": str(errand.number), "id": errand.id})
        elif state.file_limit is not None and errand.local.size > state.file_limit:
            self._fail(errand, too_large(shown_name(errand.name), errand.local.size, state.file_limit))
        else:
            frame: Frame = {"type": "upload", "ref": str(errand.number), "room": errand.room, "name": errand.name}
            state.ask_quietly({**frame, "size": errand.local.size, "sha256": errand.sha256})

    def why_none(self) -> str | None:
        """One sentence if this server takes no files."""
        if not self._state.knows_files:
            return "This server is too old for that: it takes no files."
        return "This server takes no files." if self._state.file_limit is None else None

    def granted(self, frame: Frame) -> None:
        """Take in the answer to an upload."""
        errand = self._asked_for(frame["ref"])
        if not isinstance(errand, Sending):
            return
        errand.id = frame["id"]
        self._state.view.shelf.bind(errand.number, frame["id"])
        self._grant(errand, frame["url"], frame["offset"])

    def _asked_for(self, ref: str) -> Errand | None:
        number = int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 10 else 0
        return self._begun.get(number) if number in self._asked else None

    def _grant(self, errand: Errand, url: str, offset: int = 0) -> None:
        self._wanting.pop(errand.number, None)
        self._asked.discard(errand.number)
        if is_path(url):
            self.orders.append(Grant(errand.number, url, offset))
        else:
            self._fail(errand, f"The server names no usable address for {shown_name(errand.name)}.")

    def refused(self, frame: Frame) -> bool:
        """Take in an error. Returns whether it is about a file."""
        if (ref := frame.get("ref")) is not None and isinstance(errand := self._asked_for(ref), Sending):
            self._refuse(errand, frame)
            return True
        return self.whereabouts.refused(frame)

    def _refuse(self, errand: Sending, frame: Frame) -> None:
        self._asked.discard(errand.number)
        if frame["code"] in PASSING:
            self._wanting[errand.number] = None
        elif frame["code"] == "no_such_file" and errand.id is not None:
            errand.id = None  # it was thrown away meanwhile
            self._lose(errand, is_gone=True)
        else:
            self._fail(errand, f"{shown_name(errand.name)} was not sent: {as_sentence(frame['text'])}")

    def _located(self, errand: Fetching, frame: Frame | None, sentence: str) -> None:
        self._asked.discard(errand.number)
        if self._begun.get(errand.number) is not errand:
            return  # it was cancelled
        if frame is not None:
            self._grant(errand, frame["url"])
        elif sentence:
            self._fail(errand, f"{shown_name(errand.name)} was not fetched: {sentence}")
