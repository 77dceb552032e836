"""What becomes of a text: counted by its session, given a place, and added to the batch. Run only by the hub's thread.

It must not know sockets, nor when the batch is written.
"""

from __future__ import annotations

import time

from chat_common import LOBBY, partners
from server_parts.hub.amending import Allowed, Amending
from server_parts.hub.bringing import Bringing
from server_parts.hub.slow_elsewhere import SlowElsewhere
from server_parts.hub.state import HubState
from server_parts.people.clients import Client, Room, Session
from server_parts.people.new_rooms import NewRooms
from server_parts.people.slow_mode import SlowMode
from server_parts.protocol import events
from server_parts.protocol.requests import Announce, Refusal, Say
from server_parts.storage.records import Draft


class Saying:
    def __init__(self, state: HubState, amending: Amending) -> None:
        self._amending = amending
        self._bringing = Bringing(state.desk, state.conversations)
        self._store = state.store
        self._live_rooms = state.live_rooms
        self._conversations = state.conversations
        self._batch = state.batch
        self._new_rooms = NewRooms()
        self._rules = state.rules
        self._slow_mode = SlowMode(state.rules)
        self._slow_elsewhere = SlowElsewhere(state, self._slow_mode)
        self._now = 0.0  # what the clock shows to this turn's messages

    def begin_turn(self) -> None:
        self._now = round(time.time(), 3)

    def say(self, client: Client, say: Say) -> None:
        session = client.session
        assert session is not None
        if say.about is not None:
            self._amending.make_way(client, say)
        if say.file is not None:
            self._batch.commit()  # whether it was said before can be seen only then
        if session.unsure:
            self._batch.make_sure(session)
        texts, seq = say.texts, say.seq or session.counted + 1
        if seq != session.counted + 1:
            texts = self._in_turn(client, session, texts, seq)
            seq = session.counted + 1
        if not texts:
            return
        if self._slow_mode.applies(client, say.room) and not say.refusal:
            self._say_slowly(client, say, texts, seq)
            return
        self._say_all(client, say, texts, seq)

    def _say_slowly(self, client: Client, say: Say, texts: list[str], seq: int) -> None:
        """Each text by itself: it may come too soon after the one before."""
        assert client.session is not None
        here, now = client.rooms.get(say.room), time.monotonic()
        if here is not None:
            self._slow_elsewhere.learn(here, now)
        for number, text in enumerate(texts, seq):
            refusal = self._slow_mode.refusal(client, client.session, say.room, number, now)
            self._say_all(client, say._replace(refusal=refusal), [text], number)

    def _say_all(self, client: Client, say: Say, texts: list[str], seq: int) -> None:
        session = client.session
        assert session is not None
        # Before counting: where that fails, nothing is used up.
        place = say.refusal or self._place(client, say.room)
        speaks = None
        if say.about is not None and not isinstance(place, Refusal):
            speaks = self._amending.judge(client, place, say.about, texts[0])
            place = speaks if isinstance(speaks, Refusal) else place
        file = None
        if say.file is not None and not isinstance(place, Refusal):
            found = self._bringing.bring(client, place, say.file, texts[0])
            if isinstance(found, Refusal):
                place = found
            else:
                file, texts = found.attachment, [found.text]
        if client.gone:  # another server has asked for that, which was heard meanwhile
            return
        session.counted += len(texts)
        if isinstance(place, Refusal):
            told = range(seq, seq + len(texts)) if say.seq else [None]
            self._batch.refuse(client, [place._replace(seq=one) for one in told])
        else:
            about = speaks.about if isinstance(speaks, Allowed) else None
            self._batch.add(
                client, Draft(place, self._now, client.name, client.color, texts, session.key, seq, about, file)
            )
            if isinstance(speaks, Allowed) and speaks.judged is not None:
                self._amending.note(client, speaks.judged)
            if client.claiming or place.startswith("@"):
                self._batch.claim(self._live_rooms.names.due_claims(partners(place) or (client.name.lower(),)))
            here = client.rooms.get(place)
            if here is not None and place not in (LOBBY, "") and not place.startswith("@") and self._is_new(here):
                self._batch.found(place, client)

    def announce(self, client: Client, announce: Announce) -> None:
        session = client.session
        assert session is not None
        self._batch.add(client, Draft(LOBBY, self._now, client.name, client.color, [announce.text], session.key, 0))

    def _in_turn(self, client: Client, session: Session, texts: list[str], seq: int) -> list[str]:
        """Of texts that do not begin at their turn, those whose turn it is; the others are answered."""
        self._batch.commit()  # which may fail, and take back what was counted: then this may be its turn after all
        turn = session.counted + 1
        known = len(texts) if seq > turn else min(turn - seq, len(texts))
        for number in range(seq, seq + known):
            self._out_of_turn(client, session, number)
        return texts[known:]

    def _out_of_turn(self, client: Client, session: Session, seq: int) -> None:
        """A text that was sent before its turn, or again because its receipt was lost."""
        if seq > session.accepted:
            text = f"after seq {session.accepted} comes {session.accepted + 1}, not {seq}: send again from there"
            client.tell(Refusal("bad_seq", text, "seq", seq).frame() | {"accepted": session.accepted})
        else:
            client.tell(events.ack(seq, self._store.receipt(session.key, seq)))

    def _is_new(self, room: Room) -> bool:
        """Whether nobody has said anything there, as far as this server knows."""
        return not self._rules.is_begun(room.name, room.last)

    def place_now(self, client: Client, room: str) -> str | Refusal:
        """The room to which the client might say something now, which it may do in a moment."""
        session = client.session
        assert session is not None
        place = self._place(client, room)
        if isinstance(place, Refusal) or not self._slow_mode.applies(client, place):
            return place
        now = time.monotonic()
        self._slow_elsewhere.learn(client.rooms[place], now)
        refusal = self._slow_mode.too_soon(client, session, place, 0, now)
        return place if refusal is None else refusal._replace(seq=None)

    def _place(self, client: Client, room: str) -> str | Refusal:
        """The room that a text goes to."""
        if room.startswith("@"):
            return self._conversations.place(client, client.resolve(room))
        here = client.rooms.get(room)
        if here is None:
            return Refusal("not_in_room", f"you are not in {room}: join it first", "room")
        refusal = None
        if not client.is_owner and self._is_new(here):
            refusal = self._new_rooms.refusal(client.address, room, time.monotonic())
        return refusal or room
