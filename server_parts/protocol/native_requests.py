"""The one place where the fields of native frames are checked. It must not know who asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

from chat_common import (
    MAX_LINE,
    Frame,
    FrameError,
    check_values,
    color_problem,
    encode_frame,
    harmless_line,
    is_guest,
    is_name,
    name_problem,
    room_problem,
    storable,
)
from server_parts.protocol.requests import (
    DEFAULT_HISTORY,
    DEFAULT_PAGE,
    LIST_LIMIT,
    MAX_LIST,
    MAX_PAGE,
    MAX_UTC_OFFSET,
    MAX_WITHOUT,
    Away,
    Bye,
    Color,
    Hello,
    History,
    Join,
    Leave,
    Nick,
    Ping,
    Refusal,
    Request,
    Rooms,
    Say,
    Search,
    Who,
    text_refusal,
)
from server_parts.storage.search_query import MAX_ECHO, query_problem

MAX_RESULTS: Final = 100


MAX_ROOMS_AT_ONCE: Final = 1_000


MAX_AWAY: Final = 200


MAX_CLIENT: Final = 60


_SESSION = re.compile(r"[A-Za-z0-9_-]{16,64}")


_TOKEN = re.compile(r"[!-~]{16,256}")


def from_frame(frame: Frame) -> Request:
    """The request that a native frame makes; FrameError says what is wrong with it."""
    kind = frame.get("type")
    if kind == "say":
        return _say(frame)
    check_values(frame)
    if not isinstance(kind, str):
        raise FrameError("bad_field", "every frame has a type, a string", "type")
    make = _MAKERS.get(kind)
    if make is None:
        raise FrameError("unknown_type", f"there is no request of the type {kind[:MAX_ECHO]}", "type")
    return make(frame)


def _say(frame: Frame) -> Say:
    """A say that is refused for what it says still counts, so only a wrong `seq` is an error of the frame."""
    seq = _number(frame, "seq", low=1)
    room, text = frame.get("room"), frame.get("text")
    try:
        check_values(frame)
        text = _string(frame, "text")
        room = _place(_string(frame, "room"), "room")
    except FrameError as error:
        return Say("", [""], seq, Refusal(error.code, error.text, error.field, seq))
    return Say(room, [text], seq, text_refusal(text, seq))


def plain_says(values: Iterable[Any]) -> list[Request] | None:
    """What nearly all frames are, in half the time: texts with nothing to object to. None: look at each by itself."""
    says: list[Request] = []
    texts = []
    try:
        for frame in values:
            text = _string(frame, "text")
            if frame["type"] != "say" or len(frame) != 4 or text_refusal(text):
                return None
            texts.append(text)
            says.append(Say(_place(frame["room"], "room"), [text], _number(frame, "seq", low=1)))
    except (AttributeError, KeyError, TypeError, FrameError):
        return None
    everything = "".join(texts)
    return says if storable(everything) == everything else None


def _hello(frame: Frame) -> Hello:
    if _number(frame, "protocol") != 1:
        raise FrameError("protocol_version", "this server speaks protocol 1", "protocol")
    session = _string(frame, "session")
    if not _SESSION.fullmatch(session):
        raise FrameError("bad_field", "a session is 16 to 64 characters of A-Z a-z 0-9 _ -", "session")
    token = _optional_string(frame, "token")
    if token is not None and not _TOKEN.fullmatch(token):
        raise FrameError("bad_field", "a token is 16 to 256 visible ASCII characters", "token")
    return Hello(
        name=_own_name(frame),
        session=session,
        color=None if frame.get("color") is None else _color_of(frame),
        token=token,
        rooms=_rooms_of(frame),
        epoch=_optional_string(frame, "epoch"),
        history=_recent(frame),
        client=harmless_line(_optional_string(frame, "client") or "")[:MAX_CLIENT],
        shares_name="by" in _features(frame),
    )


def _features(frame: Frame) -> list[Any]:
    """What the client knows of what was added to the protocol; what we do not know of it means nothing here."""
    features = frame.get("features")
    if features is not None and not isinstance(features, list):
        raise FrameError("bad_field", "features is a list of strings", "features")
    return features or []


def _rooms_of(frame: Frame) -> dict[str, int | None] | None:
    rooms = frame.get("rooms")
    if rooms is None:
        return None
    if not isinstance(rooms, dict):
        raise FrameError("bad_field", "rooms is an object: room name to the last id seen, or null", "rooms")
    if len(rooms) > MAX_ROOMS_AT_ONCE:
        raise FrameError("bad_field", f"too many rooms at once: {len(rooms)} > {MAX_ROOMS_AT_ONCE}", "rooms")
    for last in rooms.values():
        if last is not None and (type(last) is not int or last < 0):
            raise FrameError("bad_field", "the last id seen in a room is a whole number or null", "rooms")
    return {_place(room, "rooms"): last for room, last in rooms.items()}


def _join(frame: Frame) -> Join:
    after = None if frame.get("after") is None else _number(frame, "after", low=0)
    return Join(_room(frame), after, _recent(frame))


def _history(frame: Frame) -> History:
    before = None if frame.get("before") is None else _number(frame, "before", low=0)
    return History(_room(frame), before, _count(frame, "limit", DEFAULT_PAGE, MAX_PAGE))


def _search(frame: Frame) -> Search:
    text = _string(frame, "text")
    if problem := query_problem(text):
        raise FrameError("bad_field", problem, "text")
    limit = _count(frame, "limit", DEFAULT_PAGE, MAX_RESULTS)
    count = frame.get("count") is True
    return Search(text, _optional_room(frame), limit, _before(frame), _utc_offset(frame), _without(frame), count)


def _before(frame: Frame) -> tuple[str, int] | None:
    """The message that an older page of results goes on from."""
    place = frame.get("before")
    if place is None:
        return None
    if not isinstance(place, dict):
        raise FrameError("bad_field", "before is an object with the room and the id of a message", "before")
    return _room(place), _number(place, "id")


def _utc_offset(frame: Frame) -> int:
    offset = frame.get("utc_offset")
    if offset is None:
        return 0
    if type(offset) is not int or abs(offset) > MAX_UTC_OFFSET:
        problem = f"utc_offset is a whole number of minutes, from -{MAX_UTC_OFFSET} to {MAX_UTC_OFFSET}"
        raise FrameError("bad_field", problem, "utc_offset")
    return offset


def _without(frame: Frame) -> tuple[str, ...]:
    names = frame.get("without")
    if names is None:
        return ()
    if (
        not isinstance(names, list)
        or len(names) > MAX_WITHOUT
        or not all(isinstance(name, str) and is_name(name) for name in names)
    ):
        raise FrameError("bad_field", f"without is a list of at most {MAX_WITHOUT} names", "without")
    return tuple(names)


def _away(frame: Frame) -> Away:
    text = _optional_string(frame, "text")
    if text is not None and len(text) > MAX_AWAY:
        raise FrameError("bad_field", f"that note is too long: {len(text)} > {MAX_AWAY} characters", "text")
    return Away(text)


def _who(frame: Frame) -> Who:
    limit = _count(frame, "limit", LIST_LIMIT, MAX_LIST)
    return Who(_optional_room(frame), _optional_string(frame, "after"), limit)


def _list_rooms(frame: Frame) -> Rooms:
    limit = _count(frame, "limit", LIST_LIMIT, MAX_LIST)
    return Rooms(_optional_string(frame, "prefix") or "", _optional_string(frame, "after"), limit)


def _ping(frame: Frame) -> Ping:
    n = frame.get("n")
    size = len(encode_frame({"type": "pong", "n": n}))  # may be longer than what was sent: 1e15 comes back in full
    if size > MAX_LINE:
        raise FrameError("bad_field", f"n is too long: its answer would have {size} > {MAX_LINE} bytes", "n")
    return Ping(n)


_MAKERS: Final[dict[str, Callable[[Frame], Request]]] = {
    "hello": _hello,
    "join": _join,
    "leave": lambda frame: Leave(_room(frame)),
    "nick": lambda frame: Nick(_name(frame)),
    "color": lambda frame: Color(_color_of(frame)),
    "away": _away,
    "who": _who,
    "rooms": _list_rooms,
    "history": _history,
    "search": _search,
    "ping": _ping,
    "bye": lambda frame: Bye(),
}


def _string(frame: Frame, field: str) -> str:
    value = frame.get(field)
    if not isinstance(value, str):
        raise FrameError("bad_field", f"{field} must be a string", field)
    return value


def _optional_string(frame: Frame, field: str) -> str | None:
    return None if frame.get(field) is None else _string(frame, field)


def _number(frame: Frame, field: str, low: int = 0) -> int:
    value = frame.get(field)
    if type(value) is not int or value < low or value >= 10**15:
        raise FrameError("bad_field", f"{field} must be a whole number, {low} or more, of at most 15 digits", field)
    return value


def _count(frame: Frame, field: str, default: int, most: int) -> int:
    value = default if frame.get(field) is None else _number(frame, field)
    if value > most:
        raise FrameError("bad_field", f"{field} is too large: {value} > {most}", field)
    return value


def _recent(frame: Frame) -> int:
    """How many recent messages to start with: as many as asked, up to a page."""
    return DEFAULT_HISTORY if frame.get("history") is None else min(_number(frame, "history"), MAX_PAGE)


def _name(frame: Frame) -> str:
    name = _string(frame, "name")
    if problem := name_problem(name):
        raise FrameError("bad_name", problem, "name")
    return name


def _own_name(frame: Frame) -> str:
    """In a hello: the hub knows whose a guest's name was."""
    name = frame.get("name")
    return name if isinstance(name, str) and is_guest(name) and is_name(name) else _name(frame)


def _color_of(frame: Frame) -> str:
    color = _string(frame, "color")
    if problem := color_problem(color):
        raise FrameError("bad_field", problem, "color")
    return color


def _room(frame: Frame) -> str:
    return _place(_string(frame, "room"), "room")


def _optional_room(frame: Frame) -> str | None:
    return None if frame.get("room") is None else _room(frame)


@lru_cache(maxsize=4096)
def _place(room: str, field: str) -> str:
    """A public room, or `@name`, or `@a+b`; private ones come out in lower case."""
    if not room.startswith("@"):
        if problem := room_problem(room):
            raise FrameError("bad_room", problem, field)
        return room
    names = room[1:].split("+")
    if len(names) > 2 or not all(isinstance(name, str) and is_name(name) for name in names):
        raise FrameError("bad_room", "a private room is @name, or @a+b with the two names", field)
    return room.lower()
